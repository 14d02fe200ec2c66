"""Permissions on everything, or for everybody."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import all_of, not_anyone
from policies.iam import allows_anybody, name, nobody_unnamed, statements, texts
from policies.rule import Family, Resource, Rule, Unknown, aws_config, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "wildcard-permissions",
    "Wildcard permissions",
    "Whoever takes over a model's container gets the container's permissions: they name what the model needs, and nothing else.",
)

NAME_ACTIONS = "List the actions the workload calls and the ARNs it calls them on."

AZURE_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""

WIDE_SCOPE = re.compile(r"(?i)/?(providers/Microsoft\.Management/managementGroups/[^/]+|subscriptions/[^/]+(/resourceGroups/[^/]+)?)/?")
"""A management group, a subscription or a resource group."""

GOOGLE_ROLES = ("roles/owner", "roles/editor", "roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator", "roles/iam.securityAdmin")
"""Roles that, on a whole project, folder or organization, give everything or lead to it."""


ACCOUNTS = {
    "gcp:cloudrunv2/service:Service": "template.serviceAccount",
    "gcp:cloudrunv2/workerPool:WorkerPool": "template.serviceAccount",
    "gcp:cloudrunv2/job:Job": "template.template.serviceAccount",
    "gcp:cloudfunctionsv2/function:Function": "serviceConfig.serviceAccountEmail",
    "gcp:compute/instance:Instance": "serviceAccount.email",
    "gcp:container/nodePool:NodePool": "nodeConfig.serviceAccount",
    "gcp:workflows/workflow:Workflow": "serviceAccount",
    "modeldeploy:index:VertexDeployedModel": "serviceAccount",
}
"""Where workloads name their service account."""
WORKLOADS = tuple(ACCOUNTS)


def _statement(where: str, statement: Mapping[str, Any], index: int) -> Iterator[str]:
    resources = texts(statement, "Resource")
    for action in texts(statement, "Action"):
        if action == "*" or action.endswith(":*"):
            yield f"{where}: {name(statement, index)} allows {short(action)} on {short(', '.join(resources) or '*')}"
        elif "*" in action and "*" in resources:
            yield f"{where}: {name(statement, index)} allows {short(action)} on every resource"
    if statement.get("NotAction"):
        yield f"{where}: {name(statement, index)} allows all but a list of actions (NotAction)"


def _document(path: str, view: View) -> Iterator[str]:
    for index, statement in enumerate(statements(view, path)):
        yield from _statement(view.at(path), statement, index)


def _policy(resource: Resource) -> Iterator[str]:
    yield from _document("policy", resource)
    yield from resource.each("inlinePolicies", lambda view: _document("policy", view))


def _trust(resource: Resource) -> Iterator[str]:
    for index, statement in enumerate(statements(resource, "assumeRolePolicy")):
        if allows_anybody(statement):
            yield f"assumeRolePolicy: {name(statement, index)} lets everybody take the role (Principal '*')"


def _managed(resource: Resource) -> Iterator[str]:
    for path in ("policyArn", "managedPolicyArns"):
        for arn in resource.texts(path):
            policy = arn.rpartition("/")[2]
            if arn.partition(":iam::")[2].startswith("aws:policy/") and (
                policy in ("AdministratorAccess", "PowerUserAccess") or policy.endswith("FullAccess")
            ):
                yield f"{path} holds {short(policy)}"


def _permission(resource: Resource) -> Iterator[str]:
    if resource.text("principal") == "*" and resource.text("functionUrlAuthType") != "AWS_IAM" and not resource.given("principalOrgId"):
        yield "principal is '*'"


def _assignment(resource: Resource) -> Iterator[str]:
    role = AZURE_ROLES.get((resource.text("roleDefinitionId") or "").rpartition("/")[2].lower())
    if role == "Contributor" and not WIDE_SCOPE.fullmatch(resource.text("scope") or ""):
        return  # on one resource, some services need it of their identities
    if role:
        yield f"roleDefinitionId is the role '{role}'"


def _definition(resource: Resource) -> Iterator[str]:
    def permission(view: View) -> Iterator[str]:
        for path in ("actions", "dataActions"):
            if "*" in view.texts(path):
                yield f"{view.at(path)} holds '*'"

    yield from resource.each("permissions", permission)


def _google_role(resource: Resource) -> Iterator[str]:
    role = resource.text("role")
    if role in GOOGLE_ROLES:
        yield f"role is {short(role)} on the whole {resource.type.split(':')[1].split('/')[0].rstrip('s')}"
    yield from not_anyone("member")(resource)
    yield from not_anyone("members")(resource)


def _cluster_role(resource: Resource) -> Iterator[str]:
    def rule(view: View) -> Iterator[str]:
        for path in ("verbs", "resources", "apiGroups"):
            if "*" in view.texts(path):
                yield f"{view.at(path)} holds '*'"

    yield from resource.each("rules", rule)


def _cluster_admin(resource: Resource) -> Iterator[str]:
    if resource.text("roleRef.name") in ("cluster-admin", "admin") and resource.text("roleRef.kind") == "ClusterRole":
        yield f"roleRef.name is {short(resource.text('roleRef.name'))}"


def _default_account(resource: Resource) -> Iterator[str]:
    path = ACCOUNTS[resource.type]
    if not resource.given(path):
        if not resource.given("pool"):  # models in a pool of Vertex AI run as its account
            yield f"{path} is not set"
    elif not resource.unknown(path) and (resource.text(path) or "").endswith("-compute@developer.gserviceaccount.com"):
        yield f"{path} is the default service account"


RULES = (
    Rule(
        id="aws-iam-policy-wildcard",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "aws:iam/policy:Policy",
            "aws:iam/rolePolicy:RolePolicy",
            "aws:iam/userPolicy:UserPolicy",
            "aws:iam/groupPolicy:GroupPolicy",
            "aws:iam/role:Role",
        ),
        check=_policy,
        fix=NAME_ACTIONS,
        references=checkov("CKV_AWS_62", "CKV_AWS_63")
        + aws_config("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS"),
    ),
    Rule(
        id="aws-iam-role-trusts-anyone",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:iam/role:Role",),
        check=_trust,
        fix="Name the service or account that takes the role, with aws:SourceAccount as condition.",
        references=checkov("CKV_AWS_60", "CKV_AWS_61"),
    ),
    Rule(
        id="aws-iam-attachment-full-access",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "aws:iam/policyAttachment:PolicyAttachment",
            "aws:iam/userPolicyAttachment:UserPolicyAttachment",
            "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
            "aws:iam/role:Role",
        ),
        check=_managed,
        fix="Write a policy of your own with the actions the workload calls and the ARNs it calls them on.",
        references=checkov("CKV_AWS_274"),
    ),
    Rule(
        id="aws-kms-keypolicy-anyone",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"),
        check=nobody_unnamed("policy"),
        fix="Name the account and the roles that use the key as Principal.",
        references=checkov("CKV_AWS_33") + aws_config("KMS_KEY_POLICY_NO_PUBLIC_ACCESS"),
    ),
    Rule(
        id="aws-sqs-queuepolicy-anyone",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("aws:sqs/queuePolicy:QueuePolicy", "aws:sqs/queue:Queue", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topic:Topic"),
        check=nobody_unnamed("policy"),
        fix="Name the principals, or add a condition on aws:SourceArn.",
        references=checkov("CKV_AWS_168", "CKV_AWS_169", "CKV_AWS_387") + aws_config("SNS_TOPIC_NO_PUBLIC_ACCESS", "SQS_QUEUE_NO_PUBLIC_ACCESS"),
    ),
    Rule(
        id="aws-lambda-permission-anyone",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=("aws:lambda/permission:Permission",),
        check=_permission,
        fix="Name the service or account that calls the function, with sourceArn.",
        references=checkov("CKV_AWS_301") + aws_config("LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED"),
    ),
    Rule(
        id="azure-authorization-roleassignment-wide",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:authorization:RoleAssignment",),
        check=_assignment,
        fix="Assign the role that fits the task, for example AcrPull or Storage Blob Data Reader, on the one resource.",
    ),
    Rule(
        id="azure-authorization-roledefinition-wildcard",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:authorization:RoleDefinition",),
        check=_definition,
        fix="List the actions the role needs.",
        references=checkov("CKV_AZURE_39"),
    ),
    Rule(
        id="gcp-projects-iam-wide",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "gcp:projects/iAMMember:IAMMember",
            "gcp:projects/iAMBinding:IAMBinding",
            "gcp:folder/iAMMember:IAMMember",
            "gcp:folder/iAMBinding:IAMBinding",
            "gcp:organizations/iAMMember:IAMMember",
            "gcp:organizations/iAMBinding:IAMBinding",
        ),
        check=_google_role,
        fix="Grant a predefined role that fits, to a named service account, on the one resource.",
        references=checkov("CKV_GCP_41", "CKV_GCP_49", "CKV_GCP_115", "CKV_GCP_116", "CKV_GCP_117") + google_scc("PRIMITIVE_ROLES_USED"),
    ),
    Rule(
        id="gcp-serviceaccount-iam-anyone",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(
            "gcp:serviceaccount/iAMMember:IAMMember",
            "gcp:serviceaccount/iAMBinding:IAMBinding",
            "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
            "gcp:kms/cryptoKeyIAMBinding:CryptoKeyIAMBinding",
            "gcp:pubsub/topicIAMMember:TopicIAMMember",
            "gcp:pubsub/topicIAMBinding:TopicIAMBinding",
            "gcp:secretmanager/secretIamMember:SecretIamMember",
            "gcp:secretmanager/secretIamBinding:SecretIamBinding",
        ),
        check=all_of(not_anyone("member"), not_anyone("members")),
        fix="Name the service accounts that need it.",
        references=checkov("CKV2_GCP_6", "CKV_GCP_99", "CKV_GCP_112") + google_scc("KMS_PUBLIC_KEY"),
    ),
    Rule(
        id="kubernetes-rbac-role-wildcard",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role"),
        check=_cluster_role,
        fix="List the verbs, resources and API groups the workload needs.",
        references=checkov("CKV_K8S_49"),
    ),
    Rule(
        id="kubernetes-rbac-binding-admin",
        family=FAMILY,
        severity=Severity.HIGH,
        types=(
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
        ),
        check=_cluster_admin,
        fix="Bind a role that lists what the subject needs.",
    ),
    Rule(
        id="gcp-any-workload-default-account",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        check=_default_account,
        why="The project's default service account is shared by everything that names none, and is an Editor in older projects.",
        fix="Give a service account of the workload's own, with the roles it needs.",
        references=checkov("CKV_GCP_30") + google_scc("DEFAULT_SERVICE_ACCOUNT_USED"),
        controls=frameworks.SYSTEM_ACCOUNTS,
        unknown=Unknown.SET,
    ),
)
