"""Where a load balancer finds the replicas of a version."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.model import Container
from modeldeploy.spec.names import fit

from .balancer import LONGEST_PART
from .network import Attachment


def target_group(
    name: str, container: Container, network: Attachment, request_seconds: int, tags: dict[str, str], parent: pulumi.Resource
) -> aws.lb.TargetGroup:
    """The replicas that answer the health path; each gets the next request when it has the fewest."""
    return aws.lb.TargetGroup(
        fit(name, LONGEST_PART),
        target_type="ip",
        protocol="HTTP",
        port=container.port,
        vpc_id=network.vpc_id,
        load_balancing_algorithm_type="least_outstanding_requests",
        # A replica that goes ends what it has begun.
        deregistration_delay=request_seconds,
        health_check=aws.lb.TargetGroupHealthCheckArgs(
            path=container.health_path, matcher="200", interval=15, timeout=10, healthy_threshold=2, unhealthy_threshold=3
        ),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
