"""Dynamic pricing: a price per product in real time, from a managed endpoint that reads the SQL database beside it.

The workload: real-time requests all day with peaks in promotions, answers within 50 to 100 ms, prices and stock in a relational database.
"""

from dataclasses import dataclass

from modeldeploy import grid
from modeldeploy.spec import Access, Compute, DatabaseArgs, Environment, ManagedEndpointArgs, NetworkArgs, Operations, Rollout, Scaling
from stacks.outputs import export_endpoint
from stacks.settings import Release, load

TAGS = {"project": "dynamic-pricing", "owner": "finance", "data-class": "internal"}


@dataclass(frozen=True, kw_only=True)
class DynamicPricing:
    """The stack's configuration, key `modeldeploy:workload`."""

    environment: Environment
    models: list[Release]
    rollout: Rollout = Rollout()
    compute: Compute = Compute()
    scaling: Scaling = Scaling()
    access: Access = Access()
    operations: Operations = Operations(latency_milliseconds=200)


def deploy() -> None:
    """A private network, the database in it, and the endpoint that reads it."""
    cloud, workload = load(DynamicPricing)
    retention = workload.operations.log_retention_days

    network = grid.network(cloud)("pricing", NetworkArgs(log_retention_days=retention, environment=workload.environment, tags=TAGS))
    database = grid.database(cloud)(
        "pricing-data",
        DatabaseArgs(database="pricing", network=network.reference(), operations=workload.operations, environment=workload.environment, tags=TAGS),
    )
    endpoint = grid.managed_endpoint(cloud)(
        "pricing-api",
        ManagedEndpointArgs(
            models=[release.model("dynamic-pricing", cloud) for release in workload.models],
            rollout=workload.rollout,
            compute=workload.compute,
            scaling=workload.scaling,
            network=network.reference(),
            access=workload.access,
            database=database.connection(),
            operations=workload.operations,
            environment=workload.environment,
            tags=TAGS,
        ),
    )
    export_endpoint(cloud, endpoint)
