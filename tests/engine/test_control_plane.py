"""Building the Kubernetes control plane: what is pinned, and what a user reads when it cannot be built. The engine tests do build it."""

import re
from pathlib import Path

import pytest

from engine import cache
from engine.control_plane import __main__ as command
from engine.control_plane import build, versions
from engine.control_plane.versions import DEFINITIONS, ETCD, KUBERNETES, OLDEST_GO
from engine.versions import Version

MODULES = Path(build.__file__).parent


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELDEPLOY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("module", "path", "version"), [("kubernetes", "k8s.io/kubernetes", KUBERNETES), ("etcd", "go.etcd.io/etcd/server/v3", ETCD)]
)
def test_the_versions_are_those_of_go_mod(module: str, path: str, version: Version) -> None:
    text = (MODULES / module / "go.mod").read_text()
    assert f"{path} v{version}\n" in text
    assert Version.parse(re.search(r"^go (.+)$", text, re.MULTILINE)[1]) == OLDEST_GO  # type: ignore[index]


def test_every_staging_module_is_the_one_of_this_kubernetes() -> None:
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (\S+)$", (MODULES / "kubernetes" / "go.mod").read_text(), re.MULTILINE)
    assert len(replaced) == 33
    assert {(old == new, version) for old, new, version in replaced} == {(True, f"v0.{KUBERNETES.minor}.{KUBERNETES.patch}")}


def test_the_folder_is_another_one_for_other_sources(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build.folder()
    assert before.is_relative_to(empty_cache / "control-plane")
    assert build.folder() == before
    monkeypatch.setattr(build, "DEFINITIONS", DEFINITIONS[:1])
    assert build.folder() != before


def test_without_go_the_message_says_what_to_install(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main([]) == 1
    said = capsys.readouterr()
    assert f"Install Go {OLDEST_GO} or newer (https://go.dev/doc/install)" in said.err
    assert said.out == ""
    assert not build.is_complete()


def test_locating_builds_nothing(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["locate"]) == 3
    assert "Run `make control-plane`" in capsys.readouterr().err


def test_a_module_that_was_changed_after_it_was_pinned_is_refused(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(
        '#!/bin/sh\ncase "$1 $2" in\n"env GOVERSION") echo go1.26.8;;\n"env GOTOOLCHAIN") echo local;;\n'
        '"mod download") echo \'{"Dir": "/x", "Sum": "h1:other="}\';;\nesac\n'
    )
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert command.main([]) == 1
    assert "has the hash h1:other=, not h1:" in capsys.readouterr().err
    assert not build.is_complete()
    assert not [left for left in build.folder().parent.iterdir() if left.is_dir()], "a failed build leaves nothing"


def test_a_build_that_is_there_is_used(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with cache.fresh_folder(build.folder()) as made:
        (made / "bin").mkdir()
    monkeypatch.setenv("PATH", "")
    assert command.main([]) == 0
    assert capsys.readouterr().out.strip() == str(build.folder())


def test_definitions_are_pinned_by_version_and_hash() -> None:
    assert {each.module for each in versions.DEFINITIONS} == {
        "sigs.k8s.io/gateway-api",
        "github.com/kedacore/keda/v2",
        "github.com/prometheus-operator/prometheus-operator",
    }
    for each in versions.DEFINITIONS:
        assert each.version.startswith("v")
        assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", each.hash)
