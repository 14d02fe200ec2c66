"""What the providers do, without the protocol: check, diff, create, read, update, delete and invoke on plain values."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, cast

from sandbox import azure_templates, faults, invokes, references, rules
from sandbox.check import as_declared, check_resource, show
from sandbox.clouds import Row, row
from sandbox.clouds.kubernetes import ROWS as KUBERNETES_ROWS
from sandbox.config import ProviderConfig
from sandbox.diff import Change, Difference, compare
from sandbox.identity import id_template, name_property, realm
from sandbox.metadata import ResourceType, UnknownTypeError, catalog
from sandbox.naming import DEFAULTS, Wish, apply_name, was_chosen
from sandbox.outputs import make_id, make_outputs, new_nonce, preview_outputs, with_defaults
from sandbox.replacement import generic, replaces
from sandbox.store import Record, Store
from sandbox.templates import is_made_up, placeholders
from sandbox.urns import package_of, parse
from sandbox.values import UNKNOWN, Inputs, Refusal
from sandbox.wire import PropertyPath

_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The cloud refuses an operation."""

    def __init__(self, subject: str, refusals: list[Refusal]) -> None:
        self.refusals = refusals
        reasons = "; ".join(f"{refusal.property}: {refusal.reason}" if refusal.property else refusal.reason for refusal in refusals)
        super().__init__(f"{subject}: {reasons}")


class MissingError(Exception):
    """An operation on something that is not there."""


@dataclass(frozen=True)
class Diff:
    """The outcome of a comparison."""

    differences: list[Difference]
    replacing: frozenset[PropertyPath]
    delete_first: bool


