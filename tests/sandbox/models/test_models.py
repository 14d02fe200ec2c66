import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox import models
from sandbox.metadata import catalog
from sandbox.models import bound, check, create_only, names, rules, sdk, tables
from sandbox.models.catalogue import name_rule
from sandbox.models.catalogue.machines import azure_ml, azure_ml_cores, sagemaker, vertex
from sandbox.models.catalogue.orders import load
from sandbox.models.coverage import listed, main, of
from sandbox.models.schema import Compiler, Findings, View
from sandbox.models.used import in_source, used_types
from sandbox.values import UNKNOWN

LISTED = listed()


@pytest.mark.parametrize("token", used_types())
def test_every_type_that_a_component_uses_is_covered_or_says_why(token: str) -> None:
    one = of(token)
    assert one.accounted, (
        f"{token}: {len(one.matched)} of {len(one.matched) + len(one.unmatched)} inputs are in the vendor's model; "
        f"name the rest in sandbox/models/data, or write the reason: {sorted(one.unmatched)}"
    )


@pytest.mark.parametrize("token", LISTED)
def test_every_row_of_the_tables_holds(token: str) -> None:
    for one in bound(token):
        for _ in one.root.covered():
            pass  # a name that the model does not have raises
    assert of(token).accounted
    known = catalog(token.partition(":")[0]).resource(token).inputs
    assert known


@pytest.mark.parametrize("token", [token for name in ("aws", "azure", "google") for token in tables.table(name) if rules.rule(token)])
def test_rules_speak_of_inputs_that_there_are(token: str) -> None:
    def has(kind: sdk.InputType, path: list[str]) -> bool:
        while kind.kind == "list" and kind.item is not None:
            kind = kind.item
        if not path or kind.kind in ("map", "any"):
            return True
        field = kind.fields().get(path[0])
        return field is not None and has(field.type, path[1:])

    given = sdk.arguments(token)
    assert given is not None
    assert [path for path in rules.names(token) if not has(given, path.split("."))] == []


@pytest.mark.parametrize("token", load("names")["types"])
def test_a_name_rule_is_about_an_input_and_says_where_it_comes_from(token: str) -> None:
    rule = name_rule(token)
    assert rule is not None
    assert rule.property in catalog(token.partition(":")[0]).resource(token).inputs
    assert rule.source
    assert rule.unique in ("global", "account", "region", "group", "parent")
    assert rule.problem("a" * (rule.longest + 1)) is not None


@pytest.mark.parametrize("token", load("orders"))
def test_orders_are_of_inputs_that_there_are(token: str) -> None:
    given = sdk.arguments(token)
    assert given is not None
    for pair in load("orders")[token]:
        for path in pair:
            kind = given
            for step in path.split("."):
                while kind.kind == "list" and kind.item is not None:
                    kind = kind.item
                assert step in kind.fields(), f"{token} {path}"
                kind = kind.fields()[step].type


def test_the_component_libraries_machines_exist() -> None:
    from modeldeploy.aws.instances import INSTANCES
    from modeldeploy.azure.instances import CATALOGUE as AZURE
    from modeldeploy.gcp.instances import CATALOGUE as GOOGLE

    for service, offered in ((sagemaker(), INSTANCES), (azure_ml(), AZURE), (vertex(), GOOGLE)):
        for machine in offered:
            assert service.problem(machine.name) is None
            known = service.machines.get(machine.name)
            if known is not None:
                assert (known.vcpus, known.memory_gib, known.gpus) == (machine.cpus, machine.memory_gib, machine.gpus), machine.name


def test_a_machine_that_does_not_exist_is_refused_with_those_that_do() -> None:
    assert "ml.g5.xlarge" in str(sagemaker().problem("ml.g5.32xlarge"))
    assert "its series are" in str(sagemaker().problem("ml.z9.large"))
    assert "Standard_DS5_v2" in str(azure_ml().problem("Standard_DS6_v2"))
    assert azure_ml().problem("Standard_D4s_v9") is None  # a series that the table does not know yet
    assert "no machine type" in str(azure_ml().problem("D4s_v5"))
    assert "g2-standard-96" in str(vertex().problem("g2-standard-10"))


def test_azure_ml_keeps_a_fifth_of_the_quota_free() -> None:
    assert azure_ml_cores("Standard_DS3_v2", 5) == 24
    assert azure_ml_cores("Standard_NC24ads_A100_v4", 1) == 24
    assert azure_ml_cores("Standard_Unheard_v1", 1) is None


def test_local_disks_exclude_a_customers_key() -> None:
    token = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    variant = {"variantName": "live", "modelName": "m", "instanceType": "ml.g5.xlarge", "initialInstanceCount": 1}
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert check(token, {"productionVariants": [variant]}) == []
    (refusal,) = check(token, {"productionVariants": [variant], "kmsKeyArn": key})
    assert refusal.property == "kmsKeyArn"
    assert check(token, {"productionVariants": [{**variant, "instanceType": UNKNOWN}], "kmsKeyArn": key}) == []


def test_a_wrong_pair_is_refused_with_the_pairs_allowed() -> None:
    task = {
        "family": "m",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "1024",
        "containerDefinitions": UNKNOWN,
    }
    (refusal,) = check("aws:ecs/taskDefinition:TaskDefinition", task)
    assert "2048, 3072, 4096" in refusal.reason
    assert check("aws:ecs/taskDefinition:TaskDefinition", {**task, "cpu": "1 vCPU", "memory": "2 GB"}) == []
    container = {"image": "i", "resources": {"limits": {"cpu": "1", "memory": "8Gi"}}}
    (refusal,) = check("gcp:cloudrunv2/service:Service", {"location": "europe-west1", "template": {"containers": [container]}})
    assert refusal.property == "template.containers[0].resources.limits.memory"
    assert "8 GiB 4" in refusal.reason


