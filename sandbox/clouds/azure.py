"""Azure: ARM paths, hostnames and other computed outputs, references.

An ARM path says three things: the id's shape, which properties are path parameters (changing one replaces the resource), and what must exist above
the resource. `_arm("Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}")` is a path below a resource group.
"""

from typing import Any

from sandbox.clouds.azure_workloads import ROWS as WORKLOADS
from sandbox.clouds.row import Row

_NET = "Microsoft.Network"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}"


def _arm(path: str) -> str:
    return f"{_GROUP}/providers/{path}"


def _row(path: str, outputs: dict[str, Any] | None = None, **rest: Any) -> Row:
    """A row for a path below a resource group. ARM lets most things be deleted under what refers to them, but not networks."""
    rest.setdefault("guarded", path.startswith((f"{_NET}/virtualNetworks", f"{_NET}/networkSecurity", f"{_NET}/privateDnsZones")))
    return Row(id=_arm(path), outputs=outputs or {}, **rest)


def _scope(path: str) -> str:
    return f"{{scope|path}}/providers/{path}"


_ML = "Microsoft.MachineLearningServices/workspaces/{workspaceName}"

_BASE: dict[str, Row] = {
    "azure-native:resources:ResourceGroup": Row(id=_GROUP, max_name=90, replaces=frozenset({"location"}), guarded=False),
    # Azure keeps the record of a deployment apart from what it deployed, and fills in how it went.
    "azure-native:resources:Deployment": _row(
        "Microsoft.Resources/deployments/{deploymentName}", {"properties.provisioningState": "Succeeded"}, max_name=64, guarded=False
    ),
    "azure-native:operationalinsights:Workspace": _row(
        "Microsoft.OperationalInsights/workspaces/{workspaceName}",
        {"customerId": "{uuid}", "createdDate": "{now}", "retentionInDays": 30},
        max_name=63,
    ),
    "azure-native:applicationinsights:Component": _row(
        "Microsoft.Insights/components/{resourceName}",
        {
            "appId": "{uuid_app}",
            "applicationId": "{resourceName}",
            "instrumentationKey": "{uuid_key}",
            "connectionString": "InstrumentationKey={uuid_key};IngestionEndpoint=https://{location|region}-0.in.applicationinsights.azure.com/;"
            "LiveEndpoint=https://{location|region}.livediagnostics.monitor.azure.com/;ApplicationId={uuid_app}",
            "tenantId": "{tenant}",
            "creationDate": "{now}",
        },
    ),
    "azure-native:storage:StorageAccount": _row(
        "Microsoft.Storage/storageAccounts/{accountName}",
        {
            "primaryEndpoints": {
                "blob": "https://{accountName}.blob.core.windows.net/",
                "dfs": "https://{accountName}.dfs.core.windows.net/",
                "file": "https://{accountName}.file.core.windows.net/",
                "queue": "https://{accountName}.queue.core.windows.net/",
                "table": "https://{accountName}.table.core.windows.net/",
                "web": "https://{accountName}.z13.web.core.windows.net/",
            },
            "primaryLocation": "{location|region}",
            "statusOfPrimary": "available",
            "creationTime": "{now}",
        },
        unique=("accountName",),
        lower=True,
        max_name=24,
        replaces=frozenset({"isHnsEnabled", "encryption.requireInfrastructureEncryption"}),
    ),
    "azure-native:storage:BlobServiceProperties": _row("Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}"),
    "azure-native:storage:FileServiceProperties": _row("Microsoft.Storage/storageAccounts/{accountName}/fileServices/{fileServicesName}"),
    "azure-native:storage:BlobContainer": _row("Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}"),
    "azure-native:storage:FileShare": _row("Microsoft.Storage/storageAccounts/{accountName}/fileServices/default/shares/{shareName}"),
    "azure-native:storage:Queue": _row("Microsoft.Storage/storageAccounts/{accountName}/queueServices/default/queues/{queueName}"),
    "azure-native:storage:Table": _row("Microsoft.Storage/storageAccounts/{accountName}/tableServices/default/tables/{tableName}"),
    "azure-native:storage:ManagementPolicy": _row("Microsoft.Storage/storageAccounts/{accountName}/managementPolicies/{managementPolicyName}"),
    "azure-native:storage:Blob": Row(
        id=_arm("Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}/blobs/{blobName}"),
        outputs={"url": "https://{accountName}.blob.core.windows.net/{containerName}/{blobName}"},
        replaces=frozenset({"type"}),
        guarded=False,
    ),
    "azure-native:keyvault:Vault": _row(
        "Microsoft.KeyVault/vaults/{vaultName}",
        {"properties.vaultUri": "https://{vaultName}.vault.azure.net/"},
        unique=("vaultName",),
        max_name=24,
        replaces=frozenset({"properties.tenantId"}),
    ),
    "azure-native:keyvault:Key": _row(
        "Microsoft.KeyVault/vaults/{vaultName}/keys/{keyName}",
        {
            "keyUri": "https://{vaultName}.vault.azure.net/keys/{keyName}",
            "keyUriWithVersion": "https://{vaultName}.vault.azure.net/keys/{keyName}/{hex32}",
        },
        replaces=frozenset({"properties"}),
    ),
    "azure-native:keyvault:Secret": _row(
        "Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}",
        {
            "properties.secretUri": "https://{vaultName}.vault.azure.net/secrets/{secretName}",
            "properties.secretUriWithVersion": "https://{vaultName}.vault.azure.net/secrets/{secretName}/{hex32}",
        },
    ),
    "azure-native:containerregistry:Registry": _row(
        "Microsoft.ContainerRegistry/registries/{registryName}",
        {"loginServer": "{registryName|lower}.azurecr.io", "status": {"displayStatus": "Ready"}, "creationDate": "{now}"},
        unique=("registryName",),
        max_name=50,
    ),
    "azure-native:managedidentity:UserAssignedIdentity": _row(
        "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
        {"clientId": "{uuid_client}", "principalId": "{uuid_principal}", "tenantId": "{tenant}"},
        max_name=128,
    ),
    "azure-native:managedidentity:FederatedIdentityCredential": _row(
        "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}"
    ),
    "azure-native:authorization:RoleAssignment": Row(
        id=_scope("Microsoft.Authorization/roleAssignments/{roleAssignmentName}"),
        outputs={"createdOn": "{now}", "createdBy": "{uuid_creator}"},
        name="roleAssignmentName#uuid",
        unique=("scope", "principalId", "roleDefinitionId"),
        replaces=frozenset({"scope", "principalId", "roleDefinitionId", "principalType", "condition"}),
    ),
    "azure-native:authorization:RoleDefinition": Row(
        id=_scope("Microsoft.Authorization/roleDefinitions/{roleDefinitionId}"), name="roleDefinitionId#uuid", replaces=frozenset({"scope"})
    ),
    "azure-native:authorization:ManagementLockByScope": Row(id=_scope("Microsoft.Authorization/locks/{lockName}")),
    "azure-native:authorization:PolicyAssignment": Row(id=_scope("Microsoft.Authorization/policyAssignments/{policyAssignmentName}")),
    "azure-native:consumption:Budget": Row(
        id=_scope("Microsoft.Consumption/budgets/{budgetName}"), outputs={"currentSpend": {"amount": 0, "unit": "USD"}}
    ),
    "azure-native:costmanagement:Budget": Row(id=_scope("Microsoft.CostManagement/budgets/{budgetName}")),
}

