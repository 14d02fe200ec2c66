"""Repositories of Artifact Registry, which machines of our own pull images from as themselves."""

import re
from collections.abc import Iterator, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem

from .scope import Scope

REPOSITORY = re.compile(r"projects/([^/]+)/locations/([^/]+)/repositories/([^/]+)")
IMAGE = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev/([^/]+)/([^/]+)/.+")


def registry_problems(path: str, image: str) -> Iterator[Problem]:
    """Problems of an image that machines without a way to the internet could not pull."""
    if not IMAGE.fullmatch(image):
        yield Problem(
            path,
            f"'{image}' is in a registry that private machines cannot read; use Artifact Registry "
            "(<region>-docker.pkg.dev/<project>/<repository>/<image>@sha256:...)",
        )


def repository_of(image: str) -> str:
    """The repository of an image, as `projects/P/locations/L/repositories/R`."""
    match = IMAGE.fullmatch(image)
    assert match is not None, image
    return f"projects/{match[2]}/locations/{match[1]}/repositories/{match[3]}"


def let_pull(scope: Scope, member: pulumi.Input[str], repositories: Sequence[str]) -> list[pulumi.Resource]:
    """Lets `member` read `repositories`, and no others."""
    granted: list[pulumi.Resource] = []
    for each in sorted(set(repositories)):
        match = REPOSITORY.fullmatch(each)
        assert match is not None, each
        granted.append(
            gcp.artifactregistry.RepositoryIamMember(
                f"{scope.name}-pulls-{match[3]}-{match[2]}-{match[1]}",
                gcp.artifactregistry.RepositoryIamMemberArgs(
                    project=match[1], location=match[2], repository=match[3], role="roles/artifactregistry.reader", member=member
                ),
                scope.after_apis(),
            )
        )
    return granted
