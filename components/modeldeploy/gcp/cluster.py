"""A private Kubernetes cluster on GKE, as a production team would run it."""

import ipaddress
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, ClusterArgs
from modeldeploy.spec.compute import HOURS_PER_MONTH, choice_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.network import Network, cidr_problems, subnets
from modeldeploy.spec.operations import Environment

from .agents import project_number
from .alarms import THREE_PERIODS, above, channels, policy
from .budget import billing_problems, component_budget
from .compute_instances import CATALOGUE
from .identity import member_problems, nodes_account
from .keys import Key, data_key
from .labels import label_problems, labels
from .logs import log_bucket
from .names import LONGEST
from .network import id_of, network_for
from .node_pools import BASE, node_pool, pools_monthly_usd
from .place import place
from .repositories import REPOSITORY, let_pull
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire

APIS = ("container", "compute", "cloudkms", "iam", "logging", "monitoring", "binaryauthorization", "artifactregistry")
ENCRYPTED = ("container", "compute", "logging")
"""The services that store something of a cluster under its key: secrets, disks, logs."""
FEE_HOURLY_USD = 0.10
"""What a cluster costs besides its machines, in US dollars an hour, as https://cloud.google.com/kubernetes-engine/pricing stood in 2026."""
GIVEN_NETWORK_PODS = "10.200.0.0/16"
SMALLEST_PODS = 20
"""Length of the smallest range for pods: each machine takes a /24 (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#defaults_limits),
and a cluster has at least three."""
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
CONTROL_PORTS = ("443", "8132", "10250")
"""The API server, its tunnel to the machines, and the machines' kubelets."""
ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")
SECURITY_GROUP = re.compile(r"gke-security-groups@[a-z0-9.-]+\.[a-z]{2,}")
NODE_ROLE = "roles/container.defaultNodeServiceAccount"
"""Writes logs and metrics; nothing else."""
ADMINISTRATOR_ROLE = "roles/container.admin"
LOGGED = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]
MEASURED = ["SYSTEM_COMPONENTS", "STORAGE", "HPA", "POD", "DAEMONSET", "DEPLOYMENT", "STATEFULSET", "CADVISOR", "KUBELET"]


@dataclass(frozen=True, kw_only=True)
class GkeClusterArgs(ClusterArgs):
    """A private cluster on GKE.

    On Autopilot, the default, Google makes machines as pods need them, also with GPUs and spare ones (`GkeWorkloadArgs.accelerator` and `spot`). With
    `pools` or `standard` the cluster is a Standard one: the machines are the pools', besides two to ten of the cluster's own.
    """

    standard: bool = False
    """Whether machines are the team's own to look after, for what Autopilot does not run (privileged pods). Default: no; `pools` make it yes. A
    change makes another cluster."""
    zones: list[str] = field(default_factory=list[str])
    """Zones of the region that machines are in, such as `europe-west1-b`, where not all have the GPUs wanted. Default: Google chooses three."""
    pod_cidr: str | None = None
    """Range that pods get addresses from, a private IPv4 range of /11 to /20 that nothing else in the network uses. Omitted: the third quarter of the
    network that is made, which is /18 or larger then, or 10.200.0.0/16 in one that is given. A change makes another cluster."""
    security_group: str | None = None
    """Group of Google Workspace whose member groups roles in the cluster may name, `gke-security-groups@<domain>`. Omitted: roles name users and
    service accounts only."""
    repositories: list[str] = field(default_factory=list[str])
    """Repositories of Artifact Registry whose images machines may pull: `projects/P/locations/L/repositories/R`. Default: none."""
    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""

    @property
    def autopilot(self) -> bool:
        """Whether Google looks after the machines."""
        return not self.standard and not self.pools

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from label_problems(self.tags)
        yield from member_problems("administrators", self.administrators)
        yield from billing_problems(self.billing_account, self.operations)
        for index, pool in enumerate(self.pools):
            yield from (problem.under(f"pools[{index}]") for problem in choice_problems(pool.compute, CATALOGUE, "GKE"))
            if pool.name == BASE.name:
                yield Problem(f"pools[{index}].name", f"'{pool.name}' is the pool that the cluster makes by itself; choose another name")
        for index, zone in enumerate(self.zones):
            if not ZONE.fullmatch(zone):
                yield Problem(f"zones[{index}]", f"'{zone}' is no zone; write for example europe-west1-b")
        if self.pod_cidr is not None:
            yield from cidr_problems("pod_cidr", self.pod_cidr, shortest=11, longest=SMALLEST_PODS)
        elif self.network.id is None and (quarter := ipaddress.ip_network(self.network.range).prefixlen + 2) > SMALLEST_PODS:
            yield Problem(
                "network.cidr",
                f"'{self.network.range}' leaves a /{quarter} for pods, of which each machine takes a /24; use /{SMALLEST_PODS - 2} or larger, "
                "or give pod_cidr",
            )
        if self.security_group is not None and not SECURITY_GROUP.fullmatch(self.security_group):
            yield Problem("security_group", f"'{self.security_group}' is not the group that GKE asks; write gke-security-groups@<domain>")
        for index, repository in enumerate(self.repositories):
            if not REPOSITORY.fullmatch(repository):
                yield Problem(f"repositories[{index}]", f"'{repository}' is no repository; write projects/P/locations/L/repositories/R")


