"""Money spent on what nobody uses."""

import re
from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import ResourceCheck, is_given, one_of
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov
from policies.view import View, short

FAMILY = Family(
    "cost",
    "Cost guard rails",
    "Machines with accelerators cost as much in a day as the rest in a month: outside of production, and when idle, they are switched off.",
)

SAGEMAKER_GPU = re.compile(r"^ml\.(g|p|trn|inf)\d")
AZURE_GPU = re.compile(r"^Standard_N", re.IGNORECASE)
GOOGLE_GPU = re.compile(r"^(a2|a3|a4|a4x|g2|g4)-")
EC2_GPU = re.compile(r"^(g|p|trn|inf)\d")
BUDGETS = {
    "aws": ("aws:budgets/budget:Budget",),
    "azure": ("azure-native:consumption:Budget", "azure-native:costmanagement:Budget"),
    "gcp": ("gcp:billing/budget:Budget",),
}
DEPLOYMENTS = {
    "aws": (
        "aws:sagemaker/endpoint:Endpoint",
        "aws:ecs/service:Service",
        "aws:eks/cluster:Cluster",
        "aws:batch/computeEnvironment:ComputeEnvironment",
    ),
    "azure": (
        "azure-native:machinelearningservices:OnlineEndpoint",
        "azure-native:machinelearningservices:BatchEndpoint",
        "azure-native:app:ContainerApp",
        "azure-native:containerservice:ManagedCluster",
    ),
    "gcp": ("gcp:vertex/aiEndpoint:AiEndpoint", "gcp:cloudrunv2/service:Service", "gcp:container/cluster:Cluster"),
}


def outside_production(check: ResourceCheck) -> ResourceCheck:
    """The check, for resources of other environments only."""

    def checked(resource: Resource) -> Iterator[str]:
        problems = list(check(resource))
        if problems and not resource.production:
            yield from problems

    return checked


def _sagemaker(resource: Resource) -> Iterator[str]:
    def variant(view: View) -> Iterator[str]:
        instance = view.text("instanceType") or ""
        if SAGEMAKER_GPU.match(instance):
            yield f"{view.at('instanceType')} is {short(instance)}"

    yield from resource.each("productionVariants", variant)


def _azure_machine(resource: Resource) -> Iterator[str]:
    machine = resource.text("properties.instanceType") or ""
    if AZURE_GPU.match(machine):
        yield f"properties.instanceType is {short(machine)}"


def _aml_compute(resource: Resource) -> Iterator[str]:
    if resource.text("properties.computeType") == "AmlCompute":
        least = resource.number("properties.properties.scaleSettings.minNodeCount")
        if least:
            yield f"properties.properties.scaleSettings.minNodeCount is {short(least)}"


def _batch(resource: Resource) -> Iterator[str]:
    least = resource.number("computeResources.minVcpus")
    if least:
        yield f"computeResources.minVcpus is {short(least)}"


def _eks_nodes(resource: Resource) -> Iterator[str]:
    accelerated = [each for each in resource.texts("instanceTypes") if EC2_GPU.match(each)]
    if accelerated and (resource.number("scalingConfig.minSize") or 0) > 0:
        yield f"scalingConfig.minSize is {short(resource.number('scalingConfig.minSize'))} for {short(accelerated[0])}"


def _gke_nodes(resource: Resource) -> Iterator[str]:
    machine = resource.text("nodeConfig.machineType") or ""
    accelerated = resource.count("nodeConfig.guestAccelerators") > 0 or GOOGLE_GPU.match(machine) is not None
    if accelerated and not resource.given("autoscaling"):
        yield f"autoscaling is not set for {short(machine)} with accelerators"
    elif accelerated and (resource.number("autoscaling.minNodeCount") or resource.number("autoscaling.totalMinNodeCount")):
        yield f"autoscaling keeps at least one node of {short(machine)} with accelerators"


def _aks_nodes(resource: Resource) -> Iterator[str]:
    machine = resource.text("vmSize") or ""
    if AZURE_GPU.match(machine) and not (resource.flag("enableAutoScaling") is True and not resource.number("minCount")):
        scaled = short(resource.flag("enableAutoScaling"))
        yield f"minCount is {short(resource.number('minCount'))} for {short(machine)}, with enableAutoScaling {scaled}"


def _cloud_run(resource: Resource) -> Iterator[str]:
    least = resource.number("template.scaling.minInstanceCount")
    if least:
        yield f"template.scaling.minInstanceCount is {short(least)}"


def _container_app(resource: Resource) -> Iterator[str]:
    least = resource.number("template.scale.minReplicas")
    if least:
        yield f"template.scale.minReplicas is {short(least)}"


def _without_budget(vendor: str) -> Callable[[Stack], Iterator[tuple[Resource, str]]]:
    def check(stack: Stack) -> Iterator[tuple[Resource, str]]:
        if not stack.of(*BUDGETS[vendor]):
            for deployment in stack.of(*DEPLOYMENTS[vendor])[:1]:
                yield deployment, "the stack has no Budget"

    return check


def _budget(vendor: str) -> StackRule:
    return StackRule(
        id=f"{vendor}-any-stack-no-budget",
        family=FAMILY,
        severity=Severity.LOW,
        types=DEPLOYMENTS[vendor],
        check=_without_budget(vendor),
        why="Without a budget the first to see what a deployment costs is who gets the bill.",
        fix="Add one with alerts before the limit.",
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    )


def _unbounded(resource: Resource) -> Iterator[str]:
    limit = resource.number("reservedConcurrentExecutions")
    if limit is None or limit < 0:
        yield f"reservedConcurrentExecutions is {short(limit)}"


