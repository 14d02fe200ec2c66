"""The private network: no way in, private access to services, flow logs."""

import json
from typing import Any

import pytest

from modeldeploy.aws.network import FURTHER_SERVICES, SERVICES, AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import ArgumentError, Environment
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, run, statements
from tests.support.mocks import Graph


def make(**changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        network = AwsNetwork("net", AwsNetworkArgs(**changes))
        reference = network.reference()
        return {name: getattr(network, name) for name in AwsNetwork.__annotations__} | {"reference": [reference.id, *reference.subnet_ids]}

    return run(program)


def test_nothing_comes_in_from_the_internet_and_nothing_goes_out_to_it() -> None:
    graph = make()
    assert not any("internetGateway" in each or "natGateway" in each or "ec2/route:" in each for each in graph.types())
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in graph.all("aws:ec2/subnet:Subnet"))
    default = graph.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert "ingress" not in default.inputs
    assert "egress" not in default.inputs


def test_two_private_subnets_lie_in_two_zones() -> None:
    graph = make(cidr="10.20.0.0/16")
    subnets = sorted(graph.all("aws:ec2/subnet:Subnet"), key=lambda each: each.name)
    assert [each.inputs["cidrBlock"] for each in subnets] == ["10.20.0.0/20", "10.20.16.0/20"]
    assert [each.inputs["availabilityZone"] for each in subnets] == [f"{REGION}a", f"{REGION}b"]
    assert len(graph.all("aws:ec2/routeTableAssociation:RouteTableAssociation")) == 2


def test_the_smallest_network_has_room_for_both_subnets() -> None:
    graph = make(cidr="10.20.0.0/20")
    assert sorted(each.inputs["cidrBlock"] for each in graph.all("aws:ec2/subnet:Subnet")) == ["10.20.0.0/24", "10.20.1.0/24"]