class GkeCluster(pulumi.ComponentResource):
    """A regional cluster whose machines and API have private addresses only: the API answers in the cluster's subnet and to `network.callers`.

    Pods get identities of their own by workload identity and see nothing of their machine's; NetworkPolicies hold (Dataplane V2); secrets and disks
    are encrypted with a key of the component; images must pass the project's Binary Authorization policy, which admits all until the project has one;
    Google upgrades it at weekends, in the regular channel; Gateway API is on.

    What its user has seen to: a key given by `encryption.key` is in the region and lets the service agents of Kubernetes Engine, Compute Engine and
    Cloud Logging encrypt and decrypt. A network given by `network.id` belongs to the same project, and finds Google's APIs and registries at private
    addresses, as a `GoogleNetwork` does. Pulumi reaches the API from inside the network, with `gke-gcloud-auth-plugin` on its machine.
    """

    id: pulumi.Output[str]
    """`projects/P/locations/L/clusters/C`, known once there are machines."""
    kubeconfig: pulumi.Output[str]
    """How the kubernetes provider reaches it; no secret is in it."""
    identity: pulumi.Output[str]
    """Address of the service account of the machines."""
    logs: pulumi.Output[str]
    """The log bucket of control plane and machines, `projects/P/locations/L/buckets/B`; what containers write is their deployment's."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month: the cluster's fee, and the machines of the pools at their minimum, on demand in us-central1. Not in it: pods on
    Autopilot, which are their deployment's, disks, logs and network."""

    def __init__(self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(GkeClusterArgs, args, f"GkeCluster '{name}'")
        check_name(f"GkeCluster '{name}'", name, LONGEST)
        where = place(f"GkeCluster '{name}'", opts)
        super().__init__("modeldeploy:index:GkeCluster", name, to_wire(checked), opts)
        operations = checked.operations
        budgets = ["billingbudgets"] if checked.billing_account is not None else []
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, [*APIS, *budgets], where, self),
        )

        network = network_for(scope, checked.network, operations.log_retention_days, checked.environment, checked.tags)
        key = data_key(scope, checked.encryption, ENCRYPTED)
        account = nodes_account(scope)
        may_work = [_node_role(scope, account), *let_pull(scope, account.member, checked.repositories)]
        open_firewall = _firewall(scope, checked, network, account)

        cluster = gcp.container.Cluster(
            name,
            _cluster_args(scope, checked, network, key, account),
            # The machines that a cluster begins with go at once, and are not looked at again.
            scope.after_apis(*key.ready, *may_work, *open_firewall, protect=scope.production, ignore_changes=["nodeConfig", "initialNodeCount"]),
        )
        pools = [] if checked.autopilot else [BASE, *checked.pools]
        made = [node_pool(scope, cluster, each, account, key, checked.zones) for each in pools]
        ready = pulumi.Output.all(cluster.id, *(pool.id for pool in made))
        _administrators(scope, checked.administrators, cluster)

        notify = channels(scope, operations.emails)
        series = cluster.name.apply(cluster_series)
        logs = log_bucket(
            scope, cluster.name, series.apply(lambda each: f'{each} AND NOT resource.type="k8s_container"'), operations.log_retention_days, key
        )
        _alarm(scope, series, operations.utilization_percent, notify)
        if checked.billing_account is not None or operations.monthly_budget_usd is not None:
            most = _monthly_usd(checked, most=True)
            component_budget(scope, checked.billing_account, operations, most, project_number(scope).apply(int), notify)

        self.id = ready.apply(lambda ids: str(ids[0]))
        certificate = cluster.master_auth.apply(lambda auth: auth.cluster_ca_certificate)
        self.kubeconfig = pulumi.Output.all(self.id, cluster.endpoint, certificate).apply(lambda parts: kubeconfig(*(str(each) for each in parts)))
        self.identity = account.email
        self.logs = logs.id
        self.monthly_cost = pulumi.Output.from_input(_monthly_usd(checked, most=False))
        self.register_outputs(
            {"id": self.id, "kubeconfig": self.kubeconfig, "identity": self.identity, "logs": self.logs, "monthly_cost": self.monthly_cost}
        )

    def reference(self) -> Cluster:
        """The cluster as an argument of the deployments on it."""
        return Cluster(id=self.id, kubeconfig=self.kubeconfig)


