"""Which registries Google Cloud's services read images from."""

import re
from collections.abc import Iterator

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Container

IMAGE = re.compile(r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)/.+")


def image_problems(container: Container, service: str) -> Iterator[Problem]:
    """Problems of an image that `service` could not read."""
    if not IMAGE.fullmatch(container.image):
        yield Problem(
            "image",
            f"'{container.image}' is in a registry {service} cannot read; use Artifact Registry "
            "(<region>-docker.pkg.dev/<project>/<repository>/<image>@sha256:...)",
        )
