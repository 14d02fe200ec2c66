"""What holds for every component, on every cloud: the grid's promise."""

import ast
import dataclasses
import importlib
import inspect
import subprocess
import sys
import textwrap
from typing import Any, get_type_hints

import pulumi
import pytest

from modeldeploy import grid
from modeldeploy.grid import BatchComponent, Cloud, DatabaseComponent, DeploymentType, EndpointComponent, NetworkComponent, StreamComponent
from modeldeploy.spec import (
    ArgumentError,
    ContainerArgs,
    DatabaseArgs,
    KubernetesArgs,
    ManagedBatchArgs,
    ManagedEndpointArgs,
    NetworkArgs,
    ServerlessArgs,
    StreamingArgs,
    TaskBatchArgs,
)

SDKS = {Cloud.AWS: "pulumi_aws", Cloud.AZURE: "pulumi_azure_native", Cloud.GCP: "pulumi_gcp"}

PROMISES: dict[DeploymentType, tuple[type, type]] = {
    DeploymentType.MANAGED_ENDPOINT: (EndpointComponent, ManagedEndpointArgs),
    DeploymentType.SERVERLESS: (EndpointComponent, ServerlessArgs),
    DeploymentType.CONTAINER: (EndpointComponent, ContainerArgs),
    DeploymentType.KUBERNETES: (EndpointComponent, KubernetesArgs),
    DeploymentType.BATCH: (BatchComponent, TaskBatchArgs),
    DeploymentType.MANAGED_BATCH: (BatchComponent, ManagedBatchArgs),
    DeploymentType.STREAMING: (StreamComponent, StreamingArgs),
}
"""What the components of each row share: outputs and arguments."""


def row(kind: DeploymentType) -> dict[Any, str]:
    return {cloud: address for (each, cloud), address in grid.DEPLOYMENTS.items() if each is kind}


ADDRESSES = [*grid.DEPLOYMENTS.values(), *grid.NETWORKS.values(), *grid.DATABASES.values()]


def load(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)


def args_class(component: Any) -> type:
    return inspect.get_annotations(component.__init__)["args"]


def outputs(component: Any) -> set[str]:
    return {name for name in inspect.get_annotations(component) if not name.startswith("_")}


def documented(kind: type) -> set[str]:
    """Names of the annotated attributes of a class that have a docstring under them."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        statement.target.id
        for statement, follower in pairs
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(follower, ast.Expr)
        and isinstance(follower.value, ast.Constant)
    }


def test_every_cloud_fills_every_row_of_the_grid() -> None:
    rows = {kind for kind, _ in grid.DEPLOYMENTS}
    assert set(grid.DEPLOYMENTS) == {(kind, cloud) for kind in rows for cloud in Cloud}
    assert set(grid.NETWORKS) == set(grid.DATABASES) == set(Cloud)


def test_class_names_are_unique_across_clouds() -> None:
    names = [address.partition(":")[2] for address in ADDRESSES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_component_takes_name_args_and_opts(address: str) -> None:
    component = load(address)
    assert issubclass(component, pulumi.ComponentResource)
    assert list(inspect.signature(component).parameters) == ["name", "args", "opts"]


ROWS: dict[str, tuple[dict[Any, str], type, type]] = {
    **{kind: (row(kind), protocol, arguments) for kind, (protocol, arguments) in PROMISES.items() if row(kind)},
    "database": (grid.DATABASES, DatabaseComponent, DatabaseArgs),
    "network": (grid.NETWORKS, NetworkComponent, NetworkArgs),
}


def test_every_row_makes_a_promise() -> None:
    assert {kind for kind, _ in grid.DEPLOYMENTS} <= PROMISES.keys()


@pytest.mark.parametrize(("rows", "protocol", "arguments"), ROWS.values(), ids=ROWS)
def test_components_of_one_row_share_arguments_and_outputs(rows: dict[Any, str], protocol: type, arguments: type) -> None:
    promised = get_type_hints(protocol)
    for address in rows.values():
        component = load(address)
        assert issubclass(args_class(component), arguments), address
        hints = inspect.get_annotations(component)
        assert {name: hints.get(name) for name in promised} == promised, address
        for method in (name for name in vars(protocol) if not name.startswith("_")):
            assert callable(getattr(component, method)), f"{address}.{method}"


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_argument_and_output_is_documented(address: str) -> None:
    component = load(address)
    assert outputs(component) <= documented(component)
    for kind in args_class(component).__mro__:
        if dataclasses.is_dataclass(kind):
            assert set(inspect.get_annotations(kind)) <= documented(kind), kind


@pytest.mark.parametrize("address", ADDRESSES)
def test_bad_arguments_are_refused_before_anything_is_registered(address: str) -> None:
    component = load(address)
    with pytest.raises(
        ArgumentError, match=rf"(?s)^{component.__name__} 'x': .*environmnet: 'environmnet' is not known; did you mean 'environment'\?"
    ):
        grid.check(component, "x", {"environmnet": "dev"})


@pytest.mark.parametrize("cloud", Cloud)
def test_importing_one_cloud_loads_no_other_cloud_s_sdk(cloud: Cloud) -> None:
    others = [sdk for other, sdk in SDKS.items() if other is not cloud]
    program = f"""
        import importlib, sys
        for address in {sorted(address for address in ADDRESSES if f".{cloud.value}." in address and "ubernetes" not in address)!r}:
            importlib.import_module(address.partition(":")[0])
        loaded = [name for name in {others!r} + ["pulumi_kubernetes"] if name in sys.modules]
        sys.exit(f"loaded: {{loaded}}" if loaded else 0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_grid_itself_loads_no_cloud_s_sdk() -> None:
    program = f"import sys; import modeldeploy.grid; sys.exit(any(name in sys.modules for name in {list(SDKS.values())!r}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
