"""Endpoints, databases and control planes that can be reached from the internet."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import every, is_off, is_on, one_of
from policies.remedy import always
from policies.rule import Family, Reference, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
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


def _compute_ssh(resource: Resource) -> Iterator[str]:
    kind, settings = resource.text("properties.computeType"), resource.part("properties.properties")
    if kind == "AmlCompute":
        yield from one_of("remoteLoginPortPublicAccess", "Disabled")(settings)
    elif kind == "ComputeInstance":
        yield from one_of("sshSettings.sshPublicAccess", "Disabled", default="Disabled")(settings)


def _pool_ports(resource: Resource) -> Iterator[str]:
    if resource.count("networkConfiguration.endpointConfiguration.inboundNatPools"):
        yield "networkConfiguration.endpointConfiguration.inboundNatPools is set"


def _any_origin(path: str) -> Callable[[Resource], Iterator[str]]:
    def check(resource: Resource) -> Iterator[str]:
        if "*" in resource.texts(path):
            yield f"{path} holds '*'"

    return check


def _health_workspace(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workspace in stack.of("azure-native:healthcareapis:Workspace"):
        if not stack.linked(workspace, "azure-native:network:PrivateEndpoint"):
            yield workspace, "no PrivateEndpoint refers to the workspace"


def _no_public_address(view: View) -> Iterator[str]:
    if view.count("publicIPAddress"):
        yield f"{view.at('publicIPAddress')} is set"


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
    Rule(
        id="aws-msk-cluster-public",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:msk/cluster:Cluster",),
        check=one_of("brokerNodeGroupInfo.connectivityInfo.publicAccess.type", "DISABLED", default="DISABLED"),
        fix="Leave it out: clients connect from the VPC, or through multi-VPC connectivity.",
        references=checkov("CKV_AWS_291") + aws_config("MSK_CLUSTER_PUBLIC_ACCESS_DISABLED"),
    ),
    Rule(
        id="aws-batch-jobdefinition-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=lambda resource: resource.documents(
            "containerProperties", one_of("networkConfiguration.assignPublicIp", "DISABLED", default="DISABLED")
        ),
        fix="Write DISABLED, and reach registries and logs through VPC endpoints.",
    ),
    _public_network(
        "servicebus-namespace",
        "servicebus:Namespace",
        *checkov("CKV_AZURE_204"),
        *azure_policy("cbd11fd3-3002-4907-b6c8-579f0e700e13", "Service Bus Namespaces should disable public network access"),
        perimeter=True,
    ),
    _public_network(
        "batch-account",
        "batch:BatchAccount",
        *checkov("CKV_AZURE_248"),
        *azure_policy("74c5a0ae-5e48-4738-b093-65e23a060488", "Public network access should be disabled for Batch accounts"),
        perimeter=True,
    ),
    _public_network("redis-cache", "redis:Redis", *checkov("CKV_AZURE_89")),
    Rule(
        id="azure-machinelearning-compute-ssh",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:Compute",),
        check=_compute_ssh,
        fix="Write Disabled; people reach a node through the workspace.",
    ),
    Rule(
        id="azure-batch-pool-open-ports",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:batch:Pool",),
        check=_pool_ports,
        fix="Leave endpointConfiguration out: each of its pools of ports is a way in to the nodes.",
    ),
    Rule(
        id="azure-web-app-remote-debugging",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebApp",),
        check=is_off("siteConfig.remoteDebuggingEnabled"),
        sets=always({"siteConfig.remoteDebuggingEnabled": False}),
        fix="Set it to false: it opens ports to the process.",
        references=checkov("CKV_AZURE_72")
        + azure_policy("cb510bfd-1cba-4d9f-a230-cb0976f4bb71", "App Service apps should have remote debugging turned off"),
    ),
    Rule(
        id="azure-web-app-any-origin",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:web:WebApp",),
        check=_any_origin("siteConfig.cors.allowedOrigins"),
        why="Any page that a user opens can call the API in the user's name.",
        fix="Name the origins of the pages that call.",
        references=checkov("CKV_AZURE_57"),
    ),
    Rule(
        id="azure-healthcareapis-fhir-any-origin",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:healthcareapis:FhirService",),
        check=_any_origin("corsConfiguration.origins"),
        why="Any page that a user opens can read records in the user's name.",
        fix="Name the origins of the pages that call.",
    ),
    Rule(
        id="azure-containerservice-cluster-command-invoke",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=is_on("apiServerAccessProfile.disableRunCommand"),
        why="Through Azure's API, run command reaches a private cluster from anywhere.",
        sets=always({"apiServerAccessProfile.disableRunCommand": True}),
        fix="Set disableRunCommand to true.",
        references=azure_policy("89f2d532-c53c-4f8f-9afa-4927b1114a0d", "Azure Kubernetes Service Clusters should disable Command Invoke"),
        controls=frameworks.SHELLS,
    ),
    Rule(
        id="gcp-vertex-indexendpoint-public",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:vertex/aiIndexEndpoint:AiIndexEndpoint",),
        check=is_off("publicEndpointEnabled"),
        fix="Set it to false and turn Private Service Connect on.",
        references=checkov("CKV2_GCP_34"),
    ),
    Rule(
        id="gcp-workbench-instance-public-ip",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:workbench/instance:Instance",),
        check=is_on("gceSetup.disablePublicIp"),
        fix="Set it to true; people reach it through the proxy.",
        references=checkov("CKV2_GCP_28"),
    ),
    Rule(
        id="azure-network-applicationgateway-public",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:network:ApplicationGateway",),
        check=every("frontendIPConfigurations", _no_public_address),
        fix="Listen on a private address. Where the API is meant for the internet, put a WAF in front and make an exception with its reason.",
    ),
)

STACK_RULES = (
    StackRule(
        id="azure-healthcareapis-workspace-no-private-endpoint",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:healthcareapis:Workspace",),
        check=_health_workspace,
        fix="Add one for the group healthcareworkspace: public access is then off for its FHIR services.",
        references=azure_policy("64528841-2f92-43f6-a137-d52e5c3dbeac", "Azure Health Data Services workspace should use private link"),
        unknown=Unknown.SET,
    ),
)
