"""Which deployment type a workload needs: a decision tree, with its reasons and the runner-up.

    advice = advise(Needs(work=Work.REAL_TIME, latency_ms=100, traffic=Traffic.VARIABLE), Cloud.AZURE)
    advice.deployment_type()     # managed-endpoint
    advice.chosen.reasons        # why
    advice.runner_up.objections  # why not the next one

It decides in two steps. What the workload cannot do without (latency, GPUs, memory, the length of a request, a cluster that is there) rules types
out. Among those left, the budget and then an order of preference decide, which depends on how requests arrive and on nothing else. So asking for less
never leads to a dearer or more complex type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .grid import Cloud
from .spec.arguments import ArgumentError, Problem, parse
from .spec.needs import DataClass, DeploymentType, Needs, Traffic, Work


class Complexity(StrEnum):
    """How much there is to understand and to run."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Option:
    """A way to deploy: a line of the comparison."""

    name: str
    """As people call it."""
    deployment: DeploymentType | None
    """The type in this library; None where it has no component."""
    work: Work
    """What it is for."""
    use_case: str
    latency: str
    """The class it is meant for."""
    cost: str
    """From $ to $$$."""
    complexity: Complexity
    reaches: int = 0
    """The least that may be asked of it: milliseconds to an answer for real time, minutes to the results for a batch."""
    at_rest_usd: int = 0
    """What a month costs with the component's defaults before the first request, on the cloud where it is dearest, in US dollars. See `OPTIONS`."""

    @property
    def title(self) -> str:
        """The type by its name in configuration, or the name people use where there is no type."""
        return self.deployment.value if self.deployment is not None else self.name


OPTIONS = (
    Option(
        name="REST API",
        deployment=DeploymentType.CONTAINER,
        work=Work.REAL_TIME,
        use_case="Real-time predictions",
        latency="50-200 ms",
        cost="$$",
        complexity=Complexity.LOW,
        reaches=200,
        at_rest_usd=89,
    ),
    Option(
        name="Batch processing",
        deployment=DeploymentType.BATCH,
        work=Work.BATCH,
        use_case="Large-scale periodic predictions",
        latency="hours",
        cost="$",
        complexity=Complexity.LOW,
        reaches=10,
    ),
    Option(
        name="Streaming",
        deployment=DeploymentType.STREAMING,
        work=Work.STREAMING,
        use_case="Real-time data pipelines",
        latency="<10 ms",
        cost="$$$",
        complexity=Complexity.HIGH,
        at_rest_usd=30,
    ),
    Option(
        name="Edge deployment",
        deployment=None,
        work=Work.EDGE,
        use_case="IoT, mobile devices",
        latency="<10 ms",
        cost="$",
        complexity=Complexity.MEDIUM,
    ),
    Option(
        name="Serverless",
        deployment=DeploymentType.SERVERLESS,
        work=Work.REAL_TIME,
        use_case="Sporadic, event-driven",
        latency="100-500 ms",
        cost="$",
        complexity=Complexity.LOW,
        reaches=500,
    ),
    Option(
        name="Managed endpoint",
        deployment=DeploymentType.MANAGED_ENDPOINT,
        work=Work.REAL_TIME,
        use_case="Production ML workloads",
        latency="50-100 ms",
        cost="$$$",
        complexity=Complexity.MEDIUM,
        reaches=50,
        at_rest_usd=168,
    ),
    Option(
        name="REST API on Kubernetes",
        deployment=DeploymentType.KUBERNETES,
        work=Work.REAL_TIME,
        use_case="Real-time predictions on a cluster",
        latency="10-200 ms",
        cost="$$",
        complexity=Complexity.HIGH,
        reaches=10,
        at_rest_usd=213,
    ),
    Option(
        name="Managed batch",
        deployment=DeploymentType.MANAGED_BATCH,
        work=Work.BATCH,
        use_case="Files of records, scored by the ML service",
        latency="hours",
        cost="$",
        complexity=Complexity.LOW,
        reaches=60,
    ),
)
"""The guide's comparison, and two variants of our own (the last two) with columns of their own.

Prices at rest were read on 24 November 2026, on demand, us-east-1 or its like, 730 hours a month. Managed endpoint: two machines of 2 CPUs and 8 GiB
(the clouds' tables in `instances.py`; the dearest is SageMaker's ml.m5.large). Container: two of 1 CPU and 2 GiB on Fargate (0.04048 a CPU-hour,
0.004445 a GiB-hour, https://aws.amazon.com/fargate/pricing/) and a load balancer (0.0225). Kubernetes: the control plane (0.10 on all three clouds,
https://aws.amazon.com/eks/pricing/) and two machines of 2 CPUs and 8 GiB (0.096). Streaming: a stream on demand (0.04,
https://aws.amazon.com/kinesis/data-streams/pricing/). Functions and batches cost nothing while nothing happens. Networks, keys and logs come on top
of each, and of each the same.
"""

