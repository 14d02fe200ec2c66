"""A model on AKS."""

import dataclasses
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native
import pulumi_kubernetes as k8s

from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, KubernetesArgs, NodePool
from modeldeploy.spec.compute import HOURS_PER_MONTH
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import Destination, NetworkRules, Placement, PodIdentity, WorkloadArgs, labels_of
from modeldeploy.spec.model import Model
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Operations

from . import dashboard, ids, instances
from .addresses import allowed_ip_problems
from .alarms import action_group, query_alarm
from .budget import budget
from .cluster import CHARTS, SYSTEM_MACHINE, AksCluster, AksClusterArgs, Login, logs_url
from .cluster import cost as cluster_cost
from .connection import SQL_PORT, database_grant, database_variables
from .dashboard import tiles
from .group import Group, group
from .hosting import artifact_problems, capture_problems, database_problems, model_uri, reach_given, read_grants, store_diagnostics
from .identity import Role, grant_to, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import log_workspace
from .model_store import model_store, upload
from .network import attach
from .private_link import Attachment
from .registry import ImageRegistry, host, registry, registry_problems
from .subnets import Subnet, placed, subnet_problems
from .tags import tag_count_problems

MICROSOFT_REGISTRY = "mcr.microsoft.com"
ENTRA_RANGES = ("20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18")
"""Where tokens come from: https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges, id 56"""
AUDIENCE = "api://AzureADTokenExchange"
"""https://learn.microsoft.com/azure/aks/workload-identity-overview"""
IDLE_USD = 100
"""What a budget allows for what is there besides machines: private endpoints, registry, logs."""
PASSED_ON = ("administrators", "pools", "login", "host_encryption")
"""Arguments that are those of the cluster that is made."""


@dataclass(frozen=True, kw_only=True)
class AksWorkloadArgs(KubernetesArgs):
    """Arguments of a model on AKS.

    Alarms on CPU, restarts and pods that do not run need Container insights in a cluster that is given. The machines of a cluster that is
    given, and of one that is made for a given registry, must be able to pull images from it by themselves.
    """

    placement: Placement = Placement()
    """Which machines pods run on: `node_labels: {pool: spare}` and the toleration of `kubernetes.azure.com/scalesetpriority` for a spare pool. Pods
    that ask for GPUs find theirs. Default: any."""
    endpoint_range: str | None = None
    """Range of the subnet for private endpoints, the first of `network.subnet_ids`, in CIDR notation: pods may reach that and nothing else of the
    network. Required with `network.id`, and only then."""
    artifact_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that artifacts at `https://` are in, because Azure grants access by it. Required with them, and only then."""
    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the images are in. Omitted: a private one is made, under the name that the images carry
    (`<registry>.azurecr.io/...`); push the images when it is there, then deploy again."""
    administrators: list[str] = field(default_factory=list[str])
    """Object ids of Entra groups that administer the cluster that is made. Excludes `cluster`."""
    pools: list[NodePool] = field(default_factory=list[NodePool])
    """Further machines of the cluster that is made: with GPUs, or spare ones. Excludes `cluster`."""
    login: Login = Login.AZURE_CLI
    """How whoever runs Pulumi logs in to the cluster that is made. Excludes `cluster`."""
    host_encryption: bool = True
    """As for `AksClusterArgs`. Excludes `cluster`."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. They reach
    the registry and the model store, not the cluster's API. Default: none."""

    @property
    def endpoints(self) -> str:
        """Range of the subnet for private endpoints."""
        return placed(Subnet.ENDPOINTS, self.network.range) if self.endpoint_range is None else self.endpoint_range

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from artifact_problems(self.models, self.artifact_account_id, "AKS")
        yield from registry_problems(self.models, self.registry_id)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from database_problems(self.database, self.network)
        yield from capture_problems(self.operations, "AKS")
        yield from allowed_ip_problems(self.allowed_ips)
        yield from _cluster_problems(self)
        yield from _range_problems(self)
        loader = host(self.loader_image)
        if loader not in (MICROSOFT_REGISTRY, host(self.models[0].container.image) if self.models else MICROSOFT_REGISTRY):
            yield Problem(
                "loader_image", f"'{loader}' is neither the registry of the models' images nor {MICROSOFT_REGISTRY}; import the image there"
            )


