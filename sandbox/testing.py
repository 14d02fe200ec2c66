"""A sandbox for tests: in this process, on a free port, with a database of its own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.drift import edit
from sandbox.kubernetes.client import Client
from sandbox.server import Server
from sandbox.store import Record, Store
from sandbox.urns import PACKAGES


class Sandbox:
    """A running sandbox and what tests do to it."""

    def __init__(self, database: Path, cluster: Client | None = None) -> None:
        self.database = database
        self.store = Store(database)
        self._server = Server(self.store, database.with_name("vertex.db"), cluster=cluster)
        self._server.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def debug_providers(self) -> dict[str, int]:
        """The packages it serves and their ports, as `PULUMI_DEBUG_PROVIDERS` wants them."""
        return dict.fromkeys(PACKAGES, self.port)

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process that attaches by environment alone, with the address of Vertex AI's API."""
        return self._server.environment

    def resources(self, token: str | None = None) -> list[Record]:
        """What exists, of one type or of all."""
        return [record for record in self.store.all() if token in (None, record.token)]

    def deployed_models(self, endpoint: str) -> list[str]:
        """The models that Vertex AI's API has deployed to an endpoint."""
        return self._server.deployed_models(endpoint)

    def vertex_models(self) -> list[str]:
        """The models in Vertex AI's registry."""
        return self._server.vertex_models()

    def vertex_pools_and_monitoring(self) -> list[str]:
        """The pools of machines and the monitoring jobs of Vertex AI."""
        return self._server.vertex_pools_and_monitoring()

    def fault(
        self, token: str, operation: str, *, message: str | None = None, delay: float = 0.0, skip: int = 0, times: int = -1, after: bool = False
    ) -> None:
        """Break or slow an operation; see `sandbox.faults`."""
        self.store.add_fault(token, operation, after=after, skip=skip, times=times, delay=delay, message=message)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.store.clear_faults()

    def edit(self, resource_id: str, path: str, value: Any) -> None:
        """Change a property behind Pulumi's back."""
        record = next(record for record in self.store.all() if record.id == resource_id)
        edit(self.store, record, path.split("."), value)

    def remove(self, resource_id: str) -> None:
        """Delete a resource behind Pulumi's back."""
        self.store.delete(next(record for record in self.store.all() if record.id == resource_id))

    def close(self) -> None:
        """Stop it."""
        self._server.stop(grace=0.1)
        self.store.close()


@contextmanager
def running_sandbox(folder: Path, cluster: Client | None = None) -> Generator[Sandbox]:
    """A sandbox whose database lies in the folder; Kubernetes objects go to `cluster` where one is given."""
    sandbox = Sandbox(folder / "sandbox.db", cluster)
    try:
        yield sandbox
    finally:
        sandbox.close()
