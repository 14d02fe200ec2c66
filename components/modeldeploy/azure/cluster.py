"""A private AKS cluster."""

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, ClusterArgs, NodePool
from modeldeploy.spec.compute import HOURS_PER_MONTH, Compute, choice_problems, choose
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name

from . import dashboard, ids, instances
from .alarms import YELLOW, action_group, metric_alarm
from .budget import budget
from .dashboard import AVERAGE, TOTAL, Chart, tiles
from .group import Group, group
from .identity import Role, grant, grant_to, identity
from .ids import LONGEST_CLUSTER
from .keys import CustomerKey, customer_key, key_problems
from .logs import diagnostics, log_workspace
from .network import attach
from .private_link import Attachment
from .subnets import Subnet, subnet_problems
from .tags import tag_count_problems

POD_RANGE, SERVICE_RANGE, DNS_ADDRESS = "172.24.0.0/14", "172.29.0.0/16", "172.29.0.10"
"""Addresses inside the cluster, which no network outside sees."""
SYSTEM_MACHINE = "Standard_D4as_v4"
"""Four CPUs, as Azure asks for: https://learn.microsoft.com/azure/aks/use-system-pools#recommendations"""
SYSTEM_MINIMUM, SYSTEM_MAXIMUM = 2, 5
MOST_MACHINES = 200
"""Machines of all pools that a subnet of 251 addresses has room for, with those that an upgrade adds."""
ZONES = ("1", "2", "3")
ENTRA_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Application id of the AKS server in every tenant: https://azure.github.io/kubelogin/concepts/aks.html"""
CLUSTERS = "Microsoft.ContainerService/managedClusters"
CHARTS = (
    Chart("CPU use of machines in percent", CLUSTERS, "node_cpu_usage_percentage", AVERAGE),
    Chart("Memory use of machines in percent", CLUSTERS, "node_memory_working_set_percentage", AVERAGE),
    Chart("Pods that are ready", CLUSTERS, "kube_pod_status_ready", TOTAL),
    Chart("Pods that cannot be placed", CLUSTERS, "cluster_autoscaler_unschedulable_pods_count", AVERAGE),
)
"""https://learn.microsoft.com/azure/aks/monitor-aks-reference#metrics"""
AUDIT = ("kube-audit-admin", "guard", "kube-apiserver", "cluster-autoscaler")
"""Who asked the API server for what, who was let in, and what the autoscaler did."""


class Login(StrEnum):
    """How `kubelogin` gets a token for the cluster."""

    AZURE_CLI = "azurecli"
    """As whoever is logged in with `az`."""
    WORKLOAD_IDENTITY = "workloadidentity"
    """By OpenID Connect, as in GitHub Actions."""
    SERVICE_PRINCIPAL = "spn"
    """As a service principal, whose secret is in the environment."""
    MANAGED_IDENTITY = "msi"
    """As the machine's identity."""


class Egress(StrEnum):
    """How machines reach what is outside the network: Azure itself, and registries."""

    LOAD_BALANCER = "load-balancer"
    """By public addresses of the cluster's load balancer, which nobody can reach them by."""
    ROUTES = "routes"
    """By the routes of the subnet given, to a firewall."""


