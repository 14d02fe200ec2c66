"""Which versions the control plane is made of. go.mod and go.sum beside this file pin the rest; a test compares them."""

from dataclasses import dataclass

from engine.versions import Version

KUBERNETES = Version(1, 37, 2)
"""kube-apiserver and kube-controller-manager."""

ETCD = Version(3, 7, 3)
"""etcd."""

OLDEST_GO = Version(1, 26, 0)
"""The `go` line of both go.mod files."""


@dataclass(frozen=True)
class Published:
    """A Go module that carries the definitions of custom resources as YAML files."""

    module: str
    version: str
    hash: str
    """Hash of its archive, as go.sum would have it. These modules are not compiled, so no go.sum covers them."""
    folder: str
    files: tuple[str, ...]


DEFINITIONS = (
    Published(
        "sigs.k8s.io/gateway-api",
        "v1.6.3",
        "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
        "config/crd/standard",
        tuple(f"gateway.networking.k8s.io_{plural}.yaml" for plural in ("gatewayclasses", "gateways", "httproutes", "referencegrants")),
    ),
    Published(
        "github.com/kedacore/keda/v2",
        "v2.21.0",
        "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
        "config/crd/bases",
        tuple(f"keda.sh_{plural}.yaml" for plural in ("scaledobjects", "triggerauthentications")),
    ),
    Published(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        "example/prometheus-operator-crd",
        tuple(f"monitoring.coreos.com_{plural}.yaml" for plural in ("servicemonitors", "prometheusrules")),
    ),
)
"""Definitions the projects publish themselves. KServe's module is in no module proxy: its definition is ours (sandbox/kubernetes/definitions)."""
