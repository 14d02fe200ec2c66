"""Arguments of a SageMaker endpoint, and what SageMaker refuses of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, unknown_name
from modeldeploy.spec.compute import Compute, InstanceType, choice_problems, choose
from modeldeploy.spec.managed_endpoint import ManagedEndpointArgs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.network import Network
from modeldeploy.spec.rollout import Shadow
from modeldeploy.spec.scaling import Scaling

from .asynchronous import Asynchronous
from .given import caller_problems, key_problems, network_problems
from .identity import ECR_IMAGE
from .instances import INSTANCES, SERVICE
from .monitor_arguments import Monitors
from .sagemaker_model import sagemaker_model_problems
from .serverless_inference import ServerlessInference
from .variants import MOST, SHADOW, Variant

INVOCATIONS_PER_INSTANCE = 70
"""Requests a minute and instance that are aimed at when nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """SageMaker's own canary: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html."""

    canary_percent: int = 10
    """Share of the new instances that get requests first, 1 to 50 percent. With one instance there is no canary: all requests move at once, and the
    old instance stays until the watch is over."""
    bake_minutes: int = 15
    """How long the alarms are watched, after the canary and again after the rest, 0 to 20 minutes. An alarm needs ten minutes of bad data; the
    provider waits an hour for both watches and the new instances."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.canary_percent <= 50:
            yield Problem("canary_percent", f"{self.canary_percent} is not allowed; use 1 to 50")
        if not 0 <= self.bake_minutes <= 20:
            yield Problem("bake_minutes", f"{self.bake_minutes} is not allowed; use 0 to 20")


@dataclass(frozen=True, kw_only=True)
class SageMakerEndpointArgs(ManagedEndpointArgs):
    """Arguments of `SageMakerEndpoint`: the shared ones, and what SageMaker alone has."""

    guardrails: Guardrails | None = None
    """Let SageMaker replace one version by the next: canary, watch the alarms, go on or roll back. Then `models` holds one version at a time,
    because SageMaker needs the same variants before and after. Omitted: `rollout.traffic` says how requests are shared, and each update moves to
    new instances as soon as they are healthy. Switching between the two makes a new endpoint under another name first, then deletes the old one."""
    shadow: Shadow | None = None
    """A version that is tried with copies of the requests before any caller gets its answers, on `scaling.minimum` instances. Then one other version
    is in `models`, which answers. Excludes `guardrails`. Default: none."""
    asynchronous: Asynchronous | None = None
    """Let requests wait: callers bring them to the folder in output `requests` and call `InvokeEndpointAsync`; answers come as files. Then `models`
    holds one version at a time, because such a call names no variant. Excludes `shadow`, `guardrails`, whose alarms watch answers that somebody waits
    for, and `operations.capture_percent`, because requests and answers are kept anyway. Switching makes a new endpoint under another name first, then
    deletes the old one. Default: callers wait."""
    serverless: ServerlessInference | None = None
    """Answer without machines: nothing runs, and nothing is paid, while nobody asks, and a first request after a pause waits for a start. But the
    container is on SageMaker's own network, not in yours and not isolated, so that the policy pack wants a reason; where the model has to be in a
    network, use `LambdaFunction`. `models` holds one version at a time, in an image in ECR. Excludes what SageMaker does not do there
    (https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html#serverless-endpoints-how-it-works-exclusions): `compute` and GPUs,
    `scaling`, `database`, `shadow`, `guardrails`, `asynchronous`, `monitors` and `operations.capture_percent`. Nothing is stored there, so that
    there is no volume to encrypt with the key. Needs `operations.monthly_budget_usd`, because its prices are not known here. Switching makes a new
    endpoint under another name first, then deletes the old one. Default: machines.
    """
    monitors: Monitors | None = None
    """Monitors that compare what the endpoint is asked and answers with a baseline, and raise alarms. They need `operations.capture_percent`, and a
    network that is given needs an endpoint for `monitoring` (CloudWatch). Default: none."""
    invocations_per_instance: int = INVOCATIONS_PER_INSTANCE
    """Requests a minute and instance that the autoscaler aims at, 1 to 100000, besides the CPU use in `scaling`. Set it from a load test."""
    release_instances: int | None = None
    """Instances of a serving version when an update starts, `scaling.minimum` to `scaling.maximum`. Every update gets new instances, as many as
    this; the autoscaler takes over from there. (SageMaker can keep the number it had; the provider cannot ask for that:
    https://github.com/hashicorp/terraform-provider-aws/issues/48990.) Omitted: `scaling.minimum`. Set it to what the traffic needs at the hour of a
    release."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from choice_problems(self.compute, INSTANCES, SERVICE)
        yield from remote_problems(self.models, ("s3",), "SageMaker")
        for index, model in enumerate(self.models):
            yield from (problem.under(f"models[{index}]") for problem in sagemaker_model_problems(model, self.database))
        yield from caller_problems(self.access.callers)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        yield from _release_problems(self)

    @property
    def answering(self) -> list[Model]:
        """The versions whose answers callers get."""
        return [model for model in self.models if self.shadow is None or model.version != self.shadow.version]

    @property
    def shadowed(self) -> list[Variant]:
        """The version that gets copies, in its place."""
        return [Variant(SHADOW, model, 0) for model in self.models if model not in self.answering]

    @property
    def machine(self) -> InstanceType:
        """The instance type."""
        return choose(self.compute, INSTANCES)

    @property
    def inside(self) -> bool:
        """Whether the containers are in the network."""
        return self.serverless is None

    @property
    def private(self) -> bool:
        """Whether it is called from the network only."""
        return self.access.exposure is Exposure.PRIVATE

    @property
    def suffix(self) -> str:
        """What tells this endpoint from one that releases or answers in another way."""
        ways = {"-guarded": self.guardrails, "-async": self.asynchronous, "-serverless": self.serverless}
        return next((suffix for suffix, way in ways.items() if way is not None), "")

    @property
    def least(self) -> int:
        """Instances of a serving version when nobody asks."""
        if self.serverless is not None or (self.asynchronous is not None and self.asynchronous.to_zero):
            return 0
        return self.scaling.minimum

    @property
    def most(self) -> int:
        """Instances of a serving version when many ask."""
        return 0 if self.serverless is not None else self.scaling.maximum

    @property
    def first_instances(self) -> int:
        """Instances of a serving version when an update starts."""
        return self.scaling.minimum if self.release_instances is None else self.release_instances


def _release_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if len(args.models) > MOST:
        yield Problem("models", f"{len(args.models)} versions are too many; an endpoint has {MOST} variants at most")
    if args.guardrails is not None and len(args.answering) > 1:
        yield Problem(
            "guardrails",
            f"excludes more than one version in models ({', '.join(model.version for model in args.models)}): SageMaker shifts from the version "
            "deployed to the one listed; list one, or leave guardrails out and share requests by rollout.traffic",
        )
    yield from _shadow_problems(args)
    yield from _asynchronous_problems(args)
    yield from _serverless_problems(args)
    if args.monitors is not None and not args.operations.capture_percent:
        yield Problem("monitors", "needs operations.capture_percent: monitors read the requests that are captured")
    if not 1 <= args.invocations_per_instance <= 100_000:
        yield Problem("invocations_per_instance", f"{args.invocations_per_instance} is not allowed; use 1 to 100000")
    if args.release_instances is not None and not args.scaling.minimum <= args.release_instances <= args.scaling.maximum:
        allowed = f"use scaling.minimum {args.scaling.minimum} to scaling.maximum {args.scaling.maximum}"
        yield Problem("release_instances", f"{args.release_instances} is not allowed; {allowed}")


def _shadow_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if args.shadow is None:
        return
    version, versions = args.shadow.version, [model.version for model in args.models]
    if version not in versions:
        yield Problem("shadow.version", unknown_name(version, versions))
    elif len(args.answering) != 1:
        yield Problem("shadow", f"needs one version in models that answers, beside '{version}'; there are {len(args.answering)}")
    if args.rollout.traffic.get(version):
        yield Problem(f"rollout.traffic.{version}", "excludes shadow: the version gets copies of requests and none of its own; give one of the two")
    if args.guardrails is not None:
        yield Problem("guardrails", "excludes shadow: SageMaker needs the same variants before and after a guarded update; give one of the two")


def _asynchronous_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if args.asynchronous is None:
        return
    if len(args.models) > 1:
        versions = ", ".join(model.version for model in args.models)
        yield Problem("asynchronous", f"excludes more than one version in models ({versions}): an asynchronous call names no variant; list one")
    if args.guardrails is not None:
        yield Problem("guardrails", "excludes asynchronous: its alarms watch answers that somebody waits for; give one of the two")
    if args.operations.capture_percent:
        yield Problem("operations.capture_percent", "excludes asynchronous: requests and answers are kept in the model bucket; leave it out")


def _serverless_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if args.serverless is None:
        return
    if len(args.models) > 1:
        versions = ", ".join(model.version for model in args.models)
        yield Problem("serverless", f"excludes more than one version in models ({versions}): it has one variant; list one, or use LambdaFunction")
    for index, model in enumerate(args.models):
        if not ECR_IMAGE.fullmatch(model.container.image):
            place = f"models[{index}].container.image"
            yield Problem(
                place, f"'{model.container.image}' is not in ECR, from where serverless images come; push it there, or leave serverless out"
            )
    given = {
        "compute": (args.compute != Compute(), "memory is serverless.memory_mib, CPUs come with it, and there are no GPUs"),
        "scaling": (args.scaling != Scaling(), "there are no instances; use serverless.concurrency and serverless.provisioned"),
        "release_instances": (args.release_instances is not None, "there are no instances; use serverless.provisioned"),
        "invocations_per_instance": (args.invocations_per_instance != INVOCATIONS_PER_INSTANCE, "use serverless.provisioned_percent"),
        "database": (args.database is not None, "the container is not in your network; use LambdaFunction"),
        "shadow": (args.shadow is not None, "it has one variant; give one of the two"),
        "guardrails": (args.guardrails is not None, "SageMaker guards updates of machines only; use LambdaFunction, which has them"),
        "asynchronous": (args.asynchronous is not None, "no request waits there; give one of the two (asynchronous.to_zero has no machines either)"),
        "operations.capture_percent": (args.operations.capture_percent > 0, "it captures nothing; let the model write what is to be kept"),
        "monitors": (args.monitors is not None, "it captures nothing that they could read; leave serverless out"),
        "network": (
            not args.private and args.network != Network(),
            "nothing of it is in a network when access.exposure is public; leave network out",
        ),
    }
    for path, (there, why) in given.items():
        if there:
            yield Problem(path, f"excludes serverless: {why}")
    if args.operations.monthly_budget_usd is None:
        yield Problem("operations.monthly_budget_usd", "is required with serverless: its prices are not known here")
