"""The engine's log, for messages that belong to a resource."""

import contextlib
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """Sends messages to the engine that runs this plugin; drops them where there is none (a test)."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._stub: Any = None

    def connect(self, address: str) -> None:
        """Uses the engine at `address` from now on."""
        self._address, self._stub = address, None

    async def status(self, urn: str, message: str) -> None:
        """Shows `message` beside the resource until the next one."""
        await self._log(urn, message, engine_pb2.INFO, ephemeral=True)

    async def warning(self, urn: str, message: str) -> None:
        """Keeps `message` in the log of the run."""
        await self._log(urn, message, engine_pb2.WARNING, ephemeral=False)

    async def _log(self, urn: str, message: str, severity: "engine_pb2.LogSeverity.ValueType", *, ephemeral: bool) -> None:
        if not self._address:
            return
        if self._stub is None:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self._address))
        # A message that does not arrive must not end the work it is about.
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._stub.Log(engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral))
