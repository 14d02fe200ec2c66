"""What a program registered with Azure, as an ARM template: the form that scanners of Azure read.

The azure-native provider writes ARM's own properties, but for what it lifts out of `properties`, and a few names. Types and paths are the sandbox's.

    findings = scan({"endpoint": endpoint_graph()}, tmp_path)
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sandbox.clouds import row
from sandbox.identity import id_template
from sandbox.metadata import catalog
from sandbox.templates import placeholders

from .mocks import Graph, Registration
from .terraform_plan import Finding
from .tools import checkov

Json = dict[str, Any]

_ENVELOPE = frozenset({"extendedLocation", "identity", "kind", "location", "managedBy", "plan", "sku", "tags", "zones"})
"""What ARM has beside `properties`."""
_INSIDE = {"Microsoft.Network/applicationGateways": frozenset({"sku"})}
"""What a type has in `properties` all the same."""
_NAMES = {"Microsoft.Storage/storageAccounts": {"enableHttpsTrafficOnly": "supportsHttpsTrafficOnly", "networkRuleSet": "networkAcls"}}
"""Properties that the provider calls otherwise."""
_PARTS = {
    "Microsoft.Network/networkSecurityGroups": frozenset({"securityRules"}),
    "Microsoft.Network/applicationGateways": frozenset(
        {
            "backendAddressPools",
            "backendHttpSettingsCollection",
            "frontendIPConfigurations",
            "frontendPorts",
            "gatewayIPConfigurations",
            "httpListeners",
            "probes",
            "redirectConfigurations",
            "requestRoutingRules",
            "rewriteRuleSets",
            "sslCertificates",
            "sslProfiles",
            "trustedRootCertificates",
            "urlPathMaps",
        }
    ),
}
"""Lists whose members have `properties` of their own."""


def template(graphs: Mapping[str, Graph]) -> tuple[Json, dict[str, tuple[str, str]]]:
    """The resources of several graphs as one template, and which graph and logical name each name in it stands for.

    Names are numbers: the provider makes the real ones. A resource that is part of another is within it, for checks that look there.
    """
    meant: dict[str, tuple[str, str]] = {}
    outermost: list[Json] = []
    for component, graph in graphs.items():
        made: dict[str, Json] = {}
        for each in graph.registrations:
            if not each.type.startswith("azure-native:") or each.type.endswith(":Deployment"):
                continue
            name = f"r{len(meant):05}"
            meant[name] = (component, each.name)
            made[each.urn] = resource = _resource(each, name)
            holder = next((made[urn] for urn in sorted(each.depends_on) if urn in made and _holds(made[urn], resource)), None)
            (outermost if holder is None else holder.setdefault("resources", [])).append(resource)
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": outermost}, meant


def scan(graphs: Mapping[str, Graph], folder: Path) -> set[Finding]:
    """Checkov's findings; the template is written into `folder`."""
    made, meant = template(graphs)
    file = folder / "template.json"
    file.write_text(json.dumps(made, indent=1, default=str))
    command = [*checkov(), "--file", str(file), "--framework", "arm", "--skip-download", "--compact", "--quiet", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return {_finding(each, meant) for each in json.loads(done.stdout)["results"]["failed_checks"]}


def _resource(each: Registration, name: str) -> Json:
    declared = catalog("azure-native").resource(each.type)
    path = id_template(declared, row(each.type))
    kind = _type(path)
    version = re.search(r"Azure REST API version ([\w-]+)\.", declared.doc)
    taken = set(placeholders(path))
    body: Json = {}
    properties: Json = {}
    for key, value in each.inputs.items():
        if key == "properties":
            properties |= value
        elif key in _ENVELOPE - _INSIDE.get(kind, frozenset()):
            body[key] = value
        elif key not in taken:
            properties[_NAMES.get(kind, {}).get(key, key)] = _parts(value) if key in _PARTS.get(kind, frozenset()) else value
    return {"type": kind, "apiVersion": version[1] if version else "", "name": name, **body, "properties": properties}


def _type(path: str) -> str:
    """`/subscriptions/{subscription}/.../providers/Microsoft.KeyVault/vaults/{vaultName}/keys/{name}` is `Microsoft.KeyVault/vaults/keys`."""
    namespace, *rest = path.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *rest[::2]])


def _parts(members: list[Json]) -> list[Json]:
    return [
        {
            **{key: value for key, value in each.items() if key in ("id", "name", "zones")},
            "properties": {key: value for key, value in each.items() if key not in ("id", "name", "zones")},
        }
        for each in members
    ]


def _holds(whole: Json, part: Json) -> bool:
    return cast(str, part["type"]).rpartition("/")[0] == whole["type"]


def _finding(reported: Json, meant: Mapping[str, tuple[str, str]]) -> Finding:
    kind, _, name = str(reported["resource"]).rpartition(".")
    return Finding(str(reported["check_id"]), kind, *meant[name])
