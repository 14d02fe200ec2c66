"""Who the model is, and who may call it: the two IAM roles of an endpoint."""

import re
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.model import Model
from modeldeploy.spec.names import fit

from .account import Account
from .model_store import CAPTURE_PREFIX, ModelStore
from .policy_documents import Statement, document, trust
from .security_groups import POSTGRES, Place

ECR_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<repository>[^@:]+)(?::[^@]+)?@sha256:.+")
"""An image in Amazon ECR. Images elsewhere are pulled from a registry inside the network, which takes no permission."""


def database_user(name: str) -> str:
    """The database user of the endpoint `name`: PostgreSQL takes up to 63 letters, digits and '_' without quotes."""
    return fit(name.replace("-", "_"), 63, "_")


def database_environment(name: str, database: DatabaseConnection | None) -> dict[str, pulumi.Input[str]]:
    """The variables by which a container of `name` finds its database."""
    if database is None:
        return {}
    return {
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": str(POSTGRES),
        "DATABASE_NAME": database.database,
        "DATABASE_USER": database_user(name),
    }


def database_grant(database: DatabaseConnection | None, user: str) -> pulumi.Output[str]:
    """The statement that makes the user and lets it log in with an IAM token and read the tables of the schema `public`.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    """
    if database is None:
        return pulumi.Output.from_input("")
    return pulumi.Output.from_input(database.database).apply(
        lambda it: (
            f"DO $$ BEGIN CREATE USER {user}; GRANT rds_iam TO {user}; GRANT CONNECT ON DATABASE {it} TO {user}; "
            f"GRANT USAGE ON SCHEMA public TO {user}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}; "
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {user}; END $$;"
        )
    )


