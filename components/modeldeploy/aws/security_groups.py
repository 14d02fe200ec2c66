"""What may talk to what inside the network."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .account import Account
from .network import Attachment

POSTGRES = 5432


@dataclass(frozen=True)
class Place:
    """Where the instances of a model are: in a network, with a group of their own."""

    network: Attachment
    group: aws.ec2.SecurityGroup


def model_group(
    name: str, attachment: Attachment, reads_database: bool, account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """The group of a model's instances: nothing comes in (SageMaker calls the container from its own side), and out only to AWS services and the
    database."""
    opts = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(f"{name}-model", description="Instances that serve the model", vpc_id=attachment.vpc_id, tags=tags, opts=opts)
    _egress(f"{name}-model-services", group, "Private endpoints of AWS services", 443, tags, parent, cidr=attachment.cidr)
    let_out_to_s3(f"{name}-model-s3", group, "Model artifacts in S3", account, tags, parent)
    if reads_database:
        _egress(f"{name}-model-database", group, "The database", POSTGRES, tags, parent, cidr=attachment.cidr)
    return group


def database_group(name: str, attachment: Attachment, callers: Sequence[str], tags: dict[str, str], parent: pulumi.Resource) -> aws.ec2.SecurityGroup:
    """The group of a database: PostgreSQL from the network and the ranges that are connected to it; nothing goes out."""
    opts = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(f"{name}-database", description="The database", vpc_id=attachment.vpc_id, tags=tags, opts=opts)
    let_in(f"{name}-database", group, [attachment.cidr, *callers], POSTGRES, tags, parent)
    return group


def let_in(
    name: str,
    group: aws.ec2.SecurityGroup,
    ranges: Sequence[pulumi.Input[str]],
    port: int,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Lets ranges open connections to what is in a group, on one port. The first range is the network itself."""
    for index, caller in enumerate(ranges):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-{index}",
            security_group_id=group.id,
            description="The network itself" if index == 0 else "Callers of a connected network",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=caller,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )


def let_out(
    name: str,
    group: aws.ec2.SecurityGroup,
    description: str,
    ranges: Sequence[pulumi.Input[str]],
    port: int,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Lets what is in a group open connections to ranges, on one port."""
    for index, reached in enumerate(ranges):
        _egress(f"{name}-{index}", group, description, port, tags, parent, cidr=reached)


def let_out_to_s3(name: str, group: aws.ec2.SecurityGroup, description: str, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """Lets what is in a group open connections to S3."""
    s3 = aws.ec2.get_prefix_list_output(
        name=account.region.apply(lambda region: f"com.amazonaws.{region}.s3"), opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    _egress(name, group, description, 443, tags, parent, prefix_list=s3.id)


def allow(
    name: str,
    description: str,
    source: aws.ec2.SecurityGroup,
    target: aws.ec2.SecurityGroup,
    port: int,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Lets what is in one group open connections to what is in another, on one port."""
    opts = pulumi.ResourceOptions(parent=parent)
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=source.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        referenced_security_group_id=target.id,
        tags=tags,
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=target.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        referenced_security_group_id=source.id,
        tags=tags,
        opts=opts,
    )


def _egress(
    name: str,
    group: aws.ec2.SecurityGroup,
    description: str,
    port: int,
    tags: dict[str, str],
    parent: pulumi.Resource,
    cidr: pulumi.Input[str] | None = None,
    prefix_list: pulumi.Input[str] | None = None,
) -> None:
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_ipv4=cidr,
        prefix_list_id=prefix_list,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
