"""Data that a mistake deletes for good, or that leaves the regions it must stay in."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import ResourceCheck, all_of, at_least, in_production, is_off, is_on, one_of
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, checkov, google_scc
from policies.rules.missing_tags import AWS_TYPES, AZURE_TYPES, GOOGLE_TYPES
from policies.view import short

FAMILY = Family(
    "data-protection",
    "Data protection",
    "A model can be trained again, the data it was asked for and answered with cannot: a mistake must not delete it for good.",
)

PLACELESS = {
    "aws:budgets/budget:Budget",
    "aws:cloudfront/distribution:Distribution",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "azure-native:batch:Pool",
    "azure-native:containerservice:AgentPool",
    "azure-native:keyvault:Key",
    "gcp:bigquery/table:Table",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:dns/managedZone:ManagedZone",
    "gcp:healthcare/fhirStore:FhirStore",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:pubsub/subscription:Subscription",
    "gcp:pubsub/topic:Topic",
    "gcp:secretmanager/secret:Secret",
}
"""Types that are global, or lie where their parent does."""
STORES = ("gcp:kms/keyRing:KeyRing", "gcp:logging/projectBucketConfig:ProjectBucketConfig")
"""Types without labels that have a location."""

RESIDENCY = "Data that lies in another region is under another law: personal and health data stay where they may be."


def _final_snapshot(resource: Resource) -> Iterator[str]:
    if not resource.given("replicateSourceDb"):
        yield from is_off("skipFinalSnapshot")(resource)


def _backup_days(resource: Resource) -> Iterator[str]:
    if not resource.given("replicateSourceDb"):
        yield from at_least("backupRetentionPeriod", 7, default=0 if resource.type.endswith(":Instance") else 1)(resource)


def _cloud_sql(resource: Resource) -> Iterator[str]:
    if not resource.given("masterInstanceName"):
        yield from is_on("settings.backupConfiguration.enabled")(resource)


def _rotation(resource: Resource) -> Iterator[str]:
    if (resource.text("purpose") or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return
    period = resource.text("rotationPeriod")
    seconds = float(period.removesuffix("s")) if period and period.removesuffix("s").replace(".", "").isdigit() else None
    if seconds is None or seconds > 90 * 24 * 3600:
        yield f"rotationPeriod is {short(period)}"


def _soft_delete(resource: Resource) -> Iterator[str]:
    yield from is_on("deleteRetentionPolicy.enabled")(resource)
    yield from is_on("containerDeleteRetentionPolicy.enabled")(resource)


def _location(*paths: str) -> Callable[[Resource], Iterator[str]]:
    """The resource, or else its provider, names a region that the pack's settings allow. The first path that says something counts."""

    def check(resource: Resource) -> Iterator[str]:
        if not resource.settings.allowed_locations:
            return
        named = ((path, resource.text(path)) for path in paths)
        given = ((f"{path} of the provider", resource.provider_text(path)) for path in paths)
        where, location = next(((where, found) for where, found in chain(named, given) if found), ("", None))
        if location and not resource.settings.allows(location):
            yield f"{where} is {short(location)}"

    return check


