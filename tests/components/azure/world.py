"""What Azure answers in these tests, and arguments that each test changes."""

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pulumi

from modeldeploy.azure.container import ContainerApp, ContainerAppArgs
from modeldeploy.azure.container_instance import ContainerInstance, ContainerInstanceArgs
from modeldeploy.azure.database import AzureSqlDatabase, AzureSqlDatabaseArgs
from modeldeploy.azure.managed_endpoint import AzureMLEndpoint, AzureMLEndpointArgs
from modeldeploy.azure.network import AzureNetwork, AzureNetworkArgs
from modeldeploy.azure.serverless import AzureFunction, AzureFunctionArgs
from modeldeploy.azure.subnets import Subnet
from modeldeploy.spec import Container, Environment, FunctionModel, Model, Network
from tests.support.mocks import Graph, record

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-00000000000a"
DEPLOYER = "00000000-0000-0000-0000-00000000000b"
GROUP = f"{SUBSCRIPTION}/resourceGroups/given"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/given"
SUBNET = f"{NETWORK}/subnets/endpoints"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/given"
KEY = "https://given.vault.azure.net/keys/models/0123456789abcdef0123456789abcdef"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/acmemodels"
DATABASE = f"{GROUP}/providers/Microsoft.Sql/servers/data/databases/pricing"
ENVIRONMENT = f"{GROUP}/providers/Microsoft.App/managedEnvironments/given"
API_MANAGEMENT = f"{GROUP}/providers/Microsoft.ApiManagement/service/gateway"
SECRETS = f"{GROUP}/providers/Microsoft.KeyVault/vaults/secrets"
SECRET = "https://secrets.vault.azure.net/secrets/partner"
CERTIFICATE = "https://secrets.vault.azure.net/secrets/pricing-example-com"
DNS_ZONE = f"{GROUP}/providers/Microsoft.Network/dnsZones/example.com"
APPLICATION = "99999999-8888-7777-6666-555555555555"
ATTACHED = Network(id=NETWORK, subnet_ids=[SUBNET])
IMAGE = "acmemodels.azurecr.io/pricing@sha256:" + "a" * 64
CALLER = "11111111-2222-3333-4444-555555555555"
PLACED = Network(id=NETWORK, subnet_ids=[SUBNET, *(f"{NETWORK}/subnets/{each.value.label}" for each in list(Subnet)[1:])])
BLOB = "https://acmeartifacts.blob.core.windows.net/trained/pricing/1"
ARTIFACTS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acmeartifacts"
ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"
REMOTE = "azureml://datastores/shared/paths/pricing/1"

