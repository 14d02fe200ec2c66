"""A private Azure SQL database that is entered with Entra identities."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.database import DatabaseArgs, DatabaseConnection
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Operations

from . import ids
from .alarms import YELLOW, action_group, metric_alarm
from .group import Group, group
from .ids import LONGEST
from .keys import CustomerKey, customer_key, key_problems
from .logs import diagnostics, log_workspace
from .network import attach
from .private_link import Service, private_endpoint
from .tags import tag_count_problems

CORES = 2
"""Virtual cores: the fewest that hold 1024 GiB, provisioned or serverless
(https://learn.microsoft.com/azure/azure-sql/database/resource-limits-vcore-single-databases)."""
PAUSE_MINUTES = 60
FULL_PERCENT = 90
GIB = 1024**3


class AdministratorType(StrEnum):
    """What kind of principal administers a database."""

    GROUP = "Group"
    """A group, so that administrators come and go without a deployment."""
    USER = "User"
    """A person."""
    APPLICATION = "Application"
    """A service principal or managed identity."""


@dataclass(frozen=True, kw_only=True)
class AzureSqlDatabaseArgs(DatabaseArgs):
    """Arguments of a private database on Azure SQL."""

    administrator_object_id: str | None = None
    """Object id of the Entra group (or user or application) that administers the server; there is no password. Azure takes it when the server is made
    and refuses to change it afterwards. Omitted: the principal that runs Pulumi, whoever that is at the first deployment."""
    administrator_name: str | None = None
    """Its display name, or user principal name. Required with `administrator_object_id`, and only then."""
    administrator_type: AdministratorType = AdministratorType.GROUP
    """What it is: `Group`, `User` or `Application`. Default: a group. Counts only with `administrator_object_id`."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        if self.administrator_object_id is not None and not ids.GUID.fullmatch(self.administrator_object_id):
            yield Problem("administrator_object_id", f"'{self.administrator_object_id}' is no object id of an Entra principal (a GUID)")
        if (self.administrator_object_id is None) != (self.administrator_name is None):
            missing = "administrator_name" if self.administrator_name is None else "administrator_object_id"
            yield Problem(missing, "is required: an administrator has an object id and a name")
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")


class AzureSqlDatabase(pulumi.ComponentResource):
    """A database that only Entra identities enter, through a private endpoint, encrypted with the customer's key.

    In production it has replicas in several zones; in development it is serverless and pauses after an hour without use.
    """

    id: pulumi.Output[str]
    """ARM id of the database."""
    host: pulumi.Output[str]
    """Host name of the server. It resolves in the network."""
    database: pulumi.Output[str]
    """Name of the database."""
    server_id: pulumi.Output[str]
    """ARM id of the server, which private endpoints are made for."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureSqlDatabaseArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureSqlDatabaseArgs, args, f"AzureSqlDatabase '{name}'")
        check_name(f"AzureSqlDatabase '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureSqlDatabase", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        server = _server(name, checked, key, in_group, self)
        private_endpoint(name, Service.SQL_SERVER, server.id, where, in_group, self)
        database = native.sql.Database(
            name,
            resource_group_name=in_group.name,
            server_name=server.name,
            database_name=checked.database,
            sku=_provisioned() if in_group.is_production else _serverless(),
            auto_pause_delay=None if in_group.is_production else PAUSE_MINUTES,
            min_capacity=None if in_group.is_production else 0.5,
            max_size_bytes=checked.storage_gib * GIB,
            zone_redundant=in_group.is_production,
            requested_backup_storage_redundancy="Zone" if in_group.is_production else "Local",
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=in_group.is_production),
        )
        native.sql.BackupShortTermRetentionPolicy(
            name,
            resource_group_name=in_group.name,
            server_name=server.name,
            database_name=database.name,
            policy_name="default",
            retention_days=checked.backup_days,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=database),
        )
        _audit(name, checked.operations, server, in_group, self)
        _alarms(name, checked.operations, database, in_group, self)

        self.id = database.id
        self.host = server.fully_qualified_domain_name
        self.database = database.name
        self.server_id = server.id
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "id": self.id,
                "host": self.host,
                "database": self.database,
                "server_id": self.server_id,
                "resource_group": self.resource_group,
            }
        )

    def connection(self) -> DatabaseConnection:
        """The database as an argument of the deployments that read it."""
        return DatabaseConnection(id=self.id, host=self.host, database=self.database)


