import threading
import time

import pytest

from sandbox.faults import CancelledError, FaultError
from tests.sandbox.cloud import Cloud, urn

TOPIC = "aws:sns/topic:Topic"


def fault(cloud: Cloud, token: str = TOPIC, operation: str = "create", **options: object) -> None:
    given = {"after": False, "skip": 0, "times": -1, "delay": 0.0, "message": None, **options}
    cloud.store.add_fault(token, operation, **given)  # type: ignore[arg-type]


def test_the_nth_create_fails(cloud: Cloud) -> None:
    fault(cloud, skip=1, times=1, message="throttled")
    cloud.create(TOPIC, "first")
    with pytest.raises(FaultError, match="throttled"):
        cloud.create(TOPIC, "second")
    cloud.create(TOPIC, "third")
    assert len(cloud.store.all()) == 2


def test_a_fault_after_the_operation_leaves_its_effect(cloud: Cloud) -> None:
    topic = cloud.create(TOPIC)
    fault(cloud, operation="update", after=True, message="lost")
    with pytest.raises(FaultError, match="lost"):
        cloud.update(topic, displayName="changed")
    assert cloud.store.all()[0].outputs["displayName"] == "changed"


def test_a_fault_matches_types_by_pattern_and_other_types_pass(cloud: Cloud) -> None:
    fault(cloud, token="aws:sns/*", message="broken")
    cloud.create("aws:sqs/queue:Queue")
    with pytest.raises(FaultError):
        cloud.create(TOPIC)


def test_a_latency_delays(cloud: Cloud) -> None:
    fault(cloud, delay=0.2)
    started = time.monotonic()
    cloud.create(TOPIC)
    assert time.monotonic() - started >= 0.2


def test_a_latency_ends_when_the_engine_gives_up(cloud: Cloud) -> None:
    fault(cloud, delay=30)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        cloud.service.create(urn(TOPIC, "thing"), {"name": "x"}, preview=False, config=cloud.config(TOPIC), cancelled=cancelled)
    assert cloud.store.all() == []


def test_faults_can_be_cleared(cloud: Cloud) -> None:
    fault(cloud, message="broken")
    cloud.store.clear_faults()
    cloud.create(TOPIC)
