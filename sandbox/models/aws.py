"""AWS: CloudFormation's resource schemas first, botocore's shapes beside them where those are thin (Batch, API Gateway).

A value that either model refuses is refused. Lists of instance types are those of all regions together, because the region is the provider's
configuration, not the resource's.
"""

import functools
from dataclasses import replace

from sandbox.models import botocore_shapes, cloudformation, sdk, tables
from sandbox.models.bound import Bound, bind

_SERVICES = {
    "acm": "CertificateManager",
    "appautoscaling": "ApplicationAutoScaling",
    "cfg": "Config",
    "lb": "ElasticLoadBalancingV2",
    "sfn": "StepFunctions",
    "vpc": "EC2",
}
"""Modules of pulumi-aws that CloudFormation calls by another name."""


@functools.cache
def bound(token: str) -> tuple[Bound, ...]:
    """The models of a resource type. A type that the table does not list is looked up by its own name in CloudFormation.

    What CloudFormation requires counts only for types in the table: for the others nobody has looked what the provider fills in.
    """
    given = sdk.arguments(token)
    if given is None:
        return ()
    resource = token.rpartition(":")[2]
    entry = tables.table("aws").get(token)
    if entry is None:
        module = token.split(":")[1].split("/")[0]
        name = cloudformation.type_name(_SERVICES.get(module, module), resource)
        if name is None:
            return ()
        unreviewed = replace(tables.defaults("aws"), optional=frozenset(("*",)))
        return (bind(cloudformation.source(name, {}), given, resource, unreviewed, {}),)
    made: list[Bound] = []
    for model in entry.models:
        shape = model.removeprefix("boto:")
        source = botocore_shapes.source(shape) if shape != model else cloudformation.source(model, entry.extensions)
        made.append(bind(source, given, resource, entry.exceptions[model], entry.ignore))
    return tuple(made)


@functools.cache
def create_only(token: str) -> frozenset[str]:
    """The inputs that CloudFormation says cannot be changed in place; only those that it holds as one property of its own.

    Less those that Terraform's provider changes in place all the same, by another call or by detaching and attaching (`in_place` in the table).
    """
    found: set[str] = set()
    entry = tables.table("aws").get(token)
    for one in bound(token):
        if not isinstance(one.source.document, cloudformation.Resource) or (entry is not None and any("/" in model for model in entry.models)):
            continue
        fixed = set(one.source.document.create_only)
        found |= {name for name, link in one.root.links.items() if link.to in fixed}
    return frozenset(found - (entry.in_place if entry is not None else frozenset[str]()))
