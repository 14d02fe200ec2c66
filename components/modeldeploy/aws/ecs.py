"""Containers on Amazon ECS with Fargate: cluster, task definitions, services."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Model

from .account import Account, physical_name
from .fargate import FargateSize
from .policy_documents import Statement, document, trust

CONTAINER = "model"
"""Name of the container in a task."""

REGULAR, SPOT = "FARGATE", "FARGATE_SPOT"


@dataclass(frozen=True, kw_only=True)
class ContainerGuardrails:
    """Amazon ECS's own canary: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html."""

    canary_percent: int = 10
    """Share of the requests that the new version gets first, 1 to 99 percent."""
    bake_minutes: int = 15
    """How long the alarms are watched, after the canary and again after the rest, 0 to 60 minutes. An alarm needs ten minutes of bad data."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.canary_percent <= 99:
            yield Problem("canary_percent", f"{self.canary_percent} is not allowed; use 1 to 99")
        if not 0 <= self.bake_minutes <= 60:
            yield Problem("bake_minutes", f"{self.bake_minutes} is not allowed; use 0 to 60")


@dataclass(frozen=True)
class Canary:
    """What ECS needs to shift requests from one target group to another."""

    settings: ContainerGuardrails
    alternate: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule
    role: aws.iam.Role
    permissions: Sequence[pulumi.Resource]


def ephemeral_storage_uses(cluster_name: str) -> list[Any]:
    """What the key's policy must allow so that Fargate encrypts the disks of this cluster's tasks with it:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-create-storage-key.html."""

    def generate(_partition: str, _region: str, account: str) -> Statement:
        return {
            "Sid": "FargateEncryptsDisks",
            "Effect": "Allow",
            "Principal": {"Service": "fargate.amazonaws.com"},
            "Action": "kms:GenerateDataKeyWithoutPlaintext",
            "Resource": "*",
            "Condition": {"StringEquals": _context(account, cluster_name)},
        }

    def grant(_partition: str, _region: str, account: str) -> Statement:
        return {
            "Sid": "FargateReadsDisks",
            "Effect": "Allow",
            "Principal": {"Service": "fargate.amazonaws.com"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {
                "StringEquals": _context(account, cluster_name),
                "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]},
            },
        }

    return [generate, grant]


def cluster(
    name: str, cluster_name: str, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.ecs.Cluster, aws.ecs.ClusterCapacityProviders]:
    """A cluster without machines of its own, that counts what its containers use, and what runs them: there before the first service, until the last
    one is gone."""
    opts = pulumi.ResourceOptions(parent=parent)
    made = aws.ecs.Cluster(
        name,
        # Fixed: the key's policy names it.
        name=cluster_name,
        settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
        configuration=aws.ecs.ClusterConfigurationArgs(
            managed_storage_configuration=aws.ecs.ClusterConfigurationManagedStorageConfigurationArgs(fargate_ephemeral_storage_kms_key_id=key)
        ),
        tags=tags,
        opts=opts,
    )
    return made, aws.ecs.ClusterCapacityProviders(name, cluster_name=made.name, capacity_providers=[REGULAR, SPOT], opts=opts)


def task_definition(
    name: str,
    model: Model,
    size: FargateSize,
    arm: bool,
    environment: Mapping[str, pulumi.Input[str]],
    secrets: Mapping[str, pulumi.Input[str]],
    scratch_mib: int,
    user: str,
    stop_seconds: int,
    log_group: aws.cloudwatch.LogGroup,
    start: aws.iam.Role,
    role: aws.iam.Role,
    account: Account,
    tags: dict[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.ecs.TaskDefinition:
    """The container, without root, without capabilities, and with nothing it can write to but `/tmp`, which is memory."""
    values = pulumi.Output.all(
        environment=pulumi.Output.all(**environment), secrets=pulumi.Output.all(**secrets), group=log_group.name, region=account.region
    )
    return aws.ecs.TaskDefinition(
        name,
        family=physical_name(name, 255),
        requires_compatibilities=[REGULAR],
        network_mode="awsvpc",
        cpu=str(size.cpu_units),
        memory=str(size.memory_mib),
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(operating_system_family="LINUX", cpu_architecture="ARM64" if arm else "X86_64"),
        execution_role_arn=start.arn,
        task_role_arn=role.arn,
        container_definitions=values.apply(
            lambda it: json.dumps([_container(model, it["environment"], it["secrets"], it["group"], it["region"], scratch_mib, user, stop_seconds)])
        ),
        tags={**tags, "model-version": model.version},
        opts=opts,
    )


def service(
    name: str,
    within: aws.ecs.Cluster,
    task: aws.ecs.TaskDefinition,
    port: int,
    first_replicas: int,
    spot_percent: int,
    subnet_ids: Sequence[pulumi.Input[str]],
    group: aws.ec2.SecurityGroup,
    targets: aws.lb.TargetGroup,
    start_seconds: int,
    guards: Sequence[aws.cloudwatch.MetricAlarm],
    canary: Canary | None,
    tags: dict[str, str],
    before: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.ecs.Service:
    """Keeps replicas running; a change starts new ones first, and goes back when they do not come up or the alarms fire."""
    provider = aws.ecs.ServiceCapacityProviderStrategyArgs
    strategies = [provider(capacity_provider=REGULAR, base=first_replicas, weight=100 - spot_percent)]
    if spot_percent:
        strategies.append(provider(capacity_provider=SPOT, weight=spot_percent))
    waits = [*before, *([canary.rule, canary.alternate, *canary.permissions] if canary else [])]
    # Half an hour for new replicas to come up, and the two watches of a canary.
    minutes = 30 + 2 * canary.settings.bake_minutes if canary else 30
    return aws.ecs.Service(
        name,
        cluster=within.arn,
        task_definition=task.arn,
        desired_count=first_replicas,
        capacity_provider_strategies=strategies,
        # The provider changes the strategy in place only with this.
        force_new_deployment=True,
        platform_version="LATEST",
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(subnets=subnet_ids, security_groups=[group.id], assign_public_ip=False),
        load_balancers=[
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=targets.arn,
                container_name=CONTAINER,
                container_port=port,
                advanced_configuration=None if canary is None else _shift(canary),
            )
        ],
        health_check_grace_period_seconds=start_seconds,
        availability_zone_rebalancing="ENABLED",
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        deployment_configuration=None if canary is None else _canary(canary.settings),
        # For rolling deployments only; a canary goes by the alarms.
        deployment_circuit_breaker=None if canary else aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
        alarms=aws.ecs.ServiceAlarmsArgs(enable=True, rollback=True, alarm_names=[alarm.name for alarm in guards]),
        enable_execute_command=False,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        wait_for_steady_state=True,
        tags=tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=waits,
            # Whoever scales holds the number of replicas.
            ignore_changes=["desiredCount"],
            custom_timeouts=pulumi.CustomTimeouts(create=f"{minutes}m", update=f"{minutes}m", delete="30m"),
        ),
    )


def canary_role(
    name: str,
    rule: aws.lb.ListenerRule,
    groups: Sequence[aws.lb.TargetGroup],
    listener: aws.lb.Listener,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role with which ECS shifts requests:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-canary",
        description=f"Shifts requests between versions of {name}",
        assume_role_policy=trust("ecs.amazonaws.com"),
        tags=tags,
        opts=opts,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-canary",
        role=role.name,
        policy=pulumi.Output.all(rule.arn, listener.arn, pulumi.Output.all(*(group.arn for group in groups))).apply(
            lambda it: document(*_shifting(it[0], it[1], it[2]))
        ),
        opts=opts,
    )
    return role, [policy]


def _container(
    model: Model, environment: Mapping[str, str], secrets: Mapping[str, str], group: str, region: str, scratch_mib: int, user: str, stop_seconds: int
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html."""
    port = model.container.port
    return {
        "name": CONTAINER,
        "image": model.container.image,
        "essential": True,
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "environment": [{"name": name, "value": environment[name]} for name in sorted(environment)],
        "secrets": [{"name": name, "valueFrom": secrets[name]} for name in sorted(secrets)],
        "user": user,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            "tmpfs": [{"containerPath": "/tmp", "size": scratch_mib, "mountOptions": ["mode=1777", "nosuid", "nodev"]}],
        },
        "stopTimeout": stop_seconds,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": f"v{model.version}", "mode": "non-blocking"},
        },
    }


