"""Azure rows of what runs workloads: container apps, functions, clusters, batch, streams, and what is in front of them."""

from typing import Any

from sandbox.clouds.row import Row

_RESOURCE = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}/providers/"


def _row(path: str, outputs: dict[str, Any] | None = None, **rest: Any) -> Row:
    return Row(id=_RESOURCE + path, outputs=outputs or {}, guarded=False, **rest)


_APPS = {
    "azure-native:app:ManagedEnvironment": _row(
        "Microsoft.App/managedEnvironments/{environmentName}",
        {
            "defaultDomain": "{letters14}.{location|region}.azurecontainerapps.io",
            "staticIp": "10.0.0.50",
            "customDomainConfiguration.customDomainVerificationId": "{hex64}",
        },
        max_name=60,
    ),
    "azure-native:app:ContainerApp": _row(
        "Microsoft.App/containerApps/{containerAppName}",
        {
            "latestRevisionName": "{containerAppName}--{letters7}",
            "latestReadyRevisionName": "{containerAppName}--{letters7}",
            "latestRevisionFqdn": "{containerAppName}--{letters7}.{letters14}.{location|region}.azurecontainerapps.io",
            "customDomainVerificationId": "{hex64}",
            "eventStreamEndpoint": "https://{location|region}.azurecontainerapps.dev/subscriptions/{subscription}/eventstream",
            "runningStatus": "Running",
        },
        max_name=32,
        replaces=frozenset({"environmentId", "managedEnvironmentId"}),
    ),
    "azure-native:app:Job": _row(
        "Microsoft.App/jobs/{jobName}", {"outboundIpAddresses": ["203.0.113.30"]}, max_name=32, replaces=frozenset({"environmentId"})
    ),
    "azure-native:app:HttpRouteConfig": _row(
        "Microsoft.App/managedEnvironments/{environmentName}/httpRouteConfigs/{httpRouteName}", {"properties.provisioningState": "Succeeded"}
    ),
    "azure-native:app:Certificate": _row("Microsoft.App/managedEnvironments/{environmentName}/certificates/{certificateName}"),
    "azure-native:app:ContainerAppsAuthConfig": _row("Microsoft.App/containerApps/{containerAppName}/authConfigs/{authConfigName}"),
    "azure-native:containerinstance:ContainerGroup": _row(
        "Microsoft.ContainerInstance/containerGroups/{containerGroupName}",
        {"instanceView": {"state": "Running"}, "ipAddress.ip": "10.0.0.60"},
        replaces=frozenset({"containers", "osType", "subnetIds", "zones", "sku"}),
    ),
    "azure-native:web:AppServicePlan": _row("Microsoft.Web/serverfarms/{name}", {"status": "Ready"}),
    "azure-native:web:WebApp": _row(
        "Microsoft.Web/sites/{name}",
        {"defaultHostName": "{name}.azurewebsites.net", "state": "Running", "hostNames": ["{name}.azurewebsites.net"]},
        unique=("name",),
        max_name=60,
        replaces=frozenset({"kind"}),
    ),
    "azure-native:containerservice:ManagedCluster": _row(
        "Microsoft.ContainerService/managedClusters/{resourceName}",
        {
            "fqdn": "{resourceName}-{letters8}.hcp.{location|region}.azmk8s.io",
            "privateFQDN": "{resourceName}-{letters8}.{uuid}.privatelink.{location|region}.azmk8s.io",
            "currentKubernetesVersion": "1.35.0",
            "nodeResourceGroup": "MC_{resourceGroupName}_{resourceName}_{location|region}",
            "oidcIssuerProfile.issuerURL": "https://{location|region}.oic.prod-aks.azure.com/{tenant}/{uuid}/",
            "identityProfile": {"kubeletidentity": {"clientId": "{uuid_client}", "objectId": "{uuid_object}"}},
        },
        max_name=63,
        replaces=frozenset(
            {"dnsPrefix", "fqdnSubdomain", "nodeResourceGroup", "diskEncryptionSetID", "linuxProfile", "windowsProfile"}
            | {f"networkProfile.{name}" for name in ("serviceCidr", "dnsServiceIP", "networkPlugin", "networkPolicy", "podCidr", "outboundType")}
        ),
    ),
    "azure-native:containerservice:AgentPool": _row(
        "Microsoft.ContainerService/managedClusters/{resourceName}/agentPools/{agentPoolName}",
        max_name=12,
        replaces=frozenset({"vmSize", "gpuInstanceProfile", "osDiskSizeGB", "osDiskType", "availabilityZones", "vnetSubnetID", "scaleSetPriority"}),
    ),
    "azure-native:containerservice:MaintenanceConfiguration": _row(
        "Microsoft.ContainerService/managedClusters/{resourceName}/maintenanceConfigurations/{configName}"
    ),
    "azure-native:batch:BatchAccount": _row(
        "Microsoft.Batch/batchAccounts/{accountName}",
        {"accountEndpoint": "{accountName}.{location|region}.batch.azure.com"},
        max_name=24,
        lower=True,
        unique=("accountName", "location"),
    ),
    "azure-native:batch:Pool": _row(
        "Microsoft.Batch/batchAccounts/{accountName}/pools/{poolName}", replaces=frozenset({"vmSize", "deploymentConfiguration"})
    ),
    "azure-native:batch:Application": _row("Microsoft.Batch/batchAccounts/{accountName}/applications/{applicationName}"),
}

_STREAMS = {
    "azure-native:eventhub:Namespace": _row(
        "Microsoft.EventHub/namespaces/{namespaceName}",
        {"serviceBusEndpoint": "https://{namespaceName}.servicebus.windows.net:443/", "status": "Active", "createdAt": "{now}"},
        unique=("namespaceName",),
        max_name=50,
    ),
    "azure-native:eventhub:EventHub": _row(
        "Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}",
        {"partitionIds": ["0"], "createdAt": "{now}"},
    ),
    "azure-native:eventhub:ConsumerGroup": _row(
        "Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}"
    ),
    "azure-native:eventhub:SchemaRegistry": _row("Microsoft.EventHub/namespaces/{namespaceName}/schemagroups/{schemaGroupName}"),
    "azure-native:apimanagement:ApiManagementService": _row(
        "Microsoft.ApiManagement/service/{serviceName}", {"gatewayUrl": "https://{serviceName}.azure-api.net"}, unique=("serviceName",), max_name=50
    ),
    "azure-native:apimanagement:Api": _row("Microsoft.ApiManagement/service/{serviceName}/apis/{apiId}"),
    "azure-native:cdn:Profile": _row("Microsoft.Cdn/profiles/{profileName}", {"frontDoorId": "{uuid}"}, replaces=frozenset({"sku"})),
    "azure-native:cdn:AFDEndpoint": _row(
        "Microsoft.Cdn/profiles/{profileName}/afdEndpoints/{endpointName}", {"hostName": "{endpointName}-{letters10}.z01.azurefd.net"}
    ),
}

ROWS: dict[str, Row] = {**_APPS, **_STREAMS}
"""The rows by type token."""
