"""The schema of the plugin: components and resources in one package, from their Python classes."""

import dataclasses
import inspect
import json
import typing
from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.errors import InputPropertiesError, InputPropertyError
from pulumi.output import Inputs
from pulumi.provider import ConstructResult
from pulumi.provider import Provider as BaseProvider
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, PropertyDefinition, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.schema import ComplexType, Property, generate_schema, remove_none
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ComponentInitError

from modeldeploy.spec.arguments import unknown_name

from .resource import Resource
from .wire import wire_path

PACKAGE = "modeldeploy"


class DataclassAnalyzer(Analyzer):
    """The SDK's analyzer, which knows TypedDicts, for argument classes that are dataclasses."""

    def analyze_type(self, typ: type, *, is_component_output: bool) -> tuple[dict[str, PropertyDefinition], dict[str, str]]:
        """As the SDK does; besides, a field with a default is optional."""
        properties, mapping = super().analyze_type(typ, is_component_output=is_component_output)
        if dataclasses.is_dataclass(typ):
            for field in dataclasses.fields(typ):
                if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING:
                    properties[camel_case(field.name)].optional = True
        return properties, mapping

    def get_docstring(self, typ: type, name: str) -> str | None:
        """As the SDK does; besides, the docstring of an inherited field."""
        found = (super(DataclassAnalyzer, self).get_docstring(each, name) for each in typ.__mro__)
        return next((inspect.cleandoc(each) for each in found if each), None)


class Components(ComponentProvider):
    """The SDK's component host for components whose arguments are dataclasses."""

    def __init__(self, components: list[type[pulumi.ComponentResource]], version: str) -> None:
        self._name = PACKAGE
        self.analyzer = DataclassAnalyzer(PACKAGE)
        result = self.analyzer.analyze(components)
        self._components = {component.__name__: component for component in components}
        self._component_defs = result["component_definitions"]
        self._type_defs = result["type_definitions"]
        self._external_enum_types = result["external_enum_types"]
        self._dependencies = sorted(result["dependencies"], key=lambda each: f"{each.name}{each.version}")
        for definition in [*self._component_defs.values(), *self._type_defs.values()]:
            definition.description = inspect.cleandoc(definition.description or "")
        spec = generate_schema(PACKAGE, version, None, self._component_defs, self._type_defs, self._dependencies)
        BaseProvider.__init__(self, version, json.dumps(spec.to_json()))

    @property
    def spec(self) -> dict[str, Any]:
        """The schema of the components."""
        return json.loads(self.schema or "{}")

    def construct(self, name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None) -> ConstructResult:
        """As the SDK does; besides, arguments that a component refuses reach the user as input-property errors instead of a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, InputPropertiesError):
                details = error.inner.errors or []
                renamed = [{"property_path": wire_path(each["property_path"]), "reason": each["reason"]} for each in details]
                count = "an argument is" if len(renamed) == 1 else f"{len(renamed)} arguments are"
                raise InputPropertiesError(f"{count} not valid", cast(Any, renamed)) from error
            if isinstance(error.inner, InputPropertyError):
                raise error.inner from error
            raise

    def map_input_properties(
        self,
        inputs: Inputs,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Inputs:
        """As the SDK does; besides, a property that does not exist is an error, where the SDK drops it."""
        given = cast(object, inputs)
        if isinstance(given, Mapping):
            for name in cast(Mapping[str, object], given):
                if name not in properties:
                    path = f"{property_path}.{name}" if property_path else name
                    raise InputPropertyError(path, unknown_name(name, properties))
        return super().map_input_properties(inputs, properties, mapping, component_name, property_path)


def package(version: str, components: Components | None, resources: list[Resource]) -> dict[str, Any]:
    """The schema of everything the plugin serves."""
    nothing: dict[str, ComponentDefinition] = {}
    spec = components.spec if components else generate_schema(PACKAGE, version, None, nothing, {}, []).to_json()
    analyzer = DataclassAnalyzer(PACKAGE)
    for resource in resources:
        spec["resources"][resource.token] = _resource(analyzer, resource)
    ours: dict[str, TypeDefinition] = analyzer.type_definitions
    for name, definition in ours.items():
        definition.description = inspect.cleandoc(definition.description or "")
        spec["types"][f"{PACKAGE}:index:{name}"] = remove_none(ComplexType.from_definition(definition).to_json())
    return {
        **spec,
        "description": "Deploys machine-learning models on AWS, Azure and Google Cloud.",
        "license": "Apache-2.0",
        "config": {"variables": {name: {"type": "string", "description": text} for name, text in CONFIGURATION.items()}},
        "provider": {
            "description": "Configuration of the resources that modeldeploy serves itself; components use the clouds' own providers.",
            "inputProperties": {name: {"type": "string", "description": text} for name, text in CONFIGURATION.items()},
        },
    }


CONFIGURATION: dict[str, str] = {
    "vertexApiEndpoint": "Address of Vertex AI's API, in place of https://LOCATION-aiplatform.googleapis.com. Also MODELDEPLOY_VERTEX_API_ENDPOINT.",
    "vertexAnonymous": "`true` sends no credentials; only with vertexApiEndpoint. Also MODELDEPLOY_VERTEX_ANONYMOUS.",
}
"""What can be configured, by `pulumi config set modeldeploy:NAME VALUE` or as inputs of an explicit provider."""


def input_names(resource: Resource) -> set[str]:
    """Names of a resource's input properties."""
    return {camel_case(field.name) for field in dataclasses.fields(resource.arguments)}


def output_names(resource: Resource) -> set[str]:
    """Names of a resource's output properties."""
    return {camel_case(name) for name in _getters(resource.declaration)}


def _resource(analyzer: DataclassAnalyzer, resource: Resource) -> dict[str, Any]:
    inputs, _ = analyzer.analyze_type(resource.arguments, is_component_output=False)
    outputs: dict[str, Any] = {}
    required: list[str] = []
    for name, getter in _getters(resource.declaration).items():
        annotation = typing.get_type_hints(getter)["return"]
        definition = analyzer.analyze_property(annotation, resource.declaration, name, can_be_plain=False, is_component_output=True)
        outputs[camel_case(name)] = {**Property.from_definition(definition).to_json(), "description": inspect.cleandoc(getter.__doc__ or "")}
        if type(None) not in typing.get_args(typing.get_args(annotation)[0]):
            required.append(camel_case(name))
    described: dict[str, Any] = {}
    for name, definition in inputs.items():
        replaces = name in resource.immutable or None
        described[name] = {**Property.from_definition(definition).to_json(), "willReplaceOnChanges": replaces}
    return remove_none(
        {
            "description": inspect.cleandoc(resource.declaration.__doc__ or ""),
            "properties": outputs,
            "required": sorted(required),
            "inputProperties": described,
            "requiredInputs": sorted(name for name, definition in inputs.items() if not definition.optional),
        }
    )


def _getters(declaration: type) -> dict[str, Any]:
    return {name: each.fget for name, each in vars(declaration).items() if isinstance(each, property)}
