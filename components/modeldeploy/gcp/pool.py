"""Machines that the models of several Vertex AI endpoints share.

Google shares them between models that are served by the same one of its own images for TensorFlow or, in preview, PyTorch, on public endpoints: no
image of one's own, no Private Service Connect. https://cloud.google.com/vertex-ai/docs/predictions/model-co-hosting
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import Compute, choice_problems, choose
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.model import Container, Model
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment, Operations
from modeldeploy.spec.scaling import Scaling
from modeldeploy.spec.tags import tag_problems

from .alarms import busy_replicas, channels, policy
from .identity import serving_account
from .instances import CATALOGUE, GPU, monthly_usd
from .keys import data_key
from .labels import label_problems, labels
from .names import LONGEST
from .place import place
from .scope import Scope
from .services import enable
from .versions import autoscaling, pause_problems
from .vertex import VertexAccelerator, VertexDeploymentPool, VertexDeploymentPoolArgs
from .vertex.resources import to_wire

APIS = ("aiplatform", "cloudkms", "storage", "iam", "logging", "monitoring", "bigquery")
ENCRYPTED = ("aiplatform", "storage", "logging", "bigquery")
"""The services that store something of the pool, or of an endpoint whose models are in it, under its key."""
PREBUILT = re.compile(r"(us|europe|asia)-docker\.pkg\.dev/vertex-ai/prediction/(tf2?|pytorch)-(cpu|gpu)\.[0-9-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}")
"""Google's images whose models may share machines: https://cloud.google.com/vertex-ai/docs/predictions/pre-built-containers."""
NAME = re.compile(r"projects/[^/]+/locations/[^/]+/deploymentResourcePools/[^/]+")
CPU_USE = (
    'resource.type="aiplatform.googleapis.com/DeploymentResourcePool" AND '
    'metric.type="aiplatform.googleapis.com/prediction/online/deployment_resource_pool/cpu/utilization" AND '
    'resource.labels.deployment_resource_pool_id="'
)


