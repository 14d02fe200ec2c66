import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.clouds import aws, azure, gcp, kubernetes
from sandbox.config import ProviderConfig
from sandbox.identity import id_template
from sandbox.metadata import Kind, UnknownTypeError, catalog
from sandbox.templates import is_made_up, placeholders
from sandbox.urns import PACKAGES

ROWS = {"aws": aws.ROWS, "azure-native": azure.ROWS, "gcp": gcp.ROWS, "kubernetes": kubernetes.ROWS}
FACTS = {*ProviderConfig("aws").facts(), "id", "now", "root", "empty", "one", "default", "app"}
TOKENS = [(package, token) for package, rows in ROWS.items() for token in rows]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def test_types_are_read_as_the_sdk_declares_them() -> None:
    endpoint = catalog("azure-native").resource("azure-native:machinelearningservices:OnlineEndpoint")
    assert endpoint.inputs["resourceGroupName"].required
    assert not endpoint.inputs["endpointName"].required
    properties = endpoint.inputs["properties"].type
    assert properties.kind is Kind.OBJECT
    assert properties.ref is not None
    nested = catalog("azure-native").object(properties.ref).properties
    assert nested["traffic"].type.kind is Kind.MAP
    assert {"AADToken", "Key"} <= {value for option in nested["authMode"].type.options for value in option.values}


def test_types_of_other_modules_are_found() -> None:
    deployment = catalog("kubernetes").resource("kubernetes:apps/v1:Deployment")
    metadata = deployment.inputs["metadata"].type
    assert metadata.ref is not None
    assert "labels" in catalog("kubernetes").object(metadata.ref).properties


def test_computed_properties_are_those_that_are_no_inputs() -> None:
    endpoint = catalog("aws").resource("aws:sagemaker/endpoint:Endpoint")
    assert endpoint.computed == {"arn", "tagsAll"}


def test_no_sdk_is_imported() -> None:
    program = (
        "import sys; from sandbox.metadata import catalog; catalog('azure-native').resource('azure-native:storage:StorageAccount');"
        "assert not [name for name in sys.modules if name.startswith('pulumi_')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_catalog_opens_and_reads_a_type_at_once(package: str) -> None:
    started = time.monotonic()
    fresh = type(catalog(package))(package)
    fresh.resource(next(iter(ROWS[package])))
    assert time.monotonic() - started < 1.0


def test_an_unknown_package_is_refused() -> None:
    with pytest.raises(UnknownTypeError):
        catalog("digitalocean")


@pytest.mark.parametrize(("package", "token"), TOKENS)
def test_every_row_speaks_of_what_the_sdk_has(package: str, token: str) -> None:
    row, resource = ROWS[package][token], catalog(package).resource(token)
    named = {path.split(".")[0].split("#")[0] for path in (*row.replaces, *row.updates, *row.references, *row.unique)}
    assert named <= resource.inputs.keys()
    assert {path.split(".")[0] for path in row.outputs} <= resource.state.keys()
    if package == "azure-native":
        assert set(placeholders(id_template(resource, row))) - {"subscription"} <= resource.inputs.keys()
    templates = [template for template in (row.id, *_texts(dict(row.outputs))) if template is not None]
    used = {name.split(".")[0] for template in templates for name in placeholders(template) if not is_made_up(f"{{{name}}}")}
    alternatives = {name for template in templates for name in re.findall(r"\?(\w+)", template)}
    assert used | alternatives <= resource.state.keys() | resource.inputs.keys() | FACTS
    targets = {target.split("#")[0] for targets in row.references.values() for target in targets.split()}
    for target in targets:
        catalog(package).resource(target)
