"""Which model version is which production variant of the endpoint.

Variants are named by their role, not by version: `production` answers most requests, `challenger` (and `challenger-2`, ...) the rest, idle versions
last. A version is a resource of its own (its SageMaker model); the variant is the place it is put in. The reasons, all AWS's:

- Deployment guardrails need the same variant names before and after
  (https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html).
- An update that removes a variant registered for auto scaling fails (https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html).
  With roles, a new version takes over `production` without touching its scaling, and a version that is dropped is idle, so not registered.
- Metrics and alarms are per variant: those of `production` run on through releases.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from modeldeploy.spec.model import Model
from modeldeploy.spec.rollout import Rollout, shares

PRODUCTION = "production"
SHADOW = "shadow"

MOST = 10
"""Variants of one endpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html."""


@dataclass(frozen=True)
class Variant:
    """A model version in its place."""

    name: str
    model: Model
    percent: int

    @property
    def serves(self) -> bool:
        """Whether it gets requests. One that does not keeps the smallest number of instances."""
        return self.percent > 0


def variants(models: Sequence[Model], rollout: Rollout) -> list[Variant]:
    """The versions by traffic, most first; of equals the later one first."""
    percent = shares(models, rollout)
    later_first = list(reversed(models))
    later_first.sort(key=lambda model: percent[model.version], reverse=True)
    return [Variant(_role(place), model, percent[model.version]) for place, model in enumerate(later_first)]


def version_key(version: str) -> str:
    """The version in names of SageMaker resources, which take no dots, at most as long as a version."""
    if "." not in version:
        return version
    return f"{version.replace('.', '-')[:15]}-{hashlib.sha256(version.encode()).hexdigest()[:4]}"


def _role(place: int) -> str:
    return PRODUCTION if place == 0 else "challenger" if place == 1 else f"challenger-{place}"
