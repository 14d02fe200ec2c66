"""The versions of a model on an endpoint: uploaded, registered, deployed, and given their share of the requests."""

from collections.abc import Iterator, Mapping, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.compute import InstanceType
from modeldeploy.spec.managed_endpoint import ManagedEndpointArgs
from modeldeploy.spec.model import Model
from modeldeploy.spec.names import fit
from modeldeploy.spec.rollout import shares
from modeldeploy.spec.scaling import Scaling

from .instances import GPU
from .keys import Key
from .labels import label_value
from .model_store import upload
from .scope import Scope
from .vertex import (
    VertexAccelerator,
    VertexAutoscalingTarget,
    VertexContainer,
    VertexDeployedModel,
    VertexDeployedModelArgs,
    VertexMetric,
    VertexModel,
    VertexModelArgs,
    VertexTrafficSplit,
    VertexTrafficSplitArgs,
)


def register(
    scope: Scope, models: Sequence[Model], bucket: gcp.storage.Bucket, told: Mapping[str, pulumi.Input[str]], key: Key, *, prebuilt: bool = False
) -> dict[str, VertexModel]:
    """Uploads `models` and puts them into the registry, as versions of one model; by version. Their containers are `told` the variables besides their
    own; `prebuilt` ones are Google's and have a port and paths of their own."""
    registered: dict[str, VertexModel] = {}
    for model in models:
        uploaded = upload(scope, model, bucket)
        registered[model.version] = VertexModel(
            f"{scope.name}-model-{model.version}",
            VertexModelArgs(
                project=scope.project,
                location=scope.region,
                model_id=fit(f"{scope.name}-{pulumi.get_stack()}", 63),
                display_name=model.name,
                version_description=f"{model.name} {model.version}",
                version_aliases=[alias(model.version)],
                artifact_uri=uploaded.uri,
                container=VertexContainer(image=model.container.image, prebuilt=True) if prebuilt else _container(model, told),
                encryption_key=key.id,
                labels={**scope.labels, "model-version": label_value(model.version)},
            ),
            # One after the other, so that the registry numbers them in order.
            scope.child(*uploaded.ready, *key.ready, *registered.values()),
        )
    return registered


def deploy(
    scope: Scope,
    models: Sequence[Model],
    registered: Mapping[str, VertexModel],
    endpoint: gcp.vertex.AiEndpoint,
    machine: InstanceType,
    scaling: Scaling,
    identity: pulumi.Input[str],
    ready: Sequence[pulumi.Resource],
    *,
    spot: bool,
) -> dict[str, VertexDeployedModel]:
    """Runs every registered version on `endpoint`, as the account `identity`, once what it needs is `ready`; by version. A version without requests
    scales in to the minimum by itself. Replicas with a GPU also follow its use, kept at the same share as the CPU's."""
    return {
        model.version: VertexDeployedModel(
            f"{scope.name}-{model.version}",
            VertexDeployedModelArgs(
                endpoint=endpoint.id,
                model=registered[model.version].resource_name,
                display_name=f"{model.name}-{model.version}",
                machine_type=machine.name,
                min_replicas=scaling.minimum,
                max_replicas=scaling.maximum,
                accelerator_type=VertexAccelerator(GPU) if machine.gpus else None,
                accelerator_count=machine.gpus,
                autoscaling=autoscaling(machine, scaling),
                spot=spot,
                service_account=identity,
                access_logging=True,
            ),
            scope.child(*ready),
        )
        for model in models
    }


def deploy_to_pool(
    scope: Scope,
    models: Sequence[Model],
    registered: Mapping[str, VertexModel],
    endpoint: gcp.vertex.AiEndpoint,
    pool: pulumi.Input[str],
    ready: Sequence[pulumi.Resource],
) -> dict[str, VertexDeployedModel]:
    """Runs every registered version on the machines of `pool`, once what it needs is `ready`; by version."""
    return {
        model.version: VertexDeployedModel(
            f"{scope.name}-{model.version}",
            VertexDeployedModelArgs(
                endpoint=endpoint.id,
                model=registered[model.version].resource_name,
                display_name=f"{model.name}-{model.version}",
                pool=pool,
                access_logging=True,
            ),
            scope.child(*ready),
        )
        for model in models
    }


def autoscaling(machine: InstanceType, scaling: Scaling) -> list[VertexAutoscalingTarget]:
    """What replicas follow: their CPU use, and that of their GPUs where they have some."""
    metrics = [VertexMetric.CPU, *([VertexMetric.ACCELERATOR] if machine.gpus else [])]
    return [VertexAutoscalingTarget(metric=metric, target=scaling.target_cpu_percent) for metric in metrics]


def pause_problems(scaling: Scaling) -> Iterator[Problem]:
    """Problems of pauses that nobody can set."""
    for name in ("scale_out_seconds", "scale_in_seconds"):
        if getattr(scaling, name) != getattr(Scaling(), name):
            yield Problem(f"scaling.{name}", "cannot be set on Vertex AI, whose autoscaler has its own pauses; leave it out")


def split(
    scope: Scope, args: ManagedEndpointArgs, deployed: Mapping[str, VertexDeployedModel], endpoint: gcp.vertex.AiEndpoint
) -> VertexTrafficSplit:
    """Shares the requests between the versions as `args.rollout` says. It changes after new versions run and before old ones go."""
    wanted = shares(args.models, args.rollout)
    return VertexTrafficSplit(
        f"{scope.name}-traffic",
        VertexTrafficSplitArgs(endpoint=endpoint.id, traffic=[deployed[version].share(percent) for version, percent in wanted.items() if percent]),
        scope.child(),
    )


def alias(version: str) -> str:
    """The name a version has in the registry besides its number: the team's own number, `v3` for 3."""
    return f"v{version.replace('.', '-')}"


def _container(model: Model, told: Mapping[str, pulumi.Input[str]]) -> VertexContainer:
    container = model.container
    return VertexContainer(
        image=container.image,
        port=container.port,
        health_route=container.health_path,
        predict_route=container.predict_path,
        env={**container.environment, **told},
    )