@dataclass(frozen=True, kw_only=True)
class AksClusterArgs(ClusterArgs):
    """Arguments of a private AKS cluster."""

    general: NodePool = NodePool(name="general", compute=Compute(cpus=4, memory_gib=16), minimum=2, maximum=10)
    """The pool that pods run in which ask for nothing special. Pods of the system have a pool of their own. Default: 2 to 10 machines of 4 CPUs and
    16 GiB."""
    kubernetes_version: str | None = None
    """Version of Kubernetes, such as `1.34`. Omitted: Azure's default at the first deployment. Patches come by themselves, on Sunday nights."""
    egress: Egress = Egress.LOAD_BALANCER
    """How machines reach what is outside. Cannot change. `routes` needs `network.id`."""
    login: Login = Login.AZURE_CLI
    """How whoever runs Pulumi and reads `kubeconfig` logs in: `azurecli`, `workloadidentity`, `spn` or `msi`."""
    host_encryption: bool = True
    """Whether temporary disks and caches are encrypted too. The subscription needs the feature `EncryptionAtHost`
    (https://learn.microsoft.com/azure/aks/enable-host-encryption)."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then. That key
    must allow encrypt, decrypt, wrap and unwrap."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""

    @property
    def all_pools(self) -> list[NodePool]:
        """The pools of pods that are not the system's."""
        return [self.general, *self.pools]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from subnet_problems(self.network, (Subnet.ENDPOINTS, Subnet.NODES, Subnet.CONTROL_PLANE))
        for path, pool in (("general", self.general), *((f"pools[{index}]", each) for index, each in enumerate(self.pools))):
            yield from (problem.under(path) for problem in choice_problems(pool.compute, instances.CATALOGUE, "AKS"))
        if self.general.minimum < 1 or self.general.spot or self.general.compute.gpus:
            yield Problem("general", "is for pods that ask for nothing special: give it a machine at least, no GPU and no spot")
        if any(pool.name == self.general.name for pool in self.pools):
            yield Problem("general.name", f"'{self.general.name}' is in pools as well")
        most = SYSTEM_MAXIMUM + sum(pool.maximum for pool in self.all_pools)
        if self.network.id is None and most > MOST_MACHINES:
            yield Problem("pools", f"have up to {most} machines with those of the system; the subnet has room for {MOST_MACHINES}")
        if self.network.id is None and _overlaps(self.network.range):
            yield Problem("network.cidr", f"'{self.network.range}' overlaps {POD_RANGE} or {SERVICE_RANGE}, which are inside the cluster")
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")
        if self.egress is Egress.ROUTES and self.network.id is None:
            yield Problem("egress", "routes needs network.id: a subnet whose routes lead out; or use load-balancer")
        for index, administrator in enumerate(self.administrators):
            if not ids.GUID.fullmatch(administrator):
                yield Problem(f"administrators[{index}]", f"'{administrator}' is no object id of an Entra group (a GUID)")
        if self.kubernetes_version is not None and not re.fullmatch(r"1\.\d+(\.\d+)?", self.kubernetes_version):
            yield Problem("kubernetes_version", f"'{self.kubernetes_version}' is no version; write for example 1.34")


class AksCluster(pulumi.ComponentResource):
    """A private cluster on AKS: its API answers in the network only, to identities of Entra; secrets and disks are encrypted with the customer's key;
    its network enforces policies.

    Pods get identities by workload identity. Whoever runs Pulumi has to be in the network to reach the API.
    """

    id: pulumi.Output[str]
    """ARM id of the cluster."""
    kubeconfig: pulumi.Output[str]
    """How the kubernetes provider reaches it, by `kubelogin`. It holds no secret."""
    issuer: pulumi.Output[str]
    """Address of the OpenID Connect issuer, which identities of pods trust."""
    kubelet_identity: pulumi.Output[str]
    """Object id of the identity that pulls images."""
    logs: pulumi.Output[str]
    """Where logs are queried: the cluster's in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the machines of all pools at their minimum, at the prices in `instances`. The cluster's own fee, load balancer, disks
    and logs are not counted."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in; machines are in one of Azure's own."""

    def __init__(self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AksClusterArgs, args, f"AksCluster '{name}'")
        check_name(f"AksCluster '{name}'", name, LONGEST_CLUSTER)
        super().__init__("modeldeploy:index:AksCluster", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        workspace = log_workspace(name, checked.operations.log_retention_days, in_group, self)
        disks = _disk_encryption(name, key, in_group, self)
        secrets_key = _secrets_key(name, key, in_group, self)

        runs_as, pulls_as = identity(f"{name}-control", in_group, self), identity(f"{name}-kubelet", in_group, self)
        permissions = [
            grant(f"{name}-nodes", Role.NETWORK_CONTRIBUTOR, where.subnet(Subnet.NODES), runs_as, self),
            grant(f"{name}-api", Role.NETWORK_CONTRIBUTOR, where.subnet(Subnet.CONTROL_PLANE), runs_as, self),
            grant(f"{name}-kubelet", Role.IDENTITY_OPERATOR, pulls_as.id, runs_as, self),
            grant(f"{name}-disks", Role.READER, disks.id, runs_as, self),
            grant(f"{name}-secrets", Role.CRYPTO_USER, key.vault_id, runs_as, self),
            # The API server reaches the vault by a private endpoint that the cluster makes.
            grant(f"{name}-vault", Role.VAULT_CONTRIBUTOR, key.vault_id, runs_as, self),
        ]
        cluster = _cluster(name, checked, key, secrets_key, disks, workspace, runs_as, pulls_as, where, permissions, in_group, self)
        for pool in checked.all_pools:
            _pool(name, pool, checked, cluster, where, in_group, self)
        _maintenance(name, cluster, in_group, self)
        _administrators(name, checked, cluster, self)

        _container_logs(name, cluster, workspace, in_group, self)
        diagnostics(f"{name}-cluster", cluster.id, workspace, self, categories=AUDIT)
        if key.vault is not None:
            diagnostics(f"{name}-keys", key.vault.id, workspace, self, categories=("AuditEvent",))
        hears = action_group(name, checked.operations.emails, in_group, self)
        for label, metric in (("cpu", "node_cpu_usage_percentage"), ("memory", "node_memory_working_set_percentage")):
            percent = checked.operations.utilization_percent
            description = f"Machines use more than {percent}% of their {label}"
            metric_alarm(f"{name}-{label}", description, (CLUSTERS, metric), percent, YELLOW, cluster.id, hears, in_group, self)
        shown = dashboard.dashboard(name, [tiles(CHARTS, cluster.id)], in_group, self)
        amount = checked.operations.monthly_budget_usd or cost(checked, maximum=True)
        budget(name, amount, checked.operations.emails, hears, in_group, self)

        self.id = cluster.id
        self.kubeconfig = _kubeconfig(name, checked.login, cluster, self)
        self.issuer = cluster.oidc_issuer_profile.apply(lambda profile: profile.issuer_url if profile else "")
        self.kubelet_identity = pulls_as.principal_id
        self.logs = logs_url(cluster.id)
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost(checked))
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "id": self.id,
                "kubeconfig": self.kubeconfig,
                "issuer": self.issuer,
                "kubelet_identity": self.kubelet_identity,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "resource_group": self.resource_group,
            }
        )

    def reference(self) -> Cluster:
        """The cluster as an argument of the deployments on it."""
        return Cluster(id=self.id, kubeconfig=self.kubeconfig, issuer=self.issuer)


