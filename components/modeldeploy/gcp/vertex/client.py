"""Vertex AI for the resources: calls that are tried again, operations that are waited for with progress and can be cancelled."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable
from typing import Protocol

from modeldeploy.plugin.errors import ResourceError

from .api import Api, ApiError, Json, Settings, TransportError

_TRIES = 8
_BUSY = (429, 503)
_BROKEN = (500, 502, 504)

_PATH = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)")


class Log(Protocol):
    """Where progress is shown."""

    async def status(self, urn: str, message: str) -> None:
        """Shows a message beside the resource until the next one."""
        ...

    async def warning(self, urn: str, message: str) -> None:
        """Keeps a message in the log of the run."""
        ...


class Unfinished(Exception):
    """An operation was not waited for to its end: the run was cancelled, its time was over, or the API did not answer. It goes on in the cloud."""

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(why)
        self.operation = operation


class Unanswered(Exception):
    """A change was sent and no answer came: it may have been made."""


class OperationFailed(ResourceError):
    """An operation ended in an error."""


class Client:
    """The API, with everything that must be done again and again around it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._settings = Settings()
        self._api: Callable[[str, str, str, Json], Json] = Api(self._settings).call
        self._cancelled = asyncio.Event()

    def configure(self, settings: Settings) -> None:
        """Uses these settings from now on."""
        self._settings = settings
        self._api = Api(settings).call

    def cancel(self) -> None:
        """Ends all waits, now and later."""
        self._cancelled.set()

    async def ask(self, name: str, collection: str, method: str, /, **parameters: object) -> Json:
        """A call that may be made twice without harm, tried again after every failure that may pass. `name` tells the region."""
        return await self._call(name, collection, method, parameters, (*_BUSY, *_BROKEN), again_when_sent=True)

    async def find(self, name: str, collection: str) -> Json | None:
        """The resource called `name`, or None."""
        try:
            return await self.ask(name, collection, "get", name=name)
        except ResourceError as error:
            if _status(error) == 404:
                return None
            raise

    async def change(self, name: str, collection: str, method: str, /, **parameters: object) -> Json:
        """A call that changes something: tried again only where the API cannot have taken it.

        Raises `Unanswered` where it may have.
        """
        return await self._call(name, collection, method, parameters, _BUSY, again_when_sent=False)

    async def finish(self, urn: str, operation: str, doing: str, timeout: float) -> Json:
        """Waits for an operation and returns its response.

        Raises `OperationFailed`, or `Unfinished` after `timeout` seconds, when the run is cancelled or when the API does not answer. `doing` says
        what goes on ("deploying").
        """
        began = time.monotonic()
        pause = self._settings.poll_seconds
        while True:
            try:
                state = await self.operation(operation)
            except ResourceError as error:
                raise Unfinished(operation, f"{doing}: {error}") from error
            if state.get("done"):
                break
            elapsed = time.monotonic() - began
            await self._log.status(urn, f"{doing}{_stage(state)} ({_duration(elapsed)})")
            if self._cancelled.is_set():
                raise Unfinished(operation, f"{doing} was not waited for to its end: the run was cancelled")
            if elapsed > timeout:
                raise Unfinished(operation, f"{doing} did not end in {_duration(timeout)}")
            await self._sleep(min(pause, max(timeout - elapsed, 0.01)))
            pause = min(pause * 1.5, self._settings.poll_seconds * 6)
        for failure in state.get("metadata", {}).get("genericMetadata", {}).get("partialFailures", []):
            await self._log.warning(urn, f"{doing}: {failure.get('message')}")
        if "error" in state:
            raise OperationFailed(f"{doing} failed: {state['error'].get('message') or state['error']}")
        return state.get("response", {})

    async def operation(self, operation: str) -> Json:
        """An operation as it is now; one that the API has forgotten has ended."""
        return await self.find(operation, f"{_owner(operation)}operations") or {"done": True}

    async def settled(self, urn: str, name: str, collection: str, doing: str, busy: Callable[[Json], bool], timeout: float) -> Json | None:
        """The resource called `name` once it is not `busy` any more, or None where it is gone.

        Raises `ResourceError` after `timeout` seconds, or when the run is cancelled.
        """
        began = time.monotonic()
        pause = self._settings.poll_seconds
        while (live := await self.find(name, collection)) is not None and busy(live):
            elapsed = time.monotonic() - began
            if self._cancelled.is_set() or elapsed > timeout:
                raise ResourceError(f"{doing}: {name} is still {live.get('state')} after {_duration(elapsed)}; the next run looks again")
            await self._log.status(urn, f"{doing}, waiting for {live.get('state')} to end ({_duration(elapsed)})")
            await self._sleep(min(pause, max(timeout - elapsed, 0.01)))
            pause = min(pause * 1.5, self._settings.poll_seconds * 6)
        return live

    async def stop(self, operation: str) -> None:
        """Asks for an operation to be cancelled; it may end well all the same."""
        # Where it has ended, or cannot be cancelled, the caller waits for it all the same.
        with contextlib.suppress(ResourceError, Unanswered):
            await self.change(operation, f"{_owner(operation)}operations", "cancel", name=operation)

    async def _call(
        self, name: str, collection: str, method: str, parameters: dict[str, object], again: tuple[int, ...], *, again_when_sent: bool
    ) -> Json:
        pause = self._settings.retry_seconds
        for left in reversed(range(_TRIES)):
            try:
                return await asyncio.to_thread(self._api, location_of(name), collection, method, parameters)
            except ApiError as error:
                if error.status not in again or not left or self._cancelled.is_set():
                    raise ResourceError(f"Vertex AI refused {collection}.{method}: {error.message} ({error.status})") from error
                await self._sleep(error.retry_after if error.retry_after is not None else pause * random.uniform(0.5, 1.5))
            except TransportError as error:
                if error.sent and not again_when_sent:
                    raise Unanswered(f"{collection}.{method} may or may not have been carried out: {error}") from error
                if not left or self._cancelled.is_set():
                    raise ResourceError(f"{collection}.{method}: {error}") from error
                await self._sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 32)
        raise AssertionError("unreachable")

    async def _sleep(self, seconds: float) -> None:
        """Waits, or less if the run is cancelled meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled.wait(), seconds)


def location_of(name: str) -> str:
    """The region in a resource's name."""
    match = _PATH.match(name)
    if match is None:
        raise ResourceError(f"'{name}' does not begin with projects/P/locations/L")
    return match["location"]


