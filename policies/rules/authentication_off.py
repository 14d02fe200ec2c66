"""Services that answer without asking who calls, or that still take a shared password."""

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import all_of, is_given, is_off, is_on, not_anyone, one_of
from policies.remedy import always
from policies.rule import Family, Reference, Resource, Rule, Stack, StackRule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "authentication-off",
    "Authentication off",
    "Without a login by identity nobody knows who called the model, and a shared key that leaks opens it to everybody until it is changed.",
)

ENTRA = "let callers log in with Entra ID"
UNKNOWN_CALLERS = ("system:anonymous", "system:unauthenticated")


KAFKA_LOGINS = ("BASIC_AUTH", "SASL_SCRAM_256_AUTH", "SASL_SCRAM_512_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH")


def _method(resource: Resource) -> Iterator[str]:
    if resource.text("httpMethod") == "OPTIONS":  # browsers ask without credentials which calls are allowed
        return
    if (resource.text("authorization") or "NONE").upper() == "NONE":
        yield f"authorization is {short(resource.text('authorization'))}"


def _route(resource: Resource) -> Iterator[str]:
    if (resource.text("routeKey") or "").startswith(("OPTIONS ", "$disconnect")):
        return
    if (resource.text("authorizationType") or "NONE").upper() == "NONE":
        yield f"authorizationType is {short(resource.text('authorizationType'))}"


def _rds(resource: Resource) -> Iterator[str]:
    if (resource.text("engine") or "mysql").startswith(("aurora", "mariadb", "mysql", "postgres")):  # the others have no such login
        yield from is_on("iamDatabaseAuthenticationEnabled")(resource)


def _local_auth(
    name: str,
    token: str,
    path: str,
    *,
    off: bool,
    references: tuple[Reference, ...] = (),
    fix: str = "",
    level: EnforcementLevel = EnforcementLevel.MANDATORY,
) -> Rule:
    """The rule for an Azure service that has a switch for keys and passwords."""
    return Rule(
        id=f"azure-{name}-local-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        level=level,
        types=(f"azure-native:{token}",),
        check=is_off(path, default=True) if off else is_on(path),
        fix=fix or f"Set it to {'false' if off else 'true'} and {ENTRA}.",
        references=references,
    )


def _bindings(resource: Resource) -> Iterator[str]:
    def subject(view: View) -> Iterator[str]:
        if view.text("name") in UNKNOWN_CALLERS:
            yield f"{view.at('name')} is {short(view.text('name'))}"

    yield from resource.each("subjects", subject)


def _web_auth(resource: Resource) -> Iterator[str]:
    yield from is_on("platform.enabled")(resource)
    yield from one_of("globalValidation.unauthenticatedClientAction", "RedirectToLoginPage", "Return401", "Return403")(resource)


def _msk(resource: Resource) -> Iterator[str]:
    yield from is_off("clientAuthentication.unauthenticated")(resource)
    logins = ("sasl.iam", "sasl.scram", "tls")
    if not any(resource.given(f"clientAuthentication.{each}") for each in logins):
        yield "clientAuthentication names no login"


def _kafka_source(resource: Resource) -> Iterator[str]:
    logins: list[str | None] = []

    def login(view: View) -> Iterator[str]:
        logins.append(view.text("type"))
        yield from ()

    list(resource.each("sourceAccessConfigurations", login))
    if resource.count("selfManagedEventSource") and not any(each in KAFKA_LOGINS for each in logins):
        yield "sourceAccessConfigurations names no login"


def _redis_login(resource: Resource) -> Iterator[str]:
    if not any(resource.given(path) for path in ("authToken", "authTokenWo", "userGroupIds")):
        yield "userGroupIds is not set"


def _batch_login(resource: Resource) -> Iterator[str]:
    modes = resource.texts("allowedAuthenticationModes")
    if not modes or "SharedKey" in modes:
        yield f"allowedAuthenticationModes is {short(', '.join(modes) or None)}"


def _scheduler_token(resource: Resource) -> Iterator[str]:
    tokens = ("oidcToken.serviceAccountEmail", "oauthToken.serviceAccountEmail")
    if resource.given("httpTarget") and not any(resource.given(f"httpTarget.{token}") for token in tokens):
        yield "httpTarget.oidcToken is not set"


def _push_token(resource: Resource) -> Iterator[str]:
    if resource.given("pushConfig.pushEndpoint"):
        yield from is_given("pushConfig.oidcToken.serviceAccountEmail")(resource)


def _workload_pool(resource: Resource) -> Iterator[str]:
    if not resource.flag("enableAutopilot"):
        yield from is_given("workloadIdentityConfig.workloadPool")(resource)


