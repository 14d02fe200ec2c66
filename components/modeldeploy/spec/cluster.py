"""Arguments of a cloud's Kubernetes clusters, and of a model on one, the same on every cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from .arguments import Problem
from .compute import Compute
from .database import DatabaseConnection
from .encryption import Encryption
from .kubernetes import Monitoring, NetworkRules, PodResources, PodScaling, Route
from .model import IMAGE_BY_DIGEST, NAME, Model
from .network import Network
from .operations import Environment, Operations
from .rollout import Rollout, split_problems, version_problems
from .tags import tag_problems

COUNTED_BY_PODS = ("latency_milliseconds", "error_percent")
"""Numbers of `Operations` that only the pods themselves can measure; on Kubernetes they are those of `Monitoring`."""


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """Machines of one kind, besides those that the cluster makes by itself."""

    name: str
    """Name: 2 to 12 lower-case letters and digits, beginning with a letter (AKS takes no more)."""
    compute: Compute = Compute()
    """The machine. One with GPUs carries the taint `nvidia.com/gpu`, which pods that ask for GPUs put up with. Default: 2 CPUs and 8 GiB."""
    minimum: int = 0
    """Machines at least, 0 or more."""
    maximum: int = 4
    """Machines at most, 1 to 1000."""
    spot: bool = False
    """Spare machines, which the cloud may take back. They carry a taint, so that only pods that put up with it run there."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not (2 <= len(self.name) <= 12 and self.name.isalnum() and NAME.fullmatch(self.name)):
            yield Problem("name", f"'{self.name}' is no pool's name; allowed: 2 to 12 lower-case letters and digits, beginning with a letter")
        if self.minimum < 0:
            yield Problem("minimum", f"{self.minimum} is not allowed; use 0 or more")
        if not max(self.minimum, 1) <= self.maximum <= 1000:
            yield Problem("maximum", f"{self.maximum} is not allowed; use {max(self.minimum, 1)} to 1000")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster that deployments run on: the `reference()` of a cluster component, or one that is there already."""

    id: pulumi.Input[str]
    """Which one: name of the EKS cluster, ARM id of the AKS cluster, id of the GKE cluster (`projects/.../locations/.../clusters/...`)."""
    kubeconfig: pulumi.Input[str]
    """How the kubernetes provider reaches it. It holds no secret: it names the cloud's own login (`aws eks get-token`, `kubelogin`,
    `gke-gcloud-auth-plugin`)."""
    issuer: pulumi.Input[str] | None = None
    """Address of the cluster's OpenID Connect issuer. Required on Azure, where pods log in by it; not used elsewhere."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """A private cluster: its API answers in the network only, its users are identities of the cloud, its pods get identities of their own."""

    network: Network = Network()
    """The private network. `network.callers` may reach the API. Default: one is made."""
    administrators: list[str] = field(default_factory=list[str])
    """Who may do everything in the cluster: IAM role ARNs on AWS, object ids of Entra groups on Azure, IAM members on Google Cloud. Empty: nobody but
    who makes it."""
    pools: list[NodePool] = field(default_factory=list[NodePool])
    """Further machines: with GPUs, or spare ones. Default: those that the cluster makes by itself."""
    encryption: Encryption = Encryption()
    """The customer-managed key, for disks and for the cluster's secrets. Default: one is made."""
    operations: Operations = Operations()
    """Logs and budget of the cluster itself."""
    environment: Environment = Environment.PRODUCTION
    """What the cluster is for. Production: protected from deletion."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        names = [pool.name for pool in self.pools]
        for index, pool in enumerate(self.pools):
            if pool.name in names[:index]:
                yield Problem(f"pools[{index}].name", f"'{pool.name}' is there twice")
        yield from tag_problems(self.tags)


@dataclass(frozen=True, kw_only=True)
class KubernetesArgs:
    """A model on a cloud's Kubernetes cluster: the pods of `KubernetesWorkload`, with an identity in the cloud, artifacts in its object storage, and
    its logs, alarms, dashboard and budget (50 to 200 ms is the class it is meant for)."""

    models: list[Model]
    """The versions deployed, oldest first. A local artifact is uploaded; the loader brings it to `$MODEL_DIR`."""
    loader_image: str
    """Image by digest that fetches a model from the cloud's object storage with the pod's identity: it is called with the model's URI and a
    directory, as KServe's storage initializer is."""
    cluster: Cluster | None = None
    """The cluster. Default: one is made, in `network`."""
    rollout: Rollout = Rollout()
    """How requests are shared between the versions. Shares other than 0 and 100 need `route.gateway`. Default: all to the last."""
    resources: PodResources = PodResources()
    """What one pod asks for. Default: half a CPU and 512 MiB, up to 2 CPUs and 2 GiB."""
    scaling: PodScaling = PodScaling()
    """Replicas of each version. Default: 2 to 10 by CPU and memory use."""
    route: Route | None = None
    """How it is reached from outside the cluster. Default: not at all."""
    pods: NetworkRules = NetworkRules()
    """What may talk to the pods, and what they may talk to besides the model's storage and the database. Default: nothing."""
    monitoring: Monitoring = Monitoring(enabled=False)
    """Metrics and alerts for a Prometheus operator in the cluster. Default: off; the cloud's own alarms of `operations` watch the pods."""
    network: Network = Network()
    """The private network, of the cluster that is made and of everything beside it. Default: one is made."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    database: DatabaseConnection | None = None
    """A database the model reads. Default: none."""
    operations: Operations = Operations()
    """Logs, alarms, budget. No cloud counts requests to pods, so alarms on latency and errors are those of `monitoring`, with its numbers."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`. Objects in the cluster get those that are labels of Kubernetes."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from version_problems(self.models, self.rollout)
        for name in COUNTED_BY_PODS:
            if getattr(self.operations, name) != getattr(Operations(), name):
                yield Problem(f"operations.{name}", f"has no effect: no cloud counts requests to pods; use monitoring.{name} with monitoring.enabled")
        yield from split_problems(self.models, self.rollout, self.route is not None and self.route.gateway is not None)
        if not IMAGE_BY_DIGEST.fullmatch(self.loader_image):
            yield Problem(
                "loader_image", f"'{self.loader_image}' is not an image by digest; write registry/repository@sha256:<64 hexadecimal digits>"
            )
        yield from tag_problems(self.tags)
