"""Tasks on Container Apps have numbers, run when they should in any time zone, and somebody hears when one failed."""

import json
from typing import Any

import pytest

from modeldeploy.azure.batch import ContainerAppsJob, ContainerAppsJobArgs
from modeldeploy.azure.task_starter import Tasks, definition, trigger
from modeldeploy.spec import ArgumentError, Container, ContainerCompute, DatabaseConnection, Environment, Network, Schedule
from tests.support.mocks import Graph

from . import world

JOB = "azure-native:app:Job"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
WORKFLOW = "azure-native:logic:Workflow"
ROLE = "azure-native:authorization:RoleAssignment"
CUSTOM_ROLE = "azure-native:authorization:RoleDefinition"
ACCOUNT = "azure-native:storage:StorageAccount"
ALARM = "azure-native:monitor:MetricAlert"
BUDGET = "azure-native:consumption:Budget"
PRIVATE = "azure-native:network:PrivateEndpoint"
DATA = f"{world.GROUP}/providers/Microsoft.Storage/storageAccounts/acmedata"
INPUT = "https://acmedata.blob.core.windows.net/claims/today"


def batch(**changes: Any) -> Graph:
    args: dict[str, Any] = {
        "model": world.model(source=world.BLOB),
        "artifact_account_id": world.ARTIFACTS,
        "environment": Environment.DEVELOPMENT,
        "network": world.PLACED,
        **changes,
    }
    return world.made(ContainerAppsJob, "nightly", ContainerAppsJobArgs(**args))


@pytest.fixture(scope="module")
def default() -> Graph:
    return batch()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Everything other than by default, in a network of its own."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return batch(
        model=world.model("2", source=source, container=Container(image=world.IMAGE, environment={"WORKERS": "@{4}"})),
        artifact_account_id=None,
        network=Network(cidr="10.9.0.0/16"),
        schedule=Schedule(cron="30 3 * * 1-5", time_zone="Europe/Berlin"),
        input_uri=INPUT,
        input_account_id=DATA,
        results_days=30,
        expected_minutes=90,
        command=["--fast"],
        tasks=8,
        parallelism=4,
        retries=1,
        task_minutes=60,
        compute=ContainerCompute(cpu_millis=2000, memory_mib=4096),
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
        registry_id=world.REGISTRY,
        operations={"emails": ["a@example.com"], "log_retention_days": 180, "monthly_budget_usd": 70},
        tags={"owner": "finance"},
    )


def variables(graph: Graph) -> dict[str, str]:
    (container,) = graph.one(JOB).inputs["template"]["containers"]
    return {each["name"]: each.get("value", each.get("secretRef")) for each in container["env"]}


def started(graph: Graph) -> dict[str, Any]:
    return graph.one(WORKFLOW).inputs["parameters"]["container"]["value"]


def test_it_runs_in_a_private_environment_with_an_identity_that_pulls(default: Graph) -> None:
    assert default.one(ENVIRONMENT).inputs["publicNetworkAccess"] == "Disabled"
    assert default.one(ENVIRONMENT).inputs["vnetConfiguration"]["internal"] is True
    job = default.one(JOB).inputs
    assert job["environmentId"].endswith("/managedEnvironments/managedenvironment-1a2b3c4d")
    assert job["configuration"]["registries"][0]["server"] == "acmemodels.azurecr.io"
    assert "passwordSecretRef" not in job["configuration"]["registries"][0]
    assert job["workloadProfileName"] == "Consumption"


def test_the_tasks_may_read_the_artifact_and_write_results_and_wait_until_they_may(default: Graph) -> None:
    mine = {each.name: each.inputs["scope"] for each in default.all(ROLE)}
    assert set(mine) == {"nightly-keys", "nightly-pull", "nightly-results", "nightly-read", "nightly-read-trained", "nightly-starter"}
    assert mine["nightly-results"].endswith("/containers/results")
    assert mine["nightly-read-trained"] == f"{world.ARTIFACTS}/blobServices/default/containers/trained"
    needed = {default.one(ROLE, f"nightly-{label}").urn for label in ("pull", "results", "read", "read-trained")}
    assert needed <= default.one(JOB).depends_on


