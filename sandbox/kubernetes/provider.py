"""What the kubernetes provider does with an object, on a real API server.

The behaviour is the one of pulumi-kubernetes 4 with server-side apply, its default:
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

import hashlib
import threading
import time
from typing import Any

from sandbox import faults
from sandbox.config import ProviderConfig
from sandbox.diff import compare
from sandbox.metadata import catalog
from sandbox.naming import Wish
from sandbox.replacement import generic, replaces
from sandbox.service import Diff, MissingError, RefusedError, Service
from sandbox.urns import parse
from sandbox.values import Inputs, Refusal
from sandbox.wire import contains_unknown

from . import objects, render, waiting
from .client import ApiError, Client, Kind, Object

_RETRIES = 5
_MANAGER = "__fieldManager"


class PartialError(Exception):
    """The object was made, but did not become what was asked for. The engine keeps it and tries again."""

    def __init__(self, message: str, resource_id: str, state: Inputs) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.state = state


class Clusters:
    """Kubernetes objects on a real API server, or as files where the provider renders them. Same methods as `Service`, which does the naming."""

    def __init__(self, service: Service, client: Client | None) -> None:
        self._service = service
        self._client = client

    def takes(self, config: ProviderConfig) -> bool:
        """Whether objects of this provider go here: an API server runs, or none is needed."""
        return self._client is not None or _folder(config) is not None

    def check(self, urn: str, new: Inputs, *, old: Inputs, seed: bytes, wish: Wish | None, config: ProviderConfig) -> tuple[Inputs, list[Refusal]]:
        """The inputs with their name, and what is wrong with their types."""
        return self._service.check(urn, new, old=old, seed=seed, wish=wish, config=config)

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Inputs,
        new: Inputs,
        *,
        old_state: Inputs | None = None,
        ignore: frozenset[str],
        config: ProviderConfig,
    ) -> Diff:
        """The new inputs against what the last read or write found in the fields that were given: changes by others count once they were read."""
        resource, table = self._service.resource_type(parse(urn).token)
        known = objects.prune(old_state, old_inputs) if old_state else old_inputs
        # Fields that were given and are gone from the object are differences; those the server does not keep (a Secret's stringData) are not.
        known = {**{name: value for name, value in old_inputs.items() if old_state and name not in old_state}, **known}
        differences = [
            item
            for item in compare(known, new)
            if not any(generic(item.path) == path or generic(item.path).startswith(f"{path}.") for path in ignore)
        ]
        replacing = frozenset(item.path for item in differences if replaces(catalog(resource.package), resource, table, item.path))
        before, after = objects.part(known, "metadata"), objects.part(new, "metadata")
        same_name = all(before.get(key) == after.get(key) for key in ("name", "namespace"))
        named_by_user = objects.annotation(new, objects.AUTONAMED) != "true"
        return Diff(differences, replacing, delete_first=bool(replacing) and named_by_user and same_name)

    def create(
        self, urn: str, inputs: Inputs, *, preview: bool, config: ProviderConfig, cancelled: threading.Event | None = None
    ) -> tuple[str, Inputs]:
        """Server-side apply, which also takes over an object that is there; a preview asks the server without changing anything."""
        token = parse(urn).token
        if preview and contains_unknown(inputs):
            return "", inputs
        if (folder := _folder(config)) is not None:
            return self._render(folder, token, inputs, preview=preview, config=config)
        client = self._required()
        if preview:
            return "", self._preview_create(client, token, urn, inputs, config)
        self._fault(token, "create", cancelled)
        made = self._apply_when_possible(client, token, urn, inputs, config, cancelled)
        resource_id, state = objects.id_of(made), {**made, _MANAGER: _manager(urn)}
        try:
            state |= waiting.until_ready(client, made, cancelled)
        except waiting.NotReadyError as error:
            raise PartialError(str(error), resource_id, state) from error
        return resource_id, state

    def read(self, urn: str, resource_id: str, inputs: Inputs, state: Inputs, *, config: ProviderConfig) -> tuple[Inputs, Inputs] | None:
        """The object as it is, and what it says about the fields that were given."""
        if _folder(config) is not None:
            return inputs, state
        token = parse(urn).token
        self._fault(token, "read", None)
        client = self._required()
        kind = client.kind(*objects.kind_of(token))
        live = client.get(kind, *objects.names(resource_id)) if kind is not None else None
        if live is None:
            return None
        kept = {name: value for name, value in state.items() if name.startswith("__")}
        return (objects.prune(live, inputs) if inputs else _importable(live)), {**live, **kept}

    def update(
        self,
        urn: str,
        resource_id: str,
        new: Inputs,
        old_state: Inputs,
        *,
        preview: bool,
        config: ProviderConfig,
        ignore: frozenset[str] = frozenset(),
        cancelled: threading.Event | None = None,
    ) -> Inputs:
        """Server-side apply on what is there. Ignored fields stay as they are: left to whom they belong, or sent with their present value."""
        token = parse(urn).token
        if preview and contains_unknown(new):
            return {**old_state, **new}
        if (folder := _folder(config)) is not None:
            return self._render(folder, token, new, preview=preview, config=config)[1]
        client = self._required()
        kind, it = self._place(client, token, new, config)
        live = client.get(kind, *objects.names(resource_id)) if kind is not None else None
        if kind is None or live is None:
            raise MissingError(f"{token} '{resource_id}' is not in the cluster any more: run `pulumi refresh`, then update again")
        if not preview:
            self._fault(token, "update", cancelled)
        manager = _manager(urn)
        for path in sorted(ignore):
            it = _leave(it, live, manager, tuple(path.split(".")))
        try:
            made = client.apply(kind, it, manager, force=_forced(new), dry_run=preview)
        except ApiError as error:
            raise _refused(f"updating {token} '{resource_id}'", error) from error
        if not preview:
            try:
                made = waiting.until_ready(client, made, cancelled)
            except waiting.NotReadyError as error:
                raise PartialError(str(error), resource_id, {**made, _MANAGER: manager}) from error
        return {**made, _MANAGER: manager}

    def delete(
        self, urn: str, resource_id: str, inputs: Inputs, state: Inputs, *, config: ProviderConfig, cancelled: threading.Event | None = None
    ) -> None:
        """Delete an object and what it owns, and wait until it is gone. A patch only gives up its fields."""
        token = parse(urn).token
        if (folder := _folder(config)) is not None:
            render.remove(folder, self._rendered(token, inputs, config))
            return
        self._fault(token, "delete", cancelled)
        client = self._required()
        kind = client.kind(*objects.kind_of(token))
        if kind is None:
            return
        namespace, name = objects.names(resource_id)
        try:
            if objects.is_patch(token):
                api_version, of = objects.kind_of(token)
                metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
                client.apply(kind, {"apiVersion": api_version, "kind": of, "metadata": metadata}, _manager(urn))
            elif client.delete(kind, namespace, name):
                waiting.until_gone(client, kind, namespace, name, cancelled)
        except (ApiError, waiting.NotReadyError) as error:
            raise _refused(f"deleting {token} '{resource_id}'", error) from error

    def _required(self) -> Client:
        assert self._client is not None, "see takes()"
        return self._client

    def _fault(self, token: str, operation: str, cancelled: threading.Event | None) -> None:
        trigger = faults.due(self._service.store, token, operation)
        faults.start(trigger, cancelled or threading.Event())
        faults.finish(trigger)

    def _place(self, client: Client, token: str, inputs: Inputs, config: ProviderConfig) -> tuple[Kind | None, Object]:
        kind = client.kind(*objects.kind_of(token))
        return kind, objects.to_object(token, inputs, config.namespace, namespaced=kind is None or kind.namespaced)

    def _preview_create(self, client: Client, token: str, urn: str, inputs: Inputs, config: ProviderConfig) -> Inputs:
        kind, it = self._place(client, token, inputs, config)
        if kind is None or objects.is_patch(token):
            return inputs
        try:
            made = client.apply(kind, it, _manager(urn), force=True, dry_run=True)
        except ApiError as error:
            if error.is_missing_namespace:  # made by the same program, so nothing can be asked yet
                return inputs
            if not error.is_immutable:
                raise _refused(f"creating {token} '{objects.id_of(it)}'", error) from error
            # A replacement, which the server cannot be asked about while the old object is there: ask under another name.
            aside = objects.with_path(it, ("metadata", "name"), f"{it['metadata']['name'][:50]}-preview")
            made = client.apply(kind, aside, _manager(urn), force=True, dry_run=True)
        return {name: value for name, value in {**made, **inputs}.items() if name != "status"}

    def _apply_when_possible(
        self, client: Client, token: str, urn: str, inputs: Inputs, config: ProviderConfig, cancelled: threading.Event | None
    ) -> Object:
        """Apply; again after a moment where namespace or definition are not there yet, because programs leave that order to chance."""
        for attempt in range(_RETRIES + 1):
            kind, it = self._place(client, token, inputs, config)
            try:
                if kind is not None:
                    return client.apply(kind, it, _manager(urn), force=_forced(inputs))
                problem = f"no matches for kind '{it['kind']}' in version '{it['apiVersion']}': is its custom resource definition installed?"
            except ApiError as error:
                if error.code != 404:
                    raise _refused(f"creating {token} '{objects.id_of(it)}'", error) from error
                problem = str(error)
            if attempt == _RETRIES or (cancelled is not None and cancelled.is_set()):
                raise RefusedError(f"creating {token} '{objects.id_of(it)}'", [Refusal("", problem)])
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def _render(self, folder: str, token: str, inputs: Inputs, *, preview: bool, config: ProviderConfig) -> tuple[str, Inputs]:
        it = self._rendered(token, inputs, config)
        if not preview:
            render.write(folder, it)
        return ("" if preview else objects.id_of(it)), it

    def _rendered(self, token: str, inputs: Inputs, config: ProviderConfig) -> Object:
        # No server to ask which kinds live in namespaces: those that name one do.
        return objects.to_object(token, inputs, config.namespace, namespaced="namespace" in objects.part(inputs, "metadata"))


def _folder(config: ProviderConfig) -> str | None:
    folder: Any = config.settings.get("renderYamlToDirectory")
    return folder if isinstance(folder, str) and folder else None


def _manager(urn: str) -> str:
    """The field manager of a resource. The provider makes a random one per resource and keeps it in the state; this one is always the same."""
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def _forced(inputs: Inputs) -> bool:
    return objects.annotation(inputs, objects.PATCH_FORCE) == "true"


def _leave(it: Object, live: Object, manager: str, path: tuple[str, ...]) -> Object:
    """The object without a field that another manager holds alone; with the present value where it is ours or nobody's."""
    ours, theirs = objects.held_by(live, manager, path)
    if theirs and not ours:
        return objects.with_path(it, path, None)
    present = objects.read_path(live, path)
    return it if present is None else objects.with_path(it, path, present)


def _importable(live: Object) -> Inputs:
    """What a program would write for an object that is imported."""
    server_side = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
    metadata = {name: value for name, value in live["metadata"].items() if name not in server_side}
    return {**{name: value for name, value in live.items() if name != "status"}, "metadata": metadata}


def _refused(subject: str, error: Exception) -> RefusedError:
    hint = ""
    if isinstance(error, ApiError) and error.is_conflict:
        hint = (
            f". Another field manager holds these fields: leave them to it (ignore_changes), or take them with the annotation {objects.PATCH_FORCE}"
        )
    return RefusedError(subject, [Refusal("", f"{error}{hint}")])
