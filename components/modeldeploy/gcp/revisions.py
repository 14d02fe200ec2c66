"""The revisions of a Cloud Run service: one for each version of a model, named by us so that traffic can be shared between them.

A service has one template, that of its newest revision; the older ones stay as they were made, and cannot change
(https://cloud.google.com/run/docs/managing/revisions). So a program that lists two versions says everything about the newer one, and of the older one
only its name, which it has to remember: see docs/adr/0018-cloud-run-releases.md.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec import artifact
from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.model import Container, ModelVersion
from modeldeploy.spec.names import fit

from .scope import Scope

SERVICE_NAME = 30
"""Characters of a service's name. A revision's name begins with it and has 63 at most; service and tag together have 46 at most."""
REVISION_START = 54
"""Characters of a revision's name before '-' and the eight digits of its template's hash."""
TAG = 16


def service_name(name: str, stack: str) -> str:
    """The name of a component's service. It is fixed, because the names of revisions begin with it."""
    return fit(f"{name}-{stack}", SERVICE_NAME)


def revision_name(service: str, version: str, template: gcp.cloudrunv2.ServiceTemplateArgs, *also: object) -> pulumi.Output[str]:
    """The name of the revision that `template` makes: another template is another name, because Cloud Run refuses a name that it has with other
    content. `also` is what the service hands on to its revisions besides."""
    content = pulumi.Output.all(template, *also)
    return content.apply(lambda values: f"{fit(f'{service}-{version}', REVISION_START)}-{_hash(values)}")


def tag(version: str) -> str:
    """The tag of a version's revision, by which it can be called alone: `https://<tag>---<service>...`."""
    return fit(f"v{version}", TAG)


def kept_revisions(scope: Scope, containers: Mapping[str, Container], older: Sequence[ModelVersion]) -> dict[str, pulumi.Output[str]]:
    """The names of the revisions that run the `older` versions, as they were noted when these were deployed; by version.

    The note is a stash, a value in Pulumi's state. Its output stays what it was first, whatever the program says later.
    """
    kept: dict[str, pulumi.Output[str]] = {}
    for model in older:
        content = fingerprint(model, containers[model.version])
        note = pulumi.Stash(_note(scope, model.version), input={"revision": "", "content": content}, opts=scope.child(ignore_changes=["input"]))
        kept[model.version] = note.output.apply(lambda value, version=model.version, content=content: _kept(scope, version, content, value))
    return kept


def note_revision(scope: Scope, model: ModelVersion, container: Container, revision: pulumi.Output[str], service: pulumi.Resource) -> None:
    """Notes which revision runs the newest version, once it does."""
    pulumi.Stash(
        _note(scope, model.version),
        input={"revision": revision, "content": fingerprint(model, container)},
        opts=scope.child(service, replace_on_changes=["input"]),
    )


def fingerprint(model: ModelVersion, container: Container) -> str:
    """A hash of what belongs to this version alone: its files, its image, and what its container is told in plain."""
    source = model.source if model.is_remote else artifact.content_hash(model.source)
    # The path of predictions is in no revision: callers know it.
    return _hash([source, asdict(replace(container, predict_path="/", environment={})), container.environment])


def _note(scope: Scope, version: str) -> str:
    return f"{scope.name}-revision-{version}"


def note_problem(version: str, content: str, note: Mapping[str, str]) -> str | None:
    """What is wrong when an older version with this content has this note, if anything."""
    if not note["revision"]:
        return f"version '{version}' was not deployed yet, and Cloud Run makes one revision at a time; deploy it first, then the next beside it"
    if note["content"] != content:
        return f"version '{version}' runs already, and a revision of Cloud Run cannot change; give what changed a version of its own"
    return None


def _kept(scope: Scope, version: str, content: str, note: Mapping[str, str]) -> str:
    problem = note_problem(version, content, note)
    if problem is None:
        return note["revision"]
    subject = f"{type(scope.component).__name__} '{scope.name}'"
    if pulumi.runtime.is_dry_run():
        pulumi.log.warn(f"{subject}: models: {problem}", scope.component)
        return note["revision"] or version
    raise ArgumentError(subject, [Problem("models", problem)])


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()[:8]


def _plain(value: Any) -> object:
    """Typed arguments as their fields. An output that is not known yet counts as any other."""
    return "output" if isinstance(value, pulumi.Output) else cast(object, vars(value))