def execution_role(
    name: str,
    models: Sequence[Model],
    store: ModelStore,
    key: pulumi.Output[str],
    logs: Sequence[pulumi.Output[str]],
    alarms: Sequence[pulumi.Output[str]],
    place: Place | None,
    database: DatabaseConnection | None,
    captures: bool,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role that SageMaker and the container act with, and its permissions, which must exist before a model is made.

    What each is for: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html (CreateModel API). Without a `place` the container is on
    SageMaker's own network.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-execution",
        description=f"What the model {name} may do",
        assume_role_policy=account.id.apply(lambda it: trust("sagemaker.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    # The first policy is made of what is known before anything exists, so that previews can judge its wildcards.
    platform = aws.iam.RolePolicy(
        f"{name}-platform",
        role=role.name,
        policy=account.partition.apply(lambda partition: document(*_platform(models, partition, place is not None))),
        opts=opts,
    )
    data = aws.iam.RolePolicy(
        f"{name}-data",
        role=role.name,
        policy=pulumi.Output.all(
            store.bucket.arn, key, pulumi.Output.all(*logs), pulumi.Output.all(*store.object_arns), pulumi.Output.all(*alarms)
        ).apply(lambda it: document(*_data(it[0], it[1], it[2], it[3], it[4], captures))),
        opts=opts,
    )
    permissions: list[pulumi.Resource] = [platform, data]
    if place is not None:
        subnet_ids = pulumi.Output.all(*place.network.subnet_ids)
        attachment = aws.iam.RolePolicy(
            f"{name}-network",
            role=role.name,
            policy=pulumi.Output.all(account.partition, account.region, account.id, subnet_ids, place.group.id).apply(
                lambda it: document(*interface_statements(it[0], it[1], it[2], it[3], it[4]))
            ),
            opts=opts,
        )
        permissions.append(attachment)
    if database is not None:
        permissions.append(
            aws.iam.RolePolicy(
                f"{name}-database",
                role=role.name,
                policy=pulumi.Output.all(account.partition, account.region, account.id, database.id).apply(
                    lambda it: document(login_statement(it[0], it[1], it[2], it[3], database_user(name)))
                ),
                opts=opts,
            )
        )
    return role, permissions


def invoker_role(
    name: str,
    callers: Sequence[str],
    called: Sequence[pulumi.Output[str]],
    vpc_id: pulumi.Output[str] | None,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.iam.Role | None:
    """The role that callers assume to call this endpoint, `called` by its ARN and those of what is hosted on it, and nothing else; from inside the
    network `vpc_id` unless that is None.

    SageMaker endpoints have no resource policy: who else may invoke is decided by the IAM policies of the account.
    """
    if not callers:
        return None
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-invoker",
        description=f"Calls the endpoint {name}",
        assume_role_policy=document({"Effect": "Allow", "Principal": {"AWS": sorted(callers)}, "Action": "sts:AssumeRole"}),
        max_session_duration=3600,
        tags=tags,
        opts=opts,
    )
    aws.iam.RolePolicy(
        f"{name}-invoker",
        role=role.name,
        policy=pulumi.Output.all(vpc_id, *called).apply(lambda it: document(_invoke(it[1:], it[0]))),
        opts=opts,
    )
    return role


def pull_statements(images: Sequence[str], partition: str) -> list[Statement]:
    """What pulling these images takes, of those that are in ECR."""
    repositories = sorted(
        {
            f"arn:{partition}:ecr:{image['region']}:{image['account']}:repository/{image['repository']}"
            for image in map(ECR_IMAGE.fullmatch, images)
            if image is not None
        }
    )
    pull: list[Statement] = [
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
            "Resource": repositories,
        },
        # The token is for the registry, not for a repository: the API takes no resource.
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]
    return pull if repositories else []


def login_statement(partition: str, region: str, account: str, database: str, user: str) -> Statement:
    """Logging in to a database. No resource output carries this ARN:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html."""
    return {"Effect": "Allow", "Action": "rds-db:connect", "Resource": f"arn:{partition}:rds-db:{region}:{account}:dbuser:{database}/{user}"}


def _platform(models: Sequence[Model], partition: str, inside: bool) -> list[Statement]:
    """What SageMaker does on the model's behalf: pull its image, publish its metrics, and look at the network when it is `inside` of one."""
    return [
        *pull_statements([model.container.image for model in models], partition),
        service_metrics(),
        *([reading_network()] if inside else []),
    ]


def service_metrics() -> Statement:
    """Publishing metrics. The API takes no resource; the condition keeps it to SageMaker's namespaces and ours."""
    namespaces = ["/aws/sagemaker/*", "aws/sagemaker/*", "AWS/SageMaker", "modeldeploy/*"]
    return {
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringLike": {"cloudwatch:namespace": namespaces}},
    }


def reading_network() -> Statement:
    """Looking at the network: these APIs take no resource."""
    return {
        "Effect": "Allow",
        "Action": [
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeVpcs",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
        ],
        "Resource": "*",
    }


def data_key_statements(key: str) -> list[Statement]:
    """Using the key for data, and for the volumes of machines, which SageMaker encrypts through a grant."""
    return [
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], "Resource": key},
        {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": key, "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
    ]


def interface_statements(partition: str, region: str, account: str, subnets: list[str], group: str) -> list[Statement]:
    """The instances' network interfaces, in these subnets with this group. The interfaces themselves have no name before they exist."""
    here = f"arn:{partition}:ec2:{region}:{account}"
    interfaces = f"{here}:network-interface/*"
    manage = ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"]
    return [
        {
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [interfaces, *(f"{here}:subnet/{subnet}" for subnet in subnets), f"{here}:security-group/{group}"],
        },
        {"Effect": "Allow", "Action": manage, "Resource": interfaces},
    ]


def _data(bucket: str, key: str, logs: list[str], objects: list[str], alarms: list[str], captures: bool) -> list[Statement]:
    """What this model reads and writes."""
    streams = [each for group in logs for each in (group, f"{group}:*")]
    writes: list[Statement] = [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{CAPTURE_PREFIX}*"}]
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        *(writes if captures else []),
        *data_key_statements(key),
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], "Resource": streams},
        # SageMaker looks at the alarms while it shifts traffic.
        *([{"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": alarms}] if alarms else []),
    ]


def _invoke(called: list[str], vpc_id: str | None) -> Statement:
    inside = {"Condition": {"StringEquals": {"aws:SourceVpc": vpc_id}}} if vpc_id else {}
    return {
        "Effect": "Allow",
        "Action": ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"],
        "Resource": called if len(called) > 1 else called[0],
        **inside,
    }