def kubeconfig(id: str, endpoint: str, certificate: str) -> str:
    """A kubeconfig that logs in with Google's own plugin (https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl)."""
    name = id.rsplit("/", 1)[-1]
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "gke-gcloud-auth-plugin",
        "installHint": "Install gke-gcloud-auth-plugin: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl",
        "provideClusterInfo": True,
        "interactiveMode": "Never",
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": f"https://{endpoint}", "certificate-authority-data": certificate}}],
            "users": [{"name": name, "user": {"exec": login}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        sort_keys=True,
    )


def cluster_series(cluster: str) -> str:
    """What Cloud Monitoring and Cloud Logging know about a cluster."""
    return f'resource.labels.cluster_name="{cluster}"'


def workload_pool(project: pulumi.Input[str]) -> pulumi.Input[str]:
    """The pool of identities that the project's clusters share; plain where the project's id is, so that policies see it."""
    return f"{project}.svc.id.goog" if isinstance(project, str) else pulumi.Output.concat(project, ".svc.id.goog")


def _cluster_args(scope: Scope, args: GkeClusterArgs, network: Network, key: Key, account: gcp.serviceaccount.Account) -> gcp.container.ClusterArgs:
    autopilot = args.autopilot
    return gcp.container.ClusterArgs(
        location=scope.region,
        project=scope.project,
        network=id_of(network),
        subnetwork=network.subnet_ids[0],
        node_locations=args.zones or None,
        deletion_protection=scope.production,
        resource_labels=scope.labels,
        # What differs. Autopilot has Dataplane V2 and shielded machines, and refuses to be told.
        enable_autopilot=True if autopilot else None,
        cluster_autoscaling=_automatic_nodes(key, account) if autopilot else None,
        node_pool_auto_config=_automatic_kubelets() if autopilot else None,
        datapath_provider=None if autopilot else "ADVANCED_DATAPATH",
        enable_shielded_nodes=None if autopilot else True,
        enable_intranode_visibility=None if autopilot else True,
        remove_default_node_pool=None if autopilot else True,
        initial_node_count=None if autopilot else 1,
        node_config=None if autopilot else _first_nodes(key, account),
        # Private.
        private_cluster_config=gcp.container.ClusterPrivateClusterConfigArgs(enable_private_nodes=True, enable_private_endpoint=True),
        master_authorized_networks_config=gcp.container.ClusterMasterAuthorizedNetworksConfigArgs(
            cidr_blocks=[
                gcp.container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=each, display_name=f"caller-{index}")
                for index, each in enumerate(args.network.callers)
            ],
            gcp_public_cidrs_access_enabled=False,
            private_endpoint_enforcement_enabled=True,
        ),
        ip_allocation_policy=gcp.container.ClusterIpAllocationPolicyArgs(cluster_ipv4_cidr_block=_pod_range(args)),
        # Identities.
        workload_identity_config=gcp.container.ClusterWorkloadIdentityConfigArgs(workload_pool=workload_pool(scope.project)),
        enable_legacy_abac=False,
        master_auth=gcp.container.ClusterMasterAuthArgs(
            client_certificate_config=gcp.container.ClusterMasterAuthClientCertificateConfigArgs(issue_client_certificate=False)
        ),
        authenticator_groups_config=None
        if args.security_group is None
        else gcp.container.ClusterAuthenticatorGroupsConfigArgs(security_group=args.security_group),
        anonymous_authentication_config=gcp.container.ClusterAnonymousAuthenticationConfigArgs(mode="LIMITED"),
        rbac_binding_config=gcp.container.ClusterRbacBindingConfigArgs(
            enable_insecure_binding_system_authenticated=False, enable_insecure_binding_system_unauthenticated=False
        ),
        # Encryption, admission, posture.
        database_encryption=gcp.container.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=key.id),
        binary_authorization=gcp.container.ClusterBinaryAuthorizationArgs(evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE"),
        security_posture_config=gcp.container.ClusterSecurityPostureConfigArgs(mode="BASIC"),
        # Life.
        release_channel=gcp.container.ClusterReleaseChannelArgs(channel="REGULAR"),
        maintenance_policy=gcp.container.ClusterMaintenancePolicyArgs(
            recurring_window=gcp.container.ClusterMaintenancePolicyRecurringWindowArgs(
                start_time="2026-01-03T01:00:00Z", end_time="2026-01-03T07:00:00Z", recurrence="FREQ=WEEKLY;BYDAY=SA,SU"
            )
        ),
        logging_config=gcp.container.ClusterLoggingConfigArgs(enable_components=LOGGED),
        monitoring_config=gcp.container.ClusterMonitoringConfigArgs(
            enable_components=MEASURED, managed_prometheus=gcp.container.ClusterMonitoringConfigManagedPrometheusArgs(enabled=True)
        ),
        cost_management_config=gcp.container.ClusterCostManagementConfigArgs(enabled=True),
        gateway_api_config=gcp.container.ClusterGatewayApiConfigArgs(channel="CHANNEL_STANDARD"),
    )


