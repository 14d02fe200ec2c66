"""One of a kind in production: when it fails or is updated, the service is down."""

import re
from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import all_of, at_least, in_production, is_on, one_of
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, checkov
from policies.view import View, short

FAMILY = Family(
    "single-instance",
    "Single instance in production",
    "With a single instance, each failure of a machine or zone and each update is an outage.",
)

TWO = "Use two or more."
ZONE = re.compile(r".+-[a-z]$")
SCALED = ("sagemaker:variant:DesiredInstanceCount", "ecs:service:DesiredCount")


def _variants(resource: Resource) -> Iterator[str]:
    def variant(view: View) -> Iterator[str]:
        if not view.count("serverlessConfig"):
            yield from at_least("initialInstanceCount", 2, default=1)(view)

    yield from resource.each("productionVariants", variant)


def _target(resource: Resource) -> Iterator[str]:
    if resource.text("scalableDimension") in SCALED:
        yield from at_least("minCapacity", 2, default=0)(resource)


def _ecs(resource: Resource) -> Iterator[str]:
    if resource.text("schedulingStrategy") != "DAEMON":
        yield from at_least("desiredCount", 2, default=1)(resource)


def _rds(resource: Resource) -> Iterator[str]:
    if not resource.given("replicateSourceDb"):
        yield from is_on("multiAz")(resource)


def _cloud_sql(resource: Resource) -> Iterator[str]:
    if not resource.given("masterInstanceName"):
        yield from one_of("settings.availabilityType", "REGIONAL")(resource)


def _replicas(resource: Resource) -> Iterator[str]:
    number = resource.number("spec.replicas")
    if number is not None and number < 2:  # without a number, an autoscaler sets it, or there is one: a rule over the stack looks for that
        yield f"spec.replicas is {short(number)}"


def _one(path: str) -> Callable[[View], Iterator[str]]:
    """The number at `path` is not exactly one; zero is a service that sleeps, on purpose."""

    def check(view: View) -> Iterator[str]:
        if view.number(path) == 1:
            yield f"{view.at(path)} is 1"

    return check


def _autoscale(resource: Resource) -> Iterator[str]:
    yield from resource.each("profiles", at_least("capacity.minimum", 2, default=1))


def _plan(resource: Resource) -> Iterator[str]:
    tier = (resource.text("sku.tier") or resource.text("sku.name") or "").lower()
    if not tier.startswith(("dynamic", "y1", "flexconsumption", "fc1", "elasticpremium")):
        yield from at_least("sku.capacity", 2, default=1)(resource)


def _node_pools(resource: Resource) -> Iterator[str]:
    def pool(view: View) -> Iterator[str]:
        if view.text("mode") == "System":
            path = "minCount" if view.flag("enableAutoScaling") else "count"
            yield from at_least(path, 2, default=1)(view)

    yield from resource.each("agentPoolProfiles", pool)


def _zonal(resource: Resource) -> Iterator[str]:
    location = resource.text("location") or ""
    if ZONE.match(location):
        yield f"location is {short(location)}, a single zone"


AUTOSCALERS = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
)
WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


def _autoscaled(stack: Stack, workload: Resource) -> bool:
    return bool(stack.linked(workload, *AUTOSCALERS))


