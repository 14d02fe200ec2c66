"""Reading pods wherever Kubernetes objects hold them."""

from collections.abc import Iterator

from policies.rule import Resource
from policies.view import Check

POD_SPECS = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
}
"""Where each kind keeps its pod's spec."""

POD_TYPES = tuple(POD_SPECS)


def pod_spec(resource: Resource, path: str) -> str:
    """The full path of an input of the pod's spec."""
    return f"{POD_SPECS[resource.type]}.{path}"


def containers(resource: Resource, check: Check) -> Iterator[str]:
    """What `check` finds in each container, init containers too."""
    for path in ("containers", "initContainers"):
        yield from resource.each(pod_spec(resource, path), check)
