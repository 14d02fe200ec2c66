"""Who the serving container is, what it may read, and who may call it."""

import re
from collections.abc import Iterator, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem

from .names import account_id
from .scope import Scope

CALLER = re.compile(r"(user|serviceAccount|group|domain):\S+|(principal|principalSet)://\S+")
CALLER_ROLE = "roles/aiplatform.user"
"""On one endpoint it allows to predict, read and update that endpoint: Google has no narrower predefined role for resources of Vertex AI."""


def caller_problems(callers: Sequence[str]) -> Iterator[Problem]:
    """Problems of `access.callers`: what is no IAM member, everybody, or there twice."""
    yield from member_problems("access.callers", callers)


def member_problems(argument: str, members: Sequence[str]) -> Iterator[Problem]:
    """Problems of IAM members that `argument` lists."""
    for index, caller in enumerate(members):
        path = f"{argument}[{index}]"
        if not CALLER.fullmatch(caller):
            yield Problem(path, f"'{caller}' is no IAM member; allowed: user:, serviceAccount:, group:, domain:, principal://, principalSet://")
        if caller in members[:index]:
            yield Problem(path, f"'{caller}' is there twice")


def serving_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account the container runs as. It has no keys and no role in the project."""
    return _account(scope, "identity", scope.name, "Serves", "The identity of a model's container, made by modeldeploy")


def starting_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account that starts a batch at its times, and may do nothing else."""
    return _account(scope, "starter", f"{scope.name}-start", "Starts", "Starts a batch at its times, made by modeldeploy")


def working_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account of a workflow that makes runs."""
    return _account(scope, "worker", f"{scope.name}-run", "Runs", "Runs a batch when it is started, made by modeldeploy")


def building_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account that builds a function from its code."""
    return _account(scope, "builder", f"{scope.name}-build", "Builds", "Builds a function from its code, made by modeldeploy")


def nodes_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account of a cluster's machines."""
    return _account(scope, "nodes", f"{scope.name}-nodes", "Machines of", "The identity of a cluster's machines, made by modeldeploy")


def gateway_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account with which a gateway calls what is behind it."""
    return _account(scope, "gateway", f"{scope.name}-gate", "Calls", "Calls a model for those a gateway let in, made by modeldeploy")


def pushing_account(scope: Scope) -> gcp.serviceaccount.Account:
    """The service account with which Pub/Sub hands records to a consumer."""
    return _account(scope, "pusher", f"{scope.name}-push", "Pushes to", "Hands records to a consumer, made by modeldeploy")


def _account(scope: Scope, purpose: str, name: str, verb: str, description: str) -> gcp.serviceaccount.Account:
    return gcp.serviceaccount.Account(
        f"{scope.name}-{purpose}",
        gcp.serviceaccount.AccountArgs(
            account_id=account_id(name, pulumi.get_stack()),
            display_name=f"{verb} {scope.name}"[:100],
            description=description,
            project=scope.project,
        ),
        scope.after_apis(),
    )


def let_read_models(scope: Scope, account: gcp.serviceaccount.Account, bucket: gcp.storage.Bucket, remote: Sequence[str]) -> list[pulumi.Resource]:
    """Lets `account` read the model bucket and the `remote` buckets that models are in: with an account of its own, a container loads its artifact
    by itself."""
    return [
        _reader(scope, "reads-models", bucket.name, account.member),
        *(_reader(scope, f"reads-bucket-{each}", each, account.member) for each in remote),
    ]


def let_pool_read_models(scope: Scope, identity: pulumi.Input[str], bucket: gcp.storage.Bucket) -> list[pulumi.Resource]:
    """Lets the account of a pool read the model bucket of one of its endpoints. Buckets that several have models in are left to their owner: the
    permission is the same for all of them, and the first endpoint to go would take it along."""
    return [_reader(scope, "reads-models", bucket.name, pulumi.Output.concat("serviceAccount:", identity))]


def _reader(scope: Scope, purpose: str, bucket: pulumi.Input[str], member: pulumi.Input[str]) -> gcp.storage.BucketIAMMember:
    return gcp.storage.BucketIAMMember(
        f"{scope.name}-{purpose}",
        gcp.storage.BucketIAMMemberArgs(bucket=bucket, role="roles/storage.objectViewer", member=member),
        scope.child(),
    )


def let_call(scope: Scope, endpoint: gcp.vertex.AiEndpoint, callers: Sequence[str]) -> None:
    """Lets `callers` send requests to `endpoint`, and to no other."""
    for caller in callers:
        gcp.vertex.AiEndpointIamMember(
            f"{scope.name}-caller-{caller}",
            gcp.vertex.AiEndpointIamMemberArgs(endpoint=endpoint.name, location=scope.region, project=scope.project, role=CALLER_ROLE, member=caller),
            scope.child(),
        )
