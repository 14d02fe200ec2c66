"""Builds a wheel from the source of a package."""

import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import HostError


def pack(folder: str, destination: str) -> str:
    """Put the wheel into the destination and return its path."""
    with tempfile.TemporaryDirectory(prefix="pulumi-python-pack-") as made:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", "--wheel-dir", made, folder]
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        wheels = list(Path(made).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise HostError(f"building a wheel from {folder} failed:\n{(done.stdout + done.stderr).decode(errors='replace').strip()}")
        target = Path(destination) / wheels[0].name
        target.write_bytes(wheels[0].read_bytes())
        return str(target)
