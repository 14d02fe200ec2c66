"""Events of a preview that streams JSON, as the engine prints them (`test_engine.py` holds the real ones against what is read)."""

import json
from typing import Any

from .steps import STACK_URN, urn

KEY = "aws:kms/key:Key"


def step(operation: str, type: str, name: str, **more: Any) -> str:
    """A resource is about to change; `more` is further metadata."""
    state = {"custom": not type.startswith("modeldeploy"), "type": type}
    old, new = (None, state) if operation == "create" else (state, None) if operation == "delete" else (state, state)
    return json.dumps({"resourcePreEvent": {"metadata": {"op": operation, "urn": urn(type, name), "type": type, "old": old, "new": new, **more}}})


def policy(name: str, message: str, *, level: str = "mandatory", resource: str = urn(KEY, "key")) -> str:
    """A policy is violated."""
    return json.dumps({"policyEvent": {"policyName": name, "message": message, "enforcementLevel": level, "resourceUrn": resource}})


def error(message: str, severity: str = "error") -> str:
    """Something is said."""
    return json.dumps({"diagnosticEvent": {"message": message, "severity": severity}})


def stack(before: Any = None, after: Any = None) -> str:
    """The stack's outputs are known."""
    old, new = ({"outputs": outputs} if outputs is not None else None for outputs in (before, after))
    return json.dumps({"resOutputsEvent": {"metadata": {"op": "same", "urn": STACK_URN, "type": "pulumi:pulumi:Stack", "old": old, "new": new}}})


ORDINARY = [
    step("create", "modeldeploy:index:SageMakerEndpoint", "pricing"),
    step("create", "pulumi:providers:aws", "default"),
    step("create", "aws:sns/topic:Topic", "alarms"),
    step("same", KEY, "key"),
    step("update", "aws:s3/bucket:Bucket", "models", detailedDiff={"tags.owner": {"diffKind": "update"}}, diffs=["tags"]),
    step("replace", "aws:rds/instance:Instance", "data", detailedDiff={"engine": {"diffKind": "update-replace"}, "tags": {"diffKind": "add"}}),
    step("create-replacement", "aws:rds/instance:Instance", "data"),
    step("delete-replaced", "aws:rds/instance:Instance", "data"),
    step("delete", "aws:sqs/queue:Queue", "left"),
    stack({"monthly_cost_usd": 100}, {}),
    stack({"monthly_cost_usd": 100}, {"monthly_cost_usd": 112.5}),
]
