"""Hours of the week in which an endpoint has more replicas at least: profiles of Azure Monitor's autoscale."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, unknown_name
from modeldeploy.spec.scaling import Scaling

from .time_zones import WINDOWS_NAMES

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
DAYS = (*WEEKDAYS, "Saturday", "Sunday")
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
MOST = 9
"""Azure has room for 20 profiles, and each time takes two:
`azure_native.monitor.AutoscaleSettingArgs.profiles`, https://learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-multiprofile"""


@dataclass(frozen=True, kw_only=True)
class BusyTime:
    """A time of some days of the week, from `start` until before `end`."""

    minimum: int
    """Replicas at least, above `scaling.minimum` and up to `scaling.maximum`."""
    days: list[str] = field(default_factory=lambda: list(WEEKDAYS))
    """Days of the week in English, such as `Monday`. Default: Monday to Friday."""
    start: str = "08:00"
    """When it begins, as `08:00`."""
    end: str = "18:00"
    """When it ends, on the same day, as `18:00`."""
    time_zone: str = "Etc/UTC"
    """Name of the IANA time zone, such as `Europe/Berlin`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.days:
            yield Problem("days", "is empty; list at least one")
        for index, day in enumerate(self.days):
            if day not in DAYS:
                yield Problem(f"days[{index}]", unknown_name(day, DAYS))
            if day in self.days[:index]:
                yield Problem(f"days[{index}]", f"'{day}' is there twice")
        for name in ("start", "end"):
            value: str = getattr(self, name)
            if not TIME.fullmatch(value):
                yield Problem(name, f"'{value}' is no time; write for example 08:00")
        if self.end <= self.start:
            yield Problem("end", f"'{self.end}' is not after start '{self.start}'; a time that passes midnight is two")
        if self.time_zone not in WINDOWS_NAMES:
            yield Problem("time_zone", f"'{self.time_zone}' is no time zone that Azure knows; write for example Europe/Berlin")


def busy_problems(times: Sequence[BusyTime], scaling: Scaling) -> Iterator[Problem]:
    """Problems between busy times, and with the replicas there are anyway."""
    if len(times) > MOST:
        yield Problem("busy_times", f"has {len(times)}; Azure takes {MOST} at most")
    for index, time in enumerate(times):
        if not scaling.minimum < time.minimum <= scaling.maximum:
            low, high = scaling.minimum, scaling.maximum
            yield Problem(f"busy_times[{index}].minimum", f"{time.minimum} is not above scaling.minimum {low} and up to scaling.maximum {high}")
        if time.time_zone != times[0].time_zone:
            yield Problem(f"busy_times[{index}].time_zone", f"differs from '{times[0].time_zone}'; give all times in one zone")
    for (first, one), (second, other) in itertools.combinations(enumerate(times), 2):
        if set(one.days) & set(other.days) and one.start < other.end and other.start < one.end:
            yield Problem(f"busy_times[{second}]", f"overlaps busy_times[{first}]")


def profiles(scaling: Scaling, times: Sequence[BusyTime], rules: list[native.monitor.ScaleRuleArgs]) -> list[native.monitor.AutoscaleProfileArgs]:
    """One profile, or two for each busy time: the one it begins with, and the one that is in force again when it ends, whose name says for which."""
    if not times:
        return [_profile("cpu", scaling.minimum, scaling, rules, None)]
    found: list[native.monitor.AutoscaleProfileArgs] = []
    for index, time in enumerate(times):
        name = f"busy-{index + 1}"
        found.append(_profile(name, time.minimum, scaling, rules, _weekly(time, time.start)))
        found.append(
            _profile(json.dumps({"name": "cpu", "for": name}, separators=(",", ":")), scaling.minimum, scaling, rules, _weekly(time, time.end))
        )
    return found


def _profile(
    name: str, minimum: int, scaling: Scaling, rules: list[native.monitor.ScaleRuleArgs], when: native.monitor.RecurrenceArgs | None
) -> native.monitor.AutoscaleProfileArgs:
    capacity = native.monitor.ScaleCapacityArgs(minimum=str(minimum), maximum=str(scaling.maximum), default=str(minimum))
    return native.monitor.AutoscaleProfileArgs(name=name, capacity=capacity, rules=rules, recurrence=when)


def _weekly(time: BusyTime, moment: str) -> native.monitor.RecurrenceArgs:
    hour, minute = moment.split(":")
    return native.monitor.RecurrenceArgs(
        frequency=native.monitor.RecurrenceFrequency.WEEK,
        schedule=native.monitor.RecurrentScheduleArgs(
            days=time.days, hours=[int(hour)], minutes=[int(minute)], time_zone=WINDOWS_NAMES[time.time_zone]
        ),
    )
