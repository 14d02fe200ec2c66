"""Models without a registry: local ones and those in object stores."""

from pathlib import Path

import pytest

from modeldeploy.registries import Resolved, resolve
from modeldeploy.spec.artifact import content_hash


def test_a_local_model_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    found = resolve(str(tmp_path), reads=())
    assert found == Resolved(source=str(tmp_path), origin=f"sha256:{content_hash(str(tmp_path))}")
    assert found.tags() == {"model-source": found.origin}
    assert found.outputs() == {"source": found.origin, "location": str(tmp_path)}


@pytest.mark.parametrize(
    "address", ["s3://bucket/model", "gs://bucket/model", "https://account.blob.core.windows.net/c/m", "azureml://x", "pvc://m/1"]
)
def test_an_address_in_an_object_store_stays_as_it_is(address: str) -> None:
    assert resolve(address, reads=()) == Resolved(source=address, origin=address)


def test_a_path_that_is_not_there_is_left_to_the_component_to_refuse(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pkl")
    assert resolve(missing, reads=()) == Resolved(source=missing, origin=missing)
