"""What every stack tells at its end, under the same names on every cloud."""

import pulumi

from modeldeploy.grid import Cloud, EndpointComponent


def export_endpoint(cloud: Cloud, endpoint: EndpointComponent) -> None:
    """Exports an endpoint's outputs."""
    pulumi.export("cloud", cloud.value)
    pulumi.export("endpoint", endpoint.url)
    pulumi.export("identity", endpoint.identity)
    pulumi.export("model_version", endpoint.model_version)
    pulumi.export("logs", endpoint.logs)
    pulumi.export("dashboard", endpoint.dashboard_url)
    pulumi.export("monthly_cost_usd", endpoint.monthly_cost)
    pulumi.export("database_grant", endpoint.database_grant)