def logs_url(cluster_id: pulumi.Output[str]) -> pulumi.Output[str]:
    """Where people query a cluster's logs."""
    return pulumi.Output.concat("https://portal.azure.com/#resource", cluster_id, "/logs")


def cost(args: AksClusterArgs, *, maximum: bool = False) -> float:
    """US dollars a month for the machines, at the minimum or the maximum of every pool."""
    system = next(each for each in instances.CATALOGUE if each.name == SYSTEM_MACHINE).hourly_usd * (SYSTEM_MAXIMUM if maximum else SYSTEM_MINIMUM)
    hourly = system + sum(
        choose(pool.compute, instances.CATALOGUE).hourly_usd * (pool.maximum if maximum else pool.minimum) for pool in args.all_pools
    )
    return round(hourly * HOURS_PER_MONTH, 2)


def pool_name(pool: NodePool, machine: str) -> str:
    """A pool's name in the cluster, at most 12 letters and digits: another machine is another pool, made before the old one goes."""
    digest = hashlib.sha256(f"{pool.name} {machine} {pool.spot}".encode()).hexdigest()[:4]
    return f"{pool.name[:8]}{digest}"


def kubeconfig(name: str, host: str, authority: str, login: Login) -> str:
    """A kubeconfig without a secret: `kubelogin` gets a token of Entra for it.

    https://azure.github.io/kubelogin/
    """
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token", "--server-id", ENTRA_SERVER, "--login", login.value],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": f"https://{host}:443", "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": {"exec": command}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def authority(encoded: str) -> str:
    """The certificate authority in the kubeconfig that Azure gives, which is base64 of YAML."""
    found = re.search(r"certificate-authority-data:\s*(\S+)", base64.b64decode(encoded).decode())
    return found[1] if found else ""


def _overlaps(cidr: str) -> bool:
    inside = (ipaddress.ip_network(POD_RANGE), ipaddress.ip_network(SERVICE_RANGE))
    return any(ipaddress.ip_network(cidr).overlaps(each) for each in inside)


