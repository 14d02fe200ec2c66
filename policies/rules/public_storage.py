"""Storage that anyone can read or write."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.checks import ANYONE, all_of, every, is_off, is_on, not_anyone, one_of
from policies.iam import nobody_unnamed
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family("public-storage", "Public storage", "Public storage hands model files and data to anyone on the internet.")

PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers")
PUBLIC_ENTITIES = ("allUsers", "allAuthenticatedUsers")


def _acl(resource: Resource) -> Iterator[str]:
    if resource.text("acl") in PUBLIC_ACLS:
        yield f"acl is {short(resource.text('acl'))}"
    yield from resource.each("grants", _grant)
    yield from resource.each("accessControlPolicy.grants", lambda grant: grant.each("grantee", _grant))


def _grant(view: View) -> Iterator[str]:
    if view.text("uri") in PUBLIC_GROUPS:
        yield f"{view.at('uri')} is a group of everybody"


def _entities(resource: Resource) -> Iterator[str]:
    if resource.text("entity") in PUBLIC_ENTITIES:
        yield f"entity is {short(resource.text('entity'))}"
    if (resource.text("predefinedAcl") or "").startswith("public"):
        yield f"predefinedAcl is {short(resource.text('predefinedAcl'))}"
    for entry in resource.texts("roleEntities"):
        if entry.rpartition(":")[2] in PUBLIC_ENTITIES:
            yield f"roleEntities holds {short(entry)}"


def _dataset_access(view: View) -> Iterator[str]:
    if view.text("specialGroup") == "allAuthenticatedUsers":
        yield f"{view.at('specialGroup')} is 'allAuthenticatedUsers'"
    if view.text("iamMember") in ANYONE:
        yield f"{view.at('iamMember')} is {short(view.text('iamMember'))}"


def _unblocked(stack: Stack) -> Iterator[tuple[Resource, str]]:
    if stack.of("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"):
        return
    for bucket in stack.of("aws:s3/bucket:Bucket"):
        if not stack.linked(bucket, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
            yield bucket, "no BucketPublicAccessBlock refers to the bucket"


RULES = (
    Rule(
        id="aws-s3-bucket-public-acl",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:s3/bucket:Bucket", "aws:s3/bucketAcl:BucketAcl"),
        check=_acl,
        fix="Leave the ACL out or write 'private', and grant access with a bucket policy.",
        references=checkov("CKV_AWS_20", "CKV_AWS_57", "CKV_AWS_375")
        + aws_config("S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"),
    ),
    Rule(
        id="aws-s3-publicaccessblock-off",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"),
        check=all_of(is_on("blockPublicAcls"), is_on("blockPublicPolicy"), is_on("ignorePublicAcls"), is_on("restrictPublicBuckets")),
        sets=always({"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}),
        fix="Set all four to true: a block with a gap does not block what uses the gap.",
        references=checkov("CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56") + aws_config("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"),
    ),
    Rule(
        id="aws-s3-bucketpolicy-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:s3/bucketPolicy:BucketPolicy",),
        check=nobody_unnamed("policy"),
        fix="Name the roles that need the bucket as Principal.",
        references=checkov("CKV_AWS_70") + aws_config("S3_BUCKET_POLICY_GRANTEE_CHECK"),
    ),
    Rule(
        id="aws-ecr-repositorypolicy-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:ecr/repositoryPolicy:RepositoryPolicy",),
        check=nobody_unnamed("policy"),
        fix="Name the accounts or roles that pull the image as Principal.",
        references=checkov("CKV_AWS_32"),
    ),
    Rule(
        id="azure-storage-account-public-blobs",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:storage:StorageAccount",),
        check=is_off("allowBlobPublicAccess"),
        sets=always({"allowBlobPublicAccess": False}),
        fix="Set it to false; let callers log in with Entra ID.",
        references=checkov("CKV_AZURE_190", "CKV2_AZURE_47")
        + azure_policy("4fa4b6c0-31ca-4c0d-b10d-24b96f62a751", "Storage account public access should be disallowed"),
    ),
    Rule(
        id="azure-storage-blobcontainer-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:storage:BlobContainer",),
        check=one_of("publicAccess", "None", default="None"),
        sets=always({"publicAccess": "None"}),
        fix="Set it to None; let callers log in with Entra ID.",
        references=checkov("CKV_AZURE_34"),
    ),
    Rule(
        id="gcp-storage-bucket-public-prevention",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:storage/bucket:Bucket",),
        check=all_of(one_of("publicAccessPrevention", "enforced"), is_on("uniformBucketLevelAccess")),
        sets=always({"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": True}),
        fix="Set publicAccessPrevention to 'enforced' and uniformBucketLevelAccess to true, so that no ACL can open single objects.",
        references=checkov("CKV_GCP_114", "CKV_GCP_29") + google_scc("BUCKET_POLICY_ONLY_DISABLED"),
    ),
    Rule(
        id="gcp-storage-bucketiam-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:storage/bucketIAMMember:BucketIAMMember", "gcp:storage/bucketIAMBinding:BucketIAMBinding"),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Name the service accounts that need the bucket.",
        references=checkov("CKV_GCP_28") + google_scc("PUBLIC_BUCKET_ACL"),
    ),
    Rule(
        id="gcp-storage-bucketacl-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "gcp:storage/bucketACL:BucketACL",
            "gcp:storage/bucketAccessControl:BucketAccessControl",
            "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
        ),
        check=_entities,
        fix="Drop ACLs: set uniformBucketLevelAccess on the bucket and grant access with IAM.",
        references=google_scc("PUBLIC_BUCKET_ACL"),
    ),
    Rule(
        id="gcp-artifactregistry-repositoryiam-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
            "gcp:artifactregistry/repositoryIamBinding:RepositoryIamBinding",
        ),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Name the service accounts that pull images.",
        references=checkov("CKV_GCP_101"),
    ),
    Rule(
        id="gcp-healthcare-iam-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "gcp:healthcare/datasetIamMember:DatasetIamMember",
            "gcp:healthcare/datasetIamBinding:DatasetIamBinding",
            "gcp:healthcare/fhirStoreIamMember:FhirStoreIamMember",
            "gcp:healthcare/fhirStoreIamBinding:FhirStoreIamBinding",
        ),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Name the service accounts that read the records.",
    ),
    Rule(
        id="gcp-bigquery-dataset-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:bigquery/dataset:Dataset", "gcp:bigquery/datasetAccess:DatasetAccess"),
        check=all_of(_dataset_access, every("accesses", _dataset_access)),
        fix="Name the groups or service accounts that need the data.",
        references=checkov("CKV_GCP_15") + google_scc("PUBLIC_DATASET"),
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-s3-bucket-unblocked",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:s3/bucket:Bucket",),
        check=_unblocked,
        fix="Add one with all four settings true, so that no later policy or ACL can open the bucket.",
        references=checkov("CKV2_AWS_6") + aws_config("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"),
        unknown=Unknown.SET,
    ),
)
