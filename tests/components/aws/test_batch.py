"""Tasks on AWS Batch: what they are made of, and what each argument does to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.batch import AwsBatchJob, AwsBatchJobArgs
from modeldeploy.aws.network import SERVICES
from modeldeploy.spec import (
    ArgumentError,
    Container,
    ContainerCompute,
    DatabaseConnection,
    Encryption,
    Environment,
    Network,
    Operations,
    Schedule,
)
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, model, run, statements
from tests.support.mocks import Graph

ENVIRONMENT = "aws:batch/computeEnvironment:ComputeEnvironment"
QUEUE = "aws:batch/jobQueue:JobQueue"
DEFINITION = "aws:batch/jobDefinition:JobDefinition"
MACHINE = "aws:sfn/stateMachine:StateMachine"
SCHEDULE = "aws:scheduler/schedule:Schedule"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
NIGHTLY = Schedule(cron="0 3 * * 1-5", time_zone="Europe/Berlin")
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"])
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:feed-AbCdEf"
MACHINE_NAME = "scores-project-stack"


def arguments(folder: Path, **changes: Any) -> AwsBatchJobArgs:
    scored = changes.pop("model", None) or model(folder)
    given: dict[str, Any] = {"model": scored, "environment": Environment.DEVELOPMENT, **changes}
    return AwsBatchJobArgs(**given)


def deploy(folder: Path, **changes: Any) -> Graph:
    args = arguments(folder, **changes)

    def program() -> dict[str, Any]:
        made = AwsBatchJob("scores", args)
        return {name: getattr(made, name) for name in AwsBatchJob.__annotations__}

    return run(program)


@pytest.fixture
def plain(tmp_path: Path) -> Graph:
    return deploy(tmp_path, schedule=NIGHTLY)


def container(graph: Graph) -> dict[str, Any]:
    return json.loads(graph.one(DEFINITION).inputs["containerProperties"])


def variables(graph: Graph) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(graph)["environment"]}


def state(graph: Graph) -> dict[str, Any]:
    return json.loads(graph.one(MACHINE).inputs["definition"])["States"]["Run"]


def permissions(graph: Graph, *names: str) -> dict[str, dict[str, Any]]:
    """Statements by action."""
    granted = [each for name in names for each in statements(graph.one(ROLE_POLICY, f"scores-{name}").inputs["policy"])]
    return {action: each for each in granted for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])}


# --- what a task is


def test_a_task_runs_privately_on_fargate_with_its_size_its_time_and_the_customer_s_key(plain: Graph) -> None:
    definition, inside = plain.one(DEFINITION), container(plain)
    assert definition.inputs["platformCapabilities"] == ["FARGATE"]
    assert inside["image"] == IMAGE
    assert inside["resourceRequirements"] == [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    assert inside["networkConfiguration"] == {"assignPublicIp": "DISABLED"}
    assert inside["linuxParameters"] == {"initProcessEnabled": True}
    assert inside["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}
    assert definition.inputs["timeout"] == {"attemptDurationSeconds": 7200}
    assert definition.inputs["propagateTags"] is True
    logs = plain.one("aws:cloudwatch/logGroup:LogGroup", "scores-tasks").inputs
    assert (logs["kmsKeyId"], logs["retentionInDays"]) == (KEY, 90)
    assert inside["logConfiguration"]["options"] == {
        "awslogs-group": "group-made",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "pricing",
    }
    assert not {"command", "secrets", "ephemeralStorage", "privileged"} & inside.keys()


def test_size_command_time_and_disk_are_the_ones_asked_for(tmp_path: Path) -> None:
    graph = deploy(tmp_path, compute=ContainerCompute(cpu_millis=300, memory_mib=3000), command=["score", "--fast"], task_minutes=10, disk_gib=64)
    inside = container(graph)
    assert inside["resourceRequirements"] == [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "3072"}]
    assert inside["command"] == ["score", "--fast"]
    assert inside["ephemeralStorage"] == {"sizeInGiB": 64}
    assert graph.one(DEFINITION).inputs["timeout"] == {"attemptDurationSeconds": 600}


def test_a_task_finds_model_data_results_and_its_number(tmp_path: Path) -> None:
    scored = model(tmp_path, container=Container(image=IMAGE, environment={"THREADS": "2"}))
    graph = deploy(tmp_path, tasks=12, input_uri="s3://team-data/orders/", model=scored)
    key = graph.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["key"]
    assert variables(graph) == {
        "MODEL_URI": f"s3://bucket-made/{key}",
        "MODEL_VERSION": "1",
        "INPUT_URI": "s3://team-data/orders/",
        "RESULTS_URI": "s3://bucket-made/results/",
        "TASK_COUNT": "12",
        "TASK_INDEX_VARIABLE": "AWS_BATCH_JOB_ARRAY_INDEX",
        "THREADS": "2",
    }


def test_a_single_task_has_the_number_0(plain: Graph) -> None:
    found = variables(plain)
    assert found[found["TASK_INDEX_VARIABLE"]] == "0"
    assert found["TASK_COUNT"] == "1"
    assert "INPUT_URI" not in found


def test_a_database_is_told_and_may_be_entered(tmp_path: Path) -> None:
    graph = deploy(tmp_path, database=DATABASE)
    assert variables(graph)["DATABASE_HOST"] == "data.example"
    assert variables(graph)["DATABASE_USER"] == "scores"
    assert permissions(graph, "database")["rds-db:connect"]["Resource"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/scores"
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER scores;")
    assert "scores-model-database" in graph.names("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_secrets_come_from_the_vault_and_only_these(tmp_path: Path) -> None:
    graph = deploy(tmp_path, secrets={"FEED_KEY": f"{SECRET}:key::"})
    assert container(graph)["secrets"] == [{"name": "FEED_KEY", "valueFrom": f"{SECRET}:key::"}]
    granted = permissions(graph, "start")
    assert granted["secretsmanager:GetSecretValue"]["Resource"] == [SECRET]
    assert granted["kms:Decrypt"]["Resource"] == KEY
    services = graph.names("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert "scores-network-secretsmanager" in services
    assert graph.outputs["monthly_cost"] == pytest.approx(1 + 2 * 7.3 * (len(SERVICES) + 1) + 0.02, abs=0.01)


# --- machines


def test_spare_machines_are_tried_first_then_others_and_neither_is_public(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tasks=10, compute=ContainerCompute(cpu_millis=250, memory_mib=512))
    resources = {each.inputs["computeResources"]["type"]: each.inputs["computeResources"] for each in graph.all(ENVIRONMENT)}
    assert set(resources) == {"FARGATE_SPOT", "FARGATE"}
    for each in resources.values():
        # Ten quarters of a CPU, rounded up.
        assert each["maxVcpus"] == 3
        assert each["subnets"] == ["scores-network-private-1-id", "scores-network-private-2-id"]
        assert each["securityGroupIds"] == ["scores-model-id"]
    assert graph.one(QUEUE).inputs["computeEnvironmentOrders"] == [
        {"order": 1, "computeEnvironment": "arn:FARGATE_SPOT"},
        {"order": 2, "computeEnvironment": "arn:FARGATE"},
    ]


@pytest.mark.parametrize(
    ("changes", "kinds", "most"),
    [
        ({"tasks": 4}, ["FARGATE", "FARGATE_SPOT"], 4),
        ({"tasks": 4, "spot": False}, ["FARGATE"], 4),
        # Two kinds of machines would have a limit each, and run twice as many.
        ({"tasks": 4, "parallelism": 2}, ["FARGATE_SPOT"], 2),
        ({"tasks": 4, "parallelism": 2, "spot": False}, ["FARGATE"], 2),
        ({"tasks": 4, "parallelism": 4, "spot": True}, ["FARGATE", "FARGATE_SPOT"], 4),
    ],
)
def test_no_more_tasks_run_at_once_than_allowed(tmp_path: Path, changes: dict[str, Any], kinds: list[str], most: int) -> None:
    made = [each.inputs["computeResources"] for each in deploy(tmp_path, **changes).all(ENVIRONMENT)]
    assert sorted(each["type"] for each in made) == kinds
    assert {each["maxVcpus"] for each in made} == {most}


def test_tasks_that_can_never_start_do_not_wait_for_ever(plain: Graph) -> None:
    actions = plain.one(QUEUE).inputs["jobStateTimeLimitActions"]
    assert {each["reason"] for each in actions} == {
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    }
    assert {(each["action"], each["state"], each["maxTimeSeconds"]) for each in actions} == {("CANCEL", "RUNNABLE", 3600)}


@pytest.mark.parametrize(
    ("changes", "strategy"),
    [
        ({}, {"attempts": 4}),
        ({"retries": 9}, {"attempts": 10}),
        ({"retries": 0, "spot": False}, {"attempts": 1}),
        (
            {"retries": 0},
            {
                "attempts": 10,
                "evaluateOnExits": [
                    {"action": "RETRY", "onStatusReason": "Your Spot Task was interrupted*"},
                    {"action": "EXIT", "onReason": "*"},
                ],
            },
        ),
    ],
)
def test_what_is_tried_again(tmp_path: Path, changes: dict[str, Any], strategy: dict[str, Any]) -> None:
    assert deploy(tmp_path, **changes).one(DEFINITION).inputs["retryStrategy"] == strategy


# --- runs


def test_a_run_is_one_job_of_the_newest_revision_and_waits_for_its_end(plain: Graph) -> None:
    assert state(plain) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {"JobName": "scores", "JobQueue": "arn:job-queue", "JobDefinition": "definition-made"},
        "TimeoutSeconds": 4 * 7200 + 86400,
        "End": True,
    }


def test_several_tasks_are_an_array_and_a_run_has_time_for_all(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tasks=5, parallelism=2, task_minutes=10, retries=1)
    assert state(graph)["Parameters"]["ArrayProperties"] == {"Size": 5}
    assert state(graph)["TimeoutSeconds"] == 3 * 2 * 600 + 86400
    longest = deploy(tmp_path, tasks=10000, parallelism=1, task_minutes=1440, retries=9)
    assert state(longest)["TimeoutSeconds"] == 365 * 86400


def test_it_runs_at_its_times_in_its_time_zone(plain: Graph) -> None:
    inputs = plain.one(SCHEDULE).inputs
    assert (inputs["scheduleExpression"], inputs["scheduleExpressionTimezone"]) == ("cron(0 3 ? * MON-FRI *)", "Europe/Berlin")
    assert inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert inputs["kmsKeyArn"] == KEY
    assert inputs["groupName"] == "group-made"
    target = inputs["target"]
    assert (target["arn"], target["input"]) == (f"arn:machine:{MACHINE_NAME}", "{}")
    assert target["deadLetterConfig"] == {"arn": "arn:queue"}
    assert target["retryPolicy"] == {"maximumRetryAttempts": 5, "maximumEventAgeInSeconds": 3600}


def test_without_times_nothing_starts_it_by_itself(tmp_path: Path) -> None:
    graph = deploy(tmp_path)
    assert not graph.all(SCHEDULE)
    assert not graph.all("aws:scheduler/scheduleGroup:ScheduleGroup")
    assert graph.outputs["start"] == f"aws stepfunctions start-execution --region {REGION} --state-machine-arn arn:machine:{MACHINE_NAME}"


def test_runs_are_logged_traced_and_encrypted(plain: Graph) -> None:
    inputs = plain.one(MACHINE).inputs
    assert inputs["encryptionConfiguration"] == {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": KEY, "kmsDataKeyReusePeriodSeconds": 300}
    logs = plain.one("aws:cloudwatch/logGroup:LogGroup", "scores-runs").inputs
    assert logs["name"] == f"/aws/vendedlogs/states/{MACHINE_NAME}"
    assert (logs["kmsKeyId"], logs["retentionInDays"]) == (KEY, 90)
    assert inputs["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "logDestination": f"arn:logs:/aws/vendedlogs/states/{MACHINE_NAME}:*",
    }
    assert inputs["tracingConfiguration"] == {"enabled": True}
    (delivery,) = [each for each in statements(plain.one("aws:kms/key:Key").inputs["policy"]) if each["Sid"] == "LogsOfStateMachines"]
    assert delivery["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert delivery["Action"] == "kms:Decrypt"
    assert delivery["Condition"] == {"StringLike": {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}


def test_starts_that_were_given_up_are_kept_and_told(plain: Graph) -> None:
    queue = plain.one("aws:sqs/queue:Queue").inputs
    assert (queue["kmsMasterKeyId"], queue["messageRetentionSeconds"]) == (KEY, 1209600)
    (denied,) = statements(plain.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    alarms = {each.name: each.inputs for each in plain.all(ALARM)}
    assert {name: (each["metricName"], each["statistic"], each["dimensions"]) for name, each in alarms.items()} == {
        "scores-failed": ("ExecutionsFailed", "Sum", {"StateMachineArn": f"arn:machine:{MACHINE_NAME}"}),
        "scores-late": ("ExecutionsTimedOut", "Sum", {"StateMachineArn": f"arn:machine:{MACHINE_NAME}"}),
        "scores-not-started": ("ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": "queue-made"}),
    }
    for each in alarms.values():
        assert (each["threshold"], each["evaluationPeriods"], each["period"], each["alarmActions"]) == (0, 1, 300, ["arn:topic"])


# --- permissions


def test_tasks_may_read_their_model_and_their_data_and_write_results_and_nothing_else(tmp_path: Path) -> None:
    granted = permissions(deploy(tmp_path, input_uri="s3://team-data/orders/"), "data")
    assert set(granted) == {
        "s3:GetObject",
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "s3:ListBucket",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
    }
    everything = statements(deploy(tmp_path, input_uri="s3://team-data/orders/").one(ROLE_POLICY, "scores-data").inputs["policy"])
    reads = [each["Resource"] for each in everything if each["Action"] == "s3:GetObject"]
    assert reads[0][0].startswith("arn:aws:s3:::bucket-made/models/pricing/1/")
    assert reads[1] == "arn:aws:s3:::team-data/orders/*"
    assert granted["s3:PutObject"]["Resource"] == "arn:aws:s3:::bucket-made/*"
    listing = [each for each in everything if each["Action"] == "s3:ListBucket" and each["Resource"] == "arn:aws:s3:::team-data"]
    assert [each["Condition"] for each in listing] == [{"StringLike": {"s3:prefix": ["orders/*"]}}]
    assert not any(each["Resource"] == "*" for each in everything)


def test_a_whole_bucket_may_be_what_is_scored(tmp_path: Path) -> None:
    everything = statements(deploy(tmp_path, input_uri="s3://team-data").one(ROLE_POLICY, "scores-data").inputs["policy"])
    assert {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-data/*"} in everything
    assert {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::team-data"} in everything


def test_what_starts_a_task_may_pull_its_image_and_write_its_logs(plain: Graph) -> None:
    granted = permissions(plain, "image", "start")
    assert granted["ecr:BatchGetImage"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/pricing"]
    assert granted["logs:PutLogEvents"]["Resource"] == "arn:logs:group-made:*"
    assert {action for action, each in granted.items() if each["Resource"] == "*"} == {"ecr:GetAuthorizationToken"}
    assert "secretsmanager:GetSecretValue" not in granted
    assert "kms:Decrypt" not in granted
    definition = plain.one(DEFINITION)
    assert {plain.one(ROLE_POLICY, f"scores-{each}").urn for each in ("image", "start", "data")} <= definition.depends_on


def test_what_runs_the_batch_may_submit_this_job_and_wait_for_it(plain: Graph) -> None:
    granted = permissions(plain, "runs-platform", "runs-work")
    assert granted["batch:SubmitJob"]["Resource"] == ["arn:job-queue", "arn:definition", "arn:definition:*"]
    assert granted["batch:TerminateJob"]["Resource"] == f"arn:aws:batch:{REGION}:{ACCOUNT}:job/*"
    assert granted["events:PutRule"]["Resource"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForBatchJobsRule"
    assert {action for action, each in granted.items() if each["Resource"] == "*"} == {
        "batch:DescribeJobs",
        *(f"logs:{each}LogDelivery" for each in ("Create", "Get", "Update", "Delete")),
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
        *(f"xray:{each}" for each in ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")),
    }
    assert granted["kms:Decrypt"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE_NAME}"}
    }
    last = statements(plain.one(ROLE_POLICY, "scores-runs-work").inputs["policy"])[-1]
    assert last["Condition"] == {"StringLike": {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}
    machine = plain.one(MACHINE)
    assert {plain.one(ROLE_POLICY, f"scores-runs-{each}").urn for each in ("platform", "work")} <= machine.depends_on


def test_the_schedule_may_start_the_runs_and_put_dead_letters_aside(plain: Graph) -> None:
    granted = permissions(plain, "schedule")
    assert {action: each["Resource"] for action, each in granted.items()} == {
        "states:StartExecution": f"arn:machine:{MACHINE_NAME}",
        "sqs:SendMessage": "arn:queue",
        "kms:Decrypt": KEY,
        "kms:GenerateDataKey": KEY,
    }
    assert plain.one(ROLE_POLICY, "scores-schedule").urn in plain.one(SCHEDULE).depends_on


def test_every_role_is_for_its_service_in_this_account(plain: Graph) -> None:
    services: dict[str, str] = {}
    for each in plain.all("aws:iam/role:Role"):
        (trust,) = statements(each.inputs["assumeRolePolicy"])
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        services[each.name] = trust["Principal"]["Service"]
    assert services == {
        "scores-start": "ecs-tasks.amazonaws.com",
        "scores-task": "ecs-tasks.amazonaws.com",
        "scores-runs": "states.amazonaws.com",
        "scores-schedule": "scheduler.amazonaws.com",
        "scores-network-flows": "vpc-flow-logs.amazonaws.com",
    }


# --- results, protection, operations


def test_results_are_private_encrypted_and_go_after_their_days(tmp_path: Path) -> None:
    graph = deploy(tmp_path, results_days=30)
    rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "scores-results").inputs["rules"]
    assert {each["id"]: each.get("expiration") for each in rules} == {"old-versions-and-broken-uploads": None, "results": {"days": 30}}
    assert graph.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "scores-results").inputs["restrictPublicBuckets"] is True
    assert graph.outputs["results"] == "s3://bucket-made/results/"
    models = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "scores-models").inputs["rules"]
    assert [each["id"] for each in models] == ["old-versions-and-broken-uploads"]


def test_production_keeps_its_buckets_and_its_key(tmp_path: Path) -> None:
    protected = {each.name for each in deploy(tmp_path, environment=Environment.PRODUCTION).registrations if each.options.protect}
    assert protected == {"scores-key", "scores-models", "scores-results"}
    assert not any(each.options.protect for each in deploy(tmp_path).registrations)


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tags={"team": "x"}, schedule=NIGHTLY)
    without = ("RouteTableAssociation", "RolePolicy", "Dashboard", "TopicPolicy", "QueuePolicy", "schedule:Schedule")
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2")
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_components_are_parents_of_what_they_made(plain: Graph) -> None:
    made, network = plain.one("modeldeploy:index:AwsBatchJob"), plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not made} == {made.urn, network.urn}


def test_a_given_key_and_network_are_used(tmp_path: Path) -> None:
    given = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given"
    graph = deploy(tmp_path, encryption=Encryption(key=given), network=GIVEN)
    assert not graph.all("aws:kms/key:Key")
    assert not graph.all("aws:ec2/vpc:Vpc")
    assert graph.one("aws:sqs/queue:Queue").inputs["kmsMasterKeyId"] == given
    assert graph.all(ENVIRONMENT)[0].inputs["computeResources"]["subnets"] == ["subnet-a", "subnet-b"]


def test_the_dashboard_shows_runs_and_errors(plain: Graph) -> None:
    widgets = json.loads(plain.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    assert [each["properties"]["title"] for each in widgets] == ["Runs", "Time of a run (milliseconds)", "Starts given up", "Errors in the logs"]
    shown = [line[1] for each in widgets[:3] for line in each["properties"]["metrics"]]
    assert {"ExecutionsSucceeded", "ExecutionsFailed", "ExecutionTime", "ApproximateNumberOfMessagesVisible"} <= set(shown)
    assert "SOURCE 'group-made'" in widgets[3]["properties"]["query"]
    assert plain.outputs["dashboard_url"].endswith("#dashboards:name=scores-project-stack")


def test_cost_is_that_of_the_runs_on_schedule(tmp_path: Path) -> None:
    fixed = 1 + 2 * 7.3 * len(SERVICES)
    hourly = 0.04937
    daily = Schedule(cron="0 3 * * *")
    assert deploy(tmp_path).outputs["monthly_cost"] == pytest.approx(fixed + hourly / 2, abs=0.01)
    graph = deploy(tmp_path, schedule=daily, tasks=100, expected_minutes=60)
    assert graph.outputs["monthly_cost"] == pytest.approx(fixed + hourly * 100 * 30.44, abs=0.5)
    assert graph.one("aws:budgets/budget:Budget").inputs["limitAmount"] == f"{int(graph.outputs['monthly_cost']) + 1}.0"
    # A time limit that is shorter counts instead.
    shorter = deploy(tmp_path, schedule=daily, tasks=100, expected_minutes=60, task_minutes=30)
    assert shorter.outputs["monthly_cost"] == pytest.approx(fixed + hourly * 50 * 30.44, abs=0.5)
    given = deploy(tmp_path, network=GIVEN, encryption=Encryption(key=KEY), operations=Operations(monthly_budget_usd=7))
    assert given.outputs["monthly_cost"] == 0.02
    assert given.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "7.0"


def test_a_model_in_s3_stays_where_it_is_and_another_registry_needs_no_permission(tmp_path: Path) -> None:
    image = "registry.example.com/team/pricing@sha256:" + "b" * 64
    graph = deploy(tmp_path, model=model(tmp_path, source="s3://team-models/pricing/1/", container=Container(image=image)))
    assert variables(graph)["MODEL_URI"] == "s3://team-models/pricing/1/"
    assert "scores-image" not in graph.names(ROLE_POLICY)


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compute": ContainerCompute(gpus=1)}, "compute.gpus: 1 is not allowed: Fargate has no GPUs; use SageMakerBatchTransform or a Kubernetes"),
        ({"input_uri": "gs://data/"}, "input_uri: 'gs://data/' is no folder in S3; write s3://<bucket>/<folder>/"),
        ({"secrets": {"FEED": "feed"}}, "secrets.FEED: 'feed' is not the ARN of a secret in Secrets Manager"),
        ({"network": Network(id="vpc-1", subnet_ids=["s"], callers=["10.0.0.0/8"])}, "network.callers: excludes network.id"),
        ({"encryption": Encryption(key="alias/x")}, "encryption.key: 'alias/x' is not the ARN of a KMS key"),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: has no effect on a batch"),
        ({"disk_gib": 19}, "disk_gib: 19 is not allowed; use 20 to 200"),
        ({"disk_gib": 201}, "disk_gib: 201 is not allowed; use 20 to 200"),
        ({"tasks": 0}, "tasks: 0 is not allowed; use 1 to 10000"),
        ({"secrets": {"TASK_COUNT": SECRET}}, "secrets.TASK_COUNT: is set by the component; use another name"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(AwsBatchJobArgs, arguments(tmp_path, **changes), "AwsBatchJob 'scores'")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "variable", "message"),
    [
        ("gs://models/1", "X", "model.source: 'gs://models/1' cannot be read by AWS Batch; allowed: s3://, or a local path"),
        ("s3://models/1", "MODEL_URI", "model.container.environment.MODEL_URI: is set by the component; use another name"),
        ("s3://models/1", "AWS_BATCH_X", "model.container.environment.AWS_BATCH_X: begins with AWS_BATCH, which AWS Batch keeps for itself"),
        ("s3://models/1", "DATABASE_HOST", "model.container.environment.DATABASE_HOST: excludes database: it is set from there"),
    ],
)
def test_models_are_refused(tmp_path: Path, source: str, variable: str, message: str) -> None:
    scored = model(tmp_path, source=source, container=Container(image=IMAGE, environment={variable: "1"}))
    with pytest.raises(ArgumentError) as caught:
        parse(AwsBatchJobArgs, arguments(tmp_path, model=scored, database=DATABASE), "AwsBatchJob 'scores'")
    assert message in str(caught.value)


def test_a_name_that_leaves_no_room_is_refused_before_anything_is_registered(tmp_path: Path) -> None:
    args = arguments(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match="is no name for it; allowed: 1 to 40 lower-case letters"):
            AwsBatchJob("a" * 41, args)

    assert not run(program).registrations
