"""Cron expressions: which are refused, what their fields stand for, and how often they run."""

import pytest

from modeldeploy.spec import Schedule
from modeldeploy.spec.schedule import values


def reasons(schedule: Schedule) -> list[str]:
    return [f"{problem.path}: {problem.reason}" for problem in schedule.problems()]


@pytest.mark.parametrize("cron", ["0 3 * * *", "*/15 8-18/2 1,15 * *", "0 4 * * 1-5", "5-59/20 * * 1-6 *"])
def test_expressions_of_five_numeric_fields_are_taken(cron: str) -> None:
    assert reasons(Schedule(cron=cron, time_zone="Europe/Berlin")) == []


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("every night", "cron: 'every night' is no cron expression; write five fields, such as '0 3 * * *'"),
        ("5/20 * * * *", "cron: '5/20' is no minute; use 0 to 59, *, ranges (1-5) and steps (*/5)"),
        ("60 3 * * *", "cron: '60' is no minute; use 0 to 59, *, ranges (1-5) and steps (*/5)"),
        ("0 18-8 * * *", "cron: '18-8' is no hour; use 0 to 23, *, ranges (1-5) and steps (*/5)"),
        ("0 3 * * MON", "cron: 'MON' is no day of the week; use 0 to 6, *, ranges (1-5) and steps (*/5)"),
        ("0 3 1 * 1", "cron: '0 3 1 * 1' gives a day of the month and a day of the week; give one of the two"),
    ],
)
def test_what_some_scheduler_would_read_otherwise_is_refused(cron: str, expected: str) -> None:
    assert reasons(Schedule(cron=cron)) == [expected]


def test_a_time_zone_is_a_name() -> None:
    assert reasons(Schedule(cron="0 3 * * *", time_zone="my own")) == ["time_zone: 'my own' is no time zone; write for example Europe/Berlin"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [("*/20", [0, 20, 40]), ("5", [5]), ("5-59/20", [5, 25, 45]), ("1-7/3", [1, 4, 7]), ("1,3-5", [1, 3, 4, 5])],
)
def test_a_field_stands_for_numbers(field: str, expected: list[int]) -> None:
    assert values(field, 0, 59) == expected


@pytest.mark.parametrize(
    ("cron", "runs"),
    [("0 3 * * *", 30.44), ("0 3 * * 1", 4.35), ("0 * * * *", 730.5), ("0 3 1 * *", 1.0), ("0 3 31 * *", 0.58), ("0 3 * 2 *", 2.35)],
)
def test_runs_are_counted_for_an_average_month(cron: str, runs: float) -> None:
    assert Schedule(cron=cron).runs_per_month == pytest.approx(runs, abs=0.02)
