"""Images from places nobody in the house controls, and images nobody looks into."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies.checks import is_on
from policies.images import HOLDERS, images
from policies.remedy import always
from policies.rule import Family, Resource, Rule, checkov
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
        references=checkov("CKV_AWS_163"),
    ),
    Rule(
        id="gcp-artifactregistry-repository-no-scan",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:artifactregistry/repository:Repository",),
        check=_scanning,
        fix="Leave it out: the project's setting then holds.",
    ),
    Rule(
        id="gcp-container-cluster-no-binary-authorization",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_cluster_policy,
        why="Without Binary Authorization a cluster runs any image that somebody can name.",
        fix="Write PROJECT_SINGLETON_POLICY_ENFORCE.",
        references=checkov("CKV_GCP_66"),
    ),
)
