"""The provider's `renderYamlToDirectory`: objects are written as YAML files and no cluster is asked.

https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/#renderyamltodirectory_python
"""

from pathlib import Path

import yaml

from .client import Object


def path(folder: str, it: Object) -> Path:
    """Where an object is written: definitions first, so that `kubectl apply -f` of both folders in order works."""
    metadata = it["metadata"]
    parts = [it["apiVersion"].replace("/", "_"), it["kind"].lower(), metadata.get("namespace"), metadata["name"]]
    place = "0-crd" if it["kind"] == "CustomResourceDefinition" else "1-manifest"
    return Path(folder) / place / f"{'-'.join(part for part in parts if part)}.yaml"


def write(folder: str, it: Object) -> None:
    """Write an object."""
    target = path(folder, it)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(it, sort_keys=True))


def remove(folder: str, it: Object) -> None:
    """Remove an object's file."""
    path(folder, it).unlink(missing_ok=True)
