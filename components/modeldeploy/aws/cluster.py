"""A private Kubernetes cluster on Amazon EKS that runs its own machines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, ClusterArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import labels_of
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic
from .budget import NAME_TAG, monthly_budget
from .ec2_machines import CLUSTER_HOURLY_USD
from .given import CALLER, key_problems
from .instances import KEY_MONTHLY_USD, monthly
from .keys import key_arn
from .kubeconfig import kubeconfig
from .network import Attachment, attach
from .node_pools import network_policies, node_pools, pool_problems
from .policy_documents import Statement, document, session_trust, trust

LONGEST_NAME = 40
"""An IAM role's name, 64 characters at most, is made of the component's, `-network-flows` and what auto-naming adds."""

SERVICES = ("ec2", "eks", "eks-auth", "monitoring")
"""Services that a cluster without a way to the internet reaches privately, besides a network's usual ones:
https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html."""

SERVICE_RANGE = "172.20.0.0/16"
"""Addresses of Services inside the cluster."""

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

INSIGHTS = ("application", "dataplane", "host", "performance")
"""What Container Insights writes, a log group for each:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-EKS-logs.html."""

CLUSTER_POLICIES = (
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
"""What Auto Mode asks for: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html and auto-create-node-role.html there."""


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs(ClusterArgs):
    """Arguments of `EksCluster`: the shared ones, and the version.

    - `administrators`: list the role that deploys as well, or it can do nothing in the cluster any more. Empty: only the identity that made it.
    - `pools`: Auto Mode starts machines when pods wait for them, so `minimum` is 0. `maximum` limits their CPUs, or GPUs where they have some.
    - `network.id`: the network needs VPC endpoints for S3, `ecr.api`, `ecr.dkr`, `logs`, `sts` and those in `SERVICES`, or a way to the internet, and
      subnets in two availability zones.
    - Pulumi must reach the API: run it in the network, or from a range in `network.callers`.
    """

    kubernetes_version: str | None = None
    """Version of Kubernetes (`1.35`). It can be raised by one, never lowered. Omitted: the newest when the cluster is made; EKS raises it when its
    support ends."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for index, administrator in enumerate(self.administrators):
            if not CALLER.fullmatch(administrator):
                yield Problem(
                    f"administrators[{index}]", f"'{administrator}' is not an ARN of an IAM role or user (arn:aws:iam::<account>:role/<name>)"
                )
        yield from pool_problems(self.pools)
        yield from key_problems(self.encryption)
        if self.network.id is not None and len(self.network.subnet_ids) < 2:
            yield Problem("network.subnet_ids", f"{len(self.network.subnet_ids)} is too few; EKS needs subnets in two availability zones")
        if self.operations.capture_percent:
            yield Problem("operations.capture_percent", "has no effect on a cluster; leave it out")
        if self.kubernetes_version is not None and not re.fullmatch(r"1\.[2-9]\d", self.kubernetes_version):
            yield Problem("kubernetes_version", f"'{self.kubernetes_version}' is no version; write for example 1.35")


