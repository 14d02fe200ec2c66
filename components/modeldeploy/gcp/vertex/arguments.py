"""Arguments of the Vertex AI resources that our own provider serves, and the rules they keep.

Each argument class is declared once: a Python program fills it in, the provider checks with it what any program sends, and the plugin's schema is
derived from it. Field documentation follows Google's discovery document of `aiplatform` v1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum

import pulumi

from modeldeploy.spec.arguments import Problem

_MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
_LABEL_KEY = re.compile(r"[\w-]{1,63}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")
_ENDPOINT = re.compile(r"projects/[^/]+/locations/[^/]+/endpoints/[^/]+")
_MODEL = re.compile(r"projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?")
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_DEPLOYED_MODEL_ID = re.compile(r"\d+")
_POOL_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_POOL = re.compile(r"projects/[^/]+/locations/[^/]+/deploymentResourcePools/[^/]+")


class VertexMetric(StrEnum):
    """What Vertex AI can scale the replicas of a deployed model by."""

    CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"
    ACCELERATOR = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
    REQUESTS = "aiplatform.googleapis.com/prediction/online/request_count"
    PUBSUB_BACKLOG = "pubsub.googleapis.com/subscription/num_undelivered_messages"
    GPU = "prometheus.googleapis.com/vertex_dcgm_fi_dev_gpu_util"
    VLLM_CACHE = "prometheus.googleapis.com/vertex_vllm_gpu_cache_usage_perc"
    VLLM_WAITING = "prometheus.googleapis.com/vertex_vllm_num_requests_waiting"


_PERCENTAGES = (VertexMetric.CPU, VertexMetric.ACCELERATOR, VertexMetric.GPU, VertexMetric.VLLM_CACHE)


class VertexAccelerator(StrEnum):
    """Accelerators that a machine may carry."""

    NVIDIA_TESLA_P100 = "NVIDIA_TESLA_P100"
    NVIDIA_TESLA_V100 = "NVIDIA_TESLA_V100"
    NVIDIA_TESLA_P4 = "NVIDIA_TESLA_P4"
    NVIDIA_TESLA_T4 = "NVIDIA_TESLA_T4"
    NVIDIA_TESLA_A100 = "NVIDIA_TESLA_A100"
    NVIDIA_A100_80GB = "NVIDIA_A100_80GB"
    NVIDIA_L4 = "NVIDIA_L4"
    NVIDIA_H100_80GB = "NVIDIA_H100_80GB"
    NVIDIA_H100_MEGA_80GB = "NVIDIA_H100_MEGA_80GB"
    NVIDIA_H200_141GB = "NVIDIA_H200_141GB"
    NVIDIA_B200 = "NVIDIA_B200"
    NVIDIA_GB200 = "NVIDIA_GB200"
    NVIDIA_RTX_PRO_6000 = "NVIDIA_RTX_PRO_6000"
    TPU_V2 = "TPU_V2"
    TPU_V3 = "TPU_V3"
    TPU_V4_POD = "TPU_V4_POD"
    TPU_V5_LITEPOD = "TPU_V5_LITEPOD"


@dataclass(frozen=True, kw_only=True)
class VertexProbe:
    """A health check of the serving container: an HTTP path, or a command run inside it."""

    path: str | None = None
    """HTTP path that must answer 2xx or 3xx. Excludes `command`."""
    port: int | None = None
    """Port of `path`. Omitted: the container's own."""
    command: list[str] = field(default_factory=list[str])
    """Command that must exit 0. Excludes `path`."""
    initial_delay_seconds: int = 0
    """Seconds before the first check. Default: 0."""
    period_seconds: int = 10
    """Seconds between checks. Default: 10."""
    timeout_seconds: int = 1
    """Seconds after which a check has failed. Default: 1."""
    failure_threshold: int = 3
    """Failures in a row that count. Default: 3."""
    success_threshold: int = 1
    """Successes in a row that count. Default: 1."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if (self.path is None) == (not self.command):
            yield Problem("path", "give either path or command")
        if self.path is not None:
            yield from _route_problems("path", self.path)
        if self.port is not None:
            yield from _port_problems("port", self.port)
        lowest = {"initial_delay_seconds": 0, "period_seconds": 1, "timeout_seconds": 1, "failure_threshold": 1, "success_threshold": 1}
        for name, least in lowest.items():
            yield from _at_least(name, getattr(self, name), least)


@dataclass(frozen=True, kw_only=True)
class VertexContainer:
    """The container that serves the model. Everything about it is fixed when the model is uploaded: a change uploads a new version."""

    image: pulumi.Input[str]
    """Image in Artifact Registry, best by digest (`region-docker.pkg.dev/project/repository/name@sha256:...`)."""
    command: list[str] = field(default_factory=list[str])
    """Replaces the image's entry point. Default: the image's own."""
    args: list[str] = field(default_factory=list[str])
    """Replaces the image's arguments. Default: the image's own."""
    env: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Environment variables, at most 200."""
    port: int = 8080
    """Port that answers predictions and health checks. Default: 8080."""
    predict_route: str = "/predict"
    """HTTP path predictions are posted to. Default: `/predict`."""
    health_route: str = "/health"
    """HTTP path that answers health checks. Default: `/health`."""
    startup_probe: VertexProbe | None = None
    """Check that holds back the others until the container has started. Default: none."""
    health_probe: VertexProbe | None = None
    """Readiness check. Default: `health_route`."""
    liveness_probe: VertexProbe | None = None
    """Check that restarts the container. Default: none."""
    shared_memory_mib: int | None = None
    """Shared memory in MiB. Omitted: the service's own."""
    deployment_timeout_seconds: int | None = None
    """How long a replica may take to start, at most 7200. Omitted: the service's own."""
    prebuilt: bool | None = None
    """Whether the image is one of Google's own for predictions, which knows its port and its paths: `port`, `predict_route` and `health_route` are
    then not sent. What runs in a `VertexDeploymentPool` needs it. Omitted: no."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.image == "":
            yield Problem("image", "is empty")
        if self.prebuilt:
            yield from _left_out(self, ("port", "predict_route", "health_route"), "is the image's own, which is prebuilt; leave it out")
        if len(self.env) > 200:
            yield Problem("env", f"{len(self.env)} variables are not allowed; use 200 at most")
        yield from _port_problems("port", self.port)
        yield from _route_problems("predict_route", self.predict_route)
        yield from _route_problems("health_route", self.health_route)
        if self.shared_memory_mib is not None:
            yield from _at_least("shared_memory_mib", self.shared_memory_mib, 1)
        if self.deployment_timeout_seconds is not None and not 1 <= self.deployment_timeout_seconds <= 7200:
            yield Problem("deployment_timeout_seconds", f"{self.deployment_timeout_seconds} is not allowed; use 1 to 7200")


@dataclass(frozen=True, kw_only=True)
class VertexModelArgs:
    """A version of a model in Vertex AI's registry."""

    project: pulumi.Input[str]
    """Project id or number. A change uploads to the new project."""
    location: pulumi.Input[str]
    """Region, such as `europe-west4`. A change uploads to the new region."""
    container: VertexContainer
    """The container that serves the model. A change uploads a new version."""
    artifact_uri: pulumi.Input[str] | None = None
    """`gs://` folder with the model's files. Omitted: the image contains them. A change uploads a new version."""
    model_id: pulumi.Input[str] | None = None
    """The model this is a version of, as the last part of its name: lower-case letters, digits, `_` and `-`, not starting with a digit or `-`.
    If the registry has no such model it is made, with this as its first version; if it has one, this becomes its next version. Several
    VertexModel resources may name the same model. Omitted: the resource's name and a random suffix."""
    display_name: pulumi.Input[str] | None = None
    """Name shown for the model, 1 to 128 characters. Omitted: `model_id`. Changed in place."""
    description: pulumi.Input[str] | None = None
    """Description of the model. Changed in place."""
    version_description: pulumi.Input[str] | None = None
    """Description of this version. Changed in place."""
    version_aliases: list[str] = field(default_factory=list[str])
    """Names for this version besides its number; an alias given to it leaves the version that had it. `default` makes it the version that is meant
    when none is named (the first version of a model is that anyway). Changed in place."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels of this version: lower-case keys and values of at most 63 characters, 64 labels at most. Changed in place."""
    encryption_key: pulumi.Input[str] | None = None
    """Customer-managed key: `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the model's region. A change uploads to a new model."""
    service_account: pulumi.Input[str] | None = None
    """Account that reads the artifact and the image during the upload. Omitted: Vertex AI's service agent. A later change does nothing by itself."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _empty_problems(self, ("project", "location"))
        if isinstance(self.artifact_uri, str) and not self.artifact_uri.startswith("gs://"):
            yield Problem("artifact_uri", f"'{self.artifact_uri}' is not a folder in Cloud Storage; use gs://bucket/folder")
        if isinstance(self.model_id, str) and not _MODEL_ID.fullmatch(self.model_id):
            rule = "use 1 to 63 of a-z, 0-9, _ and -, starting with a letter or _"
            yield Problem("model_id", f"'{self.model_id}' is not a model id; {rule}")
        yield from _display_name_problems(self.display_name)
        for index, alias in enumerate(self.version_aliases):
            if not _ALIAS.fullmatch(alias):
                rule = "use 2 to 128 of a-z, A-Z, 0-9 and -, starting with a lower-case letter and ending with one or a digit"
                yield Problem(f"version_aliases[{index}]", f"'{alias}' is not an alias; {rule}")
        yield from _label_problems(self.labels)
        yield from _matches("encryption_key", self.encryption_key, _KEY, "projects/P/locations/L/keyRings/R/cryptoKeys/K")


@dataclass(frozen=True, kw_only=True)
class VertexAutoscalingTarget:
    """A metric that decides the number of replicas, and the value it is kept at."""

    metric: VertexMetric
    """What is measured."""
    target: int = 60
    """Value to keep: a percentage from 1 to 100 for utilisation, a count for requests and messages. Default: 60."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.metric in _PERCENTAGES and not 1 <= self.target <= 100:
            yield Problem("target", f"{self.target} is not a percentage; use 1 to 100")
        yield from _at_least("target", self.target, 1)


