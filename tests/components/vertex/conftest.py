"""The API's stand-in and the plugin that talks to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.vertex import VertexServer, serve

from .plugin import Plugin


@pytest.fixture
def api(tmp_path: Path) -> Iterator[VertexServer]:
    server = serve(
        tmp_path / "vertex.sqlite", endpoint_exists=lambda name: name.startswith("projects/shop/") and name.endswith("/e1"), operation_seconds=0.05
    )
    yield server
    server.close()


@pytest.fixture
def plugin(api: VertexServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    for name in [*os.environ]:
        if name.startswith(("GOOGLE_", "MODELDEPLOY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MODELDEPLOY_VERTEX_POLL_SECONDS", "0.02")
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as made:
        yield made
