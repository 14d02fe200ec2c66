"""One stack with a component on the real API server, which each test changes by its arguments."""

import json
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

given = json.loads(Path("arguments.json").read_text())
component = {each.__name__: each for each in (KubernetesWorkload, KubernetesBatch, KServeEndpoint)}[given["component"]]
opts = None
if given["render"]:
    opts = pulumi.ResourceOptions(providers=[k8s.Provider("files", render_yaml_to_directory=given["render"])])
made = component(given["name"], given["arguments"], opts)
for output in component.__annotations__:
    pulumi.export(output, getattr(made, output))
"""


@dataclass
class Stack:
    """A stack with one component in it."""

    project: Project
    plane: ControlPlane
    name: str
    component: str = "KubernetesWorkload"
    render: str | None = None

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
        given = {"component": self.component, "name": self.name, "arguments": arguments, "render": self.render}
        (self.project.directory / "arguments.json").write_text(json.dumps(given))

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


def changes(done: Completed) -> dict[str, int]:
    """The summary of an update, without what stayed the same and the stack itself."""
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    summary = next(event["summaryEvent"] for event in events if "summaryEvent" in event)
    return {kind: count for kind, count in summary["resourceChanges"].items() if kind != "same"}


def manifests(folder: Path) -> list[Path]:
    """The files a rendering provider wrote."""
    return sorted(folder.rglob("*.yaml"))
