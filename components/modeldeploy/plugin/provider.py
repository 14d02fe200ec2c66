"""The provider `modeldeploy`: one plugin that hosts the components and serves our own custom resources."""

import contextlib
import json
from collections.abc import Callable, Generator, Mapping

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from . import schema
from .errors import PartialError
from .resource import Request, Resource, check, differences, top
from .values import UNKNOWN, from_properties, to_properties


class DiffRequest(sdk.DiffRequest):
    """The SDK's request with the old inputs, which the protocol has and the SDK leaves out."""

    old_inputs: Mapping[str, PropertyValue]


class ModelDeployProvider(sdk.Provider):
    """Serves custom resources, and says in its schema which components there are; the server hands construction to the SDK's component host."""

    def __init__(
        self,
        version: str,
        resources: list[Resource],
        components: Callable[[], "schema.Components | None"] = lambda: None,
        configure: Callable[[Mapping[str, str]], None] = lambda _: None,
        cancel: Callable[[], None] = lambda: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """`ready` raises `ResourceError` when something the resources need is not installed; a preview finds it out.

        `components` loads the component classes: only a schema or a construction needs them, and their cloud SDKs are slow to import."""
        self._version = version
        self._resources = {resource.token: resource for resource in resources}
        self._components = components
        self._configure = configure
        self._cancel = cancel
        self._ready = ready

    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:
        """The schema of components and resources."""
        return sdk.GetSchemaResponse(json.dumps(schema.package(self._version, self._components(), list(self._resources.values()))))

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Keeps what this provider reads: a project called modeldeploy has its own configuration, secrets included, under the same name."""
        return sdk.CheckResponse({name: value for name, value in request.new_inputs.items() if name in schema.CONFIGURATION})

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Takes the provider's configuration. The components need secrets, resources and outputs as they are."""
        self._configure(request.variables)
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=True)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Checks inputs and fills in defaults."""
        self._ready()
        wanted = Request(request.urn)
        resource = self._resource(wanted)
        old, new = from_properties(request.old_inputs), from_properties(request.new_inputs)
        inputs, problems = check(resource, wanted, new)
        if problems:
            return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure(each.path, each.reason) for each in problems])
        return sdk.CheckResponse(to_properties({**inputs, **resource.defaults(wanted, request.random_seed, old, inputs)}, request.new_inputs))

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Compares inputs with inputs: what the program said last (or the cloud, after a refresh) with what it says now."""
        resource = self._resource(Request(request.urn))
        old = request.old_inputs if isinstance(request, DiffRequest) else request.old_state
        before, after = from_properties(old), from_properties(request.new_inputs)
        alike = {name for name in {*before, *after} if resource.same(name, before.get(name), after.get(name))}
        before, after = ({name: value for name, value in each.items() if name not in alike} for each in (before, after))
        changes = differences(before, after)
        changes = {path: kind for path, kind in changes.items() if top(path) not in request.ignore_changes}
        replaces = sorted({top(path) for path in changes} & resource.immutable)
        detailed = {path: sdk.PropertyDiff(_kind(kind, top(path) in replaces), True) for path, kind in changes.items()}
        return sdk.DiffResponse(
            changes=bool(changes),
            replaces=replaces,
            delete_before_replace=bool(replaces) and resource.exclusive,
            diffs=sorted({top(path) for path in changes}),
            detailed_diff=detailed,
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Makes a resource."""
        wanted = Request(request.urn, request.timeout)
        resource = self._resource(wanted)
        inputs = from_properties(request.properties)
        if request.preview:
            unknown = schema.output_names(resource) - schema.input_names(resource)
            return sdk.CreateResponse("", to_properties({**dict.fromkeys(unknown, UNKNOWN), **inputs}, request.properties))
        with _secrets(request.properties):
            state = await resource.create(wanted, inputs)
        return sdk.CreateResponse(state.id, to_properties({**inputs, **state.outputs}, request.properties))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Reads a resource, for `pulumi refresh` and `pulumi import`."""
        wanted = Request(request.urn)
        inputs, outputs = from_properties(request.inputs), from_properties(request.properties)
        with _secrets(request.inputs):
            state = await self._resource(wanted).read(wanted, request.resource_id, inputs, outputs)
        if state is None:
            return sdk.ReadResponse("")
        marked = to_properties({**state.inputs, **state.outputs}, request.inputs)
        return sdk.ReadResponse(state.id, marked, to_properties(state.inputs, request.inputs))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Changes a resource in place."""
        wanted = Request(request.urn, request.timeout)
        resource = self._resource(wanted)
        old, inputs = from_properties(request.olds), from_properties(request.news)
        if request.preview:
            kept = {name: old.get(name) for name in schema.output_names(resource) - resource.volatile}
            return sdk.UpdateResponse(to_properties({**kept, **dict.fromkeys(resource.volatile, UNKNOWN), **inputs}, request.news))
        with _secrets(request.news):
            outputs = await resource.update(wanted, request.resource_id, old, inputs)
        return sdk.UpdateResponse(to_properties({**inputs, **outputs}, request.news))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Deletes a resource."""
        wanted = Request(request.urn, request.timeout)
        await self._resource(wanted).delete(wanted, request.resource_id, from_properties(request.properties))

    async def cancel(self) -> None:
        """Ends every wait: the clouds' operations go on, and the next update takes them up."""
        self._cancel()

    def _resource(self, request: Request) -> Resource:
        return self._resources[request.token]


@contextlib.contextmanager
def _secrets(like: Mapping[str, PropertyValue]) -> Generator[None]:
    """Keeps secrets secret in the state that a partial result brings."""
    try:
        yield
    except PartialError as error:
        error.protect(like)
        raise


def _kind(change: str, replaces: bool) -> sdk.PropertyDiffKind:
    return sdk.PropertyDiffKind[f"{change.upper()}_REPLACE" if replaces else change.upper()]
