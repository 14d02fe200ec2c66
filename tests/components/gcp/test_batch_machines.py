"""The batch on machines of its own: the machines, the request that a run is made with, and what each argument changes."""

import json
from typing import Any, cast

import pytest

from modeldeploy.gcp.batch_machines import GoogleBatchJobArgs
from modeldeploy.gcp.workflow import literal
from modeldeploy.spec import ContainerCompute, Encryption, Network
from modeldeploy.spec.arguments import ArgumentError, parse
from sandbox.models import discovery
from tests.components.gcp.batches import NIGHTLY, SCHEDULE, WORKFLOW, machines_graph
from tests.components.gcp.program import GIVEN_DATABASE, GIVEN_NETWORK, IMAGE, model
from tests.support.mocks import Graph

KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
MEMBER = "gcp:projects/iAMMember:IAMMember"
SECRET = "projects/shop-models/secrets/scoring/versions/3"
TASKS = "credit-stack@shop-models.iam.gserviceaccount.com"
TEMPLATE = "gcp:compute/instanceTemplate:InstanceTemplate"


def template(**arguments: Any) -> dict[str, Any]:
    return machines_graph(**arguments).one(TEMPLATE).inputs


def steps(graph: Graph) -> dict[str, Any]:
    return {name: step for each in json.loads(graph.one(WORKFLOW).inputs["sourceContents"])["main"]["steps"] for name, step in each.items()}


def job(**arguments: Any) -> dict[str, Any]:
    return steps(machines_graph(**arguments))["make"]["try"]["args"]["body"]


def task(**arguments: Any) -> dict[str, Any]:
    return job(**arguments)["taskGroups"][0]["taskSpec"]


# The run


def test_a_run_is_an_array_of_tasks_with_a_machine_each() -> None:
    group = job(tasks=200, parallelism=50)["taskGroups"][0]
    assert (group["taskCount"], group["parallelism"], group["taskCountPerNode"]) == ("200", "50", "1")
    # As many as Batch runs at the same time.
    many = job(tasks=10000)["taskGroups"][0]
    assert (many["taskCount"], many["parallelism"]) == ("10000", "5000")
    made = steps(machines_graph())["make"]["try"]
    # The name of the run is that of the workflow's execution: a request that is sent twice makes one.
    assert made["args"]["url"] == (
        '${"https://batch.googleapis.com/v1/projects/shop-models/locations/europe-west1/jobs?job_id=credit-" '
        '+ sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'
    )


def test_a_task_runs_the_container_for_its_time() -> None:
    found = task(command=["score", "--fast"], task_minutes=90, compute=ContainerCompute(cpu_millis=3000, memory_mib=9000))
    assert found["runnables"] == [{"container": {"imageUri": IMAGE, "commands": ["score", "--fast"]}}]
    assert found["maxRunDuration"] == "5400s"
    assert found["computeResource"] == {"cpuMilli": "3000", "memoryMib": "9000"}
    assert task()["runnables"] == [{"container": {"imageUri": IMAGE}}]


def test_a_task_is_told_its_number_the_model_and_where_results_go() -> None:
    environment = task(input_uri="gs://shop-records/today", secrets={"KEY_ID": SECRET}, database=GIVEN_DATABASE, tasks=8)["environment"]
    assert environment["variables"] == {
        "TASK_INDEX_VARIABLE": "BATCH_TASK_INDEX",
        "TASK_COUNT": "8",
        "MODEL_URI": "gs://shop-artifacts/pricing/1",
        "MODEL_VERSION": "1",
        "INPUT_URI": "gs://shop-records/today",
        "RESULTS_URI": "gs://credit-results-1a2b3c4/results",
        "DATABASE_HOST": "10.64.64.3",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "pricing",
        "DATABASE_USER": "credit-stack@shop-models.iam",
        "DATABASE_INSTANCE": "shop-models:europe-west1:prices",
    }
    assert environment["secretVariables"] == {"KEY_ID": SECRET}


def test_nothing_of_the_user_s_is_evaluated_by_the_workflow() -> None:
    found = task(model=model(environment={"PATTERN": 'a "${HOME}" b'}), command=["${x}"])
    assert found["environment"]["variables"]["PATTERN"] == '${"a \\"$" + "{HOME}\\" b"}'
    assert found["runnables"][0]["container"]["commands"] == ['${"$" + "{x}"}']
    assert literal("plain $HOME {x}") == "plain $HOME {x}"


@pytest.mark.parametrize(
    ("arguments", "retries"),
    [
        ({"retries": 2}, {"maxRetryCount": 2}),
        ({"retries": 0, "spot": False}, {"maxRetryCount": 0}),
        (
            {"retries": 0},
            {"maxRetryCount": 3, "lifecyclePolicies": [{"action": "RETRY_TASK", "actionCondition": {"exitCodes": [50001]}}]},
        ),
    ],
)
def test_tasks_are_tried_again_and_a_lost_machine_always(arguments: dict[str, Any], retries: dict[str, Any]) -> None:
    found = task(**arguments)
    assert {name: found[name] for name in ("maxRetryCount", "lifecyclePolicies") if name in found} == retries


