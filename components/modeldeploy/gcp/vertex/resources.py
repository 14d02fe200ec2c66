"""Vertex AI resources that pulumi-gcp lacks, for Python programs. The plugin `modeldeploy` serves them (see `provider.py`)."""

from typing import Any

import pulumi

from modeldeploy.plugin.wire import to_wire as to_wire  # also for the components beside this folder
from modeldeploy.spec.arguments import parse

from .arguments import (
    VertexDeployedModelArgs,
    VertexDeploymentPoolArgs,
    VertexModelArgs,
    VertexMonitoringArgs,
    VertexTrafficShare,
    VertexTrafficSplitArgs,
)

PACKAGE = "modeldeploy"
MODEL = f"{PACKAGE}:index:VertexModel"
DEPLOYED_MODEL = f"{PACKAGE}:index:VertexDeployedModel"
TRAFFIC_SPLIT = f"{PACKAGE}:index:VertexTrafficSplit"
DEPLOYMENT_POOL = f"{PACKAGE}:index:VertexDeploymentPool"
MONITORING = f"{PACKAGE}:index:VertexMonitoring"


class VertexModel(pulumi.CustomResource):
    """A version of a model in Vertex AI's registry, uploaded from Cloud Storage and a container image.

    A change of what is uploaded (artifact, container) uploads again and then deletes this version: with `model_id` as the model's next version,
    without it as a new model. Names, descriptions, aliases and labels change in place. Deleting the last version deletes the model.

    Import: `pulumi import modeldeploy:index:VertexModel NAME projects/P/locations/L/models/M@VERSION`.
    """

    pulumi_type = MODEL

    def __init__(self, name: str, args: VertexModelArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexModelArgs, args, f"VertexModel '{name}'")
        inputs = to_wire(checked)
        super().__init__(MODEL, name, {**inputs, **_outputs(inputs, "name", "modelId", "versionId", "resourceName", "artifactUri", "labels")}, opts)

    @property
    @pulumi.getter(name="name")
    def name(self) -> pulumi.Output[str]:
        """`projects/P/locations/L/models/M`."""
        return _output(self, "name")

    @property
    @pulumi.getter(name="modelId")
    def model_id(self) -> pulumi.Output[str]:
        """Last part of the name."""
        return _output(self, "modelId")

    @property
    @pulumi.getter(name="versionId")
    def version_id(self) -> pulumi.Output[str]:
        """Number of this version, such as `3`."""
        return _output(self, "versionId")

    @property
    @pulumi.getter(name="resourceName")
    def resource_name(self) -> pulumi.Output[str]:
        """`projects/P/locations/L/models/M@VERSION`: what a `VertexDeployedModel` deploys."""
        return _output(self, "resourceName")

    @property
    @pulumi.getter(name="artifactUri")
    def artifact_uri(self) -> pulumi.Output[str | None]:
        """Folder with the model's files."""
        return _output(self, "artifactUri")

    @property
    @pulumi.getter(name="labels")
    def labels(self) -> pulumi.Output[dict[str, str]]:
        """Labels of this version."""
        return _output(self, "labels")


class VertexDeployedModel(pulumi.CustomResource):
    """A model version running on an endpoint.

    It is deployed without traffic; a `VertexTrafficSplit` gives it some. Replica counts, autoscaling and container logging change in place; any
    other change deploys beside the old one and undeploys that after the traffic has moved.

    Import: `pulumi import modeldeploy:index:VertexDeployedModel NAME projects/P/locations/L/endpoints/E/deployedModels/ID`.
    """

    pulumi_type = DEPLOYED_MODEL

    def __init__(self, name: str, args: VertexDeployedModelArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexDeployedModelArgs, args, f"VertexDeployedModel '{name}'")
        inputs = to_wire(checked)
        super().__init__(DEPLOYED_MODEL, name, {**inputs, **_outputs(inputs, "deployedModelId", "modelVersionId", "serviceAttachment")}, opts)

    @property
    @pulumi.getter(name="deployedModelId")
    def deployed_model_id(self) -> pulumi.Output[str]:
        """Number of the deployment on its endpoint, the key of its traffic."""
        return _output(self, "deployedModelId")

    @property
    @pulumi.getter(name="endpoint")
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint it runs on."""
        return _output(self, "endpoint")

    @property
    @pulumi.getter(name="model")
    def model(self) -> pulumi.Output[str]:
        """The model version that runs."""
        return _output(self, "model")

    @property
    @pulumi.getter(name="modelVersionId")
    def model_version_id(self) -> pulumi.Output[str]:
        """Number of the model version that runs, as Vertex AI reports it."""
        return _output(self, "modelVersionId")

    @property
    @pulumi.getter(name="serviceAttachment")
    def service_attachment(self) -> pulumi.Output[str]:
        """What a forwarding rule in a caller's network points to, on an endpoint with Private Service Connect: the same for all its deployments.
        Empty on others."""
        return _output(self, "serviceAttachment")

    def share(self, percent: int) -> VertexTrafficShare:
        """A share of `percent` for this deployment, for a `VertexTrafficSplit`."""
        return VertexTrafficShare(deployed_model_id=self.deployed_model_id, percent=percent)


class VertexTrafficSplit(pulumi.CustomResource):
    """How an endpoint shares requests between the models deployed to it.

    The only owner of the endpoint's split: deployments leave it alone. Deleting it leaves the split empty, so the endpoint answers nothing and every
    model can be undeployed; `retain_on_delete` keeps the split as it is.

    Import: `pulumi import modeldeploy:index:VertexTrafficSplit NAME projects/P/locations/L/endpoints/E/trafficSplit`.
    """

    pulumi_type = TRAFFIC_SPLIT

    def __init__(self, name: str, args: VertexTrafficSplitArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexTrafficSplitArgs, args, f"VertexTrafficSplit '{name}'")
        inputs = to_wire(checked)
        super().__init__(TRAFFIC_SPLIT, name, {**inputs, **_outputs(inputs, "trafficSplit")}, opts)

    @property
    @pulumi.getter(name="endpoint")
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint whose requests are shared."""
        return _output(self, "endpoint")

    @property
    @pulumi.getter(name="trafficSplit")
    def traffic_split(self) -> pulumi.Output[dict[str, int]]:
        """Percent of requests by deployed model, as Vertex AI reports it."""
        return _output(self, "trafficSplit")


