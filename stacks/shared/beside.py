"""What stands beside a model: the network that is shared, a database, a service for health records."""

from dataclasses import dataclass, replace
from typing import Any

import pulumi

from modeldeploy import grid
from modeldeploy.grid import Cloud, HealthRecordsComponent
from modeldeploy.spec import DatabaseArgs, DatabaseConnection, Environment, HealthRecordsArgs, Model, Network, NetworkArgs, Operations
from stacks.shared.project import Project


@dataclass(frozen=True)
class Beside:
    """What was made for a deployment."""

    network: Network | None = None
    database: DatabaseConnection | None = None
    records: HealthRecordsComponent | None = None

    def arguments(self) -> dict[str, Any]:
        """The deployment's arguments that connect it."""
        given = {"network": self.network, "database": self.database}
        return {name: value for name, value in given.items() if value is not None}

    def tell(self, model: Model) -> Model:
        """The model, whose container is told where health records are (`$FHIR_URL`)."""
        if self.records is None:
            return model
        told = {**model.container.environment, "FHIR_URL": self.records.url}
        return replace(model, container=replace(model.container, environment=told))

    def let_read(self, name: str, identity: pulumi.Input[str]) -> None:
        """Lets the deployment read health records with its own identity."""
        if self.records is not None:
            self.records.let_read(name, identity)


def make_beside(project: Project, cloud: Cloud, environment: Environment, operations: Operations) -> Beside:
    """Makes what the project has beside its model; nothing, not even a network, where it has nothing."""
    if project.database is None and not project.health_records:
        return Beside()
    name, tags = project.name, project.tags
    network = grid.network(cloud)(name, NetworkArgs(log_retention_days=operations.log_retention_days, environment=environment, tags=tags)).reference()
    database = records = None
    if project.database is not None:
        arguments = DatabaseArgs(database=project.database, network=network, operations=operations, environment=environment, tags=tags)
        database = grid.database(cloud)(f"{name}-data", arguments).connection()
    if project.health_records:
        records = grid.health_records(cloud)(
            f"{name}-records", HealthRecordsArgs(network=network, operations=operations, environment=environment, tags=tags)
        )
    return Beside(network, database, records)
