"""Which versions the engine is made of, and which are good enough."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Version:
    """A release number; a pre-release is older than its release, so it does not satisfy it."""

    major: int
    minor: int
    patch: int
    is_release: bool = True

    @staticmethod
    def parse(text: str) -> "Version | None":
        """The first version in a text such as `v3.259.0`, `3.260.0-alpha.x1` or `go version go1.26 linux/amd64`."""
        found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?(-|rc|beta)?", text)
        if found is None:
            return None
        major, minor, patch, prerelease = found.groups()
        return Version(int(major), int(minor), int(patch or 0), prerelease is None)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + ("" if self.is_release else " (a pre-release)")


#: What is built when no CLI is installed. Newer ones need packages that module proxies do not serve.
BUILT = Version(3, 259, 0)

#: The oldest installed CLI that is used: what the library was tried with.
OLDEST_CLI = BUILT

#: The `go` line of go.mod; a test compares the two.
OLDEST_GO = Version(1, 25, 11)

#: From here on, Go fetches a newer toolchain by itself where that is allowed.
OLDEST_GO_THAT_UPGRADES = Version(1, 21, 0)