_MACHINE_LEARNING: dict[str, Row] = {
    "azure-native:machinelearningservices:Workspace": _row(
        _ML,
        {
            "workspaceId": "{uuid}",
            "mlFlowTrackingUri": "azureml://{location|region}.api.azureml.ms/mlflow/v1.0" + _GROUP + f"/providers/{_ML}",
            "serviceProvisionedResourceGroup": "azureml-rg-{workspaceName}_{uuid}",
            "tenantId": "{tenant}",
            "notebookInfo": {"fqdn": "ml-{workspaceName}-{location|region}-{uuid}.{location|region}.notebooks.azure.net", "resourceId": "{hex32}"},
        },
        max_name=33,
        replaces=frozenset({"storageAccount", "keyVault", "hbiWorkspace"}),
    ),
    "azure-native:machinelearningservices:OnlineEndpoint": _row(
        f"{_ML}/onlineEndpoints/{{endpointName}}",
        {
            "properties.scoringUri": "https://{endpointName}.{location|region}.inference.ml.azure.com/score",
            "properties.swaggerUri": "https://{endpointName}.{location|region}.inference.ml.azure.com/swagger.json",
            "properties.provisioningState": "Succeeded",
        },
        unique=("endpointName", "location"),
        max_name=32,
        replaces=frozenset({"properties.authMode", "properties.compute"}),
        updates=frozenset({"kind"}),
    ),
    "azure-native:machinelearningservices:OnlineDeployment": _row(
        f"{_ML}/onlineEndpoints/{{endpointName}}/deployments/{{deploymentName}}",
        {"properties.provisioningState": "Succeeded"},
        max_name=32,
        replaces=frozenset({"properties.endpointComputeType"}),
    ),
    "azure-native:machinelearningservices:BatchEndpoint": _row(
        f"{_ML}/batchEndpoints/{{endpointName}}",
        {
            "properties.scoringUri": "https://{endpointName}.{location|region}.inference.ml.azure.com/jobs",
            "properties.swaggerUri": "https://{endpointName}.{location|region}.inference.ml.azure.com/swagger.json",
            "properties.provisioningState": "Succeeded",
        },
        unique=("endpointName", "location"),
        max_name=32,
    ),
    "azure-native:machinelearningservices:BatchDeployment": _row(
        f"{_ML}/batchEndpoints/{{endpointName}}/deployments/{{deploymentName}}", {"properties.provisioningState": "Succeeded"}, max_name=32
    ),
    "azure-native:machinelearningservices:ModelContainer": _row(f"{_ML}/models/{{name}}", {"properties.provisioningState": "Succeeded"}),
    "azure-native:machinelearningservices:ModelVersion": _row(
        f"{_ML}/models/{{name}}/versions/{{version}}",
        {"properties.provisioningState": "Succeeded"},
        replaces=frozenset({"properties.modelUri", "properties.modelType"}),
    ),
    "azure-native:machinelearningservices:EnvironmentContainer": _row(f"{_ML}/environments/{{name}}", {"properties.provisioningState": "Succeeded"}),
    "azure-native:machinelearningservices:EnvironmentVersion": _row(
        f"{_ML}/environments/{{name}}/versions/{{version}}",
        {"properties.provisioningState": "Succeeded", "properties.environmentType": "UserCreated"},
        replaces=frozenset({"properties.image", "properties.condaFile", "properties.build"}),
    ),
    "azure-native:machinelearningservices:CodeContainer": _row(f"{_ML}/codes/{{name}}"),
    "azure-native:machinelearningservices:CodeVersion": _row(
        f"{_ML}/codes/{{name}}/versions/{{version}}", {"properties.provisioningState": "Succeeded"}, replaces=frozenset({"properties.codeUri"})
    ),
    "azure-native:machinelearningservices:DataContainer": _row(f"{_ML}/data/{{name}}"),
    "azure-native:machinelearningservices:DataVersion": _row(f"{_ML}/data/{{name}}/versions/{{version}}"),
    "azure-native:machinelearningservices:Datastore": _row(f"{_ML}/datastores/{{name}}"),
    "azure-native:machinelearningservices:Compute": _row(f"{_ML}/computes/{{computeName}}", {"properties.provisioningState": "Succeeded"}),
    "azure-native:machinelearningservices:Schedule": _row(f"{_ML}/schedules/{{name}}", {"properties.provisioningState": "Succeeded"}),
    "azure-native:machinelearningservices:WorkspaceConnection": _row(f"{_ML}/connections/{{connectionName}}"),
    "azure-native:machinelearningservices:ManagedNetworkSettingsRule": _row(f"{_ML}/outboundRules/{{ruleName}}"),
    "azure-native:machinelearningservices:Registry": _row(
        "Microsoft.MachineLearningServices/registries/{registryName}",
        {"discoveryUrl": "https://{location|region}.api.azureml.ms/registrymanagement/v1.0"},
    ),
}

