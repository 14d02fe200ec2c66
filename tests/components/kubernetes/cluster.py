"""One stack with a component on the real API server, which each test changes by its arguments."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.kubernetes.client import Client, Object
from sandbox.kubernetes.control_plane import ControlPlane
from tests.support.engine import Completed, Project

PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from modeldeploy.kubernetes.batch import KubernetesBatch
from modeldeploy.kubernetes.kserve import KServeEndpoint
from modeldeploy.kubernetes.workload import KubernetesWorkload

given = json.loads(Path("components.json").read_text())
components = {each.__name__: each for each in (KubernetesBatch, KServeEndpoint, KubernetesWorkload)}
opts = None
if given["render"]:
    opts = pulumi.ResourceOptions(providers=[k8s.Provider("files", render_yaml_to_directory=given["render"])])
for name, (component, arguments) in given["components"].items():
    made = components[component](name, arguments, opts)
    pulumi.export(name, {output: getattr(made, output) for output in components[component].__annotations__})
"""
"""As many components in one stack as a test wants, for an engine takes longer to start than to deploy them."""


@dataclass
class Stack:
    """A stack with one component in it."""

    project: Project
    plane: ControlPlane
    name: str
    component: str = "KubernetesWorkload"

    @property
    def namespace(self) -> str:
        """The namespace the component makes."""
        return f"{self.name}-dev"

    @property
    def client(self) -> Client:
        """The administrator of the cluster."""
        return self.plane.client

    def write(self, **arguments: Any) -> None:
        """The arguments from now on."""
        write(self.project, {self.name: (self.component, arguments)})

    def outputs(self) -> dict[str, Any]:
        """The component's outputs."""
        return self.project.outputs()[self.name]

    def up(self, *options: str, check: bool = True, **arguments: Any) -> dict[str, int]:
        """Deploy with these arguments; how many resources were created, updated, replaced, deleted."""
        if arguments:
            self.write(**arguments)
        return changes(self.project.up("--json", *options, check=check))

    def live(self, api_version: str, kind: str, name: str | None = None) -> Object:
        """An object of the namespace as it is; by default the one named after the component."""
        place = self.client.kind(api_version, kind)
        assert place is not None
        found = self.client.get(place, self.namespace, name or self.name)
        assert found is not None, f"{kind} {name or self.name} is not there"
        return found

    def edit(self, api_version: str, kind: str, name: str, patch: Object, manager: str = "somebody") -> None:
        """Change an object behind Pulumi's back."""
        place = self.client.kind(api_version, kind)
        assert place is not None
        self.client.merge(place.path(self.namespace, name), patch, manager)

    def left(self) -> list[str]:
        """What is left of the namespaces of the test."""
        return [each["metadata"]["name"] for each in self.client.list("v1", "Namespace") if each["metadata"]["name"] == self.namespace]


def write(project: Project, components: dict[str, tuple[str, dict[str, Any]]], render: Path | None = None) -> None:
    """The components of `PROGRAM` from now on, each with its arguments by name; to files in the folder `render`, where one is given."""
    (project.directory / "components.json").write_text(json.dumps({"components": components, "render": str(render) if render else None}))


def changes_by(done: Completed, names: Iterable[str]) -> dict[str, set[str]]:
    """What an update did to each of the components `names`, without what stayed the same."""
    steps = [event["resourcePreEvent"]["metadata"] for event in _events(done) if "resourcePreEvent" in event]
    found: dict[str, set[str]] = {name: set() for name in names}
    for step in steps:
        resource = step["urn"].rpartition("::")[2]
        owner = next((name for name in names if resource == name or resource.startswith(f"{name}-")), None)
        if owner is not None and step["op"] != "same":
            found[owner].add("replace" if "replace" in step["op"] else step["op"])
    return found


def changes(done: Completed) -> dict[str, int]:
    """The summary of an update, without what stayed the same and the stack itself."""
    summary = next(event["summaryEvent"] for event in _events(done) if "summaryEvent" in event)
    return {kind: count for kind, count in summary["resourceChanges"].items() if kind != "same"}


def _events(done: Completed) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def manifests(folder: Path) -> list[Path]:
    """The files a rendering provider wrote."""
    return sorted(folder.rglob("*.yaml"))
