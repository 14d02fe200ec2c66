"""Containers that can do more to their node than serve a model."""

from collections.abc import Callable, Iterator
from typing import Any

from pulumi_policy import EnforcementLevel, Severity

from policies import frameworks
from policies.checks import all_of, in_production, is_given, is_off, is_on, one_of
from policies.pods import POD_SPECS, POD_TYPES, containers
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Unknown, aws_config, azure_policy, checkov, google_scc
from policies.view import Check, View, short

FAMILY = Family(
    "container-hardening",
    "Container hardening",
    "A model file is code that somebody else may have written: its container must not be able to take over the node it runs on.",
)

SERVING = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
CAPABILITIES = ("NET_BIND_SERVICE",)
"""The one capability that the restricted Pod Security Standard lets containers add:
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""


def _each_container(check: Check) -> Callable[[Resource], Iterator[str]]:
    return lambda resource: containers(resource, check)


def _pod(resource: Resource) -> View:
    return resource.part(POD_SPECS[resource.type])


def _root(resource: Resource) -> Iterator[str]:
    pod = _pod(resource).flag("securityContext.runAsNonRoot")

    def container(view: View) -> Iterator[str]:
        own = view.flag("securityContext.runAsNonRoot")
        if (pod if own is None else own) is not True:
            yield f"{view.at('securityContext.runAsNonRoot')} is {short(own)}"

    yield from containers(resource, container)


def _seccomp(resource: Resource) -> Iterator[str]:
    allowed = ("RuntimeDefault", "Localhost")
    if _pod(resource).text("securityContext.seccompProfile.type") not in allowed:
        yield from containers(resource, one_of("securityContext.seccompProfile.type", *allowed))


def _capabilities(view: View) -> Iterator[str]:
    if "ALL" not in (each.upper() for each in view.texts("securityContext.capabilities.drop")):
        yield f"{view.at('securityContext.capabilities.drop')} lacks 'ALL'"
    for added in view.texts("securityContext.capabilities.add"):
        if added.upper() not in CAPABILITIES:
            yield f"{view.at('securityContext.capabilities.add')} holds {short(added)}"


def _host_namespaces(resource: Resource) -> Iterator[str]:
    for path in ("hostNetwork", "hostPID", "hostIPC"):
        yield from is_off(path)(_pod(resource))


def _host_path(resource: Resource) -> Iterator[str]:
    def volume(view: View) -> Iterator[str]:
        if view.given("hostPath"):
            yield f"{view.at('hostPath')} is set"

    yield from _pod(resource).each("volumes", volume)


def _limits(view: View) -> Iterator[str]:
    for path in ("resources.requests.cpu", "resources.requests.memory", "resources.limits.memory"):
        yield from is_given(path)(view)


def _probes(resource: Resource) -> Iterator[str]:
    def container(view: View) -> Iterator[str]:
        for path in ("readinessProbe", "livenessProbe"):
            yield from is_given(path)(view)

    yield from _pod(resource).each("containers", container)


def _token(resource: Resource) -> Iterator[str]:
    pod = _pod(resource)
    if pod.flag("automountServiceAccountToken") is not False and not pod.given("serviceAccountName"):
        yield f"{pod.at('automountServiceAccountToken')} is {short(pod.flag('automountServiceAccountToken'))}, for the default service account"


def _namespace(resource: Resource) -> Iterator[str]:
    label = "pod-security.kubernetes.io/enforce"
    labels = resource.mapping("metadata.labels")
    level = labels[label] if label in list(labels) else None
    if level not in ("restricted", "baseline"):
        yield f"the label {label} is {short(level)}"


def _task(check: Check) -> Callable[[Resource], Iterator[str]]:
    return lambda resource: resource.documents("containerDefinitions", check)


def _no_host_port(view: View) -> Iterator[str]:
    if view.given("hostPort"):
        yield f"{view.at('hostPort')} is {short(view.number('hostPort'))}"


def _not_root(view: View) -> Iterator[str]:
    if (view.text("user") or "").partition(":")[0] in ("0", "root"):
        yield f"{view.at('user')} is {short(view.text('user'))}"


def _hops(resource: View) -> Iterator[str]:
    hops = resource.number("metadataOptions.httpPutResponseHopLimit")
    if hops is not None and hops > 1:
        yield f"metadataOptions.httpPutResponseHopLimit is {short(hops)}"


def _policy_addon(resource: Resource) -> Iterator[str]:
    addons = View(resource.mapping("addonProfiles"))
    if addons.flag("azurepolicy.enabled") is not True and addons.flag("azurePolicy.enabled") is not True:
        yield "the add-on azurepolicy of addonProfiles is not enabled"


def _pod_rule(name: str, severity: Severity, check: Callable[[Resource], Iterator[str]], fix: str, *ids: str, **more: Any) -> Rule:
    """The rule over whatever makes pods."""
    return Rule(
        id=f"kubernetes-core-{name}", family=FAMILY, severity=severity, types=POD_TYPES, check=check, fix=fix, references=checkov(*ids), **more
    )


RULES = (
    _pod_rule(
        "container-privileged",
        Severity.CRITICAL,
        _each_container(is_off("securityContext.privileged")),
        "Set it to false; a GPU needs a device plugin and no privilege.",
        "CKV_K8S_16",
    ),
    _pod_rule(
        "container-root",
        Severity.HIGH,
        _root,
        "Set runAsNonRoot to true in the pod's securityContext, and build the image with a user.",
        "CKV_K8S_23",
    ),
    _pod_rule(
        "container-escalation",
        Severity.HIGH,
        _each_container(is_off("securityContext.allowPrivilegeEscalation", default=True)),
        "Set it to false; not set lets a program become root.",
        "CKV_K8S_20",
    ),
    _pod_rule(
        "container-writable-root",
        Severity.MEDIUM,
        _each_container(is_on("securityContext.readOnlyRootFilesystem")),
        "Set it to true and mount an emptyDir where the server writes.",
        "CKV_K8S_22",
    ),
    _pod_rule(
        "container-capabilities",
        Severity.MEDIUM,
        _each_container(_capabilities),
        "Write drop: ['ALL'] and add nothing.",
        "CKV_K8S_25",
        "CKV_K8S_28",
        "CKV_K8S_37",
    ),
    _pod_rule("pod-seccomp", Severity.MEDIUM, _seccomp, "Write seccompProfile type RuntimeDefault in the pod's securityContext.", "CKV_K8S_31"),
    _pod_rule("pod-host-namespaces", Severity.HIGH, _host_namespaces, "Set it to false.", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19"),
    _pod_rule("pod-host-path", Severity.HIGH, _host_path, "Use a PersistentVolumeClaim, an emptyDir or the cloud's storage driver.", "CKV_K8S_27"),
    _pod_rule(
        "container-no-limits",
        Severity.MEDIUM,
        _each_container(_limits),
        "Write requests for cpu and memory, and a limit for memory.",
        "CKV_K8S_10",
        "CKV_K8S_12",
        "CKV_K8S_13",
        why="Without requests a pod is placed blindly, and without a memory limit a model that leaks takes its node's other pods with it.",
        controls=frameworks.LIMITS,
        unknown=Unknown.SET,
    ),
    Rule(
        id="kubernetes-apps-deployment-no-probes",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=SERVING,
        check=_probes,
        why="Without probes a pod gets requests before its model is loaded, and one that hangs is never restarted.",
        fix="Write a readinessProbe and a livenessProbe, and a startupProbe where loading takes long.",
        references=checkov("CKV_K8S_8", "CKV_K8S_9"),
        controls=frameworks.LIMITS,
        unknown=Unknown.SET,
    ),
    _pod_rule("pod-token-mounted", Severity.MEDIUM, _token, "Set it to false, or name a service account of the workload's own.", "CKV_K8S_38"),
    Rule(
        id="kubernetes-core-namespace-unrestricted",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("kubernetes:core/v1:Namespace",),
        check=_namespace,
        fix="Write restricted (or baseline), so that the cluster itself refuses what would take over a node.",
    ),
    Rule(
        id="aws-ecs-taskdefinition-privileged",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_task(is_off("privileged")),
        fix="Set it to false.",
        references=checkov("CKV_AWS_334") + aws_config("ECS_CONTAINERS_NONPRIVILEGED"),
    ),
    Rule(
        id="aws-ecs-taskdefinition-writable-root",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_task(is_on("readonlyRootFilesystem")),
        fix="Set it to true and mount a volume where the server writes.",
        references=checkov("CKV_AWS_336") + aws_config("ECS_CONTAINERS_READONLY_ACCESS"),
    ),
    Rule(
        id="aws-ecs-taskdefinition-host-namespaces",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=lambda resource: iter([f"{path} is 'host'" for path in ("pidMode", "ipcMode", "networkMode") if resource.text(path) == "host"]),
        fix="Leave it out.",
        references=checkov("CKV_AWS_335") + aws_config("ECS_TASK_DEFINITION_PID_MODE_CHECK", "ECS_TASK_DEFINITION_NETWORK_MODE_NOT_HOST"),
    ),
    Rule(
        id="aws-batch-jobdefinition-privileged",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=lambda resource: resource.documents("containerProperties", is_off("privileged")),
        fix="Set it to false.",
        references=checkov("CKV_AWS_210"),
    ),
    Rule(
        id="azure-containerinstance-group-privileged",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("azure-native:containerinstance:ContainerGroup",),
        check=lambda resource: resource.each("containers", is_off("securityContext.privileged")),
        fix="Set it to false.",
    ),
    _pod_rule(
        "container-host-port",
        Severity.MEDIUM,
        _each_container(lambda view: view.each("ports", _no_host_port)),
        "Leave it out and use a Service.",
        "CKV_K8S_26",
        why="A port of the node goes around NetworkPolicies and Services.",
    ),
    Rule(
        id="aws-ecs-taskdefinition-root",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_task(_not_root),
        fix="Name a user, here or in the image.",
        references=aws_config("ECS_TASK_DEFINITION_LINUX_USER_NON_ROOT"),
    ),
    Rule(
        id="aws-ecs-service-exec",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/service:Service",),
        check=in_production(is_off("enableExecuteCommand")),
        why="A shell in a running container is a way to its data that no review sees.",
        fix="Leave it off in production; logs and metrics say what a shell would.",
        controls=frameworks.SHELLS,
    ),
    Rule(
        id="aws-batch-jobdefinition-writable-root",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=lambda resource: resource.documents("containerProperties", is_on("readonlyRootFilesystem")),
        fix="Set it to true and mount a volume where the job writes.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-ec2-instance-metadata",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "aws:ec2/instance:Instance",
            "aws:ec2/launchTemplate:LaunchTemplate",
        ),
        check=all_of(one_of("metadataOptions.httpTokens", "required"), _hops),
        why="A container that reaches the node's metadata gets the node's role.",
        sets=always({"metadataOptions.httpTokens": "required", "metadataOptions.httpPutResponseHopLimit": 1}),
        fix="Write httpTokens required and httpPutResponseHopLimit 1.",
        references=checkov("CKV_AWS_79", "CKV_AWS_341") + aws_config("EC2_IMDSV2_CHECK", "EC2_LAUNCH_TEMPLATE_IMDSV2_CHECK"),
    ),
    Rule(
        id="aws-sagemaker-notebook-root",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/notebookInstance:NotebookInstance",),
        check=one_of("rootAccess", "Disabled"),
        fix="Write Disabled.",
        references=checkov("CKV_AWS_307") + aws_config("SAGEMAKER_NOTEBOOK_INSTANCE_ROOT_ACCESS_CHECK"),
    ),
    Rule(
        id="aws-sagemaker-notebook-metadata",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/notebookInstance:NotebookInstance",),
        check=one_of("instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion", "2"),
        fix="Write '2'.",
        references=checkov("CKV_AWS_371"),
    ),
    Rule(
        id="azure-containerservice-cluster-policy-addon",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=_policy_addon,
        fix="Enable the add-on azurepolicy, and assign the pod security baseline.",
        references=checkov("CKV_AZURE_116")
        + azure_policy(
            "0a15ec92-a229-4763-bb14-0ea34a568f8d",
            "Azure Policy Add-on for Kubernetes service (AKS) should be installed and enabled on your clusters",
        ),
    ),
    Rule(
        id="gcp-container-nodepool-secure-boot",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/nodePool:NodePool",),
        check=is_on("nodeConfig.shieldedInstanceConfig.enableSecureBoot"),
        fix="Set it to true (GPU drivers that are not signed need it off).",
        references=checkov("CKV_GCP_68") + google_scc("NODEPOOL_SECURE_BOOT_DISABLED"),
        level=EnforcementLevel.ADVISORY,
    ),
)
