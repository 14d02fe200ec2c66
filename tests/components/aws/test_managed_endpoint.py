"""The SageMaker endpoint: what it is made of, and what each argument does to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.managed_endpoint import Guardrails
from modeldeploy.spec import (
    Access,
    Compute,
    Container,
    DatabaseConnection,
    Encryption,
    Environment,
    Exposure,
    Network,
    Operations,
    Scaling,
)
from modeldeploy.spec.rollout import Shadow
from tests.components.aws.mocked import ACCOUNT, CONFIGURATION, IMAGE, KEY, REGION, arguments, deploy, model, statements
from tests.support.mocks import Graph

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ENDPOINT_NAME = "pricing-project-stack"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/shop"
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"])
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")


@pytest.fixture
def plain(tmp_path: Path) -> Graph:
    return deploy(arguments(tmp_path))


def variant(graph: Graph) -> dict[str, Any]:
    (only,) = graph.one(CONFIG).inputs["productionVariants"]
    return only


def permissions(graph: Graph, name: str) -> list[dict[str, Any]]:
    return statements(graph.one(ROLE_POLICY, f"pricing-{name}").inputs["policy"])


# --- security defaults


def test_the_model_runs_inside_the_network_without_network_calls_of_its_own(plain: Graph) -> None:
    inputs = plain.one(MODEL).inputs
    assert inputs["enableNetworkIsolation"] is True
    assert inputs["vpcConfig"]["subnets"] == ["pricing-network-private-1-id", "pricing-network-private-2-id"]
    assert inputs["vpcConfig"]["securityGroupIds"] == ["pricing-model-id"]


def test_the_model_s_group_lets_nothing_in_and_out_only_to_services_and_s3(plain: Graph) -> None:
    rules = {each.name: each.inputs for each in plain.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")}
    assert rules["pricing-model-services"]["cidrIpv4"] == "10.64.0.0/16"
    assert rules["pricing-model-s3"]["prefixListId"] == "pl-s3"
    assert {(each["fromPort"], each["toPort"]) for each in rules.values()} == {(443, 443)}
    ingress = plain.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert all(each.inputs["securityGroupId"] == "pricing-network-services-id" for each in ingress)


def test_everything_that_takes_a_key_has_the_customer_s(plain: Graph) -> None:
    assert plain.one(CONFIG).inputs["kmsKeyArn"] == KEY
    assert plain.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["kmsKeyId"] == KEY
    (rule,) = plain.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert all(each.inputs["kmsKeyId"] == KEY for each in plain.all("aws:cloudwatch/logGroup:LogGroup"))
    assert plain.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY
    key = plain.one("aws:kms/key:Key").inputs
    assert (key["enableKeyRotation"], key["rotationPeriodInDays"]) == (True, 90)


def test_the_bucket_is_private_versioned_and_speaks_only_tls(plain: Graph) -> None:
    block = plain.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {block[each] for each in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")} == {True}
    assert plain.one("aws:s3/bucketVersioning:BucketVersioning").inputs["versioningConfiguration"]["status"] == "Enabled"
    denied = statements(plain.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    assert [each["Effect"] for each in denied] == ["Deny", "Deny"]
    assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}]
    assert all(each["Resource"] == ["arn:aws:s3:::bucket-made", "arn:aws:s3:::bucket-made/*"] for each in denied)


def test_nothing_is_uploaded_before_the_bucket_is_closed_and_encrypted(plain: Graph) -> None:
    waits = plain.one("aws:s3/bucketObjectv2:BucketObjectv2").depends_on
    for kind in ("BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration", "BucketVersioning", "BucketPolicy"):
        assert plain.one(f"aws:s3/{kind[0].lower() + kind[1:]}:{kind}").urn in waits, kind


def test_the_model_may_read_its_artifact_its_image_and_its_logs_and_nothing_else(plain: Graph) -> None:
    granted = [each for name in ("data", "platform", "network") for each in permissions(plain, name)]
    by_action = {action: each for each in granted for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])}
    (artifact,) = by_action["s3:GetObject"]["Resource"]
    assert artifact.startswith("arn:aws:s3:::bucket-made/models/pricing/1/")
    assert by_action["ecr:BatchGetImage"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/pricing"]
    assert by_action["kms:Decrypt"]["Resource"] == KEY
    assert by_action["logs:PutLogEvents"]["Resource"][0] == f"arn:logs:/aws/sagemaker/Endpoints/{ENDPOINT_NAME}"
    assert "s3:PutObject" not in by_action
    assert "rds-db:connect" not in by_action
    # What the APIs take no resource for.
    everywhere = {action for action, each in by_action.items() if each["Resource"] == "*"}
    described = {action for action in everywhere if action.startswith("ec2:Describe")}
    assert everywhere - described == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
    assert not any("*" in action for action in by_action)
    here = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    assert by_action["ec2:CreateNetworkInterface"]["Resource"] == [
        f"{here}:network-interface/*",
        f"{here}:subnet/pricing-network-private-1-id",
        f"{here}:subnet/pricing-network-private-2-id",
        f"{here}:security-group/pricing-model-id",
    ]


def test_the_role_is_for_sagemaker_in_this_account(plain: Graph) -> None:
    (trust,) = statements(plain.one("aws:iam/role:Role", "pricing-execution").inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_model_waits_for_its_role_s_permissions(plain: Graph) -> None:
    assert {plain.one(ROLE_POLICY, f"pricing-{each}").urn for each in ("platform", "data", "network")} <= plain.one(MODEL).depends_on


def test_logs_and_alarms_are_there_before_the_endpoint_and_name_it(plain: Graph) -> None:
    endpoint = plain.one(ENDPOINT)
    assert endpoint.inputs["name"] == ENDPOINT_NAME
    logs = plain.one("aws:cloudwatch/logGroup:LogGroup", "pricing-logs")
    assert logs.inputs["name"] == f"/aws/sagemaker/Endpoints/{ENDPOINT_NAME}"
    assert logs.inputs["retentionInDays"] == 90
    assert logs.urn in endpoint.depends_on
    assert not any(each.urn == endpoint.urn for alarm in plain.all(ALARM) for each in plain.registrations if each.urn in alarm.depends_on)


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, tags={"team": "x"}))
    without = (
        "RouteTableAssociation",
        "RolePolicy",
        "Dashboard",
        "TopicPolicy",
        "TopicSubscription",
        "appautoscaling/policy:Policy",
        "Stash",
    )
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2")
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_components_are_parents_of_what_they_made(plain: Graph) -> None:
    endpoint = plain.one("modeldeploy:index:SageMakerEndpoint")
    network = plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not endpoint} == {endpoint.urn, network.urn}
    assert endpoint.inputs["compute"] == {}
    assert endpoint.inputs["access"] == {"exposure": "private", "callers": []}


# --- what it serves


def test_the_artifact_is_uploaded_as_an_archive_under_its_content_hash(plain: Graph) -> None:
    uploaded = plain.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs
    assert uploaded["key"].startswith("models/pricing/1/")
    assert uploaded["key"].endswith("/model.tar.gz")
    assert uploaded["serverSideEncryption"] == "aws:kms"
    container = plain.one(MODEL).inputs["primaryContainer"]
    assert container == {"image": IMAGE, "modelDataUrl": f"s3://bucket-made/{uploaded['key']}", "environment": {}}


def test_another_content_gives_another_artifact(tmp_path: Path) -> None:
    first = deploy(arguments(tmp_path)).one("aws:s3/bucketObjectv2:BucketObjectv2")
    changed = model(tmp_path)
    (tmp_path / "1" / "model.pkl").write_text("retrained")
    second = deploy(arguments(tmp_path, models=[changed])).one("aws:s3/bucketObjectv2:BucketObjectv2")
    assert first.name != second.name
    assert first.inputs["key"] != second.inputs["key"]


def test_an_artifact_in_s3_stays_where_it_is(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, models=[model(tmp_path, source="s3://team-models/pricing/1.tar.gz")]))
    assert not graph.all("aws:s3/bucketObjectv2:BucketObjectv2")
    assert graph.one(MODEL).inputs["primaryContainer"]["modelDataUrl"] == "s3://team-models/pricing/1.tar.gz"
    read = next(each for each in permissions(graph, "data") if each["Action"] == "s3:GetObject")
    assert read["Resource"] == ["arn:aws:s3:::team-models/pricing/1.tar.gz"]


def test_an_image_from_another_registry_is_pulled_through_the_network(tmp_path: Path) -> None:
    image = "registry.example.com/team/pricing@sha256:" + "b" * 64
    graph = deploy(arguments(tmp_path, models=[model(tmp_path, container=Container(image=image))]))
    assert graph.one(MODEL).inputs["primaryContainer"]["imageConfig"] == {"repositoryAccessMode": "Vpc"}
    assert not any("ecr:" in str(each["Action"]) for each in permissions(graph, "platform"))


def test_variables_reach_the_container(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, models=[model(tmp_path, container=Container(image=IMAGE, environment={"THREADS": "2"}))]))
    assert graph.one(MODEL).inputs["primaryContainer"]["environment"] == {"THREADS": "2"}


def test_a_version_with_dots_has_a_name_sagemaker_takes(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, models=[model(tmp_path, "1.2")]))
    assert graph.names(MODEL) == ["pricing-v1-2-77ac"]


# --- machine and scale


def test_the_machine_is_the_cheapest_of_the_size_or_the_one_named(tmp_path: Path) -> None:
    assert variant(deploy(arguments(tmp_path)))["instanceType"] == "ml.m5.large"
    assert variant(deploy(arguments(tmp_path, compute=Compute(cpus=4, memory_gib=8))))["instanceType"] == "ml.c5.xlarge"
    assert variant(deploy(arguments(tmp_path, compute=Compute(instance_type="ml.m5.2xlarge"))))["instanceType"] == "ml.m5.2xlarge"


def test_instances_share_requests_by_how_busy_they_are(plain: Graph) -> None:
    assert variant(plain)["routingConfigs"] == [{"routingStrategy": "LEAST_OUTSTANDING_REQUESTS"}]


def test_local_disks_take_no_key_of_the_customer_s(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, compute=Compute(gpus=1)))
    assert variant(graph)["instanceType"] == "ml.g4dn.xlarge"
    assert "kmsKeyArn" not in graph.one(CONFIG).inputs


def test_it_scales_between_its_bounds_by_requests_and_by_cpu_of_all_cores(tmp_path: Path) -> None:
    scaling = Scaling(minimum=3, maximum=7, target_cpu_percent=60, scale_out_seconds=30, scale_in_seconds=600)
    graph = deploy(arguments(tmp_path, scaling=scaling, invocations_per_instance=90, compute=Compute(cpus=4)))
    assert variant(graph)["initialInstanceCount"] == 3
    target = graph.one(TARGET).inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (3, 7)
    assert target["resourceId"] == f"endpoint/{ENDPOINT_NAME}/variant/production"
    assert (target["serviceNamespace"], target["scalableDimension"]) == ("sagemaker", "sagemaker:variant:DesiredInstanceCount")
    tracking = {each.name: each.inputs["targetTrackingScalingPolicyConfiguration"] for each in graph.all(POLICY)}
    requests, cpu = tracking["pricing-production-invocations"], tracking["pricing-production-cpu"]
    assert requests["targetValue"] == 90
    assert requests["predefinedMetricSpecification"]["predefinedMetricType"] == "SageMakerVariantInvocationsPerInstance"
    assert cpu["targetValue"] == 4 * 60
    assert {each["name"]: each["value"] for each in cpu["customizedMetricSpecification"]["dimensions"]} == {
        "EndpointName": ENDPOINT_NAME,
        "VariantName": "production",
    }
    assert {(each["scaleOutCooldown"], each["scaleInCooldown"]) for each in tracking.values()} == {(30, 600)}


def test_a_fixed_number_of_instances_is_not_scaled(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, scaling=Scaling(minimum=2, maximum=2)))
    assert not graph.all(TARGET)
    assert not graph.all(POLICY)


def test_scaling_waits_for_the_endpoint(plain: Graph) -> None:
    assert plain.one(ENDPOINT).urn in plain.one(TARGET).depends_on


def test_a_release_can_start_with_more_instances_than_the_minimum(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, release_instances=6))
    assert variant(graph)["initialInstanceCount"] == 6
    assert graph.one(TARGET).inputs["minCapacity"] == 2


# --- network, key, access


def test_a_network_given_is_used_and_none_is_made(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, network=GIVEN, access=Access(callers=[CALLER])))
    assert "aws:ec2/vpc:Vpc" not in graph.types()
    assert graph.one(MODEL).inputs["vpcConfig"]["subnets"] == ["subnet-a", "subnet-b"]
    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["vpcId"] == "vpc-given"
    assert graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "pricing-model-services").inputs["cidrIpv4"] == "10.9.0.0/16"
    assert permissions(graph, "invoker")[0]["Condition"] == {"StringEquals": {"aws:SourceVpc": "vpc-given"}}
    # Without the private endpoints of a network of its own: two instances and the key.
    assert graph.outputs["monthly_cost"] == round(2 * 0.115 * 730 + 1, 2)


def test_callers_of_connected_networks_pass_the_made_network_s_private_endpoints(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, network=Network(cidr="10.20.0.0/16", callers=["10.99.0.0/16"])))
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert sorted(each.inputs["cidrIpv4"] for each in rules) == ["10.20.0.0/16", "10.99.0.0/16"]


def test_a_key_given_is_used_for_all_of_it(tmp_path: Path) -> None:
    given = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given"
    graph = deploy(arguments(tmp_path, encryption=Encryption(key=given)))
    assert not graph.all("aws:kms/key:Key")
    assert graph.one(CONFIG).inputs["kmsKeyArn"] == given
    assert all(each.inputs["kmsKeyId"] == given for each in graph.all("aws:cloudwatch/logGroup:LogGroup"))


def test_callers_assume_a_role_for_this_endpoint_inside_this_network(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, access=Access(callers=[CALLER])))
    (trust,) = statements(graph.one("aws:iam/role:Role", "pricing-invoker").inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"AWS": [CALLER]}
    (granted,) = permissions(graph, "invoker")
    assert granted["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{ENDPOINT_NAME}"
    assert granted["Condition"] == {"StringEquals": {"aws:SourceVpc": "vpc-made"}}
    assert graph.outputs["invoker"] == "arn:role:Calls the endpoint pricing"


def test_public_access_drops_the_network_condition_and_keeps_the_role(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, access=Access(exposure=Exposure.PUBLIC, callers=[CALLER])))
    (granted,) = permissions(graph, "invoker")
    assert "Condition" not in granted
    assert granted["Resource"].endswith(f":endpoint/{ENDPOINT_NAME}")


def test_without_callers_there_is_no_role_to_call_with(plain: Graph) -> None:
    assert plain.names("aws:iam/role:Role") == ["pricing-execution", "pricing-network-flows"]
    assert plain.outputs["invoker"] == ""


# --- database


def test_a_database_opens_the_way_to_it_and_the_permission_to_log_in(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, database=DATABASE))
    inputs = graph.one(MODEL).inputs
    assert inputs["enableNetworkIsolation"] is False
    assert inputs["primaryContainer"]["environment"] == {
        "DATABASE_HOST": "data.example",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "pricing",
        "DATABASE_USER": "pricing",
    }
    (granted,) = permissions(graph, "database")
    assert granted == {"Effect": "Allow", "Action": "rds-db:connect", "Resource": f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/pricing"}
    rule = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "pricing-model-database").inputs
    assert (rule["fromPort"], rule["cidrIpv4"]) == (5432, "10.64.0.0/16")
    assert graph.one(ROLE_POLICY, "pricing-database").urn in graph.one(MODEL).depends_on


def test_the_grant_makes_the_user_and_lets_it_read(tmp_path: Path) -> None:
    grant = deploy(arguments(tmp_path, database=DATABASE)).outputs["database_grant"]
    for part in (
        "CREATE USER pricing;",
        "GRANT rds_iam TO pricing;",
        "ON DATABASE pricing TO pricing;",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public",
    ):
        assert part in grant
    assert grant.startswith("DO $$ BEGIN ")
    assert grant.endswith(" END $$;")


# --- operations


def test_alarms_watch_errors_latency_overhead_and_cpu(tmp_path: Path) -> None:
    operations = Operations(error_percent=2, latency_milliseconds=200, utilization_percent=80)
    graph = deploy(arguments(tmp_path, operations=operations, compute=Compute(cpus=4)))
    alarms = {each.name.removeprefix("pricing-production-"): each.inputs for each in graph.all(ALARM)}
    assert set(alarms) == {"errors", "latency", "overhead", "cpu"}
    assert {each["treatMissingData"] for each in alarms.values()} == {"notBreaching"}
    assert all(each["alarmActions"] == ["arn:topic"] for each in alarms.values())
    # Microseconds.
    assert (alarms["latency"]["threshold"], alarms["latency"]["evaluationPeriods"], alarms["latency"]["period"]) == (200_000, 2, 300)
    assert alarms["latency"]["dimensions"] == {"EndpointName": ENDPOINT_NAME, "VariantName": "production"}
    assert (alarms["overhead"]["metricName"], alarms["overhead"]["threshold"]) == ("OverheadLatency", 200_000)
    # 100 per core.
    assert (alarms["cpu"]["threshold"], alarms["cpu"]["evaluationPeriods"], alarms["cpu"]["namespace"]) == (320, 3, "/aws/sagemaker/Endpoints")
    assert (alarms["errors"]["threshold"], alarms["errors"]["evaluationPeriods"]) == (2, 2)
    queries = {each["id"]: each for each in alarms["errors"]["metricQueries"]}
    assert queries["share"]["expression"] == "IF(requests > 0, 100 * errors / requests, 0)"
    assert [queries[each]["metric"]["metricName"] for each in ("errors", "requests")] == ["Invocation5XXErrors", "Invocations"]
    assert [each for each, query in queries.items() if query["returnData"]] == ["share"]


def test_gpus_are_watched_too(tmp_path: Path) -> None:
    alarms = {each.name: each.inputs for each in deploy(arguments(tmp_path, compute=Compute(gpus=1))).all(ALARM)}
    assert (alarms["pricing-production-gpu"]["metricName"], alarms["pricing-production-gpu"]["threshold"]) == ("GPUUtilization", 90)


def test_alarms_and_budget_alerts_reach_people_through_an_encrypted_topic(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, operations=Operations(emails=["a@example.com", "b@example.com"])))
    subscriptions = graph.all("aws:sns/topicSubscription:TopicSubscription")
    assert {(each.inputs["protocol"], each.inputs["endpoint"]) for each in subscriptions} == {("email", "a@example.com"), ("email", "b@example.com")}
    allowed, denied = statements(graph.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    assert allowed["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_budget_is_the_cost_at_full_scale_or_what_was_asked_for(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, network=GIVEN))
    budget = graph.one("aws:budgets/budget:Budget").inputs
    assert budget["limitAmount"] == "841.0"  # ten ml.m5.large and a key
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": [f"user:modeldeploy-name${ENDPOINT_NAME}"]}]
    assert graph.one(MODEL).inputs["tags"]["modeldeploy-name"] == ENDPOINT_NAME
    made = deploy(arguments(tmp_path)).all("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {each.inputs["tags"]["modeldeploy-name"] for each in made} == {ENDPOINT_NAME}
    alerts = [(each["notificationType"], each["threshold"]) for each in budget["notifications"]]
    assert alerts == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert all(each["subscriberSnsTopicArns"] == ["arn:topic"] for each in budget["notifications"])
    asked = deploy(arguments(tmp_path, operations=Operations(monthly_budget_usd=50)))
    assert asked.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "50.0"


def test_the_monthly_cost_counts_instances_key_and_private_endpoints(plain: Graph) -> None:
    assert plain.outputs["monthly_cost"] == round(2 * 0.115 * 730 + 1 + 5 * 2 * 0.01 * 730, 2)


def test_requests_are_captured_only_when_asked_for(tmp_path: Path) -> None:
    assert "dataCaptureConfig" not in deploy(arguments(tmp_path)).one(CONFIG).inputs
    graph = deploy(arguments(tmp_path, operations=Operations(capture_percent=20, log_retention_days=60)))
    capture = graph.one(CONFIG).inputs["dataCaptureConfig"]
    assert (capture["enableCapture"], capture["initialSamplingPercentage"], capture["kmsKeyId"]) == (True, 20, KEY)
    assert capture["destinationS3Uri"] == "s3://bucket-made/capture/"
    assert [each["captureMode"] for each in capture["captureOptions"]] == ["Input", "Output"]
    write = next(each for each in permissions(graph, "data") if each["Action"] == "s3:PutObject")
    assert write["Resource"] == "arn:aws:s3:::bucket-made/capture/*"
    rules = {each["id"]: each for each in graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]}
    assert rules["captured-requests"]["expiration"]["days"] == 60


def test_the_dashboard_shows_percentiles_of_every_variant(plain: Graph) -> None:
    body = json.loads(plain.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    lines = [line for widget in body["widgets"] if widget["type"] == "metric" for line in widget["properties"]["metrics"]]
    shown = {(line[1], line[5], line[6]["stat"]) for line in lines}
    assert {("ModelLatency", "production", each) for each in ("p50", "p95", "p99")} <= shown
    assert all(line[3] == ENDPOINT_NAME for line in lines)
    assert plain.outputs["dashboard_url"].endswith(f"#dashboards:name={ENDPOINT_NAME}")


# --- environment


def test_production_protects_what_cannot_be_made_again(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, environment=Environment.PRODUCTION))
    bucket = graph.one("aws:s3/bucket:Bucket")
    assert bucket.options.protect is True
    assert bucket.inputs["forceDestroy"] is False
    assert graph.one("aws:kms/key:Key").options.protect is True
    assert graph.one("aws:s3/bucketObjectv2:BucketObjectv2").options.retainOnDelete is True


def test_development_goes_with_the_stack(plain: Graph) -> None:
    assert plain.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert not any(each.options.protect or each.options.retainOnDelete for each in plain.registrations)


# --- releases


def test_an_update_that_sagemaker_rolled_back_fails_the_run(tmp_path: Path) -> None:
    rolled_back = {"aws:cloudcontrol/getResource:getResource": {"properties": json.dumps({"EndpointConfigName": "the-old-one"})}}
    with pytest.raises(
        Exception, match=rf"rolled the update of endpoint '{ENDPOINT_NAME}' back: it serves configuration 'the-old-one', not '{CONFIGURATION}'"
    ):
        deploy(arguments(tmp_path), rolled_back)


def test_guardrails_shift_a_canary_first_and_roll_back_on_errors_and_latency(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, guardrails=Guardrails(canary_percent=25, bake_minutes=12)))
    endpoint = graph.one(ENDPOINT).inputs
    assert endpoint["name"] == "pricing-guarded-project-stack"
    policy = endpoint["deploymentConfig"]["blueGreenUpdatePolicy"]
    assert policy["trafficRoutingConfiguration"] == {
        "type": "CANARY",
        "waitIntervalInSeconds": 720,
        "canarySize": {"type": "CAPACITY_PERCENT", "value": 25},
    }
    assert (policy["terminationWaitInSeconds"], policy["maximumExecutionTimeoutInSeconds"]) == (720, 3240)
    alarms = [each["alarmName"] for each in endpoint["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]]
    assert alarms == ["alarm More than 1% of the requests end in a server error", "alarm The model answers slowly"]
    assert {each.inputs["dimensions"]["EndpointName"] for each in graph.all(ALARM) if "dimensions" in each.inputs} == {
        "pricing-guarded-project-stack"
    }


def test_one_instance_has_no_canary(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, guardrails=Guardrails(), scaling=Scaling(minimum=1, maximum=4)))
    routing = graph.one(ENDPOINT).inputs["deploymentConfig"]["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert routing == {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 900}


def test_without_guardrails_sagemaker_s_default_applies(plain: Graph) -> None:
    assert "deploymentConfig" not in plain.one(ENDPOINT).inputs


# --- a shadow


def shadowed(folder: Path, **changes: Any) -> Graph:
    models = [model(folder, "1"), model(folder, "2")]
    return deploy(arguments(folder, models=models, shadow=Shadow(version="2", percent=25), **changes))


def test_a_shadow_gets_copies_of_requests_and_nobody_its_answers(tmp_path: Path) -> None:
    graph = shadowed(tmp_path)
    assert variant(graph)["modelName"] == "model-1"
    assert variant(graph)["initialVariantWeight"] == 100
    (copy,) = graph.one(CONFIG).inputs["shadowProductionVariants"]
    assert copy == {
        "variantName": "shadow",
        "modelName": "model-2",
        "instanceType": "ml.m5.large",
        "initialInstanceCount": 2,
        "initialVariantWeight": 25,
    }
    assert graph.outputs["model_version"] == "1"


def test_a_shadow_is_on_the_dashboard_and_on_the_bill_and_raises_no_alarm(tmp_path: Path) -> None:
    graph = shadowed(tmp_path)
    assert '"shadow"' in graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    assert not any("shadow" in each.name for each in (*graph.all(ALARM), *graph.all(TARGET)))
    alone = deploy(arguments(tmp_path)).outputs["monthly_cost"]
    assert graph.outputs["monthly_cost"] == pytest.approx(alone + 2 * 0.115 * 730, abs=0.01)


def test_without_a_shadow_there_is_none(plain: Graph) -> None:
    assert "shadowProductionVariants" not in plain.one(CONFIG).inputs


def test_the_shadow_becomes_the_version_that_answers(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], shadow=Shadow(version="1")))
    assert variant(graph)["modelName"] == "model-2"
    assert graph.one(CONFIG).inputs["shadowProductionVariants"][0]["modelName"] == "model-1"
