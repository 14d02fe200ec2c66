"""Public APIs that take every request, and as many as somebody sends."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import all_of, every, is_given, one_of
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov
from policies.view import View, short

FAMILY = Family(
    "web-firewall",
    "Web firewalls and rate limits",
    "A public API without a web application firewall takes every attack, and without a rate limit every flood of requests.",
)

RATE = "Without a rate limit one caller's flood of requests costs as much as all others together, or shuts them out."
WEB_ACL = "aws:wafv2/webAclAssociation:WebAclAssociation"
EXTERNAL = ("EXTERNAL", "EXTERNAL_MANAGED")
AZURE_POLICIES = ("azure-native:network:WebApplicationFirewallPolicy", "azure-native:frontdoor:Policy")


def _any(resource: View, path: str, holds: Callable[[View], bool]) -> bool:
    """Whether one object of a list is so."""
    found: list[bool] = []

    def element(view: View) -> Iterator[str]:
        found.append(holds(view))
        yield from ()

    list(resource.each(path, element))
    return any(found)


def _web_acl(resource: Resource) -> Iterator[str]:
    limited = _any(resource, "rules", lambda rule: rule.given("statement.rateBasedStatement"))
    if not limited and "RateBasedStatement" not in (resource.text("ruleJson") or ""):
        yield "no rule has a rateBasedStatement"


def _application_gateway(resource: Resource) -> Iterator[str]:
    if not resource.given("firewallPolicy.id") and resource.flag("webApplicationFirewallConfiguration.enabled") is not True:
        yield "firewallPolicy is not set"


def _azure_rate(resource: Resource) -> Iterator[str]:
    path = "customRules.rules" if resource.type.startswith("azure-native:frontdoor:") else "customRules"
    if not _any(resource, path, lambda rule: rule.text("ruleType") == "RateLimitRule"):
        yield f"{path} has no RateLimitRule"


def _front_door(resource: Resource) -> Iterator[str]:
    yield from every("frontendEndpoints", is_given("webApplicationFirewallPolicyLink.id"))(resource)


def _backend(resource: Resource) -> Iterator[str]:
    default = "EXTERNAL" if resource.type.endswith(":BackendService") else "INTERNAL"
    scheme = resource.text("loadBalancingScheme") or default
    if scheme in EXTERNAL and not resource.given("securityPolicy"):
        yield f"securityPolicy is not set and loadBalancingScheme is {short(scheme)}"


def _load_balancer(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for balancer in stack.of("aws:lb/loadBalancer:LoadBalancer"):
        application = (balancer.text("loadBalancerType") or "application") == "application"
        if application and balancer.flag("internal") is not True and not stack.linked(balancer, WEB_ACL):
            yield balancer, "the load balancer is public and no WebAclAssociation refers to it"


def _public_stages(stack: Stack) -> Iterator[Resource]:
    for stage in stack.of("aws:apigateway/stage:Stage"):
        apis = stack.linked(stage, "aws:apigateway/restApi:RestApi")
        if not (apis and all("PRIVATE" in api.texts("endpointConfiguration.types") for api in apis)):
            yield stage


def _stage(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for stage in _public_stages(stack):
        if not stack.linked(stage, WEB_ACL):
            yield stage, "the API is public and no WebAclAssociation refers to the stage"


def _throttle(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for stage in _public_stages(stack):
        limits = stack.linked(stage, "aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/usagePlan:UsagePlan")
        limited = any(each.given("settings.throttlingRateLimit") or each.given("throttleSettings") for each in limits)
        if not limited and not stack.linked(stage, WEB_ACL):  # a rule on web ACLs asks for their rate limit
            yield stage, "the API is public and no MethodSettings, UsagePlan or web ACL limits the requests to the stage"


def _profile(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for profile in stack.of("azure-native:cdn:Profile"):
        if (profile.text("sku.name") or "").endswith("AzureFrontDoor") and not stack.linked(profile, "azure-native:cdn:SecurityPolicy"):
            yield profile, "no SecurityPolicy refers to the profile"


def _armor(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for policy in stack.of("gcp:compute/securityPolicy:SecurityPolicy"):
        rules = stack.linked(policy, "gcp:compute/securityPolicyRule:SecurityPolicyRule")
        if not _any(policy, "rules", _limits) and not any(_limits(rule) for rule in rules):
            yield policy, "no rule of the policy has the action throttle or rate_based_ban"


def _limits(rule: View) -> bool:
    return rule.text("action") in ("throttle", "rate_based_ban")


RULES = (
    Rule(
        id="aws-cloudfront-distribution-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:cloudfront/distribution:Distribution",),
        check=is_given("webAclId"),
        fix="Give the ARN of a wafv2 web ACL with scope CLOUDFRONT.",
        references=checkov("CKV_AWS_68") + aws_config("CLOUDFRONT_ASSOCIATED_WITH_WAF"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-apigatewayv2-stage-no-throttle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:apigatewayv2/stage:Stage",),
        check=is_given("defaultRouteSettings.throttlingRateLimit"),
        why=RATE,
        fix="Give throttlingRateLimit and throttlingBurstLimit in defaultRouteSettings.",
        controls=frameworks.LIMITS,
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-wafv2-webacl-no-rate-limit",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:wafv2/webAcl:WebAcl",),
        check=_web_acl,
        why=RATE,
        fix="Add a rule with a rateBasedStatement and action block.",
        controls=frameworks.LIMITS,
    ),
    Rule(
        id="azure-network-applicationgateway-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:network:ApplicationGateway",),
        check=_application_gateway,
        fix="Use sku WAF_v2 and give the id of a WebApplicationFirewallPolicy.",
        references=checkov("CKV_AZURE_120")
        + azure_policy("564feb30-bf6a-4854-b4bb-0d2d2d1e6c66", "Web Application Firewall (WAF) should be enabled for Application Gateway"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-network-wafpolicy-detection",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:network:WebApplicationFirewallPolicy",),
        check=all_of(one_of("policySettings.mode", "Prevention"), one_of("policySettings.state", "Enabled", default="Enabled")),
        why="A web application firewall that only detects lets the attack in and writes it down.",
        sets=always({"policySettings.mode": "Prevention", "policySettings.state": "Enabled"}),
        fix="Write mode Prevention and state Enabled.",
        references=checkov("CKV_AZURE_122")
        + azure_policy(
            "12430be1-6cc8-4527-a9a8-e3d38f250096", "Web Application Firewall (WAF) should use the specified mode for Application Gateway"
        ),
    ),
    Rule(
        id="azure-frontdoor-wafpolicy-detection",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:frontdoor:Policy",),
        check=all_of(one_of("policySettings.mode", "Prevention"), one_of("policySettings.enabledState", "Enabled", default="Enabled")),
        why="A web application firewall that only detects lets the attack in and writes it down.",
        sets=always({"policySettings.mode": "Prevention", "policySettings.enabledState": "Enabled"}),
        fix="Write mode Prevention and enabledState Enabled.",
        references=checkov("CKV_AZURE_123")
        + azure_policy(
            "425bea59-a659-4cbb-8d31-34499bd030b8", "Web Application Firewall (WAF) should use the specified mode for Azure Front Door Service"
        ),
    ),
    Rule(
        id="azure-network-wafpolicy-no-rate-limit",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=AZURE_POLICIES,
        check=_azure_rate,
        why=RATE,
        fix="Add one with the requests that one caller may send in a minute, and action Block.",
        controls=frameworks.LIMITS,
    ),
    Rule(
        id="azure-frontdoor-frontdoor-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:frontdoor:FrontDoor",),
        check=_front_door,
        fix="Give the id of a Front Door firewall policy.",
        references=checkov("CKV_AZURE_121")
        + azure_policy("055aa869-bc98-4af8-bafc-23f1ab6ffe2c", "Azure Web Application Firewall should be enabled for Azure Front Door entry-points"),
    ),
    Rule(
        id="gcp-compute-backendservice-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:compute/backendService:BackendService", "gcp:compute/regionBackendService:RegionBackendService"),
        check=_backend,
        fix="Give the Cloud Armor security policy of the API.",
        unknown=Unknown.SET,
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-lb-loadbalancer-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:lb/loadBalancer:LoadBalancer",),
        check=_load_balancer,
        fix="Add a wafv2 WebAclAssociation with a rate limit and AWS managed rules.",
        references=checkov("CKV2_AWS_28") + aws_config("ALB_WAF_ENABLED"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="aws-apigateway-stage-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:apigateway/stage:Stage",),
        check=_stage,
        fix="Add a wafv2 WebAclAssociation with a rate limit and AWS managed rules.",
        references=checkov("CKV2_AWS_29") + aws_config("API_GW_ASSOCIATED_WITH_WAF"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="aws-apigateway-stage-no-throttle",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:apigateway/stage:Stage",),
        check=_throttle,
        why=RATE,
        fix="Add MethodSettings for */* with throttlingRateLimit, or a UsagePlan with throttleSettings.",
        controls=frameworks.LIMITS,
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-cdn-profile-no-waf",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:cdn:Profile",),
        check=_profile,
        fix="Add one with a firewall policy for the profile's domains.",
        references=azure_policy(
            "055aa869-bc98-4af8-bafc-23f1ab6ffe2c", "Azure Web Application Firewall should be enabled for Azure Front Door entry-points"
        ),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="gcp-compute-securitypolicy-no-rate-limit",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:compute/securityPolicy:SecurityPolicy",),
        check=_armor,
        why=RATE,
        fix="Add a rule with action throttle and rateLimitOptions.",
        controls=frameworks.LIMITS,
    ),
)
