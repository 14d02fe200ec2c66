"""The Python language host that a CLI built from its Go module lacks; the official installer brings its own.

Installed with a virtual environment of its own beside the built CLI (engine/build.py). `server` answers the engine's calls with
the help of `run` (programs), `plugin` (providers and policy packs written in Python), `packages` and `install` (what a program
depends on), `link` and `codegen` (`pulumi package add`).
"""

#: The version of the CLI that this host goes with; a test compares it with engine/versions.py.
VERSION = "3.259.0"
