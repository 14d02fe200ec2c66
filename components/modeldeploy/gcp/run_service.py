"""A Cloud Run service that serves the versions of a model, each by a revision of its own.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Authentication, Exposure, WebAccess
from modeldeploy.spec.model import Container, ModelVersion
from modeldeploy.spec.rollout import Rollout, shares

from .cloud_run import GPU, RunSize
from .network import id_of
from .revisions import kept_revisions, note_revision, revision_name, service_name, tag
from .run_surroundings import Surroundings
from .scope import Scope
from .secrets import SecretReference
from .web_access import through_gateway

OTHERS = ("client", "clientVersion", "annotations", "template.annotations")
"""What the console and gcloud write about themselves: it is theirs, and no reason for another revision."""
STARTUP_SECONDS = 240
"""The longest that Cloud Run waits for a container."""
STARTUP_PERIOD, LIVENESS_PERIOD = 10, 30
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The instances of a service: what each is, and how many there may be for each version that can be called."""

    size: RunSize
    minimum: int
    maximum: int
    concurrency: int
    """Requests that one answers at a time."""
    request_seconds: int
    startup_cpu_boost: bool = True
    gpu_zonal_redundancy: bool = False
    around: Surroundings
    """What they stand on. Everything they send goes into the first subnet of its network."""


def run_service(
    scope: Scope,
    models: Sequence[ModelVersion],
    containers: Mapping[str, Container],
    rollout: Rollout,
    instances: Instances,
    access: WebAccess,
    *,
    sign_in: bool = False,
    image_policy: str | None = None,
) -> gcp.cloudrunv2.Service:
    """Serves `models` (the newest last) with `containers`, by version. Callers `sign_in` at Identity-Aware Proxy, or
    send an identity token. Images must pass the Binary Authorization policy `image_policy`, or that of the project.

    Private: reached from networks of the project, at its run.app address. Public: reached through a load balancer only, under its host name; or
    through a gateway, which has no other way to it than its run.app address.
    """
    public = access.exposure is Exposure.PUBLIC
    # A gateway comes from the internet, as one caller with an identity of its own.
    gateway = through_gateway(access)
    newest = models[-1]
    name = service_name(scope.name, pulumi.get_stack())
    container = containers[newest.version]
    unnamed = _template(newest.version, container, instances, scope.labels)
    revision = revision_name(name, newest.version, unnamed, dict(scope.labels), image_policy)
    revisions = {**kept_revisions(scope, containers, models[:-1]), newest.version: revision}
    service = gcp.cloudrunv2.Service(
        scope.name,
        gcp.cloudrunv2.ServiceArgs(
            name=name,
            location=scope.region,
            project=scope.project,
            description=f"Serves {newest.name}",
            ingress="INGRESS_TRAFFIC_ALL" if gateway else "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" if public else "INGRESS_TRAFFIC_INTERNAL_ONLY",
            default_uri_disabled=public and not gateway,
            invoker_iam_disabled=access.authentication is Authentication.NONE,
            iap_enabled=sign_in,
            # What an identity token is for, where callers do not know the run.app address.
            custom_audiences=[f"https://{access.domain.hostname}"] if access.domain else None,
            binary_authorization=gcp.cloudrunv2.ServiceBinaryAuthorizationArgs(policy=image_policy)
            if image_policy
            else gcp.cloudrunv2.ServiceBinaryAuthorizationArgs(use_default=True),
            deletion_protection=scope.production,
            template=_template(newest.version, container, instances, scope.labels, revision),
            traffics=[
                gcp.cloudrunv2.ServiceTrafficArgs(type=BY_REVISION, revision=revisions[version], percent=percent, tag=tag(version))
                for version, percent in shares(models, rollout).items()
            ],
            labels=scope.labels,
        ),
        scope.after_apis(*instances.around.ready, ignore_changes=list(OTHERS)),
    )
    note_revision(scope, newest, container, revision, service)
    return service


def _template(
    version: str, container: Container, instances: Instances, labels: Mapping[str, str], revision: pulumi.Input[str] | None = None
) -> gcp.cloudrunv2.ServiceTemplateArgs:
    size = instances.size
    return gcp.cloudrunv2.ServiceTemplateArgs(
        revision=revision,
        containers=[_container(version, container, instances)],
        service_account=instances.around.account.email,
        execution_environment="EXECUTION_ENVIRONMENT_GEN2",
        encryption_key=instances.around.key.id,
        timeout=f"{instances.request_seconds}s",
        max_instance_request_concurrency=instances.concurrency,
        scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(min_instance_count=instances.minimum, max_instance_count=instances.maximum),
        node_selector=gcp.cloudrunv2.ServiceTemplateNodeSelectorArgs(accelerator=GPU) if size.gpus else None,
        gpu_zonal_redundancy_disabled=not instances.gpu_zonal_redundancy if size.gpus else None,
        vpc_access=gcp.cloudrunv2.ServiceTemplateVpcAccessArgs(
            egress="ALL_TRAFFIC",
            network_interfaces=[
                gcp.cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(
                    network=id_of(instances.around.network), subnetwork=instances.around.network.subnet_ids[0]
                )
            ],
        ),
        labels=labels,
    )


def _container(version: str, container: Container, instances: Instances) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    startup = gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(path=container.health_path, port=container.port)
    liveness = gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(path=container.health_path, port=container.port)
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        image=container.image,
        ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=container.port),
        envs=[
            *(gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=name, value=value) for name, value in instances.around.told[version].items()),
            *(_secret(name, reference) for name, reference in instances.around.secrets.items()),
        ],
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits=instances.size.limits,
            # A GPU is paid as long as the instance lives, and so is the CPU beside it.
            cpu_idle=not instances.size.gpus,
            startup_cpu_boost=instances.startup_cpu_boost,
        ),
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=startup, period_seconds=STARTUP_PERIOD, timeout_seconds=5, failure_threshold=STARTUP_SECONDS // STARTUP_PERIOD
        ),
        liveness_probe=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
            http_get=liveness, period_seconds=LIVENESS_PERIOD, timeout_seconds=5, failure_threshold=3
        ),
    )


def _secret(name: str, reference: SecretReference) -> gcp.cloudrunv2.ServiceTemplateContainerEnvArgs:
    return gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(
        name=name,
        value_source=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
            secret_key_ref=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(secret=reference.secret, version=reference.version)
        ),
    )
