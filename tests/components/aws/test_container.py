"""The Fargate service: what it is made of, and what each argument does to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.architecture import Architecture
from modeldeploy.aws.balancer import GUARDED, SHARED, version_priority
from modeldeploy.aws.container import FargateService, FargateServiceArgs
from modeldeploy.aws.container_scaling import ContainerTargets
from modeldeploy.aws.ecs import ContainerGuardrails
from modeldeploy.spec import (
    ArgumentError,
    Container,
    ContainerCompute,
    DatabaseConnection,
    Encryption,
    Environment,
    Operations,
    ReplicaScaling,
    Rollout,
    WebAccess,
)
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, OUTPUTS, REGION, model, run, statements
from tests.components.aws.web import (
    ALARM,
    CANARY,
    DOMAIN,
    EGRESS,
    ENDPOINT,
    INGRESS,
    LOGS,
    ROLE,
    ROLE_POLICY,
    RULE,
    SECRET,
    SERVICE,
    TARGETS,
    TASK,
    deploy_service,
    service_args,
)
from tests.support.mocks import Graph, Registration

CLUSTER = "aws:ecs/cluster:Cluster"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return deploy_service(service_args(tmp_path_factory.mktemp("plain")))


def deploy(folder: Path, **changes: Any) -> Graph:
    return deploy_service(service_args(folder, **changes))


def container(graph: Graph, version: str = "1") -> dict[str, Any]:
    (only,) = json.loads(graph.one(TASK, f"pricing-v{version}").inputs["containerDefinitions"])
    return only


def environment(graph: Graph, version: str = "1") -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(graph, version)["environment"]}


def permissions(graph: Graph, name: str) -> list[dict[str, Any]]:
    return statements(graph.one(ROLE_POLICY, f"pricing-{name}").inputs["policy"])


def weights(rule: Registration) -> list[int]:
    return [each["weight"] for each in rule.inputs["actions"][-1]["forward"]["targetGroups"]]


# --- security defaults


def test_the_container_is_not_root_and_can_write_to_memory_only(plain: Graph) -> None:
    made = container(plain)
    assert made["user"] == "1000:1000"
    assert made["readonlyRootFilesystem"] is True
    assert made["privileged"] is False
    parameters = made["linuxParameters"]
    assert parameters["capabilities"] == {"drop": ["ALL"]}
    assert parameters["tmpfs"] == [{"containerPath": "/tmp", "size": 512, "mountOptions": ["mode=1777", "nosuid", "nodev"]}]


def test_nobody_opens_a_shell_and_no_replica_has_a_public_address(plain: Graph) -> None:
    inputs = plain.one(SERVICE).inputs
    assert inputs["enableExecuteCommand"] is False
    assert inputs["networkConfiguration"] == {
        "subnets": ["pricing-network-private-1-id", "pricing-network-private-2-id"],
        "securityGroups": ["pricing-model-id"],
        "assignPublicIp": False,
    }


def test_requests_come_from_the_load_balancer_only_on_the_container_s_port(plain: Graph) -> None:
    (rule,) = [each.inputs for each in plain.all(INGRESS) if each.inputs["securityGroupId"] == "pricing-model-id"]
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("pricing-balancer-id", 8080, 8080)
    out = {each.name: each.inputs for each in plain.all(EGRESS) if each.inputs["securityGroupId"] == "pricing-balancer-id"}
    assert {name: (each["referencedSecurityGroupId"], each["fromPort"]) for name, each in out.items()} == {
        "pricing-model-8080": ("pricing-model-id", 8080)
    }


def test_what_starts_the_container_and_the_container_have_roles_of_their_own(plain: Graph) -> None:
    task = plain.one(TASK).inputs
    assert (task["executionRoleArn"], task["taskRoleArn"]) == (
        "arn:role:Starts the containers of pricing",
        "arn:role:What the model pricing may do",
    )
    for role in ("start", "task"):
        (trust,) = statements(plain.one(ROLE, f"pricing-{role}").inputs["assumeRolePolicy"])
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_container_may_read_its_artifact_and_nothing_else(plain: Graph) -> None:
    granted = {str(each["Action"]): each["Resource"] for each in permissions(plain, "data")}
    (arn,) = granted.pop("s3:GetObject")
    assert arn.startswith("arn:aws:s3:::bucket-made/models/pricing/1/")
    assert granted.pop("s3:ListBucket", "arn:aws:s3:::bucket-made") == "arn:aws:s3:::bucket-made"
    assert granted == {"['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey']": KEY}
    assert permissions(plain, "image")[0]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/pricing"]
    (logs,) = permissions(plain, "start")
    assert logs == {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:logs:group-made:*"}


def test_a_task_is_defined_after_its_roles_may_do_what_it_needs(plain: Graph) -> None:
    assert {plain.one(ROLE_POLICY, f"pricing-{each}").urn for each in ("image", "start", "data")} <= plain.one(TASK).depends_on


def test_disks_logs_models_and_alarms_are_encrypted_with_the_customer_s_key(plain: Graph) -> None:
    storage = plain.one(CLUSTER).inputs["configuration"]["managedStorageConfiguration"]
    assert storage == {"fargateEphemeralStorageKmsKeyId": KEY}
    assert all(each.inputs["kmsKeyId"] == KEY for each in plain.all(LOGS))
    assert plain.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["kmsKeyId"] == KEY
    assert plain.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY


def test_fargate_uses_the_key_for_this_cluster_s_disks_only(plain: Graph) -> None:
    allowed = {each["Sid"]: each for each in statements(plain.one("aws:kms/key:Key").inputs["policy"]) if each["Sid"].startswith("Fargate")}
    here = {"kms:EncryptionContext:aws:ecs:clusterAccount": ACCOUNT, "kms:EncryptionContext:aws:ecs:clusterName": "pricing-project-stack"}
    assert plain.one(CLUSTER).inputs["name"] == "pricing-project-stack"
    assert {name: each["Action"] for name, each in allowed.items()} == {
        "FargateEncryptsDisks": "kms:GenerateDataKeyWithoutPlaintext",
        "FargateReadsDisks": "kms:CreateGrant",
    }
    assert all(each["Principal"] == {"Service": "fargate.amazonaws.com"} for each in allowed.values())
    assert all(each["Condition"]["StringEquals"] == here for each in allowed.values())
    assert allowed["FargateReadsDisks"]["Condition"]["ForAllValues:StringEquals"] == {"kms:GrantOperations": ["Decrypt"]}


def test_secrets_are_put_in_by_reference_when_a_replica_starts(tmp_path: Path) -> None:
    graph = deploy(tmp_path, secrets={"PRICES_TOKEN": f"{SECRET}:token::"})
    assert container(graph)["secrets"] == [{"name": "PRICES_TOKEN", "valueFrom": f"{SECRET}:token::"}]
    assert "PRICES_TOKEN" not in environment(graph)
    granted = {each["Action"]: each["Resource"] for each in permissions(graph, "start") if isinstance(each["Action"], str)}
    assert granted == {"secretsmanager:GetSecretValue": [SECRET], "kms:Decrypt": KEY}
    services = {each.inputs["serviceName"].split(".", 3)[3] for each in graph.all(ENDPOINT)}
    assert {"secretsmanager", "ecr.api", "ecr.dkr", "logs", "s3", "execute-api"} <= services


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tags={"team": "x"}, guardrails=ContainerGuardrails())
    without = (
        *("RouteTableAssociation", "RolePolicy", "RolePolicyAttachment", "Dashboard", "TopicPolicy", "appautoscaling/policy:Policy"),
        *("ClusterCapacityProviders", "apigateway/account:Account", "Resource", "Method", "MethodSettings", "Integration", "Deployment"),
        *("RestApiPolicy", "BasePathMapping"),
    )
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2")
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_components_are_parents_of_what_they_made(plain: Graph) -> None:
    service = plain.one("modeldeploy:index:FargateService")
    network = plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not service} == {service.urn, network.urn}


def test_replicas_start_when_the_network_reaches_images_and_logs(plain: Graph) -> None:
    assert {each.urn for each in plain.all(ENDPOINT)} <= plain.one(SERVICE).depends_on


# --- what it serves


def test_the_container_finds_its_model_by_address_and_version(plain: Graph) -> None:
    key = plain.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["key"]
    assert environment(plain) == {"MODEL_URI": f"s3://bucket-made/{key}", "MODEL_VERSION": "1"}
    assert container(plain)["image"] == IMAGE


def test_it_is_told_about_the_database_and_may_log_in(tmp_path: Path) -> None:
    graph = deploy(tmp_path, database=DATABASE)
    told = environment(graph)
    assert (told["DATABASE_HOST"], told["DATABASE_USER"], told["DATABASE_NAME"]) == ("data.example", "pricing", "pricing")
    (login,) = permissions(graph, "database")
    assert login["Resource"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/pricing"
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER pricing;")
    assert any(each.inputs["fromPort"] == 5432 for each in graph.all(EGRESS))


def test_the_size_is_the_smallest_that_fargate_has(tmp_path: Path) -> None:
    task = deploy(tmp_path, compute=ContainerCompute(cpu_millis=1500, memory_mib=5000)).one(TASK).inputs
    assert (task["cpu"], task["memory"]) == ("2048", "5120")
    assert (task["networkMode"], task["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert task["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}


def test_graviton_user_and_scratch_are_arguments(tmp_path: Path) -> None:
    graph = deploy(tmp_path, architecture=Architecture.ARM64, user="2000", scratch_mib=1024)
    assert graph.one(TASK).inputs["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert container(graph)["user"] == "2000"
    assert container(graph)["linuxParameters"]["tmpfs"][0]["size"] == 1024


def test_the_container_s_port_and_health_path_are_asked(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, container=Container(image=IMAGE, port=8000, health_path="/health"))])
    targets = graph.one(TARGETS).inputs
    assert (targets["port"], targets["targetType"], targets["healthCheck"]["path"]) == (8000, "ip", "/health")
    assert container(graph)["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    assert graph.one(SERVICE).inputs["loadBalancers"][0]["containerPort"] == 8000


def test_a_replica_that_goes_ends_what_it_has_begun(tmp_path: Path) -> None:
    graph = deploy(tmp_path, request_seconds=200, start_seconds=300)
    assert graph.one(TARGETS).inputs["deregistrationDelay"] == 200
    assert container(graph)["stopTimeout"] == 120
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["idleTimeout"] == 205
    assert graph.one(SERVICE).inputs["healthCheckGracePeriodSeconds"] == 300


# --- replicas


def test_replicas_belong_to_the_autoscaler(plain: Graph) -> None:
    service = plain.one(SERVICE)
    assert service.inputs["desiredCount"] == 2
    assert list(service.options.ignoreChanges) == ["desiredCount"]
    target = plain.one(TARGET)
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (2, 10)
    assert target.inputs["resourceId"] == "service/pricing-project-stack/service-made"
    assert service.urn in target.depends_on


def test_they_follow_cpu_memory_and_requests(plain: Graph) -> None:
    tracked = {each.name: each.inputs["targetTrackingScalingPolicyConfiguration"] for each in plain.all(POLICY)}
    assert {name: each["targetValue"] for name, each in tracked.items()} == {
        "pricing-v1-cpu": 70,
        "pricing-v1-memory": 80,
        "pricing-v1-requests": 1000,
    }
    assert {(each["scaleOutCooldown"], each["scaleInCooldown"]) for each in tracked.values()} == {(60, 300)}
    assert tracked["pricing-v1-requests"]["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": "app/made/1/targetgroup/made/2",
    }


def test_targets_and_bounds_are_arguments(tmp_path: Path) -> None:
    targets = ContainerTargets(cpu_percent=50, memory_percent=60, requests_per_minute=70, scale_out_seconds=30, scale_in_seconds=600)
    graph = deploy(tmp_path, targets=targets, scaling=ReplicaScaling(minimum=3, maximum=3))
    tracked = [each.inputs["targetTrackingScalingPolicyConfiguration"] for each in graph.all(POLICY)]
    assert sorted(each["targetValue"] for each in tracked) == [50, 60, 70]
    assert {(each["scaleOutCooldown"], each["scaleInCooldown"]) for each in tracked} == {(30, 600)}
    # A fixed number is an autoscaler with equal bounds.
    assert (graph.one(TARGET).inputs["minCapacity"], graph.one(TARGET).inputs["maxCapacity"]) == (3, 3)


def test_spare_machines_take_a_share_beyond_the_minimum(tmp_path: Path) -> None:
    strategies = deploy(tmp_path, spot_percent=60).one(SERVICE).inputs["capacityProviderStrategies"]
    assert strategies == [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 40},
        {"capacityProvider": "FARGATE_SPOT", "weight": 60},
    ]
    assert deploy(tmp_path).one(SERVICE).inputs["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "base": 2, "weight": 100}]


def test_a_service_is_rolled_back_by_itself_and_by_its_alarms(plain: Graph) -> None:
    inputs = plain.one(SERVICE).inputs
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (inputs["deploymentMinimumHealthyPercent"], inputs["deploymentMaximumPercent"]) == (100, 200)
    assert inputs["alarms"] == {
        "enable": True,
        "rollback": True,
        "alarmNames": ["alarm More than 1% of the requests end in a server error", "alarm The model answers slowly"],
    }
    assert inputs["waitForSteadyState"] is True


def test_an_update_that_ecs_rolled_back_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OUTPUTS, SERVICE, {"name": "service-made", "taskDefinition": "arn:task:old"})
    with pytest.raises(Exception, match="rolled the update of service 'service-made' back: it runs 'arn:task:old', not 'arn:task:pricing-v1"):
        deploy(tmp_path, tags={"case": "rolled back"})


# --- releases


def test_versions_run_side_by_side_and_share_requests_by_weight(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], rollout=CANARY)
    assert graph.names(SERVICE) == ["pricing-v1", "pricing-v2"]
    shared = graph.one(RULE, "pricing-shared")
    assert weights(shared) == [90, 10]
    assert shared.inputs["priority"] == SHARED
    assert graph.outputs["model_version"] == "1"


def test_a_version_runs_before_it_gets_its_share(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], rollout=CANARY)
    assert {each.urn for each in graph.all(SERVICE)} <= graph.one(RULE, "pricing-shared").depends_on
    # A service needs a rule that names its target group: each has one of its own.
    for version in ("1", "2"):
        asked = graph.one(RULE, f"pricing-v{version}-asked")
        assert asked.urn in graph.one(SERVICE, f"pricing-v{version}").depends_on
        assert {"httpHeader": {"httpHeaderName": "X-Model-Version", "values": [version]}} in asked.inputs["conditions"]
        assert asked.inputs["priority"] == version_priority(version) < SHARED


def test_a_version_s_rule_keeps_its_place_while_others_come_and_go() -> None:
    places = [version_priority(version) for version in ("1", "2", "2026-11-01", "1.0.0")]
    assert places == [version_priority(version) for version in ("1", "2", "2026-11-01", "1.0.0")]
    assert len(set(places)) == 4
    assert all(1 <= place < SHARED for place in places)


@pytest.mark.parametrize(
    ("traffic", "expected", "served"),
    [({}, [0, 100], "2"), ({"1": 0, "2": 100}, [0, 100], "2"), ({"1": 100, "2": 0}, [100, 0], "1"), ({"1": 50, "2": 50}, [50, 50], "2")],
)
def test_traffic_is_what_the_steps_of_a_release_say(tmp_path: Path, traffic: dict[str, int], expected: list[int], served: str) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], rollout=Rollout(traffic=traffic))
    assert weights(graph.one(RULE, "pricing-shared")) == expected
    assert graph.outputs["model_version"] == served


def test_guardrails_let_ecs_shift_between_two_target_groups(tmp_path: Path) -> None:
    graph = deploy(tmp_path, guardrails=ContainerGuardrails(canary_percent=25, bake_minutes=10))
    service = graph.one(SERVICE)
    assert service.name == "pricing-guarded"
    assert service.inputs["deploymentConfiguration"] == {
        "strategy": "CANARY",
        "bakeTimeInMinutes": "10",
        "canaryConfiguration": {"canaryPercent": 25, "canaryBakeTimeInMinutes": "10"},
    }
    rule = graph.one(RULE)
    shift = service.inputs["loadBalancers"][0]["advancedConfiguration"]
    assert (shift["productionListenerRule"], shift["alternateTargetGroupArn"]) == (f"arn:rule:{GUARDED}", "arn:targets:8080")
    assert shift["roleArn"] == "arn:role:Shifts requests between versions of pricing-guarded"
    assert "deploymentCircuitBreaker" not in service.inputs
    assert len(service.inputs["alarms"]["alarmNames"]) == 4
    assert (weights(rule), rule.inputs["priority"]) == ([100, 0], GUARDED)
    # ECS holds the weights from then on.
    assert list(rule.options.ignoreChanges) == ["actions"]
    assert rule.urn in service.depends_on
    assert service.options.customTimeouts.update == "50m"
    assert graph.names(POLICY) == ["pricing-guarded-cpu", "pricing-guarded-memory"]


def test_ecs_may_shift_this_rule_and_these_groups_and_nothing_else(tmp_path: Path) -> None:
    graph = deploy(tmp_path, guardrails=ContainerGuardrails())
    describe, shift, register = permissions(graph, "guarded-canary")
    assert describe["Resource"] == "*"
    assert all(":Describe" in action for action in describe["Action"])
    assert shift["Action"] == ["elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyListener"]
    assert shift["Resource"] == [f"arn:rule:{GUARDED}", "arn:listener"]
    assert register["Action"] == ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
    assert register["Resource"] == ["arn:targets:8080", "arn:targets:8080"]


# --- operations


def test_alarms_watch_errors_latency_cpu_and_memory_of_every_version(tmp_path: Path) -> None:
    operations = Operations(latency_milliseconds=250, error_percent=5, utilization_percent=75, emails=["team@example.com"], log_retention_days=365)
    graph = deploy(tmp_path, operations=operations)
    alarms = {each.name: each.inputs for each in graph.all(ALARM)}
    assert alarms["pricing-v1-errors"]["threshold"] == 5
    assert alarms["pricing-v1-latency"]["threshold"] == 0.25
    assert alarms["pricing-v1-latency"]["dimensions"] == {"TargetGroup": "targetgroup/made/2", "LoadBalancer": "app/made/1"}
    assert (alarms["pricing-v1-cpu"]["threshold"], alarms["pricing-v1-memory"]["threshold"]) == (75, 75)
    assert alarms["pricing-v1-cpu"]["dimensions"] == {"ClusterName": "pricing-project-stack", "ServiceName": "service-made"}
    assert alarms["pricing-balancer-errors"]["metricQueries"][1]["metric"]["metricName"] == "HTTPCode_ELB_5XX_Count"
    assert alarms["pricing-gateway-latency"]["threshold"] == 250
    assert all(each["alarmActions"] == ["arn:topic"] for each in alarms.values())
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "team@example.com"
    assert all(each.inputs["retentionInDays"] == 365 for each in graph.all(LOGS))


def test_the_dashboard_shows_every_version(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], rollout=CANARY)
    body = json.loads(graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    titles = [each["properties"]["title"] for each in body["widgets"]]
    assert {"Requests by version", "Latency of the model (seconds)", "Utilisation (percent)", "Errors in the logs"} <= set(titles)
    places = [(each["x"], each["y"]) for each in body["widgets"]]
    assert len(places) == len(set(places))
    by_version = next(each for each in body["widgets"] if each["properties"]["title"] == "Requests by version")
    assert len(by_version["properties"]["metrics"]) == 2


def test_the_budget_is_the_cost_at_maximum_unless_one_is_given(tmp_path: Path) -> None:
    def limit(**changes: Any) -> str:
        return deploy(tmp_path, **changes).one("aws:budgets/budget:Budget").inputs["limitAmount"]

    # Ten replicas of 1 CPU and 2 GiB; six endpoints in two zones, the key, the load balancer.
    replica = 730 * (0.04048 + 2 * 0.004445)
    assert limit() == f"{int(10 * replica + 6 * 14.6 + 1 + 730 * 0.0225) + 1}.0"
    assert limit(operations=Operations(monthly_budget_usd=77)) == "77.0"


def test_the_cost_counts_what_runs_at_minimum_scale(tmp_path: Path) -> None:
    def cost(**changes: Any) -> float:
        return deploy(tmp_path, **changes).outputs["monthly_cost"]

    replica = 730 * (0.04048 + 2 * 0.004445)
    fixed = 6 * 14.6 + 1 + 730 * 0.0225
    assert cost() == pytest.approx(2 * replica + fixed, abs=0.01)
    two = {"models": [model(tmp_path, "1"), model(tmp_path, "2")], "rollout": CANARY}
    assert cost(**two) == pytest.approx(4 * replica + fixed, abs=0.01)
    assert cost(encryption=Encryption(key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given")) == pytest.approx(2 * replica + fixed - 1, abs=0.01)


@pytest.mark.parametrize(("environment", "protected"), [(Environment.PRODUCTION, True), (Environment.DEVELOPMENT, False)])
def test_production_protects_what_others_depend_on(tmp_path: Path, environment: Environment, protected: bool) -> None:
    graph = deploy(tmp_path, environment=environment)
    balancer = graph.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["enableDeletionProtection"] is protected
    assert balancer.options.protect is protected
    assert {each.options.protect for each in graph.all("aws:s3/bucket:Bucket")} == {protected}
    assert graph.one("aws:kms/key:Key").options.protect is protected


def test_the_cluster_counts_what_its_containers_use(plain: Graph) -> None:
    assert plain.one(CLUSTER).inputs["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    providers = plain.one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert providers.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    # ECS refuses a service whose providers the cluster does not have.
    assert providers.urn in plain.one(SERVICE).depends_on


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compute": ContainerCompute(gpus=1)}, "compute.gpus: 1 is not allowed: Fargate has no GPUs; use SageMakerEndpoint or EksWorkload"),
        ({"scaling": ReplicaScaling(minimum=0)}, "scaling.minimum: 0 is not allowed: Fargate does not wake on a request; use 1 or more, or Lambda"),
        ({"spot_percent": 101}, "spot_percent: 101 is not allowed; use 0 to 100"),
        ({"start_seconds": 3601}, "start_seconds: 3601 is not allowed; use 0 to 3600"),
        ({"scratch_mib": 32}, "scratch_mib: 32 is not allowed; use 64 to 65536"),
        ({"scratch_mib": 2048}, "scratch_mib: 2048 is as much as the container has (2048 MiB)"),
        ({"user": "root"}, "user: 'root' is not allowed; write numbers of a user and group that are not root"),
        ({"user": "0:1000"}, "user: '0:1000' is not allowed"),
        ({"user": "1:2:3"}, "user: '1:2:3' is not allowed"),
        ({"targets": ContainerTargets(cpu_percent=95)}, "targets.cpu_percent: 95 is not allowed; use 10 to 90"),
        ({"targets": ContainerTargets(memory_percent=5)}, "targets.memory_percent: 5 is not allowed; use 10 to 90"),
        ({"targets": ContainerTargets(scale_in_seconds=3601)}, "targets.scale_in_seconds: 3601 is not allowed; use 0 to 3600"),
        ({"targets": ContainerTargets(scale_out_seconds=-1)}, "targets.scale_out_seconds: -1 is not allowed; use 0 to 3600"),
        ({"targets": ContainerTargets(requests_per_minute=0)}, "targets.requests_per_minute: 0 is not allowed; use 1 to 100000"),
        ({"guardrails": ContainerGuardrails(canary_percent=100)}, "guardrails.canary_percent: 100 is not allowed; use 1 to 99"),
        ({"guardrails": ContainerGuardrails(bake_minutes=61)}, "guardrails.bake_minutes: 61 is not allowed; use 0 to 60"),
        (
            {"guardrails": ContainerGuardrails(), "targets": ContainerTargets(requests_per_minute=9)},
            "targets.requests_per_minute: excludes guardrails",
        ),
        (
            {"operations": Operations(capture_percent=5)},
            "operations.capture_percent: has no effect on a container; let the model write what is to be",
        ),
        ({"secrets": {"X": "prices"}}, "secrets.X: 'prices' is not the ARN of a secret in Secrets Manager"),
        ({"encryption": Encryption(key="alias/mine")}, "encryption.key: 'alias/mine' is not the ARN of a KMS key"),
        ({"access": WebAccess(domain=DOMAIN, callers=["x"])}, "access.callers[0]: 'x' is not an ARN of an IAM role or user"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(FargateServiceArgs, service_args(tmp_path, **changes), "FargateService 'pricing'")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "gs://models/1.tar.gz"}, "models[0].source: 'gs://models/1.tar.gz' cannot be read by the container's role; allowed: s3://"),
        (
            {"container": Container(image=IMAGE, environment={"MODEL_URI": "x"})},
            "models[0].container.environment.MODEL_URI: is set by the component; leave it out",
        ),
        ({"container": Container(image=IMAGE, predict_path="/a b")}, "models[0].container.predict_path: '/a b' is no path for API Gateway"),
    ],
)
def test_models_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(FargateServiceArgs, service_args(tmp_path, models=[model(tmp_path, **changes)]), "FargateService 'pricing'")
    assert message in str(caught.value)


def test_a_variable_that_the_database_sets_is_refused_beside_one_only(tmp_path: Path) -> None:
    models = [model(tmp_path, container=Container(image=IMAGE, environment={"DATABASE_HOST": "x"}))]
    parse(FargateServiceArgs, service_args(tmp_path, models=models), "x")
    with pytest.raises(ArgumentError, match=r"models\[0\]\.container\.environment\.DATABASE_HOST: is set by the component"):
        parse(FargateServiceArgs, service_args(tmp_path, models=models, database=DATABASE), "x")


def test_versions_share_one_path(tmp_path: Path) -> None:
    other = model(tmp_path, "2", container=Container(image=IMAGE, predict_path="/predict"))
    with pytest.raises(ArgumentError, match=r"models\[1\]\.container\.predict_path: '/predict' differs from '/invocations'"):
        parse(FargateServiceArgs, service_args(tmp_path, models=[model(tmp_path), other]), "x")


def test_a_rule_has_five_target_groups_at_most(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="models: 6 versions are too many; a load balancer shares requests between 5 at most"):
        parse(FargateServiceArgs, service_args(tmp_path, models=[model(tmp_path, str(number)) for number in range(6)]), "x")


def test_guardrails_take_one_version_at_a_time(tmp_path: Path) -> None:
    args = service_args(tmp_path, guardrails=ContainerGuardrails(), models=[model(tmp_path, "1"), model(tmp_path, "2")])
    with pytest.raises(ArgumentError, match=r"guardrails: excludes more than one version in models \(1, 2\)"):
        parse(FargateServiceArgs, args, "x")


def test_a_name_that_its_parts_would_not_take_is_refused_before_anything_is_registered(tmp_path: Path) -> None:
    args = service_args(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match="allowed: 1 to 32 lower-case letters"):
            FargateService("a" * 33, args)

    assert not run(program).registrations


def test_a_mapping_from_another_language_is_taken_like_an_instance(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("model")
    given = {
        "models": [{"name": "pricing", "version": "1", "source": str(tmp_path), "container": {"image": IMAGE}}],
        "access": {"domain": {"hostname": "pricing.example.com", "zone": "Z1"}},
        "guardrails": {"canary_percent": 20.0},
        "spot_percent": 50.0,
        "architecture": "arm64",
    }
    args = parse(FargateServiceArgs, given, "x")
    assert args.guardrails == ContainerGuardrails(canary_percent=20)
    assert (args.spot_percent, args.architecture) == (50, Architecture.ARM64)
