"""How many replicas serve a model, and what makes them more or fewer."""

from collections.abc import Iterator
from dataclasses import dataclass

from .arguments import Problem


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Replicas between a minimum and a maximum, by CPU use. What the autoscaler decided is never reset by an update."""

    minimum: int = 2
    """Replicas at least, 1 or more. Default 2: one can fail or be replaced while the other answers."""
    maximum: int = 10
    """Replicas at most. Equal to `minimum`: no autoscaling."""
    target_cpu_percent: int = 70
    """CPU use the autoscaler aims at, in percent of a replica, 10 to 90."""
    scale_out_seconds: int = 60
    """Pause after adding replicas before adding more, in seconds, 0 to 3600."""
    scale_in_seconds: int = 300
    """Pause after removing replicas before removing more, in seconds, 0 to 3600."""

    @property
    def is_automatic(self) -> bool:
        """Whether the number of replicas may change."""
        return self.maximum > self.minimum

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _bound_problems(self.minimum, self.maximum, least=1)
        if not 10 <= self.target_cpu_percent <= 90:
            yield Problem("target_cpu_percent", f"{self.target_cpu_percent} is not allowed; use 10 to 90")
        for name in ("scale_out_seconds", "scale_in_seconds"):
            seconds: int = getattr(self, name)
            if not 0 <= seconds <= 3600:
                yield Problem(name, f"{seconds} is not allowed; use 0 to 3600")


@dataclass(frozen=True, kw_only=True)
class ReplicaScaling:
    """Replicas of a container between a minimum and a maximum. What adds and removes them is the service's own and an argument of its component."""

    minimum: int = 2
    """Replicas at least, 0 or more. Default 2: one can fail or be replaced while the other answers. 0 where the service wakes on a request."""
    maximum: int = 10
    """Replicas at most, 1 or more."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _bound_problems(self.minimum, self.maximum, least=0)


@dataclass(frozen=True, kw_only=True)
class FunctionScaling:
    """Instances of a function between a minimum and a maximum, by requests."""

    minimum: int = 0
    """Instances that are kept warm, and paid, 0 or more. Default 0: nothing runs while nobody asks."""
    maximum: int = 10
    """Instances at most, 1 or more. Requests beyond what they can take are refused, so that neither cost nor a database is overrun."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _bound_problems(self.minimum, self.maximum, least=0)


def _bound_problems(minimum: int, maximum: int, *, least: int) -> Iterator[Problem]:
    if minimum < least:
        yield Problem("minimum", f"{minimum} is not allowed; use {least} or more")
    if maximum < 1:
        yield Problem("maximum", f"{maximum} is not allowed; use 1 or more")
    elif maximum < minimum:
        yield Problem("maximum", f"{maximum} is below scaling.minimum {minimum}; use {minimum} or more")