_VNET = f"{_NET}/virtualNetworks/{{virtualNetworkName}}"
_ZONE = f"{_NET}/privateDnsZones/{{privateZoneName}}"

_NETWORK: dict[str, Row] = {
    "azure-native:network:VirtualNetwork": _row(_VNET, {"resourceGuid": "{uuid}"}, max_name=64),
    "azure-native:network:Subnet": _row(f"{_VNET}/subnets/{{subnetName}}", {"privateEndpointNetworkPolicies": "Disabled"}, max_name=80),
    "azure-native:network:NetworkSecurityGroup": _row(f"{_NET}/networkSecurityGroups/{{networkSecurityGroupName}}", {"resourceGuid": "{uuid}"}),
    "azure-native:network:SecurityRule": _row(f"{_NET}/networkSecurityGroups/{{networkSecurityGroupName}}/securityRules/{{securityRuleName}}"),
    "azure-native:network:PrivateEndpoint": _row(
        f"{_NET}/privateEndpoints/{{privateEndpointName}}",
        {
            "customDnsConfigs": [{"fqdn": "{privateEndpointName}.privatelink.azure.com", "ipAddresses": ["10.0.0.4"]}],
            "networkInterfaces": [{"id": _arm(f"{_NET}/networkInterfaces/{{privateEndpointName}}.nic.{{uuid}}")}],
        },
        max_name=64,
        replaces=frozenset({"subnet"}),
    ),
    "azure-native:network:PrivateDnsZoneGroup": _row(
        f"{_NET}/privateEndpoints/{{privateEndpointName}}/privateDnsZoneGroups/{{privateDnsZoneGroupName}}"
    ),
    "azure-native:privatedns:PrivateZone": _row(_ZONE, {"numberOfRecordSets": 1, "maxNumberOfRecordSets": 25000, "internalId": "{hex32}"}),
    "azure-native:privatedns:VirtualNetworkLink": _row(
        f"{_ZONE}/virtualNetworkLinks/{{virtualNetworkLinkName}}", {"virtualNetworkLinkState": "Completed"}, replaces=frozenset({"virtualNetwork"})
    ),
    "azure-native:privatedns:PrivateRecordSet": Row(
        id=_arm(f"{_ZONE}/{{recordType}}/{{relativeRecordSetName}}"), outputs={"fqdn": "{relativeRecordSetName}.{privateZoneName}."}
    ),
    "azure-native:network:FlowLog": _row(f"{_NET}/networkWatchers/{{networkWatcherName}}/flowLogs/{{flowLogName}}", {"targetResourceGuid": "{uuid}"}),
    "azure-native:network:PublicIPAddress": _row(
        f"{_NET}/publicIPAddresses/{{publicIpAddressName}}", {"ipAddress": "203.0.113.20", "resourceGuid": "{uuid}"}
    ),
    "azure-native:network:NatGateway": _row(f"{_NET}/natGateways/{{natGatewayName}}", {"resourceGuid": "{uuid}"}),
    "azure-native:network:RouteTable": _row(f"{_NET}/routeTables/{{routeTableName}}"),
}

