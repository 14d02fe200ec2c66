"""Pulumi's protocol buffers, taken from its Python SDK; the only module that knows how untidy that is.

Importing `pulumi` itself would load the whole SDK, a quarter of a second in every `pulumi` command. So its folder of generated
modules, which import nothing but each other, protobuf and grpc, is given a package of its own.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2
else:

    def _folder() -> str:
        found = find_spec("pulumi")
        if found is None or not found.submodule_search_locations:
            raise ImportError("The language host's own environment has no Pulumi SDK; delete it from the cache and run `make engine`.")
        return str(Path(found.submodule_search_locations[0]) / "runtime" / "proto")

    def _module(name: str) -> ModuleType:
        return import_module(f"{_PACKAGE}.{name}")

    _PACKAGE = f"{__name__}_of_pulumi"
    _package = ModuleType(_PACKAGE)
    _package.__path__ = [_folder()]
    sys.modules[_PACKAGE] = _package

    engine_pb2 = _module("engine_pb2")
    engine_pb2_grpc = _module("engine_pb2_grpc")
    language_pb2 = _module("language_pb2")
    language_pb2_grpc = _module("language_pb2_grpc")
    plugin_pb2 = _module("plugin_pb2")

__all__ = ["engine_pb2", "engine_pb2_grpc", "language_pb2", "language_pb2_grpc", "plugin_pb2"]
