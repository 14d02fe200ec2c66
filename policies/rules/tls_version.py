"""Traffic in plain text, or with TLS older than 1.2."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.checks import all_of, every, is_off, is_on, one_of
from policies.iam import statements
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family("tls-version", "TLS version", "Plain text and TLS before 1.2 let others on the way read or change requests and answers.")

LOAD_BALANCER_POLICY = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-")
"""Names of the security policies whose oldest protocol is TLS 1.2:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""
GATEWAY_POLICY = re.compile(r"TLS_1_2|SecurityPolicy_TLS13_.+")
CDN_POLICY = re.compile(r"TLSv1\.[23](_.+)?")


MSK = "encryptionInfo.encryptionInTransit"
GATEWAY_MODERN = ("AppGwSslPolicy20220101", "AppGwSslPolicy20220101S", "AppGwSslPolicy20170401S")
"""Predefined policies whose oldest protocol is TLS 1.2:
https://learn.microsoft.com/azure/application-gateway/application-gateway-ssl-policy-overview"""


def _listener(resource: Resource) -> Iterator[str]:
    protocol = resource.text("protocol")
    if protocol in (None, "HTTP"):
        redirects: list[bool] = []

        def action(view: View) -> Iterator[str]:
            redirects.append(view.text("type") == "redirect" and view.text("redirect.protocol") == "HTTPS")
            yield from ()

        list(resource.each("defaultActions", action))
        if not (redirects and all(redirects)):
            yield f"protocol is {short(protocol)} and defaultActions do not redirect to HTTPS"
    elif protocol in ("HTTPS", "TLS") and not LOAD_BALANCER_POLICY.match(resource.text("sslPolicy") or ""):
        yield f"sslPolicy is {short(resource.text('sslPolicy'))}"


def _gateway_domain(resource: Resource) -> Iterator[str]:
    if not GATEWAY_POLICY.fullmatch(resource.text("securityPolicy") or ""):
        yield f"securityPolicy is {short(resource.text('securityPolicy'))}"


def _cdn(resource: Resource) -> Iterator[str]:
    path = "viewerCertificate.minimumProtocolVersion"
    if not CDN_POLICY.fullmatch(resource.text(path) or ""):
        yield f"{path} is {short(resource.text(path))}"
    for behavior in ("defaultCacheBehavior", "orderedCacheBehaviors"):
        yield from resource.each(behavior, one_of("viewerProtocolPolicy", "https-only", "redirect-to-https"))


def _bucket_policy(resource: Resource) -> Iterator[str]:
    if not any(_denies_plain_text(statement) for statement in statements(resource, "policy", "Deny")):
        yield "policy has no statement that denies requests with aws:SecureTransport false"


def _denies_plain_text(statement: Mapping[str, Any]) -> bool:
    return View(statement).flag("Condition.Bool.aws:SecureTransport") is False


def _ingress(resource: Resource) -> Iterator[str]:
    if not resource.count("spec.tls"):
        yield "spec.tls is not set"


def _efs(resource: Resource) -> Iterator[str]:
    def volume(view: View) -> Iterator[str]:
        if view.given("efsVolumeConfiguration"):
            yield from one_of("efsVolumeConfiguration.transitEncryption", "ENABLED")(view)

    yield from resource.each("volumes", volume)


def _gateway_listeners(resource: Resource) -> Iterator[str]:
    if resource.count("redirectConfigurations"):
        return  # which listener is redirected to which is in the gateway's own ids
    yield from resource.each("httpListeners", one_of("protocol", "Https"))


def _gateway_policy(resource: Resource) -> Iterator[str]:
    policy = resource.part("sslPolicy")
    if policy.text("policyType") == "Predefined":
        yield from one_of("policyName", *GATEWAY_MODERN)(policy)
    else:
        yield from one_of("minProtocolVersion", "TLSv1_2", "TLSv1_3")(policy)


def _kafka_scaler(view: View) -> Iterator[str]:
    if view.text("custom.type") in ("kafka", "apache-kafka"):
        yield from one_of("custom.metadata.tls", "enable")(view)


def _https(path: str) -> Callable[[Resource], Iterator[str]]:
    def check(resource: Resource) -> Iterator[str]:
        if (resource.text(path) or "https:").startswith("http:"):
            yield f"{path} is {short(resource.text(path))}"

    return check


