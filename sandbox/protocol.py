"""The one module that touches gRPC and protobuf, whose generated stubs are typed only in part."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportUntypedBaseClass=false

from concurrent import futures
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.naming import Mode, Wish

messages: Any = provider_pb2
plugin_messages: Any = plugin_pb2
ProviderServicer: Any = provider_pb2_grpc.ResourceProviderServicer

UNKNOWN: Any = grpc.StatusCode.UNKNOWN
INTERNAL: Any = grpc.StatusCode.INTERNAL
UNIMPLEMENTED: Any = grpc.StatusCode.UNIMPLEMENTED

_MAX_MESSAGE = 400 * 1024 * 1024
"""The engine's own limit."""


class Context(Protocol):
    """What the handlers need of gRPC's context."""

    def peer(self) -> str:
        """The connection's other end."""
        ...

    def abort(self, code: Any, details: str) -> NoReturn:
        """Fail the call."""
        ...


def make_server(servicer: Any, executor: futures.ThreadPoolExecutor) -> Any:
    """A server with the provider service on it."""
    options = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("grpc.max_send_message_length", _MAX_MESSAGE),
        ("grpc.so_reuseport", 0),  # a second sandbox on the port must fail, not share it
    ]
    server: Any = grpc.server(executor, options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    return server


def bind(server: Any, port: int) -> int:
    """Bind to a port of the loopback interface; 0 chooses one. Returns 0 when the port is taken."""
    try:
        return int(server.add_insecure_port(f"127.0.0.1:{port}"))
    except RuntimeError:
        return 0


def to_dict(struct: Any) -> dict[str, Any]:
    """A protobuf struct as plain JSON values."""
    return json_format.MessageToDict(struct)


def to_struct(values: dict[str, Any]) -> Any:
    """Plain JSON values as a protobuf struct."""
    struct: Any = struct_pb2.Struct()
    struct.update(values)
    return struct


def empty() -> Any:
    """The empty message."""
    return empty_pb2.Empty()


def invoke_response(result: Any) -> Any:
    """An invoke's result; the field is called `return`, which Python cannot name."""
    return provider_pb2.InvokeResponse(**{"return": result})


def abort_partial(context: Context, resource_id: str, properties: dict[str, Any], reason: str) -> NoReturn:
    """Fail the call, and tell the engine that the resource is there all the same: it keeps it and tries again."""
    detail = provider_pb2.ErrorResourceInitFailed(id=resource_id, properties=to_struct(properties), reasons=[reason])
    packed = status_pb2.Status(code=UNKNOWN.value[0], message=reason)
    packed.details.add().Pack(detail)
    raising: Any = context
    raising.set_trailing_metadata((("grpc-status-details-bin", packed.SerializeToString()),))
    context.abort(UNKNOWN, reason)


def autonaming_wish(request: Any) -> Wish | None:
    """The engine's automatic naming options, when it has any."""
    if not request.HasField("autonaming"):
        return None
    options = provider_pb2.CheckRequest.AutonamingOptions
    modes = {options.PROPOSE: Mode.PROPOSE, options.ENFORCE: Mode.ENFORCE, options.DISABLE: Mode.DISABLE}
    return Wish(mode=modes[request.autonaming.mode], name=request.autonaming.proposed_name)
