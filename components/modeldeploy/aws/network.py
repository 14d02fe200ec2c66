"""A private network: subnets in two availability zones, private access to the AWS services a deployment calls, and no way in from the internet.

It has no internet or NAT gateway, so nothing in it reaches the internet either. Whoever needs that brings a network of their own.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.network import Network, NetworkArgs, cidr_problems, subnets
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account
from .instances import INTERFACE_ENDPOINT_HOURLY_USD, monthly
from .keys import key_arn
from .policy_documents import Statement, document, trust

ZONES = 2
"""Availability zones used: what RDS needs for a standby, and every region has."""

LONGEST_NAME = 50
"""An IAM role's name, 64 characters at most, is made of the component's, `-flows` and what auto-naming adds."""

SERVICE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

SERVICES = ("sagemaker.runtime", "sts", "logs", "ecr.api", "ecr.dkr")
"""Services reached through interface endpoints: invocations, the role that callers assume, logs, and images (with S3, which has a gateway)."""

APIS = "execute-api"
"""The service of private APIs."""
SECRETS = "secretsmanager"
"""The service of secrets."""
FURTHER_SERVICES = (APIS, SECRETS)
"""Services that only some deployments need."""


@dataclass(frozen=True, kw_only=True)
class AwsNetworkArgs(NetworkArgs):
    """Arguments of `AwsNetwork`: the shared ones, and who else may reach the services' private endpoints."""

    callers: list[str] = field(default_factory=list[str])
    """Private IPv4 ranges besides the network's own that may call AWS through it (peered networks, offices over VPN), in CIDR notation. Default:
    none."""
    services: list[str] = field(default_factory=lambda: list(FURTHER_SERVICES))
    """AWS services that are reached through it besides those in `SERVICES`, by their names in VPC endpoints (`secretsmanager`, `eks`, `ecs-agent`).
    What a deployment needs of a network that is given is in its own documentation. Each costs about 15 US dollars a month. Default: those in
    `FURTHER_SERVICES`, so that functions and containers can be called and can read secrets."""
    usual_services: bool = True
    """Whether the services in `SERVICES` are reached, for about 75 US dollars a month. A network for functions only does without."""
    key: pulumi.Input[str] | None = None
    """ARN of the KMS key that encrypts the flow logs. Omitted: one is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for index, caller in enumerate(self.callers):
            yield from cidr_problems(f"callers[{index}]", caller)
        reached = (*SERVICES, "s3") if self.usual_services else ("s3",)
        for index, service in enumerate(self.services):
            if not SERVICE.fullmatch(service) or service in reached:
                yield Problem(
                    f"services[{index}]", f"'{service}' is no further service; write its name as in com.amazonaws.<region>.<name>, such as eks"
                )


class AwsNetwork(pulumi.ComponentResource):
    """VPC with private subnets in two zones, VPC endpoints (https://docs.aws.amazon.com/vpc/latest/privatelink/), flow logs, and a closed default
    group."""

    id: pulumi.Output[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """Ids of the private subnets, one per zone."""
    cidr: pulumi.Output[str]
    """Address range of the VPC."""
    endpoint_security_group_id: pulumi.Output[str]
    """Security group of the interface endpoints: who may call AWS through this network."""
    api_endpoint_id: pulumi.Output[str]
    """Id of the endpoint for private APIs (`execute-api`). Empty when `services` leaves it out."""

    def __init__(self, name: str, args: AwsNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AwsNetworkArgs, args, f"AwsNetwork '{name}'")
        check_name(f"AwsNetwork '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:AwsNetwork", name, as_inputs(checked), opts)
        child = pulumi.ResourceOptions(parent=self)
        account = current_account(self)
        tags = standard_tags(checked.tags, checked.environment)

        vpc = aws.ec2.Vpc(name, cidr_block=checked.cidr, enable_dns_support=True, enable_dns_hostnames=True, tags={**tags, "Name": name}, opts=child)
        # Whatever forgets to name a group gets the default one; without rules it lets nothing through.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, tags=tags, opts=child)
        routes = aws.ec2.RouteTable(f"{name}-private", vpc_id=vpc.id, tags=tags, opts=child)
        self._subnets = _private_subnets(name, checked.cidr, vpc, routes, tags, self)
        subnet_ids = [subnet.id for subnet in self._subnets]

        group = _endpoint_group(name, [checked.cidr, *checked.callers], vpc, tags, self)
        endpoints = {
            service: aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                vpc_id=vpc.id,
                vpc_endpoint_type="Interface",
                service_name=account.region.apply(lambda region, service=service: f"com.amazonaws.{region}.{service}"),
                private_dns_enabled=True,
                subnet_ids=subnet_ids,
                security_group_ids=[group.id],
                policy=account.id.apply(lambda it: document(_only_this_account(it))),
                tags=tags,
                opts=child,
            )
            for service in (*(SERVICES if checked.usual_services else ()), *checked.services)
        }
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=account.region.apply(lambda region: f"com.amazonaws.{region}.s3"),
            route_table_ids=[routes.id],
            policy=_s3_policy(account),
            tags=tags,
            opts=child,
        )
        _flow_logs(name, checked, vpc, account, tags, self)

        self.id = vpc.id
        self.subnet_ids = pulumi.Output.all(*subnet_ids)
        self.cidr = vpc.cidr_block
        self.endpoint_security_group_id = group.id
        self.api_endpoint_id = endpoints[APIS].id if APIS in endpoints else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "id": self.id,
                "subnet_ids": self.subnet_ids,
                "cidr": self.cidr,
                "endpoint_security_group_id": self.endpoint_security_group_id,
                "api_endpoint_id": self.api_endpoint_id,
            }
        )

    def reference(self) -> Network:
        """The network as an argument of the deployments in it."""
        return Network(id=self.id, subnet_ids=[subnet.id for subnet in self._subnets])


@dataclass(frozen=True)
class Attachment:
    """Where a deployment is attached: a network given by its user, or made for it."""

    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Input[str]]
    cidr: pulumi.Output[str]
    monthly_usd: float
    """What the network costs when it was made for this deployment; else it is paid for elsewhere."""
    api_endpoint_id: pulumi.Output[str] | None = None
    """Id of the endpoint for private APIs, where the network was made for this deployment."""
    ready: tuple[pulumi.Resource, ...] = ()
    """What must be there before something starts in it: images and models come through the endpoints of a network that was made."""


def attach(
    name: str,
    network: Network,
    key: pulumi.Input[str],
    retention: int,
    environment: Environment,
    tags: dict[str, str],
    parent: pulumi.Resource,
    services: Sequence[str] = (),
    usual_services: bool = True,
) -> Attachment:
    """The network given, or an `AwsNetwork` made under `parent` that reaches `services`, besides the usual ones unless they are not needed."""
    if network.id is not None:
        vpc = aws.ec2.get_vpc_output(id=network.id, opts=pulumi.InvokeOutputOptions(parent=parent))
        return Attachment(pulumi.Output.from_input(network.id), network.subnet_ids, vpc.cidr_block, 0)
    made = AwsNetwork(
        f"{name}-network",
        AwsNetworkArgs(
            cidr=network.range,
            callers=network.callers,
            services=list(services),
            usual_services=usual_services,
            key=key,
            log_retention_days=retention,
            environment=environment,
            tags=tags,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    reference = made.reference()
    usd = monthly(INTERFACE_ENDPOINT_HOURLY_USD) * ZONES * (usual_services * len(SERVICES) + len(services))
    return Attachment(made.id, reference.subnet_ids, made.cidr, usd, made.api_endpoint_id, (made,))


def _private_subnets(
    name: str, cidr: str, vpc: aws.ec2.Vpc, routes: aws.ec2.RouteTable, tags: dict[str, str], parent: pulumi.Resource
) -> list[aws.ec2.Subnet]:
    opts = pulumi.ResourceOptions(parent=parent)
    zones = aws.get_availability_zones_output(
        state="available",
        # Without local zones and regions' extra zones, where not every service is.
        filters=[aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])],
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    made: list[aws.ec2.Subnet] = []
    for index, part in enumerate(subnets(cidr, ZONES, ipaddress.ip_network(cidr).prefixlen + 4)):
        subnet = aws.ec2.Subnet(
            f"{name}-private-{index + 1}",
            vpc_id=vpc.id,
            cidr_block=part,
            availability_zone=zones.names[index],
            map_public_ip_on_launch=False,
            tags={**tags, "Name": f"{name}-private-{index + 1}"},
            opts=opts,
        )
        aws.ec2.RouteTableAssociation(f"{name}-private-{index + 1}", subnet_id=subnet.id, route_table_id=routes.id, opts=opts)
        made.append(subnet)
    return made


def _endpoint_group(name: str, ranges: list[str], vpc: aws.ec2.Vpc, tags: dict[str, str], parent: pulumi.Resource) -> aws.ec2.SecurityGroup:
    opts = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(f"{name}-services", description="Who may call AWS services privately", vpc_id=vpc.id, tags=tags, opts=opts)
    for index, caller in enumerate(ranges):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-services-{index}",
            security_group_id=group.id,
            description="The network itself" if index == 0 else "Callers of a connected network",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=caller,
            tags=tags,
            opts=opts,
        )
    return group


def _only_this_account(account: str, operator: str = "StringEqualsIfExists") -> Statement:
    """Lets principals of this account through, so that stolen credentials of another cannot carry data out.

    "IfExists" keeps calls that have no principal yet, which STS needs (AssumeRoleWithWebIdentity).
    """
    return {
        "Sid": "OnlyThisAccount",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {"aws:PrincipalAccount": account}},
    }


def _s3_policy(account: Account) -> pulumi.Output[str]:
    """As above, and the bucket that holds ECR's image layers (https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html)."""
    return pulumi.Output.all(account.partition, account.region, account.id).apply(
        lambda it: document(
            _only_this_account(it[2], "StringEquals"),
            {
                "Sid": "ImageLayers",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:{it[0]}:s3:::prod-{it[1]}-starport-layer-bucket/*",
            },
        )
    )


def _flow_logs(name: str, args: AwsNetworkArgs, vpc: aws.ec2.Vpc, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> None:
    opts = pulumi.ResourceOptions(parent=parent)
    logs = aws.cloudwatch.LogGroup(
        f"{name}-flows",
        retention_in_days=args.log_retention_days,
        kms_key_id=key_arn(name, Encryption(key=args.key), args.environment, account, tags, parent),
        tags=tags,
        opts=opts,
    )
    role = aws.iam.Role(
        f"{name}-flows", assume_role_policy=account.id.apply(lambda it: trust("vpc-flow-logs.amazonaws.com", it)), tags=tags, opts=opts
    )
    permission = aws.iam.RolePolicy(
        f"{name}-flows",
        role=role.name,
        policy=logs.arn.apply(
            lambda arn: document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    "Resource": [arn, f"{arn}:*"],
                },
                # The API takes no narrower resource for listing groups.
                {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
            )
        ),
        opts=opts,
    )
    aws.ec2.FlowLog(
        f"{name}-flows",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=logs.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=60,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
