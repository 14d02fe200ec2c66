"""The Lambda function: what it is made of, and what each argument does to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.architecture import Architecture
from modeldeploy.aws.function_release import FunctionGuardrails
from modeldeploy.aws.serverless import LambdaFunction, LambdaFunctionArgs
from modeldeploy.spec import (
    ArgumentError,
    Authentication,
    Code,
    Container,
    DatabaseConnection,
    Encryption,
    Environment,
    Exposure,
    FunctionScaling,
    Operations,
    Rollout,
    WebAccess,
)
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, run, statements
from tests.components.aws.web import (
    ALARM,
    ALIAS,
    CANARY,
    DOMAIN,
    EGRESS,
    ENDPOINT,
    FUNCTION,
    GIVEN,
    INGRESS,
    LOGS,
    PERMISSION,
    ROLE,
    ROLE_POLICY,
    RULE,
    SECRET,
    STAGE,
    TARGETS,
    TOKENS,
    deploy_function,
    function_args,
    function_model,
)
from tests.support.mocks import Graph

OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
WARM = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
STACK = "aws:cloudformation/stack:Stack"
GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
HTTP = "aws:apigatewayv2/api:Api"
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")
WITH_TOKENS = WebAccess(authentication=Authentication.JWT, tokens=TOKENS, domain=DOMAIN)
OPEN_TOKENS = WebAccess(authentication=Authentication.JWT, tokens=TOKENS, exposure=Exposure.PUBLIC)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return deploy_function(function_args(tmp_path_factory.mktemp("plain")))


def deploy(folder: Path, **changes: Any) -> Graph:
    return deploy_function(function_args(folder, **changes))


def two(folder: Path, traffic: dict[str, int] | None = None, **changes: Any) -> Graph:
    """Versions 1 and 2 side by side."""
    models = [function_model(folder, "1"), function_model(folder, "2")]
    return deploy(folder, models=models, rollout=CANARY if traffic is None else Rollout(traffic=traffic), **changes)


def code(folder: Path, **changes: Any) -> Code:
    source = folder / "code"
    source.mkdir(exist_ok=True)
    (source / "main.py").write_text("def handle(event, context): return {}")
    return Code(**{"source": str(source), "handler": "main.handle", **changes})


def variables(graph: Graph) -> dict[str, str]:
    return graph.one(FUNCTION).inputs["environment"]["variables"]


def permissions(graph: Graph, name: str) -> list[dict[str, Any]]:
    return statements(graph.one(ROLE_POLICY, f"pricing-{name}").inputs["policy"])


# --- security defaults


def test_it_runs_in_the_network_where_nothing_reaches_it(plain: Graph) -> None:
    assert plain.one(FUNCTION).inputs["vpcConfig"] == {
        "subnetIds": ["pricing-network-private-1-id", "pricing-network-private-2-id"],
        "securityGroupIds": ["pricing-model-id"],
    }
    assert not [each for each in plain.all(INGRESS) if each.inputs["securityGroupId"] == "pricing-model-id"]
    assert {each.inputs["fromPort"] for each in plain.all(EGRESS)} == {443}


def test_its_variables_logs_model_and_dead_letters_are_encrypted_with_the_customer_s_key(plain: Graph) -> None:
    assert plain.one(FUNCTION).inputs["kmsKeyArn"] == KEY
    assert all(each.inputs["kmsKeyId"] == KEY for each in plain.all(LOGS))
    assert plain.one(OBJECT).inputs["kmsKeyId"] == KEY
    assert plain.one("aws:sqs/queue:Queue").inputs["kmsMasterKeyId"] == KEY
    assert plain.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY


def test_it_may_read_its_artifact_and_write_its_logs_and_nothing_else(plain: Graph) -> None:
    granted = {str(each["Action"]): each["Resource"] for each in permissions(plain, "data")}
    (arn,) = granted.pop("s3:GetObject")
    assert arn.startswith("arn:aws:s3:::bucket-made/models/pricing/1/")
    assert granted.pop("s3:ListBucket", "arn:aws:s3:::bucket-made") == "arn:aws:s3:::bucket-made"
    assert granted == {
        "['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey']": KEY,
        "['logs:CreateLogStream', 'logs:PutLogEvents']": "arn:logs:group-made:*",
        "sqs:SendMessage": "arn:queue",
    }


def test_the_code_may_not_touch_network_interfaces_lambda_may_in_these_subnets(plain: Graph) -> None:
    *allowed, denied = permissions(plain, "platform")
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*"}}
    assert {action for each in allowed for action in each["Action"]} == {
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    create, manage = permissions(plain, "network")
    here = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    assert create["Action"] == "ec2:CreateNetworkInterface"
    assert f"{here}:security-group/pricing-model-id" in create["Resource"]
    assert f"{here}:subnet/pricing-network-private-1-id" in create["Resource"]
    assert manage["Resource"] == f"{here}:*/*"
    assert set(manage["Action"]) < set(denied["Action"])


def test_only_lambda_takes_the_role_and_waits_for_its_permissions(plain: Graph) -> None:
    (trust,) = statements(plain.one(ROLE, "pricing-function").inputs["assumeRolePolicy"])
    assert trust == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert {plain.one(ROLE_POLICY, f"pricing-{each}").urn for each in ("platform", "data", "network")} <= plain.one(FUNCTION).depends_on


def test_only_this_api_calls_only_this_alias(plain: Graph) -> None:
    inputs = plain.one(PERMISSION).inputs
    assert (inputs["function"], inputs["qualifier"], inputs["principal"]) == ("function-1", "live", "apigateway.amazonaws.com")
    assert inputs["sourceArn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api-made/live/POST/invocations"
    assert plain.one(ALIAS).urn in plain.one(PERMISSION).depends_on
    assert not any("functionUrl" in each for each in plain.types())


def test_a_network_of_its_own_has_the_endpoints_it_needs_and_no_others(tmp_path: Path) -> None:
    def services(**changes: Any) -> set[str]:
        return {each.inputs["serviceName"].split(".", 3)[3] for each in deploy(tmp_path, **changes).all(ENDPOINT)}

    assert services() == {"execute-api", "s3"}
    assert services(secrets={"X": SECRET}) == {"execute-api", "secretsmanager", "s3"}
    assert services(access=WebAccess(exposure=Exposure.PUBLIC)) == {"s3"}


def test_it_is_made_when_the_network_reaches_the_model(plain: Graph) -> None:
    assert {each.urn for each in plain.all(ENDPOINT)} <= plain.one(FUNCTION).depends_on


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tags={"team": "x"}, guardrails=FunctionGuardrails())
    without = (
        *("RouteTableAssociation", "RolePolicy", "RolePolicyAttachment", "Dashboard", "TopicPolicy", "QueuePolicy", "DeploymentConfig"),
        *("apigateway/account:Account", "Resource", "Method", "MethodSettings", "Integration", "apigateway/deployment:Deployment"),
        *("RestApiPolicy", "Permission"),
    )
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", OBJECT)
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_components_are_parents_of_what_they_made(plain: Graph) -> None:
    made = plain.one("modeldeploy:index:LambdaFunction")
    network = plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not made} == {made.urn, network.urn}


# --- what it serves


def test_an_image_is_named_by_its_digest_and_told_what_the_web_adapter_needs(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[function_model(tmp_path, container=Container(image=IMAGE, port=8000, health_path="/health"))])
    inputs = graph.one(FUNCTION).inputs
    assert (inputs["packageType"], inputs["imageUri"]) == ("Image", IMAGE)
    assert "runtime" not in inputs
    key = graph.one(OBJECT).inputs["key"]
    assert variables(graph) == {
        "MODEL_URI": f"s3://bucket-made/{key}",
        "MODEL_VERSION": "1",
        "AWS_LWA_PORT": "8000",
        "AWS_LWA_READINESS_CHECK_PATH": "/health",
    }


def test_code_is_an_archive_in_the_bucket_under_its_content_hash(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[function_model(tmp_path, container=None, code=code(tmp_path, environment={"LEVEL": "2"}))])
    inputs = graph.one(FUNCTION).inputs
    assert (inputs["packageType"], inputs["runtime"], inputs["handler"]) == ("Zip", "python3.12", "main.handle")
    uploaded = next(each for each in graph.all(OBJECT) if each.inputs["key"].startswith("code/pricing/1/"))
    assert (inputs["s3Bucket"], inputs["s3Key"], inputs["sourceKmsKeyArn"]) == ("bucket-made", uploaded.inputs["key"], KEY)
    assert (uploaded.inputs["kmsKeyId"], uploaded.inputs["serverSideEncryption"]) == (KEY, "aws:kms")
    assert graph.one("aws:s3/bucketPolicy:BucketPolicy").urn in uploaded.depends_on
    assert set(variables(graph)) == {"LEVEL", "MODEL_URI", "MODEL_VERSION"}
    (tmp_path / "code" / "main.py").write_text("def handle(event, context): return {'changed': True}")
    again = deploy(tmp_path, models=[function_model(tmp_path, container=None, code=Code(source=str(tmp_path / "code"), handler="main.handle"))])
    assert again.one(FUNCTION).inputs["s3Key"] != inputs["s3Key"]


def test_secrets_are_told_by_their_addresses_and_may_be_read(tmp_path: Path) -> None:
    graph = deploy(tmp_path, secrets={"PRICES": f"{SECRET}:token::"})
    assert variables(graph)["PRICES_SECRET_ID"] == f"{SECRET}:token::"
    assert "PRICES" not in variables(graph)
    (read,) = [each for each in permissions(graph, "data") if each["Action"] == "secretsmanager:GetSecretValue"]
    assert read["Resource"] == [SECRET]


def test_it_is_told_about_the_database_and_may_log_in(tmp_path: Path) -> None:
    graph = deploy(tmp_path, database=DATABASE)
    assert variables(graph)["DATABASE_HOST"] == "data.example"
    (login,) = permissions(graph, "database")
    assert login["Resource"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/pricing"
    assert graph.one(ROLE_POLICY, "pricing-database").urn in graph.one(FUNCTION).depends_on
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER pricing;")
    assert {each.inputs["fromPort"] for each in graph.all(EGRESS)} == {443, 5432}


def test_size_time_and_processor_are_arguments(tmp_path: Path) -> None:
    inputs = deploy(tmp_path, memory_mib=4096, request_seconds=10, scratch_mib=2048, architecture=Architecture.ARM64).one(FUNCTION).inputs
    assert (inputs["memorySize"], inputs["timeout"], inputs["architectures"]) == (4096, 10, ["arm64"])
    assert inputs["ephemeralStorage"] == {"size": 2048}


def test_instances_have_a_most_and_may_be_kept_warm(tmp_path: Path) -> None:
    graph = deploy(tmp_path, scaling=FunctionScaling(minimum=2, maximum=30))
    assert graph.one(FUNCTION).inputs["reservedConcurrentExecutions"] == 30
    warm = graph.one(WARM).inputs
    assert (warm["functionName"], warm["qualifier"], warm["provisionedConcurrentExecutions"]) == ("function-1", "live", 2)
    assert not deploy(tmp_path).all(WARM)


def test_traces_logs_and_dead_letters_are_on(plain: Graph) -> None:
    inputs = plain.one(FUNCTION).inputs
    assert inputs["tracingConfig"] == {"mode": "Active"}
    assert inputs["loggingConfig"] == {"logFormat": "JSON", "logGroup": "group-made"}
    assert inputs["deadLetterConfig"] == {"targetArn": "arn:queue"}
    assert plain.outputs["dead_letters"] == "https://queue"
    (tls,) = statements(plain.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


# --- releases


def test_each_version_is_a_function_of_its_own_behind_an_alias(tmp_path: Path) -> None:
    graph = two(tmp_path)
    assert graph.names(FUNCTION) == ["pricing-v1", "pricing-v2"]
    assert all(each.inputs["publish"] is True for each in graph.all(FUNCTION))
    alias = graph.one(ALIAS, "pricing-v2").inputs
    assert (alias["name"], alias["functionName"], alias["functionVersion"]) == ("live", "function-2", "7")
    assert graph.outputs["functions"] == {"1": "arn:function:1:live", "2": "arn:function:2:live"}


@pytest.mark.parametrize(
    ("traffic", "most", "share", "served"),
    [
        ({"1": 90, "2": 10}, "function-1", ("function-2", 10), "1"),
        ({"1": 20, "2": 80}, "function-2", ("function-1", 20), "2"),
        ({"1": 50, "2": 50}, "function-2", ("function-1", 50), "2"),
        ({"1": 0, "2": 100}, "function-2", None, "2"),
        ({"1": 100, "2": 0}, "function-1", None, "1"),
        ({}, "function-2", None, "2"),
    ],
)
def test_traffic_is_what_the_steps_of_a_release_say(
    tmp_path: Path, traffic: dict[str, int], most: str, share: tuple[str, int] | None, served: str
) -> None:
    graph = two(tmp_path, traffic)
    stage = graph.one(STAGE)
    assert stage.inputs["variables"] == {"function": most}
    canary = stage.inputs.get("canarySettings")
    assert (canary and (canary["stageVariableOverrides"]["function"], canary["percentTraffic"])) == share
    assert graph.outputs["model_version"] == served
    # A version may be called before it is.
    assert {each.urn for each in graph.all(PERMISSION)} <= stage.depends_on


def test_the_api_finds_the_function_in_a_variable_so_that_a_release_leaves_its_deployment_alone(tmp_path: Path) -> None:
    kind = "aws:apigateway/deployment:Deployment"
    first, canary = two(tmp_path, {"1": 100}), two(tmp_path)
    assert first.one(kind).inputs["triggers"] == canary.one(kind).inputs["triggers"]
    uri = first.one("aws:apigateway/integration:Integration").inputs["uri"]
    assert uri == (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
        "${stageVariables.function}:live/invocations"
    )


def test_behind_a_load_balancer_versions_share_requests_by_weight(tmp_path: Path) -> None:
    graph = two(tmp_path, access=WITH_TOKENS, network=GIVEN)
    rule = graph.one(RULE)
    assert [each["weight"] for each in rule.inputs["actions"][-1]["forward"]["targetGroups"]] == [90, 10]
    attachments = graph.all("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {each.inputs["targetId"] for each in attachments} == {"arn:function:1:live", "arn:function:2:live"}
    assert {each.urn for each in attachments} <= rule.depends_on
    assert {each.inputs["targetType"] for each in graph.all(TARGETS)} == {"lambda"}
    for attachment in attachments:
        allowed = graph.one(PERMISSION, f"{attachment.name}-balancer")
        assert allowed.inputs["principal"] == "elasticloadbalancing.amazonaws.com"
        assert allowed.urn in attachment.depends_on
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["dns_target"] == "made.elb.example"
    assert not graph.all("aws:apigateway/restApi:RestApi")


def test_guardrails_let_codedeploy_move_the_alias_of_one_function(tmp_path: Path) -> None:
    graph = deploy(tmp_path, guardrails=FunctionGuardrails(canary_percent=25, bake_minutes=12), scaling=FunctionScaling(minimum=3))
    assert graph.names(FUNCTION) == ["pricing-guarded"]
    assert not graph.all(ALIAS)
    assert not graph.all(WARM)
    stack = graph.one(STACK)
    assert stack.inputs["parameters"] == {
        "Function": "function-1",
        "Version": "7",
        "Application": "application-made",
        "Group": "pricing-guarded-project-stack",
    }
    alias = json.loads(stack.inputs["templateBody"])["Resources"]["Alias"]
    assert alias["Type"] == "AWS::Lambda::Alias"
    assert alias["Properties"] == {
        "FunctionName": {"Ref": "Function"},
        "FunctionVersion": {"Ref": "Version"},
        "Name": "live",
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 3},
    }
    assert alias["UpdatePolicy"] == {
        "CodeDeployLambdaAliasUpdate": {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": "Group"}}
    }
    assert stack.options.customTimeouts.update == "42m"
    assert stack.urn in graph.one(PERMISSION).depends_on
    routing = graph.one("aws:codedeploy/deploymentConfig:DeploymentConfig").inputs["trafficRoutingConfig"]
    assert routing == {"type": "TimeBasedCanary", "timeBasedCanary": {"interval": 12, "percentage": 25}}
    group = graph.one(GROUP).inputs
    assert group["deploymentStyle"] == {"deploymentOption": "WITH_TRAFFIC_CONTROL", "deploymentType": "BLUE_GREEN"}
    assert group["alarmConfiguration"] == {
        "enabled": True,
        "alarms": ["alarm More than 1% of the requests end in a server error", "alarm The function answers slowly"],
    }
    assert group["autoRollbackConfiguration"] == {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]}
    assert graph.one(GROUP).urn in stack.depends_on


def test_what_moves_the_alias_may_do_that_and_nothing_else(tmp_path: Path) -> None:
    graph = deploy(tmp_path, guardrails=FunctionGuardrails())
    alias = ["arn:function:1", "arn:function:1:live"]
    update, look = permissions(graph, "guarded-deploy")
    assert (update["Resource"], look["Action"]) == (alias, "cloudwatch:DescribeAlarms")
    assert look["Resource"] == ["arn:alarm More than 1% of the requests end in a server error", "arn:alarm The function answers slowly"]
    move, start, revision, settings = permissions(graph, "guarded-alias")
    assert (move["Resource"], start["Resource"], revision["Resource"]) == (alias, "arn:group", "arn:application")
    assert settings["Resource"] == f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentconfig:*"
    for name, service in (("deploy", "codedeploy"), ("alias", "cloudformation")):
        (trust,) = statements(graph.one(ROLE, f"pricing-guarded-{name}").inputs["assumeRolePolicy"])
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        assert graph.one(STACK if name == "alias" else GROUP).depends_on >= {graph.one(ROLE_POLICY, f"pricing-guarded-{name}").urn}


# --- an HTTP API


def test_an_http_api_checks_tokens_and_asks_the_version_that_serves(tmp_path: Path) -> None:
    graph = two(tmp_path, {"1": 100, "2": 0}, access=OPEN_TOKENS, http_api=True)
    authorizer = graph.one("aws:apigatewayv2/authorizer:Authorizer").inputs
    assert authorizer["jwtConfiguration"] == {"issuer": TOKENS.issuer, "audiences": ["pricing"]}
    route = graph.one("aws:apigatewayv2/route:Route").inputs
    assert (route["routeKey"], route["authorizationType"]) == ("POST /invocations", "JWT")
    assert (route["authorizerId"], route["target"]) == ("pricing-id", "integrations/pricing-id")
    integration = graph.one("aws:apigatewayv2/integration:Integration").inputs
    assert (integration["integrationUri"], integration["timeoutMilliseconds"]) == ("arn:function:1:live", 29000)
    (permission,) = graph.all(PERMISSION)
    assert (permission.inputs["function"], permission.inputs["sourceArn"]) == ("function-1", "arn:http/$default/POST/invocations")
    assert graph.outputs["url"] == "https://http-made.execute-api.example/invocations"
    stage = graph.one("aws:apigatewayv2/stage:Stage").inputs
    settings = stage["defaultRouteSettings"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"], settings["detailedMetricsEnabled"]) == (1, 60, True)
    assert stage["accessLogSettings"]["destinationArn"] == "arn:logs:group-made"
    assert graph.one(HTTP).inputs["disableExecuteApiEndpoint"] is False


def test_an_http_api_under_a_name_of_one_s_own_has_no_other(tmp_path: Path) -> None:
    access = WebAccess(authentication=Authentication.JWT, tokens=TOKENS, exposure=Exposure.PUBLIC, domain=DOMAIN)
    graph = deploy(tmp_path, access=access, http_api=True)
    assert graph.one(HTTP).inputs["disableExecuteApiEndpoint"] is True
    domain = graph.one("aws:apigatewayv2/domainName:DomainName").inputs
    assert domain["domainNameConfiguration"] == {"certificateArn": DOMAIN.certificate, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["dns_target"] == "d-2.execute-api.example"


# --- operations


def test_alarms_watch_errors_latency_throttles_and_instances_of_what_serves(tmp_path: Path) -> None:
    operations = Operations(latency_milliseconds=250, error_percent=5, utilization_percent=50)
    graph = two(tmp_path, {"1": 100, "2": 0}, operations=operations, scaling=FunctionScaling(maximum=30))
    alarms = {each.name: each.inputs for each in graph.all(ALARM)}
    assert alarms["pricing-v1-errors"]["threshold"] == 5
    assert alarms["pricing-v1-latency"]["threshold"] == 250
    assert alarms["pricing-v1-latency"]["dimensions"] == {"FunctionName": "function-1", "Resource": "function-1:live"}
    assert (alarms["pricing-v1-instances"]["threshold"], alarms["pricing-v1-instances"]["statistic"]) == (15, "Maximum")
    assert (alarms["pricing-v1-throttles"]["threshold"], alarms["pricing-v1-throttles"]["statistic"]) == (0, "Sum")
    assert alarms["pricing-given-up-letters"]["dimensions"] == {"QueueName": "queue-made"}
    assert alarms["pricing-gateway-errors"]["threshold"] == 5
    assert not any(name.startswith("pricing-v2") for name in alarms)


def test_the_dashboard_shows_every_version(tmp_path: Path) -> None:
    body = json.loads(two(tmp_path).one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    panels = {each["properties"]["title"]: each["properties"] for each in body["widgets"]}
    assert len(panels["Instances by version"]["metrics"]) == 2
    assert panels["Instances by version"]["metrics"][0][:4] == ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", "function-1"]
    assert {"Requests and errors", "Errors in the logs", "Time of the function (milliseconds)"} <= set(panels)


def test_nothing_but_key_and_endpoint_is_paid_while_nobody_asks(tmp_path: Path) -> None:
    def cost(**changes: Any) -> float:
        return deploy(tmp_path, **changes).outputs["monthly_cost"]

    assert cost() == pytest.approx(1 + 14.6)
    warm = 730 * 3600 * 0.0000041667
    assert cost(scaling=FunctionScaling(minimum=2), memory_mib=1024) == pytest.approx(1 + 14.6 + 2 * warm, abs=0.01)
    assert cost(network=GIVEN, encryption=Encryption(key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given")) == 0
    # A firewall with a limit and three groups of rules.
    assert cost(network=GIVEN, access=WebAccess(exposure=Exposure.PUBLIC)) == 1 + 5 + 4
    assert cost(network=GIVEN, access=WITH_TOKENS) == pytest.approx(1 + 730 * 0.0225, abs=0.01)
    assert cost(network=GIVEN, access=OPEN_TOKENS, http_api=True) == 1


def test_the_budget_is_for_all_instances_without_a_pause_unless_one_is_given(tmp_path: Path) -> None:
    def limit(**changes: Any) -> str:
        return deploy(tmp_path, network=GIVEN, **changes).one("aws:budgets/budget:Budget").inputs["limitAmount"]

    assert limit(memory_mib=1024, scaling=FunctionScaling(maximum=4)) == f"{int(4 * 730 * 3600 * 0.0000166667 + 1) + 1}.0"
    assert limit(operations=Operations(monthly_budget_usd=9)) == "9.0"


@pytest.mark.parametrize(("environment", "protected"), [(Environment.PRODUCTION, True), (Environment.DEVELOPMENT, False)])
def test_production_protects_the_model_and_the_key(tmp_path: Path, environment: Environment, protected: bool) -> None:
    graph = deploy(tmp_path, environment=environment)
    assert graph.one("aws:s3/bucket:Bucket").options.protect is protected
    assert graph.one("aws:kms/key:Key").options.protect is protected


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scratch_mib": 256}, "scratch_mib: 256 is not allowed; use 512 to 10240"),
        (
            {"request_seconds": 30},
            "request_seconds: 30 is not allowed: API Gateway waits 29 seconds for a function; use 29 or less, authentication jwt",
        ),
        ({"request_seconds": 31, "http_api": True, "access": OPEN_TOKENS}, "request_seconds: 31 is not allowed: API Gateway waits 30 seconds"),
        ({"guardrails": FunctionGuardrails(canary_percent=0)}, "guardrails.canary_percent: 0 is not allowed; use 1 to 99"),
        ({"guardrails": FunctionGuardrails(bake_minutes=0)}, "guardrails.bake_minutes: 0 is not allowed; use 1 to 60"),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: has no effect on a function; let the model write what is to be"),
        ({"secrets": {"X": "prices"}}, "secrets.X: 'prices' is not the ARN of a secret in Secrets Manager"),
        ({"encryption": Encryption(key="alias/mine")}, "encryption.key: 'alias/mine' is not the ARN of a KMS key"),
        ({"access": WebAccess(callers=["x"])}, "access.callers[0]: 'x' is not an ARN of an IAM role or user"),
        ({"http_api": True}, "http_api: needs authentication jwt; a REST API checks the others, leave it out"),
        ({"http_api": True, "access": WITH_TOKENS}, "http_api: is never private; use access.exposure public, or leave it out"),
        ({"access": OPEN_TOKENS, "network": GIVEN}, "access.domain: is required with authentication jwt: the load balancer needs a certificate"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaFunctionArgs, function_args(tmp_path, **changes), "LambdaFunction 'pricing'")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (Container(image=f"ghcr.io/x/pricing@sha256:{'a' * 64}"), "models[0].container.image: 'ghcr.io/x/pricing@sha256:"),
        (Container(image=IMAGE, environment={"AWS_REGION": "x"}), "models[0].container.environment.AWS_REGION: is a variable that Lambda keeps"),
        (Container(image=IMAGE, environment={"AWS_LAMBDA_X": "x"}), "models[0].container.environment.AWS_LAMBDA_X: is a variable that Lambda keeps"),
        (Container(image=IMAGE, environment={"AWS_LWA_PORT": "1"}), "models[0].container.environment.AWS_LWA_PORT: is set by the component"),
        (Container(image=IMAGE, environment={"MODEL_VERSION": "1"}), "models[0].container.environment.MODEL_VERSION: is set by the component"),
    ],
)
def test_images_are_refused(tmp_path: Path, container: Container, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaFunctionArgs, function_args(tmp_path, models=[function_model(tmp_path, container=container)]), "x")
    assert message in str(caught.value)


def test_a_remote_model_must_be_in_s3(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"models\[0\]\.source: 'gs://m/1' cannot be read by the function's role; allowed: s3://"):
        parse(LambdaFunctionArgs, function_args(tmp_path, models=[function_model(tmp_path, source="gs://m/1")]), "x")


def test_variables_of_code_are_checked_too(tmp_path: Path) -> None:
    given = function_model(tmp_path, container=None, code=code(tmp_path, environment={"DATABASE_HOST": "x", "_HANDLER": "y"}))
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaFunctionArgs, function_args(tmp_path, models=[given], database=DATABASE), "x")
    assert "models[0].code.environment.DATABASE_HOST: is set by the component; leave it out" in str(caught.value)
    assert "models[0].code.environment._HANDLER: is a variable that Lambda keeps for itself" in str(caught.value)


def test_versions_share_one_path(tmp_path: Path) -> None:
    other = function_model(tmp_path, "2", container=Container(image=IMAGE, predict_path="/predict"))
    with pytest.raises(ArgumentError, match=r"models\[1\]\.container\.predict_path: '/predict' differs from '/invocations'"):
        parse(LambdaFunctionArgs, function_args(tmp_path, models=[function_model(tmp_path), other]), "x")


def test_requests_are_shared_as_the_entrance_can(tmp_path: Path) -> None:
    three = [function_model(tmp_path, version) for version in ("1", "2", "3")]
    shared = Rollout(traffic={"1": 50, "2": 30, "3": 20})
    with pytest.raises(ArgumentError, match=r"rollout\.traffic: shares requests between 3 versions; a REST API shares them between two at most"):
        parse(LambdaFunctionArgs, function_args(tmp_path, models=three, rollout=shared), "x")
    parse(LambdaFunctionArgs, function_args(tmp_path, models=three, rollout=shared, access=WITH_TOKENS, network=GIVEN), "x")
    with pytest.raises(ArgumentError, match=r"rollout\.traffic: shares requests, which an HTTP API does not; use 0 and 100, or guardrails"):
        parse(LambdaFunctionArgs, function_args(tmp_path, models=three[:2], rollout=CANARY, access=OPEN_TOKENS, http_api=True), "x")


def test_a_load_balancer_shares_between_five_versions_at_most(tmp_path: Path) -> None:
    six = [function_model(tmp_path, str(number)) for number in range(6)]
    with pytest.raises(ArgumentError, match="models: 6 versions are too many; a load balancer shares requests between 5 at most"):
        parse(LambdaFunctionArgs, function_args(tmp_path, models=six, access=WITH_TOKENS, network=GIVEN), "x")
    parse(LambdaFunctionArgs, function_args(tmp_path, models=six), "x")


def test_guardrails_take_one_version_at_a_time(tmp_path: Path) -> None:
    args = function_args(tmp_path, guardrails=FunctionGuardrails(), models=[function_model(tmp_path, "1"), function_model(tmp_path, "2")])
    with pytest.raises(ArgumentError, match=r"guardrails: excludes more than one version in models \(1, 2\)"):
        parse(LambdaFunctionArgs, args, "x")


@pytest.mark.parametrize("name", ["Pricing", "pricing_api", "a" * 31])
def test_a_name_that_its_parts_would_not_take_is_refused_before_anything_is_registered(tmp_path: Path, name: str) -> None:
    args = function_args(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match=f"name: '{name}' is no name for it; allowed: 1 to 30 lower-case letters"):
            LambdaFunction(name, args)

    assert not run(program).registrations


def test_a_mapping_from_another_language_is_taken_like_an_instance(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("model")
    given = {
        "models": [{"name": "pricing", "version": "1", "source": str(tmp_path), "container": {"image": IMAGE}}],
        "memory_mib": 3008.0,
        "guardrails": {"canary_percent": 20.0},
        "gateway": {"sets_log_role": False},
    }
    args = parse(LambdaFunctionArgs, given, "x")
    assert (args.memory_mib, args.guardrails, args.gateway.sets_log_role) == (3008, FunctionGuardrails(canary_percent=20), False)
