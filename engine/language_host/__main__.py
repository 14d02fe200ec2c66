"""Starts the host the way the engine expects: its port is the first line on standard output, and an interrupt ends it."""

import argparse
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

import grpc

from .process import Children
from .protos import language_pb2_grpc
from .server import MESSAGE_SIZE, LanguageHost

# Every running plugin holds one thread for as long as it runs. They are started only when needed.
_THREADS = 256

_SECONDS_TO_ANSWER = 0.5


def main() -> None:
    """Serve until the engine interrupts the host or goes away."""
    parser = argparse.ArgumentParser(prog="pulumi-language-python")
    parser.add_argument("--use-executor", required=True, metavar="SCRIPT", help="the script pulumi-language-python-exec")
    parser.add_argument("--tracing", default="", help="passed on to the program")
    parser.add_argument("engine", nargs="?", default="", help="address of the engine")
    # The engine may add flags of its own logging library.
    arguments, _ = parser.parse_known_args()

    finished = threading.Event()

    def finish(number: int, frame: FrameType | None) -> None:
        finished.set()

    signal.signal(signal.SIGINT, finish)
    signal.signal(signal.SIGTERM, finish)

    children = Children()
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=MESSAGE_SIZE)
    host = LanguageHost(arguments.use_executor, arguments.engine, arguments.tracing, children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    # A killed CLI interrupts nobody, so its end has to be noticed.
    parent = os.getppid()
    while not finished.wait(1) and os.getppid() == parent:
        pass
    children.end_all(for_good=True)
    server.stop(_SECONDS_TO_ANSWER).wait()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a thread that still waits for something must not hold up the engine


main()
