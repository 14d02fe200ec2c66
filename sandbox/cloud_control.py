"""What Cloud Control makes: a resource of CloudFormation's that the provider has no type for, whose properties are one JSON text.

Its id is what CloudFormation identifies the type by, which is an ARN for the types in `_KINDS`. What its properties refer to must exist, as for
every other resource.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sandbox.store import Record, Store
from sandbox.values import Inputs

TOKEN: Final = "aws:cloudcontrol/resource:Resource"
ENDPOINT_CONFIG: Final = "AWS::SageMaker::EndpointConfig"
INFERENCE_COMPONENT: Final = "AWS::SageMaker::InferenceComponent"


@dataclass(frozen=True)
class _Kind:
    """What is particular to a type of CloudFormation's."""

    named: str
    """The property that names it."""
    arn: str
    """Service and resource of the ARN that identifies it."""
    references: Mapping[str, str] = field(default_factory=dict[str, str])
    """As in `sandbox.clouds.Row`, by the paths of CloudFormation."""


_ROLE = "aws:iam/role:Role#arn"
_KEY = "aws:kms/key:Key#arn"
_PLACE = {"Subnets.*": "aws:ec2/subnet:Subnet", "SecurityGroupIds.*": "aws:ec2/securityGroup:SecurityGroup"}


def _definition(prefix: str) -> _Kind:
    """A definition of a monitor."""
    references = {
        "RoleArn": _ROLE,
        f"{prefix}JobInput.EndpointInput.EndpointName": "aws:sagemaker/endpoint:Endpoint",
        f"{prefix}JobOutputConfig.KmsKeyId": _KEY,
        "JobResources.ClusterConfig.VolumeKmsKeyId": _KEY,
        **{f"NetworkConfig.VpcConfig.{path}": target for path, target in _PLACE.items()},
    }
    return _Kind("JobDefinitionName", f"sagemaker {prefix}-job-definition", references)


_KINDS: Final[Mapping[str, _Kind]] = {
    ENDPOINT_CONFIG: _Kind(
        "EndpointConfigName",
        "sagemaker endpoint-config",
        {
            "ExecutionRoleArn": _ROLE,
            "KmsKeyId": _KEY,
            "ProductionVariants.*.ModelName": "aws:sagemaker/model:Model#name",
            **{f"VpcConfig.{path}": target for path, target in _PLACE.items()},
        },
    ),
    INFERENCE_COMPONENT: _Kind(
        "InferenceComponentName",
        "sagemaker inference-component",
        {"EndpointName": "aws:sagemaker/endpoint:Endpoint", "Specification.ModelName": "aws:sagemaker/model:Model#name"},
    ),
    "AWS::SageMaker::ModelQualityJobDefinition": _definition("ModelQuality"),
    "AWS::SageMaker::ModelBiasJobDefinition": _definition("ModelBias"),
    "AWS::SageMaker::ModelExplainabilityJobDefinition": _definition("ModelExplainability"),
}


def state(inputs: Inputs) -> dict[str, Any]:
    """The properties that are wanted; none while they are not known."""
    text = inputs.get("desiredState")
    wanted: Any = json.loads(text) if isinstance(text, str) else None
    return cast("dict[str, Any]", wanted) if isinstance(wanted, dict) else {}


def identifier(inputs: Inputs, partition: str, region: str, account: str) -> str | None:
    """The ARN of a resource of a known type; None for others."""
    kind = _KINDS.get(str(inputs.get("typeName")))
    name = state(inputs).get(kind.named) if kind is not None else None
    if kind is None or not isinstance(name, str):
        return None
    service, resource = kind.arn.split()
    return f"arn:{partition}:{service}:{region}:{account}:{resource.lower()}/{name}"


def references(inputs: Inputs) -> Mapping[str, str]:
    """What the properties of a known type refer to: path and target."""
    kind = _KINDS.get(str(inputs.get("typeName")))
    return kind.references if kind is not None else {}


def named(store: Store, type_name: str, value: str) -> list[Record]:
    """The resources of a known type with that name or ARN."""
    return [each for each in of_type(store, type_name) if value in (each.id, state(each.inputs).get(_KINDS[type_name].named))]


def of_type(store: Store, type_name: str) -> Iterator[Record]:
    """The resources of a type of CloudFormation's."""
    return (each for each in store.of_type(TOKEN) if each.inputs.get("typeName") == type_name)
