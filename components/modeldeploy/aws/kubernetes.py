"""A model on Amazon EKS."""

import ipaddress
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from modeldeploy.kubernetes.scope import INSTANCE, own_namespace, version_name
from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, KubernetesArgs, NodePool
from modeldeploy.spec.compute import Compute
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import IdentityEndpoint, Placement, PodIdentity, WorkloadArgs, labels_of
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Operations
from modeldeploy.spec.rollout import shares
from modeldeploy.spec.tags import standard_tags

from .account import current_account, physical_name
from .alarms import Watch, alarm_topic
from .budget import NAME_TAG, monthly_budget
from .cluster import EksCluster, EksClusterArgs, machine_tag
from .dashboard import Panel, dashboard_url, traffic_dashboard
from .ec2_machines import pod_hourly_usd
from .folders import artifact_statements
from .given import key_problems, network_problems
from .identity import database_environment, database_grant, database_user, login_statement
from .instances import KEY_MONTHLY_USD, monthly
from .keys import key_arn
from .model_store import model_store
from .policy_documents import document, session_trust
from .security_groups import POSTGRES

LONGEST_NAME = 32
"""The cluster that is made is named after it, and an IAM role's name, 64 characters at most, after that."""

INSIGHTS = "ContainerInsights"

DNS_HOST = 10
"""Place of the DNS server in the range of Services. On Auto Mode it runs on the machines and not in pods, so a rule for pods does not reach it."""


@dataclass(frozen=True, kw_only=True)
class EksWorkloadArgs(KubernetesArgs):
    """Arguments of `EksWorkload`: the shared ones, and which machines.

    - `cluster`: one that is there needs EKS Pod Identity's agent, the add-ons `metrics-server` and `amazon-cloudwatch-observability`, and a network
      that enforces NetworkPolicy; `EksCluster` has them. Its VPC needs the gateway endpoint for S3, or a way to the internet. It excludes `network`.
    - `operations`: Container Insights sees CPU, memory and replicas.
    - `resources.gpus`: a cluster that is made gets a pool of machines that have them.
    """

    placement: Placement = Placement()
    """Which machines: a pool of `EksCluster` has the label `modeldeploy/pool`, and one of spare machines the taint `eks.amazonaws.com/capacity-type`.
    Default: any."""

    def workload(self, addresses: Mapping[str, pulumi.Input[str]], variables: Mapping[str, pulumi.Input[str]]) -> WorkloadArgs:
        """The objects' arguments, with where the models lie and what else their containers find in the environment."""
        models = [replace(each, container=replace(each.container, environment={**variables, **each.container.environment})) for each in self.models]
        return WorkloadArgs(
            models=models,
            addresses=dict(addresses),
            rollout=self.rollout,
            resources=self.resources,
            scaling=self.scaling,
            route=self.route,
            network=self.pods,
            monitoring=self.monitoring,
            placement=self.placement,
            pod_identity=PodIdentity(endpoint=IdentityEndpoint.EKS),
            loader_image=self.loader_image,
            environment=self.environment,
            tags=labels_of(self.tags),
        )

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        found = list(super().problems())
        yield from found
        yield from remote_problems(self.models, ("s3",), "Amazon EKS")
        for each in self.workload({model.version: model.source for model in self.models}, {}).problems():
            if each not in found:
                yield Problem(each.path.replace("network.", "pods."), each.reason)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        if self.cluster is not None and self.network != Network():
            yield Problem("network", "excludes cluster: the cluster is in its network already; give one of the two")
        if self.operations.capture_percent:
            yield Problem("operations.capture_percent", "has no effect on a cluster; let the container write what is to be kept")
        if self.database is not None:
            for index, model in enumerate(self.models):
                for variable in model.container.environment:
                    if variable.startswith("DATABASE_"):
                        yield Problem(
                            f"models[{index}].container.environment.{variable}", "excludes database: it is set from there; give one of the two"
                        )