def _unscaled(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workload in stack.of(*WORKLOADS):
        if not workload.given("spec.replicas") and not _autoscaled(stack, workload) and workload.production:
            yield workload, "spec.replicas is not set, which is 1, and no autoscaler of the stack refers to it"


def _no_disruption_budget(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workload in stack.of(*WORKLOADS):
        replicated = _autoscaled(stack, workload) or (not workload.unknown("spec.replicas") and (workload.number("spec.replicas") or 1) > 1)
        if replicated and workload.production and not any(_covers(budget, workload) for budget in stack.of(BUDGET)):
            yield workload, "no PodDisruptionBudget selects its pods"


def _covers(budget: Resource, workload: Resource) -> bool:
    labels = workload.mapping("spec.template.metadata.labels")
    selected = budget.mapping("spec.selector.matchLabels")
    return bool(selected) and all(key in list(labels) and labels[key] == selected[key] for key in selected)


RULES = (
    Rule(
        id="aws-sagemaker-endpointconfiguration-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
        check=in_production(_variants),
        fix="Use two or more: SageMaker then spreads them over zones.",
        references=aws_config("SAGEMAKER_ENDPOINT_CONFIG_PROD_INSTANCE_COUNT"),
    ),
    Rule(
        id="aws-appautoscaling-target-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:appautoscaling/target:Target",),
        check=in_production(_target),
        fix=TWO,
    ),
    Rule(
        id="aws-ecs-service-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/service:Service",),
        check=in_production(_ecs),
        fix=TWO,
    ),
    Rule(
        id="aws-rds-instance-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:rds/instance:Instance",),
        check=in_production(_rds),
        fix="Set it to true: RDS then keeps a standby in another zone.",
        references=checkov("CKV_AWS_157") + aws_config("RDS_MULTI_AZ_SUPPORT"),
    ),
    Rule(
        id="aws-eks-nodegroup-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:eks/nodeGroup:NodeGroup",),
        check=in_production(_one("scalingConfig.minSize")),
        fix="Use two or more in several subnets, or 0 for machines that only serve peaks.",
    ),
    Rule(
        id="azure-machinelearning-deployment-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:OnlineDeployment",),
        check=in_production(at_least("sku.capacity", 2, default=1)),
        fix="Use two or more; Azure asks for three to have its service level.",
    ),
    Rule(
        id="azure-monitor-autoscale-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:monitor:AutoscaleSetting",),
        check=in_production(_autoscale),
        fix=TWO,
    ),
    Rule(
        id="azure-containerapps-app-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp",),
        check=in_production(all_of(_one("template.scale.minReplicas"), _one("template.scale.maxReplicas"))),
        fix="Use two or more (0 as minimum lets the app sleep).",
    ),
    Rule(
        id="azure-web-plan-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:AppServicePlan",),
        check=in_production(_plan),
        fix=TWO,
        references=checkov("CKV_AZURE_212"),
    ),
    Rule(
        id="azure-sql-database-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:sql:Database",),
        check=in_production(is_on("zoneRedundant")),
        fix="Set it to true where the sku has it (General Purpose, Premium, Business Critical, Hyperscale).",
        references=checkov("CKV_AZURE_229"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-postgresql-server-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:dbforpostgresql:Server",),
        check=in_production(one_of("highAvailability.mode", "ZoneRedundant", "SameZone")),
        fix="Write ZoneRedundant, or SameZone where the region has no zones.",
    ),
    Rule(
        id="azure-containerservice-cluster-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerservice:ManagedCluster",),
        check=in_production(_node_pools),
        fix="Use two or more in the system pool.",
    ),
    Rule(
        id="gcp-sql-instance-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:sql/databaseInstance:DatabaseInstance",),
        check=in_production(_cloud_sql),
        fix="Write REGIONAL: Cloud SQL then keeps a standby in another zone.",
    ),
    Rule(
        id="gcp-cloudrun-service-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudrunv2/service:Service",),
        check=in_production(all_of(_one("template.scaling.maxInstanceCount"), _one("scaling.manualInstanceCount"))),
        fix=TWO,
    ),
    Rule(
        id="gcp-redis-instance-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:redis/instance:Instance",),
        check=in_production(one_of("tier", "STANDARD_HA")),
        fix="Write STANDARD_HA.",
    ),
    Rule(
        id="gcp-container-cluster-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:container/cluster:Cluster",),
        check=in_production(_zonal),
        fix="Name a region: control plane and nodes are then spread over its zones.",
    ),
    Rule(
        id="kubernetes-apps-deployment-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"),
        check=in_production(_replicas),
        fix="Use two or more, also as the number to start with where an autoscaler takes over.",
    ),
    Rule(
        id="kubernetes-autoscaling-hpa-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:autoscaling/v1:HorizontalPodAutoscaler"),
        check=in_production(at_least("spec.minReplicas", 2, default=1)),
        fix=TWO,
    ),
    Rule(
        id="aws-msk-cluster-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:msk/cluster:Cluster",),
        check=in_production(at_least("numberOfBrokerNodes", 2, default=1)),
        fix="Use two or more, in as many zones.",
    ),
    Rule(
        id="aws-elasticache-replicationgroup-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        check=in_production(all_of(is_on("automaticFailoverEnabled"), is_on("multiAzEnabled"))),
        fix="Set both to true, with a replica in another zone.",
        references=checkov("CKV2_AWS_50"),
    ),
    Rule(
        id="azure-containerinstance-group-in-production",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerinstance:ContainerGroup",),
        check=in_production(lambda _: iter(["a container group is one instance that nothing replaces or scales"])),
        fix="Use a Container App, or AKS.",
    ),
    Rule(
        id="azure-containerservice-cluster-no-sla",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=in_production(one_of("sku.tier", "Standard", "Premium")),
        why="The free tier has no promise of the API server, and limits it.",
        fix="Write Standard.",
        references=checkov("CKV_AZURE_170"),
    ),
    Rule(
        id="azure-containerapps-environment-single",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:app:ManagedEnvironment",),
        check=in_production(is_on("zoneRedundant")),
        fix="Set it to true; it needs a subnet, and can only be set when the environment is made.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="gcp-managedkafka-topic-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:managedkafka/topic:Topic",),
        check=in_production(at_least("replicationFactor", 3, default=1)),
        fix="Write 3: one replica in each zone.",
    ),
    Rule(
        id="gcp-vertex-deployedmodel-single",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("modeldeploy:index:VertexDeployedModel",),
        check=in_production(at_least("minReplicas", 2, default=1)),
        fix=TWO,
    ),
)

STACK_RULES = (
    StackRule(
        id="kubernetes-apps-deployment-unscaled",
        family=FAMILY,
        severity=Severity.HIGH,
        types=WORKLOADS,
        check=_unscaled,
        fix="Write two or more, or add a HorizontalPodAutoscaler.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="kubernetes-apps-deployment-no-disruption-budget",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        check=_no_disruption_budget,
        why="Without a disruption budget, a drained node may take all replicas of a model with it at once.",
        fix="Add one whose spec.selector.matchLabels fit the pods' labels, with minAvailable below the replicas.",
    ),
)
