"""Arguments of workloads on Kubernetes, the same on every cluster: a cloud's own, or any that a kubeconfig reaches."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from .access import HOST
from .arguments import Problem, unknown_name
from .model import IMAGE_BY_DIGEST, Model, remote_problems
from .operations import Environment
from .rollout import Rollout, split_problems, version_problems
from .scaling import Scaling
from .schedule import Schedule
from .tags import tag_problems

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
DOWNLOADED = ("s3", "gs", "https")
"""Where a loader can fetch a model from."""
VOLUME = "pvc"
"""Scheme of a model on a persistent volume claim, as KServe writes it: `pvc://claim/path`."""
LINK_LOCAL = ipaddress.IPv4Network("169.254.0.0/16")
"""Where the machines' metadata servers are, which hand out the machine's own identity."""


@dataclass(frozen=True, kw_only=True)
class PodResources:
    """What one replica asks of a machine, and what it may use at most."""

    cpu_millis: int = 500
    """CPU that is set aside, in thousandths of a CPU, 10 or more. The autoscaler's CPU target is a percentage of this."""
    memory_mib: int = 512
    """Memory that is set aside, in MiB, 16 or more."""
    cpu_limit_millis: int = 2000
    """CPU it may use when the machine has it to spare, in thousandths; not below `cpu_millis`."""
    memory_limit_mib: int = 2048
    """Memory at which it is killed, in MiB; not below `memory_mib`."""
    disk_mib: int = 2048
    """Local disk for the model and temporary files, in MiB, 64 or more. A pod that writes more is evicted."""
    gpus: int = 0
    """GPUs, 0 or more. They are never shared between pods."""
    gpu_resource: str = "nvidia.com/gpu"
    """Name under which the cluster offers GPUs. Pods that ask for some tolerate the taint of the same name."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, least in (("cpu_millis", 10), ("memory_mib", 16), ("disk_mib", 64), ("gpus", 0)):
            value: int = getattr(self, name)
            if value < least:
                yield Problem(name, f"{value} is not allowed; use {least} or more")
        if "/" not in self.gpu_resource or not LABEL_KEY.fullmatch(self.gpu_resource):
            yield Problem("gpu_resource", f"'{self.gpu_resource}' is no resource of a device plugin; write for example nvidia.com/gpu")
        for limit, request in (("cpu_limit_millis", "cpu_millis"), ("memory_limit_mib", "memory_mib")):
            most: int = getattr(self, limit)
            asked: int = getattr(self, request)
            if most < asked:
                yield Problem(limit, f"{most} is below {request} {asked}; use {asked} or more")


@dataclass(frozen=True, kw_only=True)
class PodMetric:
    """A metric of the pods that the cluster's custom metrics API serves (with the Prometheus adapter, for example)."""

    name: str
    """Name of the metric, such as `http_requests_per_second`."""
    average: int
    """Average over all replicas that the autoscaler aims at, 1 or more."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.average < 1:
            yield Problem("average", f"{self.average} is not allowed; use 1 or more")


@dataclass(frozen=True, kw_only=True)
class ScaleToZero:
    """Scaling by requests, down to no replica at all: https://keda.sh/docs/latest/scalers/prometheus/. The cluster needs KEDA."""

    prometheus_url: str
    """Address of the Prometheus server that KEDA asks, such as `http://prometheus.monitoring:9090`."""
    query: str
    """PromQL whose value says how much there is to do. `{version}` in it stands for the model's version. It must count what arrives *before* the pods
    (at the gateway), or nothing ever wakes them."""
    threshold: int
    """Value of the query that one replica handles, 1 or more."""
    idle_seconds: int = 300
    """Time without anything to do after which the last replicas go, in seconds, 30 or more."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.prometheus_url.startswith(("http://", "https://")):
            yield Problem("prometheus_url", f"'{self.prometheus_url}' is no address; it begins with http:// or https://")
        if not self.query.strip():
            yield Problem("query", "is empty; write PromQL")
        if self.threshold < 1:
            yield Problem("threshold", f"{self.threshold} is not allowed; use 1 or more")
        if self.idle_seconds < 30:
            yield Problem("idle_seconds", f"{self.idle_seconds} is not allowed; use 30 or more")


@dataclass(frozen=True, kw_only=True)
class PodScaling(Scaling):
    """Replicas of a workload. The autoscaler owns their number, also where the bounds are equal: an update never sets it back."""

    target_memory_percent: int | None = 80
    """Memory use the autoscaler aims at, in percent of `resources.memory_mib`, 10 to 95. None: memory does not count."""
    pod_metric: PodMetric | None = None
    """A further metric. Default: CPU and memory alone."""
    to_zero: ScaleToZero | None = None
    """Scale by requests and to zero, with KEDA instead of the plain autoscaler; `minimum` is then the number it starts with when work arrives.
    Excludes `pod_metric`. Default: never below `minimum`."""

    @property
    def is_automatic(self) -> bool:
        """Whether the number of replicas may change."""
        return self.to_zero is not None or super().is_automatic

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if self.target_memory_percent is not None and not 10 <= self.target_memory_percent <= 95:
            yield Problem("target_memory_percent", f"{self.target_memory_percent} is not allowed; use 10 to 95")
        if self.to_zero is not None and self.pod_metric is not None:
            yield Problem("pod_metric", "excludes to_zero: KEDA asks Prometheus by its query; give one of the two")
        if self.pod_metric is not None and not self.is_automatic:
            yield Problem("pod_metric", f"has no effect with minimum and maximum both {self.minimum}; raise maximum or leave it out")


@dataclass(frozen=True, kw_only=True)
class Toleration:
    """A taint that pods put up with: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/."""

    key: str
    """Key of the taint."""
    value: str | None = None
    """Value of the taint. Omitted: any."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not LABEL_KEY.fullmatch(self.key):
            yield Problem("key", f"'{self.key}' is no taint's key")


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Which machines pods run on."""

    node_labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels a machine must have. Default: any machine."""
    tolerations: list[Toleration] = field(default_factory=list[Toleration])
    """Taints put up with (spot machines, a pool of its own). GPUs' is there by itself. Default: none."""
    priority_class: str | None = None
    """Name of a PriorityClass of the cluster. Default: the cluster's own."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _label_problems("node_labels", self.node_labels)


class IdentityEndpoint(StrEnum):
    """Where a pod gets the credentials of its service account from, when that is an address on the machine."""

    EKS = "eks"
    """EKS Pod Identity's agent: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html."""
    GKE = "gke"
    """GKE's metadata server: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity."""


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """How the pods' service account becomes an identity of a cloud. Default: it is none, and no token of the cluster is mounted either."""

    annotations: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Annotations of the service account (`iam.gke.io/gcp-service-account`, `eks.amazonaws.com/role-arn`, `azure.workload.identity/client-id`)."""
    pod_labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels of the pods (`azure.workload.identity/use: "true"`)."""
    endpoint: IdentityEndpoint | None = None
    """Address that pods must reach for it. Default: none; the metadata server of the machine stays closed."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _label_problems("pod_labels", self.pod_labels)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """An address that pods may connect to."""

    cidr: str
    """IPv4 range, such as `10.0.0.0/8` or `203.0.113.7/32`. A range around 169.254.0.0/16 leaves that out: the machines' metadata is there."""
    port: int = 443
    """TCP port, 1 to 65535."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        try:
            network = ipaddress.IPv4Network(self.cidr)
        except ValueError as error:
            yield Problem("cidr", f"'{self.cidr}' is not an IPv4 range ({error}); write for example 10.20.0.0/16")
            return
        if network.subnet_of(LINK_LOCAL):
            yield Problem("cidr", f"'{self.cidr}' is where machines hand out their identity; pods get their own by pod_identity.endpoint")
        if not 1 <= self.port <= 65535:
            yield Problem("port", f"{self.port} is not a port; allowed: 1 to 65535")


@dataclass(frozen=True, kw_only=True)
class NetworkRules:
    """What may talk to the pods, and what they may talk to. Everything else is refused, if the cluster's network enforces NetworkPolicy."""

    callers: list[str] = field(default_factory=list[str])
    """Who may call inside the cluster: a namespace, or `namespace/app` for the pods with the label `app.kubernetes.io/name: app` in it.
    Default: nobody but the route's proxy."""
    egress: list[Destination] = field(default_factory=list[Destination])
    """Where pods may connect to besides DNS: the object storage of the model, a database. Default: nowhere."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for index, caller in enumerate(self.callers):
            if not all(DNS_LABEL.fullmatch(part) for part in caller.split("/")) or caller.count("/") > 1:
                yield Problem(f"callers[{index}]", f"'{caller}' is neither a namespace nor namespace/app")


@dataclass(frozen=True, kw_only=True)
class Route:
    """How the workload is reached from outside the cluster, over TLS: by a Gateway of the cluster, or by its ingress controller."""

    hostname: str
    """Host name of the endpoint, such as `pricing.example.com`."""
    gateway: str | None = None
    """Gateway to attach to, as `namespace/name` (https://gateway-api.sigs.k8s.io/). It splits traffic by `rollout.traffic`. Excludes
    `ingress_class`."""
    listener: str | None = None
    """Name of the gateway's TLS listener. Omitted: `https`. Excludes `ingress_class`."""
    ingress_class: str | None = None
    """Ingress class, where the cluster has no Gateway API. It does not split traffic. Excludes `gateway`."""
    tls_secret: str | None = None
    """Name of the Secret with certificate and key, in the workload's namespace. Required with `ingress_class`; a gateway has its own."""
    proxy_namespace: str | None = None
    """Namespace of the pods that forward requests. Omitted: the gateway's. Required with `ingress_class`."""

    @property
    def gateway_namespace(self) -> str:
        """Namespace of the gateway."""
        return (self.gateway or "").partition("/")[0]

    @property
    def proxy(self) -> str:
        """Namespace of the pods that forward requests."""
        return self.proxy_namespace or self.gateway_namespace

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not HOST.fullmatch(self.hostname):
            yield Problem("hostname", f"'{self.hostname}' is no host name; write for example pricing.example.com")
        for name in ("listener", "ingress_class", "tls_secret", "proxy_namespace"):
            value: str | None = getattr(self, name)
            if value is not None and not DNS_LABEL.fullmatch(value):
                yield Problem(name, f"'{value}' is no name; allowed: 1 to 63 lower-case letters, digits and '-'")
        if (self.gateway is None) == (self.ingress_class is None):
            yield Problem("gateway", "give either gateway or ingress_class")
        elif self.gateway is not None:
            if self.gateway.count("/") != 1 or not all(DNS_LABEL.fullmatch(part) for part in self.gateway.split("/")):
                yield Problem("gateway", f"'{self.gateway}' is no gateway; write namespace/name")
            if self.tls_secret is not None:
                yield Problem("tls_secret", "excludes gateway: the certificate belongs to the gateway's listener; give one of the two")
        else:
            for name in ("tls_secret", "proxy_namespace"):
                if getattr(self, name) is None:
                    yield Problem(name, "is required with ingress_class")
            if self.listener is not None:
                yield Problem("listener", "excludes ingress_class: listeners are a gateway's; give one of the two")


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """Metrics and alerts, for the Prometheus operator: https://prometheus-operator.dev/."""

    enabled: bool = True
    """Whether the cluster has the operator. Default true; false: nothing watches the workload, and the policy pack can say so."""
    namespace: str = "monitoring"
    """Namespace of Prometheus, which may then read the pods' metrics."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels by which Prometheus finds its monitors and rules, such as `release: kube-prometheus-stack`."""
    metrics_path: str = "/metrics"
    """Path of the metrics on the container's port."""
    requests_metric: str = "http_requests_total"
    """Counter of requests, with the label `status` (`500` or `5xx`)."""
    duration_metric: str = "http_request_duration_seconds"
    """Histogram of the seconds a request takes."""
    latency_milliseconds: int = 1000
    """Alert when the average latency of ten minutes is above this, in milliseconds."""
    error_percent: int = 1
    """Alert when more than this share of requests fails with a server error for ten minutes, 1 to 100 percent."""
    utilization_percent: int = 90
    """Alert when replicas use more than this share of their CPU limit for fifteen minutes, 10 to 100 percent."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.metrics_path.startswith("/"):
            yield Problem("metrics_path", f"'{self.metrics_path}' is not a path; it begins with '/'")
        if self.latency_milliseconds < 1:
            yield Problem("latency_milliseconds", f"{self.latency_milliseconds} is not allowed; use 1 or more")
        for name, low in (("error_percent", 1), ("utilization_percent", 10)):
            percent: int = getattr(self, name)
            if not low <= percent <= 100:
                yield Problem(name, f"{percent} is not allowed; use {low} to 100")
        if not DNS_LABEL.fullmatch(self.namespace):
            yield Problem("namespace", f"'{self.namespace}' is no namespace")
        yield from _label_problems("labels", self.labels)


@dataclass(frozen=True, kw_only=True)
class JobAlerts:
    """Alerts on batches, for the Prometheus operator and kube-state-metrics."""

    enabled: bool = True
    """Whether the cluster has the operator. Default true; false: nobody hears of a run that failed."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels by which Prometheus finds its rules, such as `release: kube-prometheus-stack`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _label_problems("labels", self.labels)


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What every kind of workload has: where it runs, as whom, and what it may reach."""

    resources: PodResources = PodResources()
    """What one pod asks for. Default: half a CPU and 512 MiB, up to 2 CPUs and 2 GiB."""
    placement: Placement = Placement()
    """Which machines. Default: any."""
    pod_identity: PodIdentity = PodIdentity()
    """The pods' identity in a cloud. Default: none."""
    network: NetworkRules = NetworkRules()
    """What may talk to the pods, and what they may talk to. Default: only DNS."""
    loader_image: str | None = None
    """Image by digest that fetches a model from object storage before the server starts: it is called with the model's URI and a directory, as
    KServe's storage initializer is. Required when a model's source is `s3://`, `gs://` or `https://`."""
    secrets: list[str] = field(default_factory=list[str])
    """Names of Secrets of the namespace. Each is mounted, read-only, as `/var/run/secrets/modeldeploy/<name>`: never as environment variables, which
    leak into logs."""
    registry_secret: str | None = None
    """Name of a Secret of the namespace with the credentials of a private registry. It must be there before the pods: give `namespace` and create
    it, or let an operator put it into new namespaces. Default: none."""
    namespace: str | None = None
    """An existing namespace; its labels, quota and limits are its owner's. Omitted: one is made, named after component and stack, that admits only
    restricted pods (https://kubernetes.io/docs/concepts/security/pod-security-standards/), with a quota for exactly this workload."""
    user_id: int = 10001
    """Numeric user and group the containers run as, 10000 or more, so that it is nobody on the machine."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Labels for every object and pod, besides `environment` and the recommended labels of Kubernetes, which are always set."""

    def address(self, model: Model) -> pulumi.Input[str]:
        """Where a model is fetched from."""
        return model.source

    def is_fetched(self, model: Model) -> bool:
        """Whether a loader fetches a model."""
        return model.source.split("://")[0] in DOWNLOADED

    def is_reached(self, model: Model) -> bool:
        """Whether somebody else sees to it that the pods reach the storage a model is in."""
        return False

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from tag_problems(self.tags)
        yield from _label_problems("tags", self.tags)
        for name in ("namespace", "registry_secret"):
            value: str | None = getattr(self, name)
            if value is not None and not DNS_LABEL.fullmatch(value):
                yield Problem(name, f"'{value}' is no name; allowed: 1 to 63 lower-case letters, digits and '-'")
        for index, secret in enumerate(self.secrets):
            if not DNS_LABEL.fullmatch(secret):
                yield Problem(f"secrets[{index}]", f"'{secret}' is no name of a Secret; allowed: 1 to 63 lower-case letters, digits and '-'")
        if self.user_id < 10000:
            yield Problem("user_id", f"{self.user_id} may be somebody on the machine; use 10000 or more")
        if self.loader_image is not None and not IMAGE_BY_DIGEST.fullmatch(self.loader_image):
            yield Problem(
                "loader_image", f"'{self.loader_image}' is not an image by digest; write registry/repository@sha256:<64 hexadecimal digits>"
            )


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs(PodArgs):
    """A model as a server on Kubernetes: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/."""

    models: list[Model]
    """The versions deployed, oldest first. Their sources are on object storage (`s3://`, `gs://`, `https://`) or on a volume (`pvc://claim/path`).
    The server finds the files in `$MODEL_DIR`."""
    addresses: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Where models are on object storage, by version, when that is known only after they were uploaded; their `source` is then what was uploaded, and
    whoever uploaded them lets the pods reach it where `network.egress` is not enough. Default: where `source` says."""
    rollout: Rollout = Rollout()
    """How requests are shared between the versions. Shares other than 0 and 100 need `route.gateway`. Default: all to the last."""
    scaling: PodScaling = PodScaling()
    """Replicas of each version. Default: 2 to 10 by CPU and memory use."""
    route: Route | None = None
    """How it is reached from outside the cluster. Default: not at all."""
    monitoring: Monitoring = Monitoring()
    """Metrics and alerts. Default: on."""
    gitops: bool = False
    """Whether the objects are rendered to files that another tool applies. Then the number of replicas is left out, because that tool would set it
    back with every change; a new version starts with one until its autoscaler sees it. Default: Pulumi applies them."""
    start_seconds: int = 300
    """Time a replica has to load the model, in seconds, 10 to 7200; fetching its image may take as long again. A version that takes longer fails its
    release; the one before keeps serving."""
    request_seconds: int = 30
    """Longest time a request may take, in seconds, 1 to 3600. A replica that is stopped has this long to finish what it has begun."""
    drain_seconds: int = 15
    """Time a replica still takes requests after it was told to stop, in seconds, 5 or more: proxies need it to learn of it."""

    def address(self, model: Model) -> pulumi.Input[str]:
        """Where a model is fetched from."""
        return self.addresses.get(model.version, model.source)

    def is_fetched(self, model: Model) -> bool:
        """Whether a loader fetches a model."""
        return model.version in self.addresses or super().is_fetched(model)

    def is_reached(self, model: Model) -> bool:
        """Whether somebody else sees to it that the pods reach the storage a model is in."""
        return model.version in self.addresses

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from version_problems(self.models, self.rollout)
        yield from source_problems(self.models, self)
        for version in self.addresses:
            if version not in {model.version for model in self.models}:
                yield Problem(f"addresses.{version}", unknown_name(version, (model.version for model in self.models)))
        for name, low, high in (("start_seconds", 10, 7200), ("request_seconds", 1, 3600), ("drain_seconds", 5, 600)):
            seconds: int = getattr(self, name)
            if not low <= seconds <= high:
                yield Problem(name, f"{seconds} is not allowed; use {low} to {high}")
        paths = {model.container.predict_path for model in self.models}
        if len(paths) > 1:
            yield Problem("models", f"have different predict paths ({', '.join(sorted(paths))}); one route serves all versions")
        yield from split_problems(self.models, self.rollout, self.route is not None and self.route.gateway is not None)


@dataclass(frozen=True, kw_only=True)
class BatchWorkloadArgs(PodArgs):
    """A model that scores in batches on Kubernetes: on a schedule, or once. https://kubernetes.io/docs/concepts/workloads/controllers/job/."""

    model: Model
    """The version that scores. Its source is as for `WorkloadArgs`; the container finds the files in `$MODEL_DIR`. It has no port and no paths."""
    command: list[str] = field(default_factory=list[str])
    """Arguments of the container. Default: the image's own."""
    schedule: Schedule | None = None
    """When it runs. Omitted: once for every change of the arguments."""
    tasks: int = 1
    """Tasks of a run, 1 to 10000: one pod for each, which finds its number, from 0, in the variable that `$TASK_INDEX_VARIABLE` names, and their
    count in `$TASK_COUNT`, as on every cloud."""
    parallelism: int = 1
    """Tasks that run at the same time, 1 to `tasks`."""
    retries: int = 3
    """How often a task is tried again after it failed, 0 to 10. A lost machine does not count."""
    deadline_minutes: int = 240
    """Time a run has, in minutes, 1 or more; then it is ended as failed."""
    alerts: JobAlerts = JobAlerts()
    """Alerts on runs that fail. Default: on."""
    history: int = 3
    """Finished runs whose logs are kept, of each outcome, 1 to 20. Only with `schedule`."""

    @property
    def models(self) -> Sequence[Model]:
        """The model, as a list."""
        return [self.model]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from (Problem(problem.path.replace("models[0]", "model"), problem.reason) for problem in source_problems([self.model], self))
        for name, low, high in (("tasks", 1, 10000), ("retries", 0, 10), ("deadline_minutes", 1, 43200), ("history", 1, 20)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        if not 1 <= self.parallelism <= max(self.tasks, 1):
            yield Problem("parallelism", f"{self.parallelism} is not allowed; use 1 to tasks, which is {self.tasks}")
        if self.network.callers:
            yield Problem("network.callers", "has no effect: nothing calls a batch; leave it out")


def source_problems(models: Sequence[Model], args: PodArgs) -> Iterator[Problem]:
    """Problems of models that a pod could not get at."""
    yield from remote_problems(list(models), (*DOWNLOADED, VOLUME), "a cluster")
    for index, model in enumerate(models):
        path = f"models[{index}].source"
        if not model.is_remote and not args.is_fetched(model):
            yield Problem(path, f"'{model.source}' is a local path, which a cluster cannot read; upload it, or put it on a volume (pvc://claim/path)")
        elif model.source.startswith(f"{VOLUME}://") and not DNS_LABEL.fullmatch(model.source.split("/")[2]):
            yield Problem(path, f"'{model.source}' names no claim; write pvc://claim/path")
    if any(args.is_fetched(model) for model in models):
        if args.loader_image is None:
            yield Problem("loader_image", "is required: it fetches the model from object storage (or put the model on a volume, pvc://claim/path)")
        if not args.network.egress and not all(args.is_reached(model) for model in models if args.is_fetched(model)):
            yield Problem("network.egress", "is empty, so the model cannot be fetched; list the addresses of the object storage")


def claim(model: Model) -> tuple[str, str] | None:
    """Claim and path of a model on a volume."""
    if not model.source.startswith(f"{VOLUME}://"):
        return None
    name, _, path = model.source.removeprefix(f"{VOLUME}://").partition("/")
    return name, path


def labels_of(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a cloud's resources that are labels of Kubernetes as well: names and values of letters, digits, '-', '_' and '.'."""
    return {key: value for key, value in tags.items() if LABEL_KEY.fullmatch(key) and LABEL_VALUE.fullmatch(value)}


def _label_problems(path: str, labels: dict[str, str]) -> Iterator[Problem]:
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            yield Problem(
                f"{path}.{key}", "is no label's key; allowed: 1 to 63 letters, digits, '-', '_' and '.', with a DNS prefix and '/' before it"
            )
        if not LABEL_VALUE.fullmatch(value):
            yield Problem(f"{path}.{key}", f"'{value}' is no label's value; allowed: up to 63 letters, digits, '-', '_' and '.'")
