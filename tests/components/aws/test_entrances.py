"""What stands in front of functions and containers: REST APIs, load balancers, firewalls, host names."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.balancer import BalancerSettings
from modeldeploy.aws.container import FargateServiceArgs
from modeldeploy.aws.gateway import GatewaySettings
from modeldeploy.aws.serverless import LambdaFunctionArgs
from modeldeploy.spec import ArgumentError, Authentication, Container, Domain, Exposure, Network, Operations, Tokens, WebAccess
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, model, statements
from tests.components.aws.web import (
    API,
    API_DOMAIN,
    API_POLICY,
    BALANCER,
    CALLER,
    CERTIFICATE,
    DEPLOYMENT,
    DOMAIN,
    EGRESS,
    FIREWALL,
    GIVEN,
    IN_ZONE,
    INGRESS,
    INTEGRATION,
    LISTENER,
    LOGS,
    METHOD,
    PLAN,
    RECORD,
    ROLE,
    RULE,
    STAGE,
    TOKENS,
    deploy_function,
    deploy_service,
    function_args,
    function_model,
    service_args,
)
from tests.support.mocks import Graph

PUBLIC, PRIVATE = Exposure.PUBLIC, Exposure.PRIVATE
KEYS, NONE, JWT = Authentication.API_KEY, Authentication.NONE, Authentication.JWT
INVOKE = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api-made/live/POST/invocations"
OPEN = BalancerSettings(public_subnet_ids=["subnet-p", "subnet-q"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A function with all defaults, which is behind a private REST API."""
    return deploy_function(function_args(tmp_path_factory.mktemp("plain")))


def function(folder: Path, access: WebAccess, **changes: Any) -> Graph:
    return deploy_function(function_args(folder, access=access, **changes))


def service(folder: Path, access: WebAccess, **changes: Any) -> Graph:
    return deploy_service(service_args(folder, access=access, **changes))


# --- a REST API


def test_an_api_is_private_asks_for_an_identity_and_takes_predictions_only(plain: Graph) -> None:
    assert plain.one(API).inputs["endpointConfiguration"] == {"types": "PRIVATE"}
    method = plain.one(METHOD).inputs
    assert (method["httpMethod"], method["authorization"], method["apiKeyRequired"]) == ("POST", "AWS_IAM", False)
    assert plain.one("aws:apigateway/resource:Resource").inputs["pathPart"] == "invocations"
    assert method["resourceId"] == "pricing-0-invocations-id"


def test_an_api_speaks_tls_1_2_or_newer_and_to_the_name_it_was_called_by(plain: Graph) -> None:
    inputs = plain.one(API).inputs
    assert (inputs["securityPolicy"], inputs["endpointAccessMode"]) == ("SecurityPolicy_TLS13_1_2_2021_06", "STRICT")


def test_a_private_api_answers_from_the_network_only(tmp_path: Path, plain: Graph) -> None:
    (outside,) = statements(plain.one(API_POLICY).inputs["policy"])
    assert (outside["Effect"], outside["Condition"]) == ("Deny", {"StringNotEquals": {"aws:SourceVpc": "vpc-made"}})
    assert plain.one(API_POLICY).urn in plain.one(DEPLOYMENT).depends_on
    callers, _ = statements(function(tmp_path, WebAccess(callers=[CALLER])).one(API_POLICY).inputs["policy"])
    assert (callers["Principal"], callers["Action"], callers["Resource"]) == ({"AWS": [CALLER]}, "execute-api:Invoke", INVOKE)


def test_a_public_api_needs_no_policy_until_somebody_is_listed(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(exposure=PUBLIC))
    assert graph.one(API).inputs["endpointConfiguration"] == {"types": "REGIONAL"}
    assert not graph.all(API_POLICY)
    (callers,) = statements(function(tmp_path, WebAccess(exposure=PUBLIC, callers=[CALLER])).one(API_POLICY).inputs["policy"])
    assert callers["Principal"] == {"AWS": [CALLER]}