def _disk_encryption(name: str, key: CustomerKey, in_group: Group, parent: pulumi.Resource) -> "native.compute.DiskEncryptionSet":
    return native.compute.DiskEncryptionSet(
        f"{name}-disks",
        resource_group_name=in_group.name,
        encryption_type=native.compute.DiskEncryptionSetType.ENCRYPTION_AT_REST_WITH_CUSTOMER_KEY,
        identity=native.compute.EncryptionSetIdentityArgs(type="UserAssigned", user_assigned_identities=[key.reader.id]),
        active_key=native.compute.KeyForDiskEncryptionSetArgs(key_url=key.uri, source_vault=native.compute.SourceVaultArgs(id=key.vault_id)),
        rotation_to_latest_key_version_enabled=True,
        tags=in_group.tags,
        # The key's version follows rotation.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[key.access], ignore_changes=["activeKey.keyUrl"]),
    )


def _secrets_key(name: str, key: CustomerKey, in_group: Group, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The key that the API server encrypts secrets with: the one given, or another one in the vault that was made, because it is used otherwise.

    Its version stays: https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption#rotate-the-existing-keys
    """
    if key.vault is None:
        return key.uri
    made = native.keyvault.Key(
        f"{name}-secrets",
        resource_group_name=in_group.name,
        vault_name=key.vault.name,
        properties=native.keyvault.KeyPropertiesArgs(kty="RSA", key_size=3072, key_ops=["encrypt", "decrypt"]),
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=key.vault, protect=in_group.is_production),
    )
    return made.key_uri_with_version


def _cluster(
    name: str,
    args: AksClusterArgs,
    key: CustomerKey,
    secrets_key: pulumi.Output[str],
    disks: "native.compute.DiskEncryptionSet",
    workspace: "native.operationalinsights.Workspace",
    runs_as: "native.managedidentity.UserAssignedIdentity",
    pulls_as: "native.managedidentity.UserAssignedIdentity",
    where: Attachment,
    permissions: list["native.authorization.RoleAssignment"],
    in_group: Group,
    parent: pulumi.Resource,
) -> "native.containerservice.ManagedCluster":
    service = native.containerservice
    return service.ManagedCluster(
        name,
        resource_group_name=in_group.name,
        dns_prefix=name,
        kubernetes_version=args.kubernetes_version,
        sku=service.ManagedClusterSKUArgs(name="Base", tier="Standard" if in_group.is_production else "Free"),
        identity=service.ManagedClusterIdentityArgs(type=service.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[runs_as.id]),
        identity_profile={
            "kubeletidentity": service.UserAssignedIdentityArgs(
                resource_id=pulls_as.id, client_id=pulls_as.client_id, object_id=pulls_as.principal_id
            )
        },
        # Who gets in: nobody from outside, nobody with a certificate or password, nobody by Azure's own shell.
        public_network_access="Disabled",
        api_server_access_profile=service.ManagedClusterAPIServerAccessProfileArgs(
            enable_private_cluster=True,
            enable_private_cluster_public_fqdn=False,
            private_dns_zone="system",
            enable_vnet_integration=True,
            subnet_id=where.subnet(Subnet.CONTROL_PLANE),
            disable_run_command=True,
        ),
        disable_local_accounts=True,
        enable_rbac=True,
        aad_profile=service.ManagedClusterAADProfileArgs(
            managed=True, enable_azure_rbac=True, admin_group_object_ids=list(args.administrators), tenant_id=runs_as.tenant_id
        ),
        oidc_issuer_profile=service.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=service.ManagedClusterSecurityProfileArgs(
            workload_identity=service.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
            image_cleaner=service.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
            defender=service.ManagedClusterSecurityProfileDefenderArgs(
                log_analytics_workspace_resource_id=workspace.id,
                security_monitoring=service.ManagedClusterSecurityProfileDefenderSecurityMonitoringArgs(enabled=True),
            ),
            azure_key_vault_kms=service.AzureKeyVaultKmsArgs(
                enabled=True, key_id=secrets_key, key_vault_network_access="Private", key_vault_resource_id=key.vault_id
            ),
        ),
        disk_encryption_set_id=disks.id,
        # Cilium enforces the network policies that pods are closed in by.
        network_profile=service.ContainerServiceNetworkProfileArgs(
            network_plugin="azure",
            network_plugin_mode="overlay",
            network_dataplane="cilium",
            network_policy="cilium",
            pod_cidr=POD_RANGE,
            service_cidr=SERVICE_RANGE,
            dns_service_ip=DNS_ADDRESS,
            load_balancer_sku="standard",
            outbound_type="loadBalancer" if args.egress is Egress.LOAD_BALANCER else "userDefinedRouting",
        ),
        addon_profiles={
            "azurepolicy": service.ManagedClusterAddonProfileArgs(enabled=True),
            "omsagent": service.ManagedClusterAddonProfileArgs(
                enabled=True, config={"logAnalyticsWorkspaceResourceID": workspace.id, "useAADAuth": "true"}
            ),
        },
        workload_auto_scaler_profile=service.ManagedClusterWorkloadAutoScalerProfileArgs(
            keda=service.ManagedClusterWorkloadAutoScalerProfileKedaArgs(enabled=True)
        ),
        auto_scaler_profile=service.ManagedClusterPropertiesAutoScalerProfileArgs(expander="least-waste", balance_similar_node_groups="true"),
        auto_upgrade_profile=service.ManagedClusterAutoUpgradeProfileArgs(upgrade_channel="patch", node_os_upgrade_channel="NodeImage"),
        node_resource_group_profile=service.ManagedClusterNodeResourceGroupProfileArgs(restriction_level="ReadOnly"),
        agent_pool_profiles=[
            service.ManagedClusterAgentPoolProfileArgs(
                name="system",
                mode="System",
                type="VirtualMachineScaleSets",
                vm_size=SYSTEM_MACHINE,
                count=SYSTEM_MINIMUM,
                min_count=SYSTEM_MINIMUM,
                max_count=SYSTEM_MAXIMUM,
                enable_auto_scaling=True,
                availability_zones=list(ZONES) if in_group.is_production else None,
                node_taints=["CriticalAddonsOnly=true:NoSchedule"],
                vnet_subnet_id=where.subnet(Subnet.NODES),
                os_type="Linux",
                os_sku="Ubuntu",
                os_disk_type="Managed",
                enable_encryption_at_host=args.host_encryption,
                enable_node_public_ip=False,
                max_pods=110,
                security_profile=service.AgentPoolSecurityProfileArgs(ssh_access="Disabled"),
                upgrade_settings=service.AgentPoolUpgradeSettingsArgs(max_surge="33%"),
                tags=in_group.tags,
            )
        ],
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=permissions,
            protect=in_group.is_production,
            # The autoscaler's, and Azure's, which follows patches.
            ignore_changes=["agentPoolProfiles[0].count", "agentPoolProfiles[0].orchestratorVersion", "securityProfile.azureKeyVaultKms.keyId"],
        ),
    )


def _pool(
    name: str,
    pool: NodePool,
    args: AksClusterArgs,
    cluster: "native.containerservice.ManagedCluster",
    where: Attachment,
    in_group: Group,
    parent: pulumi.Resource,
) -> "native.containerservice.AgentPool":
    """Machines for pods. Those with GPUs, and spare ones, only take pods that put up with their taint."""
    machine = choose(pool.compute, instances.CATALOGUE)
    taints = ["nvidia.com/gpu=present:NoSchedule"] if machine.gpus else []
    # Azure puts this taint on spare machines by itself, and must find it in every update.
    taints += ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] if pool.spot else []
    return native.containerservice.AgentPool(
        f"{name}-{pool.name}",
        resource_group_name=in_group.name,
        resource_name_=cluster.name,
        agent_pool_name=pool_name(pool, machine.name),
        mode="User",
        type="VirtualMachineScaleSets",
        vm_size=machine.name,
        count=pool.minimum,
        min_count=pool.minimum,
        max_count=pool.maximum,
        enable_auto_scaling=True,
        scale_set_priority="Spot" if pool.spot else "Regular",
        scale_set_eviction_policy="Delete" if pool.spot else None,
        spot_max_price=-1 if pool.spot else None,
        availability_zones=list(ZONES) if in_group.is_production else None,
        node_labels={"pool": pool.name},
        node_taints=taints,
        vnet_subnet_id=where.subnet(Subnet.NODES),
        os_type="Linux",
        os_sku="Ubuntu",
        os_disk_type="Managed",
        enable_encryption_at_host=args.host_encryption,
        enable_node_public_ip=False,
        max_pods=110,
        security_profile=native.containerservice.AgentPoolSecurityProfileArgs(ssh_access="Disabled"),
        # Azure refuses a surge of spare machines.
        upgrade_settings=None if pool.spot else native.containerservice.AgentPoolUpgradeSettingsArgs(max_surge="33%"),
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["count", "orchestratorVersion"]),
    )


def _maintenance(name: str, cluster: "native.containerservice.ManagedCluster", in_group: Group, parent: pulumi.Resource) -> None:
    """Azure upgrades the cluster and its machines on Sunday nights: https://learn.microsoft.com/azure/aks/planned-maintenance"""
    for label, config in (("upgrades", "aksManagedAutoUpgradeSchedule"), ("images", "aksManagedNodeOSUpgradeSchedule")):
        native.containerservice.MaintenanceConfiguration(
            f"{name}-{label}",
            resource_group_name=in_group.name,
            resource_name_=cluster.name,
            config_name=config,
            maintenance_window=native.containerservice.MaintenanceWindowArgs(
                duration_hours=6,
                start_time="01:00",
                schedule=native.containerservice.ScheduleArgs(
                    weekly=native.containerservice.WeeklyScheduleArgs(day_of_week="Sunday", interval_weeks=1)
                ),
            ),
            opts=pulumi.ResourceOptions(parent=parent, deleted_with=cluster),
        )


def _administrators(name: str, args: AksClusterArgs, cluster: "native.containerservice.ManagedCluster", parent: pulumi.Resource) -> None:
    """The groups listed administer the cluster, and so does who made it: otherwise nobody could put anything on it."""
    deployer = native.authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent))
    native.authorization.RoleAssignment(
        f"{name}-deployer",
        scope=cluster.id,
        role_definition_id=ids.lift(lambda value: ids.role_id(value, Role.CLUSTER_ADMINISTRATOR), cluster.id),
        principal_id=deployer.object_id,
        # Whoever deployed first; Azure finds out what kind of principal that is (see `grant_to`).
        principal_type=pulumi.Output.from_input(None),
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["principalId", "principalType"]),
    )
    for administrator in args.administrators:
        grant_to(f"{name}-{administrator}", Role.CLUSTER_USER, cluster.id, administrator, "Group", parent)


