"""A private PostgreSQL database on Cloud SQL, entered with IAM identities only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.database import DatabaseArgs, DatabaseConnection
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment

from .alarms import THREE_PERIODS, above, channels, policy
from .database_access import instance_of, instance_roles
from .keys import data_key
from .labels import label_problems, labels
from .logs import log_bucket
from .names import LONGEST
from .network import network_for
from .place import place
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire

APIS = ("sqladmin", "cloudkms", "monitoring", "logging", "iam")
VERSION = "POSTGRES_18"
ADMINISTRATOR = re.compile(r"(user|group):[^@\s]+@[^@\s]+")
TIER = re.compile(r"db-custom-(\d+)-(\d+)")
DISK_PERCENT = 80
"""Alarm when more than this share of the storage is used."""
FLAGS = {
    "cloudsql.iam_authentication": "on",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    # Statements that change the schema, not those that carry data.
    "log_statement": "ddl",
    # Off: slow statements are logged with the values in them. Query insights shows them without.
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "error",
    "log_temp_files": "0",
    # Who got which role and changed which table, once an administrator has run `CREATE EXTENSION pgaudit`; not who read what.
    "cloudsql.enable_pgaudit": "on",
    "pgaudit.log": "role,ddl",
}
"""Settings of the server (https://cloud.google.com/sql/docs/postgres/flags)."""


@dataclass(frozen=True, kw_only=True)
class CloudSqlDatabaseArgs(DatabaseArgs):
    """A private PostgreSQL database on Cloud SQL. Its network has private services access, as a `GoogleNetwork` does."""

    tier: str = "db-custom-2-8192"
    """Machine: `db-custom-<CPUs>-<MiB of memory>`, with 1 or an even number of CPUs up to 96, and 3840 MiB or more in steps of 256, 0.9 to 6.5 GiB
    for each CPU. Default: 2 CPUs and 8 GiB."""
    administrators: list[str] = field(default_factory=list[str])
    """Who administers the database, as IAM members: `user:...` or `group:...`. They log in with their own identity and run the `database_grant` of
    deployments. Empty: nobody but who can add such a user to the project's instances."""
    data_api: bool = True
    """Whether statements can be run through Cloud SQL's Data API, with an IAM identity that has a role on the instance and a user in the database.
    Default true, because a Vertex AI endpoint has no other way to a database. It can be called from anywhere Google's APIs can: set false when
    nothing but workloads in the network (Cloud Run, GKE) read the database."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from label_problems(self.tags)
        yield from tier_problems(self.tier)
        for index, member in enumerate(self.administrators):
            if not ADMINISTRATOR.fullmatch(member):
                yield Problem(f"administrators[{index}]", f"'{member}' is no person or group; write user:<address> or group:<address>")
            if member in self.administrators[:index]:
                yield Problem(f"administrators[{index}]", f"'{member}' is there twice")


class CloudSqlDatabase(pulumi.ComponentResource):
    """A PostgreSQL database with a private address only, a customer-managed key, daily backups and recovery to any second of the last week.

    There is no password: the built-in administrator has none set, and users are IAM identities. In production it has a standby in another zone, and
    neither Pulumi nor anybody else deletes it before its protection is taken away. The storage does not grow by itself: an alarm tells when to raise
    `storage_gib`. A key given by `encryption.key` must be in the same region and let the service agents of Cloud SQL and Cloud Logging encrypt and
    decrypt.
    """

    id: pulumi.Output[str]
    """Connection name of the instance, `project:region:instance`."""
    host: pulumi.Output[str]
    """Private address."""
    database: pulumi.Output[str]
    """Name of the database."""
    logs: pulumi.Output[str]
    """The log bucket of the instance, `projects/P/locations/L/buckets/B`."""

    def __init__(self, name: str, args: CloudSqlDatabaseArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(CloudSqlDatabaseArgs, args, f"CloudSqlDatabase '{name}'")
        check_name(f"CloudSqlDatabase '{name}'", name, LONGEST)
        where = place(f"CloudSqlDatabase '{name}'", opts)
        super().__init__("modeldeploy:index:CloudSqlDatabase", name, to_wire(checked), opts)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, APIS, where, self),
        )

        network = network_for(scope, checked.network, checked.operations.log_retention_days, checked.environment, checked.tags)
        key = data_key(scope, checked.encryption, ["sqladmin", "logging"])
        instance = gcp.sql.DatabaseInstance(
            name,
            gcp.sql.DatabaseInstanceArgs(
                database_version=VERSION,
                region=where.region,
                project=where.project,
                encryption_key_name=key.id,
                deletion_protection=scope.production,
                settings=_settings(scope, checked, network.id),
            ),
            scope.after_apis(*key.ready, protect=scope.production),
        )
        database = gcp.sql.Database(
            f"{name}-database",
            # Deleted with the instance: PostgreSQL refuses to drop a database that somebody is connected to.
            gcp.sql.DatabaseArgs(name=checked.database, instance=instance.name, project=where.project, deletion_policy="ABANDON"),
            scope.child(),
        )
        _administrators(scope, checked.administrators, instance)
        _alarms(scope, checked, instance)
        logs = log_bucket(scope, instance.name, _filter(instance), checked.operations.log_retention_days, key)

        self.id = pulumi.Output.all(instance.connection_name, database.id).apply(lambda values: str(values[0]))
        self.host = instance.private_ip_address
        self.database = database.name
        self.logs = logs.id
        self.register_outputs({"id": self.id, "host": self.host, "database": self.database, "logs": self.logs})

    def connection(self) -> DatabaseConnection:
        """The database as an argument of the deployments that read it."""
        return DatabaseConnection(id=self.id, host=self.host, database=self.database)


def tier_problems(tier: str) -> Iterator[Problem]:
    """Problems of a machine's name (https://cloud.google.com/sql/docs/postgres/create-instance#machine-types)."""
    match = TIER.fullmatch(tier)
    if match is None:
        yield Problem("tier", f"'{tier}' is no machine; write db-custom-<CPUs>-<MiB of memory>, for example db-custom-2-8192")
        return
    cpus, memory = int(match[1]), int(match[2])
    if cpus != 1 and (cpus % 2 or not 2 <= cpus <= 96):
        yield Problem("tier", f"'{tier}' has {cpus} CPUs; use 1 or an even number up to 96")
    elif memory < 3840 or memory % 256 or not 0.9 * 1024 * cpus <= memory <= 6.5 * 1024 * cpus:
        yield Problem("tier", f"'{tier}' has {memory} MiB; use 3840 or more in steps of 256, and 0.9 to 6.5 GiB for each of its {cpus} CPUs")


def _settings(scope: Scope, args: CloudSqlDatabaseArgs, network: pulumi.Input[str] | None) -> gcp.sql.DatabaseInstanceSettingsArgs:
    return gcp.sql.DatabaseInstanceSettingsArgs(
        tier=args.tier,
        # The edition that has db-custom machines; from PostgreSQL 16 on it is not the default.
        edition="ENTERPRISE",
        availability_type="REGIONAL" if scope.production else "ZONAL",
        disk_type="PD_SSD",
        disk_size=args.storage_gib,
        disk_autoresize=False,
        data_api_access="ALLOW_DATA_API" if args.data_api else "DISALLOW_DATA_API",
        deletion_protection_enabled=scope.production,
        retain_backups_on_delete=scope.production,
        ip_configuration=gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs(ipv4_enabled=False, private_network=network, ssl_mode="ENCRYPTED_ONLY"),
        backup_configuration=gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs(
            enabled=True,
            start_time="02:00",
            point_in_time_recovery_enabled=True,
            transaction_log_retention_days=7,
            backup_retention_settings=gcp.sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                # One backup a day, so days and backups are the same number.
                retained_backups=args.backup_days,
                retention_unit="COUNT",
            ),
        ),
        database_flags=[gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value) for name, value in FLAGS.items()],
        insights_config=gcp.sql.DatabaseInstanceSettingsInsightsConfigArgs(
            query_insights_enabled=True, record_client_address=False, record_application_tags=False
        ),
        maintenance_window=gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs(day=7, hour=3, update_track="stable"),
        user_labels=scope.labels,
    )


