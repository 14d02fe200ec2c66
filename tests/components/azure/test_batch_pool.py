"""`AzureBatchPool`: the account, the pool, and the script that puts a run in."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure.batch_jobs import Runs, script
from modeldeploy.azure.batch_pool import AzureBatchPool, AzureBatchPoolArgs, formula
from modeldeploy.spec import ArgumentError, Container, ContainerCompute, DatabaseConnection, Environment, Network, Schedule
from tests.components.azure import world
from tests.support.mocks import Graph

ACCOUNT = "azure-native:batch:BatchAccount"
POOL = "azure-native:batch:Pool"
ROLE = "azure-native:authorization:RoleAssignment"
VAULT = "azure-native:keyvault:Vault"
PRIVATE = "azure-native:network:PrivateEndpoint"
ALARM = "azure-native:monitor:MetricAlert"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
BUDGET = "azure-native:consumption:Budget"
BATCH = "ddddddd1-2222-3333-4444-555555555555"
DATA = f"{world.GROUP}/providers/Microsoft.Storage/storageAccounts/acmedata"
INPUT = "https://acmedata.blob.core.windows.net/claims/today"


def pool(**changes: Any) -> Graph:
    args: dict[str, Any] = {
        "model": world.model(source=world.BLOB),
        "artifact_account_id": world.ARTIFACTS,
        "environment": Environment.DEVELOPMENT,
        "network": world.PLACED,
        **changes,
    }
    return world.made(AzureBatchPool, "nightly", AzureBatchPoolArgs(**args))


@pytest.fixture(scope="module")
def default() -> Graph:
    return pool()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Everything other than by default, in a network of its own."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return pool(
        model=world.model("2", source=source, container=Container(image=world.IMAGE, environment={"WORKERS": "it's 4"})),
        artifact_account_id=None,
        network=Network(cidr="10.9.0.0/16"),
        submitters=[world.CALLER],
        batch_service_id=BATCH,
        spot=True,
        input_uri=INPUT,
        input_account_id=DATA,
        expected_minutes=90,
        command=["--mode", "very fast"],
        tasks=8,
        parallelism=4,
        retries=1,
        task_minutes=60,
        compute=ContainerCompute(cpu_millis=3500, memory_mib=28000, gpus=1),
        operations={"emails": ["a@example.com"], "log_retention_days": 180},
        tags={"owner": "finance"},
    )


def machine(graph: Graph) -> dict[str, Any]:
    return graph.one(POOL).inputs["deploymentConfiguration"]["virtualMachineConfiguration"]


def run(command: str, folder: Path) -> tuple[list[list[str]], dict[str, Any]]:
    """What the script says to `az`, and the files it shows to it."""
    az = folder / "az"
    say = 'printf "%s\\n" "$(printf "%s\\t" "$@")" >> "$SEEN/said"'
    az.write_text(f'#!/bin/bash\n{say}\nfor each; do [[ -f $each ]] && cp "$each" "$SEEN"; done; true\n')
    az.chmod(0o755)
    seen = folder / "seen"
    seen.mkdir()
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SEEN": str(seen)}
    subprocess.run(["bash"], input=command, text=True, check=True, env=environment)
    said = [line.strip("\t").split("\t") for line in (seen / "said").read_text().splitlines()]
    return said, {each.stem: json.loads(each.read_text()) for each in seen.glob("*.json")}


def test_the_account_takes_identities_in_the_network_alone(default: Graph) -> None:
    account = default.one(ACCOUNT)
    assert account.inputs["publicNetworkAccess"] == "Disabled"
    assert account.inputs["allowedAuthenticationModes"] == ["AAD"]
    assert account.inputs["poolAllocationMode"] == "BatchService"
    assert "keyVaultReference" not in account.inputs
    groups = {each.name: each.inputs["privateLinkServiceConnections"][0]["groupIds"] for each in default.all(PRIVATE)}
    assert (groups["nightly-account"], groups["nightly-machines"]) == (["batchAccount"], ["nodeManagement"])


def test_what_it_knows_is_encrypted_with_the_customers_key_whatever_its_version(default: Graph) -> None:
    account = default.one(ACCOUNT)
    encryption = account.inputs["encryption"]
    assert encryption["keySource"] == "Microsoft.KeyVault"
    assert encryption["keyVaultProperties"]["keyIdentifier"].endswith(".vault.azure.net/keys/key-1a2b3c4d")
    assert account.inputs["identity"]["type"] == "UserAssigned"
    assert default.one(ROLE, "nightly-keys").urn in account.depends_on
    given = pool(encryption={"key": world.KEY}, key_vault_id=world.VAULT)
    identifier = given.one(ACCOUNT).inputs["encryption"]["keyVaultProperties"]["keyIdentifier"]
    assert identifier == "https://given.vault.azure.net/keys/models"


def test_machines_have_no_public_address_and_talk_to_batch_privately(default: Graph) -> None:
    made = default.one(POOL)
    assert made.inputs["networkConfiguration"]["publicIPAddressConfiguration"] == {"provision": "NoPublicIPAddresses"}
    assert made.inputs["networkConfiguration"]["subnetId"] == f"{world.NETWORK}/subnets/nodes"
    assert made.inputs["targetNodeCommunicationMode"] == "Simplified"
    assert made.inputs["interNodeCommunication"] == "Disabled"
    assert made.inputs["taskSlotsPerNode"] == 1
    assert default.one(PRIVATE, "nightly-machines").urn in made.depends_on
    assert machine(default)["diskEncryptionConfiguration"] == {"targets": ["TemporaryDisk"]}


def test_machines_run_containers_from_the_registry_with_the_tasks_identity(default: Graph) -> None:
    containers = machine(default)["containerConfiguration"]
    identity = default.one(POOL).inputs["identity"]["userAssignedIdentities"]
    assert containers["type"] == "DockerCompatible"
    assert containers["containerRegistries"] == [{"registryServer": "acmemodels.azurecr.io", "identityReference": {"resourceId": identity[0]}}]
    assert machine(default)["imageReference"]["offer"] == "ubuntu-hpc"
    assert machine(default)["nodeAgentSkuId"] == "batch.node.ubuntu 24.04"
    assert {"nightly-pull", "nightly-results", "nightly-artifacts"} & set(default.names(ROLE)) >= {"nightly-pull", "nightly-results"}
    assert default.one(ROLE, "nightly-pull").urn in default.one(POOL).depends_on


def test_there_is_a_machine_for_each_task_and_none_otherwise(default: Graph, tuned: Graph) -> None:
    scale = tuned.one(POOL).inputs["scaleSettings"]["autoScale"]
    assert scale == {"formula": formula(4, spot=True), "evaluationInterval": "PT5M"}
    assert "$TargetLowPriorityNodes = min($tasks, 4);\n$TargetDedicatedNodes = 0;" in scale["formula"]
    dedicated = default.one(POOL).inputs["scaleSettings"]["autoScale"]["formula"]
    assert "$TargetDedicatedNodes = min($tasks, 1);\n$TargetLowPriorityNodes = 0;" in dedicated
    assert dedicated.endswith("$NodeDeallocationOption = taskcompletion;")


def test_the_machine_has_what_a_task_asks_for(default: Graph, tuned: Graph) -> None:
    assert default.one(POOL).inputs["vmSize"] == "Standard_D2as_v4"
    assert tuned.one(POOL).inputs["vmSize"] == "Standard_NC4as_T4_v3"


def test_a_machine_of_premium_storage_is_never_chosen() -> None:
    assert pool(compute=ContainerCompute(cpu_millis=2000, memory_mib=7168)).one(POOL).inputs["vmSize"] == "Standard_D2as_v4"
    assert pool(compute=ContainerCompute(cpu_millis=8000, memory_mib=8192)).one(POOL).inputs["vmSize"] == "Standard_D32as_v4"


def test_another_machine_is_another_pool_and_another_model_is_not(default: Graph) -> None:
    name = default.one(POOL).inputs["poolName"]
    assert pool(compute=ContainerCompute(cpu_millis=4000)).one(POOL).inputs["poolName"] != name
    assert pool(environment=Environment.PRODUCTION).one(POOL).inputs["poolName"] != name
    assert pool(model=world.model("2", source=world.BLOB), tasks=5).one(POOL).inputs["poolName"] == name


def test_machines_are_in_zones_in_production(default: Graph) -> None:
    assert machine(default)["nodePlacementConfiguration"] == {"policy": "Regional"}
    assert machine(pool(environment=Environment.PRODUCTION))["nodePlacementConfiguration"] == {"policy": "Zonal"}


def test_spare_machines_are_the_subscriptions_own_with_a_vault_for_batch(default: Graph, tuned: Graph) -> None:
    account = tuned.one(ACCOUNT)
    assert account.inputs["poolAllocationMode"] == "UserSubscription"
    vault = tuned.one(VAULT, "nightly-batch")
    assert account.inputs["keyVaultReference"]["url"] == f"https://{vault.inputs['vaultName']}.vault.azure.net/"
    assert account.inputs["keyVaultReference"]["id"].endswith(vault.inputs["vaultName"])
    assert vault.inputs["properties"]["publicNetworkAccess"] == "disabled"
    role = tuned.one(ROLE, "nightly-batch")
    assert role.inputs["principalId"] == BATCH
    assert role.inputs["roleDefinitionId"].endswith("b86a8fe4-44ce-4948-aee5-eccb2c155cd7")
    assert role.urn in account.depends_on
    assert "nightly-vault" in tuned.names(DIAGNOSTICS)
    assert tuned.one(POOL).inputs["resourceTags"]["owner"] == "finance"
    assert "resourceTags" not in default.one(POOL).inputs


def test_submitters_may_put_jobs_in_and_no_more(default: Graph, tuned: Graph) -> None:
    role = tuned.one(ROLE, f"nightly-{world.CALLER}")
    assert role.inputs["roleDefinitionId"].endswith("48e5e92e-a480-4e71-aa9c-2778f4c13781")
    assert role.inputs["scope"].endswith(tuned.one(ACCOUNT).inputs["accountName"])
    assert "principalType" not in role.inputs
    assert not [each for each in default.all(ROLE) if "48e5e92e" in each.inputs["roleDefinitionId"]]


def test_the_script_puts_a_run_in(tuned: Graph, tmp_path: Path) -> None:
    said, files = run(tuned.outputs["start"], tmp_path)
    account, group = tuned.one(ACCOUNT).inputs["accountName"], tuned.outputs["resource_group"]
    assert said[0] == ["batch", "account", "login", "--name", account, "--resource-group", group]
    assert [each[:3] for each in said[1:]] == [["batch", "job", "create"], ["batch", "task", "create"], ["batch", "job", "set"]]
    started = said[2][4]
    assert said[3][3:] == ["--job-id", started, "--on-all-tasks-complete", "terminatejob"]

    assert files["job"]["id"] == started
    assert started.startswith("nightly-20")
    assert files["job"]["poolInfo"] == {"poolId": tuned.outputs["pool"]}
    assert files["job"]["maxParallelTasks"] == 4
    variables = {each["name"]: each["value"] for each in files["job"]["commonEnvironmentSettings"]}
    assert variables["WORKERS"] == "it's 4"
    assert variables["TASK_INDEX_VARIABLE"] == "TASK_INDEX"
    assert variables["TASK_COUNT"] == "8"
    assert variables["MODEL_VERSION"] == "2"
    assert variables["INPUT_URI"] == INPUT
    assert variables["RESULTS_URI"] == tuned.outputs["results"]
    assert variables["AZURE_CLIENT_ID"] == "the-client"

    tasks = files["tasks"]
    assert [each["id"] for each in tasks] == [str(number) for number in range(8)]
    assert [each["environmentSettings"] for each in tasks] == [[{"name": "TASK_INDEX", "value": str(number)}] for number in range(8)]
    assert tasks[0]["commandLine"] == "--mode 'very fast'"
    assert tasks[0]["containerSettings"]["imageName"] == world.IMAGE
    assert tasks[0]["containerSettings"]["workingDirectory"] == "containerImageDefault"
    assert tasks[0]["constraints"] == {"maxTaskRetryCount": 1, "maxWallClockTime": "PT60M", "retentionTime": "P1D"}
    assert tasks[0]["userIdentity"]["autoUser"]["elevationLevel"] == "nonadmin"
    printed = tasks[3]["outputFiles"][0]["destination"]["container"]
    assert (printed["containerUrl"], printed["path"]) == (tuned.outputs["results"], f"logs/{started}/3")
    assert printed["identityReference"]["resourceId"] == tuned.one(POOL).inputs["identity"]["userAssignedIdentities"][0]


def test_a_run_without_a_command_is_the_images_own(tmp_path: Path) -> None:
    runs = Runs("n", "a", "g", "p", "i", [], 1, 1, 0, 5, {}, "https://r", "/id")
    _, files = run(script(runs), tmp_path)
    assert files["tasks"][0]["commandLine"] == ""
    assert len(files["tasks"]) == 1


def test_a_command_that_fails_ends_the_script(tmp_path: Path) -> None:
    (tmp_path / "az").write_text('#!/bin/bash\necho "$@" >> "$SEEN"; exit 1\n')
    (tmp_path / "az").chmod(0o755)
    runs = Runs("n", "a", "g", "p", "i", [], 1, 1, 0, 5, {}, "https://r", "/id")
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SEEN": str(tmp_path / "seen")}
    done = subprocess.run(["bash"], input=script(runs), text=True, check=False, env=environment)
    assert done.returncode == 1
    assert (tmp_path / "seen").read_text() == "batch account login --name a --resource-group g\n"


def test_failures_are_heard_and_everything_is_logged(default: Graph, tuned: Graph) -> None:
    alarms = {each.name: each.inputs["criteria"]["allOf"][0] for each in default.all(ALARM)}
    assert {name: (rule["metricName"], rule["threshold"]) for name, rule in alarms.items()} == {
        "nightly-failed": ("TaskFailEvent", 0),
        "nightly-unusable": ("UnusableNodeCount", 0),
    }
    assert default.one(DIAGNOSTICS, "nightly-batch").inputs["logs"] == [{"categoryGroup": "allLogs", "enabled": True}]
    assert {"nightly-results", "nightly-models"} <= set(default.names(DIAGNOSTICS))
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 180


def test_cost_and_budget(default: Graph, tuned: Graph) -> None:
    # The time limit of an hour is shorter than the 90 minutes a task usually takes.
    assert tuned.outputs["monthly_cost"] == round(0.526 * 8, 2)
    assert tuned.one(BUDGET).inputs["amount"] == round(100 + 0.526 * 8, 2)
    assert default.outputs["monthly_cost"] == round(0.096 / 2, 2)
    assert pool(operations={"monthly_budget_usd": 70}).one(BUDGET).inputs["amount"] == 70


def test_outputs(default: Graph) -> None:
    assert default.outputs["account"] == f"https://{default.one(ACCOUNT).inputs['accountName']}.westeurope.batch.azure.com"
    assert default.outputs["model_version"] == "1"
    assert default.outputs["identity"] == "the-principal"
    assert default.outputs["database_grant"] == ""
    assert default.outputs["logs"].startswith("https://portal.azure.com/#resource/")
    connected = pool(database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"))
    assert "CREATE USER" in connected.outputs["database_grant"]
    assert "data.database.windows.net" in connected.outputs["start"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": Schedule(cron="0 3 * * *")}, "schedule: is nothing that Azure's API gives a pool"),
        ({"secrets": {"KEY": world.SECRET}}, "secrets: are not put into tasks by Azure Batch"),
        ({"spot": True}, "batch_service_id: is required with spot"),
        ({"batch_service_id": "Microsoft Azure Batch"}, "batch_service_id: 'Microsoft Azure Batch' is no object id"),
        ({"submitters": ["me@example.com"]}, r"submitters\[0\]: 'me@example.com' is no object id"),
        ({"tasks": 300, "network": Network()}, "parallelism: 300 tasks at a time are too many for the subnet"),
        ({"compute": ContainerCompute(gpus=8)}, "compute: Azure Batch has no machine with"),
        ({"network": world.ATTACHED}, "network.subnet_ids: has no number 4"),
        ({"input_uri": INPUT}, "input_account_id: is required"),
        ({"artifact_account_id": None}, "artifact_account_id: is required"),
        ({"registry_id": "acme"}, "registry_id: 'acme' is no ARM id"),
        ({"tags": {f"t{number}": "x" for number in range(60)}}, "tags"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]"),
        ({"key_vault_id": world.VAULT}, "key_vault_id: belongs to encryption.key"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureBatchPool 'nightly'.*{message}"):
        pool(**changes)