class EksWorkload(pulumi.ComponentResource):
    """Versions of a model as Deployments on EKS, with a role of their own by pod identity:
    https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html.

    With them come the cluster (unless one is given), key, model bucket, a closed network around the pods, alarms, dashboard and budget. A release is
    that of `KubernetesWorkload`.
    """

    url: pulumi.Output[str]
    """Where to POST predictions: the route's host over TLS, or the Service inside the cluster."""
    identity: pulumi.Output[str]
    """ARN of the role the pods act with: what other resources' policies name to let the model in."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the pods: Container Insights' of the cluster."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month at minimum scale, by the list prices in `ec2_machines.py` and `instances.py`: each pod's share of a machine by what it asks
    for, the key, and the cluster that was made for it. Not counted: machines' unused rest, GPUs, logs, metrics, storage."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the model may log in and read. Empty without a database."""
    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    namespace: pulumi.Output[str]
    """The namespace of everything on it."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: EksWorkloadArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(EksWorkloadArgs, args, f"EksWorkload '{name}'")
        check_name(f"EksWorkload '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:EksWorkload", name, as_inputs(checked), opts)
        account = current_account(self)
        deployment = physical_name(name, 63)
        tags = standard_tags(checked.tags, checked.environment) | {NAME_TAG: deployment}
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        made = None if checked.cluster is not None else _cluster(name, checked, key, self)
        cluster = _reference(checked.cluster, made)
        store = model_store(name, checked.models, key, environment, None, account.partition, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)

        namespace = own_namespace(name)
        role = aws.iam.Role(
            f"{name}-pods",
            description=f"What the model {name} may do",
            assume_role_policy=account.id.apply(
                lambda it: session_trust("pods.eks.amazonaws.com", it, {"kubernetes-namespace": namespace, "kubernetes-service-account": name})
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        objects = pulumi.Output.all(*store.object_arns)
        permissions = [
            aws.iam.RolePolicy(
                f"{name}-data",
                role=role.name,
                policy=pulumi.Output.all(objects, key).apply(lambda it: document(*artifact_statements(it[0], it[1]))),
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]
        if checked.database is not None:
            permissions.append(
                aws.iam.RolePolicy(
                    f"{name}-database",
                    role=role.name,
                    policy=pulumi.Output.all(account.partition, account.region, account.id, checked.database.id).apply(
                        lambda it: document(login_statement(it[0], it[1], it[2], it[3], database_user(name)))
                    ),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        identity = aws.eks.PodIdentityAssociation(
            f"{name}-pods",
            cluster_name=cluster.id,
            namespace=namespace,
            service_account=name,
            role_arn=role.arn,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )

        provider = kubernetes.Provider(
            f"{name}-kubernetes", kubeconfig=cluster.kubeconfig, opts=pulumi.ResourceOptions(parent=self, depends_on=[] if made is None else [made])
        )
        # Pods get their identity when they are made, so it has to be there before them: their addresses wait for it.
        addresses = {version: pulumi.Output.all(url, identity.association_id).apply(lambda it: str(it[0])) for version, url in store.urls.items()}
        workload = KubernetesWorkload(
            name,
            checked.workload(addresses, database_environment(name, checked.database)),
            pulumi.ResourceOptions(parent=self, providers=[provider]),
        )
        labels = labels_of(tags) | {INSTANCE: name}
        _reach(name, cluster, workload, checked.database is not None, account.region, made, labels, provider, self)

        served = [model for model in checked.models if shares(checked.models, checked.rollout)[model.version]]
        _alarms(name, cluster, namespace, served, operations, topic, tags, self)
        log_group = pulumi.Output.concat("/aws/containerinsights/", cluster.id, "/application")
        dashboard = traffic_dashboard(name, _panels(name, cluster, namespace, checked.models), log_group, account, self)
        fixed = KEY_MONTHLY_USD if checked.encryption.key is None else 0
        inside = pulumi.Output.from_input(0.0) if made is None else made.monthly_cost
        limit = operations.monthly_budget_usd or _cost(checked, checked.scaling.maximum) + fixed
        # Machines of a cluster that is made are this deployment's alone.
        also = [] if made is None else [machine_tag(made.cluster_name)]
        monthly_budget(name, deployment, limit, topic, tags, self, also)

        self.url = workload.url
        self.identity = role.arn
        self.model_version = workload.model_version
        self.logs = log_group
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = inside.apply(lambda it: round(it + _cost(checked, checked.scaling.minimum) + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.cluster_name = pulumi.Output.from_input(cluster.id)
        self.namespace = workload.namespace
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "cluster_name": self.cluster_name,
                "namespace": self.namespace,
                "alarm_topic": self.alarm_topic,
            }
        )


def _cluster(name: str, args: EksWorkloadArgs, key: pulumi.Output[str], parent: pulumi.Resource) -> EksCluster:
    """A cluster for this workload alone, with the workload's key; its budget is the workload's."""
    return EksCluster(
        f"{name}-cluster",
        EksClusterArgs(
            network=args.network,
            pools=_gpu_pool(args),
            encryption=Encryption(key=key),
            operations=replace(args.operations, monthly_budget_usd=None),
            environment=args.environment,
            tags=args.tags,
        ),
        pulumi.ResourceOptions(parent=parent),
    )


def _gpu_pool(args: EksWorkloadArgs) -> list[NodePool]:
    """Machines with GPUs for all replicas of two versions."""
    asked = args.resources
    if not asked.gpus:
        return []
    size = Compute(cpus=math.ceil(asked.cpu_millis / 1000) + 1, memory_gib=math.ceil(asked.memory_mib / 1024) + 1, gpus=asked.gpus)
    return [NodePool(name="gpu", compute=size, maximum=min(2 * args.scaling.maximum, 1000))]


def _reference(given: Cluster | None, made: EksCluster | None) -> Cluster:
    if made is not None:
        return made.reference()
    assert given is not None
    return given


def _reach(
    name: str,
    cluster: Cluster,
    workload: KubernetesWorkload,
    reads_database: bool,
    region: pulumi.Output[str],
    made: EksCluster | None,
    labels: dict[str, str],
    provider: kubernetes.Provider,
    parent: pulumi.Resource,
) -> networking.NetworkPolicy:
    """Lets the pods reach names, S3, the private endpoints of AWS services, and the database; the workload's own policies say what else they may."""
    options = pulumi.InvokeOutputOptions(parent=parent, depends_on=[] if made is None else [made])
    found = aws.eks.get_cluster_output(name=cluster.id, opts=options)
    vpc = aws.ec2.get_vpc_output(id=found.vpc_config.vpc_id, opts=options)
    storage = aws.ec2.get_prefix_list_output(name=region.apply(lambda it: f"com.amazonaws.{it}.s3"), opts=options)
    dns = found.kubernetes_network_configs[0].service_ipv4_cidr.apply(dns_address)
    rules = [
        _egress([_peer(dns)], ("UDP", 53), ("TCP", 53)),
        _egress(storage.cidr_blocks.apply(lambda ranges: [_peer(each) for each in sorted(ranges)]), ("TCP", 443)),
        _egress([_peer(vpc.cidr_block)], ("TCP", 443), *([("TCP", POSTGRES)] if reads_database else [])),
    ]
    return networking.NetworkPolicy(
        f"{name}-reach",
        metadata=ObjectMetaArgs(name=f"{name}-reach", namespace=workload.namespace, labels=labels),
        spec=networking.NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(match_labels={INSTANCE: name}), policy_types=["Egress"], egress=rules),
        opts=pulumi.ResourceOptions(parent=parent, provider=provider),
    )


