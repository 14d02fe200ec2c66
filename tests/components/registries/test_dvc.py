"""Models tracked by DVC, in a repository that the real DVC made."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from modeldeploy.registries import ModelChangedError, ModelMissingError, RegistryError, Resolved, resolve
from modeldeploy.registries.dvc_files import md5_of
from tests.support import tools

pytestmark = pytest.mark.engine


class Repository:
    """A Git repository with DVC in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = tools.dvc()
        folder.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        self.dvc("init", "--quiet")
        self.dvc("config", "core.analytics", "false")
        self.write("models/pricing/model.pkl", "weights")
        self.write("models/pricing/encoders/café.json", '{"a": 1}')
        self.write("models/churn.pkl", "line\r\nline\r\n")
        self.dvc("add", "--quiet", "models/pricing", "models/churn.pkl")
        self.write("src/train.py", "")
        self.dvc("stage", "add", "--quiet", "--run", "--name", "train", "--outs", "models/trained.pkl", "echo trained > models/trained.pkl")

    def dvc(self, *arguments: str) -> None:
        environment = {**os.environ, "DVC_NO_ANALYTICS": "true"}
        subprocess.run([*self.command, *arguments], cwd=self.folder, env=environment, check=True, capture_output=True)

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())

    def forget(self, name: str) -> None:
        path = self.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("dvc") / "repository")


@pytest.fixture
def repository(made: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    copy = object.__new__(Repository)
    copy.folder, copy.command = tmp_path / "repository", made.command
    shutil.copytree(made.folder, copy.folder)
    monkeypatch.chdir(copy.folder)
    return copy


def recorded(name: str) -> str:
    """The MD5 that DVC wrote for a file or folder, found as text."""
    lines = Path(name).read_text().replace("- ", "").split()
    return lines[lines.index("md5:") + 1]


@pytest.mark.parametrize(
    ("source", "record", "path"),
    [
        ("models/churn.pkl", "models/churn.pkl.dvc", "models/churn.pkl"),
        ("models/churn.pkl.dvc", "models/churn.pkl.dvc", "models/churn.pkl"),
        ("models/pricing", "models/pricing.dvc", "models/pricing"),
        ("models/trained.pkl", "dvc.lock", "models/trained.pkl"),
    ],
)
def test_what_lies_in_the_workspace_is_known_by_the_hash_that_git_knows(repository: Repository, source: str, record: str, path: str) -> None:
    md5 = recorded(record)
    assert resolve(source, reads=()) == Resolved(source=path, origin=f"dvc:{md5}", version=md5[:12])


def test_our_hash_of_a_folder_is_dvcs(repository: Repository) -> None:
    assert md5_of(Path("models/pricing")) == recorded("models/pricing.dvc")


@pytest.mark.parametrize(
    ("name", "source"),
    [("models/churn.pkl", "models/churn.pkl"), ("models/pricing/model.pkl", "models/pricing"), ("models/trained.pkl", "models/trained.pkl")],
)
def test_content_that_is_not_what_was_recorded_is_refused(repository: Repository, name: str, source: str) -> None:
    repository.write(name, "retrained")
    with pytest.raises(ModelChangedError, match=rf"'{source}' is not what .* says \(MD5 {md5_of(Path(source))}, recorded "):
        resolve(source, reads=())
    repository.dvc("checkout", "--force", source)
    resolve(source, reads=())


@pytest.mark.parametrize("source", ["models/churn.pkl", "models/pricing", "models/trained.pkl"])
def test_what_is_missing_in_the_workspace_comes_from_the_cache(repository: Repository, source: str) -> None:
    before = resolve(source, reads=())
    repository.forget(source)
    found = resolve(source, reads=())
    assert found.origin == before.origin
    assert Path(found.source).name == Path(source).name
    assert found.source.startswith(".modeldeploy/models/")
    repository.dvc("checkout", source)
    assert md5_of(Path(found.source)) == md5_of(Path(source))


def test_a_second_time_nothing_is_copied(repository: Repository) -> None:
    repository.forget("models/pricing")
    first = resolve("models/pricing", reads=())
    shutil.rmtree(".dvc/cache/files/md5")
    (Path(".dvc/cache/files/md5") / recorded("models/pricing.dvc")[:2]).mkdir(parents=True)
    (Path(".dvc/cache/files/md5") / recorded("models/pricing.dvc")[:2] / recorded("models/pricing.dvc")[2:]).write_text("damaged")
    assert resolve("models/pricing", reads=()) == first
    shutil.rmtree(first.source)
    with pytest.raises(ModelChangedError, match=r"the list of 'models/pricing' in .* is damaged"):
        resolve("models/pricing", reads=())


def test_what_the_cache_lacks_comes_from_a_remote_on_this_machine(repository: Repository, tmp_path: Path) -> None:
    repository.dvc("remote", "add", "--default", "storage", str(tmp_path / "remote"))
    repository.dvc("push", "models/pricing")
    repository.forget("models/pricing")
    shutil.rmtree(".dvc/cache")
    found = resolve("models/pricing", reads=())
    assert (Path(found.source) / "encoders" / "café.json").read_text() == '{"a": 1}'


def test_a_cache_elsewhere_is_found_where_the_configuration_says(repository: Repository, tmp_path: Path) -> None:
    shutil.move(".dvc/cache", tmp_path / "shared")
    repository.dvc("cache", "dir", "--local", str(tmp_path / "shared"))
    repository.forget("models/churn.pkl")
    assert Path(resolve("models/churn.pkl", reads=()).source).read_bytes() == b"line\r\nline\r\n"


@pytest.mark.parametrize(
    ("url", "options", "reads", "expected"),
    [
        ("s3://bucket/store", {}, "s3", "s3://bucket/store/files/md5/"),
        ("s3://bucket/store/", {}, "s3", "s3://bucket/store/files/md5/"),
        ("gs://bucket", {}, "gs", "gs://bucket/files/md5/"),
        ("azure://container/store", {"account_name": "models"}, "https", "https://models.blob.core.windows.net/container/store/files/md5/"),
    ],
)
def test_a_file_in_an_object_store_that_the_cloud_reads_is_named_where_it_is(
    repository: Repository, url: str, options: dict[str, str], reads: str, expected: str
) -> None:
    repository.dvc("remote", "add", "--default", "storage", url)
    for name, value in options.items():
        repository.dvc("remote", "modify", "storage", name, value)
    repository.forget("models/churn.pkl")
    shutil.rmtree(".dvc/cache")
    md5 = recorded("models/churn.pkl.dvc")
    assert resolve("models/churn.pkl", reads=(reads,)).source == f"{expected}{md5[:2]}/{md5[2:]}"


@pytest.mark.parametrize(
    ("source", "url", "settings"),
    [
        ("models/churn.pkl", "gs://bucket/store", []),
        ("models/pricing", "s3://bucket/store", []),
        ("models/churn.pkl", "ssh://host/store", []),
        ("models/churn.pkl", "s3://bucket/store", ["version_aware"]),
    ],
)
def test_what_the_target_cannot_read_has_to_be_pulled_first(repository: Repository, source: str, url: str, settings: list[str]) -> None:
    repository.dvc("remote", "add", "--default", "storage", url)
    for setting in settings:
        repository.dvc("remote", "modify", "storage", setting, "true")
    repository.forget(source)
    shutil.rmtree(".dvc/cache")
    with pytest.raises(ModelMissingError, match=rf"'{source}' \(MD5 .* run `dvc pull {source}.dvc` first"):
        resolve(source, reads=("s3",))


def test_a_remote_that_no_setting_makes_the_default_is_not_looked_at(repository: Repository, tmp_path: Path) -> None:
    repository.dvc("remote", "add", "storage", str(tmp_path / "remote"))
    repository.dvc("push", "--remote", "storage", "models/churn.pkl")
    repository.forget("models/churn.pkl")
    shutil.rmtree(".dvc/cache")
    with pytest.raises(ModelMissingError):
        resolve("models/churn.pkl", reads=())


def test_a_damaged_object_is_refused(repository: Repository) -> None:
    repository.forget("models/churn.pkl")
    md5 = recorded("models/churn.pkl.dvc")
    stored = Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]
    stored.chmod(0o644)
    stored.write_text("something else")
    with pytest.raises(ModelChangedError, match=f"is damaged: its MD5 is .*, recorded is {md5}"):
        resolve("models/churn.pkl", reads=())


