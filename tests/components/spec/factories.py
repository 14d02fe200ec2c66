"""Valid arguments, of which each test breaks one."""

from typing import Any

from modeldeploy.spec import Container, ManagedEndpointArgs, Model

IMAGE = "registry.example.com/team/pricing@sha256:" + "a" * 64


def model(**changes: Any) -> Model:
    return Model(
        **{"name": "pricing", "version": "1", "source": "s3://models/pricing/1/model.tar.gz", "container": Container(image=IMAGE), **changes}
    )


def endpoint(**changes: Any) -> ManagedEndpointArgs:
    return ManagedEndpointArgs(**{"models": [model()], **changes})