def test_the_input_may_be_read_and_is_reached_privately(default: Graph, tuned: Graph) -> None:
    assert tuned.one(ROLE, "nightly-input").inputs["scope"] == f"{DATA}/blobServices/default/containers/claims"
    assert tuned.one(PRIVATE, "nightly-input").inputs["privateLinkServiceConnections"][0]["privateLinkServiceId"] == DATA
    assert {tuned.one(ROLE, "nightly-input").urn, tuned.one(PRIVATE, "nightly-input").urn} <= tuned.one(JOB).depends_on
    assert variables(tuned)["INPUT_URI"] == INPUT
    assert "INPUT_URI" not in variables(default)
    given = batch(input_uri=INPUT, input_account_id=DATA)
    assert "nightly-input" not in given.names(PRIVATE), "a given network has it already"


def test_a_task_is_told_its_number_and_where_everything_is(default: Graph, tuned: Graph) -> None:
    told = variables(default)
    assert told["TASK_INDEX_VARIABLE"] == "TASK_INDEX"
    assert told["TASK_INDEX"] == "0", "a job that is started by itself runs the first task"
    assert told["TASK_COUNT"] == "1"
    assert (told["MODEL_URI"], told["MODEL_VERSION"]) == (world.BLOB, "1")
    assert told["RESULTS_URI"] == default.outputs["results"]
    assert told["AZURE_CLIENT_ID"] == "the-client"
    told = variables(tuned)
    assert told["TASK_COUNT"] == "8"
    assert told["WORKERS"] == "@{4}"
    assert told["PARTNER_KEY"] == tuned.one(JOB).inputs["configuration"]["secrets"][0]["name"]
    assert told["MODEL_URI"].endswith("/model")


def test_the_starter_gives_each_task_its_number_besides_the_same_variables(tuned: Graph) -> None:
    container = started(tuned)
    names = [each["name"] for each in container["env"]]
    assert "TASK_INDEX" not in names, "it would be there twice"
    assert set(names) == set(variables(tuned)) - {"TASK_INDEX"}
    assert {"name": "PARTNER_KEY", "secretRef": variables(tuned)["PARTNER_KEY"]} in container["env"]
    (job_container,) = tuned.one(JOB).inputs["template"]["containers"]
    assert {key: container[key] for key in ("name", "image", "resources", "args")} == {
        key: job_container[key] for key in ("name", "image", "resources", "args")
    }


