"""Cloud Armor in front of a load balancer: the OWASP rules, and a limit of requests for each caller.

https://cloud.google.com/armor/docs/waf-rules
"""

import pulumi_gcp as gcp

from .scope import Scope

RULE_SETS = (
    "sqli-v33-stable",
    "xss-v33-stable",
    "lfi-v33-stable",
    "rfi-v33-stable",
    "rce-v33-stable",
    "scannerdetection-v33-stable",
    "protocolattack-v33-stable",
    "sessionfixation-v33-stable",
    "cve-canary",
)
"""Preconfigured rules, without those on methods and other languages than Python: predictions are sent by POST."""
SENSITIVITY = 1
"""The level with the fewest false alarms, of 4: predictions carry numbers and short texts."""
JSON_SQLI = "{'sensitivity': 0, 'opt_in_rule_ids': ['owasp-crs-id942550-sqli']}"
"""SQL in JSON: its one signature is named, as Google's guide does, so that it is looked for whatever its level is."""
TUNING = {**dict.fromkeys(RULE_SETS, f"{{'sensitivity': {SENSITIVITY}}}"), "json-sqli-canary": JSON_SQLI}
"""What is looked for: https://cloud.google.com/armor/docs/rule-tuning."""
FIRST, LIMIT, LAST = 1000, 2000, 2147483647
"""Priorities: rules are looked at in this order, and a request that the limit lets through is not looked at any further."""


def web_firewall(scope: Scope, requests_per_minute: int, header: str | None = None) -> gcp.compute.SecurityPolicy:
    """A policy that refuses known attacks with 403, and what one caller sends beyond the limit with 429. A caller is an address, or what `header`
    says; requests without that header share one limit."""
    attacks = [
        gcp.compute.SecurityPolicyRuleArgs(
            action="deny(403)",
            priority=FIRST + index,
            description=f"Known attacks: {rules}",
            match=gcp.compute.SecurityPolicyRuleMatchArgs(
                expr=gcp.compute.SecurityPolicyRuleMatchExprArgs(expression=f"evaluatePreconfiguredWaf('{rules}', {tuning})")
            ),
        )
        for index, (rules, tuning) in enumerate(TUNING.items())
    ]
    limit = gcp.compute.SecurityPolicyRuleArgs(
        action="throttle",
        priority=LIMIT,
        description="A limit for each caller",
        match=_everybody(),
        rate_limit_options=gcp.compute.SecurityPolicyRuleRateLimitOptionsArgs(
            conform_action="allow",
            exceed_action="deny(429)",
            enforce_on_key="IP" if header is None else "HTTP_HEADER",
            enforce_on_key_name=header,
            rate_limit_threshold=gcp.compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(count=requests_per_minute, interval_sec=60),
        ),
    )
    # Every policy has a last rule. The limit matches everybody, so nobody comes here.
    last = gcp.compute.SecurityPolicyRuleArgs(action="deny(403)", priority=LAST, description="Nothing else", match=_everybody())
    return gcp.compute.SecurityPolicy(
        f"{scope.name}-firewall",
        gcp.compute.SecurityPolicyArgs(
            type="CLOUD_ARMOR",
            description=f"What may reach {scope.name}",
            rules=[*attacks, limit, last],
            advanced_options_config=gcp.compute.SecurityPolicyAdvancedOptionsConfigArgs(json_parsing="STANDARD", log_level="NORMAL"),
            project=scope.project,
            labels=scope.labels,
        ),
        scope.after_apis(),
    )


def _everybody() -> gcp.compute.SecurityPolicyRuleMatchArgs:
    return gcp.compute.SecurityPolicyRuleMatchArgs(
        versioned_expr="SRC_IPS_V1", config=gcp.compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=["*"])
    )
