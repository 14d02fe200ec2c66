"""The sandbox is generic: whatever type of an SDK it meets, it takes it through its life."""

from typing import Any

import pytest

from sandbox import service as service_module
from sandbox.metadata import Catalog, Kind, Property, Type, catalog
from sandbox.metadata.documented import allowed_values, constant
from sandbox.service import RefusedError
from sandbox.urns import PACKAGES
from sandbox.values import AssetValue
from tests.sandbox.cloud import Cloud, urn

EVERY = 60
"""One in so many types is tried. All of them were, by hand, with this very test."""
TOKENS = [token for package in PACKAGES for token in catalog(package).tokens()[::EVERY] if not (package == "kubernetes" and token.endswith("List"))]


def example(sdk: Catalog, kind: Type, doc: str, depth: int = 0) -> Any:
    """A value that the metadata allows."""
    if kind.values:
        return kind.values[0]
    listed = allowed_values(doc)
    match kind.kind:
        case Kind.STRING:
            fixed = constant(doc) if sdk.package == "azure-native" else None
            return fixed or (listed[0] if listed else "x")
        case Kind.INTEGER:
            return int(listed[0]) if listed and listed[0].isdigit() else 1
        case Kind.NUMBER:
            return 1.5
        case Kind.BOOLEAN:
            return True
        case Kind.LIST:
            return [example(sdk, kind.item, doc, depth + 1)] if kind.item is not None and depth < 6 else []
        case Kind.MAP:
            return {"key": example(sdk, kind.item, "", depth + 1)} if kind.item is not None and depth < 6 else {}
        case Kind.OBJECT:
            return required(sdk, sdk.object(kind.ref).properties, depth + 1) if kind.ref is not None else {}
        case Kind.UNION:
            return example(sdk, next((option for option in kind.options if option.values), kind.options[0]), doc, depth)
        case Kind.ASSET:
            return AssetValue(kind="asset", hash="1", path="file")
        case _:
            return "anything"


def required(sdk: Catalog, properties: dict[str, Property], depth: int = 0) -> dict[str, Any]:
    return {name: example(sdk, declared.type, declared.doc, depth) for name, declared in properties.items() if declared.required}


@pytest.mark.parametrize("token", TOKENS)
def test_a_type_is_checked_made_read_changed_and_deleted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setattr(service_module, "_vendor_check", lambda token, inputs: [])  # the vendors know better than to take "x"
    sdk = catalog(token.split(":", 1)[0])
    config = cloud.config(token)
    cloud.create("azure-native:resources:ResourceGroup", "group", resourceGroupName="x", location="westeurope")
    inputs, refusals = cloud.check(token, required(sdk, sdk.resource(token).inputs))
    if any("is not allowed; allowed" in refusal for refusal in refusals):
        pytest.skip("its name is one of a list")
    assert refusals == []
    cloud.service.create(urn(token, "thing"), inputs, preview=True, config=config)
    try:
        resource_id, outputs = cloud.service.create(urn(token, "thing"), inputs, preview=False, config=config)
    except RefusedError as error:
        if "names nothing" in str(error) or "to hold it" in str(error):
            return  # what it refers to was not made
        raise
    assert resource_id
    assert cloud.service.diff(urn(token, "thing"), resource_id, inputs, inputs, ignore=frozenset(), config=config).differences == []
    assert cloud.service.read(urn(token, "thing"), resource_id, inputs, outputs, config=config) is not None
    again = cloud.service.update(urn(token, "thing"), resource_id, inputs, outputs, preview=False, config=config)
    assert again.get("arn") == outputs.get("arn")
    assert again.get("selfLink") == outputs.get("selfLink")
    try:
        cloud.service.delete(urn(token, "thing"), resource_id, inputs, outputs, config=config)
    except RefusedError as error:
        if "deletionProtection" not in str(error):
            raise
