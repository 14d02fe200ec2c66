"""Cron expressions in EventBridge's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeploy.aws.cron import eventbridge_cron
from modeldeploy.spec.schedule import values


@pytest.mark.parametrize(
    ("unix", "eventbridge"),
    [
        ("0 3 * * *", "cron(0 3 * * ? *)"),
        ("*/15 * * * *", "cron(0,15,30,45 * * * ? *)"),
        ("30 2 * * 1-5", "cron(30 2 ? * MON-FRI *)"),
        ("0 6 * * 0", "cron(0 6 ? * SUN *)"),
        ("0 0 1 * *", "cron(0 0 1 * ? *)"),
        ("5,10 */6 1-7/2 1,2 *", "cron(5,10 0,6,12,18 1,3,5,7 1,2 ? *)"),
        # Every day of the week is no choice of days.
        ("0 0 * * 0-6", "cron(0 0 * * ? *)"),
        ("1-59 * * * 5,6", "cron(1-59 * ? * FRI,SAT *)"),
        ("0 0 * * 0,2-4,6", "cron(0 0 ? * SUN,TUE-THU,SAT *)"),
    ],
)
def test_an_expression_means_the_same_there(unix: str, eventbridge: str) -> None:
    assert eventbridge_cron(unix) == eventbridge


@given(st.sets(st.integers(0, 59), min_size=1), st.sets(st.integers(0, 23), min_size=1))
def test_no_minute_and_hour_is_lost_and_scheduler_takes_its_length(minutes: set[int], hours: set[int]) -> None:
    written = eventbridge_cron(f"{','.join(map(str, sorted(minutes)))} {','.join(map(str, sorted(hours)))} * * *")
    minute, hour, *_ = written.removeprefix("cron(").split()
    assert (set(values(minute, 0, 59)), set(values(hour, 0, 23))) == (minutes, hours)
    assert len(written) <= 256
