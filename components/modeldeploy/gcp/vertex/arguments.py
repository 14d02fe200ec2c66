"""Arguments of the Vertex AI resources that our own provider serves, and the rules they keep.

Each argument class is declared once: a Python program fills it in, the provider checks with it what any program sends, and the plugin's schema is
derived from it. Field documentation follows Google's discovery document of `aiplatform` v1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.image == "":
            yield Problem("image", "is empty")
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
        for name in ("project", "location"):
            if getattr(self, name) == "":
                yield Problem(name, "is empty")
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

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _matches("endpoint", self.endpoint, _ENDPOINT, "projects/P/locations/L/endpoints/E")
        yield from _matches("model", self.model, _MODEL, "projects/P/locations/L/models/M@VERSION")
        yield from _display_name_problems(self.display_name)
        if self.machine_type == "":
            yield Problem("machine_type", "is empty")
        if self.accelerator_count < 0:
            yield Problem("accelerator_count", f"{self.accelerator_count} is not allowed; use 0 or more")
        if (self.accelerator_type is None) != (self.accelerator_count == 0):
            yield Problem(
                "accelerator_count", f"{self.accelerator_count} does not go with accelerator_type {self.accelerator_type}; give both or none"
            )
        yield from _at_least("min_replicas", self.min_replicas, 1)
        if self.max_replicas is not None and self.max_replicas < self.min_replicas:
            yield Problem("max_replicas", f"{self.max_replicas} is below min_replicas, {self.min_replicas}")
        if self.required_replicas is not None and not 1 <= self.required_replicas <= self.min_replicas:
            yield Problem("required_replicas", f"{self.required_replicas} is not allowed; use 1 to min_replicas, {self.min_replicas}")
        metrics = [target.metric for target in self.autoscaling]
        for index, metric in enumerate(metrics):
            if metric in metrics[:index]:
                yield Problem(f"autoscaling[{index}].metric", f"'{metric}' is there twice; every metric has one target")


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