def test_who_may_call_is_part_of_what_is_deployed(tmp_path: Path, plain: Graph) -> None:
    listed = function(tmp_path, WebAccess(callers=[CALLER]))
    assert listed.one(DEPLOYMENT).inputs["triggers"] != plain.one(DEPLOYMENT).inputs["triggers"]


def test_a_path_of_several_parts_is_a_chain_of_resources(tmp_path: Path) -> None:
    container = Container(image=IMAGE, predict_path="/v1/Predict")
    graph = function(tmp_path, WebAccess(), models=[function_model(tmp_path, container=container)])
    parts = {each.name: each.inputs for each in graph.all("aws:apigateway/resource:Resource")}
    assert (parts["pricing-0-v1"]["parentId"], parts["pricing-0-v1"]["pathPart"]) == ("root", "v1")
    assert (parts["pricing-1-predict"]["parentId"], parts["pricing-1-predict"]["pathPart"]) == ("pricing-0-v1-id", "Predict")
    assert graph.outputs["url"].endswith("/live/v1/Predict")


def test_requests_are_logged_without_their_bodies_and_traced(plain: Graph) -> None:
    stage = plain.one(STAGE).inputs
    assert stage["xrayTracingEnabled"] is True
    assert stage["accessLogSettings"]["destinationArn"] == "arn:logs:group-made"
    kept = json.loads(stage["accessLogSettings"]["format"])
    assert {"ip", "caller", "status", "latency", "tls"} <= set(kept)
    assert not any("body" in value.lower() for value in kept.values())
    settings = plain.one("aws:apigateway/methodSettings:MethodSettings").inputs["settings"]
    assert (settings["dataTraceEnabled"], settings["loggingLevel"], settings["metricsEnabled"]) == (False, "ERROR", True)
    fixed = {each.inputs["name"] for each in plain.all(LOGS) if "name" in each.inputs}
    assert fixed == {"API-Gateway-Execution-Logs_api-made/live", "API-Gateway-Execution-Logs_api-made/live/Canary"}
    assert {each.urn for each in plain.all(LOGS) if "name" in each.inputs} <= plain.one(STAGE).depends_on


def test_the_account_s_log_role_is_set_before_the_stage_unless_somebody_else_does(tmp_path: Path, plain: Graph) -> None:
    setting = plain.one("aws:apigateway/account:Account")
    assert setting.inputs["cloudwatchRoleArn"] == "arn:role:Writes the logs of API Gateway in this region"
    assert setting.urn in plain.one(STAGE).depends_on
    (trust,) = statements(plain.one(ROLE, "pricing-gateway").inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}
    without = function(tmp_path, WebAccess(), gateway=GatewaySettings(sets_log_role=False))
    assert not without.all("aws:apigateway/account:Account")
    assert "pricing-gateway" not in without.names(ROLE)


def test_a_key_lets_in_and_has_a_limit_of_its_own(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(authentication=KEYS, exposure=PUBLIC, requests_per_minute=120))
    method = graph.one(METHOD).inputs
    assert (method["authorization"], method["apiKeyRequired"]) == ("NONE", True)
    plan = graph.one(PLAN).inputs
    assert plan["throttleSettings"] == {"rateLimit": 2, "burstLimit": 120}
    assert plan["apiStages"] == [{"apiId": "api-made", "stage": "live"}]
    assert graph.one("aws:apigateway/usagePlanKey:UsagePlanKey").inputs["keyId"] == "pricing-key-id"
    assert graph.outputs["api_key"] == "key-value"
    # Addresses are not counted besides.
    assert graph.one(FIREWALL).inputs["rules"][0]["name"].startswith("AWSManaged")


def test_a_private_api_with_keys_has_no_limit_unless_one_is_given(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(authentication=KEYS))
    assert "throttleSettings" not in graph.one(PLAN).inputs
    assert not graph.all(FIREWALL)
    allow, _ = statements(graph.one(API_POLICY).inputs["policy"])
    assert (allow["Principal"], allow["Resource"]) == ("*", INVOKE)


def test_nobody_proves_anything_where_that_is_written(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(authentication=NONE))
    method = graph.one(METHOD).inputs
    assert (method["authorization"], method["apiKeyRequired"]) == ("NONE", False)
    assert not graph.all(PLAN)


