"""The kubernetes provider of the sandbox on a real API server, without engine and protocol: creates and changes objects one call at a time."""

from typing import Any

import pytest

from sandbox.config import ProviderConfig
from sandbox.kubernetes.client import Client, Object
from sandbox.kubernetes.provider import Clusters
from sandbox.service import Diff, RefusedError, Service
from sandbox.store import Store
from sandbox.values import Inputs
from tests.sandbox.cloud import urn

GROUPS = {"Namespace": "core/v1", "ConfigMap": "core/v1", "Secret": "core/v1", "Deployment": "apps/v1", "Job": "batch/v1", "Service": "core/v1"}
IMAGE = "registry.example.com/x@sha256:" + "0" * 64


class Cluster:
    """One test's own namespace, and the provider."""

    def __init__(self, client: Client, namespace: str, settings: Inputs | None = None) -> None:
        self.client = client
        self.namespace = namespace
        self.store = Store(":memory:")
        self.provider = Clusters(Service(self.store), client)
        self.config = ProviderConfig("kubernetes", settings or {})

    def check(self, token: str, name: str, inputs: Inputs, old: Inputs | None = None) -> Inputs:
        """The completed inputs; fails when they are refused."""
        completed, refusals = self.provider.check(urn(token, name), inputs, old=old or {}, seed=name.encode(), wish=None, config=self.config)
        assert refusals == []
        return completed

    def create(self, token: str, name: str, inputs: Inputs, *, preview: bool = False) -> tuple[str, Inputs, Inputs]:
        """Id, inputs and state of what is made."""
        completed = self.check(token, name, inputs)
        made, state = self.provider.create(urn(token, name), completed, preview=preview, config=self.config)
        return made, completed, state

    def refused(self, token: str, name: str, inputs: Inputs, *, preview: bool = False) -> str:
        """Why it is not made."""
        with pytest.raises(RefusedError) as caught:
            self.create(token, name, inputs, preview=preview)
        return str(caught.value)

    def update(self, token: str, name: str, resource_id: str, new: Inputs, state: Inputs, **options: Any) -> Inputs:
        """The new state."""
        arguments = {"preview": False, "config": self.config, **options}
        return self.provider.update(urn(token, name), resource_id, new, state, **arguments)

    def diff(self, token: str, name: str, resource_id: str, old: Inputs, state: Inputs, new: Inputs, ignore: frozenset[str] = frozenset()) -> Diff:
        """What an update would do."""
        return self.provider.diff(urn(token, name), resource_id, old, new, old_state=state, ignore=ignore, config=self.config)

    def delete(self, token: str, name: str, resource_id: str, inputs: Inputs | None = None) -> None:
        """Delete it."""
        self.provider.delete(urn(token, name), resource_id, inputs or {}, {}, config=self.config)

    def live(self, token: str, resource_id: str) -> Object | None:
        """The object as it is."""
        found = self.provider.read(urn(token, "any"), resource_id, {}, {}, config=self.config)
        return None if found is None else found[1]

    def path(self, kind: str, name: str) -> str:
        """Where an object of the namespace is."""
        group = GROUPS[kind]
        place = self.client.kind(group.removeprefix("core/"), kind)
        assert place is not None
        return place.path(self.namespace, name)


def token(kind: str) -> str:
    return f"kubernetes:{GROUPS[kind]}:{kind}"


def deployment(namespace: str, name: str | None = "web", image: str = IMAGE, replicas: int | None = 1, **annotations: str) -> Inputs:
    labels = {"app": "web"}
    named = {} if name is None else {"name": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}], "terminationGracePeriodSeconds": 1}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **({} if replicas is None else {"replicas": replicas})}
    metadata = {"namespace": namespace, **named, "annotations": {f"pulumi.com/{key}": value for key, value in annotations.items()}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def config_map(namespace: str, name: str | None = "settings", **data: str) -> Inputs:
    named = {} if name is None else {"name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, **named}, "data": data}


def job(namespace: str, name: str | None = None, command: str = "true", **annotations: str) -> Inputs:
    named = {} if name is None else {"name": name}
    container = {"name": "work", "image": IMAGE, "command": [command]}
    metadata = {"namespace": namespace, **named, "annotations": {f"pulumi.com/{key}": value for key, value in annotations.items()}}
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
