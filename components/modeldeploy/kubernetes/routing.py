"""How requests reach the versions: Services inside the cluster, a Gateway's route or an Ingress from outside."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from modeldeploy.spec.kubernetes import Route
from modeldeploy.spec.model import Model

from .pods import PORT
from .scope import SKIP_AWAIT, VERSION, Scope, version_name

SERVICE_PORT = 80
VERSION_SERVICE = {"modeldeploy/service": "version"}
"""Label of the Services with the pods of one version, which Prometheus reads."""


def version_service(scope: Scope, model: Model) -> core.Service:
    """A Service with the pods of one version: what a route shares requests between, and where a version is tried before it gets any."""
    name = version_name(scope.name, model.version)
    return _service(scope, f"{scope.name}-service-v{model.version}", name, model.version, {VERSION: model.version, **VERSION_SERVICE}, [])


def stable_service(scope: Scope, served: str, after: Sequence[pulumi.Resource]) -> core.Service:
    """The Service callers use. It moves to another version in one step, `after` that is ready: blue/green."""
    return _service(scope, scope.name, scope.name, served, {}, after)


def gateway_route(
    scope: Scope,
    route: Route,
    path: str,
    services: Mapping[str, core.Service],
    weights: Mapping[str, int],
    seconds: int,
    after: Sequence[pulumi.Resource],
) -> CustomResource:
    """Requests by weight to the versions: https://gateway-api.sigs.k8s.io/api-types/httproute/."""
    name = (route.gateway or "").partition("/")[2]
    backends = [{"name": services[version].metadata.name, "port": SERVICE_PORT, "weight": weight} for version, weight in weights.items()]
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "backendRefs": backends,
        "timeouts": {"request": f"{seconds}s"},
    }
    return CustomResource(
        f"{scope.name}-route",
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=scope.metadata(scope.name),
        spec={
            "parentRefs": [{"name": name, "namespace": route.gateway_namespace, "sectionName": route.listener or "https"}],
            "hostnames": [route.hostname],
            "rules": [rule],
        },
        opts=scope.child(*after),
    )


def ingress(scope: Scope, route: Route, path: str, service: core.Service) -> networking.Ingress:
    """All requests to the Service callers use: https://kubernetes.io/docs/concepts/services-networking/ingress/."""
    backend = networking.IngressBackendArgs(
        service=networking.IngressServiceBackendArgs(name=service.metadata.name, port=networking.ServiceBackendPortArgs(name=PORT))
    )
    return networking.Ingress(
        f"{scope.name}-route",
        metadata=scope.metadata(scope.name, annotations=SKIP_AWAIT),
        spec=networking.IngressSpecArgs(
            ingress_class_name=route.ingress_class,
            tls=[networking.IngressTLSArgs(hosts=[route.hostname], secret_name=route.tls_secret)],
            rules=[
                networking.IngressRuleArgs(
                    host=route.hostname,
                    http=networking.HTTPIngressRuleValueArgs(
                        paths=[networking.HTTPIngressPathArgs(path=path, path_type="Prefix", backend=backend)],
                    ),
                )
            ],
        ),
        opts=scope.child(),
    )


def _service(scope: Scope, resource: str, name: str, version: str, labels: Mapping[str, str], after: Sequence[pulumi.Resource]) -> core.Service:
    return core.Service(
        resource,
        metadata=scope.metadata(name, labels, SKIP_AWAIT),
        spec=core.ServiceSpecArgs(
            type="ClusterIP",
            selector={**scope.selector, VERSION: version},
            ports=[core.ServicePortArgs(name=PORT, port=SERVICE_PORT, target_port=PORT, protocol="TCP", app_protocol="http")],
        ),
        opts=scope.child(*after),
    )