def test_an_api_before_containers_goes_through_the_network_to_the_name_on_the_certificate(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(domain=DOMAIN), request_seconds=100)
    integration = graph.one(INTEGRATION).inputs
    assert (integration["type"], integration["connectionType"], integration["connectionId"]) == ("HTTP_PROXY", "VPC_LINK", "pricing-id")
    assert (integration["uri"], integration["integrationTarget"]) == ("https://pricing.example.com/invocations", "arn:balancer")
    assert (integration["responseTransferMode"], integration["timeoutMilliseconds"]) == ("STREAM", 100_000)
    link = graph.one("aws:apigatewayv2/vpcLink:VpcLink").inputs
    assert link["securityGroupIds"] == ["pricing-link-id"]
    (way,) = [each.inputs for each in graph.all(INGRESS) if each.inputs["securityGroupId"] == "pricing-balancer-id"]
    assert (way["referencedSecurityGroupId"], way["fromPort"], way["toPort"]) == ("pricing-link-id", 443, 443)
    # The stage that the API puts before the path is taken off.
    rule = graph.one(RULE, "pricing-shared").inputs
    assert rule["conditions"][0]["pathPattern"]["values"] == ["/invocations", "/live/invocations"]
    rewrite = rule["transforms"][0]["urlRewriteConfig"]["rewrite"]
    assert rewrite == {"regex": "^/live/(.*)$", "replace": "/$1"}


def test_an_api_before_functions_waits_for_the_whole_answer(plain: Graph) -> None:
    integration = plain.one(INTEGRATION).inputs
    assert (integration["type"], integration["connectionType"]) == ("AWS_PROXY", "INTERNET")
    assert (integration["responseTransferMode"], integration["timeoutMilliseconds"]) == ("BUFFERED", 29_000)


# --- a load balancer


