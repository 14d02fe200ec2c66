"""How requests are shared between the versions of a model that are deployed at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .arguments import Problem, unknown_name
from .model import ModelVersion


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Traffic by version.

    A release is a series of small changes to it: deploy version 2 beside 1 with `{"1": 90, "2": 10}` (canary), then `{"1": 0, "2": 100}` (promote),
    then drop version 1 from `models`. Rollback at any step is `{"1": 100, "2": 0}`.
    """

    traffic: dict[str, int] = field(default_factory=dict[str, int])
    """Percent of requests by version, summing to 100; a version left out gets none. Empty: everything goes to the last of `models`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for version, percent in self.traffic.items():
            if not 0 <= percent <= 100:
                yield Problem(f"traffic.{version}", f"{percent} is not a percentage; use 0 to 100")
        if self.traffic and sum(self.traffic.values()) != 100:
            shares = " + ".join(str(percent) for percent in self.traffic.values())
            yield Problem("traffic", f"{shares} is {sum(self.traffic.values())}; the percentages must sum to 100")


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """A version that gets copies of the requests, and whose answers nobody waits for."""

    version: str
    """Which of `models`. Its own numbers are on the dashboard, and what it answers among what is captured."""
    percent: int = 100
    """Share of the requests that it gets a copy of, 1 to 100 percent."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.percent <= 100:
            yield Problem("percent", f"{self.percent} is not allowed; use 1 to 100")


def version_problems(models: Sequence[ModelVersion], rollout: Rollout) -> Iterator[Problem]:
    """Problems between the models and the traffic that names their versions."""
    versions = [model.version for model in models]
    if not models:
        yield Problem("models", "is empty; list at least one model")
    for index, model in enumerate(models):
        if model.version in versions[:index]:
            yield Problem(f"models[{index}].version", f"'{model.version}' is there twice; every version is deployed once")
        if model.name != models[0].name:
            yield Problem(f"models[{index}].name", f"'{model.name}' differs from '{models[0].name}'; an endpoint serves versions of one model")
    for version in rollout.traffic:
        if version not in versions:
            yield Problem(f"rollout.traffic.{version}", unknown_name(version, versions))


def split_problems(models: Sequence[ModelVersion], rollout: Rollout, can_split: bool) -> Iterator[Problem]:
    """Problems of shares between 0 and 100 on Kubernetes, where only a gateway splits requests."""
    if not can_split and models and any(0 < percent < 100 for percent in shares(models, rollout).values()):
        yield Problem("rollout.traffic", "splits requests, which needs route.gateway; without one use 0 and 100")


def shares(models: Sequence[ModelVersion], rollout: Rollout) -> dict[str, int]:
    """Percent of requests for every deployed version."""
    if not rollout.traffic:
        return {model.version: 100 if model is models[-1] else 0 for model in models}
    return {model.version: rollout.traffic.get(model.version, 0) for model in models}


def served_version(models: Sequence[ModelVersion], rollout: Rollout) -> str:
    """The version that answers most requests; the later one of equals."""
    percent = shares(models, rollout)
    return max(reversed(models), key=lambda model: percent[model.version]).version
