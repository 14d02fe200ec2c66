"""Makes sure that an update of an endpoint was kept."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws


def confirmed_configuration(
    endpoint: aws.sagemaker.Endpoint, configuration: aws.sagemaker.EndpointConfiguration, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Name of the configuration that the endpoint serves; fails the update when it is not the one it was given.

    SageMaker rolls back when an alarm fires or the new instances do not come up, and says InService again. The provider takes that for success, and
    Pulumi would then delete the old configuration and model, which still serve (https://github.com/hashicorp/terraform-provider-aws/issues/48997).
    A program that fails deletes nothing. Cloud Control reads what the provider has no function for.
    """
    actual = aws.cloudcontrol.get_resource_output(
        type_name="AWS::SageMaker::Endpoint",
        identifier=endpoint.arn,
        opts=pulumi.InvokeOutputOptions(parent=parent, depends_on=[endpoint]),
    )
    return pulumi.Output.all(actual.properties, configuration.name, endpoint.name).apply(lambda it: _confirm(it[0], it[1], it[2]))


def _confirm(properties: str, wanted: str, endpoint: str) -> str:
    served = cast(dict[str, Any], json.loads(properties)).get("EndpointConfigName", wanted)
    if served != wanted:
        raise pulumi.RunError(
            f"SageMaker rolled the update of endpoint '{endpoint}' back: it serves configuration '{served}', not '{wanted}', because an alarm "
            "fired or the new instances did not come up (see the endpoint's events and logs). Requests are answered as before the update, and "
            "nothing of it was deleted. Run `pulumi refresh`, repair the model or go back to the last version, then `pulumi up`."
        )
    return wanted