def _shift(canary: Canary) -> aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs:
    return aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs(
        alternate_target_group_arn=canary.alternate.arn, production_listener_rule=canary.rule.arn, role_arn=canary.role.arn
    )


def _canary(settings: ContainerGuardrails) -> aws.ecs.ServiceDeploymentConfigurationArgs:
    minutes = str(settings.bake_minutes)
    return aws.ecs.ServiceDeploymentConfigurationArgs(
        strategy="CANARY",
        bake_time_in_minutes=minutes,
        canary_configuration=aws.ecs.ServiceDeploymentConfigurationCanaryConfigurationArgs(
            canary_percent=float(settings.canary_percent), canary_bake_time_in_minutes=minutes
        ),
    )


def _shifting(rule: str, listener: str, groups: Sequence[str]) -> list[Statement]:
    describe = [f"elasticloadbalancing:Describe{each}" for each in ("Listeners", "Rules", "TargetGroups", "TargetHealth")]
    return [
        # Describing takes no resource.
        {"Effect": "Allow", "Action": describe, "Resource": "*"},
        {"Effect": "Allow", "Action": ["elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyListener"], "Resource": [rule, listener]},
        {"Effect": "Allow", "Action": ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"], "Resource": list(groups)},
    ]


def _context(account: str, cluster_name: str) -> dict[str, str]:
    return {"kms:EncryptionContext:aws:ecs:clusterAccount": account, "kms:EncryptionContext:aws:ecs:clusterName": cluster_name}
