"""Images from places nobody in the house controls, and images nobody looks into."""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies import frameworks
from policies.checks import is_on, one_of
from policies.images import HOLDERS, images
from policies.remedy import always
from policies.rule import Family, Resource, Rule, aws_config, checkov, google_scc
from policies.view import short

FAMILY = Family(
    "supply-chain",
    "Supply chain",
    "What runs in production was built or taken over from somewhere: that place is one you control, and what lies there is searched for flaws.",
)


def _registry(resource: Resource) -> Iterator[str]:
    for path, image in images(resource):
        if not resource.settings.trusts(image):
            yield f"{path} comes from {short(image.split('@')[0].rpartition('/')[0] or 'Docker Hub')}"


def _from_registry(vendor: str) -> Callable[[tuple[str, ...]], Rule]:
    def rule(types: tuple[str, ...]) -> Rule:
        return Rule(
            id=f"{vendor}-any-container-registry",
            family=FAMILY,
            severity=Severity.MEDIUM,
            types=types,
            check=_registry,
            fix="Copy the image into a registry of your own cloud account, or name its host under trustedRegistries.",
        )

    return rule


def _scanning(resource: Resource) -> Iterator[str]:
    if (resource.text("vulnerabilityScanningConfig.enablementConfig") or "INHERITED").upper() == "DISABLED":
        yield "vulnerabilityScanningConfig.enablementConfig is 'DISABLED'"


def _cluster_policy(resource: Resource) -> Iterator[str]:
    mode = resource.text("binaryAuthorization.evaluationMode")
    if mode in (None, "DISABLED") and resource.flag("binaryAuthorization.enabled") is not True:
        yield f"binaryAuthorization.evaluationMode is {short(mode)}"


def _unsigned(resource: Resource) -> Iterator[str]:
    if (resource.text("packageType") or "Zip") == "Zip" and not resource.given("codeSigningConfigArn"):
        yield "codeSigningConfigArn is not set"


def _release_channel(resource: Resource) -> Iterator[str]:
    if not resource.flag("enableAutopilot"):
        yield from one_of("releaseChannel.channel", "RAPID", "REGULAR", "STABLE", "EXTENDED")(resource)


def _run_policy(resource: Resource) -> Iterator[str]:
    if resource.flag("binaryAuthorization.useDefault") is not True and not resource.given("binaryAuthorization.policy"):
        yield "binaryAuthorization.useDefault is not true"


RULES = (
    *(_from_registry(vendor)(types) for vendor, types in HOLDERS.items()),
    Rule(
        id="aws-ecr-repository-no-scan",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecr/repository:Repository",),
        check=is_on("imageScanningConfiguration.scanOnPush"),
        sets=always({"imageScanningConfiguration.scanOnPush": True}),
        fix="Set it to true.",
        references=checkov("CKV_AWS_163") + aws_config("ECR_PRIVATE_IMAGE_SCANNING_ENABLED"),
        controls=frameworks.SCANNING,
    ),
    Rule(
        id="gcp-artifactregistry-repository-no-scan",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:artifactregistry/repository:Repository",),
        check=_scanning,
        fix="Leave it out: the project's setting then holds.",
        controls=frameworks.SCANNING,
    ),
    Rule(
        id="gcp-container-cluster-no-binary-authorization",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_cluster_policy,
        why="Without Binary Authorization a cluster runs any image that somebody can name.",
        fix="Write PROJECT_SINGLETON_POLICY_ENFORCE.",
        references=checkov("CKV_GCP_66") + google_scc("BINARY_AUTHORIZATION_DISABLED"),
        controls=frameworks.ADMISSION,
    ),
    Rule(
        id="aws-ecs-service-platform",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/service:Service",),
        check=one_of("platformVersion", "LATEST", default="LATEST"),
        fix="Leave it out: a fixed version gets no security fixes.",
        references=checkov("CKV_AWS_332") + aws_config("ECS_FARGATE_LATEST_PLATFORM_VERSION"),
        controls=frameworks.PATCHING,
    ),
    Rule(
        id="aws-lambda-function-unsigned",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:lambda/function:Function",),
        check=_unsigned,
        fix="Give a CodeSigningConfig with untrustedArtifactOnDeployment Enforce.",
        references=checkov("CKV_AWS_272"),
        controls=frameworks.ADMISSION,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="azure-containerservice-cluster-no-upgrades",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=one_of("autoUpgradeProfile.upgradeChannel", "patch", "stable", "rapid", "node-image"),
        why="A cluster that nobody upgrades keeps the flaws that are known by then.",
        fix="Write patch, with a maintenance window.",
        references=checkov("CKV_AZURE_171"),
        controls=frameworks.PATCHING,
    ),
    Rule(
        id="gcp-container-cluster-no-upgrades",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_release_channel,
        why="A cluster that nobody upgrades keeps the flaws that are known by then.",
        fix="Write REGULAR or STABLE.",
        references=checkov("CKV_GCP_70") + google_scc("RELEASE_CHANNEL_DISABLED"),
        controls=frameworks.PATCHING,
    ),
    Rule(
        id="gcp-cloudrun-service-no-binary-authorization",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "gcp:cloudrunv2/service:Service",
            "gcp:cloudrunv2/job:Job",
            "gcp:cloudrunv2/workerPool:WorkerPool",
        ),
        check=_run_policy,
        fix="Write useDefault true: the project's policy then decides which images run.",
        controls=frameworks.ADMISSION,
        level=EnforcementLevel.ADVISORY,
    ),
)
