"""What a stack's module says about its workload, apart from the configuration."""

from dataclasses import dataclass

from modeldeploy.advise import advise
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.needs import Needs, Work
from stacks.shared.settings import where

SERVING = (DeploymentType.MANAGED_ENDPOINT, DeploymentType.SERVERLESS, DeploymentType.CONTAINER, DeploymentType.KUBERNETES)
SCORING = (DeploymentType.BATCH, DeploymentType.MANAGED_BATCH)

DOES = {Work.REAL_TIME: SERVING, Work.BATCH: SCORING, Work.STREAMING: (DeploymentType.STREAMING,)}
"""The types that do a kind of work. There is none for devices."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project of the portfolio."""

    name: str
    """Name of the project, of its model and of the component: 2 to 24 lower-case letters, digits and '-'."""
    owner: str
    """Who answers for it: value of the tag `owner`."""
    needs: Needs
    """What its workload needs: it decides how it is deployed, unless the configuration does."""
    database: str | None = None
    """Name of the relational database that stands beside it. Default: none."""
    health_records: bool = False
    """Whether a FHIR service with health records stands beside it."""

    @property
    def tags(self) -> dict[str, str]:
        """Tags of everything in its stacks. The policy pack reads `data-class`."""
        return {"project": self.name, "owner": self.owner, "data-class": self.needs.data_class.value}

    @property
    def runs_on_cluster(self) -> bool:
        """Whether a Kubernetes cluster alone has everything it needs."""
        streams = self.needs.work is Work.STREAMING
        return self.database is None and not self.health_records and not self.needs.files_of_records and not streams

    def deployment(self, written: DeploymentType | None, cloud: Cloud) -> DeploymentType:
        """How it is deployed on `cloud`: as `written` in the configuration, else as its needs ask for.

        Raises `ArgumentError` for a type that does another kind of work.
        """
        if written is None:
            return advise(self.needs, cloud).deployment_type()
        allowed = DOES.get(self.needs.work, ())
        if written not in allowed:
            reason = f"'{written}' does not do {self.needs.work} work; use one of {', '.join(allowed)}"
            raise ArgumentError(where(), [Problem("workload.deployment", reason)])
        return written
