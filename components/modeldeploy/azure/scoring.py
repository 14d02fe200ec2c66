"""Batch endpoints of Azure ML: the cluster that scores, a deployment for each version, the default one, and the schedule.

https://learn.microsoft.com/azure/machine-learning/concept-endpoints-batch
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.model import Container, Model
from modeldeploy.spec.names import fit
from modeldeploy.spec.schedule import Schedule

from . import start_batch
from .assets import code_asset, environment_asset, model_asset
from .group import Group
from .model_store import ModelStore
from .recurrence import recurrence, trigger
from .traffic import API_VERSION, written_again
from .workspace import Workspace

IDLE_SECONDS = 300
NEVER = Schedule(cron="0 0 1 * *")
"""The times of a schedule that is switched off."""

DEFAULT_TEMPLATE: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "name": {"type": "string"},
        "location": {"type": "string"},
        "deployment": {"type": "string"},
        "tags": {"type": "object"},
    },
    "resources": [
        {
            "type": "Microsoft.MachineLearningServices/workspaces/batchEndpoints",
            "apiVersion": API_VERSION,
            "name": "[parameters('name')]",
            "location": "[parameters('location')]",
            "tags": "[parameters('tags')]",
            "properties": {"authMode": "AADToken", "defaults": {"deploymentName": "[parameters('deployment')]"}},
        }
    ],
}
"""The endpoint as `managed_batch` declares it, and its default deployment, which cannot be named before it exists."""

INVOKER_ACTIONS = (
    "read",
    "data/versions/write",
    "datasets/registered/read",
    "datasets/registered/write",
    "datasets/unregistered/read",
    "datasets/unregistered/write",
    "datastores/read",
    "datastores/write",
    "datastores/listsecrets/action",
    "listStorageAccountKeys/action",
    "batchEndpoints/read",
    "batchEndpoints/deployments/read",
    "computes/read",
    "computes/listKeys/action",
    "metadata/secrets/read",
    "metadata/snapshots/read",
    "metadata/artifacts/read",
    "metadata/artifacts/write",
    "experiments/read",
    "experiments/runs/submit/action",
    "experiments/runs/read",
    "experiments/runs/write",
    "metrics/resource/write",
    "modules/read",
    "models/read",
    "endpoints/pipelines/read",
    "endpoints/pipelines/write",
    "environments/read",
    "environments/write",
    "environments/build/action",
    "environments/readSecrets/action",
)
"""What somebody needs to start a run, below `Microsoft.MachineLearningServices/workspaces`:
https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint#configure-rbac-for-batch-endpoints-invoke"""


@dataclass(frozen=True)
class Scoring:
    """What all deployments of a batch endpoint share."""

    endpoint: native.machinelearningservices.BatchEndpoint
    cluster: native.machinelearningservices.Compute
    code: native.machinelearningservices.CodeVersion
    script: str
    workers: int
    files_per_call: int
    calls_at_once: int
    call_seconds: int
    call_retries: int
    failed_files: int
    variables: Mapping[str, str]


def deployment_name(version: str) -> str:
    """The name of a version's deployment: 3 to 32 letters, digits and '-', beginning with a letter."""
    return fit(f"version-{version}", 32)


def cluster(
    name: str,
    machine: str,
    workers: int,
    spare: bool,
    runs_as: native.managedidentity.UserAssignedIdentity,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.machinelearningservices.Compute:
    """Machines in the workspace's own network, without public addresses and without SSH, that go when there is nothing to do."""
    priority = native.machinelearningservices.VmPriority.LOW_PRIORITY if spare else native.machinelearningservices.VmPriority.DEDICATED
    # The kind of machine cannot change: another kind is another cluster, made before the old one goes.
    digest = hashlib.sha256(f"{machine} {priority.value}".encode()).hexdigest()[:8]
    return native.machinelearningservices.Compute(
        f"{name}-cluster",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        compute_name=f"score-{digest}",
        location=workspace.resource.location,
        identity=native.machinelearningservices.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[runs_as.id]),
        properties=native.machinelearningservices.AmlComputeArgs(
            compute_type="AmlCompute",
            disable_local_auth=True,
            properties=native.machinelearningservices.AmlComputePropertiesArgs(
                os_type="Linux",
                vm_size=machine,
                vm_priority=priority,
                enable_node_public_ip=False,
                remote_login_port_public_access="Disabled",
                scale_settings=native.machinelearningservices.ScaleSettingsArgs(
                    min_node_count=0, max_node_count=workers, node_idle_time_before_scale_down=f"PT{IDLE_SECONDS}S"
                ),
            ),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=[*after, *workspace.ready], replace_on_changes=["identity", "properties.properties.vmPriority"]
        ),
    )


