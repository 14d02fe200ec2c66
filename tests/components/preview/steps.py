"""Steps of a preview, as the engine prints them."""

from typing import Any

STACK_URN = "urn:pulumi:pricing.dev::modeldeploy::pulumi:pulumi:Stack::modeldeploy-pricing.dev"


def urn(type: str, name: str) -> str:
    return f"urn:pulumi:pricing.dev::modeldeploy::{type}::{name}"


def step(type: str, name: str, *needs: str, parent: str = STACK_URN, op: str = "create", by: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A step of `pulumi preview --json`; types with `modeldeploy` are components."""
    state = {
        "urn": urn(type, name),
        "type": type,
        "custom": not type.startswith(("modeldeploy", "pulumi:pulumi")),
        "parent": parent,
        "dependencies": list(needs),
        "propertyDependencies": by or {},
    }
    return {"op": op, "urn": state["urn"], "oldState" if op == "delete" else "newState": state}


def preview(*steps: dict[str, Any]) -> dict[str, Any]:
    """The whole of it."""
    stack = {"op": "create", "urn": STACK_URN, "newState": {"urn": STACK_URN, "type": "pulumi:pulumi:Stack", "custom": False}}
    return {"config": {}, "steps": [stack, *steps], "changeSummary": {"create": len(steps) + 1}}
