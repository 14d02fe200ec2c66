"""Arguments of functions and containers, of which each test changes one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from modeldeploy.aws.container import FargateService, FargateServiceArgs
from modeldeploy.aws.serverless import LambdaFunction, LambdaFunctionArgs
from modeldeploy.spec import Container, Domain, Environment, Network, Rollout, Tokens, WebAccess
from modeldeploy.spec.serverless import FunctionModel
from tests.components.aws.mocked import ACCOUNT, IMAGE, REGION, model, run
from tests.support.mocks import Graph

CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/given"
DOMAIN = Domain(hostname="pricing.example.com", certificate=CERTIFICATE)
IN_ZONE = Domain(hostname="pricing.example.com", zone="ZGIVEN")
CALLER = f"arn:aws:iam::{ACCOUNT}:role/shop"
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"])
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prices-AbCdEf"
TOKENS = Tokens(issuer="https://login.example.com/tenant", audiences=["pricing"])
CANARY = Rollout(traffic={"1": 90, "2": 10})

API = "aws:apigateway/restApi:RestApi"
API_POLICY = "aws:apigateway/restApiPolicy:RestApiPolicy"
METHOD = "aws:apigateway/method:Method"
INTEGRATION = "aws:apigateway/integration:Integration"
STAGE = "aws:apigateway/stage:Stage"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
PLAN = "aws:apigateway/usagePlan:UsagePlan"
API_DOMAIN = "aws:apigateway/domainName:DomainName"
FIREWALL = "aws:wafv2/webAcl:WebAcl"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGETS = "aws:lb/targetGroup:TargetGroup"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PERMISSION = "aws:lambda/permission:Permission"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RECORD = "aws:route53/record:Record"


_MADE: dict[str, Graph] = {}


def _once(args: Any, make: Callable[[], Graph]) -> Graph:
    """The same arguments make the same graph, wherever the model lies; many tests look at one. Code is made each time: its files may have changed."""
    if any(getattr(each, "code", None) for each in args.models):
        return make()
    key = repr(args)
    for each in args.models:
        key = key.replace(str(Path(each.source).parent), "")
    if key not in _MADE:
        _MADE[key] = make()
    return _MADE[key]


def service_args(folder: Path, **changes: Any) -> FargateServiceArgs:
    models = changes.pop("models", None) or [model(folder)]
    return FargateServiceArgs(**{"models": models, "environment": Environment.DEVELOPMENT, "access": WebAccess(domain=DOMAIN), **changes})


def deploy_service(args: FargateServiceArgs) -> Graph:
    """The service `pricing`, with all its outputs."""

    def program() -> dict[str, Any]:
        service = FargateService("pricing", args)
        return {name: getattr(service, name) for name in FargateService.__annotations__}

    return _once(args, lambda: run(program))


def function_model(folder: Path, version: str = "1", **changes: Any) -> FunctionModel:
    made = model(folder, version)
    return FunctionModel(**{"name": made.name, "version": version, "source": made.source, "container": Container(image=IMAGE), **changes})


def function_args(folder: Path, **changes: Any) -> LambdaFunctionArgs:
    models = changes.pop("models", None) or [function_model(folder)]
    return LambdaFunctionArgs(**{"models": models, "environment": Environment.DEVELOPMENT, **changes})


def deploy_function(args: LambdaFunctionArgs) -> Graph:
    """The function `pricing`, with all its outputs."""

    def program() -> dict[str, Any]:
        made = LambdaFunction("pricing", args)
        return {name: getattr(made, name) for name in LambdaFunction.__annotations__}

    return _once(args, lambda: run(program))
