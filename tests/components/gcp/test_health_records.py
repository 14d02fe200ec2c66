"""The FHIR store: private, encrypted, audited, and open to those who are listed."""

from collections.abc import Mapping
from typing import Any

import pytest

from modeldeploy.gcp.health_records import GoogleFhirStore, GoogleFhirStoreArgs
from modeldeploy.spec import Encryption, Network, Operations
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import DEVELOPMENT, GIVEN_NETWORK, PROJECT, REGION, named, run
from tests.support.mocks import Graph, Mocked

DATASET = "gcp:healthcare/dataset:Dataset"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
MEMBER = "gcp:healthcare/fhirStoreIamMember:FhirStoreIamMember"
STORE = "gcp:healthcare/fhirStore:FhirStore"
TOPIC = "gcp:pubsub/topic:Topic"
OUTPUTS: dict[str, Mocked] = {
    DATASET: named(f"locations/{REGION}/datasets"),
    STORE: lambda inputs: {"id": f"{inputs['dataset']}/fhirStores/made-5d6e7f8", "name": "made-5d6e7f8"},
    TOPIC: {"id": f"projects/{PROJECT}/topics/changes-1a2b3c4", "name": "changes-1a2b3c4"},
}


def graph(**arguments: Any) -> Graph:
    def program() -> Mapping[str, Any]:
        made = GoogleFhirStore("records", GoogleFhirStoreArgs(**arguments))
        made.let_read("risk", "risk-stack@shop-models.iam.gserviceaccount.com")
        return {name: getattr(made, name) for name in ("id", "url", "topic", "logs")}

    return run(program, outputs=OUTPUTS)


def test_records_are_kept_in_every_version_and_under_ids_of_the_service() -> None:
    store = graph().one(STORE).inputs
    assert store["version"] == "R4"
    assert store["dataset"] == "projects/shop-models/locations/europe-west1/datasets/made-1a2b3c4"
    assert (store["disableResourceVersioning"], store["disableReferentialIntegrity"]) == (False, False)
    assert (store["enableUpdateCreate"], store["enableHistoryImport"]) == (False, False)
    assert store["defaultSearchHandlingStrict"] is True
    assert store["complexDataTypeReferenceParsing"] == "ENABLED"
    assert "notificationConfigs" not in store


def test_records_are_encrypted_with_the_key_that_is_made() -> None:
    made = graph()
    assert made.one(DATASET).inputs["encryptionSpec"] == {"kmsKeyName": KEY}
    assert made.one(DATASET).inputs["location"] == "europe-west1"
    grants = made.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert sorted(each.name for each in grants) == ["records-key-healthcare", "records-key-logging"]
    assert {each.urn for each in grants} <= made.one(DATASET).depends_on
    given = graph(encryption=Encryption(key="projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"))
    assert given.one(DATASET).inputs["encryptionSpec"] == {"kmsKeyName": "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"}


def test_every_access_is_logged_before_there_is_anything_to_read_and_stays_logged() -> None:
    made = graph(operations=Operations(log_retention_days=731))
    audit = made.one("gcp:projects/iAMAuditConfig:IAMAuditConfig")
    assert (audit.inputs["project"], audit.inputs["service"]) == ("shop-models", "healthcare.googleapis.com")
    assert [each["logType"] for each in audit.inputs["auditLogConfigs"]] == ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
    assert audit.options.retainOnDelete is True
    assert audit.urn in made.one(DATASET).depends_on
    logs = made.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs
    assert (logs["retentionDays"], logs["cmekSettings"]) == (731, {"kmsKeyName": KEY})
    accesses = 'protoPayload.serviceName="healthcare.googleapis.com" AND protoPayload.resourceName:"/datasets/made-1a2b3c4/"'
    assert made.one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == accesses
    alarm = made.one("gcp:monitoring/alertPolicy:AlertPolicy").inputs
    assert alarm["conditions"][0]["conditionMatchedLog"] == {"filter": f"{accesses} AND protoPayload.status.code=7"}


def test_those_who_are_listed_get_in_and_a_deployment_reads() -> None:
    made = graph(readers=["group:analysts@example.com"], writers=["serviceAccount:intake@clinic.iam.gserviceaccount.com"])
    granted = {each.name: (each.inputs["role"], each.inputs["member"]) for each in made.all(MEMBER)}
    assert granted == {
        "records-risk": ("roles/healthcare.fhirResourceReader", "serviceAccount:risk-stack@shop-models.iam.gserviceaccount.com"),
        "records-reader-group:analysts@example.com": ("roles/healthcare.fhirResourceReader", "group:analysts@example.com"),
        "records-writer-serviceAccount:intake@clinic.iam.gserviceaccount.com": (
            "roles/healthcare.fhirResourceEditor",
            "serviceAccount:intake@clinic.iam.gserviceaccount.com",
        ),
    }
    assert {each.inputs["fhirStoreId"] for each in made.all(MEMBER)} == {"shop-models/europe-west1/made-1a2b3c4/made-5d6e7f8"}


@pytest.mark.parametrize("key", [None, "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"])
def test_changes_are_told_to_a_private_topic_without_their_content(key: str | None) -> None:
    made = graph(notifications=True, encryption=Encryption(key=key))
    assert made.one(STORE).inputs["notificationConfigs"] == [
        {"pubsubTopic": "projects/shop-models/topics/changes-1a2b3c4", "sendFullResource": False}
    ]
    topic = made.one(TOPIC).inputs
    assert topic["kmsKeyName"] == (key or KEY)
    assert topic["messageStoragePolicy"] == {"allowedPersistenceRegions": ["europe-west1"]}
    publisher = made.one("gcp:pubsub/topicIAMMember:TopicIAMMember").inputs
    assert publisher["member"] == "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
    assert publisher["role"] == "roles/pubsub.publisher"
    services = [each.inputs["service"] for each in made.all("gcp:projects/serviceIdentity:ServiceIdentity")]
    assert services.count("healthcare.googleapis.com") == 1
    assert made.outputs["topic"] == "projects/shop-models/topics/changes-1a2b3c4"


def test_its_address_is_told() -> None:
    outputs = graph().outputs
    store = "projects/shop-models/locations/europe-west1/datasets/made-1a2b3c4/fhirStores/made-5d6e7f8"
    assert (outputs["id"], outputs["url"]) == (store, f"https://healthcare.googleapis.com/v1/{store}/fhir")
    assert outputs["topic"] == ""


def test_production_is_protected_and_development_is_not() -> None:
    assert {graph().one(type).options.protect for type in (DATASET, STORE)} == {True}
    assert {graph(environment=DEVELOPMENT).one(type).options.protect for type in (DATASET, STORE)} == {False}


def test_it_is_labelled_and_in_no_network() -> None:
    made = graph(tags={"owner": "risk"}, notifications=True, network=GIVEN_NETWORK)
    wanted = {"owner": "risk", "environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "records"}
    assert made.one(STORE).inputs["labels"] == made.one(TOPIC).inputs["labels"] == wanted
    assert not [each for each in made.types() if each.startswith("gcp:compute")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"readers": ["allUsers"]}, "readers[0]: 'allUsers' is no IAM member"),
        ({"writers": ["me@example.com"]}, "writers[0]: 'me@example.com' is no IAM member"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: has no effect: the Healthcare API is in no network of yours"),
        ({"network": Network(cidr="10.1.0.0/16")}, "network.cidr: has no effect"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(GoogleFhirStoreArgs, GoogleFhirStoreArgs(**arguments), "GoogleFhirStore 'records'")
    assert message in str(caught.value)
