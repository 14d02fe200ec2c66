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


def vertex_container_problems(container: Container) -> Iterator[Problem]:
    """Problems of a container that Vertex AI could not run."""
    yield from image_problems(container, "Vertex AI")
    for variable in container.environment:
        if variable.startswith("AIP_"):
            yield Problem(f"environment.{variable}", "begins with AIP_, as the variables that Vertex AI sets; choose another name")