def _proxy(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for proxy in stack.of("gcp:compute/targetHttpProxy:TargetHttpProxy", "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy"):
        maps = stack.linked(proxy, "gcp:compute/uRLMap:URLMap", "gcp:compute/regionUrlMap:RegionUrlMap")
        if not any(each.flag("defaultUrlRedirect.httpsRedirect") for each in maps):
            yield proxy, "the proxy answers in plain text, and no URL map of it redirects to HTTPS"


RULES = (
    Rule(
        id="aws-lb-listener-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:lb/listener:Listener",),
        check=_listener,
        fix="Use HTTPS with sslPolicy 'ELBSecurityPolicy-TLS13-1-2-2021-06' or newer, and let HTTP redirect to it.",
        references=checkov("CKV_AWS_2", "CKV_AWS_103") + aws_config("ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK", "ELBV2_LISTENER_ENCRYPTION_IN_TRANSIT"),
    ),
    Rule(
        id="aws-apigateway-domainname-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:apigateway/domainName:DomainName",),
        check=_gateway_domain,
        sets=always({"securityPolicy": "TLS_1_2"}),
        fix="Write 'TLS_1_2'.",
        references=checkov("CKV_AWS_206"),
    ),
    Rule(
        id="aws-cloudfront-distribution-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:cloudfront/distribution:Distribution",),
        check=_cdn,
        fix="Write minimumProtocolVersion 'TLSv1.2_2021' with a certificate of your own, and viewerProtocolPolicy 'redirect-to-https'.",
        references=checkov("CKV_AWS_174", "CKV_AWS_34") + aws_config("CLOUDFRONT_VIEWER_POLICY_HTTPS"),
    ),
    Rule(
        id="aws-s3-bucketpolicy-tls",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:s3/bucketPolicy:BucketPolicy",),
        check=_bucket_policy,
        fix="Deny s3:* to everybody under the condition Bool aws:SecureTransport 'false'.",
        references=aws_config("S3_BUCKET_SSL_REQUESTS_ONLY"),
    ),
    Rule(
        id="azure-storage-account-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:storage:StorageAccount",),
        check=all_of(one_of("minimumTlsVersion", "TLS1_2", "TLS1_3"), is_on("enableHttpsTrafficOnly", default=True)),
        sets=always({"minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": True}),
        fix="Write minimumTlsVersion TLS1_2 and leave enableHttpsTrafficOnly on; not set means TLS 1.0.",
        references=checkov("CKV_AZURE_44", "CKV_AZURE_3")
        + azure_policy("fe83a0eb-a853-422d-aac2-1bffd182c5d0", "Storage accounts should have the specified minimum TLS version")
        + azure_policy("404c3081-a854-4457-ae30-26a93ef643f9", "Secure transfer to storage accounts should be enabled"),
    ),
    Rule(
        id="azure-sql-server-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:sql:Server",),
        check=one_of("minimalTlsVersion", "1.2", "1.3"),
        sets=always({"minimalTlsVersion": "1.2"}),
        fix="Write '1.2'.",
        references=checkov("CKV_AZURE_52")
        + azure_policy("32e6bbec-16b6-44c2-be37-c5b672d103cf", "Azure SQL Database should be running TLS version 1.2 or newer"),
    ),
    Rule(
        id="azure-web-app-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebApp",),
        check=all_of(is_on("httpsOnly"), one_of("siteConfig.minTlsVersion", "1.2", "1.3", default="1.2")),
        sets=always({"httpsOnly": True, "siteConfig.minTlsVersion": "1.2"}),
        fix="Set httpsOnly to true and siteConfig.minTlsVersion to '1.2'.",
        references=checkov("CKV_AZURE_14", "CKV_AZURE_15", "CKV_AZURE_70", "CKV_AZURE_145")
        + azure_policy("a4af4a39-4135-47fb-b175-47fbdf85311d", "App Service apps should only be accessible over HTTPS")
        + azure_policy("f0e6e85b-9b9f-4a4b-b67b-f730d42f1b0b", "App Service apps should use the latest TLS version"),
    ),
    Rule(
        id="azure-containerapps-app-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp",),
        check=is_off("configuration.ingress.allowInsecure"),
        sets=always({"configuration.ingress.allowInsecure": False}),
        fix="Set it to false.",
        references=azure_policy("0e80e269-43a4-4ae9-b5bc-178126b8a5cb", "Container Apps should only be accessible over HTTPS"),
    ),
    Rule(
        id="azure-redis-cache-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:redis:Redis",),
        check=all_of(is_off("enableNonSslPort"), one_of("minimumTlsVersion", "1.2")),
        sets=always({"enableNonSslPort": False, "minimumTlsVersion": "1.2"}),
        fix="Leave enableNonSslPort off and write minimumTlsVersion '1.2'.",
        references=checkov("CKV_AZURE_91", "CKV_AZURE_148")
        + azure_policy("22bee202-a82f-4305-9a2a-6d7f44d4dedb", "Only secure connections to your Azure Cache for Redis should be enabled"),
    ),
    Rule(
        id="azure-eventhub-namespace-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:eventhub:Namespace", "azure-native:servicebus:Namespace"),
        check=one_of("minimumTlsVersion", "1.2", default="1.2"),
        sets=always({"minimumTlsVersion": "1.2"}),
        fix="Write '1.2'.",
        references=checkov("CKV_AZURE_223", "CKV_AZURE_205"),
    ),
    Rule(
        id="gcp-compute-sslpolicy-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:compute/sSLPolicy:SSLPolicy",),
        check=all_of(one_of("minTlsVersion", "TLS_1_2", "TLS_1_3"), one_of("profile", "MODERN", "RESTRICTED", "FIPS_202205")),
        fix="Write minTlsVersion TLS_1_2 and profile MODERN or RESTRICTED; not set means TLS 1.0 and old ciphers.",
        references=checkov("CKV_GCP_4") + google_scc("WEAK_SSL_POLICY"),
    ),
    Rule(
        id="gcp-sql-instance-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:sql/databaseInstance:DatabaseInstance",),
        check=one_of("settings.ipConfiguration.sslMode", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"),
        fix="Write ENCRYPTED_ONLY; not set lets clients connect in plain text.",
        references=checkov("CKV_GCP_6") + google_scc("SSL_NOT_ENFORCED"),
    ),
    Rule(
        id="gcp-redis-instance-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:redis/instance:Instance",),
        check=one_of("transitEncryptionMode", "SERVER_AUTHENTICATION"),
        fix="Write SERVER_AUTHENTICATION.",
        references=checkov("CKV_GCP_97"),
    ),
    Rule(
        id="kubernetes-networking-ingress-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:networking.k8s.io/v1:Ingress",),
        check=_ingress,
        fix="Give spec.tls with the hosts and the secret of their certificate.",
        references=azure_policy("1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d", "Kubernetes clusters should be accessible only over HTTPS"),
    ),
    Rule(
        id="aws-msk-cluster-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:msk/cluster:Cluster",),
        check=all_of(one_of(f"{MSK}.clientBroker", "TLS", default="TLS"), is_on(f"{MSK}.inCluster", default=True)),
        fix="Write clientBroker TLS and leave inCluster on.",
        references=checkov("CKV_AWS_81") + aws_config("MSK_IN_CLUSTER_NODE_REQUIRE_TLS"),
    ),
    Rule(
        id="aws-elasticache-replicationgroup-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        check=is_on("transitEncryptionEnabled"),
        fix="Set it to true, with transitEncryptionMode required.",
        references=checkov("CKV_AWS_30", "CKV_AWS_31") + aws_config("ELASTICACHE_REPL_GRP_ENCRYPTED_IN_TRANSIT"),
    ),
    Rule(
        id="aws-ecs-taskdefinition-efs-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_efs,
        fix="Write ENABLED.",
        references=checkov("CKV_AWS_97") + aws_config("ECS_TASK_DEFINITION_EFS_ENCRYPTION_ENABLED"),
    ),
    Rule(
        id="aws-sagemaker-monitoring-traffic",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",),
        check=is_on("networkConfig.enableInterContainerTrafficEncryption"),
        fix="Set it to true.",
        references=checkov("CKV_AWS_369"),
    ),
    Rule(
        id="azure-network-applicationgateway-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:network:ApplicationGateway",),
        check=_gateway_listeners,
        fix="Listen with Https, and let a redirect configuration send Http there.",
        references=checkov("CKV_AZURE_217"),
    ),
    Rule(
        id="azure-network-applicationgateway-tls",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:network:ApplicationGateway",),
        check=_gateway_policy,
        fix="Write policyType Predefined with policyName AppGwSslPolicy20220101S, or Custom with minProtocolVersion TLSv1_2.",
        references=checkov("CKV_AZURE_218"),
    ),
    Rule(
        id="azure-web-app-ftp",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebApp",),
        check=one_of("siteConfig.ftpsState", "Disabled", "FtpsOnly"),
        sets=always({"siteConfig.ftpsState": "Disabled"}),
        fix="Write Disabled; not set takes FTP in plain text on older plans.",
        references=checkov("CKV_AZURE_78") + azure_policy("4d24b6d4-5e53-4a4f-a7f4-618fa573ee4b", "App Service apps should require FTPS only"),
    ),
    Rule(
        id="azure-containerapps-app-kafka-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp",),
        check=every("template.scale.rules", _kafka_scaler),
        why="The scaler logs in to the brokers: in plain text its password can be read on the way.",
        fix="Write tls 'enable' and sasl in the scaler's metadata.",
    ),
    Rule(
        id="gcp-cloudscheduler-job-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudscheduler/job:Job",),
        check=_https("httpTarget.uri"),
        fix="Call https.",
    ),
    Rule(
        id="gcp-pubsub-subscription-push-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_https("pushConfig.pushEndpoint"),
        fix="Push to https.",
    ),
)

STACK_RULES = (
    StackRule(
        id="gcp-compute-httpproxy-plaintext",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "gcp:compute/targetHttpProxy:TargetHttpProxy",
            "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy",
        ),
        check=_proxy,
        fix="Use a TargetHttpsProxy; for the old address, a URL map with defaultUrlRedirect.httpsRedirect true.",
        references=google_scc("HTTP_LOAD_BALANCER"),
        unknown=Unknown.SET,
    ),
)
