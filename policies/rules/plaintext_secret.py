"""Secrets written where everybody who may look at a resource can read them."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import every
from policies.leaks import leak, looks_like, names_a_secret, of_mapping, of_pair
from policies.pods import POD_TYPES, containers
from policies.rule import Family, Resource, Rule, Unknown, aws_config, checkov, google_scc
from policies.view import View

FAMILY = Family(
    "plaintext-secret",
    "Plain-text secret",
    "Settings in plain text are shown in consoles, logs and deployment histories to everybody who may look at the resource.",
)


def _model(resource: Resource) -> Iterator[str]:
    for path in ("primaryContainer", "containers"):
        yield from resource.each(path, lambda view: of_mapping(view, "environment"))


def _task(resource: Resource) -> Iterator[str]:
    yield from resource.documents("containerDefinitions", every("environment", of_pair))


def _batch(resource: Resource) -> Iterator[str]:
    yield from resource.documents("containerProperties", every("environment", of_pair))


def _user_data(resource: Resource) -> Iterator[str]:
    found = looks_like(resource.text("userData") or "")
    if found:
        yield f"userData holds {found}"


def _parameter(resource: Resource) -> Iterator[str]:
    if resource.text("type") == "SecureString":
        return
    name = resource.text("name") or resource.name
    if names_a_secret(name.rpartition("/")[2]) or looks_like(resource.text("value") or resource.text("insecureValue") or ""):
        yield "type is not 'SecureString', and the parameter is a secret by its name or value"


def _rds(resource: Resource) -> Iterator[str]:
    for path in ("password", "masterPassword"):
        if resource.given(path):
            yield f"{path} is given"


def _container_app(resource: Resource) -> Iterator[str]:
    for path in ("template.containers", "template.initContainers"):
        yield from resource.each(path, every("env", of_pair))
    yield from resource.each("configuration.secrets", _app_secret)


def _app_secret(view: View) -> Iterator[str]:
    if view.given("value") and not view.given("keyVaultUrl"):
        yield f"{view.at('value')} of '{view.text('name')}' is written here"


def _container_group(resource: Resource) -> Iterator[str]:
    for path in ("containers", "initContainers"):
        yield from resource.each(path, every("environmentVariables", of_pair))


def _web_app(resource: Resource) -> Iterator[str]:
    yield from resource.each("siteConfig.appSettings", of_pair)

    def connection(view: View) -> Iterator[str]:
        found = leak("", view.get("connectionString"))
        if found:
            yield f"{view.at('connectionString')} {found}"

    yield from resource.each("siteConfig.connectionStrings", connection)


def _pods(resource: Resource) -> Iterator[str]:
    yield from containers(resource, every("env", of_pair))


RULES = (
    Rule(
        id="aws-lambda-function-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:lambda/function:Function",),
        check=lambda resource: of_mapping(resource, "environment.variables"),
        fix="Keep it in Secrets Manager, give the function its ARN, and read it at start.",
        references=checkov("CKV_AWS_45"),
    ),
    Rule(
        id="aws-sagemaker-model-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sagemaker/model:Model",),
        check=_model,
        fix="Keep it in Secrets Manager, give the container its ARN, and read it at start.",
    ),
    Rule(
        id="aws-ecs-taskdefinition-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_task,
        fix="Name it under secrets with valueFrom, the ARN of a Secrets Manager secret.",
        references=aws_config("ECS_NO_ENVIRONMENT_SECRETS"),
    ),
    Rule(
        id="aws-batch-jobdefinition-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=_batch,
        fix="Name it under secrets with valueFrom, the ARN of a Secrets Manager secret.",
    ),
    Rule(
        id="aws-ec2-instance-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ec2/instance:Instance",),
        check=_user_data,
        fix="Let the instance read it from Secrets Manager with its role.",
        references=checkov("CKV_AWS_46"),
    ),
    Rule(
        id="aws-ssm-parameter-plain",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ssm/parameter:Parameter",),
        check=_parameter,
        fix="Write type SecureString with a KMS key as keyId.",
        references=checkov("CKV2_AWS_34"),
    ),
    Rule(
        id="aws-rds-database-password",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        check=_rds,
        why="A password given by the program is in its configuration and state, and nothing rotates it.",
        fix="Set manageMasterUserPassword to true: RDS then makes, keeps and rotates it in Secrets Manager.",
        controls=frameworks.PASSWORDS,
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-containerapps-app-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:app:ContainerApp", "azure-native:app:Job"),
        check=_container_app,
        fix="Keep it in Key Vault: secrets with keyVaultUrl and identity, and env with secretRef.",
    ),
    Rule(
        id="azure-containerinstance-group-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:containerinstance:ContainerGroup",),
        check=_container_group,
        fix="Write it as secureValue, or mount it from Key Vault.",
        references=checkov("CKV_AZURE_235"),
    ),
    Rule(
        id="azure-web-app-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:web:WebApp",),
        check=_web_app,
        fix="Write a Key Vault reference: @Microsoft.KeyVault(SecretUri=...).",
    ),
    Rule(
        id="azure-machinelearning-deployment-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "azure-native:machinelearningservices:OnlineDeployment",
            "azure-native:machinelearningservices:BatchDeployment",
        ),
        check=lambda resource: of_mapping(resource, "properties.environmentVariables"),
        fix="Keep it in Key Vault and read it with the endpoint's identity.",
    ),
    Rule(
        id="gcp-cloudrun-service-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/workerPool:WorkerPool"),
        check=every("template.containers", every("envs", of_pair)),
        fix="Keep it in Secret Manager and write valueSource.secretKeyRef.",
    ),
    Rule(
        id="gcp-cloudrun-job-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudrunv2/job:Job",),
        check=every("template.template.containers", every("envs", of_pair)),
        fix="Keep it in Secret Manager and write valueSource.secretKeyRef.",
    ),
    Rule(
        id="gcp-cloudfunctions-function-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:cloudfunctionsv2/function:Function",),
        check=lambda resource: of_mapping(resource, "serviceConfig.environmentVariables"),
        fix="Keep it in Secret Manager and write secretEnvironmentVariables.",
    ),
    Rule(
        id="gcp-compute-instance-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:compute/instance:Instance",),
        check=lambda resource: of_mapping(resource, "metadata"),
        fix="Let the instance read it from Secret Manager with its service account.",
    ),
    Rule(
        id="gcp-serviceaccount-key-made",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:serviceaccount/key:Key",),
        check=lambda resource: iter([] if resource.given("publicKeyData") else ["a private key is made and kept in the state"]),
        why="A service account's key is a password without an end: whoever copies it is that account.",
        fix="Attach the service account to the workload, or use workload identity federation.",
        references=checkov("CKV2_GCP_3") + google_scc("USER_MANAGED_SERVICE_ACCOUNT_KEY"),
        controls=frameworks.PASSWORDS,
    ),
    Rule(
        id="kubernetes-core-container-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=POD_TYPES,
        check=_pods,
        fix="Keep it in a Secret and write valueFrom.secretKeyRef, or mount it as a file.",
    ),
    Rule(
        id="kubernetes-core-configmap-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:core/v1:ConfigMap",),
        check=lambda resource: of_mapping(resource, "data"),
        fix="Keep it in a Secret, or let an operator fetch it from the cloud's secret store.",
    ),
    Rule(
        id="gcp-vertex-model-secret",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("modeldeploy:index:VertexModel",),
        check=lambda resource: of_mapping(resource, "container.env"),
        fix="Keep it in Secret Manager, give the container its name, and read it at start.",
    ),
)