def same_resource(one: str, other: str) -> bool:
    """Whether two names mean the same, seeing that Google answers with the project's number where its id was given."""
    first, second = _PATH.match(one), _PATH.match(other)
    if one == other or first is None or second is None:
        return one == other
    numbers = first["project"].isdigit() + second["project"].isdigit()
    return numbers == 1 and _PATH.sub(r"\g<location>", one) == _PATH.sub(r"\g<location>", other)


def not_found(error: ResourceError) -> bool:
    """Whether the API says that what was asked for does not exist."""
    return _status(error) == 404


def conflict(error: ResourceError) -> bool:
    """Whether the API says that what was to be made exists already."""
    return _status(error) == 409


def _status(error: ResourceError) -> int | None:
    return error.__cause__.status if isinstance(error.__cause__, ApiError) else None


def _owner(operation: str) -> str:
    """The collection whose operation it is, as a prefix of the method: the API has one list of operations for each."""
    match = re.search(r"/(models|endpoints|deploymentResourcePools|modelDeploymentMonitoringJobs)/[^/]+/operations/", operation)
    return f"{match[1]}." if match else ""


def _stage(state: Json) -> str:
    """What the operation is at, where it says so: `, starting model server`."""
    stage = str(state.get("metadata", {}).get("deploymentStage") or "")
    return f", {stage.replace('_', ' ').lower()}" if stage and not stage.endswith("UNSPECIFIED") else ""


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}m{whole % 60:02}s" if whole >= 60 else f"{whole}s"