@dataclass(frozen=True, kw_only=True)
class SharedPool:
    """A pool as an argument of the endpoints whose models are in it."""

    id: pulumi.Input[str]
    """`projects/P/locations/L/deploymentResourcePools/D`, in the endpoint's region and project."""
    identity: pulumi.Input[str]
    """Address of the service account that its containers run as; it is let into the buckets of the endpoint's models."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if isinstance(self.id, str) and not NAME.fullmatch(self.id):
            yield Problem("id", f"'{self.id}' is no pool; write projects/P/locations/L/deploymentResourcePools/D")
        if isinstance(self.identity, str) and "@" not in self.identity:
            yield Problem("identity", f"'{self.identity}' is no address of a service account; write <account>@<project>.iam.gserviceaccount.com")


@dataclass(frozen=True, kw_only=True)
class VertexPoolArgs:
    """Machines that the models of several Vertex AI endpoints share."""

    compute: Compute = Compute()
    """The machine under each replica. Default: 2 CPUs and 8 GiB. A change makes another pool beside this one, and deploys to it."""
    scaling: Scaling = Scaling()
    """Replicas, by CPU use. Default: 2 to 10. Changed in place."""
    spot: bool = False
    """Whether replicas run on spare machines, which Google may take back. Default: no. A change makes another pool beside this one."""
    encryption: Encryption = Encryption()
    """The customer-managed key, which its endpoints use as well. Default: one is made."""
    operations: Operations = Operations()
    """Who is told when its replicas are busy (`emails`), and from when on (`utilization_percent`); the rest is its endpoints'."""
    environment: Environment = Environment.PRODUCTION
    """What the pool is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`; a pool itself takes none."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from choice_problems(self.compute, CATALOGUE, "Vertex AI")
        yield from pause_problems(self.scaling)
        yield from tag_problems(self.tags)
        yield from label_problems(self.tags)
        for name in ("log_retention_days", "latency_milliseconds", "error_percent", "capture_percent", "monthly_budget_usd"):
            if getattr(self.operations, name) != getattr(Operations(), name):
                yield Problem(f"operations.{name}", "has no effect on a pool; write it at the endpoints whose models are in it")


class VertexPool(pulumi.ComponentResource):
    """A pool of machines, with a key and a service account, for endpoints that name it (`VertexEndpointArgs.pool`).

    It costs nothing while no model is in it. Its models are not kept apart: each takes CPU and memory from the others, and all of them run as the one
    account, which reads the buckets of all. Share between models of one team.

    What its user has seen to: a key given by `encryption.key` is in the pool's region and lets the service agents of Vertex AI, Cloud Storage, Cloud
    Logging and BigQuery encrypt and decrypt, for the endpoints as well.
    """

    id: pulumi.Output[str]
    """The pool, `projects/P/locations/L/deploymentResourcePools/D`."""
    identity: pulumi.Output[str]
    """Address of the service account that its containers run as."""
    key: pulumi.Output[str]
    """The key, which its endpoints are given as `encryption.key`."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month at minimum scale once a model is in it, at the prices of us-central1."""

    def __init__(self, name: str, args: VertexPoolArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexPoolArgs, args, f"VertexPool '{name}'")
        check_name(f"VertexPool '{name}'", name, LONGEST)
        where = place(f"VertexPool '{name}'", opts)
        super().__init__("modeldeploy:index:VertexPool", name, to_wire(checked), opts)
        machine = choose(checked.compute, CATALOGUE)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, APIS, where, self),
        )

        key = data_key(scope, checked.encryption, ENCRYPTED)
        account = serving_account(scope)
        pool = VertexDeploymentPool(
            name,
            VertexDeploymentPoolArgs(
                project=where.project,
                location=where.region,
                machine_type=machine.name,
                accelerator_type=VertexAccelerator(GPU) if machine.gpus else None,
                accelerator_count=machine.gpus,
                min_replicas=checked.scaling.minimum,
                max_replicas=checked.scaling.maximum,
                autoscaling=autoscaling(machine, checked.scaling),
                service_account=account.email,
                encryption_key=key.id,
                spot=checked.spot,
            ),
            scope.after_apis(*key.ready),
        )
        percent = checked.operations.utilization_percent
        text = f"Replicas of {name} use more than {percent}% of their CPU: raise `scaling.maximum`, or share them between fewer models."
        busy = busy_replicas(pulumi.Output.concat(CPU_USE, pool.pool_id, '"'), machine.cpus, checked.operations)
        policy(scope, "cpu", text, [busy], channels(scope, checked.operations.emails))

        self.id = pool.name
        self.identity = account.email
        self.key = pulumi.Output.from_input(key.id)
        self.monthly_cost = pulumi.Output.from_input(monthly_usd(machine, checked.scaling.minimum))
        self.register_outputs({"id": self.id, "identity": self.identity, "key": self.key, "monthly_cost": self.monthly_cost})

    def reference(self) -> SharedPool:
        """The pool as an argument of the endpoints whose models are in it."""
        return SharedPool(id=self.id, identity=self.identity)


def pooled_model_problems(models: Sequence[Model]) -> Iterator[Problem]:
    """Problems of versions that could not share machines."""
    for index, model in enumerate(models):
        path = f"models[{index}].container"
        container = model.container
        if not PREBUILT.fullmatch(container.image):
            yield Problem(
                f"{path}.image",
                f"'{container.image}' cannot share machines; with pool, use one of Google's own for TensorFlow or PyTorch, by digest "
                "(europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15@sha256:...), or leave pool out",
            )
        elif container.image != models[0].container.image:
            yield Problem(f"{path}.image", f"'{container.image}' is not that of models[0]; models in one pool have the same image")
        for name in ("port", "health_path", "predict_path"):
            if getattr(container, name) != getattr(Container(image=container.image), name):
                yield Problem(f"{path}.{name}", "excludes pool: Google's own images have their own; leave it out")
        if container.environment:
            yield Problem(f"{path}.environment", "excludes pool: all models in it are served by the same process; leave it out")
