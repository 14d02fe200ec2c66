"""Kubernetes: the JSON schemas of kubernetes-validate, with the values and limits that the API server checks in code added to them.

The schemas say names and types, no more. `data/kubernetes.yaml` adds enums, patterns and exclusive fields to the definitions; what compares two
fields (limits and requests, selector and labels) is code here. A real API server, where one runs, says the rest.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final
from zoneinfo import available_timezones

from sandbox.models.schema import Check, Compiler, Findings, Path, Schema, as_list, as_object
from sandbox.models.tables import load_yaml
from sandbox.values import UNKNOWN, Inputs, Refusal

VERSION: Final = "v1.37.0"
"""The newest that the package carries."""

_FOLDER: Final = f"kubernetes-json-schema/{VERSION}-local-strict"


@functools.cache
def _definitions() -> Mapping[str, Any]:
    return json.loads(resources.files("kubernetes_validate").joinpath(f"{_FOLDER}/_definitions.json").read_text())["$defs"]


@functools.cache
def _added() -> Mapping[str, Any]:
    return load_yaml("kubernetes.yaml")["definitions"]


@functools.cache
def _resolve(reference: str) -> Schema:
    name = reference.rpartition("/$defs/")[2]
    return _with_ours(_definitions()[name], name)


def _with_ours(schema: Mapping[str, Any], name: str) -> Schema:
    ours = _added().get(name)
    return schema if ours is None else {**schema, "allOf": [*schema.get("allOf", ()), ours]}


def _file(token: str) -> str | None:
    """The schema's file: `kubernetes:apps/v1:Deployment` is in `deployment-apps-v1.json`, `core/v1` in `pod-v1.json`."""
    _, group_version, kind = token.split(":")
    group, _, version = group_version.partition("/")
    if not version:
        return None
    prefix = "" if group == "core" else f"{group.split('.')[0]}-"
    return f"{kind.lower()}-{prefix}{version}.json"


@functools.cache
def _check(token: str) -> Check | None:
    name = _file(token)
    if name is None:
        return None
    path = resources.files("kubernetes_validate").joinpath(f"{_FOLDER}/{name}")
    if not path.is_file():
        return None
    schema = json.loads(path.read_text())
    return Compiler(_resolve).compile(_with_ours(schema, token.rpartition(":")[2]))


def knows(token: str) -> bool:
    """Whether there is a schema for this kind."""
    return _check(token) is not None


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """Why the API server would refuse this object."""
    run = _check(token)
    if run is None:
        return
    found = Findings()
    run({name: value for name, value in inputs.items() if name != "status"}, (), found)
    for problem in found.problems:
        reason = problem.reason.format(*problem.names) if problem.names else problem.reason
        yield Refusal(_spell(problem.path), f"{reason} (Kubernetes {VERSION})")
    for compare in _COMPARISONS.get(token.rpartition(":")[2], ()):
        yield from compare(inputs)


