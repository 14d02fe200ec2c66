"""The pod that every workload runs: nobody's user, read-only, no capabilities, no token, its model fetched or mounted.

Restricted as in https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from modeldeploy.spec.kubernetes import PodArgs, PodResources, Toleration, claim
from modeldeploy.spec.model import Model

from .quantities import cpus, memory
from .scope import VERSION, Scope

MODEL_DIR = "/mnt/models"
"""Where the model's files are; the container reads it from `MODEL_DIR`."""
SECRETS_DIR = "/var/run/secrets/modeldeploy"
PORT = "http"
"""Name of the container's port: versions may listen on different ones."""
_LOADER_RESERVE_MIB = 64


def pod_template(
    scope: Scope,
    args: PodArgs,
    model: Model,
    *,
    selector: Mapping[str, str],
    server: core.ContainerArgs,
    grace_seconds: int | None,
    restart: str | None = None,
    spread: bool = True,
) -> core.PodTemplateSpecArgs:
    """The pod around a container made by `container`."""
    downloaded, mounted = args.is_fetched(model), claim(model)
    volumes = [core.VolumeArgs(name="tmp", empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=memory(args.resources.disk_mib)))]
    if mounted is not None:
        source = core.PersistentVolumeClaimVolumeSourceArgs(claim_name=mounted[0], read_only=True)
        volumes.append(core.VolumeArgs(name="model", persistent_volume_claim=source))
    elif downloaded:
        volumes.append(core.VolumeArgs(name="model", empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=memory(args.resources.disk_mib))))
    volumes += [core.VolumeArgs(name=f"secret-{name}", secret=core.SecretVolumeSourceArgs(secret_name=name)) for name in args.secrets]
    labels = {**scope.labels, VERSION: model.version, **args.pod_identity.pod_labels}
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=labels),
        spec=core.PodSpecArgs(
            service_account_name=scope.name,
            automount_service_account_token=False,
            enable_service_links=False,
            image_pull_secrets=None if args.registry_secret is None else [core.LocalObjectReferenceArgs(name=args.registry_secret)],
            security_context=core.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=args.user_id,
                run_as_group=args.user_id,
                fs_group=args.user_id,
                fs_group_change_policy="OnRootMismatch",
                seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            init_containers=[_loader(args, model)] if downloaded else None,
            containers=[server],
            volumes=volumes,
            restart_policy=restart,
            termination_grace_period_seconds=grace_seconds,
            node_selector=args.placement.node_labels or None,
            tolerations=_tolerations(args) or None,
            priority_class_name=args.placement.priority_class,
            topology_spread_constraints=[_spread(zone, selector) for zone in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")]
            if spread
            else None,
        ),
    )


def container(
    args: PodArgs,
    model: Model,
    *,
    environment: Mapping[str, pulumi.Input[str]],
    arguments: Sequence[str] = (),
    ports: bool = False,
    startup: core.ProbeArgs | None = None,
    readiness: core.ProbeArgs | None = None,
    liveness: core.ProbeArgs | None = None,
    lifecycle: core.LifecycleArgs | None = None,
) -> core.ContainerArgs:
    """The container that serves or scores."""
    mounts = [core.VolumeMountArgs(name="tmp", mount_path="/tmp")]
    mounted = claim(model)
    if mounted is not None or args.is_fetched(model):
        mounts.append(core.VolumeMountArgs(name="model", mount_path=MODEL_DIR, read_only=True, sub_path=(mounted[1] or None) if mounted else None))
    mounts += [core.VolumeMountArgs(name=f"secret-{name}", mount_path=f"{SECRETS_DIR}/{name}", read_only=True) for name in args.secrets]
    variables = {"MODEL_DIR": MODEL_DIR, "MODEL_VERSION": model.version, **environment, **model.container.environment}
    return core.ContainerArgs(
        name="model",
        image=model.container.image,
        # By digest, so nothing new can come; asked all the same, so that no pod without the registry's credentials gets what a machine has.
        image_pull_policy="Always",
        args=list(arguments) or None,
        env=[core.EnvVarArgs(name=name, value=value) for name, value in variables.items()],
        ports=[core.ContainerPortArgs(name=PORT, container_port=model.container.port, protocol="TCP")] if ports else None,
        resources=resources(args.resources),
        security_context=_restricted(),
        volume_mounts=mounts,
        startup_probe=startup,
        readiness_probe=readiness,
        liveness_probe=liveness,
        lifecycle=lifecycle,
    )


def resources(asked: PodResources) -> core.ResourceRequirementsArgs:
    """Requests and limits of the server."""
    shared = {"ephemeral-storage": memory(asked.disk_mib + _LOADER_RESERVE_MIB)}
    if asked.gpus:
        shared[asked.gpu_resource] = str(asked.gpus)
    return core.ResourceRequirementsArgs(
        requests={"cpu": cpus(asked.cpu_millis), "memory": memory(asked.memory_mib), **shared},
        limits={"cpu": cpus(asked.cpu_limit_millis), "memory": memory(asked.memory_limit_mib), **shared},
    )


def _loader(args: PodArgs, model: Model) -> core.ContainerArgs:
    asked = args.resources
    disk = {"ephemeral-storage": memory(asked.disk_mib + _LOADER_RESERVE_MIB)}
    mounts = [core.VolumeMountArgs(name="model", mount_path=MODEL_DIR), core.VolumeMountArgs(name="tmp", mount_path="/tmp")]
    mounts += [core.VolumeMountArgs(name=f"secret-{name}", mount_path=f"{SECRETS_DIR}/{name}", read_only=True) for name in args.secrets]
    return core.ContainerArgs(
        name="load-model",
        image=args.loader_image,
        image_pull_policy="Always",
        args=[args.address(model), MODEL_DIR],
        resources=core.ResourceRequirementsArgs(
            requests={"cpu": cpus(asked.cpu_millis), "memory": memory(asked.memory_mib), **disk},
            limits={"cpu": cpus(asked.cpu_limit_millis), "memory": memory(asked.memory_limit_mib), **disk},
        ),
        security_context=_restricted(),
        volume_mounts=mounts,
    )


def _restricted() -> core.SecurityContextArgs:
    return core.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )


def _tolerations(args: PodArgs) -> list[core.TolerationArgs]:
    asked = list(args.placement.tolerations)
    if args.resources.gpus:
        asked.append(Toleration(key=args.resources.gpu_resource))
    return [
        core.TolerationArgs(key=each.key, operator="Exists" if each.value is None else "Equal", value=each.value, effect="NoSchedule")
        for each in asked
    ]


def _spread(topology: str, selector: Mapping[str, str]) -> core.TopologySpreadConstraintArgs:
    """Over zones and machines as far as there are enough of them; a pod that has no better place starts anyway."""
    return core.TopologySpreadConstraintArgs(
        max_skew=1, topology_key=topology, when_unsatisfiable="ScheduleAnyway", label_selector=LabelSelectorArgs(match_labels=dict(selector))
    )
