import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from modeldeploy.spec.artifact import archive, content_hash, files, zip_archive


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    directory = tmp_path / "artifact"
    (directory / "encoders").mkdir(parents=True)
    (directory / "model.pkl").write_bytes(b"model")
    (directory / "scaler.pkl").write_bytes(b"scaler")
    (directory / "encoders" / "region.pkl").write_bytes(b"region")
    return directory


def test_a_directory_keeps_the_paths_of_its_files(artifact: Path) -> None:
    assert list(files(str(artifact))) == ["encoders/region.pkl", "model.pkl", "scaler.pkl"]


def test_a_file_stands_under_its_own_name(artifact: Path) -> None:
    assert files(str(artifact / "model.pkl")) == {"model.pkl": artifact / "model.pkl"}


def test_the_hash_changes_with_a_content_or_a_name_and_with_nothing_else(artifact: Path) -> None:
    before = content_hash(str(artifact))
    os.utime(artifact / "model.pkl", (1, 1))
    assert content_hash(str(artifact)) == before
    (artifact / "model.pkl").write_bytes(b"modem")
    assert content_hash(str(artifact)) != before
    (artifact / "model.pkl").write_bytes(b"model")
    (artifact / "model.pkl").rename(artifact / "other.pkl")
    assert content_hash(str(artifact)) != before


def test_the_archive_holds_the_files_and_is_the_same_every_time(artifact: Path) -> None:
    made = archive(str(artifact))
    first = made.read_bytes()
    made.unlink()
    os.utime(artifact / "scaler.pkl", (1, 1))
    assert archive(str(artifact)).read_bytes() == first
    assert made.name == "model.tar.gz"
    with tarfile.open(made) as tar:
        assert {member.name: tar.extractfile(member).read() for member in tar} == {  # type: ignore[union-attr]
            "encoders/region.pkl": b"region",
            "model.pkl": b"model",
            "scaler.pkl": b"scaler",
        }


def test_what_python_leaves_beside_code_is_left_out(artifact: Path) -> None:
    before = content_hash(str(artifact))
    (artifact / "__pycache__").mkdir()
    (artifact / "__pycache__" / "main.cpython-312.pyc").write_bytes(b"compiled")
    assert content_hash(str(artifact)) == before
    assert list(files(str(artifact))) == ["encoders/region.pkl", "model.pkl", "scaler.pkl"]


def test_the_zip_holds_the_files_readable_for_all_and_is_the_same_every_time(artifact: Path) -> None:
    made = zip_archive(str(artifact))
    first = made.read_bytes()
    made.unlink()
    os.utime(artifact / "scaler.pkl", (1, 1))
    assert zip_archive(str(artifact)).read_bytes() == first
    assert zip_archive(str(artifact)) == made
    with zipfile.ZipFile(made) as zipped:
        assert {each: zipped.read(each) for each in zipped.namelist()} == {
            "encoders/region.pkl": b"region",
            "model.pkl": b"model",
            "scaler.pkl": b"scaler",
        }
        assert {each.external_attr >> 16 for each in zipped.infolist()} == {0o644}
