"""Instances on Cloud Run that nobody calls: a worker pool, which reads a stream by itself.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools
"""

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.model import Model

from .cloud_run import GPU, RunSize
from .network import id_of
from .run_service import LIVENESS_PERIOD, OTHERS, STARTUP_PERIOD, STARTUP_SECONDS
from .run_surroundings import Surroundings
from .scope import Scope
from .secrets import SecretReference


def worker_pool(
    scope: Scope, model: Model, size: RunSize, instances: int, around: Surroundings, told: Mapping[str, pulumi.Input[str]], tag: str
) -> gcp.cloudrunv2.WorkerPool:
    """Runs `instances` of the model's container. Another version takes over once it has started. `tag` marks them in the network."""
    return gcp.cloudrunv2.WorkerPool(
        scope.name,
        gcp.cloudrunv2.WorkerPoolArgs(
            location=scope.region,
            project=scope.project,
            description=f"Scores with {model.name} {model.version}",
            scaling=gcp.cloudrunv2.WorkerPoolScalingArgs(manual_instance_count=instances),
            binary_authorization=gcp.cloudrunv2.WorkerPoolBinaryAuthorizationArgs(use_default=True),
            deletion_protection=scope.production,
            template=_template(scope, model, size, around, told, tag),
            labels=scope.labels,
        ),
        scope.after_apis(*around.ready, ignore_changes=[*OTHERS, "template.client", "template.clientVersion"]),
    )


def pool_filter(scope: Scope, pool: pulumi.Input[str]) -> pulumi.Output[str]:
    """What Cloud Monitoring and Cloud Logging know about the worker pool called `pool`."""
    return pulumi.Output.format(
        'resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name="{0}" AND resource.labels.location="{1}"', pool, scope.region
    )


def _template(
    scope: Scope, model: Model, size: RunSize, around: Surroundings, told: Mapping[str, pulumi.Input[str]], tag: str
) -> gcp.cloudrunv2.WorkerPoolTemplateArgs:
    path, port = model.container.health_path, model.container.port
    container = gcp.cloudrunv2.WorkerPoolTemplateContainerArgs(
        image=model.container.image,
        envs=[
            *(gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs(name=name, value=value) for name, value in told.items()),
            *(_secret(name, reference) for name, reference in around.secrets.items()),
        ],
        resources=gcp.cloudrunv2.WorkerPoolTemplateContainerResourcesArgs(limits=size.limits),
        startup_probe=gcp.cloudrunv2.WorkerPoolTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.WorkerPoolTemplateContainerStartupProbeHttpGetArgs(path=path, port=port),
            period_seconds=STARTUP_PERIOD,
            timeout_seconds=5,
            failure_threshold=STARTUP_SECONDS // STARTUP_PERIOD,
        ),
        liveness_probe=gcp.cloudrunv2.WorkerPoolTemplateContainerLivenessProbeArgs(
            http_get=gcp.cloudrunv2.WorkerPoolTemplateContainerLivenessProbeHttpGetArgs(path=path, port=port),
            period_seconds=LIVENESS_PERIOD,
            timeout_seconds=5,
            failure_threshold=3,
        ),
    )
    return gcp.cloudrunv2.WorkerPoolTemplateArgs(
        containers=[container],
        service_account=around.account.email,
        encryption_key=around.key.id,
        vpc_access=gcp.cloudrunv2.WorkerPoolTemplateVpcAccessArgs(
            egress="ALL_TRAFFIC",
            network_interfaces=[
                gcp.cloudrunv2.WorkerPoolTemplateVpcAccessNetworkInterfaceArgs(
                    network=id_of(around.network), subnetwork=around.network.subnet_ids[0], tags=[tag]
                )
            ],
        ),
        node_selector=gcp.cloudrunv2.WorkerPoolTemplateNodeSelectorArgs(accelerator=GPU) if size.gpus else None,
        # What loses its zone starts in another: a second zone that stands by costs half as much again.
        gpu_zonal_redundancy_disabled=True if size.gpus else None,
        labels=scope.labels,
    )


def _secret(name: str, reference: SecretReference) -> gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs:
    source = gcp.cloudrunv2.WorkerPoolTemplateContainerEnvValueSourceSecretKeyRefArgs(secret=reference.secret, version=reference.version)
    return gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs(
        name=name, value_source=gcp.cloudrunv2.WorkerPoolTemplateContainerEnvValueSourceArgs(secret_key_ref=source)
    )