class VertexDeploymentPool(pulumi.CustomResource):
    """Machines that deployments share, also those of several endpoints.

    Replicas, autoscaling and container logging change in place; any other change makes another pool, deploys to it what this one has, and then
    deletes this one. A pool without deployments has no machines and costs nothing.

    Import: `pulumi import modeldeploy:index:VertexDeploymentPool NAME projects/P/locations/L/deploymentResourcePools/D`.
    """

    pulumi_type = DEPLOYMENT_POOL

    def __init__(self, name: str, args: VertexDeploymentPoolArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexDeploymentPoolArgs, args, f"VertexDeploymentPool '{name}'")
        inputs = to_wire(checked)
        super().__init__(DEPLOYMENT_POOL, name, {**inputs, **_outputs(inputs, "name", "poolId")}, opts)

    @property
    @pulumi.getter(name="name")
    def name(self) -> pulumi.Output[str]:
        """`projects/P/locations/L/deploymentResourcePools/D`: the `pool` of a `VertexDeployedModel`."""
        return _output(self, "name")

    @property
    @pulumi.getter(name="poolId")
    def pool_id(self) -> pulumi.Output[str]:
        """Last part of the name."""
        return _output(self, "poolId")


class VertexMonitoring(pulumi.CustomResource):
    """Watches whether what an endpoint is asked drifts away from what it was asked before: a model deployment monitoring job.

    An endpoint has one at most. Thresholds, models, emails, interval, share of requests, name and labels change in place; for any other change it is
    deleted before it is made again, and the endpoint answers meanwhile.

    Import: `pulumi import modeldeploy:index:VertexMonitoring NAME projects/P/locations/L/modelDeploymentMonitoringJobs/J`.
    """

    pulumi_type = MONITORING

    def __init__(self, name: str, args: VertexMonitoringArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexMonitoringArgs, args, f"VertexMonitoring '{name}'")
        inputs = to_wire(checked)
        super().__init__(MONITORING, name, {**inputs, **_outputs(inputs, "name", "jobId", "tables")}, opts)

    @property
    @pulumi.getter(name="name")
    def name(self) -> pulumi.Output[str]:
        """`projects/P/locations/L/modelDeploymentMonitoringJobs/J`, with the project's number."""
        return _output(self, "name")

    @property
    @pulumi.getter(name="jobId")
    def job_id(self) -> pulumi.Output[str]:
        """Last part of the name: the label `model_deployment_monitoring_job` of its log entries."""
        return _output(self, "jobId")

    @property
    @pulumi.getter(name="endpoint")
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint it watches."""
        return _output(self, "endpoint")

    @property
    @pulumi.getter(name="tables")
    def tables(self) -> pulumi.Output[list[str]]:
        """Tables in BigQuery that it reads the requests from (`bq://project.dataset.table`)."""
        return _output(self, "tables")


def _outputs(given: dict[str, Any], *names: str) -> dict[str, None]:
    """Placeholders that the SDK fills with outputs, for those that are not inputs as well."""
    return {name: None for name in names if name not in given}


def _output(resource: pulumi.Resource, name: str) -> Any:
    return resource.__dict__[name]
