"""What a monitor of feature attribution needs besides what every monitor does: an analysis that names the model, and an endpoint of its own for it.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-config-json-monitor-model-explainability-parameters.html
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .account import Account
from .model_store import object_tags
from .monitor_arguments import ExplainabilityMonitor
from .policy_documents import Statement, document

EXPLAINED = "analyses/"
"""Where analyses are, in the model bucket."""
SERVICE = "sagemaker.api"
"""The service, as VPC endpoints call it, by which a run starts its endpoint: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-vpc.html."""


@dataclass(frozen=True)
class Explained:
    """What answers at the endpoint that is monitored."""

    model: aws.sagemaker.Model
    machine: str


def analysis(
    name: str,
    monitor: ExplainabilityMonitor,
    explained: Explained,
    bucket: aws.s3.Bucket,
    key: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Address of the analysis. Another one has another address, because a definition that names it cannot be changed."""
    content = explained.model.name.apply(lambda model: json.dumps(_analysis(monitor, model, explained.machine)))
    written = aws.s3.BucketObjectv2(
        f"{name}-analysis",
        bucket=bucket.id,
        key=content.apply(lambda it: f"{EXPLAINED}{hashlib.sha256(it.encode()).hexdigest()[:16]}.json"),
        content=content,
        content_type="application/json",
        server_side_encryption="aws:kms",
        kms_key_id=key,
        bucket_key_enabled=True,
        tags=object_tags(tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return pulumi.Output.concat("s3://", written.bucket, "/", written.key)


def explaining(name: str, role: aws.iam.Role, explained: Explained, account: Account, parent: pulumi.Resource) -> aws.iam.RolePolicy:
    """Lets the monitors' role start an endpoint with the model, ask it, and take it away.

    No page lists all of it; these are what AWS's own MLOps solution grants, and the tags that runs put on since 2025.
    """
    return aws.iam.RolePolicy(
        f"{name}-monitors-explaining",
        role=role.name,
        policy=pulumi.Output.all(account.partition, account.region, account.id, explained.model.arn).apply(
            lambda it: document(*_explaining(it[0], it[1], it[2], it[3]))
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _analysis(monitor: ExplainabilityMonitor, model: str, machine: str) -> dict[str, Any]:
    samples = {} if monitor.samples is None else {"num_samples": monitor.samples}
    predictor: dict[str, Any] = {"model_name": model, "instance_type": machine, "initial_instance_count": 1}
    if monitor.request is not None:
        predictor |= {"content_type": "application/jsonlines", "accept_type": "application/jsonlines", "content_template": monitor.request}
    return {
        "headers": monitor.features,
        "methods": {"shap": {"baseline": monitor.baseline, "agg_method": monitor.aggregation.value, **samples}},
        "predictor": predictor,
    }


def _explaining(partition: str, region: str, account: str, model: str) -> Sequence[Statement]:
    here = f"arn:{partition}:sagemaker:{region}:{account}"
    made = [f"{here}:endpoint-config/sm-clarify-*", f"{here}:endpoint/sm-clarify-*"]
    verbs = ("Create", "Describe", "Delete")
    actions = [f"sagemaker:{verb}{what}" for what in ("EndpointConfig", "Endpoint") for verb in verbs]
    return [
        {"Effect": "Allow", "Action": [*actions, "sagemaker:InvokeEndpoint", "sagemaker:AddTags"], "Resource": made},
        {"Effect": "Allow", "Action": ["sagemaker:DescribeModel", "sagemaker:CreateEndpointConfig"], "Resource": model},
    ]
