"""Makes sure that an update was kept."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws


def confirmed_configuration(endpoint: aws.sagemaker.Endpoint, configuration: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """Name of the configuration that the endpoint serves; fails the update when it is not the one it was given, whose name is `configuration`.

    SageMaker rolls back when an alarm fires or the new instances do not come up, and says InService again. The provider takes that for success, and
    Pulumi would then delete the old configuration and model, which still serve (https://github.com/hashicorp/terraform-provider-aws/issues/48997).
    A program that fails deletes nothing. Cloud Control reads what the provider has no function for.
    """
    actual = aws.cloudcontrol.get_resource_output(
        type_name="AWS::SageMaker::Endpoint",
        identifier=endpoint.arn,
        opts=pulumi.InvokeOutputOptions(parent=parent, depends_on=[endpoint]),
    )
    return pulumi.Output.all(actual.properties, configuration, endpoint.name).apply(lambda it: _confirm(it[0], it[1], it[2]))


def confirmed_task(service: aws.ecs.Service, task: aws.ecs.TaskDefinition) -> pulumi.Output[str]:
    """ARN of the task definition that the service runs; fails the update when it is not the one it was given.

    ECS goes back to the last one when the new replicas do not come up or an alarm fires, and is steady again, which the provider has long taken for
    success (https://github.com/hashicorp/terraform-provider-aws/issues/19519). What the service tells after the update shows it.
    """
    return pulumi.Output.all(service.task_definition, task.arn, service.name).apply(lambda it: _confirm_task(it[0], it[1], it[2]))


def _confirm_task(runs: str, wanted: str, service: str) -> str:
    if runs != wanted:
        raise pulumi.RunError(
            f"Amazon ECS rolled the update of service '{service}' back: it runs '{runs}', not '{wanted}', because an alarm fired or the new replicas "
            "did not come up (see the service's events and logs). Requests are answered as before the update, and nothing of it was deleted. Run "
            "`pulumi refresh`, repair the model or go back to the last version, then `pulumi up`."
        )
    return wanted


def _confirm(properties: str, wanted: str, endpoint: str) -> str:
    served = cast(dict[str, Any], json.loads(properties)).get("EndpointConfigName", wanted)
    if served != wanted:
        raise pulumi.RunError(
            f"SageMaker rolled the update of endpoint '{endpoint}' back: it serves configuration '{served}', not '{wanted}', because an alarm "
            "fired or the new instances did not come up (see the endpoint's events and logs). Requests are answered as before the update, and "
            "nothing of it was deleted. Run `pulumi refresh`, repair the model or go back to the last version, then `pulumi up`."
        )
    return wanted
