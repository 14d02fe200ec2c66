"""A function on Cloud Run: what it has besides a service, as a container and as code, and what is refused."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.gcp.serverless import CloudFunctionArgs
from modeldeploy.spec import (
    Authentication,
    Domain,
    Encryption,
    Environment,
    Exposure,
    FunctionScaling,
    Network,
    Operations,
    Rollout,
    ServerlessArgs,
    WebAccess,
)
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import GIVEN_DATABASE
from tests.components.gcp.web import (
    BACKEND,
    CONFIG,
    FUNCTION,
    HOST,
    INVOKER,
    NETWORK,
    PUBLIC,
    SECRET,
    SERVICE,
    STASH,
    code_version,
    container_version,
    function_graph,
)
from tests.support.mocks import Graph

API = "gcp:projects/service:Service"
GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
MADE_KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
OBJECT = "gcp:storage/bucketObject:BucketObject"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
RUN = "https://pricing-1a2b3c4-123456789012.europe-west1.run.app"
SHOP = "serviceAccount:shop@web-shop.iam.gserviceaccount.com"
STACK = "https://pricing-stack-123456789012.europe-west1.run.app"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "main.py").write_text("def predict(request): return '{}'")
    (tmp_path / "requirements.txt").write_text("functions-framework")
    return str(tmp_path)


def coded(folder: str, **arguments: Any) -> Graph:
    return function_graph(**{"models": [code_version(folder)], **arguments})


def apis(graph: Graph) -> set[str]:
    return {each.inputs["service"].removesuffix(".googleapis.com") for each in graph.all(API)}


# As a container


def test_a_container_is_a_service_that_scales_to_zero() -> None:
    graph = function_graph()
    service = graph.one(SERVICE).inputs
    made = service["template"]
    assert made["scaling"] == {"minInstanceCount": 0, "maxInstanceCount": 10}
    assert (made["maxInstanceRequestConcurrency"], made["timeout"]) == (8, "29s")
    assert made["containers"][0]["resources"] == {"limits": {"cpu": "1", "memory": "2048Mi"}, "cpuIdle": True, "startupCpuBoost": True}
    assert (service["ingress"], service["invokerIamDisabled"]) == ("INGRESS_TRAFFIC_INTERNAL_ONLY", False)
    assert service["binaryAuthorization"] == {"useDefault": True}
    assert graph.outputs["monthly_cost"] == 0
    assert (graph.outputs["url"], graph.outputs["audience"]) == (f"{STACK}/invocations", STACK)
    assert (graph.outputs["service"], graph.outputs["model_version"]) == ("pricing-stack", "1")
    assert not graph.all(FUNCTION)
    assert not graph.all(INVOKER)
    assert apis(graph).isdisjoint({"cloudfunctions", "cloudbuild", "artifactregistry"})


def test_versions_as_containers_share_the_requests() -> None:
    models = [container_version("1"), container_version("2", predict_path="/score")]
    graph = function_graph(models=models, rollout=Rollout(traffic={"1": 90, "2": 10}), scaling=FunctionScaling(minimum=1))
    service = graph.one(SERVICE).inputs
    assert {each["tag"]: (each["revision"], each["percent"]) for each in service["traffics"]} == {
        "v1": ("noted-revision", 90),
        "v2": (service["template"]["revision"], 10),
    }
    assert graph.outputs["url"] == f"{STACK}/invocations"
    # 2 versions x 1 instance x (1 CPU x 0.0000025 + 2 GiB x 0.0000025 dollars) x 3600 x 730
    assert graph.outputs["monthly_cost"] == 39.42


@pytest.mark.parametrize(("memory", "cpus"), [(512, "1"), (4096, "1"), (4097, "2"), (8192, "2"), (10240, "4")])
def test_cpus_come_with_memory(memory: int, cpus: str, folder: str) -> None:
    config = coded(folder, memory_mib=memory).one(FUNCTION).inputs["serviceConfig"]
    assert (config["availableCpu"], config["availableMemory"]) == (cpus, f"{memory}Mi")


# As code


def test_code_is_built_from_an_archive_under_its_hash(folder: str) -> None:
    graph = coded(folder)
    archive = graph.one(OBJECT)
    assert archive.inputs["name"].startswith("code/pricing/1/")
    assert archive.inputs["name"].endswith(".zip")
    assert archive.options.retainOnDelete is True
    assert archive.urn in graph.one(FUNCTION).depends_on
    built = graph.one(FUNCTION).inputs["buildConfig"]
    assert (built["runtime"], built["entryPoint"]) == ("python312", "predict")
    assert built["source"] == {"storageSource": {"bucket": "pricing-models-1a2b3c4", "object": archive.inputs["name"]}}
    (Path(folder) / "main.py").write_text("def predict(request): return '[]'")
    assert coded(folder).one(OBJECT).inputs["name"] != archive.inputs["name"]
    assert coded(folder, environment=Environment.DEVELOPMENT).one(OBJECT).options.retainOnDelete is False


def test_the_archive_holds_the_folder(folder: str) -> None:
    (Path(folder) / "lib").mkdir()
    (Path(folder) / "lib" / "helper.py").write_text("x = 1")
    assert set(coded(folder).one(OBJECT).inputs["source"].assets) == {"main.py", "requirements.txt", "lib/helper.py"}


def test_python_and_handler_are_those_given(folder: str) -> None:
    built = coded(folder, models=[code_version(folder, handler="main.score", python="3.13")]).one(FUNCTION).inputs["buildConfig"]
    assert (built["runtime"], built["entryPoint"]) == ("python313", "score")


def test_a_function_is_private_by_default_and_sends_everything_into_the_network(folder: str) -> None:
    graph = coded(folder)
    config = graph.one(FUNCTION).inputs["serviceConfig"]
    assert config["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    assert config["directVpcEgress"] == "VPC_EGRESS_ALL_TRAFFIC"
    assert config["directVpcNetworkInterfaces"] == [{"network": NETWORK.id, "subnetwork": NETWORK.subnet_ids[0]}]
    assert config["allTrafficOnLatestRevision"] is True
    assert "secretEnvironmentVariables" not in config
    assert not graph.all(INVOKER)
    assert not graph.all(BACKEND)
    assert (graph.outputs["url"], graph.outputs["audience"], graph.outputs["service"]) == (RUN, RUN, "pricing-1a2b3c4")


def test_arguments_reach_the_function(folder: str) -> None:
    models = [code_version(folder, environment={"MODE": "fast"})]
    config = (
        coded(folder, models=models, concurrency=3, request_seconds=200, scaling=FunctionScaling(minimum=1, maximum=4))
        .one(FUNCTION)
        .inputs["serviceConfig"]
    )
    assert (config["maxInstanceRequestConcurrency"], config["timeoutSeconds"]) == (3, 200)
    assert (config["minInstanceCount"], config["maxInstanceCount"]) == (1, 4)
    assert config["environmentVariables"] == {"MODE": "fast", "MODEL_URI": "gs://shop-artifacts/pricing/1", "MODEL_VERSION": "1"}
    assert config["serviceAccountEmail"] == "pricing-stack@shop-models.iam.gserviceaccount.com"


def test_a_function_gets_secrets_by_reference(folder: str) -> None:
    graph = coded(folder, secrets={"PARTNER": SECRET})
    config = graph.one(FUNCTION).inputs["serviceConfig"]
    assert config["secretEnvironmentVariables"] == [{"key": "PARTNER", "projectId": "vault", "secret": "partner", "version": "3"}]
    assert graph.one("gcp:secretmanager/secretIamMember:SecretIamMember").urn in graph.one(FUNCTION).depends_on


def test_a_function_reads_its_database(folder: str) -> None:
    config = coded(folder, database=GIVEN_DATABASE).one(FUNCTION).inputs["serviceConfig"]
    assert config["environmentVariables"]["DATABASE_HOST"] == "10.64.64.3"


def test_a_function_and_its_images_are_encrypted(folder: str) -> None:
    graph = coded(folder)
    assert graph.one(FUNCTION).inputs["kmsKeyName"] == MADE_KEY
    repository = graph.one(REPOSITORY)
    assert repository.inputs["kmsKeyName"] == MADE_KEY
    grants = {each.name.removeprefix("pricing-key-"): each for each in graph.all(GRANT)}
    assert set(grants) == {"run", "storage", "logging", "cloudfunctions", "artifactregistry"}
    assert {each.urn for each in grants.values()} <= graph.one(FUNCTION).depends_on
    assert {each.urn for each in grants.values()} <= repository.depends_on
    given = "projects/p/locations/europe-west1/keyRings/k/cryptoKeys/k"
    assert coded(folder, encryption=Encryption(key=given)).one(FUNCTION).inputs["kmsKeyName"] == given


def test_images_are_kept_in_a_repository_of_its_own(folder: str) -> None:
    graph = coded(folder)
    repository = graph.one(REPOSITORY)
    assert (repository.inputs["format"], repository.inputs["repositoryId"]) == ("DOCKER", "pricing-stack")
    assert repository.inputs["vulnerabilityScanningConfig"] == {"enablementConfig": "INHERITED"}
    assert repository.options.deleteBeforeReplace is True
    assert graph.one(FUNCTION).inputs["buildConfig"]["dockerRepository"].endswith("/repositories/pricing-stack")


def test_who_builds_reads_sources_and_writes_images_and_logs_only(folder: str) -> None:
    graph = coded(folder)
    member = "serviceAccount:pricing-build-stack@shop-models.iam.gserviceaccount.com"
    assert graph.one(FUNCTION).inputs["buildConfig"]["serviceAccount"] == "pricing-builder-id"
    grants = {each.name: each for each in graph.registrations if each.inputs.get("member") == member}
    assert {name: each.inputs["role"] for name, each in grants.items()} == {
        "pricing-build-reads": "roles/storage.objectViewer",
        "pricing-build-copies": "roles/storage.objectViewer",
        "pricing-build-writes": "roles/artifactregistry.writer",
        "pricing-build-logs": "roles/logging.logWriter",
    }
    assert grants["pricing-build-copies"].inputs["condition"]["expression"] == "resource.name.startsWith('projects/_/buckets/gcf-v2-sources-')"
    assert grants["pricing-build-reads"].inputs["bucket"] == "pricing-models-1a2b3c4"
    assert grants["pricing-build-writes"].inputs["repository"] == "pricing-stack"
    assert {each.urn for each in grants.values()} <= graph.one(FUNCTION).depends_on
    # What runs is somebody else.
    assert graph.one(FUNCTION).inputs["serviceConfig"]["serviceAccountEmail"] == "pricing-stack@shop-models.iam.gserviceaccount.com"


def test_callers_may_call_this_function_and_nothing_else(folder: str) -> None:
    invoker = coded(folder, access=WebAccess(callers=[SHOP])).one(INVOKER).inputs
    assert (invoker["member"], invoker["role"], invoker["name"]) == (SHOP, "roles/run.invoker", "pricing-1a2b3c4")


def test_everybody_may_call_code_only_when_asked(folder: str) -> None:
    graph = coded(folder, access=WebAccess(authentication=Authentication.NONE))
    assert graph.one(INVOKER).inputs["member"] == "allUsers"


def test_everybody_may_call_a_container_only_when_asked() -> None:
    graph = function_graph(access=WebAccess(authentication=Authentication.NONE))
    assert graph.one(SERVICE).inputs["invokerIamDisabled"] is True
    assert not graph.all(INVOKER)


def test_a_public_function_is_reached_through_the_load_balancer_only(folder: str) -> None:
    graph = coded(folder, access=PUBLIC)
    assert graph.one(FUNCTION).inputs["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_AND_GCLB"
    group = graph.one("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup").inputs
    assert group["cloudRun"] == {"service": "pricing-1a2b3c4"}
    assert graph.outputs["url"] == f"https://{HOST}"
    # Cloud Functions has no audiences of one's own.
    assert graph.outputs["audience"] == RUN
    assert graph.outputs["dns_target"] == "203.0.113.9"
    public = function_graph(access=PUBLIC)
    assert public.one(SERVICE).inputs["customAudiences"] == [f"https://{HOST}"]
    assert public.outputs["audience"] == f"https://{HOST}"


def test_code_behind_a_gateway_answers_at_its_own_address_for_the_gateway_alone(folder: str) -> None:
    access = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST), authentication=Authentication.API_KEY)
    graph = coded(folder, access=access)
    assert graph.one(FUNCTION).inputs["serviceConfig"]["ingressSettings"] == "ALLOW_ALL"
    said = json.loads(base64.b64decode(graph.one(CONFIG).inputs["openapiDocuments"][0]["document"]["contents"]))
    assert (list(said["paths"]), said["x-google-backend"]["address"]) == (["/"], RUN)
    assert graph.one(INVOKER).inputs["member"] == "serviceAccount:pricing-gate-stack@shop-models.iam.gserviceaccount.com"
    assert graph.outputs["api_key"] == "AIza-made"


def test_code_is_replaced_in_place(folder: str) -> None:
    assert coded(folder).one(FUNCTION).name == coded(folder, models=[code_version(folder, "2")]).one(FUNCTION).name == "pricing"
    assert not coded(folder).all(STASH)


def test_logs_alarms_and_dashboard_are_the_function_s(folder: str) -> None:
    graph = coded(folder, operations=Operations(log_retention_days=30))
    assert 'service_name="pricing-1a2b3c4"' in graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"]
    assert graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs["retentionDays"] == 30
    assert len(graph.all("gcp:monitoring/alertPolicy:AlertPolicy")) == 3
    assert "pricing-1a2b3c4" in graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"]


def test_the_budget_is_the_most_it_can_cost(folder: str) -> None:
    graph = coded(folder, billing_account="0A1B2C-3D4E5F-678901", scaling=FunctionScaling(maximum=2))
    # 2 instances x (1 CPU x 0.000024 + 2 GiB x 0.0000025 dollars) x 3600 x 730
    assert graph.one("gcp:billing/budget:Budget").inputs["amount"]["specifiedAmount"]["units"] == "153"
    assert "billingbudgets" in apis(graph)


def test_apis_for_builds_are_on_before_them(folder: str) -> None:
    graph = coded(folder)
    assert apis(graph) >= {"cloudfunctions", "cloudbuild", "artifactregistry", "run"}
    services = {each.urn for each in graph.all(API)}
    for type in (FUNCTION, REPOSITORY):
        assert services <= graph.one(type).depends_on


def test_everything_that_takes_labels_has_them(folder: str) -> None:
    graph = coded(folder, tags={"owner": "finance"})
    labelled = {each.type.split(":")[-1]: each.inputs["labels"] for each in graph.registrations if "labels" in each.inputs}
    assert set(labelled) == {"Bucket", "CryptoKey", "Function", "Repository"}
    assert all(each["owner"] == "finance" and each["modeldeploy-name"] == "pricing" for each in labelled.values())


# What is refused


def refusal(**arguments: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        parse(CloudFunctionArgs, CloudFunctionArgs(**{"models": [container_version()], **arguments}), "CloudFunction 'pricing'")
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concurrency": 0}, "concurrency: 0 is not allowed; use 1 to 1000"),
        (
            {"models": [container_version(image="docker.io/shop/pricing@sha256:" + "a" * 64)]},
            "models[0].container.image: 'docker.io/shop/pricing@sha256:" + "a" * 64 + "' is in a registry Cloud Run cannot read",
        ),
        ({"models": [container_version(environment={"K_SERVICE": "x"})]}, "models[0].container.environment.K_SERVICE: is set by Cloud Run"),
        ({"access": WebAccess(exposure=Exposure.PUBLIC)}, "access.domain: is required with access.exposure 'public'"),
        ({"access": WebAccess(authentication=Authentication.API_KEY)}, "access.authentication: 'api-key' is checked by API Gateway"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: cannot be kept on Cloud Functions"),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: is not offered by Cloud Functions"),
        ({"billing_account": "mine"}, "billing_account: 'mine' is no billing account"),
        ({"secrets": {"PARTNER": "x"}}, "secrets.PARTNER: 'x' is no version of a secret"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component; leave it out"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    assert message in refusal(**arguments)


def test_code_that_cloud_functions_would_not_build_is_refused(folder: str) -> None:
    message = "models[0].code.handler: 'app.predict' is in another module than Cloud Functions looks in; put it into main.py and write main.predict"
    assert message in refusal(models=[code_version(folder, handler="app.predict")])
    assert "FUNCTION_TARGET: is set by Cloud Run" in refusal(models=[code_version(folder, environment={"FUNCTION_TARGET": "x"})])


def test_versions_as_code_cannot_share_requests(folder: str) -> None:
    message = refusal(models=[code_version(folder, "1"), code_version(folder, "2")])
    assert "models: are 2 versions as code, and Cloud Functions sends all requests to what was deployed last; list one version" in message
    assert "or give both a container, between which requests can be shared" in message


def test_arguments_shared_by_the_clouds_are_taken() -> None:
    checked = parse(CloudFunctionArgs, ServerlessArgs(models=[container_version()]), "CloudFunction 'pricing'")
    assert checked.concurrency == 8
