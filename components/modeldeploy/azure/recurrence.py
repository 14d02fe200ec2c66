"""Schedules as Azure's schedulers take them: a frequency, hours and minutes in a time zone of Windows.

Azure ML ignores the day of the month and the month of a cron expression, and Logic Apps take none; both take the same recurrence:
https://learn.microsoft.com/azure/machine-learning/how-to-schedule-pipeline-job#create-a-schedule,
https://learn.microsoft.com/azure/connectors/connectors-native-recurrence.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, unknown_name
from modeldeploy.spec.schedule import CRON_FIELDS, Schedule, values

from .time_zones import WINDOWS_NAMES

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True)
class Recurrence:
    """Every combination of the hours and minutes, on some days."""

    frequency: str
    """`Day`, `Week` or `Month`."""
    hours: list[int]
    minutes: list[int]
    week_days: list[str] | None
    month_days: list[int] | None
    time_zone: str
    """Windows' name."""


def trigger(times: Recurrence) -> native.machinelearningservices.RecurrenceTriggerArgs:
    """When Azure ML does what is scheduled."""
    return native.machinelearningservices.RecurrenceTriggerArgs(
        trigger_type="Recurrence",
        frequency=times.frequency,
        interval=1,
        schedule=native.machinelearningservices.RecurrenceScheduleArgs(
            hours=times.hours, minutes=times.minutes, week_days=times.week_days, month_days=times.month_days
        ),
        time_zone=times.time_zone,
    )


def recurrence(schedule: Schedule) -> Recurrence:
    """The recurrence of a schedule; call it after `schedule_problems` found none."""
    minutes, hours, days, _, weekdays = _numbers(schedule)
    by_weekday, by_day = len(weekdays) < len(DAYS), len(days) < 31
    return Recurrence(
        frequency="Week" if by_weekday else "Month" if by_day else "Day",
        hours=hours,
        minutes=minutes,
        week_days=[DAYS[day] for day in weekdays] if by_weekday else None,
        month_days=days if by_day else None,
        time_zone=WINDOWS_NAMES[schedule.time_zone],
    )


def months(schedule: Schedule) -> list[int]:
    """The months in which it runs, from 1."""
    return _numbers(schedule)[3]


def zone_problems(schedule: Schedule | None) -> Iterator[Problem]:
    """Problems of a time zone that Windows has no name for."""
    if schedule is not None and schedule.time_zone not in WINDOWS_NAMES:
        yield Problem("schedule.time_zone", f"{unknown_name(schedule.time_zone, WINDOWS_NAMES).split('allowed: ')[0]}use a name from the IANA list")


def schedule_problems(schedule: Schedule | None) -> Iterator[Problem]:
    """Problems of a schedule that Azure ML cannot keep."""
    yield from zone_problems(schedule)
    if schedule is not None and len(months(schedule)) < 12:
        yield Problem("schedule.cron", f"'{schedule.cron}' names months, which Azure ML's schedules do not know; write * and let the script decide")


def _numbers(schedule: Schedule) -> list[list[int]]:
    return [values(field, low, high) for field, (_, low, high) in zip(schedule.cron.split(), CRON_FIELDS, strict=True)]
