"""The Pulumi plugin `modeldeploy`: it hosts the components for programs in other languages, and serves our own resources for every program.

The engine finds it as `plugins.providers` of a project (by path), as `pulumi-resource-modeldeploy` on PATH (pip installs it), or by
`pulumi package add`.
"""

import importlib
from importlib.metadata import version as installed_version


def main() -> None:
    """Serves the plugin to the engine that started this process."""
    from modeldeploy.gcp.vertex.provider import Vertex

    from .engine import EngineLog
    from .provider import ModelDeployProvider
    from .schema import Components
    from .server import Servicer, serve

    version = installed_version("modeldeploy")
    loaded: list[Components] = []

    def components() -> Components:
        if not loaded:
            loaded.append(Components(component_classes(), version))
        return loaded[0]

    def servicer(engine: str) -> Servicer:
        log = EngineLog()
        vertex = Vertex(log)
        provider = ModelDeployProvider(version, vertex.resources, components, vertex.configure, vertex.cancel, vertex.ready)
        return Servicer(version, provider, components, log, engine)

    serve(servicer)


def component_classes() -> list[type]:
    """The hosted components: all of the grid, the networks and databases it refers to, and those for any cluster. Loads the SDKs of all clouds."""
    from modeldeploy import grid

    found: list[type] = []
    for address in [*grid.DEPLOYMENTS.values(), *grid.NETWORKS.values(), *grid.DATABASES.values(), *grid.ON_ANY_CLUSTER]:
        module, _, name = address.partition(":")
        found.append(getattr(importlib.import_module(module), name))
    return found
