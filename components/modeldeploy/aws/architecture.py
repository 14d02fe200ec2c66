"""Processors that functions and containers run on."""

from enum import StrEnum


class Architecture(StrEnum):
    """For which processor an image or code was built."""

    X86_64 = "x86_64"
    """Intel and AMD."""
    ARM64 = "arm64"
    """AWS Graviton, which costs about a fifth less."""
