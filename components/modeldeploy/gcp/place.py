"""Where a component's resources go: the project and the region of the Google Cloud provider that makes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import ArgumentError, Problem

_SETTINGS = {"project": "pulumi config set gcp:project <project id>", "region": "pulumi config set gcp:region europe-west1"}


@dataclass(frozen=True)
class Place:
    """A project and a region."""

    project: pulumi.Input[str]
    """Project id."""
    region: pulumi.Input[str]
    """Region, such as `europe-west1`. Everything is in it: keys only encrypt what is in their own region."""


def place(subject: str, opts: pulumi.ResourceOptions | None) -> Place:
    """The place of a component with options `opts`: that of the provider given to it or to its parent, else of the stack's configuration
    (`gcp:project`, `gcp:region`) or of the environment variables the provider itself reads (`GOOGLE_PROJECT`, `GOOGLE_REGION`).

    No data source is asked, so a preview needs no network. Raises `ArgumentError` when the configuration names none.
    """
    provider = _provider(opts)
    if provider is not None:
        return Place(cast("pulumi.Output[str]", provider.project), cast("pulumi.Output[str]", provider.region))
    found = {"project": gcp.config.project, "region": gcp.config.region}
    missing = [Problem(f"gcp:{name}", f"is not configured; set it with `{_SETTINGS[name]}`") for name, value in found.items() if not value]
    if missing:
        raise ArgumentError(subject, missing)
    return Place(str(found["project"]), str(found["region"]))


def _provider(opts: pulumi.ResourceOptions | None) -> gcp.Provider | None:
    if opts is None:
        return None
    given = cast("Mapping[str, object] | Iterable[object] | None", opts.providers)
    several = list(cast("Mapping[str, object]", given).values()) if isinstance(given, Mapping) else list(given or [])
    inherited = opts.parent.get_provider("gcp:projects/service:Service") if opts.parent is not None else None
    return next((each for each in [opts.provider, *several, inherited] if isinstance(each, gcp.Provider)), None)
