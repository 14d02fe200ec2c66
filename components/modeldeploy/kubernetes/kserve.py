"""A model as KServe's InferenceService, on clusters that have KServe."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import PodArgs, PodResources, Toleration
from modeldeploy.spec.model import Model, remote_problems

from .quantities import cpus, memory
from .scaling import disruption_budget
from .scope import VERSION, check_name, scope
from .space import caller, space, surge

_QUEUE_PROXY = 8012
"""Port of Knative's proxy in front of the container."""


class ServingMode(StrEnum):
    """How KServe runs a model: https://kserve.github.io/website/docs/admin-guide/overview."""

    STANDARD = "RawDeployment"
    """Plain Deployments with an autoscaler."""
    KNATIVE = "Serverless"
    """Knative revisions: scale to zero and canaries. The cluster needs Knative Serving."""


class ServingMetric(StrEnum):
    """What replicas are counted by."""

    CPU = "cpu"
    """Percent of the CPU asked for."""
    MEMORY = "memory"
    """Percent of the memory asked for."""
    CONCURRENCY = "concurrency"
    """Requests at the same time; Knative only."""
    REQUESTS = "rps"
    """Requests a second; Knative only."""


@dataclass(frozen=True, kw_only=True)
class ServingScaling:
    """Replicas, as KServe scales them."""

    minimum: int = 2
    """Replicas at least; 0 lets Knative stop the last one."""
    maximum: int = 10
    """Replicas at most, 1 or more."""
    metric: ServingMetric = ServingMetric.CPU
    """What they are counted by."""
    target: int = 70
    """Value of the metric for one replica, 1 or more; percent for CPU and memory."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.minimum < 0:
            yield Problem("minimum", f"{self.minimum} is not allowed; use 0 or more")
        if self.maximum < max(self.minimum, 1):
            yield Problem("maximum", f"{self.maximum} is not allowed; use {max(self.minimum, 1)} or more")
        if self.target < 1:
            yield Problem("target", f"{self.target} is not allowed; use 1 or more")


@dataclass(frozen=True, kw_only=True)
class KServeEndpointArgs(PodArgs):
    """Arguments of `KServeEndpoint`. KServe fetches the model itself, so there is no `loader_image` to give."""

    model: Model
    """The version that is served. Its source is `s3://`, `gs://`, `https://` or `pvc://claim/path`; its image is the server, also with
    `model_format`."""
    mode: ServingMode = ServingMode.STANDARD
    """How KServe runs it."""
    model_format: str | None = None
    """Format of the model for one of the cluster's serving runtimes, such as `sklearn`. Omitted: the image is a server of its own."""
    runtime: str | None = None
    """Name of the serving runtime. Omitted: KServe chooses by the format. Only with `model_format`."""
    protocol: str | None = None
    """Protocol of the runtime, `v1` or `v2`. Omitted: v1. Only with `model_format`."""
    canary_percent: int | None = None
    """Share of requests that this version gets while the one before gets the rest, 0 to 100 percent; Knative only. 0 is a rollback, 100 or none the
    promotion: https://kserve.github.io/website/docs/model-serving/predictive-inference/rollout-strategies/canary."""
    scaling: ServingScaling = ServingScaling()
    """Replicas. Default: 2 to 10 by CPU use."""
    request_seconds: int = 30
    """Longest time a request may take, in seconds, 1 to 3600."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from _source_problems(self)
        if self.canary_percent is not None and not 0 <= self.canary_percent <= 100:
            yield Problem("canary_percent", f"{self.canary_percent} is not a percentage; use 0 to 100")
        if not 1 <= self.request_seconds <= 3600:
            yield Problem("request_seconds", f"{self.request_seconds} is not allowed; use 1 to 3600")
        if self.protocol not in (None, "v1", "v2"):
            yield Problem("protocol", f"'{self.protocol}' is not allowed; use one of v1, v2")
        for name in ("runtime", "protocol"):
            if getattr(self, name) is not None and self.model_format is None:
                yield Problem(name, "has no effect without model_format; leave it out")
        if self.mode is ServingMode.STANDARD:
            yield from _standard_problems(self)


class KServeEndpoint(pulumi.ComponentResource):
    """A model as one InferenceService: https://kserve.github.io/website/docs/reference/crd-api.

    Namespace, service account, closed network and quota are those of `KubernetesWorkload`. KServe's own containers must be configured for restricted
    pods (Knative: `secure-pod-defaults`). List KServe's gateway, and `knative-serving` in that mode, in `network.callers`.
    """

    url: pulumi.Output[str]
    """Where to POST predictions inside the cluster."""
    identity: pulumi.Output[str]
    """The pods' service account as the cluster's roles name it: `system:serviceaccount:<namespace>:<name>`."""
    model_version: pulumi.Output[str]
    """The version that was deployed last."""
    logs: pulumi.Output[str]
    """The command that shows the logs."""
    namespace: pulumi.Output[str]
    """The namespace of everything."""

    def __init__(self, name: str, args: KServeEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(KServeEndpointArgs, args, f"KServeEndpoint '{name}'")
        check_name("KServeEndpoint", name)
        super().__init__("modeldeploy:index:KServeEndpoint", name, as_inputs(checked), opts)
        model = checked.model
        port = _QUEUE_PROXY if checked.mode is ServingMode.KNATIVE else model.container.port
        most = checked.scaling.maximum
        place = space(
            scope(name, model.name, checked.namespace, checked.tags, checked.environment, self),
            checked,
            pods=2 * (most + surge(most)),
            callers=[caller(each, port) for each in checked.network.callers],
        )
        within = place.scope

        CustomResource(
            name,
            api_version="serving.kserve.io/v1beta1",
            kind="InferenceService",
            # KServe copies the labels to the pods.
            metadata=within.metadata(name, {VERSION: model.version}, {"serving.kserve.io/deploymentMode": checked.mode.value}),
            spec={"predictor": _predictor(name, checked)},
            opts=within.child(*place.ready),
        )
        disruption_budget(within, name)

        namespace = pulumi.Output.from_input(within.namespace)
        host = name if checked.mode is ServingMode.KNATIVE else f"{name}-predictor"
        self.url = pulumi.Output.concat("http://", host, ".", namespace, f".svc.cluster.local{_path(name, checked)}")
        self.identity = pulumi.Output.concat("system:serviceaccount:", namespace, ":", place.account.metadata.name)
        self.model_version = pulumi.Output.from_input(model.version)
        self.logs = pulumi.Output.concat("kubectl logs --namespace ", namespace, f" --selector app.kubernetes.io/instance={name} --all-containers")
        self.namespace = namespace
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "namespace": self.namespace,
            }
        )


def _source_problems(args: KServeEndpointArgs) -> Iterator[Problem]:
    if not args.model.is_remote:
        yield Problem(
            "model.source", f"'{args.model.source}' is a local path, which a cluster cannot read; upload it, or put it on a volume (pvc://)"
        )
    yield from (
        Problem(problem.path.replace("models[0]", "model"), problem.reason)
        for problem in remote_problems([args.model], ("s3", "gs", "https", "pvc"), "KServe")
    )
    if args.loader_image is not None:
        yield Problem("loader_image", "has no effect: KServe fetches models with an image of its own; leave it out")
    if not args.model.source.startswith("pvc://") and not args.network.egress:
        yield Problem("network.egress", "is empty, so the model cannot be fetched; list the addresses of the object storage")


def _standard_problems(args: KServeEndpointArgs) -> Iterator[Problem]:
    knative = f"needs mode {ServingMode.KNATIVE.value}"
    if args.canary_percent is not None:
        yield Problem("canary_percent", knative)
    if args.scaling.minimum == 0:
        yield Problem("scaling.minimum", f"0 {knative}; use 1 or more")
    if args.scaling.metric in (ServingMetric.CONCURRENCY, ServingMetric.REQUESTS):
        yield Problem("scaling.metric", f"'{args.scaling.metric}' {knative}; use one of cpu, memory")


def _predictor(name: str, args: KServeEndpointArgs) -> dict[str, Any]:
    predictor: dict[str, Any] = {
        "minReplicas": args.scaling.minimum,
        "maxReplicas": args.scaling.maximum,
        "scaleMetric": args.scaling.metric.value,
        "scaleTarget": args.scaling.target,
        "timeout": args.request_seconds,
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": args.user_id,
            "runAsGroup": args.user_id,
            "fsGroup": args.user_id,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": memory(args.resources.disk_mib)}},
            *({"name": f"secret-{each}", "secret": {"secretName": each}} for each in args.secrets),
        ],
    }
    if args.canary_percent is not None:
        predictor["canaryTrafficPercent"] = args.canary_percent
    if args.registry_secret is not None:
        predictor["imagePullSecrets"] = [{"name": args.registry_secret}]
    if args.placement.node_labels:
        predictor["nodeSelector"] = args.placement.node_labels
    tolerations = [*args.placement.tolerations, *([Toleration(key=args.resources.gpu_resource)] if args.resources.gpus else [])]
    if tolerations:
        predictor["tolerations"] = [_toleration(each) for each in tolerations]
    if args.model_format is None:
        return {**predictor, "containers": [_server(args)]}
    chosen: dict[str, Any] = {"modelFormat": {"name": args.model_format}, "storageUri": args.model.source, "protocolVersion": args.protocol or "v1"}
    if args.runtime is not None:
        chosen["runtime"] = args.runtime
    # The runtime's own container, with our image, user and limits laid over it.
    own = {key: value for key, value in _server(args).items() if key not in ("name", "ports")}
    own["env"] = [each for each in own["env"] if each["name"] != "STORAGE_URI"]
    return {**predictor, "model": {**own, **chosen}}


def _server(args: KServeEndpointArgs) -> dict[str, Any]:
    environment = {"STORAGE_URI": args.model.source, "MODEL_DIR": "/mnt/models", "MODEL_VERSION": args.model.version}
    return {
        "name": "kserve-container",
        "image": args.model.container.image,
        "imagePullPolicy": "Always",
        "ports": [{"containerPort": args.model.container.port, "protocol": "TCP"}],
        "env": [{"name": name, "value": value} for name, value in {**environment, **args.model.container.environment}.items()],
        "resources": _resources(args.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            *({"name": f"secret-{each}", "mountPath": f"/var/run/secrets/modeldeploy/{each}", "readOnly": True} for each in args.secrets),
        ],
    }


def _resources(asked: PodResources) -> dict[str, Any]:
    shared = {asked.gpu_resource: str(asked.gpus)} if asked.gpus else {}
    return {
        "requests": {"cpu": cpus(asked.cpu_millis), "memory": memory(asked.memory_mib), **shared},
        "limits": {"cpu": cpus(asked.cpu_limit_millis), "memory": memory(asked.memory_limit_mib), **shared},
    }


def _toleration(each: Toleration) -> dict[str, str]:
    if each.value is None:
        return {"key": each.key, "operator": "Exists", "effect": "NoSchedule"}
    return {"key": each.key, "operator": "Equal", "value": each.value, "effect": "NoSchedule"}


def _path(name: str, args: KServeEndpointArgs) -> str:
    if args.model_format is None:
        return args.model.container.predict_path
    return f"/v2/models/{name}/infer" if args.protocol == "v2" else f"/v1/models/{name}:predict"
