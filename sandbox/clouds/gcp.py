"""Google Cloud: ids that the documentation's import section does not give, computed outputs, references.

A type's id and self link come from its documentation ("projects/{{project}}/locations/..."); rows here say what differs.
"""

from typing import Any

from sandbox.clouds.gcp_workloads import ROWS as WORKLOADS
from sandbox.clouds.row import Row

_NETWORK = "gcp:compute/network:Network gcp:compute/network:Network#selfLink gcp:compute/network:Network#name"
_SUBNETWORK = "gcp:compute/subnetwork:Subnetwork gcp:compute/subnetwork:Subnetwork#selfLink gcp:compute/subnetwork:Subnetwork#name"
_KEY = "gcp:kms/cryptoKey:CryptoKey"
_RING = "gcp:kms/keyRing:KeyRing"
_BUCKET = "gcp:storage/bucket:Bucket gcp:storage/bucket:Bucket#name"
_ACCOUNT = "gcp:serviceaccount/account:Account#name gcp:serviceaccount/account:Account#email gcp:serviceaccount/account:Account"
_TOPIC = "gcp:pubsub/topic:Topic gcp:pubsub/topic:Topic#name"
_KAFKA = "gcp:managedkafka/cluster:Cluster#clusterId gcp:managedkafka/cluster:Cluster"
_CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel gcp:monitoring/notificationChannel:NotificationChannel#name"
_SQL = "gcp:sql/databaseInstance:DatabaseInstance#name"

_COMPUTE = "https://www.googleapis.com/compute/v1/"


def _member(parent: str, references: dict[str, str] | None = None, *, role: bool = True, **rest: Any) -> Row:
    """An IAM member or binding: an id of parent, role and member, and nothing that can be changed."""
    return Row(
        id=f"{parent}/{{role}}/{{member}}" if role else parent,
        outputs={"etag": "BwY{letters8}="},
        references=references or {},
        autoname=False,
        shared=True,
        replaces=frozenset({"role", "member", "condition"}),
        **rest,
    )


