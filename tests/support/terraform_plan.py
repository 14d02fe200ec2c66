"""What a program registered, as the JSON of a Terraform plan: the form that scanners of Terraform read.

The bridged providers (aws, gcp) are Terraform's own: their properties are Terraform's arguments in camel case, with lists in the plural and a block
that may be there once as a map. What cannot be known from a property alone, `Dialect` says: which maps are maps and no blocks, which lists keep their
name.

    findings = scan(plan({"endpoint": endpoint_graph()}, GOOGLE), tmp_path)
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .mocks import Graph, Registration
from .tools import checkov

Json = dict[str, Any]


@dataclass(frozen=True)
class Dialect:
    """How a bridged provider's properties become Terraform's."""

    package: str
    """First part of its tokens: `gcp`."""
    provider: str
    """`registry.terraform.io/hashicorp/google`."""
    type_name: Callable[[str], str]
    """Terraform's type for a token."""
    maps: frozenset[str]
    """Properties, in snake case, that are maps of the user's own keys."""
    plurals: frozenset[str]
    """Lists of blocks, in snake case, whose name Terraform has in the plural as well."""


@dataclass(frozen=True, order=True)
class Finding:
    """What a scanner says against a resource."""

    check: str
    type: str
    component: str
    """The name the graph was given."""
    name: str
    """Logical name of the resource."""


def plan(graphs: Mapping[str, Graph], dialect: Dialect) -> Json:
    """The resources of several graphs, each as a part of one plan."""
    planned: list[Json] = []
    configured: list[Json] = []
    for component, graph in graphs.items():
        own = [each for each in graph.registrations if each.type.startswith(f"{dialect.package}:")]
        addresses = {each.urn: _address(component, each, dialect) for each in own}
        for each in own:
            header = {"address": addresses[each.urn], "mode": "managed", "type": dialect.type_name(each.type), "name": _label(component, each)}
            planned.append({**header, "provider_name": dialect.provider, "schema_version": 1, "values": _block(each.inputs, dialect)})
            expressions = {
                snake(name): {"references": [reference for urn in urns for reference in (f"{addresses[urn]}.id", addresses[urn])]}
                for name, urns in _references(each, addresses)
            }
            configured.append({**header, "provider_config_key": dialect.package, "expressions": expressions, "schema_version": 1})
    changes = [_change(each) for each in planned]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def scan(made: Json, folder: Path) -> set[Finding]:
    """Checkov's findings; the plan is written into `folder`."""
    file = folder / "plan.json"
    # Files that are uploaded have no form in a plan.
    file.write_text(json.dumps(made, default=str))
    command = [*checkov(), "--file", str(file), "--framework", "terraform_plan", "--skip-download", "--compact", "--quiet", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return {_finding(each) for each in json.loads(done.stdout)["results"]["failed_checks"]}


def _change(planned: Json) -> Json:
    return {**planned, "change": {"actions": ["create"], "before": None, "after": planned["values"], "after_unknown": {}}}


def snake(name: str) -> str:
    """`kmsKeyName` as `kms_key_name`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda match: f"_{match[0]}", name).lower()


def _finding(reported: Json) -> Finding:
    kind, _, label = str(reported["resource"]).partition(".")
    component, _, name = label.partition("--")
    return Finding(str(reported["check_id"]), kind, component, name)


def _label(component: str, each: Registration) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{component}--{each.name}")


def _address(component: str, each: Registration, dialect: Dialect) -> str:
    return f"{dialect.type_name(each.type)}.{_label(component, each)}"


def _references(each: Registration, addresses: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The properties whose values come from other resources of the plan, and which these are."""
    for name, dependencies in each.options.propertyDependencies.items():
        urns = [urn for urn in dependencies.urns if urn in addresses]
        if urns:
            yield name, urns


def _block(inputs: Mapping[str, Any], dialect: Dialect) -> Json:
    found: Json = {}
    for name, value in inputs.items():
        key = snake(name)
        if isinstance(value, Mapping) and key not in dialect.maps:
            found[key] = [_block(cast(Mapping[str, Any], value), dialect)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            found[key if key in dialect.plurals else singular(key)] = [_block(each, dialect) for each in cast(list[Mapping[str, Any]], value)]
        else:
            found[key] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """Whole numbers as Terraform writes them; the engine's protocol has floats only, which scanners do not take for numbers of days."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in cast(list[Any], value)]
    return value


def singular(name: str) -> str:
    """A block's name, as Terraform has it: `lifecycle_rules` is `lifecycle_rule`."""
    for ending, one in (("ies", "y"), ("ches", "ch"), ("sses", "ss"), ("s", "")):
        if name.endswith(ending) and not (ending == "s" and name.endswith("ss")):
            return name.removesuffix(ending) + one
    return name
