"""A model on GKE, as a production team would run it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

from modeldeploy.kubernetes.scope import own_namespace
from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.cluster import Cluster, KubernetesArgs
from modeldeploy.spec.compute import HOURS_PER_MONTH
from modeldeploy.spec.kubernetes import Destination, IdentityEndpoint, NetworkRules, Placement, PodIdentity, Toleration, WorkloadArgs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.operations import Environment

from .alarms import THREE_PERIODS, TWO_PERIODS, above, channels, policy
from .budget import billing_problems, component_budget
from .charts import Chart, chart, dashboard_url, line, make_dashboard
from .cluster import FEE_HOURLY_USD, PRIVATE_RANGES, GkeCluster, GkeClusterArgs, cluster_series
from .database_access import PORT, VARIABLES, grant_access
from .identity import let_read_models, serving_account
from .keys import data_key
from .labels import label_key, label_problems, label_value, labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets, upload
from .names import LONGEST
from .network import GOOGLE_APIS
from .node_pools import SPOT
from .place import place
from .repositories import registry_problems, repository_of
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire

APIS = ("container", "cloudkms", "storage", "iam", "logging", "monitoring")
ENCRYPTED = ("storage", "logging")
ACCELERATOR = "cloud.google.com/gke-accelerator"
"""Label of machines with GPUs."""
CPU_HOURLY_USD, GIB_HOURLY_USD = 0.0445, 0.0049225
"""What Autopilot takes for what a pod asks for, in us-central1, as https://cloud.google.com/kubernetes-engine/pricing stood in 2026."""
MOST_RESTARTS = 2
"""Alarm when the containers together were restarted more often than this in five minutes."""


@dataclass(frozen=True, kw_only=True)
class GkeWorkloadArgs(KubernetesArgs):
    """A model on GKE. `cluster.issuer` is not used: pods get an identity by the project's own pool."""

    accelerator: str | None = None
    """GPU of the machines, as GKE calls it. Omitted: `nvidia-l4` when `resources.gpus` asks for some."""
    spot: bool = False
    """Whether pods run on spare machines, which Google may take back: cheaper, with interruptions that the other replicas bridge. Autopilot makes
    such machines, a Standard cluster needs a pool of them."""
    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        found = [*self._own_problems()]
        yield from found
        # What the pods refuse is told before anything is made.
        pods = _workload_args(self, "", {model.version: "gs://bucket/model" for model in self.models}, {})
        yield from (problem for problem in pods.problems() if problem not in found)

    def _own_problems(self) -> Iterator[Problem]:
        yield from super().problems()
        yield from remote_problems(self.models, ("gs",), "GKE")
        for index, model in enumerate(self.models):
            path = f"models[{index}].container"
            yield from registry_problems(f"{path}.image", model.container.image)
            for variable in model.container.environment:
                if variable in VARIABLES and self.database is not None:
                    yield Problem(f"{path}.environment.{variable}", "is set from database; leave it out")
        yield from registry_problems("loader_image", self.loader_image)
        if self.accelerator is not None and not self.resources.gpus:
            yield Problem("accelerator", "has no effect without resources.gpus; leave it out, or ask for some")
        for name in ("callers", "cidr"):
            if self.cluster is not None and getattr(self.network, name):
                yield Problem(f"network.{name}", "is for a cluster that is made; leave it out with cluster")
        yield from label_problems(self.tags)
        yield from billing_problems(self.billing_account, self.operations)


