"""Data at rest without a key of the customer's own."""

import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import EnforcementLevel, Severity

from policies import frameworks
from policies.checks import all_of, is_given, is_on, one_of
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "encryption-key",
    "Encryption key",
    "With a key of your own you decide who can read the data, see each use, and can take access away; with the provider's you cannot.",
)

LOCAL_NVME = re.compile(r"^ml\.(?:[a-z]+\d+[a-z]*d[a-z]*|g4dn|g5|g6e?|gr6|p4de?|p5e?n?|p3dn|trn1n?|trn2)\.")
"""SageMaker instance families with local NVMe disks, which refuse a key: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html"""


def _bucket_encryption(view: View) -> Iterator[str]:
    path = "applyServerSideEncryptionByDefault"
    if view.text(f"{path}.sseAlgorithm") not in ("aws:kms", "aws:kms:dsse"):
        yield f"{view.at(path)}.sseAlgorithm is {short(view.text(f'{path}.sseAlgorithm'))}"
    elif not view.given(f"{path}.kmsMasterKeyId"):
        yield f"{view.at(path)}.kmsMasterKeyId is not set"


def _endpoint_configuration(resource: Resource) -> Iterator[str]:
    takes_no_key: list[bool] = []

    def variant(view: View) -> Iterator[str]:
        takes_no_key.append(view.count("serverlessConfig") > 0 or LOCAL_NVME.match(view.text("instanceType") or "") is not None)
        yield from ()

    if resource.given("kmsKeyArn"):
        return
    list(resource.each("productionVariants", variant))
    if not (takes_no_key and all(takes_no_key)):
        yield "kmsKeyArn is not set"


def _ecr(resource: Resource) -> Iterator[str]:
    if not resource.count("encryptionConfigurations"):
        yield "encryptionConfigurations is not set"
    yield from resource.each("encryptionConfigurations", all_of(one_of("encryptionType", "KMS", "KMS_DSSE", default="AES256"), is_given("kmsKey")))


def _lambda(resource: Resource) -> Iterator[str]:
    if resource.given("environment.variables") and not resource.given("kmsKeyArn"):
        yield "kmsKeyArn is not set, and the function has environment variables"


def _queue_key(resource: Resource) -> Iterator[str]:
    if not resource.given("kmsMasterKeyId"):
        yield "kmsMasterKeyId is not set"
    elif not resource.unknown("kmsMasterKeyId") and (resource.text("kmsMasterKeyId") or "").startswith("alias/aws/"):
        yield f"kmsMasterKeyId is {short(resource.text('kmsMasterKeyId'))}, a key of AWS"


def _rds(resource: Resource) -> Iterator[str]:
    if not resource.given("replicateSourceDb") and not resource.given("replicationSourceIdentifier"):  # a replica has its source's key
        yield from is_on("storageEncrypted")(resource)
        yield from is_given("kmsKeyId")(resource)


def _key_rotation(resource: Resource) -> Iterator[str]:
    if resource.text("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT"):
        yield from is_on("enableKeyRotation")(resource)


def _replicas(view: View) -> Iterator[str]:
    if not view.given("customerManagedEncryption"):
        yield f"{view.at('customerManagedEncryption')} is not set"


def _secret(resource: Resource) -> Iterator[str]:
    if resource.count("replication.auto"):
        yield from _replicas(resource.part("replication.auto"))
    elif resource.count("replication.userManaged.replicas"):
        yield from resource.each("replication.userManaged.replicas", _replicas)
    else:
        yield "replication.auto.customerManagedEncryption is not set"


def _gcp_key(name: str, token: str, path: str, *ids: str, findings: tuple[str, ...] = (), severity: Severity = Severity.MEDIUM) -> Rule:
    """The rule for a Google Cloud service whose key is one input."""
    return Rule(
        id=f"gcp-{name}-key",
        family=FAMILY,
        severity=severity,
        types=(f"gcp:{token}",),
        check=is_given(path),
        fix="Give the name of a Cloud KMS key.",
        references=checkov(*ids) + google_scc(*findings),
        unknown=Unknown.SET,
    )


