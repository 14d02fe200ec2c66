"""Dynamic pricing: a price per product in real time, from a managed endpoint that reads the SQL database beside it.

The workload: real-time requests all day with peaks in promotions, answers within 50 to 100 ms, prices and stock in a relational database.
"""

from dataclasses import dataclass, replace

from modeldeploy import grid
from modeldeploy.grid import DeploymentType
from modeldeploy.spec import Access, Compute, DatabaseArgs, Environment, ManagedEndpointArgs, NetworkArgs, Operations, Rollout, Scaling
from stacks.outputs import export_endpoint
from stacks.settings import Release, load

TAGS = {"project": "dynamic-pricing", "owner": "finance", "data-class": "internal"}


@dataclass(frozen=True, kw_only=True)
class DynamicPricing:
    """The stack's configuration, key `modeldeploy:workload`."""

    environment: Environment
    deployment: DeploymentType = DeploymentType.MANAGED_ENDPOINT
    models: list[Release]
    rollout: Rollout = Rollout()
    compute: Compute = Compute()
    scaling: Scaling = Scaling()
    access: Access = Access()
    operations: Operations = Operations(latency_milliseconds=200)


def deploy() -> None:
    """A private network, the database in it, and the endpoint that reads it."""
    cloud, workload = load(DynamicPricing)
    endpoint_class = grid.endpoint(workload.deployment, cloud)
    endpoint_args = ManagedEndpointArgs(
        models=[release.model("dynamic-pricing", cloud) for release in workload.models],
        rollout=workload.rollout,
        compute=workload.compute,
        scaling=workload.scaling,
        access=workload.access,
        operations=workload.operations,
        environment=workload.environment,
        tags=TAGS,
    )
    grid.check(endpoint_class, "pricing-api", endpoint_args)

    environment, operations = workload.environment, workload.operations
    network = grid.network(cloud)("pricing", NetworkArgs(log_retention_days=operations.log_retention_days, environment=environment, tags=TAGS))
    database = grid.database(cloud)(
        "pricing-data",
        DatabaseArgs(database="pricing", network=network.reference(), operations=operations, environment=environment, tags=TAGS),
    )
    endpoint = endpoint_class("pricing-api", replace(endpoint_args, network=network.reference(), database=database.connection()))
    export_endpoint(cloud, endpoint)
