"""One of a kind in production: when it fails or is updated, the service is down."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import ResourceCheck, all_of, at_least, in_production, is_on, one_of
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


def _app(resource: Resource) -> Iterator[str]:
    if resource.given("configuration.ingress"):  # one that nobody calls reads a queue or a stream, which waits for it
        yield from all_of(_one("template.scale.minReplicas"), _one("template.scale.maxReplicas"))(resource)


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


def _deployed_model(resource: Resource) -> Iterator[str]:
    if not resource.given("pool"):  # the replicas of a pool are its own
        yield from at_least("minReplicas", 2, default=1)(resource)


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


def _single(name: str, check: ResourceCheck, *types: str, fix: str = TWO, severity: Severity = Severity.HIGH, **more: Any) -> Rule:
    """The rule for what production has more than one of."""
    return Rule(id=name, family=FAMILY, severity=severity, types=types, check=in_production(check), fix=fix, **more)


RULES = (
    _single(
        "aws-sagemaker-endpointconfiguration-single",
        _variants,
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        fix="Use two or more: SageMaker then spreads them over zones.",
        references=aws_config("SAGEMAKER_ENDPOINT_CONFIG_PROD_INSTANCE_COUNT"),
    ),
    _single("aws-appautoscaling-target-single", _target, "aws:appautoscaling/target:Target"),
    _single("aws-ecs-service-single", _ecs, "aws:ecs/service:Service"),
    _single(
        "aws-rds-instance-single",
        _rds,
        "aws:rds/instance:Instance",
        fix="Set it to true: RDS then keeps a standby in another zone.",
        references=checkov("CKV_AWS_157") + aws_config("RDS_MULTI_AZ_SUPPORT"),
    ),
    _single(
        "aws-eks-nodegroup-single",
        _one("scalingConfig.minSize"),
        "aws:eks/nodeGroup:NodeGroup",
        fix="Use two or more in several subnets, or 0 for machines that only serve peaks.",
        severity=Severity.MEDIUM,
    ),
    _single(
        "azure-machinelearning-deployment-single",
        at_least("sku.capacity", 2, default=1),
        "azure-native:machinelearningservices:OnlineDeployment",
        fix="Use two or more; Azure asks for three to have its service level.",
    ),
    _single("azure-monitor-autoscale-single", _autoscale, "azure-native:monitor:AutoscaleSetting"),
    _single(
        "azure-containerapps-app-single",
        _app,
        "azure-native:app:ContainerApp",
        fix="Use two or more (0 as minimum lets the app sleep).",
    ),
    _single("azure-web-plan-single", _plan, "azure-native:web:AppServicePlan", references=checkov("CKV_AZURE_212")),
    _single(
        "azure-sql-database-single",
        is_on("zoneRedundant"),
        "azure-native:sql:Database",
        fix="Set it to true where the sku has it (General Purpose, Premium, Business Critical, Hyperscale).",
        severity=Severity.MEDIUM,
        references=checkov("CKV_AZURE_229"),
        level=EnforcementLevel.ADVISORY,
    ),
    _single(
        "azure-postgresql-server-single",
        one_of("highAvailability.mode", "ZoneRedundant", "SameZone"),
        "azure-native:dbforpostgresql:Server",
        fix="Write ZoneRedundant, or SameZone where the region has no zones.",
    ),
    _single(
        "azure-containerservice-cluster-single",
        _node_pools,
        "azure-native:containerservice:ManagedCluster",
        fix="Use two or more in the system pool.",
    ),
    _single(
        "gcp-sql-instance-single",
        _cloud_sql,
        "gcp:sql/databaseInstance:DatabaseInstance",
        fix="Write REGIONAL: Cloud SQL then keeps a standby in another zone.",
    ),
    _single(
        "gcp-cloudrun-service-single",
        all_of(_one("template.scaling.maxInstanceCount"), _one("scaling.manualInstanceCount")),
        "gcp:cloudrunv2/service:Service",
        severity=Severity.MEDIUM,
    ),
    _single(
        "gcp-redis-instance-single", one_of("tier", "STANDARD_HA"), "gcp:redis/instance:Instance", fix="Write STANDARD_HA.", severity=Severity.MEDIUM
    ),
    _single(
        "gcp-container-cluster-single",
        _zonal,
        "gcp:container/cluster:Cluster",
        fix="Name a region: control plane and nodes are then spread over its zones.",
    ),
    _single(
        "kubernetes-apps-deployment-single",
        _replicas,
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
        fix="Use two or more, also as the number to start with where an autoscaler takes over.",
    ),
    _single(
        "kubernetes-autoscaling-hpa-single",
        at_least("spec.minReplicas", 2, default=1),
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
    ),
    _single(
        "aws-msk-cluster-single", at_least("numberOfBrokerNodes", 2, default=1), "aws:msk/cluster:Cluster", fix="Use two or more, in as many zones."
    ),
    _single(
        "aws-elasticache-replicationgroup-single",
        all_of(is_on("automaticFailoverEnabled"), is_on("multiAzEnabled")),
        "aws:elasticache/replicationGroup:ReplicationGroup",
        fix="Set both to true, with a replica in another zone.",
        severity=Severity.MEDIUM,
        references=checkov("CKV2_AWS_50"),
    ),
    _single(
        "azure-containerinstance-group-in-production",
        lambda _: iter(["a container group is one instance that nothing replaces or scales"]),
        "azure-native:containerinstance:ContainerGroup",
        fix="Use a Container App, or AKS.",
    ),
    _single(
        "azure-containerservice-cluster-no-sla",
        one_of("sku.tier", "Standard", "Premium"),
        "azure-native:containerservice:ManagedCluster",
        fix="Write Standard.",
        severity=Severity.MEDIUM,
        why="The free tier has no promise of the API server, and limits it.",
        references=checkov("CKV_AZURE_170"),
    ),
    _single(
        "azure-containerapps-environment-single",
        is_on("zoneRedundant"),
        "azure-native:app:ManagedEnvironment",
        fix="Set it to true; it needs a subnet, and can only be set when the environment is made.",
        severity=Severity.MEDIUM,
        level=EnforcementLevel.ADVISORY,
    ),
    _single(
        "gcp-managedkafka-topic-single",
        at_least("replicationFactor", 3, default=1),
        "gcp:managedkafka/topic:Topic",
        fix="Write 3: one replica in each zone.",
    ),
    _single("gcp-vertex-deployedmodel-single", _deployed_model, "modeldeploy:index:VertexDeployedModel"),
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