def _bucket_key(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for configuration in stack.of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"):
        buckets = stack.linked(configuration, "aws:s3/bucket:Bucket")
        if not any(stack.linked(bucket, "aws:lb/loadBalancer:LoadBalancer") for bucket in buckets):  # those write with S3's own key only
            for problem in configuration.each("rules", _bucket_encryption):
                yield configuration, problem


def _bucket_without_key(stack: Stack) -> Iterator[tuple[Resource, str]]:
    configuration = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for bucket in stack.of("aws:s3/bucket:Bucket"):
        inline = "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.kmsMasterKeyId"
        if not stack.linked(bucket, configuration) and not bucket.given(inline):
            yield bucket, "no BucketServerSideEncryptionConfiguration refers to the bucket"


def _firehose(resource: Resource) -> Iterator[str]:
    if resource.given("kinesisSourceConfiguration") or resource.given("mskSourceConfiguration"):
        return  # what it reads is encrypted where it is; only a stream that is written to directly takes a key of its own
    yield from is_on("serverSideEncryption.enabled")(resource)
    yield from one_of("serverSideEncryption.keyType", "CUSTOMER_MANAGED_CMK")(resource)


def _capture(resource: Resource) -> Iterator[str]:
    if resource.given("dataCaptureConfig"):
        yield from is_given("dataCaptureConfig.kmsKeyId")(resource)


def _key(name: str, token: str, path: str, fix: str = "Give the ARN of a KMS key.", severity: Severity = Severity.MEDIUM, **more: Any) -> Rule:
    """The rule for a service whose key is one input."""
    return Rule(id=name, family=FAMILY, severity=severity, types=(token,), check=is_given(path), fix=fix, unknown=Unknown.SET, **more)


RULES = (
    Rule(
        id="aws-sagemaker-endpointconfiguration-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
        check=_endpoint_configuration,
        fix="Give the ARN of a KMS key (instance types with local disks and serverless variants take none).",
        references=checkov("CKV_AWS_98") + aws_config("SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-sagemaker-notebook-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/notebookInstance:NotebookInstance", "aws:sagemaker/domain:Domain"),
        check=is_given("kmsKeyId"),
        fix="Give the id of a KMS key.",
        references=checkov("CKV_AWS_22", "CKV_AWS_187") + aws_config("SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED"),
        unknown=Unknown.SET,
    ),
    _key(
        "aws-cloudwatch-loggroup-key",
        "aws:cloudwatch/logGroup:LogGroup",
        "kmsKeyId",
        fix="Give the ARN of a KMS key that lets logs.<region>.amazonaws.com use it.",
        references=checkov("CKV_AWS_158") + aws_config("CLOUDWATCH_LOG_GROUP_ENCRYPTED"),
    ),
    Rule(
        id="aws-ecr-repository-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecr/repository:Repository",),
        check=_ecr,
        fix="Write encryptionType KMS and the ARN of a KMS key as kmsKey.",
        references=checkov("CKV_AWS_136") + aws_config("ECR_REPOSITORY_CMK_ENCRYPTION_ENABLED"),
    ),
    Rule(
        id="aws-rds-database-key",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        check=_rds,
        fix="Set storageEncrypted to true and give the ARN of a KMS key as kmsKeyId; neither can be changed later.",
        references=checkov("CKV_AWS_16", "CKV_AWS_96", "CKV_AWS_327") + aws_config("RDS_STORAGE_ENCRYPTED", "RDS_CLUSTER_ENCRYPTED_AT_REST"),
    ),
    Rule(
        id="aws-sqs-queue-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sqs/queue:Queue", "aws:sns/topic:Topic"),
        check=_queue_key,
        fix="Give the id of a KMS key of your own.",
        references=checkov("CKV_AWS_26", "CKV_AWS_27", "CKV2_AWS_73") + aws_config("SNS_ENCRYPTED_KMS"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-lambda-function-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/function:Function",),
        check=_lambda,
        fix="Give the ARN of a KMS key.",
        references=checkov("CKV_AWS_173"),
        unknown=Unknown.SET,
    ),
    _key(
        "aws-eks-cluster-key",
        "aws:eks/cluster:Cluster",
        "encryptionConfig.provider.keyArn",
        fix="Give encryptionConfig with resources ['secrets'] and the ARN of a KMS key.",
        severity=Severity.HIGH,
        references=checkov("CKV_AWS_58") + aws_config("EKS_SECRETS_ENCRYPTED"),
    ),
    Rule(
        id="aws-kinesis-stream-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:kinesis/stream:Stream",),
        check=all_of(one_of("encryptionType", "KMS"), is_given("kmsKeyId")),
        fix="Write encryptionType KMS and the id of a KMS key as kmsKeyId.",
        references=checkov("CKV_AWS_43", "CKV_AWS_185") + aws_config("KINESIS_STREAM_ENCRYPTED"),
    ),
    _key(
        "aws-secretsmanager-secret-key",
        "aws:secretsmanager/secret:Secret",
        "kmsKeyId",
        references=checkov("CKV_AWS_149") + aws_config("SECRETSMANAGER_USING_CMK"),
    ),
    Rule(
        id="aws-kms-key-rotation",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:kms/key:Key",),
        check=_key_rotation,
        why="A key that is never rotated protects ever more data, so that a leak of it costs ever more.",
        sets=always({"enableKeyRotation": True}),
        fix="Set it to true.",
        references=checkov("CKV_AWS_7") + aws_config("CMK_BACKING_KEY_ROTATION_ENABLED"),
        controls=frameworks.ROTATION,
    ),
    Rule(
        id="azure-storage-account-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:storage:StorageAccount",),
        check=one_of("encryption.keySource", "Microsoft.Keyvault"),
        fix="Write keySource Microsoft.Keyvault with keyVaultProperties and a user-assigned identity.",
        references=checkov("CKV2_AZURE_1")
        + azure_policy("6fac406b-40ca-413b-bf8e-0bf964659c25", "Storage accounts should use customer-managed key for encryption"),
    ),
    Rule(
        id="azure-machinelearning-workspace-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:Workspace",),
        check=one_of("encryption.status", "Enabled"),
        fix="Give encryption with status Enabled and keyVaultProperties.",
        references=azure_policy(
            "ba769a63-b8cc-4b2d-abf6-ac33c7204be8", "Azure Machine Learning workspaces should be encrypted with a customer-managed key"
        ),
    ),
    Rule(
        id="azure-containerregistry-registry-key",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:containerregistry:Registry",),
        check=one_of("encryption.status", "enabled"),
        fix="Give encryption with status enabled and keyVaultProperties; it needs sku Premium.",
        why="With a key of your own you can take access away. Images are programs, so that Azure's key will do for many.",
        level=EnforcementLevel.ADVISORY,
        references=azure_policy("5b9159ae-1701-4a6f-9a7a-aa9c8ddd0580", "Container registries should be encrypted with a customer-managed key"),
    ),
    _key(
        "azure-sql-server-key",
        "azure-native:sql:Server",
        "keyId",
        fix="Give keyId (the Key Vault key) and primaryUserAssignedIdentityId.",
        references=azure_policy("0a370ff3-6cab-4e85-8995-295fd854c5b8", "SQL servers should use customer-managed keys to encrypt data at rest"),
    ),
    _key(
        "azure-cosmosdb-account-key",
        "azure-native:cosmosdb:DatabaseAccount",
        "keyVaultKeyUri",
        fix="Give the URI of a Key Vault key; it can only be set when the account is created.",
        references=checkov("CKV_AZURE_100")
        + azure_policy("1f905d99-2ab7-462c-a6b0-f709acca6c8f", "Azure Cosmos DB accounts should use customer-managed keys to encrypt data at rest"),
    ),
    _key(
        "azure-containerservice-cluster-key",
        "azure-native:containerservice:ManagedCluster",
        "diskEncryptionSetID",
        fix="Give the id of a disk encryption set.",
        references=checkov("CKV_AZURE_117")
        + azure_policy(
            "7d7be79c-23ba-4033-84dd-45e2a5ccdd67",
            "Both operating systems and data disks in Azure Kubernetes Service clusters should be encrypted by customer-managed keys",
        ),
    ),
    Rule(
        id="azure-cognitiveservices-account-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:cognitiveservices:Account",),
        check=one_of("properties.encryption.keySource", "Microsoft.KeyVault"),
        fix="Write keySource Microsoft.KeyVault with keyVaultProperties.",
        references=checkov("CKV2_AZURE_22"),
    ),
    _gcp_key("storage-bucket", "storage/bucket:Bucket", "encryption.defaultKmsKeyName", findings=("BUCKET_CMEK_DISABLED",)),
    _gcp_key("vertex-endpoint", "vertex/aiEndpoint:AiEndpoint", "encryptionSpec.kmsKeyName", "CKV2_GCP_24"),
    _gcp_key(
        "sql-instance",
        "sql/databaseInstance:DatabaseInstance",
        "encryptionKeyName",
        findings=("SQL_CMEK_DISABLED",),
        severity=Severity.HIGH,
    ),
    _gcp_key("cloudrun-service", "cloudrunv2/service:Service", "template.encryptionKey"),
    _gcp_key("cloudrun-job", "cloudrunv2/job:Job", "template.template.encryptionKey"),
    _gcp_key("cloudfunctions-function", "cloudfunctionsv2/function:Function", "kmsKeyName"),
    _gcp_key("artifactregistry-repository", "artifactregistry/repository:Repository", "kmsKeyName", "CKV_GCP_84"),
    _gcp_key("pubsub-topic", "pubsub/topic:Topic", "kmsKeyName", "CKV_GCP_83", findings=("PUBSUB_CMEK_DISABLED",)),
    _gcp_key(
        "bigquery-dataset",
        "bigquery/dataset:Dataset",
        "defaultEncryptionConfiguration.kmsKeyName",
        "CKV_GCP_81",
        findings=("DATASET_CMEK_DISABLED",),
    ),
    _gcp_key("logging-bucket", "logging/projectBucketConfig:ProjectBucketConfig", "cmekSettings.kmsKeyName"),
    Rule(
        id="gcp-secretmanager-secret-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:secretmanager/secret:Secret",),
        check=_secret,
        fix="Give customerManagedEncryption with the name of a Cloud KMS key.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-container-cluster-key",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:container/cluster:Cluster",),
        check=one_of("databaseEncryption.state", "ENCRYPTED"),
        fix="Give databaseEncryption with state ENCRYPTED and the name of a Cloud KMS key.",
        references=google_scc("CLUSTER_SECRETS_ENCRYPTION_DISABLED"),
    ),
    _key("aws-scheduler-schedule-key", "aws:scheduler/schedule:Schedule", "kmsKeyArn", references=checkov("CKV_AWS_297")),
    _key("aws-msk-cluster-key", "aws:msk/cluster:Cluster", "encryptionInfo.encryptionAtRestKmsKeyArn", references=checkov("CKV_AWS_81")),
    _key(
        "aws-dynamodb-table-key",
        "aws:dynamodb/table:Table",
        "serverSideEncryption.kmsKeyArn",
        fix="Give serverSideEncryption with enabled true and the ARN of a KMS key.",
        references=checkov("CKV_AWS_119") + aws_config("DYNAMODB_TABLE_ENCRYPTED_KMS"),
    ),
    Rule(
        id="aws-elasticache-replicationgroup-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        check=all_of(is_on("atRestEncryptionEnabled"), is_given("kmsKeyId")),
        fix="Set atRestEncryptionEnabled to true and give the ARN of a KMS key; neither can be changed later.",
        references=checkov("CKV_AWS_29", "CKV_AWS_191") + aws_config("ELASTICACHE_REPL_GRP_ENCRYPTED_AT_REST"),
    ),
    Rule(
        id="aws-efs-filesystem-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:efs/fileSystem:FileSystem",),
        check=all_of(is_on("encrypted"), is_given("kmsKeyId")),
        fix="Set encrypted to true and give the ARN of a KMS key; neither can be changed later.",
        references=checkov("CKV_AWS_42", "CKV_AWS_184") + aws_config("EFS_ENCRYPTED_CHECK"),
    ),
    Rule(
        id="aws-kinesis-firehose-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",),
        check=_firehose,
        fix="Give serverSideEncryption with keyType CUSTOMER_MANAGED_CMK and keyArn.",
        references=checkov("CKV_AWS_240", "CKV_AWS_241") + aws_config("KINESIS_FIREHOSE_DELIVERY_STREAM_ENCRYPTED"),
    ),
    Rule(
        id="aws-sagemaker-endpointconfiguration-capture-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
        check=_capture,
        why="Captured requests and answers are the data that callers sent.",
        fix="Give the ARN of a KMS key.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-sagemaker-monitoring-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",),
        check=all_of(is_given("dataQualityJobOutputConfig.kmsKeyId"), is_given("jobResources.clusterConfig.volumeKmsKeyId")),
        fix="Give the id of a KMS key for the results and one for the disks.",
        references=checkov("CKV_AWS_367", "CKV_AWS_368"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-containerservice-cluster-secrets-key",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerservice:ManagedCluster",),
        check=is_on("securityProfile.azureKeyVaultKms.enabled"),
        fix="Give azureKeyVaultKms with enabled true and keyId, so that the cluster's secrets are encrypted with it.",
    ),
    Rule(
        id="azure-eventhub-namespace-key",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:eventhub:Namespace",),
        check=one_of("encryption.keySource", "Microsoft.KeyVault"),
        fix="Give encryption with keySource Microsoft.KeyVault and keyVaultProperties; it needs sku Premium.",
        references=azure_policy("a1ad735a-e96f-45d2-a7b2-9a4932cab7ec", "Event Hub namespaces should use a customer-managed key for encryption"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-servicebus-namespace-key",
        family=FAMILY,
        severity=Severity.LOW,
        types=("azure-native:servicebus:Namespace",),
        check=one_of("encryption.keySource", "Microsoft.KeyVault"),
        fix="Give encryption with keySource Microsoft.KeyVault and keyVaultProperties; it needs sku Premium.",
        references=checkov("CKV_AZURE_201"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-batch-account-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:batch:BatchAccount",),
        check=one_of("encryption.keySource", "Microsoft.KeyVault"),
        fix="Give encryption with keySource Microsoft.KeyVault and keyVaultProperties.",
        references=checkov("CKV_AZURE_76")
        + azure_policy("99e9ccd8-3db9-4592-b0d1-14b1715a4d8a", "Azure Batch account should use customer-managed keys to encrypt data"),
    ),
    _key(
        "azure-healthcareapis-fhir-key",
        "azure-native:healthcareapis:FhirService",
        "encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl",
        fix="Give the URL of a Key Vault key.",
    ),
    _key(
        "azure-postgresql-server-key",
        "azure-native:dbforpostgresql:Server",
        "dataEncryption.primaryKeyURI",
        fix="Give dataEncryption with type AzureKeyVault and the URI of a key; it can only be set when the server is made.",
    ),
    _gcp_key("workflows-workflow", "workflows/workflow:Workflow", "cryptoKeyName"),
    _gcp_key("healthcare-dataset", "healthcare/dataset:Dataset", "encryptionSpec.kmsKeyName"),
    _gcp_key("managedkafka-cluster", "managedkafka/cluster:Cluster", "gcpConfig.kmsKey"),
    _gcp_key("vertex-dataset", "vertex/aiDataset:AiDataset", "encryptionSpec.kmsKeyName", "CKV_GCP_92"),
    _gcp_key("vertex-metadatastore", "vertex/aiMetadataStore:AiMetadataStore", "encryptionSpec.kmsKeyName", "CKV_GCP_96"),
    _gcp_key("vertex-indexendpoint", "vertex/aiIndexEndpoint:AiIndexEndpoint", "encryptionSpec.kmsKeyName"),
    _gcp_key("vertex-featurestore", "vertex/aiFeatureOnlineStore:AiFeatureOnlineStore", "encryptionSpec.kmsKeyName"),
    _gcp_key("cloudrun-workerpool", "cloudrunv2/workerPool:WorkerPool", "template.encryptionKey"),
    _gcp_key("alloydb-cluster", "alloydb/cluster:Cluster", "encryptionConfig.kmsKeyName"),
    _key("gcp-vertex-model-key", "modeldeploy:index:VertexModel", "encryptionKey", fix="Give the name of a Cloud KMS key."),
)

STACK_RULES = (
    StackRule(
        id="aws-s3-bucketencryption-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",),
        check=_bucket_key,
        fix="Write sseAlgorithm 'aws:kms' and the ARN of a KMS key as kmsMasterKeyId; only access logs of load balancers take none.",
        references=checkov("CKV_AWS_145") + aws_config("S3_DEFAULT_ENCRYPTION_KMS"),
    ),
    StackRule(
        id="aws-s3-bucket-no-key",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:s3/bucket:Bucket",),
        check=_bucket_without_key,
        fix="Add one with sseAlgorithm 'aws:kms' and the ARN of a KMS key.",
        references=checkov("CKV_AWS_145") + aws_config("S3_DEFAULT_ENCRYPTION_KMS"),
        unknown=Unknown.SET,
    ),
)
