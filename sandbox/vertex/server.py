"""The stand-in over HTTP."""

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from .api import Refused, Silence, VertexApi
from .store import Json


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the API keeps its own record."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        try:
            body = cast(Json, json.loads(text)) if text else None
            query = {key: value for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "alt"}
            self._send(200, cast(_Server, self.server).api.handle(self.command, unquote(parts.path), query, body))
        except Refused as error:
            self._send(error.status, error.body)
        except json.JSONDecodeError as error:
            self._send(400, Refused(400, f"Invalid JSON payload received. {error}").body)
        except Silence:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, api: VertexApi) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api = api


class VertexServer:
    """A running stand-in."""

    def __init__(self, api: VertexApi, port: int) -> None:
        self.api = api
        self._server = _Server(port, api)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What `MODELDEPLOY_VERTEX_API_ENDPOINT` is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def deployed_models(self, endpoint: str) -> list[str]:
        """See `VertexApi.deployed_models`."""
        return self.api.deployed_models(endpoint)

    def close(self) -> None:
        """Stops serving; the store's file stays."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.api.close()


def serve(
    store: Path | None = None,
    port: int = 0,
    endpoint_exists: Callable[[str], bool] = lambda _: True,
    project_number: Callable[[str], str] | None = None,
    operation_seconds: float = 0.2,
) -> VertexServer:
    """Serves the API on this machine, on `port` or a free one, from a thread of its own; see `VertexApi` for the rest."""
    return VertexServer(VertexApi(store, endpoint_exists, project_number, operation_seconds), port)
