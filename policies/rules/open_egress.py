"""Containers and machines that can send data anywhere."""

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import ANY_ADDRESS, is_given, is_off, is_on, one_of
from policies.rule import Family, Resource, Rule, Unknown, aws_config, azure_policy, checkov
from policies.view import View, short

FAMILY = Family("open-egress", "Open egress", "A model container that can call out can send data out, and fetch what nobody checked.")

ALL_TRAFFIC = "Give vpcAccess with egress ALL_TRAFFIC, so that the network's firewall decides where the container may call."


def _security_group(resource: Resource) -> Iterator[str]:
    def rule(view: View) -> Iterator[str]:
        for path in ("cidrBlocks", "ipv6CidrBlocks"):
            if view.text("protocol") in ("-1", "all") and any(each in ANY_ADDRESS for each in view.texts(path)):
                yield f"{view.at(path)} is the whole internet on all ports"

    yield from resource.each("egress", rule)


def _compute(resource: Resource) -> Iterator[str]:
    if resource.text("properties.computeType") in ("AmlCompute", "ComputeInstance"):
        yield from is_off("properties.properties.enableNodePublicIp", default=True)(resource)


def _pool(resource: Resource) -> Iterator[str]:
    yield from is_given("networkConfiguration.subnetId")(resource)
    yield from one_of("networkConfiguration.publicIPAddressConfiguration.provision", "NoPublicIPAddresses")(resource)


def _functions(resource: Resource) -> Iterator[str]:
    config = resource.part("serviceConfig")
    if config.text("directVpcEgress") != "VPC_EGRESS_ALL_TRAFFIC" and config.text("vpcConnectorEgressSettings") != "ALL_TRAFFIC":
        yield f"{config.at('vpcConnectorEgressSettings')} is {short(config.text('vpcConnectorEgressSettings'))}"


RULES = (
    Rule(
        id="aws-sagemaker-model-vpc",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/model:Model",),
        check=is_given("vpcConfig"),
        why="A model container outside of a VPC sends its traffic over networks you do not control.",
        fix="Give vpcConfig with private subnets and a security group.",
        references=aws_config("SAGEMAKER_MODEL_IN_VPC"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-sagemaker-model-isolation",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/model:Model",),
        check=is_on("enableNetworkIsolation"),
        fix="Set it to true, unless the model reads from a database: then let its security group reach only that.",
        references=checkov("CKV_AWS_370") + aws_config("SAGEMAKER_MODEL_ISOLATION_ENABLED"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-monitoring-isolation",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",),
        check=is_on("networkConfig.enableNetworkIsolation"),
        fix="Set it to true: the job reads and writes its buckets through SageMaker.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-notebook-vpc",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/notebookInstance:NotebookInstance",),
        check=is_given("subnetId"),
        fix="Give a private subnet and a security group.",
        references=checkov("CKV_AWS_306") + aws_config("SAGEMAKER_NOTEBOOK_INSTANCE_INSIDE_VPC"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-lambda-function-vpc",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/function:Function",),
        check=is_given("vpcConfig.subnetIds"),
        fix="Give vpcConfig with private subnets and a security group.",
        references=checkov("CKV_AWS_117") + aws_config("LAMBDA_INSIDE_VPC"),
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-ec2-securitygroup-open-egress",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:ec2/securityGroup:SecurityGroup",),
        check=_security_group,
        fix="Name the endpoints and ports that the workload calls.",
        references=checkov("CKV_AWS_382"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-machinelearning-workspace-egress",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:Workspace",),
        check=one_of("managedNetwork.isolationMode", "AllowOnlyApprovedOutbound"),
        fix="Write AllowOnlyApprovedOutbound: deployments then reach what the workspace's rules name, and nothing else.",
        references=azure_policy(
            "6ddb1705-c8cf-450e-aa4b-19ad6703c440",
            "Azure Machine Learning and Ai Studio should use Allow Only Approved Outbound Managed Vnet mode",
        ),
    ),
    Rule(
        id="azure-machinelearning-compute-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:Compute",),
        check=_compute,
        fix="Set it to false: the nodes are then reached and call out through the workspace's network only.",
        references=azure_policy("7804b5c7-01dc-4723-969b-ae300cc07ff1", "Azure Machine Learning Computes should be in a virtual network"),
    ),
    Rule(
        id="azure-batch-pool-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:batch:Pool",),
        check=_pool,
        fix="Give subnetId, and publicIPAddressConfiguration with provision NoPublicIPAddresses.",
    ),
    Rule(
        id="gcp-cloudrun-service-egress",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/workerPool:WorkerPool"),
        check=one_of("template.vpcAccess.egress", "ALL_TRAFFIC"),
        fix=ALL_TRAFFIC,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="gcp-cloudrun-job-egress",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudrunv2/job:Job",),
        check=one_of("template.template.vpcAccess.egress", "ALL_TRAFFIC"),
        fix=ALL_TRAFFIC,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="gcp-cloudfunctions-function-egress",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudfunctionsv2/function:Function",),
        check=_functions,
        fix="Give a connector or network interfaces to the VPC, and send all traffic through it.",
        level=EnforcementLevel.ADVISORY,
    ),
)