class GkeWorkload(pulumi.ComponentResource):
    """Versions of a model on GKE: the pods, network, autoscaling and releases of `KubernetesWorkload`, with a service account of Google Cloud that
    reads the model's bucket and nothing else, logs with key and retention, alarms, dashboard and budget.

    Without `cluster` a private Autopilot cluster is made. Pods get their identity by workload identity, and connect to Google's APIs at
    private.googleapis.com (199.36.153.8/30), as a `GoogleNetwork` resolves them; a network of another kind must do so as well. Latency and errors are
    measured where the pods have metrics (`monitoring`, Managed Prometheus); the alarms here watch CPU, memory and restarts.

    What its user has seen to: a key given by `encryption.key` is in the region and lets the service agents of Cloud Storage and Cloud Logging (and,
    with a cluster that is made, of Kubernetes Engine and Compute Engine) encrypt and decrypt; the machines of a cluster that is given may pull the
    images.
    """

    url: pulumi.Output[str]
    """Where to POST predictions: the route's host over TLS, or the Service inside the cluster."""
    identity: pulumi.Output[str]
    """Address of the service account the pods are; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at CPU, memory, restarts and network of the pods."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month: what the pods ask for at minimum scale, of every version, at Autopilot's prices in us-central1, and the fee of a
    cluster that is made. On a Standard cluster its machines are paid instead. Not in it: GPUs, disks, logs and network."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    namespace: pulumi.Output[str]
    """The namespace of everything in the cluster."""
    cluster_id: pulumi.Output[str]
    """The cluster, `projects/P/locations/L/clusters/C`."""

    def __init__(self, name: str, args: GkeWorkloadArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(GkeWorkloadArgs, args, f"GkeWorkload '{name}'")
        check_name(f"GkeWorkload '{name}'", name, LONGEST)
        where = place(f"GkeWorkload '{name}'", opts)
        super().__init__("modeldeploy:index:GkeWorkload", name, to_wire(checked), opts)
        budgets = ["billingbudgets"] if checked.billing_account is not None else []
        namespace = own_namespace(name)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, [*APIS, *budgets], where, self),
        )

        cluster = checked.cluster or _cluster(scope, checked)
        key = data_key(scope, checked.encryption, ENCRYPTED)
        bucket = model_bucket(scope, key)
        uploaded = {model.version: upload(scope, model, bucket) for model in checked.models}

        account = serving_account(scope)
        access = None if checked.database is None else grant_access(scope, account, checked.database)
        ready = [
            *let_read_models(scope, account, bucket, remote_buckets(checked.models)),
            _be(scope, account, namespace, cluster),
            *(access.ready if access else []),
            *(each for artifact in uploaded.values() for each in artifact.ready),
        ]
        # Known when everything is there that a pod needs.
        there = pulumi.Output.all(*(each.urn for each in ready))
        addresses = {version: pulumi.Output.all(artifact.uri, there).apply(lambda values: str(values[0])) for version, artifact in uploaded.items()}

        told: Mapping[str, pulumi.Input[str]] = access.environment if access else {}
        workload = KubernetesWorkload(
            name,
            _workload_args(checked, account.email, addresses, told),
            scope.child(providers=[kubernetes.Provider(f"{name}-cluster", kubernetes.ProviderArgs(kubeconfig=cluster.kubeconfig), scope.child())]),
        )

        series = pulumi.Output.from_input(cluster.id).apply(lambda id: container_series(id, namespace))
        logs = log_bucket(scope, bucket.name, series, checked.operations.log_retention_days, key)
        notify = channels(scope, checked.operations.emails)
        _alarms(scope, series, checked.operations.utilization_percent, notify)
        dashboard = make_dashboard(scope, series.apply(_charts))
        least, most = (_monthly_usd(checked, replicas) for replicas in (checked.scaling.minimum, checked.scaling.maximum))
        component_budget(scope, checked.billing_account, checked.operations, most, bucket.project_number, notify)

        self.url = workload.url
        self.identity = account.email
        self.model_version = workload.model_version
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(least)
        self.database_grant = pulumi.Output.from_input("") if access is None else access.grant
        self.namespace = workload.namespace
        self.cluster_id = pulumi.Output.from_input(cluster.id)
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "namespace": self.namespace,
                "cluster_id": self.cluster_id,
            }
        )


def container_series(cluster_id: str, namespace: str) -> str:
    """What Cloud Monitoring and Cloud Logging know about the containers of a namespace in a cluster."""
    name = cluster_id.rsplit("/", 1)[-1]
    return f'resource.type="k8s_container" AND {cluster_series(name)} AND resource.labels.namespace_name="{namespace}"'


def _cluster(scope: Scope, args: GkeWorkloadArgs) -> Cluster:
    """A cluster for this deployment alone, whose machines may pull its images."""
    images = [*(model.container.image for model in args.models), args.loader_image]
    made = GkeCluster(
        fit(f"{scope.name}-cluster", LONGEST),
        GkeClusterArgs(
            network=args.network,
            encryption=args.encryption,
            operations=replace(args.operations, monthly_budget_usd=None),
            repositories=sorted({repository_of(image) for image in images}),
            environment=args.environment,
            tags=args.tags,
        ),
        scope.child(),
    )
    return made.reference()


def _be(scope: Scope, account: gcp.serviceaccount.Account, namespace: str, cluster: Cluster) -> gcp.serviceaccount.IAMMember:
    """Lets the pods be `account`. The pool that they are in exists once the project has a cluster."""
    member = pulumi.Output.from_input(cluster.id).apply(lambda id: f"serviceAccount:{id.split('/')[1]}.svc.id.goog[{namespace}/{scope.name}]")
    return gcp.serviceaccount.IAMMember(
        f"{scope.name}-pods",
        gcp.serviceaccount.IAMMemberArgs(service_account_id=account.name, role="roles/iam.workloadIdentityUser", member=member),
        scope.child(),
    )


def _workload_args(
    args: GkeWorkloadArgs,
    account: pulumi.Input[str],
    addresses: Mapping[str, pulumi.Input[str]],
    told: Mapping[str, pulumi.Input[str]],
) -> WorkloadArgs:
    return WorkloadArgs(
        models=[_told(model, told) for model in args.models],
        addresses=dict(addresses),
        loader_image=args.loader_image,
        rollout=args.rollout,
        resources=args.resources,
        scaling=args.scaling,
        route=args.route,
        placement=_placement(args),
        pod_identity=PodIdentity(annotations={"iam.gke.io/gcp-service-account": account}, endpoint=IdentityEndpoint.GKE),
        network=NetworkRules(callers=args.pods.callers, egress=[*_destinations(args), *args.pods.egress]),
        monitoring=args.monitoring,
        environment=args.environment,
        # Labels of Kubernetes are labels of Google Cloud that begin and end with a letter or digit.
        tags={label_key(key).strip("-_"): label_value(value).strip("-_") for key, value in args.tags.items()},
    )


def _told(model: Model, told: Mapping[str, pulumi.Input[str]]) -> Model:
    return replace(model, container=replace(model.container, environment={**model.container.environment, **told}))


def _placement(args: GkeWorkloadArgs) -> Placement:
    """Machines with the GPU, or spare ones: Autopilot makes them when pods ask by these labels."""
    wanted: dict[str, str] = {}
    if args.resources.gpus:
        wanted[ACCELERATOR] = args.accelerator or "nvidia-l4"
    if args.spot:
        wanted[SPOT] = "true"
    return Placement(node_labels=wanted, tolerations=[Toleration(key=SPOT, value="true")] if args.spot else [])


def _destinations(args: GkeWorkloadArgs) -> list[Destination]:
    """Google's APIs, and the database wherever in the network it is: its address is not known beforehand."""
    ranges: Sequence[str] = PRIVATE_RANGES if args.network.id is not None or args.cluster is not None else [args.network.range]
    database = [Destination(cidr=each, port=int(PORT)) for each in ranges] if args.database is not None else []
    return [Destination(cidr=GOOGLE_APIS), *database]


