"""Endpoints, databases and control planes that can be reached from the internet."""

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import every, is_given, is_off, is_on, one_of
from policies.rule import Family, Reference, Resource, Rule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "public-endpoint",
    "Public endpoint",
    "What can be reached from the internet can be attacked from it: endpoints, databases and control planes are private.",
)

PRIVATE_ENDPOINT = "Set it to Disabled and connect through a private endpoint; not set means open."


def _public_network(
    name: str, token: str, *references: Reference, path: str = "publicNetworkAccess", perimeter: bool = False, severity: Severity = Severity.HIGH
) -> Rule:
    """The rule for an Azure service whose access from public networks is one input."""
    allowed = ("Disabled", "SecuredByPerimeter") if perimeter else ("Disabled",)
    return Rule(
        id=f"azure-{name}-public-network",
        family=FAMILY,
        severity=severity,
        types=(f"azure-native:{token}",),
        check=one_of(path, *allowed),
        fix=PRIVATE_ENDPOINT,
        references=references,
    )


def _rest_api(resource: Resource) -> Iterator[str]:
    types = resource.texts("endpointConfiguration.types")
    if [each.upper() for each in types] != ["PRIVATE"]:
        yield f"endpointConfiguration.types is {short(', '.join(types) or None)}"


def _http_api(resource: Resource) -> Iterator[str]:
    if resource.flag("disableExecuteApiEndpoint") is not True:
        yield f"disableExecuteApiEndpoint is {short(resource.flag('disableExecuteApiEndpoint'))}, and such an API has no private form"


def _gke(resource: Resource) -> Iterator[str]:
    yield from is_on("privateClusterConfig.enablePrivateNodes")(resource)
    dns_only = resource.flag("controlPlaneEndpointsConfig.ipEndpointsConfig.enabled") is False
    if not dns_only:
        yield from is_on("privateClusterConfig.enablePrivateEndpoint")(resource)


def _vertex(resource: Resource) -> Iterator[str]:
    if not resource.given("network") and resource.flag("privateServiceConnectConfig.enablePrivateServiceConnect") is not True:
        yield "network is not set and privateServiceConnectConfig.enablePrivateServiceConnect is not true"


def _service(resource: Resource) -> Iterator[str]:
    kind = resource.text("spec.type")
    if kind == "NodePort":
        yield "spec.type is 'NodePort'"
    annotations = resource.mapping("metadata.annotations")
    if kind == "LoadBalancer" and not any(key in list(annotations) and annotations[key] in values for key, values in INTERNAL.items()):
        yield "spec.type is 'LoadBalancer' without the annotation that keeps it internal"


INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("Internal",),
    "cloud.google.com/load-balancer-type": ("Internal",),
}
"""Annotations that keep a cloud's load balancer off the internet."""


def _addresses(view: View) -> Iterator[str]:
    for path in ("accessConfigs", "ipv6AccessConfigs"):
        if view.count(path):
            yield f"{view.at(path)} is set"