def _automatic_nodes(key: Key, account: gcp.serviceaccount.Account) -> gcp.container.ClusterClusterAutoscalingArgs:
    """The machines that Autopilot makes."""
    return gcp.container.ClusterClusterAutoscalingArgs(
        auto_provisioning_defaults=gcp.container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs(
            service_account=account.email,
            oauth_scopes=["https://www.googleapis.com/auth/cloud-platform"],
            boot_disk_kms_key=key.id,
        )
    )


def _automatic_kubelets() -> gcp.container.ClusterNodePoolAutoConfigArgs:
    return gcp.container.ClusterNodePoolAutoConfigArgs(
        node_kubelet_config=gcp.container.ClusterNodePoolAutoConfigNodeKubeletConfigArgs(insecure_kubelet_readonly_port_enabled="FALSE")
    )


def _first_nodes(key: Key, account: gcp.serviceaccount.Account) -> gcp.container.ClusterNodeConfigArgs:
    """The machines that a Standard cluster begins with: they go at once, but not even they run as the project's default account."""
    return gcp.container.ClusterNodeConfigArgs(
        service_account=account.email,
        oauth_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        boot_disk_kms_key=key.id,
        shielded_instance_config=gcp.container.ClusterNodeConfigShieldedInstanceConfigArgs(enable_secure_boot=True, enable_integrity_monitoring=True),
        workload_metadata_config=gcp.container.ClusterNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        metadata={"disable-legacy-endpoints": "true"},
    )


