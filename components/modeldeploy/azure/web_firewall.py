"""What stands between the internet and a deployment: an application gateway with a web application firewall, in the deployment's network.

Chosen over Front Door, which reaches a private deployment by a connection that somebody must approve by hand
(https://learn.microsoft.com/azure/frontdoor/private-link), and over API Management, which has no firewall.
https://learn.microsoft.com/azure/web-application-firewall/ag/ag-overview
"""

from __future__ import annotations

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Domain

from .domain import address_record
from .group import Group
from .hosting import secret_grant
from .identity import identity
from .logs import diagnostics
from .private_link import Attachment
from .subnets import Subnet

ONLY = "default"
"""The name of each part of the gateway, of which it has one."""


def web_firewall(
    name: str,
    domain: Domain,
    vault_id: pulumi.Input[str],
    host: pulumi.Input[str],
    prefix: str,
    limit_per_minute: int,
    request_seconds: int,
    attachment: Attachment,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.network.PublicIPAddress:
    """A public address that answers HTTPS for `domain`, and passes what the firewall lets through to `host`, under the path `prefix`.

    One caller's requests beyond `limit_per_minute` are refused; a caller is an address.
    """
    address = native.network.PublicIPAddress(
        f"{name}-front",
        resource_group_name=group.name,
        public_ip_allocation_method=native.network.IPAllocationMethod.STATIC,
        sku=native.network.PublicIPAddressSkuArgs(
            name=native.network.PublicIPAddressSkuName.STANDARD, tier=native.network.PublicIPAddressSkuTier.REGIONAL
        ),
        zones=["1", "2", "3"] if group.is_production else None,
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    policy = _policy(name, limit_per_minute, group, parent)
    reader = identity(f"{name}-front", group, parent)
    access = secret_grant(f"{name}-front", domain.certificate or "", vault_id, reader, parent)
    gateway_name = f"{name}-front"
    itself = pulumi.Output.concat(group.id, "/providers/Microsoft.Network/applicationGateways/", gateway_name)

    def part(kind: str) -> native.network.SubResourceArgs:
        return native.network.SubResourceArgs(id=pulumi.Output.concat(itself, f"/{kind}/{ONLY}"))

    gateway = native.network.ApplicationGateway(
        f"{name}-front",
        resource_group_name=group.name,
        application_gateway_name=gateway_name,
        sku=native.network.ApplicationGatewaySkuArgs(name="WAF_v2", tier="WAF_v2"),
        autoscale_configuration=native.network.ApplicationGatewayAutoscaleConfigurationArgs(
            min_capacity=2 if group.is_production else 0, max_capacity=10 if group.is_production else 2
        ),
        zones=["1", "2", "3"] if group.is_production else None,
        enable_http2=True,
        identity=native.network.ManagedServiceIdentityArgs(
            type=native.network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[reader.id]
        ),
        firewall_policy=native.network.SubResourceArgs(id=policy.id),
        ssl_policy=native.network.ApplicationGatewaySslPolicyArgs(policy_type="Predefined", policy_name="AppGwSslPolicy20220101S"),
        ssl_certificates=[native.network.ApplicationGatewaySslCertificateArgs(name=ONLY, key_vault_secret_id=domain.certificate)],
        gateway_ip_configurations=[
            native.network.ApplicationGatewayIPConfigurationArgs(
                name=ONLY, subnet=native.network.SubResourceArgs(id=attachment.subnet(Subnet.GATEWAY))
            )
        ],
        frontend_ip_configurations=[
            native.network.ApplicationGatewayFrontendIPConfigurationArgs(name=ONLY, public_ip_address=native.network.SubResourceArgs(id=address.id))
        ],
        frontend_ports=[native.network.ApplicationGatewayFrontendPortArgs(name=ONLY, port=443)],
        http_listeners=[
            native.network.ApplicationGatewayHttpListenerArgs(
                name=ONLY,
                frontend_ip_configuration=part("frontendIPConfigurations"),
                frontend_port=part("frontendPorts"),
                protocol="Https",
                ssl_certificate=part("sslCertificates"),
                host_name=domain.hostname,
                require_server_name_indication=True,
            )
        ],
        backend_address_pools=[
            native.network.ApplicationGatewayBackendAddressPoolArgs(
                name=ONLY, backend_addresses=[native.network.ApplicationGatewayBackendAddressArgs(fqdn=host)]
            )
        ],
        probes=[
            native.network.ApplicationGatewayProbeArgs(
                name=ONLY,
                protocol="Https",
                path="/",
                pick_host_name_from_backend_http_settings=True,
                interval=30,
                timeout=30,
                unhealthy_threshold=3,
                # Whoever asks without a token is answered 401: it is there.
                match=native.network.ApplicationGatewayProbeHealthResponseMatchArgs(status_codes=["200-499"]),
            )
        ],
        backend_http_settings_collection=[
            native.network.ApplicationGatewayBackendHttpSettingsArgs(
                name=ONLY,
                protocol="Https",
                port=443,
                path=f"{prefix}/" if prefix else None,
                cookie_based_affinity="Disabled",
                pick_host_name_from_backend_address=True,
                request_timeout=request_seconds,
                probe=part("probes"),
            )
        ],
        request_routing_rules=[
            native.network.ApplicationGatewayRequestRoutingRuleArgs(
                name=ONLY,
                rule_type="Basic",
                priority=100,
                http_listener=part("httpListeners"),
                backend_address_pool=part("backendAddressPools"),
                backend_http_settings=part("backendHttpSettingsCollection"),
            )
        ],
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[access, *after]),
    )
    diagnostics(f"{name}-front", gateway.id, workspace, parent, groups=("allLogs",))
    if domain.zone is not None:
        address_record(f"{name}-front", domain, address.ip_address.apply(lambda found: found or ""), parent)
    return address


def _policy(name: str, limit_per_minute: int, group: Group, parent: pulumi.Resource) -> native.network.WebApplicationFirewallPolicy:
    """Blocks what Microsoft's rules find, known bots, and callers that ask too often."""
    everybody = native.network.MatchConditionArgs(
        match_variables=[native.network.MatchVariableArgs(variable_name="RemoteAddr")],
        operator="IPMatch",
        match_values=["255.255.255.255/32"],
        negation_conditon=True,
    )
    limit = native.network.WebApplicationFirewallCustomRuleArgs(
        name="RequestsPerMinute",
        priority=10,
        rule_type="RateLimitRule",
        rate_limit_duration="OneMin",
        rate_limit_threshold=limit_per_minute,
        group_by_user_session=[
            native.network.GroupByUserSessionArgs(group_by_variables=[native.network.GroupByVariableArgs(variable_name="ClientAddr")])
        ],
        match_conditions=[everybody],
        action="Block",
        state="Enabled",
    )
    return native.network.WebApplicationFirewallPolicy(
        f"{name}-front",
        resource_group_name=group.name,
        policy_settings=native.network.PolicySettingsArgs(
            state="Enabled", mode="Prevention", request_body_check=True, max_request_body_size_in_kb=2000, file_upload_limit_in_mb=100
        ),
        managed_rules=native.network.ManagedRulesDefinitionArgs(
            managed_rule_sets=[
                native.network.ManagedRuleSetArgs(rule_set_type="Microsoft_DefaultRuleSet", rule_set_version="2.1"),
                native.network.ManagedRuleSetArgs(rule_set_type="Microsoft_BotManagerRuleSet", rule_set_version="1.1"),
            ]
        ),
        custom_rules=[limit],
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