EDGE = next(option for option in OPTIONS if option.work is Work.EDGE)

BY_TYPE = {option.deployment: option for option in OPTIONS if option.deployment is not None}

_CONTAINER, _ENDPOINT = DeploymentType.CONTAINER, DeploymentType.MANAGED_ENDPOINT
_KUBERNETES, _SERVERLESS = DeploymentType.KUBERNETES, DeploymentType.SERVERLESS

PREFERENCE: dict[Work | Traffic, tuple[DeploymentType, ...]] = {
    # A function kept busy all day costs more than a machine that answers as much.
    Traffic.STEADY: (_CONTAINER, _ENDPOINT, _KUBERNETES, _SERVERLESS),
    Traffic.VARIABLE: (_CONTAINER, _ENDPOINT, _SERVERLESS, _KUBERNETES),
    # Only a function costs nothing in the pauses.
    Traffic.SPORADIC: (_SERVERLESS, _CONTAINER, _ENDPOINT, _KUBERNETES),
    # The service that reads, asks and writes by itself leaves the least to do.
    Work.BATCH: (DeploymentType.MANAGED_BATCH, DeploymentType.BATCH),
    # The second is what comes nearest for who cannot have the first.
    Work.STREAMING: (DeploymentType.STREAMING, DeploymentType.BATCH),
    Work.EDGE: (DeploymentType.KUBERNETES,),
}
"""Which of the types that fit comes first."""

WHY_FIRST = {
    Traffic.STEADY: "steady traffic: machines that are always there cost less than functions that are always called",
    Traffic.VARIABLE: "variable traffic: replicas are added in peaks and removed after them",
    Traffic.SPORADIC: "sporadic traffic: {cost}",
}

MOST_GPUS = {
    _SERVERLESS: {Cloud.AWS: 0, Cloud.AZURE: 0, Cloud.GCP: 0},
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate.html; Container Apps' profiles;
    # https://cloud.google.com/run/docs/configuring/services/gpu
    _CONTAINER: {Cloud.AWS: 0, Cloud.AZURE: 1, Cloud.GCP: 1},
    # The clouds' tables of machines in this library.
    _ENDPOINT: {Cloud.AWS: 1, Cloud.AZURE: 4, Cloud.GCP: 1},
}
"""GPUs of one replica."""

LONGEST_REQUEST = {
    # API Gateway in front of Lambda; the load balancer in front of Azure's functions; the component's own limit.
    _SERVERLESS: {Cloud.AWS: 29, Cloud.AZURE: 230, Cloud.GCP: 230},
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html; Azure ML's request_timeout;
    # https://cloud.google.com/vertex-ai/docs/predictions/create-public-endpoint
    _ENDPOINT: {Cloud.AWS: 60, Cloud.AZURE: 180, Cloud.GCP: 600},
    _CONTAINER: {Cloud.AWS: 240, Cloud.AZURE: 240, Cloud.GCP: 240},
}
"""Seconds a request may take."""

MOST_MEMORY = {
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; an image on Container Apps (code has 4); the component's own limit.
    _SERVERLESS: {Cloud.AWS: 10, Cloud.AZURE: 8, Cloud.GCP: 10},
    # `ContainerCompute.memory_mib`; a Cloud Run instance: https://cloud.google.com/run/quotas
    _CONTAINER: {Cloud.AWS: 120, Cloud.AZURE: 120, Cloud.GCP: 32},
}
"""GiB of memory of one replica."""