def test_a_load_balancer_speaks_tls_only_and_answers_nothing_but_predictions(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(authentication=NONE, domain=DOMAIN))
    listener = graph.one(LISTENER).inputs
    assert (listener["port"], listener["protocol"], listener["sslPolicy"]) == (443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert listener["certificateArn"] == CERTIFICATE
    assert listener["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"
    conditions = graph.one(RULE, "pricing-shared").inputs["conditions"]
    assert conditions[1] == {"httpRequestMethod": {"values": ["POST"]}}
    balancer = graph.one(BALANCER).inputs
    assert (balancer["dropInvalidHeaderFields"], balancer["internal"], balancer["desyncMitigationMode"]) == (True, True, "defensive")
    assert balancer["accessLogs"] == {"bucket": "bucket-made", "enabled": True}
    assert not graph.all(API)


def test_its_logs_lie_in_a_private_bucket_that_only_load_balancers_of_the_account_write_to(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(domain=DOMAIN), operations=Operations(log_retention_days=365))
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = graph.one(kind, "pricing-access-logs").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    policy = graph.one("aws:s3/bucketPolicy:BucketPolicy", "pricing-access-logs")
    *denied, write = statements(policy.inputs["policy"])
    assert [each["Effect"] for each in denied] == ["Deny", "Deny"]
    assert write["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert write["Resource"] == f"arn:aws:s3:::bucket-made/AWSLogs/{ACCOUNT}/*"
    assert write["Condition"] == {"ArnLike": {"aws:SourceArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/*"}}
    assert policy.urn in graph.one(BALANCER).depends_on
    rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "pricing-access-logs").inputs["rules"]
    assert [each["expiration"]["days"] for each in rules if "expiration" in each] == [365]


def test_an_internal_load_balancer_lets_in_the_network_and_the_ranges_listed(tmp_path: Path) -> None:
    network = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"], callers=["10.99.0.0/16"])
    graph = service(tmp_path, WebAccess(authentication=NONE, domain=DOMAIN), network=network)
    ways = [each.inputs for each in graph.all(INGRESS) if each.inputs["securityGroupId"] == "pricing-balancer-id"]
    assert sorted(each["cidrIpv4"] for each in ways) == ["10.9.0.0/16", "10.99.0.0/16"]
    assert {(each["fromPort"], each["toPort"]) for each in ways} == {(443, 443)}
    assert not graph.all(FIREWALL)


def test_a_public_load_balancer_stands_in_public_subnets_and_what_answers_does_not(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(authentication=NONE, exposure=PUBLIC, domain=DOMAIN), network=GIVEN, balancer=OPEN)
    balancer = graph.one(BALANCER).inputs
    assert (balancer["internal"], balancer["subnets"]) == (False, ["subnet-p", "subnet-q"])
    assert graph.one("aws:ecs/service:Service").inputs["networkConfiguration"]["subnets"] == ["subnet-a", "subnet-b"]
    (way,) = [each.inputs for each in graph.all(INGRESS) if each.inputs["securityGroupId"] == "pricing-balancer-id"]
    assert way["cidrIpv4"] == "0.0.0.0/0"
    assert graph.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs["resourceArn"] == "arn:balancer"


def test_a_public_api_leaves_the_load_balancer_inside(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(exposure=PUBLIC, domain=DOMAIN))
    assert graph.one(BALANCER).inputs["internal"] is True
    assert graph.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs["resourceArn"] == "arn:stage"


def test_tokens_are_checked_before_a_request_goes_on(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(authentication=JWT, tokens=TOKENS, domain=DOMAIN), network=GIVEN)
    for rule in graph.all(RULE):
        check, forward = rule.inputs["actions"]
        assert (check["type"], check["order"], forward["type"], forward["order"]) == ("jwt-validation", 1, "forward", 2)
        assert check["jwtValidation"] == {
            "issuer": TOKENS.issuer,
            "jwksEndpoint": "https://login.example.com/tenant/.well-known/jwks.json",
            "additionalClaims": [{"name": "aud", "format": "single-string", "values": ["pricing"]}],
        }
    # The load balancer fetches the issuer's keys.
    assert [each.inputs["fromPort"] for each in graph.all(EGRESS) if each.inputs.get("cidrIpv4") == "0.0.0.0/0"] == [443]


def test_the_issuer_s_keys_may_be_elsewhere(tmp_path: Path) -> None:
    settings = BalancerSettings(keys_url="https://login.example.com/keys")
    graph = service(tmp_path, WebAccess(authentication=JWT, tokens=TOKENS, domain=DOMAIN), network=GIVEN, balancer=settings)
    check = graph.one(RULE, "pricing-shared").inputs["actions"][0]
    assert check["jwtValidation"]["jwksEndpoint"] == "https://login.example.com/keys"


# --- a firewall


def test_what_is_public_has_a_firewall_with_a_limit(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(exposure=PUBLIC))
    firewall = graph.one(FIREWALL).inputs
    assert firewall["scope"] == "REGIONAL"
    limit, *groups = firewall["rules"]
    assert limit["statement"]["rateBasedStatement"] == {"aggregateKeyType": "IP", "limit": 60, "evaluationWindowSec": 60}
    assert limit["action"]["block"]["customResponse"]["responseCode"] == 429
    names = [each["statement"]["managedRuleGroupStatement"]["name"] for each in groups]
    assert names == ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"]
    assert all(each["overrideAction"] == {"none": {}} for each in groups)
    assert len({each["priority"] for each in firewall["rules"]}) == 4
    # Many records in a request are more than the 8 KB that this rule allows.
    (counted,) = groups[2]["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"]
    assert (counted["name"], list(counted["actionToUse"])) == ("SizeRestrictions_BODY", ["count"])


def test_what_is_private_has_one_where_a_limit_is_given_only(tmp_path: Path, plain: Graph) -> None:
    assert not plain.all(FIREWALL)
    (limit,) = function(tmp_path, WebAccess(requests_per_minute=500)).one(FIREWALL).inputs["rules"]
    assert limit["statement"]["rateBasedStatement"]["limit"] == 500


def test_its_log_is_encrypted_kept_and_hides_what_callers_prove_themselves_with(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(exposure=PUBLIC))
    logs = graph.one(LOGS, "pricing-firewall").inputs
    assert logs["name"].startswith("aws-waf-logs-")
    assert (logs["retentionInDays"], logs["kmsKeyId"]) == (90, KEY)
    written = graph.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").inputs
    assert written["logDestinationConfigs"] == [f"arn:logs:{logs['name']}"]
    assert [each["singleHeader"]["name"] for each in written["redactedFields"]] == ["authorization", "x-api-key"]


# --- a host name


def test_a_public_api_answers_under_the_user_s_name_and_no_other(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(exposure=PUBLIC, domain=DOMAIN))
    assert graph.one(API).inputs["disableExecuteApiEndpoint"] is True
    domain = graph.one(API_DOMAIN).inputs
    assert (domain["domainName"], domain["regionalCertificateArn"]) == ("pricing.example.com", CERTIFICATE)
    assert (domain["securityPolicy"], domain["endpointConfiguration"]) == ("TLS_1_2", {"types": "REGIONAL"})
    mapping = graph.one("aws:apigateway/basePathMapping:BasePathMapping").inputs
    assert (mapping["restApi"], mapping["stageName"]) == ("api-made", "live")
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["dns_target"] == "d-1.execute-api.example"
    assert not graph.all(RECORD)


def test_a_private_api_answers_under_it_through_the_network_s_endpoint(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(domain=DOMAIN))
    domain = graph.one(API_DOMAIN).inputs
    assert (domain["certificateArn"], domain["endpointConfiguration"]) == (CERTIFICATE, {"types": "PRIVATE"})
    _, elsewhere = statements(domain["policy"])
    assert (elsewhere["Effect"], elsewhere["Condition"]) == ("Deny", {"StringNotEquals": {"aws:SourceVpce": "pricing-network-execute-api-id"}})
    access = graph.one("aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation").inputs
    assert (access["accessAssociationSource"], access["domainNameArn"]) == ("pricing-network-execute-api-id", "arn:domain")
    assert graph.one("aws:apigateway/basePathMapping:BasePathMapping").inputs["domainNameId"] == "domain-id"
    assert graph.outputs["dns_target"] == "pricing-network-execute-api-id.vpce.example"


def test_in_a_network_that_is_given_the_endpoint_is_named(tmp_path: Path) -> None:
    graph = function(tmp_path, WebAccess(domain=DOMAIN), network=GIVEN, gateway=GatewaySettings(endpoint_id="vpce-given"))
    assert graph.outputs["dns_target"] == "vpce-given.vpce.example"


def test_in_a_zone_certificate_and_record_are_made(tmp_path: Path) -> None:
    graph = service(tmp_path, WebAccess(authentication=NONE, domain=IN_ZONE))
    certificate = graph.one("aws:acm/certificate:Certificate").inputs
    assert (certificate["domainName"], certificate["validationMethod"]) == ("pricing.example.com", "DNS")
    proof = graph.one(RECORD, "pricing-certificate").inputs
    assert (proof["zoneId"], proof["name"], proof["records"]) == ("ZGIVEN", "_proof.pricing.example.com", ["proof.example"])
    validation = graph.one("aws:acm/certificateValidation:CertificateValidation")
    assert validation.inputs["validationRecordFqdns"] == ["_proof.pricing.example.com"]
    listener = graph.one(LISTENER)
    assert (listener.inputs["certificateArn"], validation.urn in listener.depends_on) == ("arn:certificate-made", True)
    record = graph.one(RECORD, "pricing-domain").inputs
    assert (record["name"], record["type"]) == ("pricing.example.com", "A")
    assert record["aliases"] == [{"name": "made.elb.example", "zoneId": "ZELB", "evaluateTargetHealth": False}]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"access": WebAccess()}, "access.domain: is required: the load balancer needs a certificate for TLS, also behind an API"),
        (
            {"access": WebAccess(domain=Domain(hostname="p.example.com"))},
            "access.domain.certificate: is required without access.domain.zone: Certificate Manager makes a certificate where it can prove",
        ),
        (
            {"access": WebAccess(domain=Domain(hostname="p.example.com", certificate="mine"))},
            "access.domain.certificate: 'mine' is not the ARN of a certificate in Certificate Manager",
        ),
        (
            {"access": WebAccess(domain=DOMAIN), "network": GIVEN},
            "gateway.endpoint_id: is required with network.id and access.domain: name the network's VPC endpoint for execute-api",
        ),
        (
            {"access": WebAccess(domain=DOMAIN), "gateway": GatewaySettings(endpoint_id="vpce-1")},
            "gateway.endpoint_id: has no effect without network.id, access.domain and a private API; leave it out",
        ),
        (
            {"access": WebAccess(authentication=NONE, domain=DOMAIN), "gateway": GatewaySettings(sets_log_role=False)},
            "gateway.sets_log_role: has no effect: no API is made; leave it out",
        ),
        (
            {
                "access": WebAccess(domain=DOMAIN),
                "network": Network(id="vpc-1", subnet_ids=["subnet-1"], callers=["10.9.0.0/16"]),
                "gateway": GatewaySettings(endpoint_id="vpce-1"),
            },
            "network.callers: excludes network.id",
        ),
        (
            {"access": WebAccess(authentication=JWT, tokens=TOKENS, domain=DOMAIN)},
            "network.id: is required with authentication jwt: the load balancer fetches the issuer's keys",
        ),
        (
            {"access": WebAccess(authentication=NONE, exposure=PUBLIC, domain=DOMAIN), "balancer": OPEN},
            "network.id: is required when the load balancer is public: the network that is made has no way in from the internet",
        ),
        (
            {"access": WebAccess(authentication=NONE, exposure=PUBLIC, domain=DOMAIN), "network": GIVEN},
            "balancer.public_subnet_ids: 0 is too few; a public load balancer needs subnets in two zones",
        ),
        (
            {"access": WebAccess(domain=DOMAIN), "balancer": OPEN},
            "balancer.public_subnet_ids: has no effect: no public load balancer is made; leave it out",
        ),
        (
            {"access": WebAccess(domain=DOMAIN), "balancer": BalancerSettings(keys_url="https://x")},
            "balancer.keys_url: has no effect: no load balancer checks tokens; leave it out",
        ),
        (
            {
                "access": WebAccess(authentication=JWT, tokens=TOKENS, domain=DOMAIN),
                "network": GIVEN,
                "balancer": BalancerSettings(keys_url="http://x"),
            },
            "balancer.keys_url: 'http://x' is no address of keys; it begins with https://",
        ),
        (
            {"access": WebAccess(authentication=JWT, tokens=Tokens(issuer="https://x", audiences=["a", "b"]), domain=DOMAIN), "network": GIVEN},
            "access.tokens.audiences: 2 are too many; a load balancer checks one, list one",
        ),
    ],
)
def test_entrances_of_containers_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(FargateServiceArgs, service_args(tmp_path, **changes), "FargateService 'pricing'")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"access": WebAccess(domain=DOMAIN), "network": GIVEN}, "gateway.endpoint_id: is required with network.id and access.domain"),
        ({"balancer": OPEN}, "balancer.public_subnet_ids: has no effect: no public load balancer is made; leave it out"),
        ({"network": Network(id="v", subnet_ids=["s"], callers=["10.9.0.0/16"])}, "network.callers: excludes network.id"),
    ],
)
def test_entrances_of_functions_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaFunctionArgs, function_args(tmp_path, **changes), "LambdaFunction 'pricing'")
    assert message in str(caught.value)


def test_a_path_that_only_a_load_balancer_takes_is_taken_there(tmp_path: Path) -> None:
    models = [model(tmp_path, container=Container(image=IMAGE, predict_path="/v1/models/pricing:predict"))]
    parse(FargateServiceArgs, service_args(tmp_path, models=models, access=WebAccess(authentication=NONE, domain=DOMAIN)), "x")
    with pytest.raises(ArgumentError, match="is no path for API Gateway"):
        parse(FargateServiceArgs, service_args(tmp_path, models=models), "x")
