import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeploy.gcp.labels import NAME, label_key, label_value, labels
from modeldeploy.spec import Environment


def test_tags_that_are_labels_already_stay_as_they_are() -> None:
    made = labels({"project": "dynamic-pricing", "data_class": "internal"}, Environment.PRODUCTION, "pricing")
    assert made == {"project": "dynamic-pricing", "data_class": "internal", "environment": "prod", "managed-by": "modeldeploy", NAME: "pricing"}


@pytest.mark.parametrize(("tag", "start"), [("Cost Center", "cost-center-"), ("1st", "t1st-"), ("k" * 70, "k" * 54 + "-"), ("größe", "gr--e-")])
def test_a_key_that_has_to_change_ends_in_its_hash(tag: str, start: str) -> None:
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{8}", label_key(tag))


def test_tags_that_differ_only_in_what_labels_cannot_say_stay_apart() -> None:
    assert len({label_key(tag) for tag in ("Team", "team", "TEAM", "te am", "te-am")}) == 5


@given(st.text(min_size=1, max_size=300))
def test_every_text_becomes_a_label(text: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", label_key(text))
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label_value(text))
    assert label_key(label_key(text)) == label_key(text)
