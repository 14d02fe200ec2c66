"""Where a stack goes."""

from enum import StrEnum

from modeldeploy.grid import Cloud


class Target(StrEnum):
    """A cloud, or a Kubernetes cluster that is there."""

    AWS = Cloud.AWS.value
    AZURE = Cloud.AZURE.value
    GCP = Cloud.GCP.value
    CLUSTER = "cluster"
    """The cluster of the kubeconfig that Pulumi finds (`KUBECONFIG`, or `kubernetes:kubeconfig` in the configuration): on premises, or another
    team's."""
