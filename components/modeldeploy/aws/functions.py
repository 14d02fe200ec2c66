"""AWS Lambda functions: the role they act with, the code they run, the functions themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec import artifact
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.serverless import Code, FunctionModel

from .account import Account
from .architecture import Architecture
from .folders import artifact_statements
from .identity import ECR_IMAGE, database_user, login_statement
from .model_store import ModelStore, object_tags
from .network import Attachment
from .policy_documents import Statement, document, trust

ALIAS = "live"
"""The name under which a function is called: it points to the published version that answers."""

RESERVED = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "_HANDLER")
"""Variables that Lambda keeps for itself, besides AWS_LAMBDA_* and AWS_EXECUTION_ENV:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime."""


@dataclass(frozen=True)
class Shape:
    """What all versions of a function have in common."""

    memory_mib: int
    scratch_mib: int
    seconds: int
    """Longest time a request may take."""
    warm: int
    """Instances that are kept warm."""
    maximum: int
    """Instances at most."""
    architecture: Architecture
    role: aws.iam.Role
    permissions: Sequence[pulumi.Resource]
    network: Attachment
    group: aws.ec2.SecurityGroup
    log_group: aws.cloudwatch.LogGroup
    letters: aws.sqs.Queue | None
    """Where requests go that nobody waits for and that failed three times. None where somebody waits for each, as the reader of a stream does."""
    key: pulumi.Output[str]


def function_role(
    name: str,
    store: ModelStore,
    secrets: Mapping[str, pulumi.Input[str]],
    key: pulumi.Output[str],
    logs: pulumi.Output[str],
    letters: pulumi.Output[str] | None,
    network: Attachment,
    group: aws.ec2.SecurityGroup,
    database: DatabaseConnection | None,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role that Lambda and the function's code act with, and its permissions, which must exist before a function is made.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html. Its image is pulled by Lambda itself.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-function", description=f"What the model {name} may do", assume_role_policy=trust("lambda.amazonaws.com"), tags=tags, opts=opts
    )
    # Made of what is known before anything exists, so that previews can judge its wildcards.
    platform = aws.iam.RolePolicy(
        f"{name}-platform",
        role=role.name,
        policy=pulumi.Output.all(account.partition, account.region, account.id).apply(lambda it: document(*_platform(it[0], it[1], it[2]))),
        opts=opts,
    )
    data = aws.iam.RolePolicy(
        f"{name}-data",
        role=role.name,
        policy=pulumi.Output.all(pulumi.Output.all(*store.object_arns), key, logs, letters, pulumi.Output.all(*secrets.values())).apply(
            lambda it: document(*_data(it[0], it[1], it[2], it[3], it[4]))
        ),
        opts=opts,
    )
    attachment = aws.iam.RolePolicy(
        f"{name}-network",
        role=role.name,
        policy=pulumi.Output.all(account.partition, account.region, account.id, pulumi.Output.all(*network.subnet_ids), group.id).apply(
            lambda it: document(*_network(it[0], it[1], it[2], it[3], it[4]))
        ),
        opts=opts,
    )
    permissions: list[pulumi.Resource] = [platform, data, attachment]
    if database is not None:
        login = pulumi.Output.all(account.partition, account.region, account.id, database.id).apply(
            lambda it: document(login_statement(it[0], it[1], it[2], it[3], database_user(name)))
        )
        permissions.append(aws.iam.RolePolicy(f"{name}-database", role=role.name, policy=login, opts=opts))
    return role, permissions


def function_problems(model: FunctionModel, taken: Sequence[str], reads_database: bool) -> Iterator[Problem]:
    """Problems of a version that a function runs: variables that are not free, and an image that Lambda cannot take.

    `taken` are the variables that the component sets.
    """
    where = "container" if model.code is None else "code"
    for variable in model.variables:
        if variable in taken or (reads_database and variable.startswith("DATABASE_")):
            yield Problem(f"{where}.environment.{variable}", "is set by the component; leave it out")
        elif variable in RESERVED or variable.startswith("AWS_LAMBDA_") or variable == "AWS_EXECUTION_ENV":
            yield Problem(f"{where}.environment.{variable}", "is a variable that Lambda keeps for itself; use another name")
    if model.container is not None and not ECR_IMAGE.fullmatch(model.container.image):
        yield Problem("container.image", f"'{model.container.image}' is not in Amazon ECR, from where alone Lambda takes images; copy it there")


def function(
    name: str,
    logical: str,
    model: FunctionModel,
    environment: Mapping[str, pulumi.Input[str]],
    shape: Shape,
    store: ModelStore,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.lambda_.Function:
    """The function. A change publishes a version of it, to which its alias then moves: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html.

    It has a log group, a key, a network and, unless somebody waits for each answer, a queue for what it could not do; nobody can call it past its
    alias but by IAM.
    """
    code = None if model.code is None else _uploaded(name, model, model.code, store, shape.key, tags, parent)
    return aws.lambda_.Function(
        logical,
        description=f"Predictions of {name}",
        package_type="Image" if model.code is None else "Zip",
        image_uri=None if model.container is None else model.container.image,
        s3_bucket=None if code is None else code.bucket,
        s3_key=None if code is None else code.key,
        source_kms_key_arn=None if code is None else shape.key,
        runtime=None if model.code is None else f"python{model.code.python}",
        handler=None if model.code is None else model.code.handler,
        architectures=[shape.architecture.value],
        role=shape.role.arn,
        memory_size=shape.memory_mib,
        ephemeral_storage=aws.lambda_.FunctionEphemeralStorageArgs(size=shape.scratch_mib),
        timeout=shape.seconds,
        reserved_concurrent_executions=shape.maximum,
        publish=True,
        environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
        kms_key_arn=shape.key,
        vpc_config=aws.lambda_.FunctionVpcConfigArgs(subnet_ids=shape.network.subnet_ids, security_group_ids=[shape.group.id]),
        tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=shape.log_group.name),
        dead_letter_config=None if shape.letters is None else aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=shape.letters.arn),
        tags={**tags, "model-version": model.version},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*shape.permissions, *shape.network.ready]),
    )


def live_alias(logical: str, made: aws.lambda_.Function, warm: int, parent: pulumi.Resource) -> aws.lambda_.Alias:
    """The alias that moves to each published version at once, and the instances that are kept warm for it."""
    opts = pulumi.ResourceOptions(parent=parent)
    alias = aws.lambda_.Alias(logical, name=ALIAS, function_name=made.name, function_version=made.version, opts=opts)
    if warm:
        aws.lambda_.ProvisionedConcurrencyConfig(
            logical, function_name=made.name, qualifier=alias.name, provisioned_concurrent_executions=warm, opts=opts
        )
    return alias


def may_call(
    logical: str, made: aws.lambda_.Function, principal: str, source: pulumi.Input[str], after: Sequence[pulumi.Resource], parent: pulumi.Resource
) -> aws.lambda_.Permission:
    """Lets a service call the function's alias, for one resource of its own."""
    return aws.lambda_.Permission(
        logical,
        function=made.name,
        qualifier=ALIAS,
        action="lambda:InvokeFunction",
        principal=principal,
        source_arn=source,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def _uploaded(
    name: str, model: FunctionModel, code: Code, store: ModelStore, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource
) -> aws.s3.BucketObjectv2:
    """The code in the model bucket: Lambda takes 50 MB by itself and 250 MB, unpacked, from there."""
    digest = artifact.content_hash(code.source)
    return aws.s3.BucketObjectv2(
        f"{name}-code-{model.version}-{digest}",
        bucket=store.bucket.id,
        key=f"code/{model.name}/{model.version}/{digest}/code.zip",
        source=pulumi.FileAsset(str(artifact.zip_archive(code.source))),
        server_side_encryption="aws:kms",
        kms_key_id=key,
        bucket_key_enabled=True,
        tags=object_tags(tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=store.ready),
    )


def _platform(partition: str, region: str, account: str) -> list[Statement]:
    """What takes no narrower resource: looking at the network, and traces. The code itself may not touch network interfaces
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice-security)."""
    return [
        {"Effect": "Allow", "Action": ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"},
        {
            "Sid": "LambdaItselfOnly",
            "Effect": "Deny",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:AssignPrivateIpAddresses",
                "ec2:UnassignPrivateIpAddresses",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": f"arn:{partition}:lambda:{region}:{account}:function:*"}},
        },
    ]


def _data(objects: list[str], key: str, logs: str, letters: str | None, secrets: Sequence[str]) -> list[Statement]:
    """What this model reads and writes."""
    named = sorted({":".join(secret.split(":")[:7]) for secret in secrets})
    reads: list[Statement] = [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": named}]
    return [
        *artifact_statements(objects, key),
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{logs}:*"},
        *([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": letters}] if letters else []),
        *(reads if named else []),
    ]


def _network(partition: str, region: str, account: str, subnets: list[str], group: str) -> list[Statement]:
    """The network interfaces, in these subnets with this group; they have no name before they exist."""
    here = f"arn:{partition}:ec2:{region}:{account}"
    manage = ["ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
    return [
        {
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [f"{here}:network-interface/*", *(f"{here}:subnet/{subnet}" for subnet in subnets), f"{here}:security-group/{group}"],
        },
        # Lambda refuses a role that names network interfaces only:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
        {"Effect": "Allow", "Action": manage, "Resource": f"{here}:*/*"},
    ]