class Service:
    """The providers of all served packages over one store."""

    def __init__(self, store: Store, deployed_models: Callable[[str], list[str]] = lambda _: []) -> None:
        """`deployed_models` tells which models Vertex AI's API has put on an endpoint."""
        self.store = store
        self._deployed_models = deployed_models

    def check(self, urn: str, new: Inputs, *, old: Inputs, seed: bytes, wish: Wish | None, config: ProviderConfig) -> tuple[Inputs, list[Refusal]]:
        """The inputs as the provider completes them, and why it refuses them."""
        parsed = parse(urn)
        if old:
            self.store.acknowledge_urn(urn)
        resource, table = self.resource_type(parsed.token)
        new = {name: value for name, value in new.items() if value is not None and not name.startswith("__")}
        new = self._azure_location(resource, new, config)
        named, problems = apply_name(resource, table, new, old_inputs=old, logical_name=parsed.name, seed=seed, wish=wish)
        problems += check_resource(catalog(resource.package), resource, named)
        if resource.token.endswith(":machinelearningservices:OnlineEndpoint"):
            problems += list(rules.traffic_shape(named))
        if not problems:
            problems += _vendor_check(resource.token, as_declared(catalog(resource.package), resource, named))
        return named, problems

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Inputs,
        new: Inputs,
        *,
        old_state: Inputs | None = None,
        ignore: frozenset[str],
        config: ProviderConfig,
    ) -> Diff:
        """What an update would change, and whether it needs a new resource. Only a cluster's provider looks at `old_state`."""
        resource, table = self.resource_type(parse(urn).token)
        record = self._find(resource, table, resource_id, old_inputs, config)
        if record is not None:
            self.store.acknowledge(record)
        differences = [item for item in compare(old_inputs, new) if generic(item.path) not in ignore and str(item.path[0]) not in ignore]
        replacing = frozenset(
            item.path
            for item in differences
            if replaces(catalog(resource.package), resource, table, item.path) and not self._same_place(item, old_inputs, new, record)
        )
        delete_first = bool(replacing) and self._keeps_id(resource, table, resource_id, old_inputs, new, config)
        return Diff(differences, replacing, delete_first)

    def create(
        self, urn: str, inputs: Inputs, *, preview: bool, config: ProviderConfig, cancelled: threading.Event | None = None
    ) -> tuple[str, Inputs]:
        """Make a resource: its id and state. Recorded before the answer leaves."""
        resource, table = self.resource_type(parse(urn).token)
        if preview:
            return "", preview_outputs(resource, table, inputs)
        trigger = faults.due(self.store, resource.token, "create")
        faults.start(trigger, cancelled or threading.Event())
        with self.store.transaction():
            for left in self.store.discard_interrupted(urn):
                _log.info("%s was left by an interrupted create of %s: the new create takes its place", left.label, urn)
            nonce = new_nonce()
            completed = with_defaults(resource, inputs, config, nonce)
            resource_id = make_id(resource, table, completed, config, nonce)
            space = realm(resource.token, table, completed, config)
            held = self.store.get(resource.token, space, resource_id) if table.shared else None
            if held is not None:
                return held.id, held.outputs
            unique = self._refuse_taken(resource, table, resource_id, space, completed, None)
            found = self._refuse_write(resource, table, resource_id, completed, None, config)
            outputs = make_outputs(resource, table, completed, resource_id, config, nonce)
            record = self.store.insert(
                Record(
                    token=resource.token,
                    realm=space,
                    id=resource_id,
                    urn=urn,
                    nonce=nonce,
                    inputs=inputs,
                    outputs=outputs,
                    unique_key=unique,
                )
            )
            self.store.set_edges(record, found)
            self._deploy_template(resource, resource_id, inputs, config)
        faults.finish(trigger)
        return resource_id, outputs

    def read(self, urn: str, resource_id: str, inputs: Inputs, state: Inputs, *, config: ProviderConfig) -> tuple[Inputs, Inputs] | None:
        """The inputs and state of what exists under an id, or None."""
        resource, table = self.resource_type(parse(urn).token)
        faults.start(trigger := faults.due(self.store, resource.token, "read"), threading.Event())
        record = self._find(resource, table, resource_id, inputs or state, config)
        faults.finish(trigger)
        if record is None:
            return None
        self.store.acknowledge(record)
        if not inputs:
            return record.inputs, record.outputs
        current = {name: record.inputs.get(name, record.outputs.get(name)) for name in inputs if name != DEFAULTS}
        current = {name: value for name, value in current.items() if value is not None}
        return ({**current, DEFAULTS: inputs[DEFAULTS]} if DEFAULTS in inputs else current), record.outputs

    def update(
        self,
        urn: str,
        resource_id: str,
        new: Inputs,
        old_state: Inputs,
        *,
        preview: bool,
        config: ProviderConfig,
        ignore: frozenset[str] = frozenset(),
        cancelled: threading.Event | None = None,
    ) -> Inputs:
        """Change a resource in place: its new state. Only a cluster's provider looks at `ignore`: the engine has put the old values in for it."""
        resource, table = self.resource_type(parse(urn).token)
        record = self._find(resource, table, resource_id, {**old_state, **new}, config)
        if preview:
            return self._preview_update(resource, table, record, resource_id, new, old_state, config)
        if record is None:
            raise MissingError(f"{resource.token} '{resource_id}' does not exist in this sandbox any more: run `pulumi refresh`, then update again")
        trigger = faults.due(self.store, resource.token, "update")
        faults.start(trigger, cancelled or threading.Event())
        with self.store.transaction():
            self.store.acknowledge(record)
            outputs = self._write(replace(record, urn=urn, acknowledged=True), new, config)
            self._deploy_template(resource, record.id, new, config)
        faults.finish(trigger)
        return outputs

    def delete(
        self, urn: str, resource_id: str, inputs: Inputs, state: Inputs, *, config: ProviderConfig, cancelled: threading.Event | None = None
    ) -> None:
        """Delete a resource. One that is gone already is deleted."""
        resource, table = self.resource_type(parse(urn).token)
        trigger = faults.due(self.store, resource.token, "delete")
        faults.start(trigger, cancelled or threading.Event())
        with self.store.transaction():
            record = self._find(resource, table, resource_id, {**state, **inputs}, config)
            if record is None:
                return
            refusals = rules.delete_refusals(self._situation(resource, record.id, record.inputs, record))
            if table.guarded:
                refusals += [
                    Refusal("", f"still in use by {source.label} (its {path})") for source, path in references.blockers(self.store, record, table)
                ]
            if refusals:
                self.store.acknowledge(record)
            else:
                for gone in [*references.contents(self.store, record, table), record]:
                    self.store.delete(gone)
        if refusals:
            raise RefusedError(f"deleting {resource.token} '{resource_id}'", refusals)
        faults.finish(trigger)

    def invoke(self, token: str, arguments: Inputs, config: ProviderConfig) -> Inputs:
        """Call a provider function."""
        faults.start(trigger := faults.due(self.store, token, "invoke"), threading.Event())
        result = invokes.invoke(invokes.Call(token=token, arguments=arguments, config=config, store=self.store))
        faults.finish(trigger)
        return result

    def _write(self, record: Record, new: Inputs, config: ProviderConfig) -> Inputs:
        """Give an existing resource new inputs: its new state."""
        resource, table = self.resource_type(record.token)
        completed = with_defaults(resource, new, config, record.nonce)
        unique = self._refuse_taken(resource, table, record.id, record.realm, completed, record)
        found = self._refuse_write(resource, table, record.id, completed, record, config)
        outputs = make_outputs(resource, table, completed, record.id, config, record.nonce)
        outputs = _next_published(record, new, _next_generation(resource, record, outputs))
        changed = replace(record, inputs=new, outputs=outputs, unique_key=unique)
        self.store.update(changed)
        self.store.set_edges(changed, found)
        return outputs

    def _deploy_template(self, resource: ResourceType, resource_id: str, inputs: Inputs, config: ProviderConfig) -> None:
        """An ARM deployment writes the resources of its template."""
        if resource.token != azure_templates.TOKEN:
            return
        refusals = azure_templates.deploy(self.store, resource_id, inputs, lambda record, new: self._write(record, new, config))
        if refusals:
            raise RefusedError(f"deploying {resource.token} '{resource_id}'", refusals)

    def resource_type(self, token: str) -> tuple[ResourceType, Row]:
        """What is known of a type."""
        package = package_of(token)
        try:
            return catalog(package).resource(token), row(token)
        except UnknownTypeError:
            custom = _custom_object(token) if package == "kubernetes" else None
            if custom is None:
                raise
            return custom, KUBERNETES_ROWS.get(token, Row())

    def _find(self, resource: ResourceType, table: Row, resource_id: str, properties: Inputs, config: ProviderConfig) -> Record | None:
        return self.store.get(resource.token, realm(resource.token, table, properties, config), resource_id)

    def _azure_location(self, resource: ResourceType, inputs: Inputs, config: ProviderConfig) -> Inputs:
        """A resource without a location takes the provider's, or its resource group's."""
        if resource.package != "azure-native" or "location" not in resource.inputs or inputs.get("location") is not None:
            return inputs
        location: Any = config.location
        group = inputs.get("resourceGroupName")
        if location is None and group is UNKNOWN:
            location = UNKNOWN
        if location is None and isinstance(group, str):
            for record in self.store.by_handle(f"/subscriptions/{config.subscription}/resourceGroups/{group}", attribute="id"):
                location = record.outputs.get("location")
        return inputs if location is None else {**inputs, "location": location}

    def _same_place(self, item: Difference, old_inputs: Inputs, new: Inputs, record: Record | None) -> bool:
        """Whether a place that is newly written down, or in other letters, is where the resource is already."""
        name = str(item.path[0])
        if name not in ("location", "region", "project", "zone") or record is None or len(item.path) > 1:
            return False
        before = old_inputs.get(name, record.outputs.get(name))
        after = new.get(name)
        if item.change is Change.DELETE:
            return True
        return isinstance(before, str) and isinstance(after, str) and _place(before) == _place(after)

    def _keeps_id(self, resource: ResourceType, table: Row, resource_id: str, old: Inputs, new: Inputs, config: ProviderConfig) -> bool:
        """Whether the replacement would have the same id or name, so that the old one must go first."""
        if was_chosen(resource, table, new):
            return False
        template = id_template(resource, table)
        if table.unique and all(old.get(name) == new.get(name) for name in table.unique):
            return True
        if is_made_up(template):
            return False
        used = [name.split(".")[0] for name in placeholders(template)]
        if resource.package == "kubernetes":
            return not compare(_identity(old), _identity(new))
        return all(old.get(name) == new.get(name) or new.get(name) is None for name in used)

    def _refuse_taken(self, resource: ResourceType, table: Row, resource_id: str, space: str, completed: Inputs, record: Record | None) -> str | None:
        """The key of the name nobody else may have; refuses when somebody has it."""
        held = self.store.get(resource.token, space, resource_id)
        if held is not None and (record is None or held.number != record.number):
            raise RefusedError(
                f"creating {resource.token} '{resource_id}'",
                [Refusal(_name_of(resource, table), f"already exists (made by {held.urn}): choose another name, or import it")],
            )
        if not table.unique:
            return None
        values = [str(completed.get(name)).lower() for name in table.unique]
        key = "|".join([resource.token, space, *values])
        holder = self.store.with_unique_key(key)
        if holder is not None and (record is None or holder.number != record.number):
            shown = ", ".join(f"{name} {show(completed.get(name))}" for name in table.unique if completed.get(name) is not None)
            raise RefusedError(
                f"creating {resource.token} '{resource_id}'",
                [Refusal(table.unique[0], f"{holder.label} has the same {shown}, which must be unique")],
            )
        return key

    def _refuse_write(
        self, resource: ResourceType, table: Row, resource_id: str, completed: Inputs, record: Record | None, config: ProviderConfig
    ) -> references.Found:
        found, problems = references.resolve(self.store, resource, table, completed, resource_id, config)
        problems += rules.write_refusals(self._situation(resource, resource_id, completed, record))
        if problems:
            verb = "updating" if record is not None else "creating"
            raise RefusedError(f"{verb} {resource.token} '{resource_id}'", problems)
        return found

    def _situation(self, resource: ResourceType, resource_id: str, inputs: Inputs, record: Record | None) -> rules.Situation:
        return rules.Situation(self.store, resource.token, resource_id, inputs, record, self._deployed_models)

    def _preview_update(
        self, resource: ResourceType, table: Row, record: Record | None, resource_id: str, new: Inputs, old_state: Inputs, config: ProviderConfig
    ) -> Inputs:
        if record is None:
            known = {name: value for name, value in new.items() if name != DEFAULTS}
            return {**old_state, **known}
        completed = with_defaults(resource, new, config, record.nonce)
        return make_outputs(resource, table, completed, resource_id, config, record.nonce)


