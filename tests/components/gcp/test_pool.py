"""Machines that endpoints share: the pool, the endpoints in it, and what Google does not share."""

from collections.abc import Mapping
from typing import Any

import pytest

from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.gcp.pool import SharedPool, VertexPool, VertexPoolArgs
from modeldeploy.spec import Access, Compute, Encryption, Environment, Exposure, Operations, Scaling
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import DEPLOYED, ENDPOINT, GIVEN_DATABASE, IMAGE, MODEL, POOL, PREBUILT, endpoint_graph, model, pool_graph, run
from tests.support.mocks import Graph

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUDGET = "gcp:billing/budget:Budget"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
KEY_GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
KEY = "projects/shop-models/locations/europe-west1/keyRings/given/cryptoKeys/given"
MADE_KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
NAME = "projects/shop-models/locations/europe-west1/deploymentResourcePools/shared"
ACCOUNT = "shared-prod@shop-models.iam.gserviceaccount.com"
GIVEN = SharedPool(id=NAME, identity=ACCOUNT)
ARGUMENTS: dict[str, Any] = {"pool": GIVEN, "access": Access(exposure=Exposure.PUBLIC), "encryption": Encryption(key=KEY)}


def pooled(**changes: Any) -> Graph:
    """An endpoint whose models are in the pool."""
    return endpoint_graph(**{"models": [model(image=PREBUILT)], **ARGUMENTS, **changes})


# The pool


def test_a_pool_has_a_key_an_account_and_machines_that_follow_their_use() -> None:
    graph = pool_graph()
    pool = graph.one(POOL).inputs
    assert pool["machineType"] == "e2-standard-2"
    assert (pool["minReplicas"], pool["maxReplicas"], pool["spot"]) == (2, 10, False)
    assert pool["autoscaling"] == [{"metric": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 70}]
    assert (pool["project"], pool["location"]) == ("shop-models", "europe-west1")
    assert pool["encryptionKey"] == MADE_KEY
    assert pool["serviceAccount"] == "shared-stack@shop-models.iam.gserviceaccount.com"
    assert "acceleratorType" not in pool
    assert "poolId" not in pool, "another pool can be made beside it"
    assert graph.outputs == {
        "id": f"{NAME}-1a2b3c4",
        "identity": "shared-stack@shop-models.iam.gserviceaccount.com",
        "key": MADE_KEY,
        "monthly_cost": round(0.0770564 * 730 * 2, 2),
    }


def test_the_services_of_its_endpoints_may_use_the_key_and_are_waited_for() -> None:
    graph = pool_graph()
    grants = graph.all(KEY_GRANT)
    assert sorted(each.name.removeprefix("shared-key-") for each in grants) == ["aiplatform", "bigquery", "logging", "storage"]
    assert {each.urn for each in grants} <= graph.one(POOL).depends_on
    assert {each.urn for each in graph.all("gcp:projects/service:Service")} <= graph.one(POOL).depends_on


def test_a_key_that_is_given_is_used_and_left_alone() -> None:
    graph = pool_graph(encryption=Encryption(key=KEY))
    assert graph.one(POOL).inputs["encryptionKey"] == KEY
    assert not graph.all(KEY_GRANT)
    assert graph.outputs["key"] == KEY


def test_machines_replicas_and_gpus_are_the_pools_own() -> None:
    pool = pool_graph(compute=Compute(gpus=1), scaling=Scaling(minimum=1, maximum=3, target_cpu_percent=50), spot=True).one(POOL).inputs
    assert (pool["machineType"], pool["acceleratorType"], pool["acceleratorCount"]) == ("g2-standard-4", "NVIDIA_L4", 1)
    assert (pool["minReplicas"], pool["maxReplicas"], pool["spot"]) == (1, 3, True)
    assert [each["target"] for each in pool["autoscaling"]] == [50, 50]


