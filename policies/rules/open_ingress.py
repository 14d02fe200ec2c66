"""Firewalls that let the whole internet in."""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies import frameworks
from policies.checks import ANY_ADDRESS, every, not_open, one_of
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family("open-ingress", "Open ingress", "A firewall open to the whole internet leaves every mistake behind it exposed.")

AZURE_ANY = ("*", "internet", "any", "0.0.0.0/0", "::/0", "0.0.0.0")
NARROW = "Name the address ranges or security groups of the callers."


def _allowed(resource: Resource, first: float | None, last: float | None) -> bool:
    """Whether every port of the range may be open, by the pack's settings."""
    if first is None:
        return False
    ports = range(int(first), int(first if last is None else last) + 1)
    return 0 < len(ports) <= len(resource.settings.open_ports) and all(port in resource.settings.open_ports for port in ports)


def _group(resource: Resource) -> Iterator[str]:
    def rule(view: View) -> Iterator[str]:
        for path in ("cidrBlocks", "ipv6CidrBlocks"):
            for problem in not_open(path)(view):
                if not _allowed(resource, view.number("fromPort"), view.number("toPort")):
                    yield f"{problem} for {_ports(view, 'protocol')}"

    yield from resource.each("ingress", rule)


def _group_rule(resource: Resource) -> Iterator[str]:
    if resource.text("type") == "egress":
        return
    for path in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"):
        for problem in not_open(path)(resource):
            if not _allowed(resource, resource.number("fromPort"), resource.number("toPort")):
                yield f"{problem} for {_ports(resource, 'ipProtocol' if path.startswith('cidrIp') else 'protocol')}"


def _ports(view: View, protocol: str) -> str:
    if view.text(protocol) in ("-1", "all") or view.number("fromPort") is None:
        return "all ports"
    first, last = short(view.number("fromPort")), short(view.number("toPort"))
    return f"port {first}" if first == last else f"ports {first} to {last}"


def _eks(resource: Resource) -> Iterator[str]:
    if resource.flag("vpcConfig.endpointPublicAccess") is not False:
        if not resource.given("vpcConfig.publicAccessCidrs"):
            yield "vpcConfig.publicAccessCidrs is not set, which is '0.0.0.0/0'"
        yield from not_open("vpcConfig.publicAccessCidrs")(resource)


def _security_rule(resource: Resource, view: View) -> Iterator[str]:
    if (view.text("direction") or "").lower() != "inbound" or (view.text("access") or "").lower() != "allow":
        return
    for path in ("sourceAddressPrefix", "sourceAddressPrefixes"):
        for value in view.texts(path):
            if value.lower() in AZURE_ANY and not _azure_ports_allowed(resource, view):
                yield f"{view.at(path)} is {short(value)} for destination port {', '.join(_azure_ports(view)) or '*'}"


def _azure_ports(view: View) -> list[str]:
    return view.texts("destinationPortRange") + view.texts("destinationPortRanges")


def _azure_ports_allowed(resource: Resource, view: View) -> bool:
    ranges = [each.partition("-") for each in _azure_ports(view)]
    return bool(ranges) and all(
        first.isdigit() and _allowed(resource, int(first), int(last) if last.isdigit() else None) for first, _, last in ranges
    )


def _network_security_group(resource: Resource) -> Iterator[str]:
    yield from resource.each("securityRules", lambda view: _security_rule(resource, view))


def _default_action(path: str, public: str) -> Callable[[Resource], Iterator[str]]:
    """The firewall of an Azure service denies by default, unless public networks have no access at all."""

    def check(resource: Resource) -> Iterator[str]:
        if (resource.text(public) or "").lower() not in ("disabled", "securedbyperimeter"):
            yield from one_of(path, "Deny")(resource)

    return check


def _sql_firewall(resource: Resource) -> Iterator[str]:
    first, last = resource.text("startIpAddress"), resource.text("endIpAddress")
    if first == "0.0.0.0" and last == "0.0.0.0":
        yield "startIpAddress and endIpAddress are '0.0.0.0', which lets in every Azure customer"
    elif first in ("0.0.0.0", "0.0.0.1") and (last or "").startswith("255."):
        yield f"startIpAddress {short(first)} to endIpAddress {short(last)} is the whole internet"


