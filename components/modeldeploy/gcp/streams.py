"""What carries the events of a consumer, as the consumer and its users see it; and what consumers of every stream refuse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.streaming import StreamingArgs

from .database_access import VARIABLES
from .images import image_problems
from .labels import label_problems
from .run_arguments import variable_problems
from .secrets import secret_id_problems

TOLD = {
    **dict.fromkeys(("MODEL_URI", "MODEL_VERSION"), "model"),
    "ENDPOINT_URL": "endpoint",
    "RETRIES": "retries",
    "MAX_AGE_SECONDS": "max_age_seconds",
}
"""Variables that every consumer gets, by the argument they come from."""


@dataclass(frozen=True)
class Stream:
    """Where events come from and where everything goes."""

    events: pulumi.Output[str]
    results: pulumi.Output[str]
    dead_letters: pulumi.Output[str]
    replay: pulumi.Output[str]
    """The command that sends dead letters in again."""
    told: Mapping[str, pulumi.Input[str]]
    """What the consumer is told about it."""
    ready: Sequence[pulumi.Resource]
    """What has to be there before the consumer can work."""


def consumer_problems(args: StreamingArgs, told: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of a consumer on Cloud Run; it is `told` variables besides `TOLD`, by the argument they come from."""
    for problem in remote_problems([args.model], ("gs",), "Cloud Run"):
        yield Problem(problem.path.replace("models[0]", "model"), problem.reason)
    yield from (problem.under("model.container") for problem in image_problems(args.model.container, "Cloud Run"))
    yield from secret_id_problems(args.secrets)
    yield from label_problems(args.tags)
    set_by_us = {**TOLD, **told, **(dict.fromkeys(VARIABLES, "database") if args.database else {})}
    yield from variable_problems({"model.container.environment": args.model.container.environment, "secrets": args.secrets}, set_by_us)
    if args.network.callers:
        yield Problem("network.callers", "has no effect: only its stream gives a consumer something to do; leave it out")
    if args.operations.capture_percent:
        yield Problem("operations.capture_percent", "is not offered for streams; leave it out, and use capture_days, which keeps all events")


def consumer_environment(args: StreamingArgs) -> dict[str, pulumi.Input[str]]:
    """What every consumer is told besides where its model is."""
    told: dict[str, pulumi.Input[str]] = {"RETRIES": str(args.retries), "MAX_AGE_SECONDS": str(args.max_age_seconds)}
    if args.endpoint is not None:
        told["ENDPOINT_URL"] = args.endpoint
    return {**args.model.container.environment, **told}