def _alarms(scope: Scope, series: pulumi.Output[str], percent: int, notify: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Metrics: https://cloud.google.com/monitoring/api/metrics_kubernetes"""

    def metric(name: str) -> pulumi.Output[str]:
        return series.apply(lambda each: f'{each} AND metric.type="kubernetes.io/container/{name}"')

    cpu = above("CPU use", metric("cpu/limit_utilization"), percent / 100, THREE_PERIODS, "ALIGN_MEAN", "REDUCE_MEAN")
    policy(scope, "cpu", f"Pods of {scope.name} use more than {percent}% of their CPU: raise `scaling.maximum`.", [cpu], notify)
    memory = above("Memory use", metric("memory/limit_utilization"), percent / 100, THREE_PERIODS, "ALIGN_MAX", "REDUCE_MAX")
    policy(scope, "memory", f"A pod of {scope.name} uses more than {percent}% of its memory, and is killed at 100%.", [memory], notify)
    restarts = above("Restarts", metric("restart_count"), MOST_RESTARTS, TWO_PERIODS, "ALIGN_DELTA", "REDUCE_SUM")
    policy(scope, "restarts", f"Containers of {scope.name} are restarted again and again.", [restarts], notify)


def _charts(series: str) -> Sequence[Chart]:
    def one(title: str, metric: str, aligner: str, reducer: str) -> Chart:
        return chart(title, [line(f'{series} AND metric.type="kubernetes.io/container/{metric}"', aligner, reducer, ['resource.label."pod_name"'])])

    return [
        one("CPU in percent of the limit, by pod", "cpu/limit_utilization", "ALIGN_MEAN", "REDUCE_MEAN"),
        one("Memory in percent of the limit, by pod", "memory/limit_utilization", "ALIGN_MAX", "REDUCE_MAX"),
        one("Restarts by pod", "restart_count", "ALIGN_DELTA", "REDUCE_SUM"),
        one("CPU seconds by pod", "cpu/core_usage_time", "ALIGN_RATE", "REDUCE_SUM"),
    ]


def _monthly_usd(args: GkeWorkloadArgs, replicas: int) -> float:
    pod = args.resources.cpu_millis / 1000 * CPU_HOURLY_USD + args.resources.memory_mib / 1024 * GIB_HOURLY_USD
    fee = 0 if args.cluster is not None else FEE_HOURLY_USD
    return round((pod * replicas * len(args.models) + fee) * HOURS_PER_MONTH, 2)
