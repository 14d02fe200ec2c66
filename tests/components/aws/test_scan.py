"""What an independent scanner, Checkov, says of everything the AWS components make: each finding is fixed, or answered here."""

from collections.abc import Callable
from pathlib import Path

import pulumi_aws as aws
import pytest

from modeldeploy.aws.asynchronous import Asynchronous
from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import Authentication, Environment, Exposure, NodePool, WebAccess
from tests.components.aws import (
    mocked,
    test_batch,
    test_cluster,
    test_health_records,
    test_kubernetes,
    test_managed_batch,
    test_monitors,
    test_streaming,
    web,
)
from tests.support.mocks import Graph
from tests.support.terraform_plan import Dialect, Finding, plan, scan, snake

pytestmark = pytest.mark.engine

NO_MODULE = frozenset(
    {"vpc", "subnet", "route_table", "route_table_association", "security_group", "flow_log", "vpc_endpoint", "default_security_group"}
)
"""Types of Pulumi's module ec2, which Terraform puts no service in front of."""
MODULES = {"apigateway": "api_gateway", "rds": "db"}
"""Modules that Terraform calls otherwise."""
TYPES = {"aws_lb_load_balancer": "aws_lb", "aws_s3_bucket_objectv2": "aws_s3_object"}


def type_name(token: str) -> str:
    """`aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock` is `aws_s3_bucket_public_access_block`."""
    _, path, kind = token.split(":")
    module, name = path.split("/")[0], snake(kind)
    if module == "ec2":
        return f"aws_{name}" if name in NO_MODULE else f"aws_ec2_{name}"
    full = f"aws_{MODULES.get(module, module)}_{name}"
    return TYPES.get(full, full)


AWS = Dialect(
    package="aws",
    provider="registry.terraform.io/hashicorp/aws",
    type_name=type_name,
    maps=frozenset({"tags", "tags_all", "dimensions", "variables", "triggers", "stage_variables", "parameters"}),
    plurals=frozenset(),
)


def database() -> Graph:
    def program() -> None:
        network = AwsNetwork("net", AwsNetworkArgs())
        RdsDatabase("data", RdsDatabaseArgs(database="pricing", network=network.reference()))

    return mocked.run(program)


PRODUCTION = {"environment": Environment.PRODUCTION}
PUBLIC = WebAccess(exposure=Exposure.PUBLIC, authentication=Authentication.API_KEY, domain=web.DOMAIN)

GRAPHS: dict[str, Callable[[Path], Graph]] = {
    "endpoint": lambda folder: mocked.deploy(mocked.arguments(folder, **PRODUCTION)),
    "watched-endpoint": lambda folder: test_monitors.monitored(folder, data_quality=test_monitors.DATA, bias=test_monitors.BIAS),
    "waiting-endpoint": lambda folder: mocked.deploy(mocked.arguments(folder, asynchronous=Asynchronous(to_zero=True), **PRODUCTION)),
    "records": lambda _: test_health_records.make(**PRODUCTION),
    "database": lambda _: database(),
    "function": lambda folder: web.deploy_function(web.function_args(folder, **PRODUCTION)),
    "public-function": lambda folder: web.deploy_function(web.function_args(folder, access=PUBLIC, **PRODUCTION)),
    "service": lambda folder: web.deploy_service(web.service_args(folder, **PRODUCTION)),
    "public-service": lambda folder: web.deploy_service(web.service_args(folder, access=PUBLIC, **PRODUCTION)),
    "cluster": lambda _: test_cluster.make(pools=[NodePool(name="spare", spot=True)], **PRODUCTION),
    "workload": lambda folder: test_kubernetes.deploy(folder, cluster=None, database=test_kubernetes.DATABASE, **PRODUCTION),
    "stream": lambda folder: test_streaming.deploy(folder, producers=[web.CALLER], partitions=4, **PRODUCTION),
    "stream-in-kafka": lambda folder: test_streaming.deploy(folder, **test_streaming.ON_MSK, **PRODUCTION),
    "tasks": lambda folder: test_batch.deploy(folder, schedule=test_batch.NIGHTLY, secrets={"FEED": test_batch.SECRET}, **PRODUCTION),
    "files": lambda folder: test_managed_batch.deploy(folder, schedule=test_managed_batch.NIGHTLY, **PRODUCTION),
}
"""Everything there is, as production has it."""