def dns_address(services: str) -> str:
    """Address of the cluster's DNS server, as a range of one: https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html."""
    return f"{ipaddress.IPv4Network(services)[DNS_HOST]}/32"


def _peer(cidr: pulumi.Input[str]) -> networking.NetworkPolicyPeerArgs:
    return networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr))


def _egress(to: pulumi.Input[Sequence[networking.NetworkPolicyPeerArgs]], *ports: tuple[str, int]) -> networking.NetworkPolicyEgressRuleArgs:
    return networking.NetworkPolicyEgressRuleArgs(
        to=to, ports=[networking.NetworkPolicyPortArgs(protocol=protocol, port=port) for protocol, port in ports]
    )


def _alarms(
    name: str,
    cluster: Cluster,
    namespace: str,
    served: Sequence[Model],
    operations: Operations,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Alarms of every version that gets requests, by what Container Insights measures:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html."""
    for model in served:
        watch = Watch(f"{name}-v{model.version}", _dimensions(name, cluster, namespace, model), topic, tags, parent)
        percent = operations.utilization_percent
        watch.above("cpu", INSIGHTS, "pod_cpu_utilization_over_pod_limit", percent, 3, "The pods' CPU is nearly used up")
        watch.above("memory", INSIGHTS, "pod_memory_utilization_over_pod_limit", percent, 3, "The pods' memory is nearly used up")
        watch.above("down", INSIGHTS, "replicas_ready", 1, 1, "No replica answers", "LessThanThreshold", "Maximum")


def _dimensions(name: str, cluster: Cluster, namespace: str, model: Model) -> dict[str, pulumi.Input[str]]:
    """Container Insights calls a Deployment by the name of its pods."""
    return {"ClusterName": cluster.id, "Namespace": namespace, "PodName": version_name(name, model.version)}


def _panels(name: str, cluster: Cluster, namespace: str, models: Sequence[Model]) -> list[Panel]:
    def lines(*metrics: str) -> list[list[Any]]:
        made: list[list[Any]] = []
        for model in models:
            dimensions = [part for pair in _dimensions(name, cluster, namespace, model).items() for part in pair]
            made += [[INSIGHTS, metric, *dimensions, {"stat": "Average"}] for metric in metrics]
        return made

    return [
        Panel("CPU and memory (percent of the limit)", lines("pod_cpu_utilization_over_pod_limit", "pod_memory_utilization_over_pod_limit")),
        Panel("Replicas", lines("replicas_desired", "replicas_ready")),
        Panel("Network (bytes a second)", lines("pod_network_rx_bytes", "pod_network_tx_bytes")),
        Panel("Restarts", lines("pod_number_of_container_restarts")),
    ]


def _cost(args: EksWorkloadArgs, replicas: int) -> float:
    """US dollars a month of the pods: every version has `replicas`."""
    return monthly(pod_hourly_usd(args.resources.cpu_millis, args.resources.memory_mib)) * replicas * len(args.models)
