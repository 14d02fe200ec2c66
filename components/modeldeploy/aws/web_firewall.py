"""The web application firewall in front of an API or a load balancer: https://docs.aws.amazon.com/waf/latest/developerguide/."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, Exposure, WebAccess
from modeldeploy.spec.operations import Operations

from .account import physical_name
from .instances import FIREWALL_MONTHLY_USD, FIREWALL_RULE_MONTHLY_USD
from .logs import log_group

GROUPS = ("AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet")
"""Managed rules that come with every firewall of a public service, in the order they are asked:
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html."""

COUNTED = {"AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"]}
"""Rules that count and do not block: a request with many records is longer than the 8 KB that this one allows."""

HIDDEN_HEADERS = ("authorization", "x-api-key")
"""What callers prove themselves with is kept out of the logs."""


def web_firewall(
    name: str,
    protected: pulumi.Input[str],
    public: bool,
    limit_per_minute: int | None,
    key: pulumi.Input[str],
    operations: Operations,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Asks the firewall about each request to `protected`, the ARN of an API's stage or of a load balancer.

    The managed rules are for public services. `limit_per_minute` is how many requests one address may send; what is more is refused with 429.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    rules = [*([_limit(limit_per_minute)] if limit_per_minute else []), *(_managed(group, place) for place, group in enumerate(GROUPS) if public)]
    firewall = aws.wafv2.WebAcl(
        f"{name}-firewall",
        description=f"Who may call {name}, and how often",
        scope="REGIONAL",
        default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
        rules=rules,
        visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name="firewall", sampled_requests_enabled=False
        ),
        tags=tags,
        opts=opts,
    )
    aws.wafv2.WebAclAssociation(f"{name}-firewall", resource_arn=protected, web_acl_arn=firewall.arn, opts=opts)
    # The firewall takes no group whose name begins otherwise.
    logs = log_group(f"{name}-firewall", operations, key, tags, parent, physical_name(f"aws-waf-logs-{name}", 512))
    hidden = aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs
    header = aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs
    aws.wafv2.WebAclLoggingConfiguration(
        f"{name}-firewall",
        resource_arn=firewall.arn,
        log_destination_configs=[logs.arn],
        redacted_fields=[hidden(single_header=header(name=each)) for each in HIDDEN_HEADERS],
        opts=opts,
    )


def firewall_cost(access: WebAccess) -> float:
    """US dollars a month of the firewall in front, if there is one."""
    public = access.exposure is Exposure.PUBLIC
    rules = (1 if address_limit(access) else 0) + (len(GROUPS) if public else 0)
    return FIREWALL_MONTHLY_USD + rules * FIREWALL_RULE_MONTHLY_USD if rules else 0


def address_limit(access: WebAccess) -> int | None:
    """Requests a minute that one address may send. A key has a limit of its own, which its usage plan holds."""
    return None if access.authentication is Authentication.API_KEY else access.limit_per_minute


def _limit(requests: int) -> aws.wafv2.WebAclRuleArgs:
    statement = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(aggregate_key_type="IP", limit=requests, evaluation_window_sec=60)
    refused = aws.wafv2.WebAclRuleActionBlockArgs(custom_response=aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(response_code=429))
    return aws.wafv2.WebAclRuleArgs(
        name="requests-per-minute",
        priority=0,
        action=aws.wafv2.WebAclRuleActionArgs(block=refused),
        statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=statement),
        visibility_config=_seen("requests-per-minute"),
    )


def _managed(group: str, place: int) -> aws.wafv2.WebAclRuleArgs:
    override = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs
    count = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    statement = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
        vendor_name="AWS",
        name=group,
        rule_action_overrides=[override(name=rule, action_to_use=count) for rule in COUNTED.get(group, [])],
    )
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=place + 1,
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=statement),
        visibility_config=_seen(group),
    )


def _seen(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False)
