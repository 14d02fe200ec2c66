"""Rules of Terraform's Google provider that a preview refuses without a call: for each, what passes and what one change makes of it."""

from typing import Any

import pytest

from sandbox.models import check

Values = dict[str, Any]

CASES: list[tuple[str, Values, Values]] = [
    (
        "gcp:apigateway/apiConfig:ApiConfig",
        {"api": "a", "openapiDocuments": [{"document": {"path": "o.yaml", "contents": "e30="}}]},
        {"openapiDocuments": [{"document": {"path": "o.yaml", "contents": "swagger: not base64"}}]},
    ),
    (
        "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
        {"map": "m", "certificates": ["c"], "hostname": "a.example.com"},
        {"matcher": "PRIMARY"},
    ),
    (
        "gcp:certificatemanager/certificate:Certificate",
        {"managed": {"domains": ["a.example.com"]}},
        {"selfManaged": {"pemCertificate": "c", "pemPrivateKey": "k"}},
    ),
    (
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        {"region": "europe-west1", "networkEndpointType": "SERVERLESS", "cloudRun": {"service": "a"}},
        {"cloudFunction": {"function": "b"}},
    ),
    (
        "gcp:compute/route:Route",
        {"network": "n", "destRange": "10.0.0.0/8", "nextHopGateway": "default-internet-gateway"},
        {"nextHopIp": "10.1.2.3"},
    ),
    ("gcp:compute/route:Route", {"network": "n", "destRange": "10.0.0.0/8", "nextHopIp": "10.1.2.3"}, {"nextHopIp": None}),
    (
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
        {"urlMap": "u", "sslCertificates": ["a"]},
        {"certificateManagerCertificates": ["b"]},
    ),
    (
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        {"roleId": "caller_of.models", "title": "t", "permissions": ["run.routes.invoke"]},
        {"roleId": "caller-of-models"},
    ),
    ("gcp:projects/apiKey:ApiKey", {"name": "a-key"}, {"name": "A_Key"}),
    (
        "gcp:compute/securityPolicy:SecurityPolicy",
        {"rules": [{"action": "allow", "priority": 1, "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}}]},
        {"rules": [{"action": "allow", "priority": 1, "match": {"versionedExpr": "SRC_IPS_V1"}}]},
    ),
    (
        "gcp:cloudscheduler/job:Job",
        {"schedule": "* * * * *", "httpTarget": {"uri": "https://a.example.com", "httpMethod": "POST", "body": "e30="}},
        {"httpTarget": {"uri": "https://a.example.com", "httpMethod": "POST", "body": "{}"}},
    ),
    (
        "gcp:cloudrunv2/service:Service",
        {"location": "europe-west1", "template": {"containers": [{"image": "i"}]}, "binaryAuthorization": {"useDefault": True}},
        {"binaryAuthorization": {"useDefault": True, "policy": "projects/p/platforms/cloudRun/policies/x"}},
    ),
    ("gcp:container/cluster:Cluster", {"enableAutopilot": True}, {"enableIntranodeVisibility": True}),
    ("gcp:container/cluster:Cluster", {"enableAutopilot": True}, {"networkPolicy": {"enabled": True}}),
    (
        "gcp:container/cluster:Cluster",
        {"enableAutopilot": True, "clusterAutoscaling": {"autoProvisioningDefaults": {"serviceAccount": "s@p.iam.gserviceaccount.com"}}},
        {"clusterAutoscaling": {"enabled": True}},
    ),
]


@pytest.mark.parametrize(("token", "values", "change"), CASES, ids=[f"{token.partition(':')[2]}-{'-'.join(change)}" for token, _, change in CASES])
def test_one_change_is_refused(token: str, values: Values, change: Values) -> None:
    assert check(token, values) == []
    assert check(token, values | change) != []


@pytest.mark.parametrize("action", ["conformAction", "exceedAction"])
def test_a_rate_limits_actions_are_those_of_the_provider(action: str) -> None:
    limit = {"conformAction": "allow", "exceedAction": "deny(429)", "enforceOnKey": "IP", "rateLimitThreshold": {"count": 1, "intervalSec": 60}}

    def policy(options: Values) -> Values:
        match = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
        return {"rules": [{"action": "throttle", "priority": 1, "match": match, "rateLimitOptions": options}]}

    assert check("gcp:compute/securityPolicy:SecurityPolicy", policy(limit)) == []
    assert check("gcp:compute/securityPolicy:SecurityPolicy", policy(limit | {action: "deny(500)"})) != []