def _vendor_check(token: str, inputs: Inputs) -> list[Refusal]:
    """The checks against the vendors' own published models, where they are installed."""
    try:
        models = import_module("sandbox.models")
    except ImportError:
        return []
    check = getattr(models, "check", None)
    if not callable(check):
        return []
    given = {name: value for name, value in inputs.items() if name != DEFAULTS}
    return cast("list[Refusal]", check(token, given))


def _custom_object(token: str) -> ResourceType | None:
    """A custom resource (`kubernetes:gateway.networking.k8s.io/v1:HTTPRoute`): any shape, since its definition lives in the cluster."""
    parts = token.split(":")
    if len(parts) != 3 or "." not in parts[1].split("/")[0] or "/" not in parts[1]:
        return None
    return ResourceType(token=token, package="kubernetes", inputs={}, state={}, doc="", open=True)


def _next_generation(resource: ResourceType, record: Record, outputs: Inputs) -> Inputs:
    if resource.package != "kubernetes":
        return outputs
    before = cast("Inputs", record.outputs.get("metadata") or {})
    metadata = cast("Inputs", outputs.get("metadata") or {})
    return {**outputs, "metadata": {**metadata, "generation": int(before.get("generation") or 1) + 1}}


def _next_published(record: Record, new: Inputs, outputs: Inputs) -> Inputs:
    """A function that publishes has one more version after each change of its code or configuration."""
    if record.token != "aws:lambda/function:Function" or not new.get("publish"):
        return outputs
    version = int(record.outputs.get("version") or 1)
    changed = {str(item.path[0]) for item in compare(record.inputs, new)} - _NOT_PUBLISHED
    published = str(version + bool(changed))
    again = {
        name: str(outputs[name]).replace(f"{outputs['arn']}:1", f"{outputs['arn']}:{published}") for name in ("qualifiedArn", "qualifiedInvokeArn")
    }
    return {**outputs, **again, "version": published}


_NOT_PUBLISHED = frozenset({"tags", "reservedConcurrentExecutions", "publish", DEFAULTS})
"""What of a function is not in its versions."""


def _identity(inputs: Inputs) -> Inputs:
    metadata = cast("Inputs", inputs.get("metadata") or {})
    return {"name": metadata.get("name"), "namespace": metadata.get("namespace")}


def _name_of(resource: ResourceType, table: Row) -> str:
    rule = name_property(resource, table)
    return rule.property if rule is not None else "id"


def _place(text: str) -> str:
    return text.replace(" ", "").lower().rsplit("/", 1)[-1]