def test_brokers_of_a_kafka_have_an_address_and_a_port() -> None:
    def said(endpoints: dict[str, str]) -> list[str]:
        mapping = {
            "functionName": "calls",
            "startingPosition": "TRIM_HORIZON",
            "topics": ["calls"],
            "destinationConfig": {"onFailure": {"destinationArn": "kafka://calls-failed"}},
            "selfManagedEventSource": {"endpoints": endpoints},
        }
        return [refusal.property for refusal in check("aws:lambda/eventSourceMapping:EventSourceMapping", mapping)]

    assert said({"KAFKA_BOOTSTRAP_SERVERS": "one.example:9093,two.example:9094"}) == []
    assert said({"KAFKA_BOOTSTRAP_SERVERS": "one.example"})[0].startswith("selfManagedEventSource.endpoints")
    assert said({"BOOTSTRAP": "one.example:9093"})[0].startswith("selfManagedEventSource.endpoints")


def test_policies_are_read() -> None:
    def said(document: str) -> list[str]:
        return [refusal.reason for refusal in check("aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": document})]

    assert said('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}') == []
    assert "not JSON" in said("{'Version'")[0]
    assert "Effect" in said('{"Version":"2012-10-17","Statement":[{"Action":"s3:GetObject","Resource":"*"}]}')[0]
    assert said('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Principal":"*"}]}')


def test_an_unknown_value_decides_nothing() -> None:
    rule = {"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["size"]}}
    run = Compiler(lambda reference: {}).compile(rule)

    def problems(value: object) -> int:
        found = Findings()
        run(value, (), found)
        return len(found.problems)

    assert problems({"kind": "a"}) == 1
    assert problems({"kind": "b"}) == 0
    assert problems({"kind": UNKNOWN}) == 0
    assert problems(UNKNOWN) == 0


def test_what_pulumi_cannot_set_is_not_required() -> None:
    found = Findings()
    Compiler(lambda reference: {}).compile({"required": ["a", "b", "c"]}, View({"a": None, "b": None}, frozenset(("b",))))({}, (), found)
    assert [problem.path for problem in found.problems] == [("a",)]


def test_names_correspond_by_rule() -> None:
    assert names.find("kmsKeyId", ["KmsKeyId"]) == "KmsKeyId"
    assert names.find("routingConfigs", ["RoutingConfig"]) == "RoutingConfig"
    assert names.find("policies", ["Policy"]) == "Policy"
    assert names.find("name", ["EndpointConfigName", "KmsKeyId"], "EndpointConfiguration") == "EndpointConfigName"
    assert names.find("name", ["EndpointConfigName", "KmsKeyId"]) is None


def test_what_cannot_be_changed_in_place() -> None:
    assert {"productionVariants", "kmsKeyArn", "name"} <= create_only("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    assert "endpointConfigName" not in create_only("aws:sagemaker/endpoint:Endpoint")
    assert create_only("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") == {"securityGroupId"}  # the provider changes the rest
    assert create_only("gcp:compute/network:Network") == frozenset()
    assert create_only("aws:nothing/nothing:Nothing") == frozenset()


def test_types_that_no_model_knows_are_let_pass() -> None:
    for token in ("aws:nothing/nothing:Nothing", "azure-native:x:Y", "gcp:x/y:Y", "kubernetes:keda.sh/v1alpha1:ScaledObject", "random:index:Id"):
        assert check(token, {"a": 1}) == []


def test_the_used_types_are_found_in_source() -> None:
    source = "import pulumi_aws as aws\nfrom pulumi_gcp import projects\nx = aws.lambda_.Function('f')\ny = projects.Service\nz = aws.s3.BucketArgs()"
    assert set(in_source(source)) == {"aws:lambda/function:Function", "gcp:projects/service:Service"}
    assert set(in_source("from pulumi_kubernetes.apps.v1 import Deployment\nDeployment('d')")) == {"kubernetes:apps/v1:Deployment"}


def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--all", "--details", "sagemaker/endpoint"]) == 0
    said = capsys.readouterr().out
    assert "aws:sagemaker/endpointConfiguration:EndpointConfiguration" in said
    assert "not counted: namePrefix: the provider's auto-naming" in said


def test_only_the_models_of_the_services_in_use_are_loaded() -> None:
    program = (
        "import sys; from sandbox.models import check;"
        "check('gcp:pubsub/topic:Topic', {'name': 'calls'});"
        "loaded = [m for m in sys.modules if m.startswith(('azure.mgmt', 'kubernetes_validate', 'cfnlint'))];"
        "assert loaded == [], loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("file", sorted((Path(models.__file__).parent).rglob("*.yaml")), ids=lambda file: file.name)
def test_no_key_of_a_table_is_written_twice(file: Path) -> None:
    def twice(node: yaml.Node) -> list[str]:
        found: list[str] = []
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            found += [f"line {node.start_mark.line + 1}: {key}" for key in set(keys) if keys.count(key) > 1]
            for _, value in node.value:
                found += twice(value)
        if isinstance(node, yaml.SequenceNode):
            for value in node.value:
                found += twice(value)
        return found

    assert twice(yaml.compose(file.read_text())) == []
