"""What the tests of Google Cloud's consumers of streams deploy, and how the mocked cloud answers."""

from collections.abc import Mapping
from typing import Any

from modeldeploy.gcp.streaming import CloudRunStreamConsumer, CloudRunStreamConsumerArgs
from modeldeploy.spec import FunctionScaling
from modeldeploy.spec.streaming import Broker, Kafka
from tests.components.gcp.program import GIVEN_NETWORK, PROJECT, REGION, model, named, run
from tests.components.gcp.web import SERVICE, STASH, note, service
from tests.support.mocks import Graph, Mocked, Registration

TOPIC = "gcp:pubsub/topic:Topic"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
CLUSTER = "gcp:managedkafka/cluster:Cluster"
KAFKA_TOPIC = "gcp:managedkafka/topic:Topic"
ACL = "gcp:managedkafka/acl:Acl"
POOL = "gcp:cloudrunv2/workerPool:WorkerPool"
METRIC = "gcp:logging/metric:Metric"

SECRET = "projects/vault/secrets/kafka/versions/3"
GIVEN_KAFKA = Kafka(
    bootstrap_servers=["kafka-1.example.com:9094", "kafka-2.example.com:9094"],
    topic="calls",
    results_topic="drops",
    dead_letter_topic="letters",
    secret=SECRET,
)
STEADY = FunctionScaling(minimum=2, maximum=2)
"""As many consumers as Kafka needs at any time."""


def _subscribed(inputs: dict[str, Any]) -> Mapping[str, Any]:
    name = f"calls-{'events' if 'pushConfig' in inputs else 'capture' if 'cloudStorageConfig' in inputs else 'letters'}-1a2b3c4"
    return {"id": f"projects/{PROJECT}/subscriptions/{name}", "name": name}


OUTPUTS: dict[str, Mocked] = {
    SERVICE: service,
    STASH: note,
    TOPIC: {"name": "made-1a2b3c4"},
    SUBSCRIPTION: _subscribed,
    CLUSTER: lambda inputs: {"bootstrapAddress": f"bootstrap.{inputs['clusterId']}.{REGION}.managedkafka.{PROJECT}.cloud.goog"},
    POOL: named(f"locations/{REGION}/workerPools"),
    METRIC: lambda inputs: {"name": "calls-lag-1a2b3c4" if "valueExtractor" in inputs else "calls-letters-1a2b3c4"},
    "gcp:serviceaccount/account:Account": lambda inputs: {
        "name": f"projects/{PROJECT}/serviceAccounts/{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
        "email": f"{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
        "member": f"serviceAccount:{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
    },
    "gcp:storage/bucket:Bucket": lambda inputs: {
        "name": f"calls-{'capture' if any(each['condition'].get('withState') == 'LIVE' for each in inputs['lifecycleRules']) else 'models'}-1a2b3c4",
        "projectNumber": 123456789012,
    },
}
_GRAPHS: dict[str, Graph] = {}


def stream_graph(**arguments: Any) -> Graph:
    """What a consumer called `calls` registers; `arguments` besides one remote model and a network. The same arguments are registered once."""
    given: dict[str, Any] = {"model": model(), "network": GIVEN_NETWORK, **arguments}
    args = CloudRunStreamConsumerArgs(**given)

    def program() -> Mapping[str, Any]:
        made = CloudRunStreamConsumer("calls", args)
        return {name: getattr(made, name) for name in CloudRunStreamConsumer.__annotations__}

    if repr(args) not in _GRAPHS:
        _GRAPHS[repr(args)] = run(program, outputs=OUTPUTS)
    return _GRAPHS[repr(args)]


def managed_kafka_graph(**arguments: Any) -> Graph:
    """What a consumer with a Kafka cluster of its own registers."""
    return stream_graph(**{"broker": Broker.KAFKA, "scaling": STEADY, **arguments})


def given_kafka_graph(**arguments: Any) -> Graph:
    """What a consumer of a Kafka that is there registers."""
    return stream_graph(**{"kafka": GIVEN_KAFKA, "scaling": STEADY, **arguments})


def comes_from(registration: Registration, path: str) -> set[str]:
    """Names of the resources that an input of `registration` comes from."""
    return {urn.rsplit("::", 1)[1] for urn in registration.options.propertyDependencies[path].urns}