def _administrators(scope: Scope, members: Sequence[str], instance: gcp.sql.DatabaseInstance) -> None:
    """Lets `members` log in as administrators of the database, and into this instance only."""
    types = {"user": "CLOUD_IAM_USER", "group": "CLOUD_IAM_GROUP"}
    for member in members:
        kind, address = member.split(":", 1)
        gcp.sql.User(
            f"{scope.name}-administrator-{address}",
            gcp.sql.UserArgs(
                instance=instance.name,
                project=scope.project,
                name=address.lower(),
                type=types[kind],
                database_roles=["cloudsqlsuperuser"],
                # PostgreSQL refuses to drop a user that owns something.
                deletion_policy="ABANDON",
            ),
            scope.child(),
        )
        instance_roles(scope, f"{scope.name}-{address}", member, scope.project, instance.connection_name.apply(instance_of))


def _alarms(scope: Scope, args: CloudSqlDatabaseArgs, instance: gcp.sql.DatabaseInstance) -> None:
    """CPU and storage. Metrics: https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudsql"""
    notify = channels(scope, args.operations.emails)
    busy = args.operations.utilization_percent
    for alarm, metric, percent, text in (
        ("cpu", "database/cpu/utilization", busy, f"Database {scope.name} uses more than {busy}% of its CPU: take a larger `tier`."),
        (
            "storage",
            "database/disk/utilization",
            DISK_PERCENT,
            f"More than {DISK_PERCENT}% of the storage of database {scope.name} is used: raise `storage_gib`.",
        ),
    ):
        series = pulumi.Output.concat(_filter(instance), f' AND metric.type="cloudsql.googleapis.com/{metric}"')
        condition = above(alarm, series, percent / 100, THREE_PERIODS, "ALIGN_MEAN", "REDUCE_MEAN")
        policy(scope, alarm, text, [condition], notify)


def _filter(instance: gcp.sql.DatabaseInstance) -> pulumi.Output[str]:
    """What Cloud Monitoring and Cloud Logging know about the instance."""
    return pulumi.Output.concat('resource.type="cloudsql_database" AND resource.labels.database_id="', instance.project, ":", instance.name, '"')