def _server(name: str, args: AzureSqlDatabaseArgs, key: CustomerKey, in_group: Group, parent: pulumi.Resource) -> "native.sql.Server":
    """A server without passwords and public access, whose databases are encrypted with the key, in its newest version."""
    is_named = args.administrator_object_id is not None
    server = native.sql.Server(
        name,
        resource_group_name=in_group.name,
        server_name=ids.unique(name, in_group.id, 63),
        version="12.0",
        administrators=_administrator(args, parent),
        minimal_tls_version="1.2",
        public_network_access="Disabled",
        restrict_outbound_network_access="Enabled",
        identity=native.sql.ResourceIdentityArgs(type="UserAssigned", user_assigned_identities=[key.reader.id]),
        primary_user_assigned_identity_id=key.reader.id,
        key_id=key.uri,
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[key.access],
            protect=in_group.is_production,
            # The key's version follows rotation; an administrator nobody named is whoever deployed first.
            ignore_changes=["keyId"] if is_named else ["keyId", "administrators"],
        ),
    )
    native.sql.EncryptionProtector(
        name,
        resource_group_name=in_group.name,
        server_name=server.name,
        encryption_protector_name="current",
        server_key_type="AzureKeyVault",
        server_key_name=key.uri.apply(ids.server_key_name),
        auto_rotation_enabled=True,
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=server, ignore_changes=["serverKeyName"]),
    )
    return server


def _administrator(args: AzureSqlDatabaseArgs, parent: pulumi.Resource) -> "native.sql.ServerExternalAdministratorArgs":
    deployer = native.authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent))
    return native.sql.ServerExternalAdministratorArgs(
        administrator_type="ActiveDirectory",
        azure_ad_only_authentication=True,
        login=args.administrator_name or "deployer",
        principal_type=None if args.administrator_object_id is None else args.administrator_type.value,
        sid=args.administrator_object_id or deployer.object_id,
        tenant_id=deployer.tenant_id,
    )


def _provisioned() -> "native.sql.SkuArgs":
    return native.sql.SkuArgs(name="GP_Gen5", tier="GeneralPurpose", family="Gen5", capacity=CORES)


def _serverless() -> "native.sql.SkuArgs":
    return native.sql.SkuArgs(name="GP_S_Gen5", tier="GeneralPurpose", family="Gen5", capacity=CORES)


def _audit(name: str, operations: Operations, server: "native.sql.Server", in_group: Group, parent: pulumi.Resource) -> None:
    """Every statement and login goes to a log workspace, attacks to the mails.

    https://learn.microsoft.com/azure/azure-sql/database/auditing-overview
    """
    workspace = log_workspace(name, operations.log_retention_days, in_group, parent)
    # Audit events leave as a diagnostic log of the server's master database.
    sends = diagnostics(
        f"{name}-audit", pulumi.Output.concat(server.id, "/databases/master"), workspace, parent, categories=("SQLSecurityAuditEvents",)
    )
    native.sql.ExtendedServerBlobAuditingPolicy(
        name,
        resource_group_name=in_group.name,
        server_name=server.name,
        blob_auditing_policy_name="default",
        state=native.sql.BlobAuditingPolicyState.ENABLED,
        is_azure_monitor_target_enabled=True,
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=server, depends_on=[sends]),
    )
    native.sql.ServerSecurityAlertPolicy(
        name,
        resource_group_name=in_group.name,
        server_name=server.name,
        security_alert_policy_name="Default",
        state=native.sql.SecurityAlertsPolicyState.ENABLED,
        email_account_admins=False,
        email_addresses=list(operations.emails),
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=server),
    )


def _alarms(name: str, operations: Operations, database: "native.sql.Database", in_group: Group, parent: pulumi.Resource) -> None:
    hears = action_group(name, operations.emails, in_group, parent)
    thresholds = {"cpu": ("cpu_percent", operations.utilization_percent), "storage": ("storage_percent", FULL_PERCENT)}
    for label, (metric, percent) in thresholds.items():
        metric_alarm(
            f"{name}-{label}",
            f"{label} above {percent}%",
            ("Microsoft.Sql/servers/databases", metric),
            percent,
            YELLOW,
            database.id,
            hears,
            in_group,
            parent,
        )
