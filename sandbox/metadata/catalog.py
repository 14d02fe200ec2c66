"""Finds resource types by token in the four SDKs, and reads them when they are first used."""

import importlib.util
import json
import re
import threading
from functools import cache
from importlib import metadata as distributions
from pathlib import Path
from typing import Any

from sandbox.metadata.source import SourceFile
from sandbox.metadata.types import ClassRef, ObjectType, Property, ResourceType
from sandbox.urns import PACKAGES

_MODULES = re.compile(r'resource_modules="""\n(.*?)\n"""', re.DOTALL)


class UnknownTypeError(LookupError):
    """A token that no SDK has."""

    def __init__(self, token: str, nearest: list[str]) -> None:
        self.token = token
        self.nearest = nearest
        hint = f" Did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"the provider has no resource type {token}.{hint}")


class Catalog:
    """The resource types of one provider SDK."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.module = f"pulumi_{package.replace('-', '_')}"
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the sandbox reads resource types from {self.module}, which is not installed")
        self._root = Path(spec.origin).parent
        self._files: dict[Path, SourceFile] = {}
        self._resources: dict[str, ResourceType] = {}
        self._objects: dict[ClassRef, ObjectType] = {}
        self._lock = threading.RLock()
        self._tokens = self._read_tokens()

    @property
    def version(self) -> str:
        """The SDK's version, which is the provider's."""
        return distributions.version(self.module)

    def tokens(self) -> list[str]:
        """Every resource type token of the package."""
        return list(self._tokens)

    def resource(self, token: str) -> ResourceType:
        """A resource type. Raises `UnknownTypeError` with the nearest tokens."""
        found = self._resources.get(token)
        if found is not None:
            return found
        with self._lock:
            if token not in self._tokens:
                from sandbox.suggest import nearest_tokens

                raise UnknownTypeError(token, nearest_tokens(token, self._tokens))
            return self._resources.setdefault(token, self._read_resource(token))

    def object(self, ref: ClassRef) -> ObjectType:
        """A nested input type."""
        found = self._objects.get(ref)
        if found is not None:
            return found
        with self._lock:
            properties = self._open(Path(ref.file)).properties(ref.name)
            return self._objects.setdefault(ref, ObjectType(ref=ref, properties=properties))

    def provider_inputs(self) -> dict[str, Property]:
        """The provider's own configuration properties."""
        with self._lock:
            return self._open(self._root / "provider.py").properties("ProviderArgs")

    def _open(self, path: Path) -> SourceFile:
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = SourceFile(path, self._open)
        return found

    def _read_tokens(self) -> dict[str, tuple[str, str]]:
        match = _MODULES.search((self._root / "__init__.py").read_text(encoding="utf-8"))
        if match is None:
            raise RuntimeError(f"{self.module} lists no resource types: it is not an SDK this sandbox can read")
        modules: list[dict[str, Any]] = json.loads(match[1])
        return {token: (str(module["fqn"]), str(cls)) for module in modules for token, cls in module["classes"].items()}

    def _read_resource(self, token: str) -> ResourceType:
        module, cls = self._tokens[token]
        source = self._resource_file(module, cls)
        arguments = next((name for name in (f"{cls}Args", f"{cls}InitArgs") if source.has(name)), None)
        inputs = source.properties(arguments) if arguments else {}
        state = source.properties(cls)
        return ResourceType(token=token, package=self.package, inputs=inputs, state=state, doc=source.document(cls))

    def _resource_file(self, module: str, cls: str) -> SourceFile:
        folder = self._root.joinpath(*module.split(".")[1:])
        for name in (_snake_case(cls), cls):
            path = folder / f"{name}.py"
            if path.exists() and self._open(path).has(cls):
                return self._open(path)
        for path in sorted(folder.glob("*.py")):
            if f"\nclass {cls}(pulumi.CustomResource)" in path.read_text(encoding="utf-8"):
                return self._open(path)
        raise RuntimeError(f"{module} lists {cls} but no file of it defines that class")


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@cache
def catalog(package: str) -> Catalog:
    """The catalog of one of the served packages."""
    if package not in PACKAGES:
        raise UnknownTypeError(package, list(PACKAGES))
    return Catalog(package)