def _web_apps(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for app in stack.of("azure-native:web:WebApp"):
        if not stack.linked(app, "azure-native:web:WebAppAuthSettingsV2"):
            yield app, "no WebAppAuthSettingsV2 refers to the app"


def _container_apps(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for app in stack.of("azure-native:app:ContainerApp"):
        if app.flag("configuration.ingress.external") and not stack.linked(app, "azure-native:app:ContainerAppsAuthConfig"):
            yield app, "the app is public and no ContainerAppsAuthConfig refers to it"


RULES = (
    Rule(
        id="aws-apigateway-method-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:apigateway/method:Method",),
        check=_method,
        fix="Write AWS_IAM, COGNITO_USER_POOLS or CUSTOM; an API key alone identifies nobody.",
        references=checkov("CKV_AWS_59", "CKV2_AWS_70"),
    ),
    Rule(
        id="aws-apigatewayv2-route-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:apigatewayv2/route:Route",),
        check=_route,
        fix="Write JWT, AWS_IAM or CUSTOM.",
        references=checkov("CKV_AWS_309") + aws_config("API_GWV2_AUTHORIZATION_TYPE_CONFIGURED"),
    ),
    Rule(
        id="aws-lambda-functionurl-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:lambda/functionUrl:FunctionUrl",),
        check=one_of("authorizationType", "AWS_IAM"),
        fix="Write AWS_IAM.",
        references=checkov("CKV_AWS_258"),
    ),
    Rule(
        id="aws-rds-database-iam-login",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        check=_rds,
        fix="Set it to true and let services log in with their role.",
        references=checkov("CKV_AWS_161", "CKV_AWS_162") + aws_config("RDS_INSTANCE_IAM_AUTHENTICATION_ENABLED"),
    ),
    Rule(
        id="azure-machinelearning-endpoint-key-login",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:machinelearningservices:OnlineEndpoint", "azure-native:machinelearningservices:BatchEndpoint"),
        check=one_of("properties.authMode", "AADToken"),
        fix=f"Write AADToken and {ENTRA}.",
    ),
    _local_auth(
        "machinelearning-compute",
        "machinelearningservices:Compute",
        "properties.disableLocalAuth",
        off=False,
        references=checkov("CKV_AZURE_142")
        + azure_policy("e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f", "Azure Machine Learning Computes should have local authentication methods disabled"),
    ),
    _local_auth(
        "storage-account",
        "storage:StorageAccount",
        "allowSharedKeyAccess",
        off=True,
        references=checkov("CKV2_AZURE_40")
        + azure_policy("8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54", "Storage accounts should prevent shared key access"),
        fix="Set it to false and let callers log in with Entra ID. Pulumi uploads blobs with the key: leave it on only for an account of uploads.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-containerregistry-registry-local-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerregistry:Registry",),
        check=all_of(is_off("adminUserEnabled"), is_off("anonymousPullEnabled")),
        sets=always({"adminUserEnabled": False, "anonymousPullEnabled": False}),
        fix="Set it to false and give identities the role AcrPull.",
        references=checkov("CKV_AZURE_137", "CKV_AZURE_138")
        + azure_policy("dc921057-6b28-4fbe-9b83-f7bec05db6c2", "Container registries should have local admin account disabled.")
        + azure_policy("9f2dea28-e834-476c-99c5-3507b4728395", "Container registries should have anonymous authentication disabled."),
    ),
    _local_auth(
        "sql-server",
        "sql:Server",
        "administrators.azureADOnlyAuthentication",
        off=False,
        references=checkov("CKV2_AZURE_27")
        + azure_policy("b3a22bc9-66de-45fb-98fa-00f5df42f41a", "Azure SQL logical servers should have Microsoft Entra-only authentication enabled"),
        fix="Give administrators with azureADOnlyAuthentication true, and no administratorLoginPassword.",
    ),
    Rule(
        id="azure-postgresql-server-local-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:dbforpostgresql:Server",),
        check=all_of(one_of("authConfig.passwordAuth", "Disabled"), one_of("authConfig.activeDirectoryAuth", "Enabled")),
        fix=f"Write authConfig with passwordAuth Disabled and activeDirectoryAuth Enabled, and {ENTRA}.",
    ),
    _local_auth(
        "cosmosdb-account",
        "cosmosdb:DatabaseAccount",
        "disableLocalAuth",
        off=False,
        references=checkov("CKV_AZURE_140")
        + azure_policy("5450f5bd-9c72-4390-a9c4-a7aba4edfdd2", "Cosmos DB database accounts should have local authentication methods disabled"),
    ),
    _local_auth(
        "eventhub-namespace",
        "eventhub:Namespace",
        "disableLocalAuth",
        off=False,
        references=azure_policy(
            "5d4e3c65-4873-47be-94f3-6f8b953a3598", "Azure Event Hub namespaces should have local authentication methods disabled"
        ),
    ),
    _local_auth(
        "servicebus-namespace",
        "servicebus:Namespace",
        "disableLocalAuth",
        off=False,
        references=checkov("CKV_AZURE_203")
        + azure_policy("cfb11c26-f069-4c14-8e36-56c394dae5af", "Azure Service Bus namespaces should have local authentication methods disabled"),
    ),
    _local_auth(
        "cognitiveservices-account",
        "cognitiveservices:Account",
        "properties.disableLocalAuth",
        off=False,
        references=checkov("CKV_AZURE_236")
        + azure_policy(
            "71ef260a-8f18-47b7-abcb-62d0673d94dc",
            "Azure AI Services resources should have key access disabled (disable local authentication)",
        ),
    ),
    _local_auth(
        "containerservice-cluster",
        "containerservice:ManagedCluster",
        "disableLocalAccounts",
        off=False,
        references=checkov("CKV_AZURE_141")
        + azure_policy("993c2fcd-2b29-49d2-9eb0-df2c3a730c32", "Azure Kubernetes Service Clusters should have local authentication methods disabled"),
    ),
    Rule(
        id="azure-containerapps-authconfig-open",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerAppsAuthConfig",),
        check=_web_auth,
        fix="Set platform.enabled to true and unauthenticatedClientAction to Return401.",
    ),
    Rule(
        id="gcp-cloudrun-serviceiam-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
            "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding",
            "gcp:cloudrunv2/jobIamMember:JobIamMember",
            "gcp:cloudrunv2/jobIamBinding:JobIamBinding",
            "gcp:cloudrun/iamMember:IamMember",
            "gcp:cloudrun/iamBinding:IamBinding",
        ),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Grant roles/run.invoker to the service accounts that call.",
        references=checkov("CKV_GCP_102"),
    ),
    Rule(
        id="gcp-cloudrun-service-invoker-check",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:cloudrunv2/service:Service",),
        check=is_off("invokerIamDisabled"),
        fix="Set it to false and grant roles/run.invoker to the service accounts that call.",
    ),
    Rule(
        id="gcp-cloudfunctions-functioniam-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
            "gcp:cloudfunctionsv2/functionIamBinding:FunctionIamBinding",
        ),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Grant roles/cloudfunctions.invoker to the service accounts that call.",
        references=checkov("CKV_GCP_107"),
    ),
    Rule(
        id="gcp-vertex-endpointiam-open",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("gcp:vertex/aiEndpointIamMember:AiEndpointIamMember", "gcp:vertex/aiEndpointIamBinding:AiEndpointIamBinding"),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Grant roles/aiplatform.user to the service accounts that call.",
    ),
    Rule(
        id="gcp-container-cluster-legacy-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:container/cluster:Cluster",),
        check=all_of(is_off("enableLegacyAbac"), is_off("masterAuth.clientCertificateConfig.issueClientCertificate")),
        fix="Set it to false and grant access with IAM and RBAC.",
        references=checkov("CKV_GCP_7", "CKV_GCP_13") + google_scc("LEGACY_AUTHORIZATION_ENABLED"),
    ),
    Rule(
        id="gcp-redis-instance-no-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:redis/instance:Instance",),
        check=is_on("authEnabled"),
        fix="Set it to true.",
        references=checkov("CKV_GCP_95"),
    ),
    Rule(
        id="kubernetes-rbac-binding-anonymous",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
        ),
        check=_bindings,
        fix="Bind named service accounts or groups.",
    ),
    Rule(
        id="aws-msk-cluster-unauthenticated",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:msk/cluster:Cluster",),
        check=_msk,
        fix="Turn clientAuthentication.sasl.iam on and unauthenticated off.",
        references=aws_config("MSK_UNRESTRICTED_ACCESS_CHECK"),
    ),
    Rule(
        id="aws-lambda-eventsource-kafka-no-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
        check=_kafka_source,
        why="Brokers that ask for no login take records from everybody who reaches them.",
        fix="Name SASL_SCRAM_512_AUTH, SASL_SCRAM_256_AUTH, BASIC_AUTH or CLIENT_CERTIFICATE_TLS_AUTH with a secret.",
    ),
    Rule(
        id="aws-eks-cluster-auth-mode",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:eks/cluster:Cluster",),
        check=one_of("accessConfig.authenticationMode", "API"),
        why="A ConfigMap in the cluster that gives rights on it can be edited from inside, and no log of AWS shows it.",
        fix="Write API and grant access with AccessEntry.",
    ),
    Rule(
        id="aws-elasticache-replicationgroup-no-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        check=_redis_login,
        fix="Give userGroupIds with users that log in by IAM, or authToken.",
        references=checkov("CKV_AWS_31"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-containerservice-cluster-entra",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerservice:ManagedCluster",),
        check=all_of(is_on("aadProfile.managed"), is_on("aadProfile.enableAzureRBAC")),
        fix="Give aadProfile with managed and enableAzureRBAC true.",
        references=checkov("CKV_AZURE_5")
        + azure_policy("450d2877-ebea-41e8-b00c-e286317d21bf", "Azure Kubernetes Service Clusters should enable Microsoft Entra ID integration")
        + azure_policy("ac4a19c2-fa67-49b4-8ae5-0b2e78c49457", "Azure Role-Based Access Control (RBAC) should be used on Kubernetes Services"),
    ),
    Rule(
        id="azure-containerservice-cluster-workload-identity",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=all_of(is_on("securityProfile.workloadIdentity.enabled"), is_on("oidcIssuerProfile.enabled")),
        why="Without workload identity pods log in with secrets, or with the rights of their node.",
        fix="Set both to true, and federate a managed identity with each service account.",
        references=azure_policy("2cc2e023-0dac-4046-875b-178f683929d5", "Azure Kubernetes Service Clusters should enable workload identity"),
    ),
    Rule(
        id="azure-batch-account-local-auth",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:batch:BatchAccount",),
        check=_batch_login,
        fix="Write ['AAD'] and let callers log in with Entra ID.",
        references=azure_policy("6f68b69f-05fe-49cd-b361-777ee9ca7e35", "Batch accounts should have local authentication methods disabled"),
    ),
    Rule(
        id="azure-web-authsettings-open",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebAppAuthSettingsV2",),
        check=all_of(is_on("platform.enabled"), is_on("globalValidation.requireAuthentication")),
        fix="Set both to true, with unauthenticatedClientAction Return401.",
        references=azure_policy("95bccee9-a7f8-4bec-9ee9-62c3473701fc", "App Service apps should have authentication enabled"),
    ),
    Rule(
        id="azure-web-app-basic-publishing",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "azure-native:web:WebAppFtpAllowed",
            "azure-native:web:WebAppScmAllowed",
        ),
        check=is_off("allow"),
        sets=always({"allow": False}),
        fix="Set it to false; pipelines publish with an identity.",
    ),
    Rule(
        id="azure-healthcareapis-fhir-login",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:healthcareapis:FhirService",),
        check=all_of(is_given("authenticationConfiguration.authority"), is_given("authenticationConfiguration.audience")),
        fix="Give the authority of your tenant and the audience of the service.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-cloudscheduler-job-no-token",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudscheduler/job:Job",),
        check=_scheduler_token,
        fix="Give oidcToken with a service account that may call the target, or oauthToken for Google's own APIs.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-pubsub-subscription-push-no-token",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_push_token,
        fix="Give oidcToken with a service account that may call the endpoint.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-container-cluster-workload-identity",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_workload_pool,
        why="Without workload identity pods log in with keys, or with the rights of their node.",
        fix="Give workloadIdentityConfig with workloadPool <project>.svc.id.goog.",
        references=google_scc("WORKLOAD_IDENTITY_DISABLED"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-container-nodepool-metadata",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/nodePool:NodePool",),
        check=one_of("nodeConfig.workloadMetadataConfig.mode", "GKE_METADATA"),
        why="A pod that reaches the node's metadata gets the node's identity.",
        fix="Write GKE_METADATA.",
        references=checkov("CKV_GCP_69"),
    ),
)

STACK_RULES = (
    StackRule(
        id="azure-web-app-no-login",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebApp",),
        check=_web_apps,
        fix="Add one that requires a login, unless the app checks the token of each request itself.",
        references=checkov("CKV_AZURE_13")
        + azure_policy("95bccee9-a7f8-4bec-9ee9-62c3473701fc", "App Service apps should have authentication enabled"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-containerapps-app-no-login",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp",),
        check=_container_apps,
        fix="Add one with platform.enabled true and unauthenticatedClientAction Return401.",
        references=azure_policy("2b585559-a78e-4cc4-b1aa-fb169d2f6b96", "Authentication should be enabled on Container Apps"),
        unknown=Unknown.SET,
    ),
)
