"""Releases of a function that CodeDeploy makes: a canary, alarms, and the way back.

CodeDeploy moves the alias of one function from one published version to the next, when somebody asks it to. CloudFormation does, and waits for the
end: `UpdatePolicy: CodeDeployLambdaAliasUpdate`
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html). So the alias, and nothing else, is in a stack of
CloudFormation. When CodeDeploy rolls back, the update of the stack fails, and with it the run of Pulumi.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem

from .account import Account, physical_name
from .functions import ALIAS
from .policy_documents import Statement, document, trust


@dataclass(frozen=True, kw_only=True)
class FunctionGuardrails:
    """CodeDeploy's canary: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html."""

    canary_percent: int = 10
    """Share of the requests that the new version gets first, 1 to 99 percent."""
    bake_minutes: int = 15
    """How long the alarms are watched before the rest follows, 1 to 60 minutes. An alarm needs ten minutes of bad data."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.canary_percent <= 99:
            yield Problem("canary_percent", f"{self.canary_percent} is not allowed; use 1 to 99")
        if not 1 <= self.bake_minutes <= 60:
            yield Problem("bake_minutes", f"{self.bake_minutes} is not allowed; use 1 to 60")


def guarded_alias(
    logical: str,
    made: aws.lambda_.Function,
    warm: int,
    guardrails: FunctionGuardrails,
    alarms: Sequence[aws.cloudwatch.MetricAlarm],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.cloudformation.Stack:
    """The alias, moved to each published version by CodeDeploy."""
    opts = pulumi.ResourceOptions(parent=parent)
    application = aws.codedeploy.Application(logical, compute_platform="Lambda", tags=tags, opts=opts)
    settings = aws.codedeploy.DeploymentConfig(
        logical,
        deployment_config_name=physical_name(f"{logical}-{guardrails.canary_percent}-{guardrails.bake_minutes}", 100),
        compute_platform="Lambda",
        traffic_routing_config=aws.codedeploy.DeploymentConfigTrafficRoutingConfigArgs(
            type="TimeBasedCanary",
            time_based_canary=aws.codedeploy.DeploymentConfigTrafficRoutingConfigTimeBasedCanaryArgs(
                interval=guardrails.bake_minutes, percentage=guardrails.canary_percent
            ),
        ),
        opts=opts,
    )
    watched = pulumi.Output.all(made.arn, pulumi.Output.all(*(alarm.arn for alarm in alarms)))
    allowed = watched.apply(lambda it: _deploying(it[0], it[1]))
    deploys, may_deploy = _role(f"{logical}-deploy", "codedeploy.amazonaws.com", allowed, account, tags, parent)
    group = aws.codedeploy.DeploymentGroup(
        logical,
        app_name=application.name,
        deployment_group_name=physical_name(logical, 100),
        service_role_arn=deploys.arn,
        deployment_config_name=settings.deployment_config_name,
        deployment_style=aws.codedeploy.DeploymentGroupDeploymentStyleArgs(deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"),
        alarm_configuration=aws.codedeploy.DeploymentGroupAlarmConfigurationArgs(alarms=[alarm.name for alarm in alarms], enabled=True),
        auto_rollback_configuration=aws.codedeploy.DeploymentGroupAutoRollbackConfigurationArgs(
            enabled=True, events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
        ),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[may_deploy]),
    )
    started = pulumi.Output.all(made.arn, application.arn, group.arn, account.partition, account.region, account.id)
    moves, may_move = _role(
        f"{logical}-alias",
        "cloudformation.amazonaws.com",
        started.apply(lambda it: _moving(it[0], it[1], it[2], it[3], it[4], it[5])),
        account,
        tags,
        parent,
    )
    minutes = 30 + guardrails.bake_minutes
    return aws.cloudformation.Stack(
        logical,
        template_body=json.dumps(template(warm)),
        parameters={"Function": made.name, "Version": made.version, "Application": application.name, "Group": group.deployment_group_name},
        iam_role_arn=moves.arn,
        tags=tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[may_move, group],
            custom_timeouts=pulumi.CustomTimeouts(create="30m", update=f"{minutes}m", delete="30m"),
        ),
    )


def template(warm: int) -> dict[str, Any]:
    """The stack with the alias. Everything that varies but `warm` is a parameter."""
    kept = {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": warm}} if warm else {}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The alias of a function, which CodeDeploy moves",
        "Parameters": {each: {"Type": "String"} for each in ("Function", "Version", "Application", "Group")},
        "Resources": {
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"FunctionName": {"Ref": "Function"}, "FunctionVersion": {"Ref": "Version"}, "Name": ALIAS, **kept},
                "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": "Group"}}},
            }
        },
    }


def _role(
    name: str, service: str, statements: pulumi.Output[list[Statement]], account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        name, description="Releases versions of a function", assume_role_policy=account.id.apply(lambda it: trust(service, it)), tags=tags, opts=opts
    )
    return role, aws.iam.RolePolicy(name, role=role.name, policy=statements.apply(lambda it: document(*it)), opts=opts)


def _deploying(function: str, alarms: list[str]) -> list[Statement]:
    """What CodeDeploy does: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html."""
    alias = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
    return [
        {"Effect": "Allow", "Action": alias, "Resource": [function, f"{function}:{ALIAS}"]},
        {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": alarms},
    ]


def _moving(function: str, application: str, group: str, partition: str, region: str, account: str) -> list[Statement]:
    """What CloudFormation does: the alias, and asking CodeDeploy to move it."""
    alias = [f"lambda:{verb}Alias" for verb in ("Create", "Update", "Delete", "Get")]
    warm = [f"lambda:{verb}ProvisionedConcurrencyConfig" for verb in ("Put", "Get", "Delete")]
    configurations = f"arn:{partition}:codedeploy:{region}:{account}:deploymentconfig:*"
    return [
        {"Effect": "Allow", "Action": [*alias, *warm], "Resource": [function, f"{function}:{ALIAS}"]},
        {
            "Effect": "Allow",
            "Action": [f"codedeploy:{verb}" for verb in ("CreateDeployment", "GetDeployment", "GetDeploymentGroup", "StopDeployment")],
            "Resource": group,
        },
        {
            "Effect": "Allow",
            "Action": ["codedeploy:RegisterApplicationRevision", "codedeploy:GetApplicationRevision", "codedeploy:GetApplication"],
            "Resource": application,
        },
        {"Effect": "Allow", "Action": "codedeploy:GetDeploymentConfig", "Resource": configurations},
    ]
