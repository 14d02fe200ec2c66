"""What people run beside a stream, as scripts for bash with the Azure CLI, in the network. Pure functions."""

import shlex
from collections.abc import Sequence


def replay(host: str, account: str, container: str, by_partition: bool) -> str:
    """Sends every dead letter in again, and deletes it when the stream has it: in its partition, or by its key.

    A letter is a blob with the record's body; its metadata has `partition`, and `properties` with the key as the header `BrokerProperties` takes it:
    https://learn.microsoft.com/rest/api/eventhub/event-hubs-runtime-rest#common-headers. Event Hubs places a key of Kafka elsewhere than one of its
    own, so that letters of Kafka go where they came from.
    """
    path = "events/partitions/$partition/messages" if by_partition else "events/messages"
    header = "" if by_partition else ' \\\n    --header "BrokerProperties: $properties"'
    return f"""set -euo pipefail
store=(--account-name {account} --container-name {container} --auth-mode login)
body=$(mktemp)
trap 'rm "$body"' EXIT
az storage blob list "${{store[@]}}" --include m --num-results '*' --output tsv \\
  --query "[].[name, metadata.partition || '0', metadata.properties || '{{}}']" |
while IFS=$'\\t' read -r name partition properties; do
  az storage blob download "${{store[@]}}" --name "$name" --file "$body" --no-progress --output none < /dev/null
  token=$(az account get-access-token --resource https://eventhubs.azure.net --query accessToken --output tsv < /dev/null)
  curl --fail --silent --show-error --request POST "https://{host}/{path}?api-version=2014-01&timeout=60" \\
    --header "Authorization: Bearer $token" --header 'Content-Type: application/atom+xml;type=entry;charset=utf-8'{header} \\
    --data-binary "@$body"
  az storage blob delete "${{store[@]}}" --name "$name" --output none < /dev/null
done
"""


def replay_topic(brokers: Sequence[str], topic: str, letters: str, group: str) -> str:
    """Sends every dead letter of a Kafka in again, once: with kcat, which reads how to log in from `kafka.properties`. For records of one line."""
    by = f"kcat -F kafka.properties -b {shlex.quote(','.join(brokers))}"
    return f"{by} -G {group}-replay -K '\\t' -o beginning -e {letters} | {by} -P -K '\\t' -t {topic}"


def register_schema(host: str, group: str, name: str, file: str) -> str:
    """Registers a schema, or a new version of it: https://learn.microsoft.com/rest/api/schemaregistry/schema/register"""
    return f"""token=$(az account get-access-token --resource https://eventhubs.azure.net --query accessToken --output tsv)
curl --fail-with-body --silent --show-error --request PUT 'https://{host}/$schemaGroups/{group}/schemas/{name}?api-version=2022-10' \\
  --header "Authorization: Bearer $token" --header 'Content-Type: application/json; serialization=Avro' --data-binary @{shlex.quote(file)}
"""