def test_googles_own_model_of_the_api_takes_the_request() -> None:
    for arguments in ({"retries": 0}, {"compute": ContainerCompute(gpus=1), "secrets": {"KEY_ID": SECRET}}):
        given: dict[str, Any] = arguments
        assert unknown_fields("Job", job(**given)) == []


def unknown_fields(schema: str, value: Any) -> list[str]:
    """Fields of a request that the discovery document of Batch does not know, or values it does not list."""
    schemas = discovery.load("batch.v1").schemas
    return [*_unknown(schemas, schema, value)]


def _unknown(schemas: Any, name: str, value: dict[str, Any], path: str = "") -> list[str]:
    properties = schemas[name]["properties"]
    found: list[str] = []
    for key, each in value.items():
        here = f"{path}.{key}"
        if key not in properties:
            found.append(here)
            continue
        items = cast(list[Any], each) if isinstance(each, list) else [each]
        for item in items:
            kind = properties[key].get("items", properties[key])
            if "$ref" in kind:
                found += _unknown(schemas, kind["$ref"], item, here)
            if "enum" in kind and item not in kind["enum"]:
                found.append(f"{here}={item}")
    return found


def test_the_workflow_knows_the_states_of_a_batch() -> None:
    found = steps(machines_graph())
    assert found["read"] == {"assign": [{"state": "${answer.body.status.state}"}]}
    assert [each["condition"] for each in found["decide"]["switch"]] == [
        '${state in ["SUCCEEDED"]}',
        '${state in ["FAILED", "CANCELLED", "DELETION_IN_PROGRESS"]}',
    ]
    assert found["ask"]["try"]["args"]["url"] == '${"https://batch.googleapis.com/v1/" + made.body.name}'


# The machines


