"""Child processes: their output is passed on, and none outlives the host."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from queue import SimpleQueue
from typing import IO

from .errors import HostError


class Stream(Enum):
    """Where a child wrote something."""

    OUT = 1
    ERR = 2


Sink = Callable[[Stream, bytes], None]

# How long a child has to clean up after its interrupt. The engine gives the host five seconds, so the child must be gone by then. A
# program usually takes all of its time: it waits for answers that the engine will not give any more.
SECONDS_FOR_PROGRAM = 1.0
SECONDS_FOR_PLUGIN = 2.5

# How long output may lag behind the end of the child. Longer only when a grandchild keeps the pipe open, and that may be forever.
_SECONDS_TO_DRAIN = 1.0


class Child:
    """A process in a process group of its own, so that an interrupt meant for the host reaches it only through `end`."""

    def __init__(
        self, command: Sequence[str], folder: str | None, environment: Mapping[str, str], sink: Sink, patience: float = SECONDS_FOR_PLUGIN
    ) -> None:
        self.was_ended = False
        self._patience = patience
        self._sink = sink
        self._process = subprocess.Popen(
            command,
            cwd=folder or None,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [self._read(self._process.stdout, Stream.OUT), self._read(self._process.stderr, Stream.ERR)]

    def _read(self, pipe: IO[bytes], stream: Stream) -> threading.Thread:
        def pump() -> None:
            while data := os.read(pipe.fileno(), 65536):
                # What a child says because it was interrupted, a KeyboardInterrupt traceback above all, is of no use to the user.
                if not self.was_ended:
                    self._sink(stream, data)

        thread = threading.Thread(target=pump, daemon=True)
        thread.start()
        return thread

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """The exit code, once the output has been passed on; negative for a signal."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(_SECONDS_TO_DRAIN)
        return code

    def end(self) -> None:
        """Interrupt the child, so that it can clean up, and kill it when it does not finish."""
        if self._process.poll() is not None:
            return
        self.was_ended = True
        self._signal(signal.SIGINT)
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # it may have ended just now
            os.killpg(self._process.pid, number)


class Children:
    """All processes of the host, to be ended with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._closed = False

    def start(
        self, command: Sequence[str], folder: str | None, environment: Mapping[str, str], sink: Sink, patience: float = SECONDS_FOR_PLUGIN
    ) -> Child:
        """Start a process."""
        with self._lock:
            if self._closed:
                raise HostError("the language host is shutting down")
            try:
                child = Child(command, folder, environment, sink, patience)
            except OSError as error:
                raise HostError(f"problem executing program (could not run language executor): {error}") from error
            self._running = {other for other in self._running if not other.has_ended} | {child}
            return child

    def stream(self, start: Callable[[Sink], Child], on_start: Callable[[Child], None]) -> Iterator[tuple[Stream, bytes] | int]:
        """What a child writes, piece by piece, and its exit code at the end."""
        queue: SimpleQueue[tuple[Stream, bytes] | int] = SimpleQueue()
        child = start(lambda stream, data: queue.put((stream, data)))
        on_start(child)
        threading.Thread(target=lambda: queue.put(child.wait()), daemon=True).start()
        while True:
            piece = queue.get()
            yield piece
            if isinstance(piece, int):
                return

    def end_all(self, *, for_good: bool = False) -> None:
        """End every process at once; `for_good` also refuses new ones."""
        with self._lock:
            self._closed = self._closed or for_good
            running = list(self._running)
        enders = [threading.Thread(target=child.end) for child in running]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
