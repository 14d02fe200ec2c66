"""Serves the provider to the engine: the SDK's server, with errors that a user can read and resources that are only partly made."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.provider import server as components_server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from .engine import EngineLog
from .errors import PartialError, ResourceError
from .provider import DiffRequest, ModelDeployProvider
from .schema import Components

Answer = TypeVar("Answer")

GRACE_SECONDS = 2
"""How long running calls may take to end after an interrupt; language hosts kill a plugin after 2.5 seconds or more."""


class Servicer(ProviderServicer):
    """The SDK's servicer, with what it lacks for custom resources (see each method)."""

    def __init__(self, version: str, provider: ModelDeployProvider, components: Callable[[], Components], log: EngineLog, engine: str = "") -> None:
        super().__init__([], version, provider, engine)
        self._custom = provider
        self._load_components = components
        self._log = log
        self._component_servicer: Any = None
        log.connect(engine)

    async def interrupt(self) -> None:
        """What `Cancel` does, for a plugin whose process is asked to end."""
        await self._custom.cancel()

    async def Attach(self, request: proto.PluginAttach, context: Any) -> empty_pb2.Empty:
        """Takes the address of an engine that attached to a running plugin (`PULUMI_DEBUG_PROVIDERS`)."""
        self._engine_address = request.address
        self._log.connect(request.address)
        return empty_pb2.Empty()

    async def Construct(self, request: proto.ConstructRequest, context: Any) -> proto.ConstructResponse:
        """Hands the construction of a component to the SDK's component host."""
        if self._component_servicer is None:
            self._component_servicer = components_server.ProviderServicer(self._load_components(), [], self._engine_address)
        return await self._component_servicer.Construct(request, context)

    async def Diff(self, request: proto.DiffRequest, context: Any) -> proto.DiffResponse:
        """As the SDK's; besides, it passes on the old inputs."""
        unmarshal = PropertyValue.unmarshal_map
        wanted = DiffRequest(request.urn, request.id, unmarshal(request.olds), unmarshal(request.news), list(request.ignoreChanges))
        wanted.old_inputs = unmarshal(request.old_inputs)
        answer = await self._custom.diff(wanted)
        kinds = provider_pb2.PropertyDiff.Kind
        return proto.DiffResponse(
            replaces=answer.replaces,
            deleteBeforeReplace=answer.delete_before_replace,
            diffs=answer.diffs,
            changes=proto.DiffResponse.DIFF_SOME if answer.changes else proto.DiffResponse.DIFF_NONE,
            detailedDiff={
                path: proto.PropertyDiff(kind=kinds.Value(each.kind.name), inputDiff=each.input_diff) for path, each in answer.detailed_diff.items()
            },
            hasDetailedDiff=True,
        )

    async def Check(self, request: proto.CheckRequest, context: Any) -> proto.CheckResponse:
        """As the SDK's, with readable errors."""
        return await self._answer(super().Check(request, context), context)

    async def Create(self, request: proto.CreateRequest, context: Any) -> proto.CreateResponse:
        """As the SDK's, with readable errors and partial results."""
        return await self._answer(cast(Any, super()).Create(request, context), context)

    async def Read(self, request: proto.ReadRequest, context: Any) -> proto.ReadResponse:
        """As the SDK's, with readable errors and partial results; a resource that is gone has no id."""
        return await self._answer(cast(Any, super()).Read(request, context), context)

    async def Update(self, request: proto.UpdateRequest, context: Any) -> proto.UpdateResponse:
        """As the SDK's, with readable errors and partial results."""
        return await self._answer(cast(Any, super()).Update(request, context), context)

    async def Delete(self, request: proto.DeleteRequest, context: Any) -> empty_pb2.Empty:
        """As the SDK's, with readable errors."""
        return await self._answer(cast(Any, super()).Delete(request, context), context)

    async def Configure(self, request: proto.ConfigureRequest, context: Any) -> proto.ConfigureResponse:
        """As the SDK's, with readable errors."""
        return await self._answer(super().Configure(request, context), context)

    async def _answer(self, method: Awaitable[Answer], context: Any) -> Answer:
        """The SDK's methods wrap an exception in one whose text is a traceback, and keep the original as its context."""
        try:
            return await method
        except Exception as error:
            cause = error if isinstance(error, ResourceError) else error.__context__
            if isinstance(cause, ResourceError):
                await context.abort_with_status(_status(cause))
            raise


def _status(error: ResourceError) -> grpc.Status:
    """FAILED_PRECONDITION tells the engine that the state is known; UNKNOWN with details, that the resource is there but not ready."""
    status = cast(Any, grpc.Status())
    status.code = grpc.StatusCode.FAILED_PRECONDITION
    status.details = str(error)
    status.trailing_metadata = ()
    if isinstance(error, PartialError):
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=PropertyValue.marshal_map(error.properties),
            inputs=None if error.inputs is None else PropertyValue.marshal_map(error.inputs),
            reasons=[str(error)],
        )
        status.code = grpc.StatusCode.UNKNOWN
        packed = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        packed.details.add().Pack(detail)
        status.trailing_metadata = (("grpc-status-details-bin", packed.SerializeToString()),)
    return status


def serve(servicer: Callable[[str], Servicer]) -> None:
    """Runs the plugin: prints the port it listens on, as the engine expects, and serves until it is ended.

    The engine's address is the last positional argument: the language host that starts a plugin from its folder puts the folder before it.
    """
    arguments = argparse.ArgumentParser(description="Pulumi provider plugin modeldeploy; the Pulumi engine starts it")
    arguments.add_argument("address", nargs="*", default=[], help="address of the engine")
    known, _ = arguments.parse_known_args()
    engine = known.address[-1] if known.address else ""

    async def run() -> None:
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        served = servicer(engine)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(served, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await ended.wait()
        # An interrupted run: operations stop waiting, and what they leave still has to reach the engine's state.
        await served.interrupt()
        await server.stop(GRACE_SECONDS)

    asyncio.run(run())
