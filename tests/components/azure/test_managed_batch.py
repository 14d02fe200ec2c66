"""A batch endpoint is private, its machines are gone when nothing runs, and a new version takes over without a gap."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure import start_batch
from modeldeploy.azure.managed_batch import AzureMLBatchEndpoint, AzureMLBatchEndpointArgs
from modeldeploy.azure.results import container_id
from modeldeploy.azure.scoring import INVOKER_ACTIONS, deployment_name
from modeldeploy.spec import ArgumentError, Container, Environment, Schedule
from tests.support.mocks import Graph

from . import world

ML = "azure-native:machinelearningservices"
ENDPOINT = f"{ML}:BatchEndpoint"
DEPLOYMENT = f"{ML}:BatchDeployment"
CLUSTER = f"{ML}:Compute"
CODE = f"{ML}:CodeVersion"
SCHEDULE = f"{ML}:Schedule"
RULE = f"{ML}:ManagedNetworkSettingsRule"
STORE = f"{ML}:Datastore"
ROLE = "azure-native:authorization:RoleAssignment"
CUSTOM_ROLE = "azure-native:authorization:RoleDefinition"
DEFAULT = "azure-native:resources:Deployment"
ACCOUNT = "azure-native:storage:StorageAccount"
ALARM = "azure-native:monitor:MetricAlert"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
BUDGET = "azure-native:consumption:Budget"
DATA = f"{world.GROUP}/providers/Microsoft.Storage/storageAccounts/acmedata"
INPUT = "https://acmedata.blob.core.windows.net/claims/today"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("code")
    (folder / "score.py").write_text("def init(): ...\ndef run(files): return files")
    return str(folder)


def arguments(code: str, **changes: Any) -> AzureMLBatchEndpointArgs:
    given: dict[str, Any] = {
        "model": world.model(),
        "scoring_folder": code,
        "input_uri": INPUT,
        "input_account_id": DATA,
        "environment": Environment.DEVELOPMENT,
        "network": world.ATTACHED,
        **changes,
    }
    return AzureMLBatchEndpointArgs(**given)


def batch(code: str, **changes: Any) -> Graph:
    return world.made(AzureMLBatchEndpoint, "nightly", arguments(code, **changes))


@pytest.fixture(scope="module")
def default(code: str) -> Graph:
    return batch(code)


@pytest.fixture(scope="module")
def tuned(code: str) -> Graph:
    """Everything other than by default."""
    return batch(
        code,
        model=world.model("2", container=Container(image=world.IMAGE, environment={"THREADS": "4"})),
        others=[world.model("1")],
        schedule=Schedule(cron="0 3 * * 1-5", time_zone="Europe/Berlin"),
        results_days=30,
        spot=False,
        expected_minutes=120,
        record_format="csv",
        compute={"instance_type": "Standard_DS3_v2"},
        workers=4,
        files_per_call=10,
        calls_at_once=2,
        call_seconds=600,
        call_retries=1,
        failed_files=-1,
        operations={"emails": ["a@example.com"], "monthly_budget_usd": 900, "log_retention_days": 365},
        tags={"owner": "finance"},
    )


def test_nothing_has_public_access(default: Graph) -> None:
    assert default.one(ENDPOINT).inputs["properties"] == {"authMode": "AADToken"}
    assert default.one(f"{ML}:Workspace").inputs["publicNetworkAccess"] == "Disabled"
    assert {each.name: each.inputs["publicNetworkAccess"] for each in default.all(ACCOUNT)} == {
        "nightly-models": "Disabled",
        "nightly-results": "Disabled",
        "nightly-work": "Disabled",
    }
    assert {each.name: each.inputs["allowSharedKeyAccess"] for each in default.all(ACCOUNT)}["nightly-results"] is False


def test_machines_have_no_public_address_and_no_ssh_and_are_gone_when_nothing_runs(default: Graph) -> None:
    cluster = default.one(CLUSTER).inputs["properties"]
    assert cluster["computeType"] == "AmlCompute"
    assert cluster["disableLocalAuth"] is True
    assert cluster["properties"] == {
        "osType": "Linux",
        "vmSize": "Standard_D2as_v4",
        "vmPriority": "LowPriority",
        "enableNodePublicIp": False,
        "remoteLoginPortPublicAccess": "Disabled",
        "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT300S"},
    }


def test_dedicated_machines_are_another_cluster_of_the_size_asked_for(default: Graph, tuned: Graph) -> None:
    cluster = tuned.one(CLUSTER).inputs
    assert cluster["properties"]["properties"]["vmPriority"] == "Dedicated"
    assert cluster["properties"]["properties"]["vmSize"] == "Standard_DS3_v2"
    assert cluster["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4
    assert cluster["computeName"] != default.one(CLUSTER).inputs["computeName"]
    assert tuned.one(DEPLOYMENT, "nightly-2").inputs["properties"]["compute"].endswith(cluster["computeName"])


def test_the_identity_reads_the_input_and_the_models_and_writes_results(default: Graph) -> None:
    scopes = {each.name: each.inputs["scope"] for each in default.all(ROLE)}
    assert scopes["nightly-pull"].endswith("/registries/acmemodels")
    assert scopes["nightly-read"].endswith("/containers/models")
    assert scopes["nightly-input"] == f"{DATA}/blobServices/default/containers/claims"
    assert scopes["nightly-results"].endswith("/containers/results")
    for label in ("blobs", "queues", "tables"):
        assert "/storageAccounts/nightlywork" in scopes[f"nightly-work-{label}"]
    mine = {
        default.one(ROLE, f"nightly-{label}").urn
        for label in ("pull", "read", "input", "results", "work-blobs", "work-queues", "work-tables", "invoker")
    }
    assert mine <= default.one(CLUSTER).depends_on
    assert all("/providers/" in scope for scope in scopes.values()), "no role on a group"


def test_it_starts_runs_with_a_role_that_does_nothing_else(default: Graph) -> None:
    (permission,) = default.one(CUSTOM_ROLE).inputs["permissions"]
    assert permission["actions"] == [f"Microsoft.MachineLearningServices/workspaces/{action}" for action in INVOKER_ACTIONS]
    assert not any("*" in action or "/delete" in action for action in permission["actions"])
    assert "/workspaces/nightly" in default.one(ROLE, "nightly-invoker").inputs["scope"]


def test_the_workspace_s_network_reaches_input_results_and_the_queues_of_its_own_store(default: Graph) -> None:
    rules = {each.inputs["ruleName"]: each.inputs["properties"]["destination"] for each in default.all(RULE)}
    assert {name: rule["subresourceTarget"] for name, rule in rules.items()} == {
        "models": "blob",
        "results": "blob",
        "input": "blob",
        "work-queue": "queue",
        "work-table": "table",
    }
    assert rules["input"]["serviceResourceId"] == DATA


def test_a_deployment_scores_with_the_model_the_image_and_the_script(default: Graph) -> None:
    made = default.one(DEPLOYMENT).inputs
    properties = made["properties"]
    assert made["deploymentName"] == "version-1"
    assert properties["model"]["referenceType"] == "Id"
    assert "/models/pricing/versions/1-" in properties["model"]["assetId"]
    assert properties["codeConfiguration"]["scoringScript"] == "score.py"
    assert "/codes/nightly-code/versions/" in properties["codeConfiguration"]["codeId"]
    assert properties["environmentVariables"] == {"RECORD_FORMAT": "jsonl", "MODEL_VERSION": "1"}
    assert properties["resources"] == {"instanceCount": 1}
    assert (properties["miniBatchSize"], properties["maxConcurrencyPerInstance"], properties["errorThreshold"]) == (1, 1, 0)
    assert properties["retrySettings"] == {"maxRetries": 3, "timeout": "PT300S"}
    assert (properties["outputAction"], properties["outputFileName"]) == ("AppendRow", "predictions.csv")
    environment = default.one(f"{ML}:EnvironmentVersion").inputs["properties"]
    assert environment["image"] == world.IMAGE
    assert "inferenceConfig" not in environment


def test_numbers_follow_the_arguments(tuned: Graph) -> None:
    properties = tuned.one(DEPLOYMENT, "nightly-2").inputs["properties"]
    assert properties["environmentVariables"] == {"RECORD_FORMAT": "csv", "MODEL_VERSION": "2", "THREADS": "4"}
    assert properties["resources"] == {"instanceCount": 4}
    assert (properties["miniBatchSize"], properties["maxConcurrencyPerInstance"], properties["errorThreshold"]) == (10, 2, -1)
    assert properties["retrySettings"] == {"maxRetries": 1, "timeout": "PT600S"}
    rule = tuned.one("azure-native:storage:ManagementPolicy", "nightly-results").inputs["policy"]["rules"][0]["definition"]
    assert rule["actions"]["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 30}


def test_code_is_uploaded_and_registered_under_its_hash(default: Graph) -> None:
    code = default.one(CODE, "nightly-code").inputs
    blob = default.one("azure-native:storage:Blob", "nightly-code-score.py").inputs
    assert blob["blobName"] == f"code/{code['version']}/score.py"
    assert code["properties"]["codeUri"].endswith(f".blob.core.windows.net/models/code/{code['version']}")
    assert default.one("azure-native:storage:Blob", "nightly-code-score.py").urn in default.one(CODE, "nightly-code").depends_on


def test_the_default_deployment_is_written_when_all_versions_are_there(tuned: Graph) -> None:
    assert tuned.names(DEPLOYMENT) == ["nightly-1", "nightly-2"]
    written = tuned.one(DEFAULT, "nightly-default")
    assert written.inputs["properties"]["parameters"]["deployment"] == {"value": "version-2"}
    assert {tuned.one(DEPLOYMENT, name).urn for name in ("nightly-1", "nightly-2")} <= written.depends_on
    (resource,) = written.inputs["properties"]["template"]["resources"]
    assert resource["properties"]["authMode"] == tuned.one(ENDPOINT).inputs["properties"]["authMode"], "the template repeats the endpoint"
    assert set(tuned.one(ENDPOINT).options.ignoreChanges) == {"tags", "properties.defaults"}
    assert tuned.one(DEPLOYMENT, "nightly-1").options.deletedWith == tuned.one(ENDPOINT).urn


def test_a_schedule_asks_the_endpoint_from_inside_the_workspace(tuned: Graph) -> None:
    schedule = tuned.one(SCHEDULE)
    properties = schedule.inputs["properties"]
    assert properties["isEnabled"] is True
    assert properties["trigger"] == {
        "triggerType": "Recurrence",
        "frequency": "Week",
        "interval": 1,
        "schedule": {"hours": [3], "minutes": [0], "weekDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]},
        "timeZone": "W. Europe Standard Time",
    }
    job = properties["action"]["jobDefinition"]
    assert job["command"] == "python start_batch.py"
    assert job["identity"] == {"identityType": "Managed", "clientId": "the-client"}
    assert job["environmentVariables"]["BATCH_ENDPOINT"].endswith("/jobs")
    assert job["environmentVariables"]["BATCH_INPUT"] == INPUT
    assert job["environmentVariables"]["BATCH_OUTPUT"] == "azureml://datastores/results/paths/nightly"
    assert job["environmentVariables"]["AZURE_CLIENT_ID"] == "the-client"
    assert job["computeId"].endswith(tuned.one(CLUSTER).inputs["computeName"])
    assert "/environments/nightly-2/" in job["environmentId"]
    assert job["limits"] == {"jobLimitsType": "Command", "timeout": "PT15M"}
    assert tuned.one("azure-native:storage:Blob", "nightly-start-code-start_batch.py")
    assert tuned.one(DEFAULT, "nightly-default").urn in schedule.depends_on


def test_without_a_schedule_it_is_switched_off_because_azure_deletes_none_that_is_on(default: Graph) -> None:
    schedule = default.one(SCHEDULE)
    assert schedule.inputs["properties"]["isEnabled"] is False
    assert schedule.options.deletedWith == default.one(f"{ML}:Workspace").urn


def test_somebody_hears_of_a_run_that_failed(tuned: Graph) -> None:
    (criterion,) = tuned.one(ALARM, "nightly-failed").inputs["criteria"]["allOf"]
    assert (criterion["metricName"], criterion["timeAggregation"], criterion["threshold"]) == ("Failed Runs", "Total", 0)
    assert tuned.one("azure-native:monitor:ActionGroup").inputs["emailReceivers"][0]["emailAddress"] == "a@example.com"
    assert {"nightly-workspace", "nightly-models", "nightly-results", "nightly-keys", "nightly-registry"} == set(tuned.names(DIAGNOSTICS))
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 365
    tiles = tuned.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"][0]["parts"]
    assert len(tiles) == 4


def test_cost_is_that_of_the_scheduled_runs(default: Graph, tuned: Graph, code: str) -> None:
    runs = Schedule(cron="0 3 * * 1-5").runs_per_month
    assert tuned.outputs["monthly_cost"] == pytest.approx(0.293 * 4 * 2 * runs, abs=0.01)
    assert default.outputs["monthly_cost"] == pytest.approx(0.096 / 2, abs=0.01), "one run, without a schedule"
    assert tuned.one(BUDGET).inputs["amount"] == 900
    assert default.one(BUDGET).inputs["amount"] == pytest.approx(100 + 0.096 / 2, abs=0.01)


def test_outputs(default: Graph) -> None:
    assert default.outputs["start"].startswith("az ml batch-endpoint invoke --name nightly-")
    assert f"--input {INPUT} --output-path azureml://datastores/results/paths/nightly" in default.outputs["start"]
    assert default.outputs["results"].startswith("https://nightlyresults")
    assert default.outputs["results"].endswith(".blob.core.windows.net/results/nightly")
    assert default.outputs["identity"] == "the-principal"
    assert default.outputs["model_version"] == "1"
    assert default.outputs["endpoint_id"].split("/batchEndpoints/")[1].startswith("nightly-")


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type.split(":", 1)[1] for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged <= {
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "consumption:Budget",
        "keyvault:Key",
        "machinelearningservices:CodeVersion",
        "machinelearningservices:Datastore",
        "machinelearningservices:EnvironmentVersion",
        "machinelearningservices:ManagedNetworkSettingsRule",
        "machinelearningservices:ModelVersion",
        "machinelearningservices:Schedule",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "storage:Blob",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
        "storage:ManagementPolicy",
    }
    for kind in ("CodeVersion", "EnvironmentVersion", "ModelVersion", "Schedule"):
        assert all(each.inputs["properties"]["tags"]["owner"] == "finance" for each in tuned.all(f"{ML}:{kind}"))
    assert tuned.one(SCHEDULE).inputs["properties"]["action"]["jobDefinition"]["tags"]["owner"] == "finance"


def test_production_keeps_its_stores(code: str) -> None:
    graph = batch(code, environment="prod")
    assert graph.one("azure-native:storage:BlobContainer", "nightly-results").options.protect
    assert graph.one(ACCOUNT, "nightly-results").inputs["sku"] == {"name": "Standard_ZRS"}


def test_names_of_deployments_fit() -> None:
    assert deployment_name("2026-11-01") == "version-2026-11-01"
    assert 3 <= len(deployment_name("1.2.3.4.5.6.7.8.9.10")) <= 32


def test_a_container_s_id_is_made_of_account_and_address() -> None:
    assert container_id(DATA, "https://acmedata.blob.core.windows.net/claims/a/b") == f"{DATA}/blobServices/default/containers/claims"


ELSEWHERE = Container(image="ghcr.io/acme/pricing@sha256:" + "a" * 64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": world.model(source="s3://bucket/model")}, "model.source: 's3://bucket/model' cannot be read by Azure ML"),
        ({"others": [world.model("0", container=ELSEWHERE)]}, r"others\[0\]\.container\.image: 'ghcr.io' cannot be reached from a closed network"),
        ({"others": [world.model("1")]}, r"others\[0\]\.version: '1' is there twice"),
        ({"others": [world.model("0", name="other")]}, r"others\[0\]\.name: 'other' differs from 'pricing'"),
        ({"scoring_script": "other.py"}, "scoring_script: '.*/other.py' is no file"),
        ({"schedule": {"cron": "0 3 1 6 *"}}, "schedule.cron: '0 3 1 6 [*]' names months"),
        ({"input_uri": None}, "input_uri: is required: the service reads"),
        ({"input_account_id": None}, "input_account_id: is required: an input has an address, and an account"),
        ({"input_account_id": "acmedata"}, "input_account_id: 'acmedata' is no ARM id"),
        ({"input_account_id": DATA.replace("acmedata", "another")}, r"input_account_id: 'another' is not where the input is \('acmedata'\)"),
        ({"input_uri": "https://example.com/data"}, "input_uri: 'https://example.com/data' is no folder of blobs"),
        ({"compute": {"gpus": 3}}, "compute: Azure ML has no machine"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        ({"network": {"id": world.NETWORK, "subnet_ids": [world.SUBNET], "callers": ["10.0.0.0/24"]}}, "network.callers: excludes network.id"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
        ({"files_per_call": 0}, "files_per_call: 0 is not allowed; use 1 to 100000"),
        ({"calls_at_once": 33}, "calls_at_once: 33 is not allowed; use 1 to 32"),
        ({"call_seconds": 0}, "call_seconds: 0 is not allowed; use 1 to 86400"),
        ({"call_retries": 10}, "call_retries: 10 is not allowed; use 0 to 9"),
        ({"failed_files": -2}, "failed_files: -2 is not allowed; use -1 to"),
    ],
)
def test_what_azure_refuses_is_refused_first(code: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureMLBatchEndpoint 'nightly'.*{message}"):
        batch(code, **changes)


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any]]]:
    """Answers tokens and starts of runs, and remembers what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["secret"]))
            self._answer({"access_token": "t0ken"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.headers["Authorization"], body))
            self._answer({"name": "run-1"})

        def _answer(self, content: dict[str, str]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_schedule_s_job_asks_with_the_machine_s_identity_for_a_folder_of_its_own(
    service: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = service
    for name, value in {
        "MSI_ENDPOINT": f"{address}/token",
        "MSI_SECRET": "handshake",
        "AZURE_CLIENT_ID": "the-client",
        "BATCH_ENDPOINT": f"{address}/jobs",
        "BATCH_INPUT": INPUT,
        "BATCH_OUTPUT": "azureml://datastores/results/paths/nightly",
    }.items():
        monkeypatch.setenv(name, value)
    assert start_batch.start() == "run-1"
    (path, secret), (authorization, body) = asked
    assert path == "/token?resource=https%3A%2F%2Fml.azure.com&api-version=2017-09-01&clientid=the-client"
    assert secret == "handshake"
    assert authorization == "Bearer t0ken"
    assert body["properties"]["InputData"] == {"input": {"JobInputType": "UriFolder", "Uri": INPUT}}
    output = body["properties"]["OutputData"]["score"]
    assert output["JobOutputType"] == "UriFolder"
    assert output["Uri"].startswith("azureml://datastores/results/paths/nightly/20")


def test_the_job_s_script_needs_nothing_but_python() -> None:
    text = Path(start_batch.__file__).read_text()
    assert "modeldeploy" not in text.split('"""')[2]