def test_services_are_reached_privately_by_their_usual_names() -> None:
    endpoints = {each.inputs["serviceName"]: each.inputs for each in make().all("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert set(endpoints) == {f"com.amazonaws.{REGION}.{service}" for service in (*SERVICES, *FURTHER_SERVICES, "s3")}
    for name, inputs in endpoints.items():
        if name.endswith(".s3"):
            assert (inputs["vpcEndpointType"], inputs["routeTableIds"]) == ("Gateway", ["net-private-id"])
        else:
            assert (inputs["vpcEndpointType"], inputs["privateDnsEnabled"]) == ("Interface", True)
            assert inputs["securityGroupIds"] == ["net-services-id"]
            assert sorted(inputs["subnetIds"]) == ["net-private-1-id", "net-private-2-id"]


def test_private_apis_have_an_endpoint_unless_it_is_left_out() -> None:
    assert make().outputs["api_endpoint_id"] == "net-execute-api-id"
    without = make(services=[])
    assert without.outputs["api_endpoint_id"] == ""
    assert len(without.all("aws:ec2/vpcEndpoint:VpcEndpoint")) == len(SERVICES) + 1


def test_only_principals_of_the_account_pass_the_private_endpoints() -> None:
    for endpoint in make().all("aws:ec2/vpcEndpoint:VpcEndpoint"):
        first, *others = statements(endpoint.inputs["policy"])
        assert [*first["Condition"].values()] == [{"aws:PrincipalAccount": ACCOUNT}]
        # Image layers are AWS's own, so S3 has one more, for reading them only.
        assert [(each["Action"], each["Resource"]) for each in others] == (
            [("s3:GetObject", f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*")] if endpoint.name == "net-s3" else []
        )


def test_services_answer_the_network_and_the_ranges_listed_on_https_only() -> None:
    rules = make(cidr="10.20.0.0/16", callers=["10.99.0.0/16"]).all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert sorted(each.inputs["cidrIpv4"] for each in rules) == ["10.20.0.0/16", "10.99.0.0/16"]
    assert {(each.inputs["ipProtocol"], each.inputs["fromPort"], each.inputs["toPort"]) for each in rules} == {("tcp", 443, 443)}


def test_all_traffic_is_logged_encrypted_for_the_time_stated() -> None:
    graph = make(log_retention_days=365)
    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, KEY)
    flow = graph.one("aws:ec2/flowLog:FlowLog").inputs
    assert (flow["trafficType"], flow["logDestination"], flow["vpcId"]) == ("ALL", "arn:logs:group-made", "vpc-made")
    (trust,) = statements(graph.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_key_given_encrypts_the_logs_and_none_is_made() -> None:
    graph = make(key="arn:aws:kms:eu-west-1:111122223333:key/given")
    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["kmsKeyId"].endswith("/given")
    assert not graph.all("aws:kms/key:Key")


@pytest.mark.parametrize(("environment", "protected"), [(Environment.PRODUCTION, True), (Environment.DEVELOPMENT, False)])
def test_the_key_is_protected_in_production(environment: Environment, protected: bool) -> None:
    key = make(environment=environment).one("aws:kms/key:Key")
    assert key.options.protect is protected
    assert key.inputs["deletionWindowInDays"] == (30 if protected else 7)


def test_it_refers_to_itself_as_the_argument_of_deployments() -> None:
    outputs = make(cidr="10.20.0.0/16").outputs
    assert outputs["reference"] == ["vpc-made", "net-private-1-id", "net-private-2-id"]
    assert outputs["subnet_ids"] == ["net-private-1-id", "net-private-2-id"]
    assert (outputs["id"], outputs["cidr"], outputs["endpoint_security_group_id"]) == ("vpc-made", "10.20.0.0/16", "net-services-id")


def test_everything_that_takes_tags_has_them() -> None:
    for each in make(tags={"team": "x"}, environment=Environment.DEVELOPMENT).registrations:
        if each.type.startswith("aws:") and not each.type.endswith((":RouteTableAssociation", ":RolePolicy")):
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.name


def test_the_key_serves_logs_of_this_account_and_nobody_else_s() -> None:
    policy = json.loads(make().one("aws:kms/key:Key").inputs["policy"])
    logs = next(each for each in policy["Statement"] if each["Sid"] == "LogsOfThisAccount")
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"}
    assert all(each["Sid"] == "AccountAdministersByIam" or "Condition" in each for each in policy["Statement"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cidr": "0.0.0.0/0"}, "cidr: '0.0.0.0/0' is open to the internet"),
        ({"cidr": "10.0.0.0/24"}, "cidr: '10.0.0.0/24' has the wrong size; use /16 to /20"),
        ({"callers": ["8.8.8.0/24"]}, r"callers\[0\]: '8.8.8.0/24' is open to the internet"),
        ({"log_retention_days": 7}, "log_retention_days: 7 is not allowed"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=rf"AwsNetwork 'net': {message}"):
        make(**changes)


def test_further_services_are_reached_privately_too() -> None:
    endpoints = {each.name: each.inputs for each in make(services=["eks", "ecs-agent"]).all("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert endpoints["net-eks"]["serviceName"] == f"com.amazonaws.{REGION}.eks"
    assert endpoints["net-ecs-agent"]["privateDnsEnabled"] is True
    assert len(endpoints) == len(SERVICES) + 3


def test_a_network_without_the_usual_services_may_have_some_of_them() -> None:
    args = AwsNetworkArgs(services=["sagemaker.runtime"], usual_services=False)
    assert parse(AwsNetworkArgs, args, "net").services == ["sagemaker.runtime"]
    with pytest.raises(ArgumentError, match=r"services\[0\]: 's3' is no further service"):
        parse(AwsNetworkArgs, AwsNetworkArgs(services=["s3"], usual_services=False), "net")


@pytest.mark.parametrize("service", ["com.amazonaws.eu-west-1.eks ", "EKS", "sts", "s3", ""])
def test_a_service_that_is_none_or_there_already_is_refused(service: str) -> None:
    with pytest.raises(ArgumentError, match=r"services\[0\]: .* is no further service; write its name as in com\.amazonaws"):
        parse(AwsNetworkArgs, AwsNetworkArgs(services=[service]), "x")