def deployment(
    name: str, model: Model, scoring: Scoring, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource
) -> native.machinelearningservices.BatchDeployment:
    """The deployment of one version, with its model and environment."""
    registered = model_asset(name, model, store, workspace, group, parent)
    environment = environment_asset(name, model, environment_version(model.container), None, workspace, group, parent)
    return native.machinelearningservices.BatchDeployment(
        f"{name}-{model.version}",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        endpoint_name=scoring.endpoint.name,
        deployment_name=deployment_name(model.version),
        properties=native.machinelearningservices.BatchDeploymentPropertiesArgs(
            model=native.machinelearningservices.IdAssetReferenceArgs(reference_type="Id", asset_id=registered.id),
            environment_id=environment.id,
            environment_variables={**model.container.environment, **scoring.variables, "MODEL_VERSION": model.version},
            code_configuration=native.machinelearningservices.CodeConfigurationArgs(code_id=scoring.code.id, scoring_script=scoring.script),
            compute=scoring.cluster.id,
            resources=native.machinelearningservices.DeploymentResourceConfigurationArgs(instance_count=scoring.workers),
            mini_batch_size=scoring.files_per_call,
            max_concurrency_per_instance=scoring.calls_at_once,
            retry_settings=native.machinelearningservices.BatchRetrySettingsArgs(
                max_retries=scoring.call_retries, timeout=f"PT{scoring.call_seconds}S"
            ),
            error_threshold=scoring.failed_files,
            output_action=native.machinelearningservices.BatchOutputAction.APPEND_ROW,
            output_file_name="predictions.csv",
            logging_level=native.machinelearningservices.BatchLoggingLevel.INFO,
        ),
        tags=group.tags,
        # The default one goes with its endpoint.
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=scoring.endpoint),
    )


def environment_version(container: Container) -> str:
    """A version for the environment: another image is a new one."""
    return hashlib.sha256(container.image.encode()).hexdigest()[:12]


def default_deployment(
    name: str,
    version: str,
    endpoint: native.machinelearningservices.BatchEndpoint,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.resources.Deployment:
    """Lets a version score what names none, once it is there: as docs/adr/0005-azure-ml-traffic.md."""
    parameters: dict[str, pulumi.Input[Any]] = {
        "name": pulumi.Output.concat(workspace.resource.name, "/", endpoint.name),
        "location": endpoint.location,
        "deployment": deployment_name(version),
        "tags": group.tags,
    }
    return written_again(f"{name}-default", DEFAULT_TEMPLATE, parameters, group, parent, after)


def start_on_schedule(
    name: str,
    schedule: Schedule | None,
    scoring: Scoring,
    model: native.machinelearningservices.BatchDeployment,
    input_uri: pulumi.Input[str],
    output_uri: pulumi.Input[str],
    runs_as: native.managedidentity.UserAssignedIdentity,
    store: ModelStore,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.machinelearningservices.Schedule:
    """Starts a run at the times of `schedule`, by a job on the cluster that asks the endpoint for it.

    The action that Azure ML has for batch endpoints takes a definition that no document describes (docs/adr/0016-azure-batch.md). Azure deletes no
    schedule that is enabled, so there always is one, which is switched off where none is wanted, and it goes with the workspace.
    """
    code = code_asset(f"{name}-start", str(Path(start_batch.__file__)), store, workspace, group, parent)
    times = recurrence(NEVER if schedule is None else schedule)
    return native.machinelearningservices.Schedule(
        f"{name}-schedule",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(f"{name}-schedule", 50),
        properties=native.machinelearningservices.SchedulePropertiesArgs(
            display_name=name,
            description="Starts the batch",
            is_enabled=schedule is not None,
            trigger=trigger(times),
            action=native.machinelearningservices.JobScheduleActionArgs(
                action_type="CreateJob",
                job_definition=native.machinelearningservices.CommandJobArgs(
                    job_type="Command",
                    display_name=f"start {name}",
                    experiment_name=name,
                    command="python start_batch.py",
                    code_id=code.id,
                    environment_id=model.properties.apply(lambda deployed: deployed.environment_id or ""),
                    environment_variables={
                        "AZURE_CLIENT_ID": runs_as.client_id,
                        "BATCH_ENDPOINT": scoring.endpoint.properties.apply(lambda made: made.scoring_uri),
                        "BATCH_INPUT": input_uri,
                        "BATCH_OUTPUT": output_uri,
                    },
                    compute_id=scoring.cluster.id,
                    identity=native.machinelearningservices.ManagedIdentityArgs(identity_type="Managed", client_id=runs_as.client_id),
                    limits=native.machinelearningservices.CommandJobLimitsArgs(job_limits_type="Command", timeout="PT15M"),
                    tags=group.tags,
                ),
            ),
            tags=group.tags,
        ),
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=workspace.resource, depends_on=after),
    )