def _placed(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(token for token in types if token not in PLACELESS)


def _versioning(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of("aws:s3/bucket:Bucket"):
        versioned = stack.linked(bucket, "aws:s3/bucketVersioning:BucketVersioning")
        if not any(each.text("versioningConfiguration.status") == "Enabled" for each in versioned):
            yield bucket, "no BucketVersioning with status Enabled refers to the bucket"


def _kept(name: str, severity: Severity, check: ResourceCheck, fix: str, *types: str, **more: Any) -> Rule:
    """The rule for what production keeps."""
    return Rule(id=name, family=FAMILY, severity=severity, types=types, check=in_production(check), fix=fix, **more)


RULES = (
    _kept(
        "aws-rds-database-deletion",
        Severity.HIGH,
        is_on("deletionProtection"),
        "Set it to true.",
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        references=checkov("CKV_AWS_293") + aws_config("RDS_INSTANCE_DELETION_PROTECTION_ENABLED"),
    ),
    _kept(
        "aws-rds-database-final-snapshot",
        Severity.MEDIUM,
        _final_snapshot,
        "Set it to false and give finalSnapshotIdentifier.",
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
    ),
    _kept(
        "aws-rds-database-backups",
        Severity.HIGH,
        _backup_days,
        "Keep backups for 7 days or more.",
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        references=checkov("CKV_AWS_133") + aws_config("DB_INSTANCE_BACKUP_ENABLED"),
    ),
    _kept(
        "aws-dynamodb-table-recovery",
        Severity.MEDIUM,
        is_on("pointInTimeRecovery.enabled"),
        "Set it to true.",
        "aws:dynamodb/table:Table",
        references=checkov("CKV_AWS_28") + aws_config("DYNAMODB_PITR_ENABLED"),
    ),
    _kept(
        "aws-s3-bucket-force-destroy",
        Severity.HIGH,
        is_off("forceDestroy"),
        "Leave it out: a bucket that still holds something is then not deleted.",
        "aws:s3/bucket:Bucket",
    ),
    _kept(
        "aws-ecr-repository-force-delete",
        Severity.MEDIUM,
        is_off("forceDelete"),
        "Leave it out: a repository that still holds images is then not deleted.",
        "aws:ecr/repository:Repository",
    ),
    _kept(
        "aws-kms-key-deletion",
        Severity.MEDIUM,
        at_least("deletionWindowInDays", 30, default=30),
        "Leave it out, or write 30.",
        "aws:kms/key:Key",
        why="With its key, all data that it encrypts is gone: there must be time to notice.",
        controls=frameworks.KEY_LOSS,
    ),
    _kept(
        "aws-secretsmanager-secret-deletion",
        Severity.MEDIUM,
        at_least("recoveryWindowInDays", 7, default=30),
        "Leave it out, or write 7 to 30 days.",
        "aws:secretsmanager/secret:Secret",
        controls=frameworks.KEY_LOSS,
    ),
    Rule(
        id="azure-keyvault-vault-purge",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:keyvault:Vault",),
        check=all_of(is_on("properties.enablePurgeProtection"), is_on("properties.enableSoftDelete", default=True)),
        why="With its key, all data that it encrypts is gone: there must be time to notice.",
        sets=always({"properties.enablePurgeProtection": True, "properties.enableSoftDelete": True}),
        fix="Set enablePurgeProtection to true and leave enableSoftDelete on.",
        references=checkov("CKV_AZURE_42", "CKV_AZURE_110", "CKV_AZURE_111"),
        controls=frameworks.KEY_LOSS,
    ),
    Rule(
        id="azure-storage-blobservice-soft-delete",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:storage:BlobServiceProperties",),
        check=_soft_delete,
        fix="Set enabled to true with the days that deleted blobs and containers are kept.",
        references=checkov("CKV2_AZURE_38"),
    ),
    _kept(
        "azure-postgresql-server-backups",
        Severity.MEDIUM,
        at_least("backup.backupRetentionDays", 7, default=7),
        "Keep backups for 7 to 35 days.",
        "azure-native:dbforpostgresql:Server",
    ),
    _kept(
        "azure-cosmosdb-account-backups",
        Severity.MEDIUM,
        one_of("backupPolicy.type", "Continuous"),
        "Write Continuous: any point of the last days can then be restored without asking support.",
        "azure-native:cosmosdb:DatabaseAccount",
    ),
    Rule(
        id="gcp-sql-instance-backups",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:sql/databaseInstance:DatabaseInstance",),
        check=_cloud_sql,
        fix="Set it to true, with pointInTimeRecoveryEnabled (binaryLogEnabled for MySQL).",
        references=checkov("CKV_GCP_14") + google_scc("AUTO_BACKUP_DISABLED"),
    ),
    _kept(
        "gcp-sql-instance-deletion",
        Severity.HIGH,
        is_on("deletionProtection", default=True),
        "Leave it out.",
        "gcp:sql/databaseInstance:DatabaseInstance",
    ),
    _kept(
        "gcp-storage-bucket-versioning",
        Severity.MEDIUM,
        is_on("versioning.enabled"),
        "Set it to true, with a lifecycle rule that ends old versions.",
        "gcp:storage/bucket:Bucket",
        references=checkov("CKV_GCP_78"),
    ),
    _kept(
        "gcp-storage-bucket-force-destroy",
        Severity.HIGH,
        is_off("forceDestroy"),
        "Leave it out: a bucket that still holds something is then not deleted.",
        "gcp:storage/bucket:Bucket",
    ),
    _kept(
        "gcp-bigquery-dataset-force-destroy",
        Severity.HIGH,
        is_off("deleteContentsOnDestroy"),
        "Leave it out: a dataset that still holds tables is then not deleted.",
        "gcp:bigquery/dataset:Dataset",
    ),
    Rule(
        id="gcp-kms-cryptokey-rotation",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:kms/cryptoKey:CryptoKey",),
        check=_rotation,
        why="A key that is never rotated protects ever more data, so that a leak of it costs ever more.",
        fix="Write 7776000s (90 days) or less.",
        references=checkov("CKV_GCP_43") + google_scc("KMS_KEY_NOT_ROTATED"),
        controls=frameworks.ROTATION,
    ),
    Rule(
        id="aws-any-resource-region",
        family=FAMILY,
        severity=Severity.HIGH,
        types=_placed(AWS_TYPES),
        check=_location("region"),
        why=RESIDENCY,
        fix="Use one of the regions that allowedLocations names.",
        controls=frameworks.RESIDENCY,
    ),
    Rule(
        id="azure-any-resource-location",
        family=FAMILY,
        severity=Severity.HIGH,
        types=_placed(AZURE_TYPES),
        check=_location("location"),
        why=RESIDENCY,
        fix="Use one of the regions that allowedLocations names.",
        controls=frameworks.RESIDENCY,
    ),
    Rule(
        id="gcp-any-resource-location",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(*_placed(GOOGLE_TYPES), *STORES),
        check=_location("location", "region", "zone"),
        why=RESIDENCY,
        fix="Use one of the regions that allowedLocations names.",
        controls=frameworks.RESIDENCY,
    ),
    Rule(
        id="aws-apigateway-methodsettings-payload-log",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:apigateway/methodSettings:MethodSettings",),
        check=is_off("settings.dataTraceEnabled"),
        why="It writes whole requests and answers, and with them what is personal in them, into logs that many may read.",
        sets=always({"settings.dataTraceEnabled": False}),
        fix="Set it to false; loggingLevel ERROR says what failed without what was asked.",
        references=checkov("CKV_AWS_276"),
        controls=frameworks.MINIMAL,
    ),
    Rule(
        id="gcp-healthcare-fhirstore-history",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:healthcare/fhirStore:FhirStore",),
        check=is_off("disableResourceVersioning"),
        fix="Leave it off: an overwritten record can then be brought back.",
    ),
    Rule(
        id="gcp-alloydb-cluster-backups",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:alloydb/cluster:Cluster",),
        check=is_on("continuousBackupConfig.enabled", default=True),
        fix="Leave it on.",
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-s3-bucket-unversioned",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:s3/bucket:Bucket",),
        check=_versioning,
        fix="Add one: an overwritten or deleted model can then be brought back.",
        references=checkov("CKV_AWS_21") + aws_config("S3_BUCKET_VERSIONING_ENABLED"),
        unknown=Unknown.ADVISORY,
    ),
)