OPTIMIZE_BELOW_MS = 100
"""Below this the model itself has to be made faster."""

SPOT_FROM_MINUTES = 240
"""A window that leaves time to begin again when a spare machine is taken back."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What speaks for and against an option."""

    option: Option
    reasons: tuple[str, ...]
    objections: tuple[str, ...]
    """Needs it cannot meet; empty: it fits."""
    over_budget: bool = False

    @property
    def fits(self) -> bool:
        """Whether it meets every need."""
        return not self.objections


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The answer."""

    needs: Needs
    chosen: Verdict
    others: tuple[Verdict, ...]
    """The rest, the next best first."""
    keep_in_mind: tuple[str, ...]
    """What has to be set or done for the choice to hold."""

    @property
    def runner_up(self) -> Verdict:
        """The next best. Its objections, if there are any, say what keeps it from being a choice."""
        return self.others[0]

    def deployment_type(self) -> DeploymentType:
        """The type to deploy; raises `ArgumentError` when this library has no component for the answer."""
        if self.chosen.option.deployment is None:
            nearest = self.runner_up.option.deployment
            reason = f"'{self.needs.work}' is advised, and there is no component for it; the nearest that there is: {nearest}, near the devices"
            raise ArgumentError("advice", [Problem("work", reason)])
        return self.chosen.option.deployment


def advise(needs: Needs, cloud: Cloud | None = None) -> Advice:
    """The deployment type for `needs` on `cloud`; without a cloud, one that does on all of them.

    Raises `ArgumentError` for needs that contradict each other.
    """
    needs = parse(Needs, needs, "needs")
    verdicts = [_judge(option, needs, cloud) for option in _considered(needs)]
    # A stable sort: the order of preference decides between equals.
    chosen, *others = sorted(verdicts, key=lambda verdict: (not verdict.fits, verdict.over_budget))
    return Advice(needs=needs, chosen=chosen, others=tuple(others), keep_in_mind=tuple(_keep_in_mind(chosen, needs)))


def _considered(needs: Needs) -> list[Option]:
    order = PREFERENCE[_traffic(needs) if needs.work is Work.REAL_TIME else needs.work]
    edge = [EDGE] if needs.work is Work.EDGE else []
    return edge + [BY_TYPE[each] for each in order]


def _traffic(needs: Needs) -> Traffic:
    return needs.traffic or Traffic.VARIABLE


def _judge(option: Option, needs: Needs, cloud: Cloud | None) -> Verdict:
    return Verdict(
        option=option,
        reasons=tuple(_reasons(option, needs)),
        objections=tuple(_objections(option, needs, (cloud,) if cloud is not None else tuple(Cloud))),
        over_budget=needs.monthly_budget_usd is not None and _at_rest(option, needs) > needs.monthly_budget_usd,
    )


def _at_rest(option: Option, needs: Needs) -> int:
    return 0 if needs.cluster else option.at_rest_usd


def _reasons(option: Option, needs: Needs) -> Iterator[str]:
    if option.work is not needs.work:
        return
    yield {
        Work.REAL_TIME: "somebody waits for the answer",
        Work.BATCH: "nobody waits: a lot is scored at once",
        Work.STREAMING: "each event is scored as it arrives",
        Work.EDGE: "the device asks the model it carries",
    }[needs.work]
    if needs.latency_ms is not None:
        yield f"its class, {option.latency}, is within reach of {needs.latency_ms} ms"
    if needs.work is Work.REAL_TIME:
        cost = _rest_cost(option)
        yield WHY_FIRST[_traffic(needs)].format(cost=cost)
    if option.deployment is DeploymentType.MANAGED_BATCH:
        yield "the service reads the files, asks the model for each record and writes the answers"
    if option.deployment is DeploymentType.BATCH and needs.work is Work.BATCH:
        yield f"{needs.tasks} tasks run side by side, each scores its part" if needs.tasks > 1 else "its container reads what it scores by itself"
    if needs.cluster:
        yield "it runs on the cluster that is there"


def _rest_cost(option: Option) -> str:
    return "nothing is paid in the pauses" if option.at_rest_usd == 0 else f"about {option.at_rest_usd} USD a month are paid in the pauses too"


def _objections(option: Option, needs: Needs, clouds: tuple[Cloud, ...]) -> Iterator[str]:
    """What `option` cannot do that is needed, on any of `clouds`."""
    kind = option.deployment
    if option.work is not needs.work:
        yield f"is for {option.work} work, not {needs.work}"
        return
    if needs.latency_ms is not None and needs.latency_ms < option.reaches:
        yield f"is meant for {option.reaches} ms and more ({option.latency}), not {needs.latency_ms}"
    if needs.batch_window_minutes is not None and needs.batch_window_minutes < option.reaches:
        yield f"takes {option.reaches} minutes with the start of its machines, not {needs.batch_window_minutes}"
    if kind is DeploymentType.MANAGED_BATCH and not needs.files_of_records:
        yield "scores files of records only"
    if needs.cluster and kind not in (DeploymentType.KUBERNETES, DeploymentType.BATCH):
        yield "does not run on the cluster that is there"
    if kind is None or needs.cluster:
        return
    yield from _limit("has {limit} GPUs at most", "", needs.gpus, MOST_GPUS.get(kind, {}), clouds)
    yield from _limit("takes requests of {limit} s at most", "s", needs.request_seconds, LONGEST_REQUEST.get(kind, {}), clouds)
    yield from _limit("has {limit} GiB of memory at most", "GiB", needs.memory_gib, MOST_MEMORY.get(kind, {}), clouds)


def _limit(sentence: str, unit: str, needed: int | None, limits: Mapping[Cloud, int], clouds: tuple[Cloud, ...]) -> Iterator[str]:
    tightest = min(((limits[cloud], cloud) for cloud in clouds if cloud in limits), default=None)
    if needed is not None and tightest is not None and needed > tightest[0]:
        yield f"{sentence.format(limit=tightest[0])} ({tightest[1]}), not {needed} {unit}".rstrip()


def _keep_in_mind(chosen: Verdict, needs: Needs) -> Iterator[str]:
    kind = chosen.option.deployment
    if chosen.over_budget:
        yield (
            f"a month costs about {chosen.option.at_rest_usd} USD with the default machines, before the first request; nothing that fits is within "
            f"the budget of {needs.monthly_budget_usd} USD"
        )
    if needs.latency_ms is not None:
        yield f"set operations.latency_milliseconds to {needs.latency_ms}, so that an alarm says when it is not kept"
        if needs.latency_ms < OPTIMIZE_BELOW_MS:
            yield f"below {OPTIMIZE_BELOW_MS} ms the model needs an optimized runtime (ONNX Runtime, TensorRT); measure it before it is released"
        if needs.latency_ms < BY_TYPE[_ENDPOINT].reaches:
            yield "callers have to be in the same cluster: every service in front takes more than is left"
    if kind is DeploymentType.SERVERLESS:
        yield "the first request after a pause takes seconds, unless scaling.minimum is 1 or more, which is paid"
    if kind is DeploymentType.STREAMING:
        yield "the class holds for the model's own time; what arrives faster than it is scored waits in the stream, and an alarm watches that"
    if kind is DeploymentType.BATCH and needs.cluster:
        yield "on a cluster of any kind the component is KubernetesBatch"
    if needs.batch_window_minutes is not None and needs.batch_window_minutes < SPOT_FROM_MINUTES:
        yield "set spot to false: the window leaves no time to begin again when a spare machine is taken back"
    if kind is None:
        yield "this library has no component for devices; it can put the model on a cluster near them"
    yield from _for_data(needs.data_class)


def _for_data(data: DataClass) -> Iterator[str]:
    if data is not DataClass.PUBLIC:
        yield f"tag the stack data-class: {data}"
    if data in (DataClass.HEALTH, DataClass.CARDHOLDER):
        yield "keep access.exposure private; the policy pack takes no exception for this class of data"
    if data in (DataClass.PERSONAL, DataClass.HEALTH, DataClass.CARDHOLDER):
        yield "leave operations.capture_percent at 0, unless there is a legal ground to keep what people sent"
    if data is DataClass.HEALTH:
        yield "the cloud's business associate agreement comes before the first record"
