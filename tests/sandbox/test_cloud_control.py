"""What Cloud Control makes, in the sandbox: identified, held against CloudFormation's schema, and tied to what it names."""

import json
from typing import Any

from sandbox.store import Record
from tests.sandbox.cloud import TRUST, Cloud
from tests.sandbox.test_references import configuration, model

TOKEN = "aws:cloudcontrol/resource:Resource"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
TARGET = "aws:appautoscaling/target:Target"
COPIES = {
    "serviceNamespace": "sagemaker",
    "scalableDimension": "sagemaker:inference-component:DesiredCopyCount",
    "minCapacity": 0,
    "maxCapacity": 2,
}


def wanted(kind: str, **properties: Any) -> dict[str, Any]:
    return {"typeName": f"AWS::SageMaker::{kind}", "desiredState": json.dumps(properties)}


def empty_configuration(cloud: Cloud, name: str = "shared") -> Record:
    role = cloud.create("aws:iam/role:Role", f"{name}-role", assumeRolePolicy=TRUST)
    variant = {"VariantName": "hosts", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    properties = wanted("EndpointConfig", EndpointConfigName=name, ExecutionRoleArn=role.outputs["arn"], ProductionVariants=[variant])
    return cloud.create(TOKEN, name, **properties)


def component(endpoint: str, served: str, **changes: Any) -> dict[str, Any]:
    needs = {"MinMemoryRequiredInMb": 1024}
    properties = {
        "InferenceComponentName": "pricing",
        "EndpointName": endpoint,
        "VariantName": "hosts",
        "Specification": {"ModelName": served, "ComputeResourceRequirements": needs},
        "RuntimeConfig": {"CopyCount": 1},
    }
    return wanted("InferenceComponent", **{**properties, **changes})


def test_a_known_type_is_identified_by_its_arn_and_others_by_something(cloud: Cloud) -> None:
    assert empty_configuration(cloud).id == "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/shared"
    other = cloud.create(TOKEN, "other", typeName="AWS::ECS::Cluster", desiredState='{"ClusterName": "x"}')
    assert not other.id.startswith("arn:")


def test_properties_are_held_against_cloudformation_s_schema(cloud: Cloud) -> None:
    said = cloud.refusal(TOKEN, component("e", "m", Specification={"ModelName": "m", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 100}}))
    assert "MinMemoryRequiredInMb is 100, but must be at least 128 (in the desired state of AWS::SageMaker::InferenceComponent)" in said
    assert "VariantNam is not a property here" in cloud.refusal(TOKEN, component("e", "m", VariantNam="x"))
    # Types of somebody's own are not known.
    assert cloud.check(TOKEN, {"typeName": "My::Own::Type", "desiredState": "{}"})[1] == []


def test_what_properties_name_must_exist(cloud: Cloud) -> None:
    said = cloud.refused_create(TOKEN, **component("gone", "nothing"))
    assert "there is no such Endpoint" in said
    assert "there is no such Model" in said
    role = "arn:aws:iam::000000000000:role/gone"
    assert "there is no such Role" in cloud.refused_create(
        TOKEN, **wanted("EndpointConfig", EndpointConfigName="c", ExecutionRoleArn=role, ProductionVariants=[{"VariantName": "hosts"}])
    )


def test_an_endpoint_serves_a_configuration_that_cloud_control_made(cloud: Cloud) -> None:
    assert "there is no such EndpointConfiguration or Resource" in cloud.refused_create(ENDPOINT, endpointConfigName="shared")
    made = empty_configuration(cloud)
    assert cloud.create(ENDPOINT, endpointConfigName="shared")
    assert "thing" in cloud.refused_delete(made)


def test_a_component_holds_its_endpoint_and_can_be_scaled(cloud: Cloud) -> None:
    empty_configuration(cloud)
    endpoint = cloud.create(ENDPOINT, endpointConfigName="shared")
    assert "there is no inference component 'pricing'" in cloud.refused_create(TARGET, resourceId="inference-component/pricing", **COPIES)
    made = cloud.create(TOKEN, "pricing", **component(endpoint.id, model(cloud).outputs["name"]))
    assert made.id == "arn:aws:sagemaker:us-east-1:000000000000:inference-component/pricing"
    assert cloud.create(TARGET, resourceId="inference-component/pricing", **COPIES)
    assert "pricing" in cloud.refused_delete(endpoint)
    cloud.delete(made)
    cloud.delete(endpoint)


def test_a_component_is_put_on_a_variant_without_a_model(cloud: Cloud) -> None:
    served = model(cloud).outputs["name"]
    endpoint = cloud.create(ENDPOINT, endpointConfigName=configuration(cloud, served).outputs["name"])
    said = cloud.refused_create(TOKEN, **component(endpoint.id, served))
    assert "'hosts' names nothing: the endpoint's variants are blue" in said
    said = cloud.refused_create(TOKEN, **component(endpoint.id, served, VariantName="blue"))
    assert "inference components are not supported in this endpoint" in said
