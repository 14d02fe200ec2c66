"""Generates Python through the program that was built beside the CLI: the generators exist only in Go."""

import subprocess
from pathlib import Path

from .errors import HostError, NotSupportedError
from .protos import language_pb2


def package(request: language_pb2.GeneratePackageRequest, generator: Path) -> language_pb2.GeneratePackageResponse:
    """Write the SDK of a package."""
    return language_pb2.GeneratePackageResponse.FromString(_call(generator, "package", request.SerializeToString()))


def program(request: language_pb2.GenerateProgramRequest, generator: Path) -> language_pb2.GenerateProgramResponse:
    """Translate a program into Python."""
    return language_pb2.GenerateProgramResponse.FromString(_call(generator, "program", request.SerializeToString()))


def project(request: language_pb2.GenerateProjectRequest, generator: Path) -> language_pb2.GenerateProjectResponse:
    """Translate a whole project."""
    return language_pb2.GenerateProjectResponse.FromString(_call(generator, "project", request.SerializeToString()))


def _call(generator: Path, kind: str, request: bytes) -> bytes:
    if not generator.exists():
        raise NotSupportedError(f"{generator} is missing, so no Python can be generated; run `make engine`.")
    done = subprocess.run([generator, kind], input=request, capture_output=True, check=False)
    if done.returncode != 0:
        raise HostError(f"generating Python failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
