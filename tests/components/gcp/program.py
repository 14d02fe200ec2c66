"""What the tests of Google Cloud's components deploy, and how the mocked cloud answers."""

from collections.abc import Mapping
from typing import Any

import pulumi

from modeldeploy.gcp.database import CloudSqlDatabase, CloudSqlDatabaseArgs
from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.gcp.network import GoogleNetwork, GoogleNetworkArgs
from modeldeploy.gcp.pool import VertexPool, VertexPoolArgs
from modeldeploy.spec import Container, DatabaseConnection, Environment, Model, Network
from tests.support.mocks import Graph, Mocked, record

IMAGE = "europe-west1-docker.pkg.dev/example-models/serving/pricing@sha256:" + "a" * 64
PREBUILT = "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15@sha256:" + "b" * 64
"""One of Google's own images, whose models can share machines."""
PROJECT, REGION, NUMBER = "shop-models", "europe-west1", 123456789012

ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
MODEL = "modeldeploy:index:VertexModel"
DEPLOYED = "modeldeploy:index:VertexDeployedModel"
SPLIT = "modeldeploy:index:VertexTrafficSplit"
POOL = "modeldeploy:index:VertexDeploymentPool"
MONITORING = "modeldeploy:index:VertexMonitoring"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"

GIVEN_NETWORK = Network(id="projects/shop-models/global/networks/shared", subnet_ids=["projects/shop-models/regions/europe-west1/subnetworks/shared"])
GIVEN_DATABASE = DatabaseConnection(id="shop-models:europe-west1:prices", host="10.64.64.3", database="pricing")


def named(path: str) -> Mocked:
    """A resource with an automatic name and an id that ends in it."""

    def answer(inputs: dict[str, Any]) -> Mapping[str, Any]:
        name = inputs.get("name") or inputs.get("bucketId") or "made-1a2b3c4"
        return {"id": f"projects/{PROJECT}/{path}/{name}", "name": name}

    return answer


OUTPUTS: dict[str, Mocked] = {
    "gcp:projects/serviceIdentity:ServiceIdentity": lambda inputs: {
        "member": f"serviceAccount:service-{NUMBER}@gcp-sa-{inputs['service'].split('.')[0]}.iam.gserviceaccount.com"
    },
    "gcp:serviceaccount/account:Account": lambda inputs: {
        "email": f"{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
        "member": f"serviceAccount:{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
    },
    "gcp:kms/keyRing:KeyRing": named(f"locations/{REGION}/keyRings"),
    "gcp:kms/cryptoKey:CryptoKey": lambda inputs: {"id": f"{inputs['keyRing']}/cryptoKeys/made-1a2b3c4"},
    "gcp:storage/bucket:Bucket": {"name": "pricing-models-1a2b3c4", "projectNumber": NUMBER},
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": named(f"locations/{REGION}/buckets"),
    "gcp:compute/network:Network": named("global/networks"),
    "gcp:compute/subnetwork:Subnetwork": named(f"regions/{REGION}/subnetworks"),
    "gcp:compute/address:Address": {"id": f"projects/{PROJECT}/regions/{REGION}/addresses/made", "address": "10.64.0.2"},
    "gcp:compute/globalAddress:GlobalAddress": {"name": "services-1a2b3c4"},
    "gcp:servicenetworking/connection:Connection": {"peering": "servicenetworking-googleapis-com"},
    "gcp:monitoring/notificationChannel:NotificationChannel": lambda inputs: {
        "id": f"channel-{inputs['labels']['email_address']}",
        "name": "channel",
    },
    "gcp:monitoring/dashboard:Dashboard": {"id": f"projects/{NUMBER}/dashboards/11-22"},
    "gcp:sql/databaseInstance:DatabaseInstance": {
        "name": "prices-1a2b3c4",
        "project": PROJECT,
        "connectionName": f"{PROJECT}:{REGION}:prices-1a2b3c4",
        "privateIpAddress": "10.64.64.3",
    },
    ENDPOINT: {
        "id": f"projects/{PROJECT}/locations/{REGION}/endpoints/pricing-1a2b3c4",
        "name": "pricing-1a2b3c4",
        "dedicatedEndpointDns": f"pricing-1a2b3c4.{REGION}-{NUMBER}.prediction.vertexai.goog",
    },
    MODEL: lambda inputs: {
        "resourceName": f"projects/{PROJECT}/locations/{REGION}/models/{inputs['modelId']}@{inputs['versionDescription'].split()[1]}"
    },
    DEPLOYED: lambda inputs: {
        "deployedModelId": "90" + inputs["displayName"].rsplit("-", 1)[1],
        "serviceAttachment": f"projects/tenant-tp/regions/{REGION}/serviceAttachments/attached",
    },
    POOL: lambda inputs: {"name": f"projects/{PROJECT}/locations/{REGION}/deploymentResourcePools/shared-1a2b3c4", "poolId": "shared-1a2b3c4"},
    MONITORING: lambda inputs: {"name": f"projects/{NUMBER}/locations/{REGION}/modelDeploymentMonitoringJobs/77", "jobId": "77", "tables": []},
    SPLIT: lambda inputs: {"trafficSplit": {each["deployedModelId"]: each["percent"] for each in inputs["traffic"]}},
}
CALLS: dict[str, Mocked] = {
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
        "member": f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    },
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": {"serviceAccountId": f"cmek-p{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"},
    "gcp:organizations/getProject:getProject": {"number": str(NUMBER)},
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": {
        "member": f"serviceAccount:bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com"
    },
}