class EksCluster(pulumi.ComponentResource):
    """EKS with Auto Mode, whose API answers in the network only: https://docs.aws.amazon.com/eks/latest/userguide/automode.html.

    AWS runs and patches the machines, networking, disks and pod identity. Secrets and disks are encrypted with the customer's key, people and roles
    get in by access entries, NetworkPolicy is enforced, what the control plane does is logged, and Container Insights watches the pods.
    """

    id: pulumi.Output[str]
    """Name of the cluster."""
    kubeconfig: pulumi.Output[str]
    """How kubectl and Pulumi reach it, by the AWS CLI's login."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the control plane."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month by the list prices in `ec2_machines.py` and `instances.py`: the control plane, the key, and the interface endpoints of a
    network that was made for it. Not counted: machines, which follow the pods; logs, metrics."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries the budget's alerts."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(EksClusterArgs, args, f"EksCluster '{name}'")
        check_name(f"EksCluster '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:EksCluster", name, as_inputs(checked), opts)
        account = current_account(self)
        # Fixed: the log groups are there before the cluster and carry its name.
        self.cluster_name = cluster_name = physical_name(name, 100)
        named = {NAME_TAG: cluster_name}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        network = _network(name, checked, key, checked.tags | named, self)
        control_plane, logs = _log_groups(name, cluster_name, operations.log_retention_days, key, tags, self)
        role, permissions = _cluster_role(name, key, account, tags, self)
        cluster = _cluster(name, cluster_name, checked, network, key, role, tags, [*logs, *permissions], self)
        _reachable(name, cluster, [network.cidr, *checked.network.callers], tags, self)
        entered = _entries(name, cluster, checked.administrators, account, tags, self)
        node_role, joined = _node_role(name, cluster, account, tags, self)

        self.kubeconfig = pulumi.Output.all(cluster.name, account.region, cluster.endpoint, cluster.certificate_authority.data).apply(
            lambda it: kubeconfig(it[0], it[1], it[2], it[3])
        )
        provider = kubernetes.Provider(
            f"{name}-kubernetes", kubeconfig=self.kubeconfig, opts=pulumi.ResourceOptions(parent=self, depends_on=[*entered, *joined])
        )
        inside = pulumi.ResourceOptions(parent=self, provider=provider)
        labels = labels_of(tags)
        network_policies(name, labels, inside)
        group = cluster.vpc_config.cluster_security_group_id
        machines = node_pools(name, checked.pools, node_role.name, network.subnet_ids, group, key, labels, inside)
        _add_ons(name, cluster, account, tags, [*logs, *machines], self)

        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        cost = round(monthly(CLUSTER_HOURLY_USD) + network.monthly_usd + (KEY_MONTHLY_USD if checked.encryption.key is None else 0), 2)
        # The machines carry the tag that EKS gives them, not ours. What they cost is not estimated: they count only against a budget that is given.
        also = [] if operations.monthly_budget_usd is None else [machine_tag(cluster_name)]
        monthly_budget(name, cluster_name, operations.monthly_budget_usd or cost, topic, tags, self, also)

        self.id = cluster.name
        self.logs = control_plane.name
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "id": self.id,
                "kubeconfig": self.kubeconfig,
                "logs": self.logs,
                "monthly_cost": self.monthly_cost,
                "alarm_topic": self.alarm_topic,
            }
        )

    def reference(self) -> Cluster:
        """The cluster as an argument of the deployments on it."""
        return Cluster(id=self.id, kubeconfig=self.kubeconfig)


def machine_tag(cluster_name: str) -> str:
    """The tag that EKS gives machines, as budgets name it. It has to be activated once as a cost allocation tag."""
    return f"aws:eks:cluster-name${cluster_name}"


def _network(name: str, args: EksClusterArgs, key: pulumi.Input[str], tags: dict[str, str], parent: pulumi.Resource) -> Attachment:
    return attach(name, args.network, key, args.operations.log_retention_days, args.environment, tags, parent, SERVICES)


def _log_groups(
    name: str, cluster_name: str, retention_days: int, key: pulumi.Input[str], tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.cloudwatch.LogGroup, list[pulumi.Resource]]:
    """The groups that EKS and Container Insights write to; they would make them without key and end of retention."""

    def group(suffix: str, path: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{name}-{suffix}",
            name=path,
            retention_in_days=retention_days,
            kms_key_id=key,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )

    control_plane = group("control-plane", f"/aws/eks/{cluster_name}/cluster")
    return control_plane, [control_plane, *(group(each, f"/aws/containerinsights/{cluster_name}/{each}") for each in INSIGHTS)]


def _cluster_role(
    name: str, key: pulumi.Output[str], account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role that EKS manages machines, disks and networks with."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-cluster",
        description=f"What EKS does for the cluster {name}",
        assume_role_policy=account.id.apply(lambda it: session_trust("eks.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    encryption = aws.iam.RolePolicy(f"{name}-encryption", role=role.name, policy=key.apply(lambda it: document(*_encryption(it))), opts=opts)
    return role, [encryption, *_attached(f"{name}-cluster", role, CLUSTER_POLICIES, account, parent)]


def _node_role(
    name: str, cluster: aws.eks.Cluster, account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role of the machines, and their way into the cluster: https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-machines",
        description=f"What the machines of the cluster {name} may do",
        # EC2 does not say whose machine asks.
        assume_role_policy=trust("ec2.amazonaws.com"),
        tags=tags,
        opts=opts,
    )
    attached = _attached(f"{name}-machines", role, NODE_POLICIES, account, parent)
    entry = aws.eks.AccessEntry(f"{name}-machines", cluster_name=cluster.name, principal_arn=role.arn, type="EC2", tags=tags, opts=opts)
    return role, [*attached, _association(f"{name}-machines", cluster, entry, "AmazonEKSAutoNodePolicy", account, parent)]


def _cluster(
    name: str,
    cluster_name: str,
    args: EksClusterArgs,
    network: Attachment,
    key: pulumi.Output[str],
    role: aws.iam.Role,
    tags: dict[str, str],
    before: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.eks.Cluster:
    """Auto Mode is compute, disks and load balancing together; EKS refuses one without the others."""
    production = args.environment is Environment.PRODUCTION
    balancing = aws.eks.ClusterKubernetesNetworkConfigElasticLoadBalancingArgs(enabled=True)
    return aws.eks.Cluster(
        name,
        name=cluster_name,
        role_arn=role.arn,
        version=args.kubernetes_version,
        vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=network.subnet_ids, endpoint_private_access=True, endpoint_public_access=False),
        access_config=aws.eks.ClusterAccessConfigArgs(authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False),
        bootstrap_self_managed_addons=False,
        compute_config=aws.eks.ClusterComputeConfigArgs(enabled=True),
        storage_config=aws.eks.ClusterStorageConfigArgs(block_storage=aws.eks.ClusterStorageConfigBlockStorageArgs(enabled=True)),
        kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
            elastic_load_balancing=balancing, ip_family="ipv4", service_ipv4_cidr=SERVICE_RANGE
        ),
        encryption_config=aws.eks.ClusterEncryptionConfigArgs(
            provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key), resources=["secrets"]
        ),
        enabled_cluster_log_types=list(LOG_TYPES),
        upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
        zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=True),
        deletion_protection=production,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before, protect=production),
    )


def _reachable(name: str, cluster: aws.eks.Cluster, ranges: list[pulumi.Input[str]], tags: dict[str, str], parent: pulumi.Resource) -> None:
    """Lets the network and who is connected to it call the API; EKS's own group lets in machines only."""
    for index, caller in enumerate(ranges):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-api-{index}",
            security_group_id=cluster.vpc_config.cluster_security_group_id.apply(lambda it: it or ""),
            description="The network itself" if index == 0 else "Callers of a connected network",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=caller,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )


def _entries(
    name: str, cluster: aws.eks.Cluster, administrators: list[str], account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """Who may do everything: those listed, or whoever made the cluster. EKS could let its maker in by itself, for ever and out of sight."""
    if administrators:
        who: list[tuple[str, pulumi.Input[str]]] = [(f"{name}-administrator-{_last(each)}", each) for each in administrators]
        opts = pulumi.ResourceOptions(parent=parent)
    else:
        options = pulumi.InvokeOutputOptions(parent=parent)
        maker = aws.iam.get_session_context_output(arn=aws.get_caller_identity_output(opts=options).arn, opts=options)
        who = [(f"{name}-maker", maker.issuer_arn)]
        # Whoever runs Pulumi next is not the maker.
        opts = pulumi.ResourceOptions(parent=parent, ignore_changes=["principalArn"])
    entries = [
        (each, aws.eks.AccessEntry(each, cluster_name=cluster.name, principal_arn=arn, type="STANDARD", tags=tags, opts=opts)) for each, arn in who
    ]
    return [_association(each, cluster, entry, "AmazonEKSClusterAdminPolicy", account, parent) for each, entry in entries]


def _association(
    name: str, cluster: aws.eks.Cluster, entry: aws.eks.AccessEntry, policy: str, account: Account, parent: pulumi.Resource
) -> aws.eks.AccessPolicyAssociation:
    return aws.eks.AccessPolicyAssociation(
        name,
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=account.partition.apply(lambda it: f"arn:{it}:eks::aws:cluster-access-policy/{policy}"),
        access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _add_ons(
    name: str, cluster: aws.eks.Cluster, account: Account, tags: dict[str, str], after: list[pulumi.Resource], parent: pulumi.Resource
) -> None:
    """What Auto Mode lacks: metrics for autoscalers, and Container Insights
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Observability-EKS-addon.html)."""
    opts = pulumi.ResourceOptions(parent=parent, depends_on=after)
    aws.eks.Addon(f"{name}-metrics", cluster_name=cluster.name, addon_name="metrics-server", tags=tags, opts=opts)
    role = aws.iam.Role(
        f"{name}-observer",
        description=f"Writes logs and metrics of the cluster {name}",
        assume_role_policy=account.id.apply(lambda it: session_trust("pods.eks.amazonaws.com", it)),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    attached = _attached(f"{name}-observer", role, ("CloudWatchAgentServerPolicy",), account, parent)
    aws.eks.Addon(
        f"{name}-observability",
        cluster_name=cluster.name,
        addon_name="amazon-cloudwatch-observability",
        pod_identity_associations=[aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account="cloudwatch-agent")],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*after, *attached]),
    )


def _attached(name: str, role: aws.iam.Role, policies: tuple[str, ...], account: Account, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """AWS's own policies, which EKS extends when it needs more."""
    return [
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy}",
            role=role.name,
            policy_arn=account.partition.apply(lambda it, policy=policy: f"arn:{it}:iam::aws:policy/{policy}"),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for policy in policies
    ]


def _encryption(key: str) -> list[Statement]:
    """Secrets and disks: https://docs.aws.amazon.com/eks/latest/userguide/auto-kms.html."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:ListGrants"]
    return [
        {"Effect": "Allow", "Action": use, "Resource": key},
        {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": key, "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
    ]


def _last(arn: str) -> str:
    return re.sub("[^A-Za-z0-9-]+", "-", arn.rpartition("/")[2])
