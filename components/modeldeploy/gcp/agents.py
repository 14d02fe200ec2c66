"""Google's own service accounts, with which a service reaches what belongs to the project: the keys above all.

Each exists once in a project, and not before its API was used for the first time: asking for one brings it into being
(https://cloud.google.com/iam/docs/service-agents).
"""

from collections.abc import Callable

import pulumi
import pulumi_gcp as gcp

from .place import Place
from .scope import Scope


def agent(scope: Scope, service: str) -> pulumi.Output[str]:
    """The agent of `service` (`aiplatform`, `storage`, ...) in the project, as an IAM member. It stays when the component goes."""
    if service not in scope.agents:
        scope.agents[service] = _agent(scope, service)
    return scope.agents[service]


def project_number(scope: Scope) -> pulumi.Output[str]:
    """The project's number, asked for once its APIs are on."""
    return _number(scope.place, pulumi.InvokeOutputOptions(parent=scope.component, depends_on=scope.apis))


def _agent(scope: Scope, service: str) -> pulumi.Output[str]:
    known: dict[str, Callable[[Place, pulumi.InvokeOutputOptions], pulumi.Output[str]]] = {
        "storage": _storage_agent,
        "logging": _logging_agent,
        "bigquery": _bigquery_agent,
        "compute": _compute_agent,
    }
    if service in known:
        return known[service](scope.place, pulumi.InvokeOutputOptions(parent=scope.component, depends_on=scope.apis))
    identity = gcp.projects.ServiceIdentity(
        f"{scope.name}-agent-{service}",
        gcp.projects.ServiceIdentityArgs(service=f"{service}.googleapis.com", project=scope.project),
        scope.after_apis(),
    )
    return identity.member


def _compute_agent(where: Place, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    return _number(where, opts).apply(lambda number: f"serviceAccount:service-{number}@compute-system.iam.gserviceaccount.com")


def _number(where: Place, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    return gcp.organizations.get_project_output(project_id=where.project, opts=opts).number


def _storage_agent(where: Place, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    return gcp.storage.get_project_service_account_output(project=where.project, opts=opts).member


def _logging_agent(where: Place, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    settings = gcp.logging.get_project_cmek_settings_output(project=where.project, opts=opts)
    return settings.service_account_id.apply(lambda email: f"serviceAccount:{email}")


def _bigquery_agent(where: Place, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    return gcp.bigquery.get_default_service_account_output(project=where.project, opts=opts).member