def test_machines_are_private_verified_and_under_the_key() -> None:
    graph = machines_graph(network=GIVEN_NETWORK)
    # A global template: not every version of Batch takes a regional one.
    made = graph.one(TEMPLATE).inputs
    [disk] = made["disks"]
    assert disk["diskEncryptionKey"] == {"kmsKeySelfLink": KEY}
    assert disk["sourceImage"] == "projects/batch-custom-image/global/images/family/batch-cos-stable-official"
    assert (disk["boot"], disk["autoDelete"], disk["diskType"], disk["diskSizeGb"]) == (True, True, "pd-balanced", 50)
    # No accessConfigs: no address on the internet.
    assert made["networkInterfaces"] == [{"network": GIVEN_NETWORK.id, "subnetwork": GIVEN_NETWORK.subnet_ids[0]}]
    assert made["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True}
    assert made["metadata"] == {"block-project-ssh-keys": "true", "enable-oslogin": "true", "serial-port-enable": "false"}
    assert made["serviceAccount"] == {"email": TASKS, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    assert (made["region"], made["canIpForward"]) == ("europe-west1", False)
    policy = job(network=GIVEN_NETWORK)["allocationPolicy"]
    assert policy["instances"] == [{"instanceTemplate": "credit-machine-id", "installGpuDrivers": False, "blockProjectSshKeys": True}]
    assert policy["serviceAccount"] == {"email": TASKS}
    assert policy["location"] == {"allowedLocations": ["regions/europe-west1"]}


def test_machines_are_spare_ones_unless_declined() -> None:
    assert template()["scheduling"] == {
        "provisioningModel": "SPOT",
        "preemptible": True,
        "automaticRestart": False,
        "onHostMaintenance": "TERMINATE",
        "instanceTerminationAction": "DELETE",
    }
    assert template(spot=False)["scheduling"] == {"provisioningModel": "STANDARD", "automaticRestart": True, "onHostMaintenance": "MIGRATE"}
    gpu = template(spot=False, compute=ContainerCompute(gpus=1))
    assert gpu["scheduling"]["onHostMaintenance"] == "TERMINATE"


@pytest.mark.parametrize(
    ("compute", "machine"),
    [
        (ContainerCompute(), "e2-standard-2"),
        (ContainerCompute(cpu_millis=2001), "e2-standard-4"),
        (ContainerCompute(memory_mib=32769), "e2-standard-16"),
        (ContainerCompute(gpus=1), "g2-standard-4"),
        (ContainerCompute(gpus=1, cpu_millis=5000), "g2-standard-8"),
    ],
)
def test_the_cheapest_machine_that_is_large_enough(compute: ContainerCompute, machine: str) -> None:
    assert template(compute=compute)["machineType"] == machine


def test_drivers_come_with_gpus() -> None:
    assert job(compute=ContainerCompute(gpus=1))["allocationPolicy"]["instances"][0]["installGpuDrivers"] is True


# Identities


def test_tasks_report_read_and_write_as_one_account() -> None:
    graph = machines_graph(input_uri="gs://shop-records/today")
    roles = {each.inputs["role"] for each in graph.all(MEMBER) if each.inputs["member"] == f"serviceAccount:{TASKS}"}
    assert roles == {"roles/batch.agentReporter", "roles/logging.logWriter"}
    granted = graph.all("gcp:storage/bucketIAMMember:BucketIAMMember")
    assert ("credit-results-1a2b3c4", "roles/storage.objectUser") in {(each.inputs["bucket"], each.inputs["role"]) for each in granted}
    pulls = graph.one("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember").inputs
    assert (pulls["repository"], pulls["member"]) == ("serving", f"serviceAccount:{TASKS}")
    assert graph.outputs["identity"] == TASKS


def test_the_workflow_may_make_runs_as_that_account_and_nothing_else() -> None:
    graph = machines_graph()
    role = graph.one("gcp:projects/iAMCustomRole:IAMCustomRole").inputs
    assert role["permissions"] == ["batch.jobs.create", "batch.jobs.get", "compute.instanceTemplates.get", "compute.instanceTemplates.useReadOnly"]
    acts = graph.one("gcp:serviceaccount/iAMMember:IAMMember").inputs
    assert acts["role"] == "roles/iam.serviceAccountUser"


def test_secrets_may_be_read_by_the_tasks() -> None:
    reader = machines_graph(secrets={"KEY_ID": SECRET}).one("gcp:secretmanager/secretIamMember:SecretIamMember").inputs
    assert (reader["secretId"], reader["member"]) == ("projects/shop-models/secrets/scoring", f"serviceAccount:{TASKS}")


# The rest


def test_a_schedule_starts_the_workflow() -> None:
    graph = machines_graph(schedule=NIGHTLY)
    assert graph.one(SCHEDULE).inputs["httpTarget"]["uri"].endswith("/workflows/made-1a2b3c4/executions")
    assert machines_graph().outputs["start"] == "gcloud workflows run made-1a2b3c4 --location=europe-west1 --project=shop-models"


def test_logs_are_the_workflow_s_and_its_runs() -> None:
    graph = machines_graph(network=GIVEN_NETWORK)
    assert graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == (
        '(resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="made-1a2b3c4") '
        'OR (resource.type="batch.googleapis.com/Job" AND labels."modeldeploy-name"="credit")'
    )
    assert job()["labels"]["modeldeploy-name"] == job()["allocationPolicy"]["labels"]["modeldeploy-name"] == "credit"


def test_the_services_that_store_something_may_use_the_key() -> None:
    grants = machines_graph(network=GIVEN_NETWORK).all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert sorted(each.name for each in grants) == ["credit-key-compute", "credit-key-logging", "credit-key-storage", "credit-key-workflows"]
    given = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    assert template(encryption=Encryption(key=given))["disks"][0]["diskEncryptionKey"] == {"kmsKeySelfLink": given}


def test_the_cost_counts_runs_tasks_and_machines_on_demand() -> None:
    # 30.44 runs x 4 tasks x 0.5 hours x 0.06701 dollars
    assert machines_graph(schedule=NIGHTLY, tasks=4).outputs["monthly_cost"] == pytest.approx(4.08)
    assert machines_graph(expected_minutes=600, task_minutes=60).outputs["monthly_cost"] == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": model(image="gcr.io/p/i@sha256:" + "a" * 64)}, "model.container.image: 'gcr.io/p/i"),
        ({"model": model("1", "s3://bucket/model")}, "model.source: 's3://bucket/model' cannot be read by Batch"),
        ({"model": model(environment={"BATCH_TASK_INDEX": "x"})}, "model.container.environment.BATCH_TASK_INDEX: begins with BATCH_"),
        ({"compute": ContainerCompute(memory_mib=70000)}, "compute: fits no machine that Batch is given here: e2-standard-2 (2 CPUs, 8 GiB, 0 GPUs)"),
        ({"compute": ContainerCompute(gpus=2)}, "compute: fits no machine"),
        ({"tasks": 9000, "parallelism": 6000}, "parallelism: 6000 is not allowed on Batch; use 5000 or less, or leave it out"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: has no effect"),
        ({"secrets": {"KEY_ID": "x"}}, "secrets.KEY_ID: 'x' is no version of a secret"),
        ({"billing_account": "x"}, "billing_account: 'x' is no billing account"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"model": model(), **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(GoogleBatchJobArgs, GoogleBatchJobArgs(**given), "GoogleBatchJob 'credit'")
    assert message in str(caught.value)