def _spell(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


@dataclass(frozen=True)
class _At:
    """A place in an object that may hold nothing, or something unknown."""

    value: Any
    path: str = ""

    def __truediv__(self, name: str) -> "_At":
        held = as_object(self.value)
        return _At(held.get(name) if held is not None else (UNKNOWN if self.value is UNKNOWN else None), f"{self.path}.{name}".lstrip("."))

    def items(self) -> Iterator["_At"]:
        for index, item in enumerate(as_list(self.value) or []):
            yield _At(item, f"{self.path}[{index}]")

    def number(self) -> float | None:
        return float(self.value) if isinstance(self.value, int | float) and not isinstance(self.value, bool) else None

    def fields(self) -> Mapping[str, Any]:
        return as_object(self.value) or {}


def _scaling_bounds(inputs: Inputs) -> Iterator[Refusal]:
    spec = _At(inputs) / "spec"
    low, high = (spec / "minReplicas").number(), (spec / "maxReplicas").number()
    if low is not None and high is not None and low > high:
        yield Refusal("spec.minReplicas", f"is {low:g}, but must be at most maxReplicas ({high:g})")


def _selector_matches(inputs: Inputs) -> Iterator[Refusal]:
    spec = _At(inputs) / "spec"
    labels = spec / "template" / "metadata" / "labels"
    if labels.value is UNKNOWN:
        return
    for key, value in (spec / "selector" / "matchLabels").fields().items():
        carried = labels.fields().get(key)
        if value is not UNKNOWN and carried is not UNKNOWN and carried != value:
            yield Refusal(
                f"spec.selector.matchLabels.{key}", f"is {value!r}, but the pod template's label is {carried!r}: the selector must match it"
            )


_UNITS: Final[Mapping[str, float]] = {
    "": 1,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "Ei": 2**60,
}


def quantity(value: Any) -> float | None:
    """The number that a quantity (`500m`, `2Gi`) stands for, or `None`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([KMGTPE]i|[numkMGTPE]?)", value) if isinstance(value, str) else None
    return float(found[1]) * _UNITS[found[2]] if found else None


def _within_limits(pod: _At) -> Iterator[Refusal]:
    for container in [*(pod / "containers").items(), *(pod / "initContainers").items()]:
        limits, requests = container / "resources" / "limits", container / "resources" / "requests"
        for name, asked in requests.fields().items():
            least, most = quantity(asked), quantity(limits.fields().get(name))
            if least is not None and most is not None and least > most:
                yield Refusal(f"{requests.path}.{name}", f"is {asked!r}, but must be at most the limit ({limits.fields()[name]!r})")
        for name, most in limits.fields().items():
            if "/" in name and name in requests.fields() and requests.fields()[name] != most and UNKNOWN not in (most, requests.fields()[name]):
                yield Refusal(f"{requests.path}.{name}", f"must equal the limit ({most!r}): {name} cannot be overcommitted")


def _volumes_exist(pod: _At) -> Iterator[Refusal]:
    names = {(volume / "name").value for volume in (pod / "volumes").items()}
    if UNKNOWN in names or (pod / "volumes").value is UNKNOWN:
        return
    for container in [*(pod / "containers").items(), *(pod / "initContainers").items()]:
        for mount in (container / "volumeMounts").items():
            name = mount / "name"
            if isinstance(name.value, str) and name.value not in names:
                yield Refusal(name.path, f"is {name.value!r}, which is none of the pod's volumes ({', '.join(sorted(map(str, names))) or 'none'})")


def _names_once(pod: _At) -> Iterator[Refusal]:
    seen: set[str] = set()
    for container in [*(pod / "containers").items(), *(pod / "initContainers").items()]:
        name = container / "name"
        if isinstance(name.value, str):
            if name.value in seen:
                yield Refusal(name.path, f"is {name.value!r}, which another container of the pod has already")
            seen.add(name.value)


def _template(*where: str) -> Callable[[Inputs], Iterator[Refusal]]:
    """All comparisons inside the pod specification at this place."""

    def run(inputs: Inputs) -> Iterator[Refusal]:
        pod = _At(inputs)
        for step in where:
            pod = pod / step
        for compare in (_within_limits, _volumes_exist, _names_once):
            yield from compare(pod)

    return run


def _restart_policy(allowed: tuple[str, ...], *where: str) -> Callable[[Inputs], Iterator[Refusal]]:
    def run(inputs: Inputs) -> Iterator[Refusal]:
        pod = _At(inputs)
        for step in where:
            pod = pod / step
        policy = pod / "restartPolicy"
        if as_object(pod.value) is not None and policy.value is not UNKNOWN and (policy.value or "Always") not in allowed:
            yield Refusal(policy.path, f"is {policy.value or 'Always'!r}, but must be {' or '.join(allowed)} here")

    return run


def _rolling(inputs: Inputs) -> Iterator[Refusal]:
    strategy = _At(inputs) / "spec" / "strategy"
    if (strategy / "type").value == "Recreate" and (strategy / "rollingUpdate").value is not None:
        yield Refusal("spec.strategy.rollingUpdate", "cannot be given with type Recreate")
    update = strategy / "rollingUpdate"
    if (update / "maxSurge").value in (0, "0%", "0") and (update / "maxUnavailable").value in (0, "0%", "0"):
        yield Refusal("spec.strategy.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0: no pod could ever be replaced")


def _quota(inputs: Inputs) -> Iterator[Refusal]:
    for limit in (_At(inputs) / "spec" / "limits").items():
        low, high = (limit / "min").fields(), (limit / "max").fields()
        for name, least in low.items():
            a, b = quantity(least), quantity(high.get(name))
            if a is not None and b is not None and a > b:
                yield Refusal(f"{limit.path}.min.{name}", f"is {least!r}, but must be at most max ({high[name]!r})")


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON: Final = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, _DAYS))


@functools.cache
def _zones() -> frozenset[str]:
    """The time zones that this machine knows; none where it has no database of them."""
    return frozenset(available_timezones())


def _cron(inputs: Inputs) -> Iterator[Refusal]:
    spec = _At(inputs) / "spec"
    schedule, zone = (spec / "schedule").value, (spec / "timeZone").value
    if isinstance(schedule, str) and not schedule.startswith("@"):
        fields = schedule.split()
        for said, (low, high, known) in zip(fields, _CRON, strict=False):
            numbers = [int(n) for n in re.findall(r"(?<![/\d])\d+", said)]
            words = [word for word in re.findall(r"[A-Za-z]+", said) if word.lower() not in known]
            if any(not low <= n <= high for n in numbers) or words:
                yield Refusal("spec.schedule", f"is {schedule!r}, but {said!r} must be within {low} and {high}")
                return
    if isinstance(zone, str) and zone and _zones() and zone not in _zones():
        yield Refusal("spec.timeZone", f"is {zone!r}, which is no time zone (such as Europe/Berlin)")


def _excepted(inputs: Inputs) -> Iterator[Refusal]:
    spec = _At(inputs) / "spec"
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for rule in (spec / side).items():
            for peer in (rule / peers).items():
                block = peer / "ipBlock"
                for inner in (block / "except").items():
                    if not _is_inside(inner.value, (block / "cidr").value):
                        yield Refusal(inner.path, f"is {inner.value!r}, but must be inside {(block / 'cidr').value!r}")


def _is_inside(inner: Any, outer: Any) -> bool:
    """Whether a range is strictly inside another; true when either cannot be read."""
    try:
        one, other = ip_network(str(inner), strict=False), ip_network(str(outer), strict=False)
    except ValueError:
        return True
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.subnet_of(other) and one != other
    if isinstance(one, IPv6Network) and isinstance(other, IPv6Network):
        return one.subnet_of(other) and one != other
    return False


_POD: Final = ("spec", "template", "spec")
_JOB_POD: Final = ("spec", "jobTemplate", "spec", "template", "spec")

_COMPARISONS: Final[Mapping[str, tuple[Callable[[Inputs], Iterator[Refusal]], ...]]] = {
    "Pod": (_template("spec"),),
    "Deployment": (_selector_matches, _template(*_POD), _restart_policy(("Always",), *_POD), _rolling),
    "StatefulSet": (_selector_matches, _template(*_POD), _restart_policy(("Always",), *_POD)),
    "DaemonSet": (_selector_matches, _template(*_POD), _restart_policy(("Always",), *_POD)),
    "Job": (_template(*_POD), _restart_policy(("Never", "OnFailure"), *_POD)),
    "NetworkPolicy": (_excepted,),
    "CronJob": (_cron, _template(*_JOB_POD), _restart_policy(("Never", "OnFailure"), *_JOB_POD)),
    "HorizontalPodAutoscaler": (_scaling_bounds,),
    "LimitRange": (_quota,),
}