def _gcp_firewall(resource: Resource) -> Iterator[str]:
    if resource.text("direction") == "EGRESS" or resource.flag("disabled") is True or not resource.count("allows"):
        return
    for value in resource.texts("sourceRanges"):
        if value in ANY_ADDRESS:
            yield from resource.each("allows", lambda view, value=value: _gcp_allow(resource, view, value))


def _gcp_allow(resource: Resource, view: View, source: str) -> Iterator[str]:
    ports = view.texts("ports")
    ranges = [each.partition("-") for each in ports]
    if not ports or not all(_allowed(resource, int(first), int(last) if last else None) for first, _, last in ranges if first.isdigit()):
        yield f"sourceRanges holds {short(source)} and {view.at('ports')} is {short(', '.join(ports) or 'every port')}"


def _network_policy(resource: Resource) -> Iterator[str]:
    def rule(view: View) -> Iterator[str]:
        if not view.count("from"):
            yield f"{view.at('from')} is empty, which lets everything in"
        yield from view.each("from", lambda peer: not_open("ipBlock.cidr")(peer))

    yield from resource.each("spec.ingress", rule)


POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECURITY_GROUP_RULES = (
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)


def _namespaces(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for namespace in stack.of("kubernetes:core/v1:Namespace"):
        if not any(_denies_all(policy) for policy in stack.linked(namespace, POLICY)):
            yield namespace, "no NetworkPolicy in it selects all pods and denies ingress"


def _denies_all(policy: Resource) -> bool:
    selects_all = not policy.given("spec.podSelector.matchLabels") and not policy.given("spec.podSelector.matchExpressions")
    types = policy.texts("spec.policyTypes")
    return selects_all and not policy.count("spec.ingress") and (not types or "Ingress" in types)


def _unused(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for group in stack.of("aws:ec2/securityGroup:SecurityGroup"):
        if all(user.type in SECURITY_GROUP_RULES for user in stack.users(group)):
            yield group, "nothing in the stack uses the security group"


def _node_ssh(resource: Resource) -> Iterator[str]:
    if resource.given("remoteAccess.ec2SshKey") and not resource.given("remoteAccess.sourceSecurityGroupIds"):
        yield "remoteAccess.sourceSecurityGroupIds is not set"


def _gke_networks(resource: Resource) -> Iterator[str]:
    yield from every("masterAuthorizedNetworksConfig.cidrBlocks", not_open("cidrBlock"))(resource)
    dns_only = resource.flag("controlPlaneEndpointsConfig.ipEndpointsConfig.enabled") is False
    if not (resource.flag("privateClusterConfig.enablePrivateEndpoint") or dns_only or resource.given("masterAuthorizedNetworksConfig")):
        yield "masterAuthorizedNetworksConfig is not set"


def _gke_policy(resource: Resource) -> Iterator[str]:
    managed = resource.flag("enableAutopilot") or resource.text("datapathProvider") == "ADVANCED_DATAPATH"
    if not managed and resource.flag("networkPolicy.enabled") is not True:
        yield f"datapathProvider is {short(resource.text('datapathProvider'))} and networkPolicy.enabled is not true"


RULES = (
    Rule(
        id="aws-ec2-securitygroup-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
        check=_group,
        fix=NARROW,
        references=checkov("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277")
        + aws_config("VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", "INCOMING_SSH_DISABLED"),
    ),
    Rule(
        id="aws-ec2-securitygrouprule-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:ec2/securityGroupRule:SecurityGroupRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
        check=_group_rule,
        fix=NARROW,
        references=checkov("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277")
        + aws_config("VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", "INCOMING_SSH_DISABLED"),
    ),
    Rule(
        id="aws-eks-cluster-open-cidrs",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:eks/cluster:Cluster",),
        check=_eks,
        fix="Turn the public endpoint off, or name the ranges of your offices and runners.",
        references=checkov("CKV_AWS_38"),
    ),
    Rule(
        id="azure-network-securitygroup-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:network:NetworkSecurityGroup",),
        check=_network_security_group,
        fix="Name the address ranges or service tags of the callers.",
        references=checkov("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_77", "CKV_AZURE_160"),
    ),
    Rule(
        id="azure-network-securityrule-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:network:SecurityRule",),
        check=lambda resource: _security_rule(resource, resource),
        fix="Name the address ranges or service tags of the callers.",
        references=checkov("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_77", "CKV_AZURE_160"),
    ),
    Rule(
        id="azure-storage-account-open-network",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:storage:StorageAccount",),
        check=_default_action("networkRuleSet.defaultAction", "publicNetworkAccess"),
        fix="Set it to Deny and list the subnets that need the account, or set publicNetworkAccess to Disabled; not set means Allow.",
        references=checkov("CKV_AZURE_35") + azure_policy("34c877ad-507e-4c82-993e-3452a6e0ad3c", "Storage accounts should restrict network access"),
    ),
    Rule(
        id="azure-keyvault-vault-open-network",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:keyvault:Vault",),
        check=_default_action("properties.networkAcls.defaultAction", "properties.publicNetworkAccess"),
        fix="Set it to Deny, or publicNetworkAccess to Disabled; not set means Allow.",
        references=checkov("CKV_AZURE_109")
        + azure_policy("55615ac9-af46-4a59-874e-391cc3dfb490", "Azure Key Vault should have firewall enabled or public network access disabled"),
    ),
    Rule(
        id="azure-sql-firewallrule-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:sql:FirewallRule",),
        check=_sql_firewall,
        fix="Delete the rule and connect through a private endpoint.",
        references=checkov("CKV_AZURE_11", "CKV2_AZURE_34"),
    ),
    Rule(
        id="gcp-compute-firewall-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:compute/firewall:Firewall",),
        check=_gcp_firewall,
        fix="Name the address ranges, tags or service accounts of the callers.",
        references=checkov("CKV_GCP_2", "CKV_GCP_3", "CKV_GCP_106", "CKV2_GCP_12") + google_scc("OPEN_FIREWALL"),
    ),
    Rule(
        id="gcp-sql-instance-open-networks",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:sql/databaseInstance:DatabaseInstance",),
        check=every("settings.ipConfiguration.authorizedNetworks", not_open("value")),
        fix="Name the ranges that need the database, or better: use privateNetwork.",
        references=checkov("CKV_GCP_11") + google_scc("PUBLIC_SQL_INSTANCE"),
    ),
    Rule(
        id="gcp-container-cluster-open-networks",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:container/cluster:Cluster",),
        check=_gke_networks,
        fix="Name the ranges of your offices and runners.",
        references=checkov("CKV_GCP_18", "CKV_GCP_20") + google_scc("MASTER_AUTHORIZED_NETWORKS_DISABLED"),
    ),
    Rule(
        id="kubernetes-networking-networkpolicy-open",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:networking.k8s.io/v1:NetworkPolicy",),
        check=_network_policy,
        fix="Name the namespaces, pods or ranges of the callers.",
    ),
    Rule(
        id="kubernetes-core-service-open-ranges",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:core/v1:Service",),
        check=not_open("spec.loadBalancerSourceRanges"),
        fix="Name the ranges of the callers.",
    ),
    Rule(
        id="aws-eks-nodegroup-ssh",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:eks/nodeGroup:NodeGroup",),
        check=_node_ssh,
        why="With a key and no group, the nodes take SSH from the whole internet.",
        fix="Leave remoteAccess out and log in through Session Manager, or name sourceSecurityGroupIds.",
        references=checkov("CKV_AWS_100"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-containerservice-cluster-network-policy",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=one_of("networkProfile.networkPolicy", "azure", "calico", "cilium"),
        why="Without an engine for them, NetworkPolicies are accepted and do nothing.",
        fix="Write cilium, azure or calico; it can only be set when the cluster is made.",
        references=checkov("CKV_AZURE_7"),
    ),
    Rule(
        id="gcp-container-cluster-network-policy",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_gke_policy,
        why="Without an engine for them, NetworkPolicies are accepted and do nothing.",
        fix="Write datapathProvider ADVANCED_DATAPATH.",
        references=checkov("CKV_GCP_12") + google_scc("NETWORK_POLICY_DISABLED"),
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-ec2-securitygroup-unused",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:ec2/securityGroup:SecurityGroup",),
        check=_unused,
        why="A security group that nothing uses is attached by mistake later, with rules nobody remembers.",
        fix="Delete it, or attach it.",
        references=checkov("CKV2_AWS_5") + aws_config("EC2_SECURITY_GROUP_ATTACHED_TO_ENI"),
        controls=frameworks.UNUSED,
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    ),
    StackRule(
        id="kubernetes-core-namespace-no-default-deny",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("kubernetes:core/v1:Namespace",),
        check=_namespaces,
        why="Without a default-deny policy every pod of the cluster reaches the model.",
        fix="Add a NetworkPolicy with an empty podSelector and policyTypes ['Ingress'], then one for each caller.",
    ),
)