_MONITOR: dict[str, Row] = {
    "azure-native:monitor:ActionGroup": _row("Microsoft.Insights/actionGroups/{actionGroupName}"),
    "azure-native:monitor:MetricAlert": _row("Microsoft.Insights/metricAlerts/{ruleName}", {"isMigrated": False, "lastUpdatedTime": "{now}"}),
    "azure-native:monitor:ScheduledQueryRule": _row("Microsoft.Insights/scheduledQueryRules/{ruleName}"),
    "azure-native:monitor:ActivityLogAlert": _row("Microsoft.Insights/activityLogAlerts/{activityLogAlertName}"),
    "azure-native:monitor:AutoscaleSetting": _row("Microsoft.Insights/autoscaleSettings/{autoscaleSettingName}"),
    "azure-native:monitor:DiagnosticSetting": Row(id="{resourceUri|path}/providers/Microsoft.Insights/diagnosticSettings/{name}", guarded=False),
    "azure-native:monitor:DataCollectionRuleAssociation": Row(
        id="{resourceUri|path}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{associationName}", guarded=False
    ),
    "azure-native:monitor:DataCollectionRule": _row(
        "Microsoft.Insights/dataCollectionRules/{dataCollectionRuleName}", {"immutableId": "dcr-{hex32}"}
    ),
    "azure-native:applicationinsights:Workbook": _row("Microsoft.Insights/workbooks/{resourceName}", name="resourceName#uuid"),
    "azure-native:applicationinsights:WebTest": _row("Microsoft.Insights/webtests/{webTestName}"),
    "azure-native:portal:Dashboard": _row("Microsoft.Portal/dashboards/{dashboardName}"),
}