ML = "Microsoft.MachineLearningServices/workspaces/{workspaceName}"
PATHS = {
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces/{name}",
    "applicationinsights:Component": "Microsoft.Insights/components/{name}",
    "storage:StorageAccount": "Microsoft.Storage/storageAccounts/{accountName}",
    "storage:BlobContainer": "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
    "keyvault:Vault": "Microsoft.KeyVault/vaults/{vaultName}",
    "keyvault:Key": "Microsoft.KeyVault/vaults/{vaultName}/keys/{name}",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries/{registryName}",
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks/{name}",
    "network:Subnet": "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{name}",
    "network:PrivateEndpoint": "Microsoft.Network/privateEndpoints/{name}",
    "privatedns:PrivateZone": "Microsoft.Network/privateDnsZones/{privateZoneName}",
    "machinelearningservices:Workspace": ML,
    "machinelearningservices:OnlineEndpoint": ML + "/onlineEndpoints/{endpointName}",
    "machinelearningservices:OnlineDeployment": ML + "/onlineEndpoints/{endpointName}/deployments/{deploymentName}",
    "machinelearningservices:ModelVersion": ML + "/models/{name}/versions/{version}",
    "machinelearningservices:EnvironmentVersion": ML + "/environments/{name}/versions/{version}",
    "machinelearningservices:DataVersion": ML + "/data/{name}/versions/{version}",
    "machinelearningservices:Datastore": ML + "/datastores/{name}",
    "machinelearningservices:BatchEndpoint": ML + "/batchEndpoints/{endpointName}",
    "machinelearningservices:BatchDeployment": ML + "/batchEndpoints/{endpointName}/deployments/{deploymentName}",
    "machinelearningservices:CodeVersion": ML + "/codes/{name}/versions/{version}",
    "machinelearningservices:Schedule": ML + "/schedules/{name}",
    "machinelearningservices:Compute": ML + "/computes/{computeName}",
    "app:ManagedEnvironment": "Microsoft.App/managedEnvironments/{name}",
    "app:ContainerApp": "Microsoft.App/containerApps/{containerAppName}",
    "app:HttpRouteConfig": "Microsoft.App/managedEnvironments/{environmentName}/httpRouteConfigs/{httpRouteName}",
    "app:Certificate": "Microsoft.App/managedEnvironments/{environmentName}/certificates/{name}",
    "containerinstance:ContainerGroup": "Microsoft.ContainerInstance/containerGroups/{name}",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses/{name}",
    "network:ApplicationGateway": "Microsoft.Network/applicationGateways/{applicationGatewayName}",
    "network:WebApplicationFirewallPolicy": "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies/{name}",
    "apimanagement:Api": "Microsoft.ApiManagement/service/{serviceName}/apis/{apiId}",
    "web:AppServicePlan": "Microsoft.Web/serverfarms/{name}",
    "web:WebApp": "Microsoft.Web/sites/{name}",
    "containerservice:ManagedCluster": "Microsoft.ContainerService/managedClusters/{resourceName}",
    "containerservice:AgentPool": "Microsoft.ContainerService/managedClusters/{resourceName}/agentPools/{agentPoolName}",
    "compute:DiskEncryptionSet": "Microsoft.Compute/diskEncryptionSets/{name}",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules/{name}",
    "app:Job": "Microsoft.App/jobs/{jobName}",
    "batch:BatchAccount": "Microsoft.Batch/batchAccounts/{accountName}",
    "batch:Pool": "Microsoft.Batch/batchAccounts/{accountName}/pools/{poolName}",
    "eventhub:Namespace": "Microsoft.EventHub/namespaces/{namespaceName}",
    "eventhub:EventHub": "Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}",
    "eventhub:ConsumerGroup": "Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}",
    "eventhub:SchemaRegistry": "Microsoft.EventHub/namespaces/{namespaceName}/schemagroups/{schemaGroupName}",
    "logic:Workflow": "Microsoft.Logic/workflows/{name}",
    "healthcareapis:Workspace": "Microsoft.HealthcareApis/workspaces/{workspaceName}",
    "healthcareapis:FhirService": "Microsoft.HealthcareApis/workspaces/{workspaceName}/fhirservices/{fhirServiceName}",
    "portal:Dashboard": "Microsoft.Portal/dashboards/{name}",
    "sql:Server": "Microsoft.Sql/servers/{serverName}",
    "sql:Database": "Microsoft.Sql/servers/{serverName}/databases/{databaseName}",
}


def _outputs(token: str, path: str) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    def answer(inputs: dict[str, Any]) -> Mapping[str, Any]:
        last = re.findall(r"\{(\w+)\}", path)[-1]
        name = inputs.get(last) or "-".join([token.split(":")[1].lower(), *inputs.get("addressPrefix", "1a2b3c4d").split("/")])
        identifier = f"{SUBSCRIPTION}/resourceGroups/{inputs['resourceGroupName']}/providers/" + path.format(**{**inputs, last: name})
        extra = EXTRA.get(token, lambda _: {})({**inputs, "name": name})
        return {"id": identifier, "name": name, "location": "westeurope", **_identities(inputs), **extra}

    return answer


def _identities(inputs: dict[str, Any]) -> Mapping[str, Any]:
    """Inputs name user-assigned identities in a list, outputs in a map."""
    if "identity" not in inputs:
        return {}
    return {"identity": {**inputs["identity"], "userAssignedIdentities": {each: {} for each in inputs["identity"]["userAssignedIdentities"]}}}