def _container_logs(
    name: str,
    cluster: "native.containerservice.ManagedCluster",
    workspace: "native.operationalinsights.Workspace",
    in_group: Group,
    parent: pulumi.Resource,
) -> None:
    """What containers write, and what runs where: https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-overview"""
    stream, place = "Microsoft-ContainerInsights-Group-Default", "workspace"
    rule = native.monitor.DataCollectionRule(
        f"{name}-containers",
        resource_group_name=in_group.name,
        kind="Linux",
        data_sources=native.monitor.DataCollectionRuleDataSourcesArgs(
            extensions=[
                native.monitor.ExtensionDataSourceArgs(
                    name="ContainerInsightsExtension",
                    extension_name="ContainerInsights",
                    streams=[stream],
                    extension_settings={"dataCollectionSettings": {"interval": "1m", "namespaceFilteringMode": "Off", "enableContainerLogV2": True}},
                )
            ]
        ),
        destinations=native.monitor.DataCollectionRuleDestinationsArgs(
            log_analytics=[native.monitor.LogAnalyticsDestinationArgs(name=place, workspace_resource_id=workspace.id)]
        ),
        data_flows=[native.monitor.DataFlowArgs(streams=[stream], destinations=[place])],
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    native.monitor.DataCollectionRuleAssociation(
        f"{name}-containers",
        resource_uri=cluster.id,
        association_name="ContainerInsightsExtension",
        data_collection_rule_id=rule.id,
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=cluster),
    )


def _kubeconfig(name: str, login: Login, cluster: "native.containerservice.ManagedCluster", parent: pulumi.Resource) -> pulumi.Output[str]:
    given = native.containerservice.list_managed_cluster_user_credentials_output(
        resource_group_name=ids.lift(lambda found: ids.segment(found, "resourceGroups"), cluster.id),
        resource_name=cluster.name,
        format="exec",
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    encoded = given.kubeconfigs.apply(lambda found: found[0].value)
    return pulumi.Output.all(cluster.private_fqdn, encoded).apply(lambda found: kubeconfig(name, found[0], authority(found[1]), login))