def test_busy_machines_raise_an_alarm_of_the_pool() -> None:
    graph = pool_graph(operations=Operations(emails=["team@example.com"], utilization_percent=80))
    alarm = graph.one(ALERT).inputs
    threshold = alarm["conditions"][0]["conditionThreshold"]
    assert threshold["filter"] == (
        'resource.type="aiplatform.googleapis.com/DeploymentResourcePool" AND '
        'metric.type="aiplatform.googleapis.com/prediction/online/deployment_resource_pool/cpu/utilization" AND '
        'resource.labels.deployment_resource_pool_id="shared-1a2b3c4"'
    )
    assert threshold["thresholdValue"] == 1.6
    assert alarm["notificationChannels"] == ["channel"]
    assert "80%" in alarm["documentation"]["content"]


@pytest.mark.parametrize("environment", list(Environment))
def test_the_key_is_protected_in_production_only(environment: Environment) -> None:
    assert pool_graph(environment=environment).one("gcp:kms/cryptoKey:CryptoKey").options.protect is (environment is Environment.PRODUCTION)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compute": Compute(gpus=2)}, "compute: Vertex AI has no machine with"),
        ({"scaling": Scaling(scale_in_seconds=30)}, "scaling.scale_in_seconds: cannot be set on Vertex AI"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component; leave it out"),
        ({"tags": {"environment": "x"}}, "tags.environment"),
        ({"operations": Operations(log_retention_days=30)}, "operations.log_retention_days: has no effect on a pool; write it at the endpoints"),
        ({"operations": Operations(capture_percent=10)}, "operations.capture_percent: has no effect on a pool"),
        ({"operations": Operations(latency_milliseconds=10)}, "operations.latency_milliseconds: has no effect on a pool"),
        ({"operations": Operations(error_percent=10)}, "operations.error_percent: has no effect on a pool"),
        ({"operations": Operations(monthly_budget_usd=10)}, "operations.monthly_budget_usd: has no effect on a pool"),
    ],
)
def test_bad_arguments_of_a_pool_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(VertexPoolArgs, VertexPoolArgs(**arguments), "VertexPool 'shared'")
    assert message in str(caught.value)


# The endpoints in it


def test_versions_in_a_pool_run_on_its_machines_as_its_account() -> None:
    graph = pooled(models=[model("1", image=PREBUILT), model("2", image=PREBUILT)])
    for each in graph.all(DEPLOYED):
        assert each.inputs["pool"] == NAME
        assert each.inputs["accessLogging"] is True
        assert not {"serviceAccount", "maxReplicas", "autoscaling"} & each.inputs.keys()
    assert not graph.all("gcp:serviceaccount/account:Account")
    assert graph.outputs["identity"] == ACCOUNT


def test_the_pools_account_reads_the_endpoints_own_bucket_before_anything_runs() -> None:
    graph = pooled()
    grant = graph.one(GRANT)
    assert grant.inputs == {"bucket": "pricing-models-1a2b3c4", "role": "roles/storage.objectViewer", "member": f"serviceAccount:{ACCOUNT}"}
    assert grant.urn in graph.one(DEPLOYED).depends_on


def test_googles_own_image_is_registered_without_port_and_paths() -> None:
    assert pooled().one(MODEL).inputs["container"] == {
        "image": PREBUILT,
        "prebuilt": True,
        "port": 8080,
        "predictRoute": "/predict",
        "healthRoute": "/health",
    }
    assert "prebuilt" not in endpoint_graph().one(MODEL).inputs["container"]


def test_an_endpoint_in_a_pool_costs_nothing_and_leaves_the_cpu_to_the_pool() -> None:
    graph = pooled(billing_account="0A1B2C-3D4E5F-678901", operations=Operations(monthly_budget_usd=20))
    assert graph.outputs["monthly_cost"] == 0
    assert graph.names(ALERT) == ["pricing-alarm-errors", "pricing-alarm-latency"]
    assert graph.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "20"