@dataclass(frozen=True, kw_only=True)
class VertexDeployedModelArgs:
    """A model version running on an endpoint. It gets no requests until a `VertexTrafficSplit` gives it a share."""

    endpoint: pulumi.Input[str]
    """`projects/P/locations/L/endpoints/E`: the id of a `gcp.vertex.AiEndpoint`. A change deploys to the new endpoint."""
    model: pulumi.Input[str]
    """`projects/P/locations/L/models/M@VERSION`: `resource_name` of a `VertexModel`. A change deploys the new version, then removes the old one."""
    display_name: pulumi.Input[str] | None = None
    """Name shown, 1 to 128 characters. Omitted: the model's. A change deploys again."""
    machine_type: str = "n1-standard-2"
    """Machine under each replica. Default: `n1-standard-2`. A change deploys again."""
    accelerator_type: VertexAccelerator | None = None
    """Accelerator of each machine, with `accelerator_count`. A change deploys again."""
    accelerator_count: int = 0
    """Accelerators of each machine. Default: 0. A change deploys again."""
    min_replicas: int = 1
    """Replicas always running, 1 or more. Default: 1. Changed in place."""
    max_replicas: int | None = None
    """Replicas at most. Omitted: `min_replicas`, no autoscaling. Changed in place."""
    required_replicas: int | None = None
    """Replicas that must be up for a deployment to succeed, the rest being retried. Omitted: `min_replicas`. Changed in place."""
    autoscaling: list[VertexAutoscalingTarget] = field(default_factory=list[VertexAutoscalingTarget])
    """What decides the number of replicas, each metric once. Default: CPU (and accelerator) use at 60 percent. Changed in place."""
    service_account: pulumi.Input[str] | None = None
    """Account the container runs as. Omitted: one without access to the project. A change deploys again."""
    spot: bool = False
    """Whether replicas run on Spot machines, cheaper and reclaimed at any time. Default: no. A change deploys again."""
    container_logging: bool = True
    """Whether the container's output goes to Cloud Logging. Default: yes. Changed in place."""
    access_logging: bool = False
    """Whether every request is logged with its latency. Default: no. A change deploys again."""
    pool: pulumi.Input[str] | None = None
    """`projects/P/locations/L/deploymentResourcePools/D`: `name` of a `VertexDeploymentPool`, whose machines it shares with others. Excludes what is
    the pool's: machine, accelerators, replicas, autoscaling, account, Spot and container logging. Omitted: machines of its own. A change deploys
    again."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _matches("endpoint", self.endpoint, _ENDPOINT, "projects/P/locations/L/endpoints/E")
        yield from _matches("model", self.model, _MODEL, "projects/P/locations/L/models/M@VERSION")
        yield from _display_name_problems(self.display_name)
        if self.pool is not None:
            yield from _matches("pool", self.pool, _POOL, "projects/P/locations/L/deploymentResourcePools/D")
            yield from _left_out(self, _POOLED, "is its pool's, which excludes it here; leave it out")
        yield from _machine_problems(self.machine_type, self.accelerator_type, self.accelerator_count)
        yield from _replica_problems(self.min_replicas, self.max_replicas, self.autoscaling)
        if self.required_replicas is not None and not 1 <= self.required_replicas <= self.min_replicas:
            yield Problem("required_replicas", f"{self.required_replicas} is not allowed; use 1 to min_replicas, {self.min_replicas}")


_POOLED = (
    "machine_type",
    "accelerator_type",
    "accelerator_count",
    "min_replicas",
    "max_replicas",
    "required_replicas",
    "autoscaling",
    "service_account",
    "spot",
    "container_logging",
)
"""Arguments of a deployment that belong to its pool where it has one."""


@dataclass(frozen=True, kw_only=True)
class VertexDeploymentPoolArgs:
    """Machines that several deployments share, also those of several endpoints.

    Google shares them between models of TensorFlow (and, in preview, of PyTorch) that are served by the same one of its own images for predictions,
    on public endpoints: no image of your own, no Private Service Connect
    (https://cloud.google.com/vertex-ai/docs/predictions/model-co-hosting). The models are not kept apart from each other.
    """

    project: pulumi.Input[str]
    """Project id or number. A change makes another pool."""
    location: pulumi.Input[str]
    """Region, such as `europe-west4`. A change makes another pool."""
    pool_id: pulumi.Input[str] | None = None
    """Last part of its name: 1 to 63 lower-case letters, digits and `-`, beginning with a letter and not ending in `-`. Omitted: the resource's name
    and a random suffix, so that another pool can be made beside this one. A change makes another pool."""
    machine_type: str = "n1-standard-2"
    """Machine under each replica. Default: `n1-standard-2`. A change makes another pool."""
    accelerator_type: VertexAccelerator | None = None
    """Accelerator of each machine, with `accelerator_count`, for an image that uses it. A change makes another pool."""
    accelerator_count: int = 0
    """Accelerators of each machine. Default: 0. A change makes another pool."""
    min_replicas: int = 1
    """Replicas always running once something is deployed, 1 or more. Default: 1. Changed in place."""
    max_replicas: int | None = None
    """Replicas at most. Omitted: `min_replicas`, no autoscaling. Changed in place."""
    autoscaling: list[VertexAutoscalingTarget] = field(default_factory=list[VertexAutoscalingTarget])
    """What decides the number of replicas, each metric once. Default: CPU (and accelerator) use at 60 percent. Changed in place."""
    service_account: pulumi.Input[str] | None = None
    """Account that the containers run as, of all models in the pool. Omitted: one without access to the project. A change makes another pool."""
    encryption_key: pulumi.Input[str] | None = None
    """Customer-managed key: `projects/P/locations/L/keyRings/R/cryptoKeys/K`, the same as that of the endpoints. A change makes another pool."""
    spot: bool = False
    """Whether replicas run on Spot machines, cheaper and reclaimed at any time. Default: no. A change makes another pool."""
    container_logging: bool = True
    """Whether the containers' output goes to Cloud Logging. Default: yes. Changed in place."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _empty_problems(self, ("project", "location"))
        yield from _matches("pool_id", self.pool_id, _POOL_ID, "1 to 63 of a-z, 0-9 and -, starting with a letter and not ending in -")
        yield from _machine_problems(self.machine_type, self.accelerator_type, self.accelerator_count)
        yield from _replica_problems(self.min_replicas, self.max_replicas, self.autoscaling)
        yield from _matches("encryption_key", self.encryption_key, _KEY, "projects/P/locations/L/keyRings/R/cryptoKeys/K")


@dataclass(frozen=True, kw_only=True)
class VertexTrafficShare:
    """The share of requests that one deployed model gets."""

    deployed_model_id: pulumi.Input[str]
    """`deployed_model_id` of a `VertexDeployedModel` on the same endpoint."""
    percent: int
    """Percent of requests, 0 to 100."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _matches("deployed_model_id", self.deployed_model_id, _DEPLOYED_MODEL_ID, "the number of a deployed model")
        if not 0 <= self.percent <= 100:
            yield Problem("percent", f"{self.percent} is not a percentage; use 0 to 100")


@dataclass(frozen=True, kw_only=True)
class VertexTrafficSplitArgs:
    """How an endpoint shares requests between the models deployed to it: one resource for each endpoint, the only one that sets it."""

    endpoint: pulumi.Input[str]
    """`projects/P/locations/L/endpoints/E`. A change sets the new endpoint's split, then empties the old one's."""
    traffic: list[VertexTrafficShare]
    """Shares summing to 100. A deployed model that is not listed gets no requests. Changed in place."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _matches("endpoint", self.endpoint, _ENDPOINT, "projects/P/locations/L/endpoints/E")
        if not self.traffic:
            yield Problem("traffic", "is empty; list at least one deployed model")
        elif (total := sum(share.percent for share in self.traffic)) != 100:
            shares = " + ".join(str(share.percent) for share in self.traffic)
            yield Problem("traffic", f"{shares} is {total}; the percentages must sum to 100")
        ids = [share.deployed_model_id for share in self.traffic]
        for index, each in enumerate(ids):
            if isinstance(each, str) and each in ids[:index]:
                yield Problem(f"traffic[{index}].deployed_model_id", f"'{each}' is there twice; every deployed model has one share")


@dataclass(frozen=True, kw_only=True)
class VertexMonitoringArgs:
    """What watches whether the requests to an endpoint drift away from those before: model monitoring as v1 of the API has it.

    It is for tabular models that take `{"instances": [{"<feature>": <value>, ...}, ...]}`, by `predict` or `rawPredict`
    (https://cloud.google.com/vertex-ai/docs/model-monitoring/using-model-monitoring). Where the endpoint keeps its requests in BigQuery already
    (request-response logging), it reads them from there; then Vertex AI refuses every change of how they are kept, until the monitoring is deleted.
    Elsewhere it makes a dataset of its own, `model_deployment_monitoring_<endpoint>`, which stays when it is deleted.
    """

    endpoint: pulumi.Input[str]
    """`projects/P/locations/L/endpoints/E`. A change watches the new endpoint, after the old one's monitoring was deleted."""
    deployed_model_ids: list[pulumi.Input[str]]
    """`deployed_model_id` of every `VertexDeployedModel` that is watched. Changed in place."""
    drift_thresholds: dict[str, float]
    """Features that are watched, with the distance of two periods at which an alert is raised: above 0, at most 1. It is the Jensen-Shannon
    divergence of numbers, and the L-infinity distance of categories; 0.3 is what Google takes where nothing is said. Changed in place."""
    display_name: pulumi.Input[str] | None = None
    """Name shown, 1 to 128 characters. Omitted: the resource's name. Changed in place."""
    sample_percent: int = 100
    """Share of the requests that is looked at, 1 to 100 percent. Default: all. Changed in place."""
    interval_hours: int = 24
    """Hours between two looks, and the time each of them covers, 1 or more. Default: 24. Changed in place."""
    emails: list[str] = field(default_factory=list[str])
    """Addresses that are told of drift, of a look that failed and of every change of the monitoring. Default: none. Changed in place."""
    log_anomalies: bool = True
    """Whether drift is written to Cloud Logging. Default: yes. Changed in place."""
    log_runs: bool = True
    """Whether the course of every look is written to Cloud Logging. Default: yes. Changed in place."""
    schema_uri: pulumi.Input[str] | None = None
    """`gs://` address of a file that describes one instance, as YAML (https://cloud.google.com/vertex-ai/docs/model-monitoring/schemas). Omitted:
    Vertex AI finds it out from the first 1000 requests, and until then the monitoring waits and cannot be changed. A change makes it anew."""
    statistics_uri: pulumi.Input[str] | None = None
    """`gs://` folder that statistics are written to. Omitted: a bucket that Vertex AI makes. A change makes it anew."""
    encryption_key: pulumi.Input[str] | None = None
    """Customer-managed key: `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the endpoint's region. A change makes it anew."""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """Labels: lower-case keys and values of at most 63 characters, 64 labels at most. Changed in place."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _matches("endpoint", self.endpoint, _ENDPOINT, "projects/P/locations/L/endpoints/E")
        if not self.deployed_model_ids:
            yield Problem("deployed_model_ids", "is empty; list at least one deployed model")
        for index, each in enumerate(self.deployed_model_ids):
            yield from _matches(f"deployed_model_ids[{index}]", each, _DEPLOYED_MODEL_ID, "the number of a deployed model")
            if isinstance(each, str) and each in self.deployed_model_ids[:index]:
                yield Problem(f"deployed_model_ids[{index}]", f"'{each}' is there twice")
        if not self.drift_thresholds:
            yield Problem("drift_thresholds", "is empty; name at least one feature")
        for feature, threshold in self.drift_thresholds.items():
            if not 0 < threshold <= 1:
                yield Problem(f"drift_thresholds.{feature}", f"{threshold} is no threshold; use more than 0 and at most 1")
        yield from _display_name_problems(self.display_name)
        if not 1 <= self.sample_percent <= 100:
            yield Problem("sample_percent", f"{self.sample_percent} is not a percentage; use 1 to 100")
        yield from _at_least("interval_hours", self.interval_hours, 1)
        for name in ("schema_uri", "statistics_uri"):
            uri: object = getattr(self, name)
            if isinstance(uri, str) and not uri.startswith("gs://"):
                yield Problem(name, f"'{uri}' is not in Cloud Storage; use gs://bucket/path")
        yield from _matches("encryption_key", self.encryption_key, _KEY, "projects/P/locations/L/keyRings/R/cryptoKeys/K")
        yield from _label_problems(self.labels)


def _empty_problems(args: object, names: Sequence[str]) -> Iterator[Problem]:
    for name in names:
        if getattr(args, name) == "":
            yield Problem(name, "is empty")


def _left_out(args: VertexContainer | VertexDeployedModelArgs, names: Sequence[str], reason: str) -> Iterator[Problem]:
    """Problems of arguments among `names` that are not what they are when left out."""
    defaults: dict[str, object] = {each.name: each.default for each in fields(args)}
    for name in names:
        given: object = getattr(args, name)
        if given != ([] if defaults[name] is MISSING else defaults[name]):
            yield Problem(name, reason)


def _machine_problems(machine_type: str, accelerator_type: VertexAccelerator | None, accelerator_count: int) -> Iterator[Problem]:
    if machine_type == "":
        yield Problem("machine_type", "is empty")
    if accelerator_count < 0:
        yield Problem("accelerator_count", f"{accelerator_count} is not allowed; use 0 or more")
    if (accelerator_type is None) != (accelerator_count == 0):
        yield Problem("accelerator_count", f"{accelerator_count} does not go with accelerator_type {accelerator_type}; give both or none")


def _replica_problems(least: int, most: int | None, autoscaling: Sequence[VertexAutoscalingTarget]) -> Iterator[Problem]:
    yield from _at_least("min_replicas", least, 1)
    if most is not None and most < least:
        yield Problem("max_replicas", f"{most} is below min_replicas, {least}")
    metrics = [target.metric for target in autoscaling]
    for index, metric in enumerate(metrics):
        if metric in metrics[:index]:
            yield Problem(f"autoscaling[{index}].metric", f"'{metric}' is there twice; every metric has one target")


def _at_least(name: str, value: int, least: int) -> Iterator[Problem]:
    if value < least:
        yield Problem(name, f"{value} is not allowed; use {least} or more")


def _port_problems(name: str, value: int) -> Iterator[Problem]:
    if not 1 <= value <= 65535:
        yield Problem(name, f"{value} is not a port; use 1 to 65535")


def _route_problems(name: str, value: str) -> Iterator[Problem]:
    if not value.startswith("/"):
        yield Problem(name, f"'{value}' is not a path; start it with /")


def _display_name_problems(value: object) -> Iterator[Problem]:
    if isinstance(value, str) and not 1 <= len(value) <= 128:
        yield Problem("display_name", f"{len(value)} characters are not allowed; use 1 to 128")


def _label_problems(labels: Mapping[str, str]) -> Iterator[Problem]:
    if len(labels) > 64:
        yield Problem("labels", f"{len(labels)} labels are not allowed; use 64 at most")
    rule = "lower-case letters, digits, _ and -, at most 63 characters"
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or key != key.lower():
            yield Problem(f"labels.{key}", f"'{key}' is not a label key; use {rule}")
        if not _LABEL_VALUE.fullmatch(value) or value != value.lower():
            yield Problem(f"labels.{key}", f"'{value}' is not a label value; use {rule}")


def _matches(name: str, value: object, pattern: re.Pattern[str], form: str) -> Iterator[Problem]:
    if isinstance(value, str) and not pattern.fullmatch(value):
        yield Problem(name, f"'{value}' is not of the form {form}")
