"""Speaks Pulumi's provider protocol with our plugin, in this process, as the engine does: over gRPC, with Check before everything else."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import grpc.aio
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from modeldeploy.gcp.vertex.provider import Vertex
from modeldeploy.plugin.engine import EngineLog
from modeldeploy.plugin.provider import ModelDeployProvider
from modeldeploy.plugin.server import Servicer

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
DETAILS = "grpc-status-details-bin"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(values)


class Failed(Exception):
    """What the engine is told; `partial` is the resource that is there all the same."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code: grpc.StatusCode = error.code()
        self.partial: provider_pb2.ErrorResourceInitFailed | None = None
        for key, value in error.trailing_metadata() or ():
            if key == DETAILS:
                status = status_pb2.Status.FromString(value)
                self.partial = provider_pb2.ErrorResourceInitFailed()
                assert status.details[0].Unpack(self.partial)

    @property
    def properties(self) -> dict[str, Any]:
        assert self.partial is not None, f"nothing is left: {self}"
        return plain(self.partial.properties)


class CheckFailed(Exception):
    def __init__(self, failures: Any) -> None:
        self.failures = {each.property: each.reason for each in failures}
        super().__init__(str(self.failures))


@dataclass
class Resource:
    """A resource as the engine keeps it in its state."""

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class EngineLogServer(engine_pb2_grpc.EngineServicer):
    messages: list[str] = field(default_factory=list[str])

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:
        self.messages.append(request.message)
        return empty_pb2.Empty()


class Plugin:
    """The plugin, and the engine's part of the conversation."""

    def __init__(self, **configuration: str) -> None:
        self.log = EngineLogServer()
        self._engine = grpc.server(ThreadPoolExecutor(2))
        engine_pb2_grpc.add_EngineServicer_to_server(self.log, self._engine)
        engine_port = self._engine.add_insecure_port("127.0.0.1:0")
        self._engine.start()
        started: threading.Event = threading.Event()
        self._loop = asyncio.new_event_loop()
        port: list[int] = []

        async def serve() -> None:
            log = EngineLog()
            vertex = Vertex(log)
            provider = ModelDeployProvider("0.1.0", vertex.resources, configure=vertex.configure, cancel=vertex.cancel, ready=vertex.ready)
            self._server = grpc.aio.server()
            servicer = Servicer("0.1.0", provider, lambda: pytest_fail(), log, f"127.0.0.1:{engine_port}")
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, self._server)
            port.append(self._server.add_insecure_port("127.0.0.1:0"))
            await self._server.start()
            started.set()
            await self._server.wait_for_termination()

        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[serve()], daemon=True)
        self._thread.start()
        assert started.wait(10)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port[0]}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.call("Configure", proto.ConfigureRequest(variables={f"modeldeploy:config:{k}": v for k, v in configuration.items()}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(None), self._loop)
        self._thread.join(10)
        self._channel.close()
        self._engine.stop(None)

    def call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise Failed(error) from None

    def cancel(self) -> None:
        self.call("Cancel", empty_pb2.Empty())

    def check(self, urn: str, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.call("Check", proto.CheckRequest(urn=urn, olds=struct(olds or {}), news=struct(news), randomSeed=b"seed"))
        if answer.failures:
            raise CheckFailed(answer.failures)
        return plain(answer.inputs)

    def diff(self, resource: Resource, news: dict[str, Any]) -> Any:
        checked = self.check(resource.urn, news, resource.inputs)
        request = proto.DiffRequest(
            urn=resource.urn, id=resource.id, olds=struct(resource.outputs), news=struct(checked), old_inputs=struct(resource.inputs)
        )
        return self.call("Diff", request)

    def create(self, urn: str, news: dict[str, Any], *, preview: bool = False, timeout: float = 0) -> Resource:
        checked = self.check(urn, news)
        answer = self.call("Create", proto.CreateRequest(urn=urn, properties=struct(checked), preview=preview, timeout=timeout))
        return Resource(urn, answer.id, checked, plain(answer.properties))

    def read(self, resource: Resource) -> Resource | None:
        request = proto.ReadRequest(urn=resource.urn, id=resource.id, properties=struct(resource.outputs), inputs=struct(resource.inputs))
        answer = self.call("Read", request)
        return Resource(resource.urn, answer.id, plain(answer.inputs), plain(answer.properties)) if answer.id else None

    def update(self, resource: Resource, news: dict[str, Any], *, preview: bool = False, timeout: float = 0) -> Resource:
        checked = self.check(resource.urn, news, resource.inputs)
        request = proto.UpdateRequest(
            urn=resource.urn,
            id=resource.id,
            olds=struct(resource.outputs),
            news=struct(checked),
            old_inputs=struct(resource.inputs),
            preview=preview,
            timeout=timeout,
        )
        return Resource(resource.urn, resource.id, checked, plain(self.call("Update", request).properties))

    def delete(self, resource: Resource, *, timeout: float = 0) -> None:
        self.call("Delete", proto.DeleteRequest(urn=resource.urn, id=resource.id, properties=struct(resource.outputs), timeout=timeout))


def pytest_fail() -> Any:
    raise AssertionError("components are not loaded for custom resources")


def urn(kind: str, name: str = "pricing") -> str:
    return f"urn:pulumi:dev::test::modeldeploy:index:VertexEndpoint$modeldeploy:index:{kind}::{name}"