def test_numbers_follow_the_arguments(default: Graph, tuned: Graph) -> None:
    configuration = tuned.one(JOB).inputs["configuration"]
    assert configuration["triggerType"] == "Manual"
    assert configuration["manualTriggerConfig"] == {"parallelism": 1, "replicaCompletionCount": 1}
    assert (configuration["replicaTimeout"], configuration["replicaRetryLimit"]) == (3600, 1)
    assert configuration["secrets"][0]["keyVaultUrl"] == world.SECRET
    assert configuration["secrets"][0]["name"].startswith("partner-key")
    (container,) = tuned.one(JOB).inputs["template"]["containers"]
    assert container["resources"] == {"cpu": 2.0, "memory": "4Gi"}
    assert container["args"] == ["--fast"]
    assert "args" not in default.one(JOB).inputs["template"]["containers"][0]
    assert default.one(JOB).inputs["configuration"]["replicaTimeout"] == 7200
    kept = tuned.one("azure-native:storage:ManagementPolicy", "nightly-results").inputs["policy"]["rules"][0]["definition"]["actions"]
    assert kept["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 30}
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 180


def test_every_task_is_an_execution_and_so_many_run_at_a_time() -> None:
    tasks = definition(None, Tasks(8, 4, 120))["actions"]["Tasks"]
    assert tasks["foreach"] == "@range(0, 8)"
    assert tasks["runtimeConfiguration"] == {"concurrency": {"repetitions": 4}}
    start = tasks["actions"]["Start"]["inputs"]
    assert start["method"] == "POST"
    assert start["uri"] == "https://management.azure.com@{parameters('job')}/start?api-version=2025-01-01"
    assert start["authentication"] == {
        "type": "ManagedServiceIdentity",
        "identity": "@parameters('identity')",
        "audience": "https://management.azure.com/",
    }
    (container,) = start["body"]["containers"]
    assert container.startswith("@setProperty(parameters('container'), 'env', union(parameters('container')['env'], createArray(json(concat(")
    assert """'{"name": "TASK_INDEX", "value": "', string(items('Tasks')), '"}'""" in container


def test_the_starter_waits_for_each_task_and_fails_when_one_did() -> None:
    actions = definition(None, Tasks(1, 1, 120))["actions"]["Tasks"]["actions"]
    wait = actions["Wait"]
    assert wait["expression"] == "@not(contains(createArray('Running', 'Processing', 'Unknown'), body('Look')?['properties']?['status']))"
    assert wait["limit"] == {"count": 4100, "timeout": "PT180M"}
    assert wait["actions"]["Pause"]["inputs"] == {"interval": {"count": 1, "unit": "Minute"}}
    assert wait["actions"]["Look"]["inputs"]["uri"].endswith("/executions/@{body('Start')['name']}?api-version=2025-01-01")
    assert actions["Check"]["expression"] == {"and": [{"equals": ["@body('Look')?['properties']?['status']", "Succeeded"]}]}
    assert actions["Check"]["else"]["actions"]["Failed"]["inputs"] == "@int('the task failed')"
    assert (actions["Wait"]["runAfter"], actions["Check"]["runAfter"]) == ({"Start": ["Succeeded"]}, {"Wait": ["Succeeded"]})


def test_long_tasks_are_asked_less_often_than_a_loop_may() -> None:
    wait = definition(None, Tasks(1, 1, 10 * 1440))["actions"]["Tasks"]["actions"]["Wait"]
    minutes = wait["actions"]["Pause"]["inputs"]["interval"]["count"]
    assert minutes * wait["limit"]["count"] > 10 * 1440
    assert wait["limit"]["count"] < 5000


def test_a_schedule_is_kept_in_its_time_zone(default: Graph, tuned: Graph) -> None:
    triggers = tuned.one(WORKFLOW).inputs["definition"]["triggers"]
    assert triggers["schedule"]["recurrence"] == {
        "frequency": "Week",
        "interval": 1,
        "timeZone": "W. Europe Standard Time",
        "schedule": {"hours": [3], "minutes": [30], "weekDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]},
    }
    assert triggers["schedule"]["runtimeConfiguration"] == {"concurrency": {"runs": 1}}
    assert set(default.one(WORKFLOW).inputs["definition"]["triggers"]) == {"start"}


def test_days_and_months_are_a_condition() -> None:
    made = trigger(Schedule(cron="0 3 1,15 1,7 *", time_zone="Asia/Kolkata"))
    assert made["recurrence"]["frequency"] == "Day"
    assert [each["expression"] for each in made["conditions"]] == [
        "@contains(createArray(1, 15), dayOfMonth(convertFromUtc(utcNow(), 'India Standard Time')))",
        "@contains(createArray(1, 7), int(formatDateTime(convertFromUtc(utcNow(), 'India Standard Time'), '%M')))",
    ]
    assert "conditions" not in trigger(Schedule(cron="0 3 * * *"))


def test_no_value_of_a_user_is_in_the_definition(tuned: Graph) -> None:
    workflow = tuned.one(WORKFLOW).inputs
    assert "@{4}" not in json.dumps(workflow["definition"])
    assert {"name": "WORKERS", "value": "@{4}"} in workflow["parameters"]["container"]["value"]["env"]


def test_nobody_starts_it_by_an_address_and_it_may_do_nothing_else(default: Graph) -> None:
    workflow = default.one(WORKFLOW)
    assert workflow.inputs["accessControl"]["triggers"]["allowedCallerIpAddresses"] == [{"addressRange": "0.0.0.0/32"}]
    (permission,) = default.one(CUSTOM_ROLE).inputs["permissions"]
    assert permission["actions"] == [f"Microsoft.App/jobs/{each}" for each in ("read", "start/action", "executions/read", "execution/read")]
    assert "/jobs/nightly-" in default.one(ROLE, "nightly-starter").inputs["scope"]
    assert default.one(ROLE, "nightly-starter").urn in workflow.depends_on


def test_somebody_hears_of_a_run_that_failed(tuned: Graph) -> None:
    alarm = tuned.one(ALARM, "nightly-failed").inputs
    (criterion,) = alarm["criteria"]["allOf"]
    assert (criterion["metricNamespace"], criterion["metricName"], criterion["timeAggregation"], criterion["threshold"]) == (
        "Microsoft.Logic/workflows",
        "RunsFailed",
        "Total",
        0,
    )
    assert "/workflows/" in alarm["scopes"][0]
    assert {"nightly-starter", "nightly-results", "nightly-models", "nightly-keys", "nightly-apps"} <= set(
        tuned.names("azure-native:monitor:DiagnosticSetting")
    )
    assert len(tuned.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"][0]["parts"]) == 3


def test_cost_is_that_of_the_tasks_that_are_scheduled(default: Graph, tuned: Graph) -> None:
    assert default.outputs["monthly_cost"] == pytest.approx((0.000024 + 2 * 0.000003) * 30 * 60, abs=0.01)
    runs = Schedule(cron="30 3 * * 1-5").runs_per_month
    hour = (2 * 0.000024 + 4 * 0.000003) * 3600
    assert tuned.outputs["monthly_cost"] == pytest.approx(hour * 8 * runs, abs=0.01), "the time limit counts where it is shorter"
    assert default.one(BUDGET).inputs["amount"] == pytest.approx(100.05)
    assert tuned.one(BUDGET).inputs["amount"] == 70


def test_a_database_is_told_and_granted() -> None:
    graph = batch(database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"))
    assert variables(graph)["DATABASE_HOST"] == "data.database.windows.net"
    assert graph.outputs["database_grant"].startswith("CREATE USER [")


def test_a_given_environment_is_used() -> None:
    graph = batch(container_environment_id=world.ENVIRONMENT)
    assert not graph.all(ENVIRONMENT)
    assert graph.one(JOB).inputs["environmentId"] == world.ENVIRONMENT
    assert graph.outputs["environment_id"] == world.ENVIRONMENT


def test_outputs(default: Graph) -> None:
    assert default.outputs["start"].startswith("az rest --method post --url 'https://management.azure.com/subscriptions/")
    assert default.outputs["start"].endswith("/workflows/workflow-1a2b3c4d/triggers/start/run?api-version=2019-05-01'")
    assert default.outputs["results"].endswith(".blob.core.windows.net/results")
    assert (default.outputs["identity"], default.outputs["model_version"]) == ("the-principal", "1")
    assert default.outputs["database_grant"] == ""


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type.split(":", 1)[1] for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "consumption:Budget",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "network:Subnet",
        "privatedns:PrivateRecordSet",
        "storage:Blob",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
        "storage:ManagementPolicy",
    }
    assert tuned.one(JOB).inputs["tags"]["owner"] == "finance"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": world.model(), "artifact_account_id": None}, r"model\.source: 'azureml://.*' cannot be read by Azure"),
        ({"artifact_account_id": None}, "artifact_account_id: is required with an artifact at https://"),
        (
            {"model": world.model(source=world.BLOB, container=Container(image="ghcr.io/acme/p@sha256:" + "a" * 64))},
            r"model\.container\.image: 'ghcr.io' cannot be reached",
        ),
        ({"spot": True}, "spot: is not offered by Container Apps"),
        ({"tasks": 60}, "parallelism: 60 tasks at a time are too many for a Logic App; use parallelism 1 to 50"),
        ({"schedule": {"cron": "0 3 * * *", "time_zone": "Mars/Base"}}, "schedule.time_zone: 'Mars/Base' is not known"),
        ({"input_uri": INPUT}, "input_account_id: is required"),
        ({"compute": {"gpus": 4}}, "compute: Container Apps has no machine"),
        ({"compute": {"cpu_millis": 6000, "memory_mib": 8192}}, "operations.monthly_budget_usd: is required with a machine of the kind"),
        ({"most_machines": 2}, "most_machines: 2 is not allowed; use 3 to 100"),
        ({"secrets": {"A": world.SECRET}}, "secrets_vault_id: is required with secrets"),
        ({"network": world.ATTACHED}, "network.subnet_ids: has no number 2"),
        ({"network": Network(), "container_environment_id": world.ENVIRONMENT}, "network.id: is required with container_environment_id"),
        ({"network": Network(id=world.NETWORK, subnet_ids=world.PLACED.subnet_ids, callers=["10.0.0.0/24"])}, "network.callers: excludes network.id"),
        (
            {"network": Network(), "database": DatabaseConnection(id=world.DATABASE, host="h", database="d")},
            "network.id: is required with a database",
        ),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)ContainerAppsJob 'nightly'.*{message}"):
        batch(**changes)
