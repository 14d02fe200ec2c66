"""Google Cloud rows of what runs workloads: services, functions, clusters, jobs and schedules, and what is in front of them."""

from sandbox.clouds.row import Row

_KEY = "gcp:kms/cryptoKey:CryptoKey"
_NETWORK = "gcp:compute/network:Network gcp:compute/network:Network#selfLink gcp:compute/network:Network#name"
_SUBNETWORK = "gcp:compute/subnetwork:Subnetwork gcp:compute/subnetwork:Subnetwork#selfLink gcp:compute/subnetwork:Subnetwork#name"
_SERVICE = "gcp:cloudrunv2/service:Service#name gcp:cloudrunv2/service:Service"
_RUNS = f"{_SERVICE} gcp:cloudfunctionsv2/function:Function#name"
"""A function is a service of the same name."""
_CLUSTER = "gcp:container/cluster:Cluster#name gcp:container/cluster:Cluster"

ROWS: dict[str, Row] = {
    "gcp:cloudrunv2/service:Service": Row(
        outputs={
            "uri": "https://{name}-{projectNumber}.{location}.run.app",
            "urls": ["https://{name}-{projectNumber}.{location}.run.app"],
            "latestReadyRevision": "projects/{project}/locations/{location}/services/{name}/revisions/{name}-00001-{letters3}",
            "latestCreatedRevision": "projects/{project}/locations/{location}/services/{name}/revisions/{name}-00001-{letters3}",
            "observedGeneration": "1",
        },
        max_name=49,
        references={"template.encryptionKey": _KEY},
        replaces=frozenset({"name", "location"}),
        guarded=False,
    ),
    "gcp:cloudrunv2/job:Job": Row(
        outputs={"observedGeneration": "1", "executionCount": 0},
        max_name=49,
        references={"template.template.encryptionKey": _KEY},
        replaces=frozenset({"name", "location"}),
        guarded=False,
    ),
    "gcp:cloudrunv2/workerPool:WorkerPool": Row(
        outputs={"observedGeneration": "1"},
        max_name=49,
        references={"template.encryptionKey": _KEY},
        replaces=frozenset({"name", "location"}),
        guarded=False,
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": Row(
        id="projects/{project}/locations/{location}/services/{name|last}/{role}/{member}",
        outputs={"etag": "BwY{letters8}="},
        references={"name": _RUNS},
        replaces=frozenset({"name", "role", "member"}),
        autoname=False,
    ),
    "gcp:cloudrunv2/jobIamMember:JobIamMember": Row(
        id="projects/{project}/locations/{location}/jobs/{name|last}/{role}/{member}",
        outputs={"etag": "BwY{letters8}="},
        references={"name": "gcp:cloudrunv2/job:Job#name gcp:cloudrunv2/job:Job"},
        replaces=frozenset({"name", "role", "member"}),
        autoname=False,
    ),
    "gcp:cloudfunctionsv2/function:Function": Row(
        outputs={
            "url": "https://{location}-{project}.cloudfunctions.net/{name}",
            "serviceConfig.uri": "https://{name}-{projectNumber}.{location}.run.app",
            "environment": "GEN_2",
            "state": "ACTIVE",
        },
        max_name=63,
        references={"kmsKeyName": _KEY},
        replaces=frozenset({"name", "location"}),
        guarded=False,
    ),
    "gcp:container/cluster:Cluster": Row(
        outputs={
            "endpoint": "10.0.0.60",
            "masterVersion": "1.35.0-gke.1000",
            "masterAuth": {"clusterCaCertificate": "c2FuZGJveA=="},
            "servicesIpv4Cidr": "10.96.0.0/16",
            "operation": "",
        },
        max_name=40,
        references={"network": _NETWORK, "subnetwork": _SUBNETWORK},
        replaces=frozenset(
            {
                "name",
                "location",
                "network",
                "subnetwork",
                "enableAutopilot",
                "initialNodeCount",
                "clusterIpv4Cidr",
                "networkingMode",
                "datapathProvider",
            }
            | {"privateClusterConfig.masterIpv4CidrBlock", "ipAllocationPolicy", "enableKubernetesAlpha", "nodeConfig"}
        ),
    ),
    "gcp:container/nodePool:NodePool": Row(
        outputs={"instanceGroupUrls": [], "version": "1.35.0-gke.1000"},
        max_name=40,
        references={"cluster": _CLUSTER},
        replaces=frozenset(
            {"name", "cluster", "location", "initialNodeCount", "maxPodsPerNode"}
            | {f"nodeConfig.{name}" for name in ("spot", "preemptible", "guestAccelerators")}
        ),
    ),
    "gcp:cloudscheduler/job:Job": Row(outputs={"state": "ENABLED"}, replaces=frozenset({"name", "region"})),
    "gcp:workflows/workflow:Workflow": Row(
        outputs={"revisionId": "000001-{letters3}", "state": "ACTIVE"},
        references={"cryptoKeyName": _KEY},
        replaces=frozenset({"name", "region"}),
        guarded=False,
    ),
    "gcp:compute/instanceTemplate:InstanceTemplate": Row(
        max_name=63,
        references={"networkInterfaces.*.network": _NETWORK, "disks.*.diskEncryptionKey.kmsKeySelfLink": _KEY},
        # A template is never changed.
        replaces=frozenset(
            {"name", "region", "description", "instanceDescription", "machineType", "canIpForward", "disks", "networkInterfaces", "scheduling"}
            | {"serviceAccount", "shieldedInstanceConfig", "metadata", "metadataStartupScript", "labels", "tags", "guestAccelerators"}
        ),
        guarded=False,
    ),
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": Row(
        references={"cloudRun.service": _RUNS},
        replaces=frozenset({"name", "region", "networkEndpointType", "cloudRun", "pscTargetService", "network", "subnetwork"}),
    ),
    "gcp:compute/backendService:BackendService": Row(replaces=frozenset({"name", "loadBalancingScheme"})),
    "gcp:compute/regionBackendService:RegionBackendService": Row(replaces=frozenset({"name", "region", "loadBalancingScheme"})),
    "gcp:compute/securityPolicy:SecurityPolicy": Row(replaces=frozenset({"name"})),
    "gcp:compute/healthCheck:HealthCheck": Row(replaces=frozenset({"name"})),
    "gcp:compute/uRLMap:URLMap": Row(replaces=frozenset({"name"})),
    "gcp:compute/regionUrlMap:RegionUrlMap": Row(
        references={"defaultService": "gcp:compute/regionBackendService:RegionBackendService"}, replaces=frozenset({"name", "region"})
    ),
    "gcp:compute/regionSslPolicy:RegionSslPolicy": Row(replaces=frozenset({"name", "region"})),
    "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy": Row(
        references={
            "urlMap": "gcp:compute/regionUrlMap:RegionUrlMap",
            "sslPolicy": "gcp:compute/regionSslPolicy:RegionSslPolicy",
            "certificateManagerCertificates.*": "gcp:certificatemanager/certificate:Certificate",
        },
        replaces=frozenset({"name", "region"}),
    ),
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": Row(replaces=frozenset({"name"})),
    "gcp:apigateway/api:Api": Row(
        outputs={"managedService": "{apiId}-{letters8}.apigateway.{project}.cloud.goog"}, replaces=frozenset({"apiId", "managedService"})
    ),
    "gcp:apigateway/apiConfig:ApiConfig": Row(
        name="apiConfigId",
        references={"api": "gcp:apigateway/api:Api#apiId gcp:apigateway/api:Api"},
        replaces=frozenset({"api", "apiConfigId", "apiConfigIdPrefix", "openapiDocuments", "gatewayConfig", "grpcServices", "managedServiceConfigs"}),
    ),
    "gcp:apigateway/gateway:Gateway": Row(
        outputs={"defaultHostname": "{gatewayId}-{letters8}.ew.gateway.dev"},
        references={"apiConfig": "gcp:apigateway/apiConfig:ApiConfig"},
        replaces=frozenset({"gatewayId", "region"}),
    ),
    "gcp:projects/apiKey:ApiKey": Row(outputs={"keyString": "AIza{letters8}", "uid": "{uuid}"}, replaces=frozenset({"name"})),
    "gcp:certificatemanager/certificateMap:CertificateMap": Row(replaces=frozenset({"name"})),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": Row(
        references={
            "map": "gcp:certificatemanager/certificateMap:CertificateMap#name gcp:certificatemanager/certificateMap:CertificateMap",
            "certificates.*": "gcp:certificatemanager/certificate:Certificate",
        },
        replaces=frozenset({"name", "map", "hostname", "matcher"}),
    ),
    "gcp:certificatemanager/certificate:Certificate": Row(
        references={"managed.dnsAuthorizations.*": "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"},
        replaces=frozenset({"name", "location", "scope", "managed"}),
    ),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": Row(
        outputs={
            "dnsResourceRecords": [{"name": "_acme-challenge.{domain}.", "type": "CNAME", "data": "{letters8}.authorize.certificatemanager.goog."}]
        },
        replaces=frozenset({"name", "location", "domain", "type"}),
    ),
    "gcp:compute/managedSslCertificate:ManagedSslCertificate": Row(replaces=frozenset({"name", "managed", "type"})),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": Row(
        outputs={"ipAddress": "203.0.113.40"}, replaces=frozenset({"name", "ipAddress", "ipProtocol", "portRange", "loadBalancingScheme"})
    ),
}
"""The rows by type token."""
