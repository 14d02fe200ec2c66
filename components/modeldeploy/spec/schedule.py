"""When something runs by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .arguments import Problem

CRON_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))
CRON_PART = re.compile(r"(?:\*|(\d+)-(\d+))(?:/[1-9]\d*)?|(\d+)")
TIME_ZONE = re.compile(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*")
DAYS_PER_MONTH = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Times by a cron expression in a time zone; the clock's changes in summer are followed."""

    cron: str
    """Five fields of numbers (minute, hour, day of the month, month, day of the week with 0 for Sunday), such as `0 3 * * *`. One of the two days is
    `*`: schedulers disagree about what both together mean."""
    time_zone: str = "Etc/UTC"
    """Name of the IANA time zone, such as `Europe/Berlin`."""

    @property
    def runs_per_month(self) -> float:
        """How often it runs in a month, on average over the year."""
        minutes, hours, days, months, weekdays = (
            values(field, low, high) for field, (_, low, high) in zip(self.cron.split(), CRON_FIELDS, strict=True)
        )
        length = sum(DAYS_PER_MONTH[month - 1] for month in months)
        if len(weekdays) < 7:
            matching = length * len(weekdays) / 7
        else:
            matching = sum(min(1, max(0, DAYS_PER_MONTH[month - 1] - day + 1)) for month in months for day in days)
        return round(len(minutes) * len(hours) * matching / 12, 2)

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from _cron_problems(self.cron)
        if not TIME_ZONE.fullmatch(self.time_zone):
            yield Problem("time_zone", f"'{self.time_zone}' is no time zone; write for example Europe/Berlin")


def values(field: str, low: int, high: int) -> list[int]:
    """The numbers a checked field of a cron expression stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if span == "*" else int(first)
        end = high if span == "*" else int(last or first)
        found.update(range(start, end + 1, int(step or 1)))
    return sorted(found)


def _cron_problems(cron: str) -> Iterator[Problem]:
    fields = cron.split()
    if len(fields) != len(CRON_FIELDS):
        yield Problem("cron", f"'{cron}' is no cron expression; write five fields, such as '0 3 * * *'")
        return
    for written, (name, low, high) in zip(fields, CRON_FIELDS, strict=True):
        for part in written.split(","):
            found = CRON_PART.fullmatch(part)
            bounds = [int(each) for each in (found.groups() if found else ()) if each is not None]
            if found is None or not all(low <= each <= high for each in bounds) or bounds != sorted(bounds):
                yield Problem("cron", f"'{part}' is no {name}; use {low} to {high}, *, ranges (1-5) and steps (*/5)")
    if fields[2] != "*" and fields[4] != "*":
        yield Problem("cron", f"'{cron}' gives a day of the month and a day of the week; give one of the two")