class AksWorkload(pulumi.ComponentResource):
    """A model on a private AKS cluster: pods with an identity of their own by workload identity, which reads the model and nothing else, in a network
    that lets them reach private endpoints and Entra.

    Whoever runs Pulumi has to be in the network to reach the cluster. Azure keeps the redundancy that storage and registry were made with, so
    `environment` stays what it was at the first deployment.
    """

    url: pulumi.Output[str]
    """Where predictions are asked for, by POST: the route's host over TLS, or the Service inside the cluster."""
    identity: pulumi.Output[str]
    """Object id of the pods' managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """Where logs are queried: the cluster's in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month, at the prices in `instances`: for the machines of the cluster that is made, at the minimum of its pools; with one that is
    given, for what the pods of all versions ask for at their minimum, as a share of machines of 4 CPUs and 16 GiB, without GPUs. The cluster's own
    fee, private endpoints, registry and logs are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    cluster_id: pulumi.Output[str]
    """ARM id of the cluster."""
    namespace: pulumi.Output[str]
    """The namespace of everything in the cluster."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything else is in."""

    def __init__(self, name: str, args: AksWorkloadArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AksWorkloadArgs, args, f"AksWorkload '{name}'")
        check_name(f"AksWorkload '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AksWorkload", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        workspace = log_workspace(name, checked.operations.log_retention_days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        images = registry(name, checked.models, checked.registry_id, where, in_group, self, checked.allowed_ips)
        reached = reach_given(name, checked.registry_id, None, checked.artifact_account_id, checked.network, where, in_group, self)
        cluster, pulls = _cluster(name, checked, where, images, in_group, self)

        runs_as = identity(name, in_group, self)
        ready: list[pulumi.Resource] = [
            *read_grants(name, checked.models, models, checked.artifact_account_id, {}, None, runs_as, self),
            *(blob for model in checked.models if not model.is_remote for blob in upload(name, model, models, in_group, self)),
            _trust(name, cluster, runs_as, in_group, self),
            *pulls,
            *reached,
        ]
        reachable = k8s.Provider(f"{name}-cluster", kubeconfig=cluster.kubeconfig, opts=pulumi.ResourceOptions(parent=self))
        workload = KubernetesWorkload(
            name,
            WorkloadArgs(
                models=[_told(model, database_variables(checked.database, runs_as)) for model in checked.models],
                addresses={model.version: model_uri(model, models) for model in checked.models},
                loader_image=checked.loader_image,
                rollout=checked.rollout,
                resources=checked.resources,
                scaling=checked.scaling,
                route=checked.route,
                monitoring=checked.monitoring,
                placement=checked.placement,
                pod_identity=PodIdentity(
                    annotations={"azure.workload.identity/client-id": _after(ready, runs_as.client_id)},
                    pod_labels={"azure.workload.identity/use": "true"},
                ),
                network=NetworkRules(callers=checked.pods.callers, egress=[*_destinations(checked), *checked.pods.egress]),
                environment=checked.environment,
                tags=labels_of(checked.tags),
            ),
            pulumi.ResourceOptions(parent=self, providers=[reachable]),
        )

        store_diagnostics(name, models, key, images, workspace, self)
        hears = action_group(name, checked.operations.emails, in_group, self)
        cluster_id = pulumi.Output.from_input(cluster.id)
        for label, description, query, column, threshold, windows in _alarms(checked.operations, _namespace(name)):
            query_alarm(f"{name}-{label}", description, query, column, threshold, hears, cluster_id, in_group, self, windows=windows)
        shown = dashboard.dashboard(name, [tiles(CHARTS, cluster_id)], in_group, self)
        amount = checked.operations.monthly_budget_usd or IDLE_USD + cost(checked, maximum=True)
        budget(name, amount, checked.operations.emails, hears, in_group, self)

        self.url = workload.url
        self.identity = runs_as.principal_id
        self.model_version = workload.model_version
        self.logs = logs_url(cluster_id)
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost(checked))
        self.database_grant = database_grant(checked.database, runs_as)
        self.cluster_id = cluster_id
        self.namespace = workload.namespace
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "cluster_id": self.cluster_id,
                "namespace": self.namespace,
                "resource_group": self.resource_group,
            }
        )


