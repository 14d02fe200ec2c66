"""A Pulumi resource held against the model that its cloud publishes.

`check` says why a cloud would refuse a resource's inputs; `create_only` which inputs it cannot change in place; `coverage` reports how much of each
resource type the models know. A vendor's model is loaded when the first resource of its service is checked.

Four layers, each in its own module, tried in this order:

1. the vendor's model (`aws`, `google`, `azure`, `kubernetes`): types, required, enums, patterns, lengths, ranges;
2. JSON documents inside properties (`documents`): policies, container definitions;
3. rules of ours, where the vendor says it in prose only (`rules`): exclusive pairs, limits;
4. facts that decide whether a deployment can exist (`catalogue`): machine types, pairs of CPU and memory, names.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sandbox.models import aws, azure, catalogue, documents, google, kubernetes, rules
from sandbox.models.bound import Bound
from sandbox.values import Inputs, Refusal

__all__ = ["bound", "check", "create_only"]

_MODELS: Final[Mapping[str, Callable[[str], tuple[Bound, ...]]]] = {"aws": aws.bound, "azure-native": azure.bound, "gcp": google.bound}


def bound(token: str) -> tuple[Bound, ...]:
    """The vendor's models of a resource type; none where the vendor publishes none."""
    models = _MODELS.get(token.partition(":")[0])
    return models(token) if models is not None else ()


def check(token: str, inputs: Inputs) -> list[Refusal]:
    """Every reason why the cloud would refuse this resource, by property. Unknown values are accepted wherever they stand."""
    refusals: list[Refusal] = []
    for one in bound(token):
        _add(refusals, one.refusals(inputs))
    if token.startswith("kubernetes:"):
        _add(refusals, kubernetes.check(token, inputs))
    _add(refusals, documents.check(token, inputs))
    _add(refusals, rules.check(token, inputs))
    _add(refusals, catalogue.check(token, inputs))
    return refusals


def _add(refusals: list[Refusal], more: Iterable[Refusal]) -> None:
    """What one layer found, without the properties that an earlier one has refused already."""
    said = {refusal.property for refusal in refusals}
    for refusal in more:
        if refusal.property not in said:
            refusals.append(refusal)


def create_only(token: str) -> frozenset[str]:
    """The inputs that the vendor says cannot be changed in place, by their wire names."""
    return aws.create_only(token) if token.startswith("aws:") else frozenset()
