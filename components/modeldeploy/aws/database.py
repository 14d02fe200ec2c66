"""A private PostgreSQL database on Amazon RDS that is entered with IAM identities."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.database import DatabaseArgs, DatabaseConnection
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic, database_alarms
from .keys import key_arn
from .network import Attachment, attach
from .policy_documents import trust
from .security_groups import POSTGRES, database_group

MAJOR_VERSION = "17"
"""PostgreSQL's, to which RDS adds the newest minor one:
https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html."""

LONGEST_NAME = 42
"""An IAM role's name, 64 characters at most, is made of the component's, `-network-flows` and what auto-naming adds."""

LOG_TYPES = ("postgresql", "upgrade")
RESERVED = ("db", "rdsadmin", "postgres", "template0", "template1")
"""Names that RDS keeps for itself or that are there already."""


@dataclass(frozen=True, kw_only=True)
class RdsDatabaseArgs(DatabaseArgs):
    """Arguments of `RdsDatabase`: the shared ones, and the machine."""

    instance_class: str = "db.t4g.medium"
    """RDS instance class (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html). Default: 2 CPUs and 4 GiB, with
    credits for peaks."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if not re.fullmatch(r"db\.[a-z0-9-]+\.[a-z0-9]+", self.instance_class):
            yield Problem("instance_class", f"'{self.instance_class}' is no RDS instance class; write for example db.t4g.medium")
        if self.database in RESERVED:
            yield Problem("database", f"'{self.database}' is a name that RDS keeps for itself; use another")
        if self.network.id is not None and len(self.network.subnet_ids) < 2:
            yield Problem("network.subnet_ids", f"{len(self.network.subnet_ids)} is too few; RDS needs subnets in two availability zones")


class RdsDatabase(pulumi.ComponentResource):
    """RDS for PostgreSQL in a private network: IAM login, TLS only, encrypted, backed up; in production with a standby and protected from deletion.

    The administrator's password is made, kept and rotated by RDS in Secrets Manager; it is in no state and no program
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html). Everybody else logs in with an IAM token.
    """

    id: pulumi.Output[str]
    """The resource id (`db-...`) that permissions to log in name."""
    host: pulumi.Output[str]
    """Host name, which resolves to a private address."""
    port: pulumi.Output[int]
    """Port."""
    database: pulumi.Output[str]
    """Name of the database."""
    administrator_secret: pulumi.Output[str]
    """ARN of the secret with the administrator's password, for the one who runs the grants."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries its alarms."""

    def __init__(self, name: str, args: RdsDatabaseArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(RdsDatabaseArgs, args, f"RdsDatabase '{name}'")
        check_name(f"RdsDatabase '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:RdsDatabase", name, as_inputs(checked), opts)
        account = current_account(self)
        operations, environment = checked.operations, checked.environment
        tags = standard_tags(checked.tags, environment)
        # Fixed: its log groups are there before it and carry its name.
        identifier = physical_name(name, 63)

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags, self)
        group = database_group(name, network, checked.network.callers, tags, self)
        logs = _log_groups(name, identifier, operations.log_retention_days, key, tags, self)
        instance = _instance(name, identifier, checked, network, group, key, logs, account, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        database_alarms(name, identifier, checked.storage_gib, operations, topic, tags, self)

        self.id = instance.resource_id
        self.host = instance.address
        self.port = pulumi.Output.from_input(POSTGRES)
        self.database = pulumi.Output.from_input(checked.database)
        self.administrator_secret = instance.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn or "" if secrets else "")
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "id": self.id,
                "host": self.host,
                "port": self.port,
                "database": self.database,
                "administrator_secret": self.administrator_secret,
                "alarm_topic": self.alarm_topic,
            }
        )

    def connection(self) -> DatabaseConnection:
        """The database as an argument of the deployments that read it."""
        return DatabaseConnection(id=self.id, host=self.host, database=self.database)


def _log_groups(
    name: str, identifier: str, retention_days: int, key: pulumi.Input[str], tags: dict[str, str], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """The groups RDS exports to; it would make them without key and end of retention."""
    return [
        aws.cloudwatch.LogGroup(
            f"{name}-{kind}",
            name=f"/aws/rds/instance/{identifier}/{kind}",
            retention_in_days=retention_days,
            kms_key_id=key,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for kind in LOG_TYPES
    ]


def _instance(
    name: str,
    identifier: str,
    args: RdsDatabaseArgs,
    network: Attachment,
    group: aws.ec2.SecurityGroup,
    key: pulumi.Output[str],
    logs: list[pulumi.Resource],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.rds.Instance:
    production = args.environment is Environment.PRODUCTION
    opts = pulumi.ResourceOptions(parent=parent)
    subnets = aws.rds.SubnetGroup(f"{name}-subnets", subnet_ids=network.subnet_ids, tags=tags, opts=opts)
    parameters = aws.rds.ParameterGroup(
        f"{name}-parameters",
        family=f"postgres{MAJOR_VERSION}",
        parameters=[
            aws.rds.ParameterGroupParameterArgs(name="rds.force_ssl", value="1"),
            aws.rds.ParameterGroupParameterArgs(name="log_connections", value="1"),
            aws.rds.ParameterGroupParameterArgs(name="log_disconnections", value="1"),
        ],
        tags=tags,
        opts=opts,
    )
    monitoring, watched = _monitoring_role(name, account, tags, parent)
    return aws.rds.Instance(
        name,
        identifier=identifier,
        engine="postgres",
        engine_version=MAJOR_VERSION,
        instance_class=args.instance_class,
        db_name=args.database,
        port=POSTGRES,
        username="administrator",
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key,
        iam_database_authentication_enabled=True,
        db_subnet_group_name=subnets.name,
        vpc_security_group_ids=[group.id],
        publicly_accessible=False,
        multi_az=production,
        storage_type="gp3",
        allocated_storage=args.storage_gib,
        max_allocated_storage=2 * args.storage_gib,
        storage_encrypted=True,
        kms_key_id=key,
        parameter_group_name=parameters.name,
        backup_retention_period=args.backup_days,
        copy_tags_to_snapshot=True,
        delete_automated_backups=not production,
        deletion_protection=production,
        skip_final_snapshot=not production,
        final_snapshot_identifier=f"{identifier}-final" if production else None,
        auto_minor_version_upgrade=True,
        enabled_cloudwatch_logs_exports=list(LOG_TYPES),
        performance_insights_enabled=True,
        performance_insights_kms_key_id=key,
        performance_insights_retention_period=7,
        monitoring_interval=60,
        monitoring_role_arn=monitoring.arn,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=production, depends_on=[*logs, watched]),
    )


def _monitoring_role(name: str, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
    """Enhanced monitoring: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-monitoring", assume_role_policy=account.id.apply(lambda it: trust("monitoring.rds.amazonaws.com", it)), tags=tags, opts=opts
    )
    attached = aws.iam.RolePolicyAttachment(
        f"{name}-monitoring",
        role=role.name,
        policy_arn=account.partition.apply(lambda it: f"arn:{it}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"),
        opts=opts,
    )
    return role, attached