def cost(args: AksWorkloadArgs, *, maximum: bool = False) -> float:
    """US dollars a month for the machines of the cluster that is made, or for the share of a given one that the pods ask for."""
    if args.cluster is None:
        return cluster_cost(_cluster_args(args, args.network, args.resource_group_name), maximum=maximum)
    machine = next(each for each in instances.CATALOGUE if each.name == SYSTEM_MACHINE)
    share = max(args.resources.cpu_millis / 1000 / machine.cpus, args.resources.memory_mib / 1024 / machine.memory_gib)
    replicas = args.scaling.maximum if maximum else args.scaling.minimum
    return round(machine.hourly_usd * HOURS_PER_MONTH * share * replicas * len(args.models), 2)


def pod_query(namespace: str) -> str:
    """Pods of a namespace that neither run nor have ended.

    Tables: https://learn.microsoft.com/azure/azure-monitor/reference/tables/kubepodinventory
    """
    return (
        f"KubePodInventory\n| where Namespace == '{namespace}'\n| summarize arg_max(TimeGenerated, PodStatus) by Name\n"
        "| where PodStatus !in ('Running', 'Succeeded')\n| summarize Pods = count()"
    )


def restart_query(namespace: str) -> str:
    """How often the container restarted that restarted most, over the rule's window."""
    return (
        f"KubePodInventory\n| where Namespace == '{namespace}'\n"
        "| summarize Restarts = max(ContainerRestartCount) - min(ContainerRestartCount) by ContainerName\n| summarize Restarts = max(Restarts)"
    )


def cpu_query(namespace: str) -> str:
    """CPU use of the busiest container in percent of its limit.

    https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-log-alerts
    """
    return (
        f"KubePodInventory\n| where Namespace == '{namespace}' and ContainerName endswith '/model'\n"
        "| distinct InstanceName = strcat(ClusterId, '/', ContainerName)\n"
        "| join kind=inner (Perf | where ObjectName == 'K8SContainer' and CounterName in ('cpuUsageNanoCores', 'cpuLimitNanoCores')\n"
        "  | summarize Value = avg(CounterValue) by InstanceName, CounterName) on InstanceName\n"
        "| summarize Used = sumif(Value, CounterName == 'cpuUsageNanoCores'),\n"
        "  Limit = sumif(Value, CounterName == 'cpuLimitNanoCores') by InstanceName\n"
        "| where Limit > 0\n| summarize Percent = max(100.0 * Used / Limit)"
    )


def _alarms(operations: Operations, namespace: str) -> list[tuple[str, str, str, str, float, int]]:
    percent = operations.utilization_percent
    return [
        ("cpu", f"A pod uses more than {percent}% of its CPU limit", cpu_query(namespace), "Percent", percent, 3),
        ("pods", "A pod does not run", pod_query(namespace), "Pods", 0, 3),
        ("restarts", "A container keeps restarting", restart_query(namespace), "Restarts", 2, 1),
    ]


def _cluster_problems(args: AksWorkloadArgs) -> Iterator[Problem]:
    if args.cluster is None:
        yield from subnet_problems(args.network, (Subnet.ENDPOINTS, Subnet.NODES, Subnet.CONTROL_PLANE))
        # Those of the arguments that both have are told already.
        own = (*PASSED_ON, "network.cidr")
        yield from (problem for problem in _cluster_args(args, args.network, args.resource_group_name).problems() if problem.path.startswith(own))
        return
    if args.cluster.issuer is None:
        yield Problem("cluster.issuer", "is required on Azure: the pods' identity trusts it")
    if args.network.id is None:
        yield Problem("network.id", "is required with cluster: name the network that its machines are in")
    defaults = {each.name: each.default_factory() if callable(each.default_factory) else each.default for each in dataclasses.fields(args)}
    for name in PASSED_ON:
        if getattr(args, name) != defaults[name]:
            yield Problem(name, "excludes cluster: it is an argument of the cluster that is made; give one of the two")


def _range_problems(args: AksWorkloadArgs) -> Iterator[Problem]:
    if (args.endpoint_range is None) != (args.network.id is None):
        reason = "is required with network.id: pods may reach nothing else of the network" if args.endpoint_range is None else "belongs to network.id"
        yield Problem("endpoint_range", reason)
    if args.network.id is not None and args.network.callers:
        yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")
    if args.endpoint_range is not None:
        try:
            is_private = ipaddress.IPv4Network(args.endpoint_range).is_private
        except ValueError:
            is_private = False
        if not is_private:
            yield Problem("endpoint_range", f"'{args.endpoint_range}' is no private IPv4 range; write for example 10.64.0.0/24")