def _pod_range(args: GkeClusterArgs) -> str:
    if args.pod_cidr is not None:
        return args.pod_cidr
    if args.network.id is not None:
        return GIVEN_NETWORK_PODS
    return subnets(args.network.range, 3, int(args.network.range.split("/")[1]) + 2)[2]


def _node_role(scope: Scope, account: gcp.serviceaccount.Account) -> gcp.projects.IAMMember:
    return gcp.projects.IAMMember(
        f"{scope.name}-nodes", gcp.projects.IAMMemberArgs(project=scope.project, role=NODE_ROLE, member=account.member), scope.child()
    )


def _firewall(scope: Scope, args: GkeClusterArgs, network: Network, account: gcp.serviceaccount.Account) -> list[gcp.compute.Firewall]:
    """What the machines open in a network that lets nothing out. What comes in, GKE allows by itself."""
    inside = list(PRIVATE_RANGES) if args.network.id is not None else [args.network.range]
    wanted = {
        "pods": ([_pod_range(args)], [gcp.compute.FirewallAllowArgs(protocol="all")], "Pods of the cluster"),
        "control": (inside, [gcp.compute.FirewallAllowArgs(protocol="tcp", ports=CONTROL_PORTS)], "The cluster's API and its other machines"),
    }
    return [
        gcp.compute.Firewall(
            f"{scope.name}-allow-{suffix}",
            gcp.compute.FirewallArgs(
                network=id_of(network),
                project=scope.project,
                description=description,
                direction="EGRESS",
                priority=1000,
                destination_ranges=ranges,
                allows=allows,
                target_service_accounts=[account.email],
                log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
            ),
            scope.after_apis(),
        )
        for suffix, (ranges, allows, description) in wanted.items()
    ]


def _administrators(scope: Scope, members: Sequence[str], cluster: gcp.container.Cluster) -> None:
    """Lets `members` do everything in this cluster. Clusters have no policy of their own: the role is given in the project, for this one alone."""
    for member in members:
        gcp.projects.IAMMember(
            f"{scope.name}-administrator-{member}",
            gcp.projects.IAMMemberArgs(
                project=scope.project,
                role=ADMINISTRATOR_ROLE,
                member=member,
                condition=gcp.projects.IAMMemberConditionArgs(
                    title="one-cluster",
                    description="Only the cluster that modeldeploy made",
                    expression=cluster.id.apply(lambda id: f'resource.name == "{id}"'),
                ),
            ),
            scope.child(),
        )


def _alarm(scope: Scope, series: pulumi.Output[str], percent: int, notify: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Machines that are busy. Metrics: https://cloud.google.com/monitoring/api/metrics_kubernetes"""
    used = series.apply(lambda each: f'resource.type="k8s_node" AND {each} AND metric.type="kubernetes.io/node/cpu/allocatable_utilization"')
    condition = above("CPU use of machines", used, percent / 100, THREE_PERIODS, "ALIGN_MEAN", "REDUCE_MEAN")
    policy(scope, "cpu", f"Machines of {scope.name} use more than {percent}% of their CPU: raise `maximum` of the pools.", [condition], notify)


def _monthly_usd(args: GkeClusterArgs, *, most: bool) -> float:
    pools = [] if args.autopilot else [BASE, *args.pools]
    return round(FEE_HOURLY_USD * HOURS_PER_MONTH + pools_monthly_usd(pools, most=most, hours=HOURS_PER_MONTH), 2)
