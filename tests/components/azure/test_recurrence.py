"""Cron expressions and IANA time zones become what Azure's schedulers take, or are refused."""

import zoneinfo

import pytest

from modeldeploy.azure.recurrence import Recurrence, months, recurrence, schedule_problems, zone_problems
from modeldeploy.azure.time_zones import WINDOWS_NAMES
from modeldeploy.spec import Schedule


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(cron="30 3 * * *"), Recurrence("Day", [3], [30], None, None, "UTC")),
        (
            Schedule(cron="0,30 6-8 * * 1-5", time_zone="Europe/Berlin"),
            Recurrence("Week", [6, 7, 8], [0, 30], ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], None, "W. Europe Standard Time"),
        ),
        (Schedule(cron="0 3 1,15 * *", time_zone="Asia/Kolkata"), Recurrence("Month", [3], [0], None, [1, 15], "India Standard Time")),
        (Schedule(cron="5 0 * * 0"), Recurrence("Week", [0], [5], ["Sunday"], None, "UTC")),
        (Schedule(cron="*/20 * * * *"), Recurrence("Day", list(range(24)), [0, 20, 40], None, None, "UTC")),
    ],
)
def test_a_cron_expression_is_every_combination_of_its_hours_and_minutes_on_its_days(schedule: Schedule, expected: Recurrence) -> None:
    assert recurrence(schedule) == expected
    assert list(schedule_problems(schedule)) == []


def test_months_are_refused_because_the_schedulers_would_ignore_them() -> None:
    (problem,) = schedule_problems(Schedule(cron="0 3 1 1 *"))
    assert problem.path == "schedule.cron"
    assert problem.reason.startswith("'0 3 1 1 *' names months, which Azure ML's schedules do not know")


def test_a_zone_that_is_not_known_is_refused_with_a_hint() -> None:
    (problem,) = schedule_problems(Schedule(cron="0 3 * * *", time_zone="Europe/Berlim"))
    assert problem.path == "schedule.time_zone"
    assert problem.reason == "'Europe/Berlim' is not known; did you mean 'Europe/Berlin'? use a name from the IANA list"


def test_no_schedule_is_no_problem() -> None:
    assert list(schedule_problems(None)) == []


def test_months_are_told_where_they_can_be_kept() -> None:
    assert months(Schedule(cron="0 3 1 1,7 *")) == [1, 7]
    assert list(zone_problems(Schedule(cron="0 3 1 1,7 *"))) == []
    assert [problem.path for problem in zone_problems(Schedule(cron="0 3 * * *", time_zone="Mars/Base"))] == ["schedule.time_zone"]


def test_the_zones_are_those_of_the_iana_list() -> None:
    known = zoneinfo.available_timezones()
    if not known:
        pytest.skip("this machine has no time zones")
    assert [zone for zone in WINDOWS_NAMES if zone not in known] == []
    canonical = {zone for zone in known if zone.startswith(("Africa/", "America/", "Asia/", "Europe/", "Australia/", "Pacific/"))}
    assert len(canonical - WINDOWS_NAMES.keys()) < 10