_SQL: dict[str, Row] = {
    "azure-native:sql:Server": _row(
        "Microsoft.Sql/servers/{serverName}",
        {"fullyQualifiedDomainName": "{serverName}.database.windows.net", "state": "Ready", "version": "12.0"},
        unique=("serverName",),
        max_name=63,
        lower=True,
    ),
    "azure-native:sql:Database": _row(
        "Microsoft.Sql/servers/{serverName}/databases/{databaseName}",
        {"databaseId": "{uuid}", "status": "Online", "creationDate": "{now}", "defaultSecondaryLocation": "{location|region}"},
        replaces=frozenset({"collation", "createMode", "sourceDatabaseId"}),
    ),
    "azure-native:sql:FirewallRule": _row("Microsoft.Sql/servers/{serverName}/firewallRules/{firewallRuleName}"),
    "azure-native:sql:ServerAzureADAdministrator": _row("Microsoft.Sql/servers/{serverName}/administrators/{administratorName}"),
    "azure-native:sql:ServerAzureADOnlyAuthentication": _row("Microsoft.Sql/servers/{serverName}/azureADOnlyAuthentications/{authenticationName}"),
    "azure-native:sql:ServerBlobAuditingPolicy": _row("Microsoft.Sql/servers/{serverName}/auditingSettings/{blobAuditingPolicyName}"),
    "azure-native:sql:ExtendedServerBlobAuditingPolicy": _row("Microsoft.Sql/servers/{serverName}/extendedAuditingSettings/{blobAuditingPolicyName}"),
    "azure-native:sql:ServerSecurityAlertPolicy": _row("Microsoft.Sql/servers/{serverName}/securityAlertPolicies/{securityAlertPolicyName}"),
    "azure-native:sql:TransparentDataEncryption": _row(
        "Microsoft.Sql/servers/{serverName}/databases/{databaseName}/transparentDataEncryption/{tdeName}"
    ),
    "azure-native:sql:EncryptionProtector": _row("Microsoft.Sql/servers/{serverName}/encryptionProtector/{encryptionProtectorName}"),
    "azure-native:sql:ServerKey": _row("Microsoft.Sql/servers/{serverName}/keys/{keyName}"),
    "azure-native:sql:BackupShortTermRetentionPolicy": _row(
        "Microsoft.Sql/servers/{serverName}/databases/{databaseName}/backupShortTermRetentionPolicies/{policyName}"
    ),
    "azure-native:sql:LongTermRetentionPolicy": _row(
        "Microsoft.Sql/servers/{serverName}/databases/{databaseName}/backupLongTermRetentionPolicies/{policyName}"
    ),
}

ROWS: dict[str, Row] = {**_BASE, **_MACHINE_LEARNING, **_NETWORK, **_MONITOR, **_SQL, **WORKLOADS}
"""The rows by type token."""
