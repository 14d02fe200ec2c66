import sqlite3
from pathlib import Path

import pytest

from sandbox import faults
from sandbox.config import ProviderConfig
from sandbox.service import MissingError, RefusedError
from tests.sandbox.cloud import Cloud, urn

TOPIC = "aws:sns/topic:Topic"
AWS = ProviderConfig("aws")


def create(cloud: Cloud, inputs: dict[str, object], name: str = "thing") -> str:
    completed, refusals = cloud.service.check(urn(TOPIC, name), inputs, old={}, seed=b"", wish=None, config=AWS)
    assert refusals == []
    return cloud.service.create(urn(TOPIC, name), completed, preview=False, config=AWS)[0]


def test_a_create_whose_answer_was_lost_is_made_again_under_the_same_name(cloud: Cloud) -> None:
    cloud.store.add_fault(TOPIC, "create", after=True, skip=0, times=1, delay=0, message="connection lost")
    with pytest.raises(faults.FaultError, match="connection lost"):
        create(cloud, {"name": "alarms"})
    assert len(cloud.store.all()) == 1
    create(cloud, {"name": "alarms"})
    assert len(cloud.store.all()) == 1


def test_what_it_left_under_an_automatic_name_goes_too(cloud: Cloud) -> None:
    first = create(cloud, {})
    second = create(cloud, {})
    assert first != second
    assert [record.id for record in cloud.store.all()] == [second]


def test_a_sandbox_that_starts_again_knows_what_it_left(tmp_path: Path) -> None:
    before = Cloud(tmp_path / "sandbox.db")
    create(before, {"name": "alarms"})
    after = Cloud(tmp_path / "sandbox.db")  # the first one was killed: nobody closed it
    create(after, {"name": "alarms"})
    assert len(after.store.all()) == 1


def test_what_the_engine_has_in_its_state_is_never_taken_for_a_leftover(cloud: Cloud) -> None:
    resource_id = create(cloud, {"name": "alarms"})
    record = cloud.store.all()[0]
    cloud.service.check(urn(TOPIC, "thing"), {"name": "alarms"}, old=record.inputs, seed=b"", wish=None, config=AWS)  # as in any later run
    with pytest.raises(RefusedError, match="already exists"):
        create(cloud, {"name": "alarms"})
    assert [record.id for record in cloud.store.all()] == [resource_id]


def test_a_replacement_leaves_the_old_one_for_the_engine_to_delete(cloud: Cloud) -> None:
    create(cloud, {})
    old = cloud.store.all()[0]
    cloud.service.diff(old.urn, old.id, old.inputs, {**old.inputs, "fifoTopic": True}, ignore=frozenset(), config=AWS)
    create(cloud, {})
    assert len(cloud.store.all()) == 2


def test_somebody_else_s_leftover_is_not_mine(cloud: Cloud) -> None:
    create(cloud, {"name": "alarms"}, name="first")
    with pytest.raises(RefusedError, match="already exists"):
        create(cloud, {"name": "alarms"}, name="second")


def test_a_failed_create_leaves_nothing(cloud: Cloud) -> None:
    with pytest.raises(RefusedError):
        cloud.service.create(
            urn(TOPIC, "thing"), {"name": "alarms", "kmsMasterKeyId": "arn:aws:kms:us-east-1:000000000000:key/1"}, preview=False, config=AWS
        )
    assert cloud.store.all() == []


def test_updating_what_is_gone_says_what_to_do(cloud: Cloud) -> None:
    topic = cloud.create(TOPIC)
    cloud.store.delete(topic)
    with pytest.raises(MissingError, match="pulumi refresh"):
        cloud.update(topic, displayName="x")


def test_a_database_of_an_older_sandbox_is_read(tmp_path: Path) -> None:
    before = Cloud(tmp_path / "sandbox.db")
    topic = before.create(TOPIC)
    before.store.close()
    with sqlite3.connect(tmp_path / "sandbox.db") as database:
        database.execute("DROP TABLE handles")
        database.execute("CREATE TABLE handles (record INTEGER, attribute TEXT, value TEXT)")
        database.execute("PRAGMA user_version = 0")
    after = Cloud(tmp_path / "sandbox.db")
    assert [record.id for record in after.store.by_handle(topic.outputs["arn"])] == [topic.id]
