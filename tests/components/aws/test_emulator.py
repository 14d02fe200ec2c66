"""The graphs of the AWS components, made for real with AWS's own client in an emulator that is not ours, as far as it goes.

It knows names that must exist (a SageMaker model's role, an endpoint's configuration, a queue's compute environments, subnets of a VPC, managed
policies), what is required, and documents that are no policies or lifecycles. It knows few limits and no permissions.
"""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from modeldeploy.aws.asynchronous import Asynchronous
from modeldeploy.aws.batch import AwsBatchJob
from modeldeploy.aws.container import FargateService
from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.health_records import HealthLakeFhirStore, HealthLakeFhirStoreArgs
from modeldeploy.aws.kubernetes import EksWorkload
from modeldeploy.aws.managed_batch import SageMakerBatchTransform
from modeldeploy.aws.managed_endpoint import SageMakerEndpoint, SageMakerEndpointArgs
from modeldeploy.aws.monitor_arguments import Monitors
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.aws.serverless import LambdaFunction
from modeldeploy.spec import Domain, WebAccess
from modeldeploy.spec.rollout import Shadow
from tests.components.aws import emulator, mocked, test_batch, test_kubernetes, test_managed_batch, test_monitors, web

pytestmark = pytest.mark.engine

LEFT_OUT = {
    "aws:apigateway/account:Account": "moto has no way to change it",
    "aws:apigateway/basePathMapping:BasePathMapping": "moto does not know private domains",
    "aws:apigateway/domainName:DomainName": "moto does not know private domains",
    "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation": "moto does not know private domains",
    "aws:apigateway/methodSettings:MethodSettings": "is a change of the stage, by paths that the provider makes up",
    "aws:apigateway/restApiPolicy:RestApiPolicy": "is a change of the API, by paths that the provider makes up",
    "aws:cloudcontrol/resource:Resource": "moto does not have Cloud Control",
    "aws:apigatewayv2/vpcLink:VpcLink": "moto's has no balancer of an application behind it",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "is there already; the provider takes its rules away",
    "aws:ecs/service:Service": "moto fails on it (status 500)",
    "aws:eks/accessEntry:AccessEntry": "moto does not know it",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "moto does not know it",
    "aws:eks/addon:Addon": "moto does not know it",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "moto does not know it",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": "moto does not know it",
    "aws:s3/bucketObjectv2:BucketObjectv2": "moto applies a bucket policy's Deny without its condition, so nothing gets into a bucket that wants TLS",
}
"""Types that are not made there, each with the reason."""

REFUSED = {
    "aws:s3/bucketObjectv2:BucketObjectv2": "see above",
    "aws:appautoscaling/target:Target": "of ECS: its service is not there, see above; that of SageMaker is made",
}
"""What moto refuses although it is right."""


def beside(name: str) -> RdsDatabase:
    network = AwsNetwork(f"{name}-net", AwsNetworkArgs())
    return RdsDatabase(name, RdsDatabaseArgs(database="pricing", network=network.reference()))


def watched(folder: Path) -> SageMakerEndpointArgs:
    """An endpoint with a shadow and monitors."""
    models = [mocked.model(folder, "1"), mocked.model(folder, "2")]
    monitors = Monitors(data_quality=test_monitors.DATA, model_quality=test_monitors.QUALITY)
    return mocked.arguments(folder, models=models, shadow=Shadow(version="2"), operations=test_monitors.CAPTURED, monitors=monitors)


def components(folder: Path, access: WebAccess) -> list[Callable[[], pulumi.Resource]]:
    """Each under a name of its own: they are in one account."""
    return [
        lambda: SageMakerEndpoint("endpoint", watched(folder)),
        lambda: SageMakerEndpoint("waiting", mocked.arguments(folder, asynchronous=Asynchronous(to_zero=True))),
        lambda: HealthLakeFhirStore("records", HealthLakeFhirStoreArgs()),
        lambda: beside("data"),
        lambda: LambdaFunction("function", web.function_args(folder)),
        lambda: FargateService("service", web.service_args(folder, access=access)),
        lambda: EksWorkload("workload", test_kubernetes.arguments(folder, cluster=None)),
        lambda: AwsBatchJob("tasks", test_batch.arguments(folder, tasks=10, schedule=test_batch.NIGHTLY)),
        lambda: SageMakerBatchTransform("files", test_managed_batch.arguments(folder, schedule=test_managed_batch.NIGHTLY)),
    ]


def test_what_the_components_register_can_be_made_in_an_account(tmp_path: Path) -> None:
    with emulator.running(tmp_path / "moto.log") as account:
        access = WebAccess(domain=Domain(hostname="pricing.example.com", certificate=account.certificate("pricing.example.com")))
        registered: set[str] = set()
        for component in components(tmp_path, access):
            registered |= account.run(lambda component=component: component() and {}).types()
        ours = {each for each in registered if each.startswith("aws:")}
        assert {each.partition(": ")[0] for each in account.refused} == REFUSED.keys(), account.refused
        assert account.left_out.keys() - account.made == LEFT_OUT.keys()
        assert account.made == ours - LEFT_OUT.keys()
        assert len(account.made) > 55
        states(account)


def states(account: emulator.Emulator) -> None:
    """Some of what is there now, as the account tells it."""
    assert {each["EndpointName"] for each in account.client("sagemaker").list_endpoints()["Endpoints"]} == {
        "endpoint-project-stack",
        "waiting-async-project-stack",
    }
    batch = account.client("batch")
    (queue,) = batch.describe_job_queues()["jobQueues"]
    environments = {
        each["computeEnvironmentArn"]: each["computeResources"]["type"] for each in batch.describe_compute_environments()["computeEnvironments"]
    }
    order = sorted(queue["computeEnvironmentOrder"], key=lambda each: each["order"])
    assert [environments[each["computeEnvironment"]] for each in order] == ["FARGATE_SPOT", "FARGATE"]
    machines = {each["name"] for each in account.client("stepfunctions").list_state_machines()["stateMachines"]}
    assert machines == {"tasks-project-stack", "files-project-stack"}
    cluster = account.client("eks").describe_cluster(name="workload-cluster-project-stack")["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert account.client("rds").describe_db_instances()["DBInstances"][0]["StorageEncrypted"] is True


def test_the_emulator_does_refuse_what_is_wrong(tmp_path: Path) -> None:
    with emulator.running(tmp_path / "moto.log") as account:
        account.make("aws:sagemaker/endpointConfiguration:EndpointConfiguration", {"productionVariants": [{"variantName": "a", "modelName": "none"}]})
        account.make("aws:iam/role:Role", {"name": "r", "assumeRolePolicy": "{}"})
        account.make("aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": '{"Statement": [{"Effect": "Maybe"}]}'})
        refused = " ".join(account.refused)
    assert "EndpointConfiguration: An error occurred (ValidationException)" in refused
    assert "MalformedPolicyDocument" in refused
