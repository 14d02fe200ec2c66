"""Logs that are thrown away too soon, or never."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies.rule import Family, Resource, Rule, aws_config, checkov
from policies.view import short

FAMILY = Family(
    "log-retention",
    "Log retention",
    "Logs that are gone when an incident is found cannot explain it; logs kept without end cost more each month and keep personal data.",
)


def _kept(path: str, default: int, forever: int | None = None) -> Callable[[Resource], Iterator[str]]:
    """The days that logs are kept are at least what the pack's settings say. `default` is what the service takes where they are not set,
    `forever` the number that means without end."""

    def check(resource: Resource) -> Iterator[str]:
        number = resource.number(path)
        days = default if number is None else number
        least = resource.settings.log_retention_days
        if days == forever:
            yield f"{path} is {short(number)}, which keeps logs without end; {least} days are asked for at least"
        elif days < least:
            yield f"{path} is {short(number)}; {least} days are asked for at least"

    return check


def _kept_in_storage(path: str) -> Callable[[Resource], Iterator[str]]:
    """The same for logs that are kept in a storage account, where they may stay until the account's own lifecycle rules delete them (0, not set)."""

    def check(resource: Resource) -> Iterator[str]:
        number = resource.number(path)
        least = resource.settings.log_retention_days
        if number and number < least:
            yield f"{path} is {short(number)}; {least} days are asked for at least"

    return check


RULES = (
    Rule(
        id="aws-cloudwatch-loggroup-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:cloudwatch/logGroup:LogGroup",),
        check=_kept("retentionInDays", default=0, forever=0),
        fix="Write a number CloudWatch takes: 90, 120, 150, 180, 365, 400, 545, 731 or more.",
        references=checkov("CKV_AWS_66", "CKV_AWS_338") + aws_config("CW_LOGGROUP_RETENTION_PERIOD_CHECK"),
    ),
    Rule(
        id="azure-operationalinsights-workspace-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:operationalinsights:Workspace",),
        check=_kept("retentionInDays", default=30),
        fix="Write 30 to 730 days.",
    ),
    Rule(
        id="azure-applicationinsights-component-retention",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:applicationinsights:Component",),
        check=_kept("retentionInDays", default=90),
        fix="Write 90, 120, 180, 270, 365, 550 or 730 days.",
    ),
    Rule(
        id="azure-sql-auditing-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "azure-native:sql:ExtendedServerBlobAuditingPolicy",
            "azure-native:sql:ServerBlobAuditingPolicy",
            "azure-native:sql:ExtendedDatabaseBlobAuditingPolicy",
            "azure-native:sql:DatabaseBlobAuditingPolicy",
        ),
        check=_kept_in_storage("retentionDays"),
        fix="Write more days, or 0 and a lifecycle rule on the storage account.",
        references=checkov("CKV_AZURE_24"),
    ),
    Rule(
        id="azure-network-flowlog-retention",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:network:FlowLog",),
        check=_kept_in_storage("retentionPolicy.days"),
        fix="Write more days, or 0 and a lifecycle rule on the storage account.",
        references=checkov("CKV_AZURE_12"),
    ),
    Rule(
        id="gcp-logging-bucket-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "gcp:logging/projectBucketConfig:ProjectBucketConfig",
            "gcp:logging/folderBucketConfig:FolderBucketConfig",
            "gcp:logging/organizationBucketConfig:OrganizationBucketConfig",
        ),
        check=_kept("retentionDays", default=30),
        fix="Write the days; not set means 30.",
    ),
)