_BASE: dict[str, Row] = {
    "gcp:projects/service:Service": Row(id="{project}/{service}", replaces=frozenset({"service"}), guarded=False, shared=True),
    "gcp:projects/serviceIdentity:ServiceIdentity": Row(
        id="projects/{project}/services/{service}",
        outputs={"email": "service-{projectNumber}@gcp-sa-{service|first}.iam.gserviceaccount.com", "member": "serviceAccount:{email}"},
        shared=True,
        replaces=frozenset({"service"}),
    ),
    "gcp:projects/iAMMember:IAMMember": _member("{project}"),
    "gcp:projects/iAMBinding:IAMBinding": Row(id="{project}/{role}", outputs={"etag": "BwY{letters8}="}, replaces=frozenset({"role"})),
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": Row(id="{project}/audit_config/{service}", outputs={"etag": "BwY{letters8}="}),
    "gcp:projects/iAMCustomRole:IAMCustomRole": Row(
        id="projects/{project}/roles/{roleId}", outputs={"name": "{id}", "deleted": False}, autoname=False, replaces=frozenset({"roleId"})
    ),
    "gcp:organizations/project:Project": Row(id="projects/{projectId}", outputs={"number": "{digits12}", "name": "{projectId}"}),
    "gcp:serviceaccount/account:Account": Row(
        id="projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        outputs={
            "email": "{accountId}@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:{email}",
            "name": "projects/{project}/serviceAccounts/{email}",
            "uniqueId": "{digits21}",
        },
        replaces=frozenset({"accountId"}),
        guarded=False,
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": _member("{serviceAccountId}", {"serviceAccountId": _ACCOUNT}),
    "gcp:serviceaccount/iAMBinding:IAMBinding": Row(id="{serviceAccountId}/{role}", references={"serviceAccountId": _ACCOUNT}),
    "gcp:kms/keyRing:KeyRing": Row(replaces=frozenset({"name", "location"})),
    "gcp:kms/cryptoKey:CryptoKey": Row(
        id="{keyRing}/cryptoKeys/{name}",
        outputs={
            "purpose": "ENCRYPT_DECRYPT",
            "primaries": [{"name": "{id}/cryptoKeyVersions/1", "state": "ENABLED"}],
            "destroyScheduledDuration": "2592000s",
        },
        references={"keyRing": _RING},
        replaces=frozenset({"keyRing", "name", "purpose", "importOnly", "destroyScheduledDuration", "skipInitialVersionCreation"}),
        guarded=False,
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _member("{cryptoKeyId}", {"cryptoKeyId": _KEY}),
    "gcp:kms/cryptoKeyIAMBinding:CryptoKeyIAMBinding": Row(
        id="{cryptoKeyId}/{role}", outputs={"etag": "BwY{letters8}="}, references={"cryptoKeyId": _KEY}, replaces=frozenset({"cryptoKeyId", "role"})
    ),
    "gcp:storage/bucket:Bucket": Row(
        id="{name}",
        outputs={
            "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
            "url": "gs://{name}",
            "projectNumber": "{projectNumber}",
            "storageClass": "STANDARD",
            "timeCreated": "{now}",
        },
        lower=True,
        max_name=63,
        worldwide=True,
        references={"encryption.defaultKmsKeyName": _KEY},
        replaces=frozenset({"name", "location", "enableObjectRetention", "customPlacementConfig"}),
        owns=frozenset(
            {
                "gcp:storage/bucketObject:BucketObject",
                "gcp:storage/bucketIAMMember:BucketIAMMember",
                "gcp:storage/bucketIAMBinding:BucketIAMBinding",
            }
        ),
    ),
    "gcp:storage/bucketObject:BucketObject": Row(
        id="{bucket}-{outputName?name}",
        outputs={
            "selfLink": "https://www.googleapis.com/storage/v1/b/{bucket}/o/{name}",
            "mediaLink": "https://storage.googleapis.com/download/storage/v1/b/{bucket}/o/{name}?generation={digits16}&alt=media",
            "outputName": "{name}",
            "generation": 1,
            "md5hash": "{hex22}==",
            "crc32c": "{hex6}==",
            "storageClass": "STANDARD",
        },
        references={"bucket": _BUCKET},
        replaces=frozenset({"bucket", "name", "content", "source", "contentType", "cacheControl", "kmsKeyName"}),
        guarded=False,
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _member("b/{bucket}", {"bucket": _BUCKET}),
    "gcp:storage/bucketIAMBinding:BucketIAMBinding": Row(
        id="b/{bucket}/{role}", outputs={"etag": "BwY{letters8}="}, references={"bucket": _BUCKET}, replaces=frozenset({"bucket", "role"})
    ),
    "gcp:artifactregistry/repository:Repository": Row(
        outputs={"registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}", "name": "{repositoryId}"},
        replaces=frozenset({"repositoryId", "location", "format", "kmsKeyName", "mode"}),
        references={"kmsKeyName": _KEY},
        autoname=False,
        guarded=False,
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _member("projects/{project}/locations/{location}/repositories/{repository|last}"),
    "gcp:secretmanager/secret:Secret": Row(
        outputs={"name": "projects/{projectNumber}/secrets/{secretId}"}, replaces=frozenset({"secretId", "replication"}), guarded=False
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": Row(
        id="{secret}/versions/{version}",
        outputs={"name": "{secret}/versions/{version}", "version": "1"},
        references={"secret": "gcp:secretmanager/secret:Secret gcp:secretmanager/secret:Secret#name"},
        replaces=frozenset({"secret", "secretData"}),
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": _member("projects/{project}/secrets/{secretId|last}"),
}

_VERTEX: dict[str, Row] = {
    "gcp:vertex/aiEndpoint:AiEndpoint": Row(
        id="projects/{project}/locations/{location}/endpoints/{name}",
        outputs={
            "dedicatedEndpointDns": "{name}.{location}-{projectNumber}.prediction.vertexai.goog",
            "deployedModels": [],
            "createTime": "{now}",
            "updateTime": "{now}",
        },
        references={"encryptionSpec.kmsKeyName": _KEY},
        replaces=frozenset({"name", "location", "region", "network", "encryptionSpec", "dedicatedEndpointEnabled", "privateServiceConnectConfig"}),
    ),
    "gcp:vertex/aiEndpointIamMember:AiEndpointIamMember": _member("projects/{project}/locations/{location?region}/endpoints/{endpoint|last}"),
    "gcp:vertex/aiDeploymentResourcePool:AiDeploymentResourcePool": Row(replaces=frozenset({"name", "region"})),
}

_NET: dict[str, Row] = {
    "gcp:compute/network:Network": Row(
        outputs={"networkId": "{digits19}", "numericId": "{digits19}", "autoCreateSubnetworks": True},
        replaces=frozenset({"name", "autoCreateSubnetworks", "description"}),
    ),
    "gcp:compute/subnetwork:Subnetwork": Row(
        outputs={"gatewayAddress": "10.0.0.1", "fingerprint": "{hex12}", "subnetworkId": 1, "region": "{region}"},
        references={"network": _NETWORK},
        replaces=frozenset({"name", "network", "region", "description", "reservedInternalRange"}),
    ),
    "gcp:compute/address:Address": Row(
        outputs={"address": "10.0.0.30", "users": []},
        references={"network": _NETWORK, "subnetwork": _SUBNETWORK},
        replaces=frozenset({"name", "address", "addressType", "purpose", "network", "subnetwork", "networkTier", "prefixLength", "region"}),
    ),
    "gcp:compute/globalAddress:GlobalAddress": Row(
        outputs={"address": "10.10.0.0"},
        references={"network": _NETWORK},
        replaces=frozenset({"name", "address", "addressType", "purpose", "network", "prefixLength", "ipVersion"}),
    ),
    "gcp:compute/forwardingRule:ForwardingRule": Row(
        outputs={
            "ipAddress": "10.0.0.31",
            "pscConnectionId": "{digits18}",
            "pscConnectionStatus": "ACCEPTED",
            "baseForwardingRule": "",
            "forwardingRuleId": 1,
        },
        references={"network": _NETWORK, "subnetwork": _SUBNETWORK},
        replaces=frozenset({"name", "ipAddress", "network", "subnetwork", "region", "loadBalancingScheme", "ipProtocol", "portRange", "ports"}),
    ),
    "gcp:compute/firewall:Firewall": Row(
        outputs={"creationTimestamp": "{now}", "direction": "INGRESS", "priority": 1000},
        references={"network": _NETWORK},
        replaces=frozenset({"name", "network", "direction"}),
    ),
    "gcp:compute/router:Router": Row(references={"network": _NETWORK}, replaces=frozenset({"name", "network", "region"})),
    "gcp:compute/routerNat:RouterNat": Row(
        id="{project}/{region}/{router}/{name}",
        references={"router": "gcp:compute/router:Router#name"},
        replaces=frozenset({"name", "router", "region"}),
    ),
    "gcp:compute/serviceAttachment:ServiceAttachment": Row(replaces=frozenset({"name", "targetService", "region"})),
    "gcp:servicenetworking/connection:Connection": Row(
        id="{network}:{service}",
        outputs={"peering": "servicenetworking-googleapis-com"},
        references={"network": _NETWORK},
        replaces=frozenset({"network", "service"}),
    ),
    "gcp:compute/route:Route": Row(
        outputs={"nextHopNetwork": "{network}", "creationTimestamp": "{now}"},
        references={"network": _NETWORK},
        replaces=frozenset({"name", "network", "destRange", "nextHopGateway", "nextHopIlb", "nextHopIp", "priority", "tags", "description"}),
    ),
    "gcp:dns/policy:Policy": Row(references={"networks.*.networkUrl": _NETWORK}, replaces=frozenset({"name"})),
    "gcp:dns/managedZone:ManagedZone": Row(
        outputs={"nameServers": ["ns-gcp-private.googledomains.com."], "managedZoneId": 1, "creationTime": "{now}"},
        replaces=frozenset({"name", "dnsName", "visibility"}),
    ),
    "gcp:dns/recordSet:RecordSet": Row(
        id="projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}",
        references={"managedZone": "gcp:dns/managedZone:ManagedZone#name"},
        replaces=frozenset({"name", "managedZone", "type"}),
        autoname=False,
    ),
}

_OPERATIONS: dict[str, Row] = {
    "gcp:monitoring/alertPolicy:AlertPolicy": Row(
        id="projects/{project}/alertPolicies/{digits19}",
        outputs={"name": "{id}", "creationRecords": [{"mutateTime": "{now}", "mutatedBy": "sandbox@example.com"}]},
        references={"notificationChannels.*": _CHANNEL},
        autoname=False,
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": Row(
        id="projects/{project}/notificationChannels/{digits19}",
        outputs={"name": "{id}", "verificationStatus": ""},
        references={"labels.topic": _TOPIC},
        autoname=False,
    ),
    "gcp:monitoring/dashboard:Dashboard": Row(id="projects/{projectNumber}/dashboards/{uuid}", autoname=False),
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": Row(
        id="projects/{project}/uptimeCheckConfigs/{displayName|bare}-{letters8}",
        outputs={"name": "{id}", "uptimeCheckId": "{id|last}"},
        autoname=False,
    ),
    "gcp:monitoring/customService:CustomService": Row(
        id="projects/{project}/services/{serviceId}", outputs={"name": "{id}", "serviceId": "{letters12}"}, autoname=False
    ),
    "gcp:monitoring/slo:Slo": Row(
        id="projects/{projectNumber}/services/{service}/serviceLevelObjectives/{sloId}",
        outputs={"name": "{id}", "sloId": "{letters12}"},
        autoname=False,
    ),
    "gcp:logging/metric:Metric": Row(id="{name}", replaces=frozenset({"name", "project"})),
    "gcp:logging/projectSink:ProjectSink": Row(
        id="projects/{project}/sinks/{name}",
        outputs={"writerIdentity": "serviceAccount:service-{projectNumber}@gcp-sa-logging.iam.gserviceaccount.com"},
        replaces=frozenset({"name", "uniqueWriterIdentity"}),
    ),
    "gcp:logging/projectExclusion:ProjectExclusion": Row(id="projects/{project}/exclusions/{name}", replaces=frozenset({"name"})),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": Row(
        id="projects/{project|last}/locations/{location}/buckets/{bucketId}", outputs={"name": "{id}", "lifecycleState": "ACTIVE"}, autoname=False
    ),
    "gcp:billing/budget:Budget": Row(
        id="billingAccounts/{billingAccount}/budgets/{uuid}", outputs={"name": "{id}"}, autoname=False, replaces=frozenset({"billingAccount"})
    ),
    "gcp:bigquery/dataset:Dataset": Row(
        outputs={"creationTime": 1700000000000, "etag": "{hex22}==", "selfLink": "https://bigquery.googleapis.com/bigquery/v2/{id}"},
        references={"defaultEncryptionConfiguration.kmsKeyName": _KEY},
        replaces=frozenset({"datasetId", "location", "defaultCollation"}),
        autoname=False,
    ),
    "gcp:bigquery/table:Table": Row(
        outputs={"creationTime": 1700000000000, "etag": "{hex22}==", "type": "TABLE", "selfLink": "https://bigquery.googleapis.com/bigquery/v2/{id}"},
        references={"datasetId": "gcp:bigquery/dataset:Dataset#datasetId"},
        replaces=frozenset({"datasetId", "tableId", "timePartitioning.type", "encryptionConfiguration"}),
        autoname=False,
    ),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _member(
        "projects/{project}/datasets/{datasetId}", {"datasetId": "gcp:bigquery/dataset:Dataset#datasetId"}
    ),
    "gcp:pubsub/schema:Schema": Row(replaces=frozenset({"name", "type", "project"}), guarded=False),
    "gcp:pubsub/topic:Topic": Row(
        references={"kmsKeyName": _KEY, "schemaSettings.schema": "gcp:pubsub/schema:Schema"}, replaces=frozenset({"name", "project"}), guarded=False
    ),
    "gcp:pubsub/subscription:Subscription": Row(
        references={"topic": _TOPIC, "deadLetterPolicy.deadLetterTopic": _TOPIC},
        replaces=frozenset({"name", "topic", "enableMessageOrdering", "filter"}),
    ),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": _member("projects/{project}/topics/{topic|last}", {"topic": _TOPIC}),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": _member("projects/{project}/subscriptions/{subscription|last}"),
    "gcp:managedkafka/cluster:Cluster": Row(
        outputs={
            "name": "{id}",
            "bootstrapAddress": "bootstrap.{clusterId}.{location}.managedkafka.{project}.cloud.goog",
            "state": "ACTIVE",
        },
        references={"gcpConfig.kmsKey": _KEY, "gcpConfig.accessConfig.networkConfigs.*.subnet": _SUBNETWORK},
        replaces=frozenset({"clusterId", "location", "gcpConfig.kmsKey"}),
        autoname=False,
        owns=frozenset({"gcp:managedkafka/topic:Topic", "gcp:managedkafka/acl:Acl"}),
    ),
    "gcp:managedkafka/topic:Topic": Row(
        outputs={"name": "{id}"},
        references={"cluster": _KAFKA},
        replaces=frozenset({"topicId", "cluster", "location", "replicationFactor"}),
        autoname=False,
    ),
    "gcp:managedkafka/acl:Acl": Row(
        outputs={"name": "{id}", "etag": "{hex22}"},
        references={"cluster": _KAFKA},
        replaces=frozenset({"aclId", "cluster", "location"}),
        autoname=False,
    ),
}

_DATABASE: dict[str, Row] = {
    "gcp:sql/databaseInstance:DatabaseInstance": Row(
        id="{name}",
        outputs={
            "connectionName": "{project}:{region}:{name}",
            "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{name}",
            "privateIpAddress": "10.20.0.3",
            "firstIpAddress": "10.20.0.3",
            "ipAddresses": [{"ipAddress": "10.20.0.3", "type": "PRIVATE"}],
            "serviceAccountEmailAddress": "p{projectNumber}-{letters6}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
            "dnsName": "{hex12}.{letters12}.{region}.sql.goog.",
            "pscServiceAttachmentLink": "projects/{letters10}-tp/regions/{region}/serviceAttachments/a-{hex12}-psc-service-attachment-{hex16}",
        },
        max_name=98,
        owns=frozenset({"gcp:sql/database:Database", "gcp:sql/user:User"}),
        references={"encryptionKeyName": _KEY, "settings.ipConfiguration.privateNetwork": _NETWORK},
        replaces=frozenset({"name", "region", "masterInstanceName", "encryptionKeyName"}),
    ),
    "gcp:sql/database:Database": Row(
        outputs={"selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{instance}/databases/{name}"},
        references={"instance": _SQL},
        replaces=frozenset({"name", "instance"}),
    ),
    "gcp:sql/user:User": Row(
        id="{name}/{host?empty}/{instance}",
        outputs={"host": ""},
        references={"instance": _SQL},
        replaces=frozenset({"name", "instance", "type", "host"}),
        autoname=False,
    ),
}

ROWS: dict[str, Row] = {**_BASE, **_VERTEX, **_NET, **_OPERATIONS, **_DATABASE, **WORKLOADS}
"""The rows by type token."""
