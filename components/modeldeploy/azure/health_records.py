"""Health records in Azure Health Data Services: a FHIR service that a model's data comes from.

https://learn.microsoft.com/azure/healthcare-apis/fhir/overview
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.health_records import HealthRecordsArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name

from . import ids
from .alarms import RED, action_group, metric_alarm, query_alarm
from .group import Group, group
from .identity import Role, grant_to
from .ids import LONGEST
from .keys import CustomerKey, customer_key, key_problems
from .logs import diagnostics, log_workspace
from .network import attach
from .private_link import Service, private_endpoint
from .tags import tag_count_problems

FHIR = "Microsoft.HealthcareApis/workspaces/fhirservices"
SERVICE = "fhir"
"""Name of the one service in the workspace, and the end of the first label of its host name."""
REFUSED = "MicrosoftHealthcareApisAuditLogs\n| where StatusCode in (401, 403)\n| summarize Refused = count()"
"""https://learn.microsoft.com/azure/azure-monitor/reference/tables/microsofthealthcareapisauditlogs"""


@dataclass(frozen=True, kw_only=True)
class AzureFhirServiceArgs(HealthRecordsArgs):
    """A FHIR R4 service on Azure Health Data Services. Tokens are asked for the service's own address (output `url`)."""

    readers: list[str] = field(default_factory=list[str])
    """Object ids of Entra principals that may read records besides deployments. Default: nobody."""
    writers: list[str] = field(default_factory=list[str])
    """Object ids of Entra principals that may read, write and delete records. Default: nobody."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then. The key
    is RSA of 2048 or 3072 bits, in a vault of the service's region."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        for name in ("readers", "writers"):
            principals: list[str] = getattr(self, name)
            for index, principal in enumerate(principals):
                if not ids.GUID.fullmatch(principal):
                    yield Problem(f"{name}[{index}]", f"'{principal}' is no object id of an Entra principal (a GUID)")
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")


class AzureFhirService(pulumi.ComponentResource):
    """A FHIR service that is reached privately, encrypted with a customer-managed key, and keeps every version of a record.

    Azure closes it to the internet when the private endpoint is there, which is made after the service, because its address belongs to the service;
    until then, minutes, it answers the internet too, to roles that nobody has yet. Every access is in the audit log.
    """

    id: pulumi.Output[str]
    """ARM id of the service."""
    url: pulumi.Output[str]
    """Address of the FHIR API, to which a resource's path is appended (`/Patient/...`). It resolves in the network."""
    logs: pulumi.Output[str]
    """Where the log of who did what is queried: the Log Analytics workspace in the portal."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureFhirServiceArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureFhirServiceArgs, args, f"AzureFhirService '{name}'")
        check_name(f"AzureFhirService '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureFhirService", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        records = native.healthcareapis.Workspace(
            name,
            resource_group_name=in_group.name,
            workspace_name=ids.unique(name.replace("-", ""), in_group.id, 24, separator=""),
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=in_group.is_production),
        )
        url = pulumi.Output.concat("https://", records.name, f"-{SERVICE}.fhir.azurehealthcareapis.com")
        service = _service(name, records, url, key, in_group, self)
        # An endpoint that is there before the service would not know its name.
        private_endpoint(name, Service.HEALTH, pulumi.Output.all(records.id, service.id).apply(lambda made: made[0]), where, in_group, self)

        self._name, self._service = name, service
        for reader in checked.readers:
            grant_to(f"{name}-reader-{reader}", Role.FHIR_READER, service.id, reader, None, self)
        for writer in checked.writers:
            grant_to(f"{name}-writer-{writer}", Role.FHIR_WRITER, service.id, writer, None, self)

        workspace = log_workspace(name, checked.operations.log_retention_days, in_group, self)
        diagnostics(f"{name}-audit", service.id, workspace, self, categories=("AuditLogs",))
        if key.vault is not None:
            diagnostics(f"{name}-keys", key.vault.id, workspace, self, categories=("AuditEvent",))
        hears = action_group(name, checked.operations.emails, in_group, self)
        refused = "Somebody without permission asked for records"
        query_alarm(f"{name}-refused", refused, REFUSED, "Refused", 0, hears, workspace.id, in_group, self)
        failed = "The service fails to answer"
        metric_alarm(f"{name}-errors", failed, (FHIR, "TotalErrors"), 0, RED, service.id, hears, in_group, self, aggregation="Total")

        self.id = service.id
        self.url = url
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.resource_group = in_group.name
        self.register_outputs({"id": self.id, "url": self.url, "logs": self.logs, "resource_group": self.resource_group})

    def let_read(self, name: str, identity: pulumi.Input[str]) -> None:
        """Lets the `identity` of a deployment (the object id of its managed identity) read, and nothing more; `name` names the permission."""
        grant_to(f"{self._name}-{name}", Role.FHIR_READER, self._service.id, identity, "ServicePrincipal", self)


def _service(
    name: str,
    records: "native.healthcareapis.Workspace",
    url: pulumi.Output[str],
    key: CustomerKey,
    in_group: Group,
    parent: pulumi.Resource,
) -> "native.healthcareapis.FhirService":
    return native.healthcareapis.FhirService(
        name,
        resource_group_name=in_group.name,
        workspace_name=records.name,
        fhir_service_name=SERVICE,
        kind=native.healthcareapis.FhirServiceKind.FHIR_R4,
        identity=native.healthcareapis.ServiceManagedIdentityIdentityArgs(type="UserAssigned", user_assigned_identities=[key.reader.id]),
        authentication_configuration=native.healthcareapis.FhirServiceAuthenticationConfigurationArgs(
            authority=pulumi.Output.concat("https://login.microsoftonline.com/", key.reader.tenant_id), audience=url, smart_proxy_enabled=False
        ),
        # With its version, as Azure asks for; https://learn.microsoft.com/azure/healthcare-apis/fhir/configure-customer-managed-keys
        encryption=native.healthcareapis.EncryptionArgs(
            customer_managed_key_encryption=native.healthcareapis.EncryptionCustomerManagedKeyEncryptionArgs(key_encryption_key_url=key.uri)
        ),
        # No web page of another origin calls it.
        cors_configuration=native.healthcareapis.FhirServiceCorsConfigurationArgs(allow_credentials=False, headers=[], methods=[], origins=[]),
        resource_version_policy_configuration=native.healthcareapis.ResourceVersionPolicyConfigurationArgs(default="versioned"),
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[key.access], protect=in_group.is_production),
    )