ANSWERED = {
    "CKV2_AWS_5": "the group is that of SageMaker's model or of VPC endpoints that a network may do without; the check knows neither",
    "CKV2_AWS_51": "a certificate by which a backend knows API Gateway: ours are known by IAM and by the network",
    "CKV2_AWS_53": "what a model takes is the model's affair; its container validates it",
    "CKV2_AWS_62": "nobody waits for files in these buckets; a notification needs a receiver",
    "CKV2_AWS_77": "the firewall has the rule set for Log4j; the check does not follow an association to a stage by its ARN",
    "CKV_AWS_116": "nothing calls this function without waiting: the reader of a stream does, and leaves what was given up itself",
    "CKV_AWS_120": "API Gateway's cache leaves the body out of its key: predictions would be mixed up",
    "CKV_AWS_144": "artifacts can be uploaded again, results computed again; a second region is the organisation's decision",
    "CKV_AWS_145": "load balancers can write their logs only to buckets with S3's own key",
    "CKV_AWS_18": "CloudTrail's data events tell who reads what, an account's setting; a bucket for logs has the same finding",
    "CKV_AWS_225": "as CKV_AWS_120",
    "CKV_AWS_240": "only a delivery stream that is written to directly takes a key of its own; this one reads MSK, and its files have the key",
    "CKV_AWS_241": "as CKV_AWS_240",
    "CKV_AWS_272": "Lambda signs archives and no images; ours are named by digest",
    "CKV_AWS_338": "operations.log_retention_days is the user's, 90 by default; 365 and more pass",
    "CKV_AWS_378": "TLS ends at the balancer: a model's container speaks HTTP by contract, to the balancer's security group only",
}
"""Findings that stay, by check, each with the reason."""


def careless() -> None:
    """What the scanner must not let pass, so that it is known to see what is inside."""
    aws.s3.Bucket("bucket")
    aws.sqs.Queue("queue")
    aws.kms.Key("key")
    aws.cloudwatch.LogGroup("logs")
    aws.ec2.SecurityGroup("group", ingress=[aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["0.0.0.0/0"])])
    aws.eks.Cluster("cluster", role_arn="arn", vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=["a", "b"], endpoint_public_access=True))
    aws.sagemaker.EndpointConfiguration(
        "endpoint", production_variants=[aws.sagemaker.EndpointConfigurationProductionVariantArgs(model_name="m", variant_name="v")]
    )


EXPECTED = {
    ("CKV_AWS_145", "bucket"),
    ("CKV2_AWS_6", "bucket"),
    ("CKV_AWS_27", "queue"),
    ("CKV_AWS_7", "key"),
    ("CKV_AWS_158", "logs"),
    ("CKV_AWS_24", "group"),
    ("CKV_AWS_37", "cluster"),
    ("CKV_AWS_38", "cluster"),
    ("CKV_AWS_39", "cluster"),
    ("CKV_AWS_58", "cluster"),
    ("CKV_AWS_98", "endpoint"),
}
"""What the scanner must find there, by check and resource."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """One run for all: the scanner takes long to start."""
    made = {name: graph(tmp_path_factory.mktemp("models")) for name, graph in GRAPHS.items()}
    return scan(plan({**made, "careless": mocked.run(careless)}, AWS), tmp_path_factory.mktemp("scan"))


def test_every_finding_is_fixed_or_answered(findings: set[Finding]) -> None:
    assert sorted(each for each in findings if each.check not in ANSWERED and each.component != "careless") == []


def test_every_answer_has_a_finding(findings: set[Finding]) -> None:
    assert ANSWERED.keys() - {each.check for each in findings if each.component != "careless"} == set()


def test_the_scanner_does_find_what_is_wrong(findings: set[Finding]) -> None:
    found = {(each.check, each.name) for each in findings if each.component == "careless"}
    assert EXPECTED - found == set()
