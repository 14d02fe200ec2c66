"""Services that answer without asking who calls, or that still take a shared password."""

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import all_of, is_off, is_on, not_anyone, one_of
from policies.remedy import always
from policies.rule import Family, Reference, Resource, Rule, aws_config, azure_policy, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "authentication-off",
    "Authentication off",
    "Without a login by identity nobody knows who called the model, and a shared key that leaks opens it to everybody until it is changed.",
)

ENTRA = "let callers log in with Entra ID"
UNKNOWN_CALLERS = ("system:anonymous", "system:unauthenticated")


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
    _local_auth("servicebus-namespace", "servicebus:Namespace", "disableLocalAuth", off=False, references=checkov("CKV_AZURE_203")),
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
)
