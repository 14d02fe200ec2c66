"""What Terraform, ARM templates and Kubernetes call the types of resources that Pulumi has."""

import re

OTHERWISE = {
    "aws:apigateway/domainName:DomainName": ("aws_api_gateway_domain_name",),
    "aws:apigateway/method:Method": ("aws_api_gateway_method",),
    "aws:apigateway/methodSettings:MethodSettings": ("aws_api_gateway_method_settings",),
    "aws:apigateway/stage:Stage": ("aws_api_gateway_stage",),
    "aws:apigatewayv2/stage:Stage": ("aws_apigatewayv2_stage", "AWS::ApiGatewayV2::Stage"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("aws_default_security_group",),
    "aws:ec2/flowLog:FlowLog": ("aws_flow_log",),
    "aws:ec2/instance:Instance": ("aws_instance",),
    "aws:ec2/launchTemplate:LaunchTemplate": ("aws_launch_template",),
    "aws:ec2/securityGroup:SecurityGroup": ("aws_security_group",),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("aws_security_group_rule",),
    "aws:ec2/vpc:Vpc": ("aws_vpc",),
    "aws:kms/keyPolicy:KeyPolicy": ("aws_kms_key",),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("aws_kinesis_firehose_delivery_stream",),
    "aws:lb/loadBalancer:LoadBalancer": ("aws_lb",),
    "aws:rds/instance:Instance": ("aws_db_instance",),
    "azure-native:frontdoor:FrontDoor": ("azurerm_frontdoor", "Microsoft.Network/frontDoors"),
    "azure-native:frontdoor:Policy": ("azurerm_frontdoor_firewall_policy", "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"),
    "azure-native:cognitiveservices:Account": ("azurerm_cognitive_account",),
    "azure-native:containerinstance:ContainerGroup": ("azurerm_container_group",),
    "azure-native:containerregistry:Registry": ("azurerm_container_registry",),
    "azure-native:containerservice:AgentPool": ("azurerm_kubernetes_cluster_node_pool",),
    "azure-native:containerservice:ManagedCluster": ("azurerm_kubernetes_cluster",),
    "azure-native:cosmosdb:DatabaseAccount": ("azurerm_cosmosdb_account",),
    "azure-native:batch:BatchAccount": ("azurerm_batch_account",),
    "azure-native:eventhub:Namespace": ("azurerm_eventhub_namespace",),
    "azure-native:machinelearningservices:Compute": ("azurerm_machine_learning_compute_cluster",),
    "azure-native:machinelearningservices:Workspace": ("azurerm_machine_learning_workspace",),
    "azure-native:network:ApplicationGateway": ("azurerm_application_gateway",),
    "azure-native:network:FlowLog": ("azurerm_network_watcher_flow_log",),
    "azure-native:network:NetworkSecurityGroup": ("azurerm_network_security_group",),
    "azure-native:network:SecurityRule": ("azurerm_network_security_rule",),
    "azure-native:network:WebApplicationFirewallPolicy": ("azurerm_web_application_firewall_policy",),
    "azure-native:redis:Redis": ("azurerm_redis_cache",),
    "azure-native:servicebus:Namespace": ("azurerm_servicebus_namespace",),
    "azure-native:sql:Database": ("azurerm_mssql_database",),
    "azure-native:sql:ExtendedServerBlobAuditingPolicy": ("azurerm_mssql_server_extended_auditing_policy",),
    "azure-native:sql:FirewallRule": ("azurerm_mssql_firewall_rule",),
    "azure-native:storage:BlobContainer": ("azurerm_storage_container",),
    "azure-native:storage:BlobServiceProperties": ("azurerm_storage_account",),  # its block blob_properties
    "azure-native:storage:StorageAccount": ("azurerm_storage_account",),
    "azure-native:web:AppServicePlan": ("azurerm_service_plan",),
    "azure-native:web:WebApp": ("azurerm_linux_web_app", "azurerm_linux_function_app", "Microsoft.Web/sites"),
    "azure-native:web:WebAppAuthSettingsV2": ("azurerm_linux_web_app", "azurerm_function_app"),  # their block auth_settings_v2
    "gcp:serviceaccount/key:Key": ("google_service_account_key",),
}
"""Where the name does not follow from Pulumi's."""

GOOGLE = {
    "artifactregistry": "artifact_registry",
    "cloudfunctionsv2": "cloudfunctions2",
    "cloudrun": "cloud_run_service",
    "cloudrunv2": "cloud_run_v2",
    "folder": "folder",
    "organizations": "organization",
    "projects": "project",
    "secretmanager": "secret_manager",
    "serviceaccount": "service_account",
}
"""What Terraform calls the services of Google Cloud, where it is another name."""


def names(token: str) -> set[str]:
    """The names of a type elsewhere, in lower case."""
    package, module, name = token.split(":")
    service = module.partition("/")[0]
    found = {
        "aws": {f"aws_{service}_{_words(name)}"},
        "azure-native": {f"Microsoft.{service}/{name}s"},
        "gcp": {f"google_{GOOGLE.get(service, service)}_{_words(name)}"},
        "kubernetes": {name},
    }[package]
    return {each.lower() for each in (*found, *OTHERWISE.get(token, ()))}


def _words(name: str) -> str:
    plain = name.replace("IAM", "Iam").replace("SSL", "Ssl")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