def model(version: str = "1", source: str = "gs://shop-artifacts/pricing/1", **container: Any) -> Model:
    """A version of the pricing model."""
    return Model(name="pricing", version=version, source=source, container=Container(**{"image": IMAGE, **container}))


def endpoint_graph(**arguments: Any) -> Graph:
    """What an endpoint registers; `arguments` besides one remote model."""

    def program() -> Mapping[str, Any]:
        endpoint = VertexEndpoint("pricing", VertexEndpointArgs(**{"models": [model()], **arguments}))
        return {
            "url": endpoint.url,
            "identity": endpoint.identity,
            "model_version": endpoint.model_version,
            "logs": endpoint.logs,
            "dashboard_url": endpoint.dashboard_url,
            "monthly_cost": endpoint.monthly_cost,
            "database_grant": endpoint.database_grant,
            "endpoint_id": endpoint.endpoint_id,
            "address": endpoint.address,
        }

    return run(program)


def pool_graph(**arguments: Any) -> Graph:
    """What a pool registers."""

    def program() -> Mapping[str, Any]:
        pool = VertexPool("shared", VertexPoolArgs(**arguments))
        reference = pool.reference()
        return {"id": reference.id, "identity": reference.identity, "key": pool.key, "monthly_cost": pool.monthly_cost}

    return run(program)


def database_graph(**arguments: Any) -> Graph:
    """What a database registers."""

    def program() -> Mapping[str, Any]:
        database = CloudSqlDatabase("prices", CloudSqlDatabaseArgs(**{"database": "pricing", **arguments}))
        connection = database.connection()
        return {"id": connection.id, "host": connection.host, "database": connection.database, "logs": database.logs}

    return run(program)


def network_graph(**arguments: Any) -> Graph:
    """What a network registers."""

    def program() -> Mapping[str, Any]:
        network = GoogleNetwork("shared", GoogleNetworkArgs(**arguments))
        reference = network.reference()
        return {"id": reference.id, "subnet": reference.subnet_ids[0], "logs": network.logs}

    return run(program)


def run(program: Any, outputs: Mapping[str, Mocked] | None = None, **options: Any) -> Graph:
    """Runs a program in the tests' project and region; `outputs` are what types answer besides those here."""
    configured = {"gcp:project": PROJECT, "gcp:region": REGION}
    pulumi.runtime.set_all_config(configured)
    try:
        return record(program, outputs={**OUTPUTS, **(outputs or {})}, calls=CALLS, **options)
    finally:
        pulumi.runtime.set_all_config({})


DEVELOPMENT = Environment.DEVELOPMENT