def test_a_list_of_files_cannot_lead_out_of_its_folder(repository: Repository) -> None:
    repository.forget("models/pricing")
    listing = json.dumps([{"md5": "ab", "relpath": "../../model.pkl"}])
    md5 = hashlib.md5(listing.encode()).hexdigest()
    record = Path("models/pricing.dvc")
    record.write_text(record.read_text().replace(recorded("models/pricing.dvc"), f"{md5}.dir"))
    stored = Path(".dvc/cache/files/md5") / md5[:2] / f"{md5[2:]}.dir"
    stored.parent.mkdir(exist_ok=True)
    stored.write_text(listing)
    with pytest.raises(ModelChangedError, match=r"names '../../model.pkl', which is outside of it"):
        resolve("models/pricing", reads=())


def test_a_folder_of_which_a_file_is_missing_is_refused(repository: Repository) -> None:
    repository.forget("models/pricing")
    md5 = md5_of(repository.folder / "models" / "churn.pkl")
    weights = next(each for each in Path(".dvc/cache/files/md5").rglob("*") if each.is_file() and each.read_bytes() == b"weights")
    assert md5 not in str(weights)
    weights.unlink()
    with pytest.raises(ModelMissingError, match=r"'models/pricing/model.pkl' \(MD5 .*\) is missing in .*; run `dvc pull models/pricing.dvc`"):
        resolve("models/pricing", reads=())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("outs:\n- md5: ab\n  path: model.pkl\n", "was written by DVC 2"),
        ("outs:\n- etag: x\n  path: model.pkl\n", "has no MD5 of 'model.pkl'"),
        ("outs: []\n", "names no output"),
        ("outs:\n- md5: ab\n  path: other.pkl\n", "names no output"),
        ("[1, 2", "is no file of DVC"),
        ("just text", "is no file of DVC"),
    ],
)
def test_a_record_that_cannot_be_used_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    (tmp_path / "model.pkl.dvc").write_text(content)
    with pytest.raises(RegistryError, match=message):
        resolve(str(tmp_path / "model.pkl"), reads=())


def test_a_record_outside_of_a_repository_is_refused_when_the_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "model.pkl.dvc").write_text("outs:\n- md5: ab\n  hash: md5\n  path: model.pkl\n")
    with pytest.raises(RegistryError, match="is in no DVC repository"):
        resolve(str(tmp_path / "model.pkl"), reads=())
