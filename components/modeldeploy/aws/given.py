"""Rules for what a deployment is given: keys, networks, callers, secrets, folders."""

import re
from collections.abc import Iterator, Mapping, Sequence

import pulumi

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Operations

CALLER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+")
SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+(:[^:]*){0,3}")
FOLDER = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")


def caller_problems(callers: Sequence[str], path: str = "access.callers") -> Iterator[Problem]:
    """Problems of the identities at `path`."""
    for index, caller in enumerate(callers):
        if not CALLER.fullmatch(caller):
            yield Problem(f"{path}[{index}]", f"'{caller}' is not an ARN of an IAM role or user (arn:aws:iam::<account>:role/<name>)")


def network_problems(network: Network) -> Iterator[Problem]:
    """Problems of `network`."""
    if network.id is not None and network.callers:
        yield Problem(
            "network.callers",
            "excludes network.id: the given network's own VPC endpoints decide who reaches them; list the ranges at AwsNetwork's `callers`",
        )


def key_problems(encryption: Encryption) -> Iterator[Problem]:
    """Problems of `encryption`."""
    if isinstance(encryption.key, str) and not KEY_ARN.fullmatch(encryption.key):
        yield Problem("encryption.key", f"'{encryption.key}' is not the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>)")


def secret_arn_problems(secrets: Mapping[str, pulumi.Input[str]], path: str = "secrets") -> Iterator[Problem]:
    """Problems of the secrets at `path`: what is no secret of Secrets Manager."""
    for name, address in secrets.items():
        if isinstance(address, str) and not SECRET_ARN.fullmatch(address):
            yield Problem(
                f"{path}.{name}",
                f"'{address}' is not the ARN of a secret in Secrets Manager (arn:aws:secretsmanager:<region>:<account>:secret:<name>)",
            )


def capture_problems(operations: Operations, where: str) -> Iterator[Problem]:
    """Problems of `operations.capture_percent`, which SageMaker alone does by itself."""
    if operations.capture_percent:
        yield Problem("operations.capture_percent", f"has no effect on {where}; let the model write what is to be kept, or use SageMakerEndpoint")


def folder_problems(path: str, folder: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of a folder in S3."""
    if isinstance(folder, str) and not FOLDER.fullmatch(folder):
        yield Problem(path, f"'{folder}' is no folder in S3; write s3://<bucket>/<folder>/")