def _cluster_args(args: AksWorkloadArgs, network: Network, resource_group_name: pulumi.Input[str] | None) -> AksClusterArgs:
    """The arguments of the cluster that is made. Without a given key it has another one in a vault of its own."""
    return AksClusterArgs(
        network=network,
        administrators=args.administrators,
        pools=args.pools,
        login=args.login,
        host_encryption=args.host_encryption,
        encryption=args.encryption,
        key_vault_id=args.key_vault_id,
        resource_group_name=resource_group_name,
        operations=dataclasses.replace(args.operations, monthly_budget_usd=None),
        environment=args.environment,
        tags=args.tags,
    )


def _cluster(
    name: str, args: AksWorkloadArgs, where: Attachment, images: ImageRegistry, in_group: Group, parent: pulumi.Resource
) -> tuple[Cluster, list[pulumi.Resource]]:
    """The cluster given, or one that is made, and what its machines wait for to pull images."""
    if args.cluster is not None:
        if images.made is None:
            return args.cluster, []
        found = native.containerservice.get_managed_cluster_output(
            resource_group_name=ids.lift(lambda each: ids.segment(each, "resourceGroups"), args.cluster.id),
            resource_name=ids.lift(ids.last, args.cluster.id),
            opts=pulumi.InvokeOutputOptions(parent=parent),
        )
        return args.cluster, [_pull(name, images, found.identity_profile.apply(_kubelet), parent)]
    network = Network(id=where.network_id, subnet_ids=[*where.subnet_ids])
    made = AksCluster(f"{name}-cluster", _cluster_args(args, network, in_group.name), pulumi.ResourceOptions(parent=parent))
    return made.reference(), [_pull(name, images, made.kubelet_identity, parent)]


def _pull(name: str, images: ImageRegistry, principal: pulumi.Input[str], parent: pulumi.Resource) -> "native.authorization.RoleAssignment":
    return grant_to(f"{name}-pull", Role.ACR_PULL, images.id, principal, "ServicePrincipal", parent)


def _kubelet(profile: "Mapping[str, native.containerservice.outputs.UserAssignedIdentityManagedClusterResponse] | None") -> str:
    return profile["kubeletidentity"].object_id or "" if profile else ""


def _namespace(name: str) -> str:
    """The namespace that `KubernetesWorkload` makes."""
    return fit(f"{name}-{pulumi.get_stack()}", 63)


def _trust(
    name: str, cluster: Cluster, runs_as: "native.managedidentity.UserAssignedIdentity", in_group: Group, parent: pulumi.Resource
) -> "native.managedidentity.FederatedIdentityCredential":
    """Lets the pods' service account, and no other, be the identity."""
    return native.managedidentity.FederatedIdentityCredential(
        name,
        resource_group_name=in_group.name,
        resource_name_=runs_as.name,
        issuer=cluster.issuer or "",
        subject=f"system:serviceaccount:{_namespace(name)}:{name}",
        audiences=[AUDIENCE],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _after(ready: list[pulumi.Resource], value: pulumi.Output[str]) -> pulumi.Output[str]:
    """`value`, once everything in `ready` is there: pods that start before they may read fail."""
    return pulumi.Output.all(value, *(each.urn for each in ready), *(each.id for each in ready if isinstance(each, pulumi.CustomResource))).apply(
        lambda found: found[0]
    )


def _told(model: Model, variables: Mapping[str, pulumi.Input[str]]) -> Model:
    """The model, whose container knows where the database is."""
    environment = {**model.container.environment, **variables}
    return dataclasses.replace(model, container=dataclasses.replace(model.container, environment=environment))


def _destinations(args: AksWorkloadArgs) -> list[Destination]:
    """Where pods connect to: private endpoints, and Entra for tokens."""
    database = [Destination(cidr=args.endpoints, port=SQL_PORT)] if args.database is not None else []
    return [Destination(cidr=args.endpoints), *database, *(Destination(cidr=each) for each in ENTRA_RANGES)]