RULES = (
    Rule(
        id="aws-rds-instance-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"),
        check=is_off("publiclyAccessible"),
        fix="Set it to false and place the database in private subnets.",
        references=checkov("CKV_AWS_17") + aws_config("RDS_INSTANCE_PUBLIC_ACCESS_CHECK"),
    ),
    Rule(
        id="aws-lb-loadbalancer-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:lb/loadBalancer:LoadBalancer",),
        check=is_on("internal"),
        fix="Set it to true. Where the API is meant for the internet, put a WAF in front and make an exception with its reason.",
    ),
    Rule(
        id="aws-eks-cluster-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:eks/cluster:Cluster",),
        check=is_off("vpcConfig.endpointPublicAccess", default=True),
        fix="Set it to false and endpointPrivateAccess to true; not set means public.",
        references=checkov("CKV_AWS_39") + aws_config("EKS_ENDPOINT_NO_PUBLIC_ACCESS"),
    ),
    Rule(
        id="aws-sagemaker-model-vpc",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/model:Model",),
        check=is_given("vpcConfig"),
        why="A model container outside of a VPC sends its traffic over networks you do not control.",
        fix="Give vpcConfig with private subnets and a security group.",
        references=aws_config("SAGEMAKER_MODEL_IN_VPC"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-sagemaker-model-isolation",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/model:Model",),
        check=is_on("enableNetworkIsolation"),
        why="A model container that can call out can send data out.",
        fix="Set it to true, unless the model reads from a database: then let its security group reach only that.",
        references=checkov("CKV_AWS_370") + aws_config("SAGEMAKER_MODEL_ISOLATION_ENABLED"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-notebook-internet",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/notebookInstance:NotebookInstance",),
        check=one_of("directInternetAccess", "Disabled"),
        fix="Set it to Disabled and give subnetId and securityGroups.",
        references=checkov("CKV_AWS_122") + aws_config("SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS"),
    ),
    Rule(
        id="aws-sagemaker-domain-internet",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/domain:Domain",),
        check=one_of("appNetworkAccessType", "VpcOnly"),
        fix="Set it to VpcOnly; not set means the public internet.",
    ),
    Rule(
        id="aws-ecs-service-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/service:Service",),
        check=is_off("networkConfiguration.assignPublicIp"),
        fix="Set it to false, and reach registries and logs through VPC endpoints.",
        references=checkov("CKV_AWS_333"),
    ),
    Rule(
        id="aws-ec2-instance-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ec2/instance:Instance",),
        check=is_off("associatePublicIpAddress"),
        fix="Set it to false and log in through Session Manager.",
        references=checkov("CKV_AWS_88") + aws_config("EC2_INSTANCE_NO_PUBLIC_IP"),
    ),
    Rule(
        id="aws-apigateway-restapi-public",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:apigateway/restApi:RestApi",),
        check=_rest_api,
        fix="Write PRIVATE. Where the API is meant for the internet, put a WAF in front and make an exception with its reason.",
    ),
    Rule(
        id="aws-apigatewayv2-api-public",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:apigatewayv2/api:Api",),
        check=_http_api,
        fix="Use a private REST API, or set it to true and serve a custom domain behind a WAF; else make an exception with its reason.",
    ),
    _public_network(
        "storage-account",
        "storage:StorageAccount",
        *checkov("CKV_AZURE_59"),
        *azure_policy("b2982f36-99f2-4db5-8eff-283140c09693", "Storage accounts should disable public network access"),
        perimeter=True,
    ),
    _public_network(
        "keyvault-vault",
        "keyvault:Vault",
        *checkov("CKV_AZURE_189"),
        *azure_policy("405c5871-3e91-4644-8a63-58e19d68ff5b", "Azure Key Vault should disable public network access"),
        path="properties.publicNetworkAccess",
    ),
    _public_network(
        "machinelearning-workspace",
        "machinelearningservices:Workspace",
        *checkov("CKV_AZURE_144"),
        *azure_policy("438c38d2-3772-465a-a9cc-7a6666a275ce", "Azure Machine Learning Workspaces should disable public network access"),
    ),
    _public_network("machinelearning-onlineendpoint", "machinelearningservices:OnlineEndpoint", path="properties.publicNetworkAccess"),
    Rule(
        id="azure-machinelearning-workspace-egress",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:Workspace",),
        check=one_of("managedNetwork.isolationMode", "AllowOnlyApprovedOutbound"),
        why="A model container that can call out can send data out.",
        fix="Write AllowOnlyApprovedOutbound: deployments then reach what the workspace's rules name, and nothing else.",
        references=azure_policy(
            "6ddb1705-c8cf-450e-aa4b-19ad6703c440",
            "Azure Machine Learning and Ai Studio should use Allow Only Approved Outbound Managed Vnet mode",
        ),
    ),
    _public_network(
        "containerregistry-registry",
        "containerregistry:Registry",
        *checkov("CKV_AZURE_139"),
        *azure_policy("0fdf0491-d080-4575-b627-ad0e843cba0f", "Public network access should be disabled for Container registries"),
    ),
    _public_network(
        "sql-server",
        "sql:Server",
        *checkov("CKV_AZURE_113"),
        *azure_policy("1b8ca024-1d5c-4dec-8995-b1a932b41780", "Public network access on Azure SQL Database should be disabled"),
        perimeter=True,
        severity=Severity.CRITICAL,
    ),
    _public_network(
        "postgresql-server",
        "dbforpostgresql:Server",
        *azure_policy("5e1de0e3-42cb-4ebc-a86d-61d0c619ca48", "Public network access should be disabled for PostgreSQL flexible servers"),
        path="network.publicNetworkAccess",
        severity=Severity.CRITICAL,
    ),
    _public_network(
        "cosmosdb-account",
        "cosmosdb:DatabaseAccount",
        *checkov("CKV_AZURE_101"),
        *azure_policy("797b37f7-06b8-444c-b1ad-fc62867f335a", "Azure Cosmos DB should disable public network access"),
        perimeter=True,
        severity=Severity.CRITICAL,
    ),
    _public_network(
        "web-app",
        "web:WebApp",
        *checkov("CKV_AZURE_221", "CKV_AZURE_222"),
        *azure_policy("1b5ef780-c53c-4a64-87f3-bb9c8c8094ba", "App Service apps should disable public network access"),
    ),
    _public_network(
        "containerapps-environment",
        "app:ManagedEnvironment",
        *azure_policy("d074ddf8-01a5-4b5e-a2b8-964aed452c0a", "Container Apps environment should disable public network access"),
    ),
    _public_network(
        "eventhub-namespace",
        "eventhub:Namespace",
        *azure_policy("0602787f-9896-402a-a6e1-39ee63ee435e", "Event Hub Namespaces should disable public network access"),
        perimeter=True,
    ),
    _public_network(
        "cognitiveservices-account",
        "cognitiveservices:Account",
        *checkov("CKV_AZURE_134"),
        path="properties.publicNetworkAccess",
    ),
    Rule(
        id="azure-containerapps-app-external",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp",),
        check=is_off("configuration.ingress.external"),
        fix="Set it to false, so that only the environment's network reaches the app.",
        references=azure_policy("783ea2a8-b8fd-46be-896a-9ae79643a0b1", "Container Apps should disable external network access"),
    ),
    Rule(
        id="azure-containerinstance-group-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerinstance:ContainerGroup",),
        check=one_of("ipAddress.type", "Private", default="Private"),
        fix="Set it to Private and give subnetIds.",
        references=checkov("CKV_AZURE_98", "CKV_AZURE_245"),
    ),
    Rule(
        id="azure-containerservice-cluster-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerservice:ManagedCluster",),
        check=is_on("apiServerAccessProfile.enablePrivateCluster"),
        fix="Set it to true, so that only the cluster's network reaches the API server.",
        references=checkov("CKV_AZURE_115")
        + azure_policy("040732e8-d947-40b8-95d6-854c95024bf8", "Azure Kubernetes Service Private Clusters should be enabled"),
    ),
    Rule(
        id="gcp-sql-instance-public-ip",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:sql/databaseInstance:DatabaseInstance",),
        check=is_off("settings.ipConfiguration.ipv4Enabled", default=True),
        fix="Set it to false and give privateNetwork; not set means a public address.",
        references=checkov("CKV_GCP_60") + google_scc("SQL_PUBLIC_IP"),
    ),
    Rule(
        id="gcp-container-cluster-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:container/cluster:Cluster",),
        check=_gke,
        fix="Set both to true, so that nodes and control plane have private addresses only.",
        references=checkov("CKV_GCP_25", "CKV_GCP_64") + google_scc("PRIVATE_CLUSTER_DISABLED"),
    ),
    Rule(
        id="gcp-cloudrun-service-ingress",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudrunv2/service:Service",),
        check=one_of("ingress", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),
        fix="Write INGRESS_TRAFFIC_INTERNAL_ONLY, or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER behind Cloud Armor; not set means all.",
    ),
    Rule(
        id="gcp-cloudfunctions-function-ingress",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudfunctionsv2/function:Function",),
        check=one_of("serviceConfig.ingressSettings", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"),
        fix="Write ALLOW_INTERNAL_ONLY, or ALLOW_INTERNAL_AND_GCLB behind Cloud Armor; not set means all.",
        references=checkov("CKV_GCP_124"),
    ),
    Rule(
        id="gcp-vertex-endpoint-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:vertex/aiEndpoint:AiEndpoint",),
        check=_vertex,
        fix="Turn Private Service Connect on, or give the VPC network.",
        references=checkov("CKV2_GCP_33"),
    ),
    Rule(
        id="gcp-compute-instance-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:compute/instance:Instance",),
        check=every("networkInterfaces", _addresses),
        fix="Leave it out and log in through Identity-Aware Proxy.",
        references=checkov("CKV_GCP_40") + google_scc("PUBLIC_IP_ADDRESS"),
    ),
    Rule(
        id="gcp-compute-forwardingrule-external",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:compute/globalForwardingRule:GlobalForwardingRule", "gcp:compute/forwardingRule:ForwardingRule"),
        check=one_of("loadBalancingScheme", "INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED", ""),
        fix="Write INTERNAL_MANAGED. Where the API is meant for the internet, use Cloud Armor and make an exception with its reason.",
    ),
    Rule(
        id="kubernetes-core-service-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:core/v1:Service",),
        check=_service,
        fix="Use ClusterIP behind a gateway, or the cloud's annotation for an internal load balancer.",
        references=azure_policy("3fc4dc25-5baf-40d8-9b05-7fe74c1bc64e", "Kubernetes clusters should use internal load balancers"),
    ),
)