EXTRA: dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]] = {
    "keyvault:Vault": lambda i: {"properties": {**i["properties"], "vaultUri": f"https://{i['name']}.vault.azure.net/"}},
    "keyvault:Key": lambda i: {
        "keyUri": f"https://{i['vaultName']}.vault.azure.net/keys/{i['name']}",
        "keyUriWithVersion": f"https://{i['vaultName']}.vault.azure.net/keys/{i['name']}/{'0' * 32}",
    },
    "managedidentity:UserAssignedIdentity": lambda _: {"clientId": "the-client", "principalId": "the-principal", "tenantId": TENANT},
    "machinelearningservices:OnlineEndpoint": lambda i: {
        "properties": {**i["properties"], "scoringUri": f"https://{i['name']}.westeurope.inference.ml.azure.com/score"}
    },
    "machinelearningservices:BatchEndpoint": lambda i: {
        "properties": {**i["properties"], "scoringUri": f"https://{i['name']}.westeurope.inference.ml.azure.com/jobs"}
    },
    "applicationinsights:Component": lambda _: {"connectionString": "InstrumentationKey=1;IngestionEndpoint=https://example.com/"},
    "app:ManagedEnvironment": lambda _: {
        "defaultDomain": "calm-hill.westeurope.azurecontainerapps.io",
        "staticIp": "10.64.1.4",
        "customDomainConfiguration": {"customDomainVerificationId": "the-verification"},
    },
    "containerinstance:ContainerGroup": lambda i: {"ipAddress": {**i["ipAddress"], "ip": "10.64.4.4"}},
    "network:PublicIPAddress": lambda _: {"ipAddress": "203.0.113.9"},
    "web:WebApp": lambda i: {"defaultHostName": f"{i['name']}.azurewebsites.net"},
    "containerservice:ManagedCluster": lambda i: {
        "privateFQDN": f"{i['dnsPrefix']}-1a2b.privatelink.westeurope.azmk8s.io",
        "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    },
    "batch:BatchAccount": lambda i: {"accountEndpoint": f"{i['name']}.westeurope.batch.azure.com"},
    "sql:Server": lambda i: {"fullyQualifiedDomainName": f"{i['name']}.database.windows.net"},
}

OUTPUTS: dict[str, Any] = {
    **{f"azure-native:{token}": _outputs(token, path) for token, path in PATHS.items()},
    "azure-native:network:FlowLog": _identities,
    "azure-native:resources:ResourceGroup": {"id": f"{SUBSCRIPTION}/resourceGroups/made-1a2b3c4d", "name": "made-1a2b3c4d", "location": "westeurope"},
}
CALLS: dict[str, Any] = {
    "azure-native:resources:getResourceGroup": lambda i: {
        "id": f"{SUBSCRIPTION}/resourceGroups/{i['resourceGroupName']}",
        "name": i["resourceGroupName"],
        "location": "westeurope",
    },
    "azure-native:containerservice:getManagedCluster": {"identityProfile": {"kubeletidentity": {"objectId": "the-kubelet"}}},
    "azure-native:containerservice:listManagedClusterUserCredentials": {
        "kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(b"clusters:\n- cluster:\n    certificate-authority-data: Q0E=\n").decode()}]
    },
    "azure-native:authorization:getClientConfig": {
        "clientId": "cli",
        "objectId": DEPLOYER,
        "subscriptionId": SUBSCRIPTION.rsplit("/", 1)[-1],
        "tenantId": TENANT,
    },
    "azure-native:app:getManagedEnvironment": lambda i: {
        "id": ENVIRONMENT,
        "name": i["environmentName"],
        "defaultDomain": "given.westeurope.azurecontainerapps.io",
        "staticIp": "10.1.1.4",
    },
    "azure-native:apimanagement:getApiManagementService": lambda i: {
        "id": API_MANAGEMENT,
        "name": i["serviceName"],
        "gatewayUrl": f"https://{i['serviceName']}.azure-api.net",
        "identity": {"type": "SystemAssigned", "principalId": "the-api-management", "tenantId": TENANT},
    },
}


def model(version: str = "1", **changes: Any) -> Model:
    return Model(**{"name": "pricing", "version": version, "source": REMOTE, "container": Container(image=IMAGE), **changes})


def artifact(folder: Path) -> str:
    (folder / "code").mkdir()
    (folder / "model.pkl").write_bytes(b"trees")
    (folder / "code" / "score.py").write_text("answer = 42")
    return str(folder)


def endpoint_args(**changes: Any) -> AzureMLEndpointArgs:
    """In a given network, unless the test says otherwise: a network is a third of the resources."""
    return AzureMLEndpointArgs(**{"models": [model()], "environment": Environment.DEVELOPMENT, "network": ATTACHED, **changes})


def container_args(**changes: Any) -> ContainerAppArgs:
    """In a given network, with an artifact in a given account, unless the test says otherwise."""
    given = {
        "models": [model(source=BLOB)],
        "artifact_account_id": ARTIFACTS,
        "environment": Environment.DEVELOPMENT,
        "network": PLACED,
        "application_id": APPLICATION,
    }
    return ContainerAppArgs(**{**given, **changes})


def function_args(**changes: Any) -> AzureFunctionArgs:
    """An image in a given network, with an artifact in a given account, unless the test says otherwise."""
    given = {
        "models": [function_model()],
        "artifact_account_id": ARTIFACTS,
        "environment": Environment.DEVELOPMENT,
        "network": PLACED,
        "application_id": APPLICATION,
    }
    return AzureFunctionArgs(**{**given, **changes})


def function_model(version: str = "1", **changes: Any) -> FunctionModel:
    run = {} if "code" in changes else {"container": Container(image=IMAGE)}
    return FunctionModel(**{"name": "pricing", "version": version, "source": BLOB, **run, **changes})


def function_code(folder: Path, answer: int = 42) -> str:
    """A folder with a function app."""
    folder.mkdir(exist_ok=True)
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(f"import azure.functions\n\napp = azure.functions.FunctionApp()\nanswer: int = {answer}\n")
    return str(folder)


def instance_args(**changes: Any) -> ContainerInstanceArgs:
    """In a given network, with an artifact in a given account, unless the test says otherwise."""
    given = {
        "models": [model(source=BLOB)],
        "artifact_account_id": ARTIFACTS,
        "network": PLACED,
        "access": {"authentication": "none"},
        "operations": {"monthly_budget_usd": 50},
    }
    return ContainerInstanceArgs(**{**given, **changes})


def database_args(**changes: Any) -> AzureSqlDatabaseArgs:
    """In a given network, unless the test says otherwise."""
    return AzureSqlDatabaseArgs(**{"database": "pricing", "environment": Environment.DEVELOPMENT, "network": ATTACHED, **changes})


def network_args(**changes: Any) -> AzureNetworkArgs:
    return AzureNetworkArgs(**{"environment": Environment.DEVELOPMENT, **changes})


def run(program: Callable[[], Mapping[str, Any] | None]) -> Graph:
    return record(program, outputs=OUTPUTS, calls=CALLS)


def endpoint(**changes: Any) -> Graph:
    """What `AzureMLEndpoint("api", ...)` registers, with its outputs."""
    return made(AzureMLEndpoint, "api", endpoint_args(**changes))


def container(**changes: Any) -> Graph:
    """What `ContainerApp("api", ...)` registers, with its outputs."""
    return made(ContainerApp, "api", container_args(**changes))


def function(**changes: Any) -> Graph:
    """What `AzureFunction("fn", ...)` registers, with its outputs."""
    return made(AzureFunction, "fn", function_args(**changes))


def instance(**changes: Any) -> Graph:
    """What `ContainerInstance("dev", ...)` registers, with its outputs."""
    return made(ContainerInstance, "dev", instance_args(**changes))


def database(**changes: Any) -> Graph:
    """What `AzureSqlDatabase("data", ...)` registers, with its outputs."""
    return made(AzureSqlDatabase, "data", database_args(**changes))


def network(**changes: Any) -> Graph:
    """What `AzureNetwork("net", ...)` registers, with its outputs."""
    return made(AzureNetwork, "net", network_args(**changes))


_graphs: dict[str, Graph] = {}


def made(component: type[pulumi.ComponentResource], name: str, args: Any) -> Graph:
    """What a component registers, with its outputs. Tests only look at graphs, so that the same arguments need one run."""

    def program() -> Mapping[str, pulumi.Output[Any]]:
        built = cast(Any, component)(name, args)
        return {output: getattr(built, output) for output in component.__annotations__}

    key = f"{component.__name__} {args!r}"
    if key not in _graphs:
        _graphs[key] = run(program)
    return _graphs[key]
