"""What every batch of tasks on Azure has: the arguments by which Azure grants access, the stores, and the identity of the tasks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.batch import TaskBatchArgs

from .addresses import allowed_ip_problems
from .connection import database_variables
from .group import Group, group
from .hosting import database_problems, model_problems, model_uri, reach_given, read_grants, store_diagnostics
from .identity import Role, grant, identity
from .keys import CustomerKey, customer_key, key_problems
from .logs import diagnostics, log_workspace
from .model_store import model_store, upload
from .network import attach
from .private_link import Attachment, Service, private_endpoint
from .registry import registry
from .results import ResultStore, input_container, input_problems, result_store
from .tags import tag_count_problems

INDEX = "TASK_INDEX"
"""The variable that holds a task's number."""
IDLE_USD = 100
"""What a budget allows for what is there while nothing runs: private endpoints, registry, logs."""


@dataclass(frozen=True, kw_only=True)
class AzureTaskArgs(TaskBatchArgs):
    """Arguments of every batch of tasks on Azure. A task's number is in `$TASK_INDEX`, which `$TASK_INDEX_VARIABLE` names here as everywhere."""

    input_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that `input_uri` is in, because Azure grants access by it. Required with it, and only then. In a network that is
    given, it needs a private endpoint there."""
    artifact_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that an artifact at `https://` is in, because Azure grants access by it. Required with one, and only then."""
    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the image is in. Omitted: a private one is made, under the name that the image carries
    (`<registry>.azurecr.io/...`); push the image when it is there, then deploy again."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. Default:
    none; local artifacts are uploaded through the private endpoint, so Pulumi runs inside the network."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from model_problems(self.model, self.artifact_account_id, self.registry_id)
        yield from input_problems(self.input_uri, self.input_account_id)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from database_problems(self.database, self.network)
        yield from allowed_ip_problems(self.allowed_ips)
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")


@dataclass(frozen=True)
class Surroundings:
    """What is there before the first task."""

    group: Group
    key: CustomerKey
    where: Attachment
    workspace: native.operationalinsights.Workspace
    results: ResultStore
    runs_as: native.managedidentity.UserAssignedIdentity
    """Reads the artifact, the image, the input and the vault's secrets, and writes results."""
    ready: list[pulumi.Resource]
    """What tasks wait for."""
    variables: dict[str, pulumi.Input[str]]
    """What tasks find in their environment, besides their number and the container's own."""


def surroundings(name: str, args: AzureTaskArgs, vault_id: pulumi.Input[str] | None, parent: pulumi.Resource) -> Surroundings:
    """The group, key, network and logs, the stores with their logs, and the identity with its grants."""
    model = args.model
    in_group = group(name, args.resource_group_name, args.environment, args.tags, parent)
    key = customer_key(name, args.encryption, args.key_vault_id, in_group, parent)
    where = attach(name, args.network, key, args.operations.log_retention_days, args.tags, in_group, parent)
    workspace = log_workspace(name, args.operations.log_retention_days, in_group, parent)
    models = model_store(name, key, where, in_group, parent, args.allowed_ips)
    results = result_store(name, args.results_days, key, where, in_group, parent)
    images = registry(name, [model], args.registry_id, where, in_group, parent, args.allowed_ips)
    reached = reach_given(name, args.registry_id, vault_id, args.artifact_account_id, args.network, where, in_group, parent)
    if args.input_account_id is not None and args.network.id is None:
        reached.append(private_endpoint(f"{name}-input", Service.BLOB, args.input_account_id, where, in_group, parent))

    runs_as = identity(name, in_group, parent)
    ready: list[pulumi.Resource] = [
        *reached,
        *([] if model.is_remote else upload(name, model, models, in_group, parent)),
        grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, parent),
        grant(f"{name}-results", Role.BLOB_CONTRIBUTOR, results.container.id, runs_as, parent),
        *read_grants(name, [model], models, args.artifact_account_id, args.secrets, vault_id, runs_as, parent),
    ]
    variables: dict[str, pulumi.Input[str]] = {
        "AZURE_CLIENT_ID": runs_as.client_id,
        "MODEL_URI": model_uri(model, models),
        "MODEL_VERSION": model.version,
        "RESULTS_URI": results.uri,
        "TASK_COUNT": str(args.tasks),
        "TASK_INDEX_VARIABLE": INDEX,
        **database_variables(args.database, runs_as),
    }
    if args.input_uri is not None and args.input_account_id is not None:
        scope = input_container(args.input_uri, args.input_account_id)
        ready.append(grant(f"{name}-input", Role.BLOB_READER, scope, runs_as, parent))
        variables["INPUT_URI"] = args.input_uri

    stored = pulumi.Output.concat(results.account.id, "/blobServices/default")
    diagnostics(f"{name}-results", stored, workspace, parent, categories=("StorageRead", "StorageWrite", "StorageDelete"))
    store_diagnostics(name, models, key, images, workspace, parent)
    return Surroundings(in_group, key, where, workspace, results, runs_as, ready, variables)