def test_two_endpoints_share_a_pool_that_is_made_beside_them() -> None:
    def program() -> Mapping[str, Any]:
        pool = VertexPool("shared", VertexPoolArgs())
        for name in ("pricing", "churn"):
            arguments = {**ARGUMENTS, "pool": pool.reference(), "encryption": Encryption(key=pool.key)}
            VertexEndpoint(name, VertexEndpointArgs(models=[model(image=PREBUILT)], **arguments))
        return {}

    graph = run(program)
    assert {each.inputs["pool"] for each in graph.all(DEPLOYED)} == {f"{NAME}-1a2b3c4"}
    assert {each.inputs["encryptionSpec"]["kmsKeyName"] for each in graph.all(ENDPOINT)} == {graph.one(POOL).inputs["encryptionKey"]}
    assert all(graph.one(POOL).urn in each.depends_on for each in graph.all(DEPLOYED))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"access": Access()}, "pool: needs access.exposure 'public': Vertex AI shares no machines behind Private Service Connect"),
        ({"encryption": Encryption()}, "encryption.key: is required with pool: an endpoint and its pool have the same key"),
        ({"compute": Compute(cpus=4)}, "compute: is the pool's; leave it out"),
        ({"scaling": Scaling(minimum=3)}, "scaling: is the pool's; leave it out"),
        ({"spot": True}, "spot: is the pool's; leave it out"),
        ({"operations": Operations(utilization_percent=50)}, "operations.utilization_percent: is the pool's, which has the alarm; leave it out"),
        ({"database": GIVEN_DATABASE}, "database: excludes pool: Google's own images read none"),
        ({"billing_account": "0A1B2C-3D4E5F-678901"}, "operations.monthly_budget_usd: is required with pool and billing_account"),
        ({"models": [model(image=IMAGE)]}, "models[0].container.image: 'europe-west1-docker.pkg.dev/example-models/serving/pricing@sha256:aaaa"),
        ({"models": [model(image=PREBUILT.replace("tf2-cpu.2-15", "sklearn-cpu.1-3"))]}, "cannot share machines; with pool, use one of Google's own"),
        (
            {"models": [model("1", image=PREBUILT), model("2", image=PREBUILT.replace("2-15", "2-14"))]},
            "is not that of models[0]; models in one pool have the same image",
        ),
        ({"models": [model(image=PREBUILT, port=9000)]}, "models[0].container.port: excludes pool: Google's own images have their own; leave it out"),
        ({"models": [model(image=PREBUILT, health_path="/up")]}, "models[0].container.health_path: excludes pool"),
        ({"models": [model(image=PREBUILT, predict_path="/p")]}, "models[0].container.predict_path: excludes pool"),
        (
            {"models": [model(image=PREBUILT, environment={"A": "b"})]},
            "models[0].container.environment: excludes pool: all models in it are served by",
        ),
        ({"pool": SharedPool(id="shared", identity=ACCOUNT)}, "pool.id: 'shared' is no pool; write projects/P/locations/L/deploymentResourcePools/D"),
        ({"pool": SharedPool(id=NAME, identity="shared")}, "pool.identity: 'shared' is no address of a service account"),
    ],
)
def test_what_google_does_not_share_is_refused(arguments: dict[str, Any], message: str) -> None:
    given = {"models": [model(image=PREBUILT)], **ARGUMENTS, **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(VertexEndpointArgs, VertexEndpointArgs(**given), "VertexEndpoint 'pricing'")
    assert message in str(caught.value)


@pytest.mark.parametrize("image", ["tf2-gpu.2-15", "tf-cpu.1-15", "pytorch-cpu.2-4", "pytorch-gpu.2-4"])
@pytest.mark.parametrize("host", ["us", "europe", "asia"])
def test_images_that_share_machines(host: str, image: str) -> None:
    name = f"{host}-docker.pkg.dev/vertex-ai/prediction/{image}@sha256:" + "c" * 64
    assert pooled(models=[model(image=name)]).one(MODEL).inputs["container"]["image"] == name