def _always_on(resource: Resource) -> Iterator[str]:
    def variant(view: View) -> Iterator[str]:
        least = view.number("managedInstanceScaling.minInstanceCount")
        if not view.given("serverlessConfig") and least != 0:
            yield f"{view.at('instanceType')} runs day and night"

    yield from resource.each("productionVariants", variant)


def _compute_instance(resource: Resource) -> Iterator[str]:
    if resource.text("properties.computeType") == "ComputeInstance":
        yield from is_given("properties.properties.idleTimeBeforeShutdown")(resource)


def _on_demand(resource: Resource) -> Iterator[str]:
    if resource.text("properties.computeType") == "AmlCompute":
        yield from one_of("properties.properties.vmPriority", "LowPriority")(resource)


def _pool(resource: Resource) -> Iterator[str]:
    path = "scaleSettings.fixedScale.targetDedicatedNodes"
    if resource.number(path):
        yield f"{path} is {short(resource.number(path))}"


def _vertex_gpu(resource: Resource) -> Iterator[str]:
    machine = resource.text("machineType") or ""
    if resource.given("acceleratorType"):
        yield f"acceleratorType is {short(resource.text('acceleratorType'))}"
    elif GOOGLE_GPU.match(machine):
        yield f"machineType is {short(machine)}"


RULES = (
    Rule(
        id="aws-sagemaker-endpointconfiguration-gpu",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
        check=outside_production(_sagemaker),
        fix="Test on a CPU instance, or make an exception for the days of the test.",
    ),
    Rule(
        id="azure-machinelearning-deployment-gpu",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:OnlineDeployment",),
        check=outside_production(_azure_machine),
        fix="Test on a CPU size, or make an exception for the days of the test.",
    ),
    Rule(
        id="azure-machinelearning-compute-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:Compute",),
        check=_aml_compute,
        fix="Write 0: the cluster then costs nothing between jobs.",
        references=checkov("CKV_AZURE_150"),
    ),
    Rule(
        id="aws-batch-computeenvironment-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:batch/computeEnvironment:ComputeEnvironment",),
        check=_batch,
        fix="Write 0: the environment then costs nothing between jobs.",
    ),
    Rule(
        id="aws-eks-nodegroup-gpu-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:eks/nodeGroup:NodeGroup",),
        check=outside_production(_eks_nodes),
        fix="Write 0 and let the autoscaler start machines for pods that wait.",
    ),
    Rule(
        id="gcp-container-nodepool-gpu-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/nodePool:NodePool",),
        check=outside_production(_gke_nodes),
        fix="Give autoscaling with minNodeCount 0.",
    ),
    Rule(
        id="azure-containerservice-agentpool-gpu-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:AgentPool",),
        check=outside_production(_aks_nodes),
        fix="Set enableAutoScaling to true and minCount to 0.",
    ),
    Rule(
        id="gcp-cloudrun-service-idle",
        family=FAMILY,
        severity=Severity.LOW,
        types=("gcp:cloudrunv2/service:Service",),
        check=outside_production(_cloud_run),
        fix="Write 0: the service then costs nothing while nobody calls.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-containerapps-app-idle",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:app:ContainerApp",),
        check=outside_production(_container_app),
        fix="Write 0: the app then costs nothing while nobody calls.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-batch-computeenvironment-on-demand",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:batch/computeEnvironment:ComputeEnvironment",),
        check=one_of("computeResources.type", "SPOT", "FARGATE_SPOT"),
        why="A batch waits: on spare machines it costs up to 90 % less, and a run that loses one is tried again.",
        fix="Write SPOT or FARGATE_SPOT, with retryStrategy in the jobs.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-batch-jobdefinition-no-timeout",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=is_given("timeout.attemptDurationSeconds"),
        why="A run that hangs costs until somebody notices.",
        fix="Write the longest a run may take.",
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-lambda-function-unbounded",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:lambda/function:Function",),
        check=_unbounded,
        why="A flood of requests costs without limit, and takes the account's other functions with it.",
        fix="Write how many may run at once.",
        references=checkov("CKV_AWS_115") + aws_config("LAMBDA_CONCURRENCY_CHECK"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-endpointconfiguration-idle",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
        check=outside_production(_always_on),
        fix="Use serverlessConfig, inference components that scale to 0, or destroy the stack when the test is over.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-notebook-idle",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:sagemaker/notebookInstance:NotebookInstance",),
        check=is_given("lifecycleConfigName"),
        fix="Give a lifecycle configuration that stops it when idle.",
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-machinelearning-instance-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:Compute",),
        check=_compute_instance,
        fix="Write PT60M, for example.",
        references=azure_policy("679ddf89-ab8f-48a5-9029-e76054077449", "Azure Machine Learning Compute Instance should have idle shutdown."),
    ),
    Rule(
        id="azure-machinelearning-compute-on-demand",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:machinelearningservices:Compute",),
        check=_on_demand,
        why="A batch waits: on spare machines it costs up to 80 % less.",
        fix="Write LowPriority: a job that loses its node is tried again.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-batch-pool-idle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:batch:Pool",),
        check=_pool,
        fix="Use autoScale with a formula that ends at 0.",
    ),
    Rule(
        id="gcp-vertex-deployedmodel-gpu",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("modeldeploy:index:VertexDeployedModel",),
        check=outside_production(_vertex_gpu),
        fix="Test on a machine without accelerators, or make an exception for the days of the test.",
    ),
)

STACK_RULES = tuple(_budget(vendor) for vendor in BUDGETS)
