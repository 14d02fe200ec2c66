"""The engine's own tests run programs with the Python that runs the tests: how a program starts and ends is what they look at."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def virtualenv() -> Path:
    """The virtual environment of the programs that tests run."""
    return Path(sys.prefix)
