"""A model as a server on any Kubernetes cluster."""

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicyIngressRuleArgs

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import WorkloadArgs
from modeldeploy.spec.model import Model
from modeldeploy.spec.rollout import served_version, shares

from .monitoring import alert_rules, service_monitor
from .pods import PORT, container, pod_template
from .routing import gateway_route, ingress, stable_service, version_service
from .scaling import autoscale, disruption_budget
from .scope import VERSION, Scope, check_name, scope, version_name
from .space import caller, from_namespace, space, surge

_PROBE_SECONDS = 10
_SETTLE_SECONDS = 5
"""How long a new replica must stay ready before an old one goes."""


class KubernetesWorkload(pulumi.ComponentResource):
    """Versions of a model as Deployments behind one Service, with namespace, autoscaling, closed network, quota, route, metrics and alerts.

    The cluster is the one of the kubernetes provider in `opts`. Callers are told apart by namespace only: what comes through a gateway is
    authenticated there. Traffic inside the cluster is as encrypted as the cluster's network makes it.
    """

    url: pulumi.Output[str]
    """Where to POST predictions: the route's host over TLS, or the Service inside the cluster."""
    identity: pulumi.Output[str]
    """The pods' service account as the cluster's roles name it: `system:serviceaccount:<namespace>:<name>`."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """The command that shows the logs of all versions; keeping them is the cluster's business."""
    namespace: pulumi.Output[str]
    """The namespace of everything."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(WorkloadArgs, args, f"KubernetesWorkload '{name}'")
        check_name("KubernetesWorkload", name)
        super().__init__("modeldeploy:index:KubernetesWorkload", name, as_inputs(checked), opts)
        weights, served = shares(checked.models, checked.rollout), served_version(checked.models, checked.rollout)
        # Twice the largest number, although one version may be deployed: the next one has to fit beside it.
        pods = max(len(checked.models), 2) * (checked.scaling.maximum + surge(checked.scaling.maximum))

        place = space(
            scope(name, checked.models[0].name, checked.namespace, checked.tags, checked.environment, self),
            checked,
            pods=pods,
            callers=_callers(checked),
        )
        within = place.scope
        namespace = pulumi.Output.from_input(within.namespace)

        deployments = {model.version: _deployment(within, checked, model, place.ready) for model in checked.models}
        for version, deployment in deployments.items():
            autoscale(within, deployment, version_name(name, version), version, checked.scaling)
            disruption_budget(within, version_name(name, version), version)

        services = {model.version: version_service(within, model) for model in checked.models}
        ready = [deployments[version] for version, weight in weights.items() if weight > 0]
        stable = stable_service(within, served, ready)
        path = checked.models[0].container.predict_path
        if checked.route is not None and checked.route.gateway is not None:
            gateway_route(within, checked.route, path, services, weights, checked.request_seconds, ready)
        elif checked.route is not None:
            ingress(within, checked.route, path, stable)

        if checked.monitoring.enabled:
            service_monitor(within, checked.monitoring)
            alert_rules(within, checked.monitoring, checked.scaling)

        inside = pulumi.Output.concat("http://", stable.metadata.name, ".", namespace, ".svc.cluster.local")
        origin = inside if checked.route is None else pulumi.Output.from_input(f"https://{checked.route.hostname}")
        self.url = pulumi.Output.concat(origin, path)
        self.identity = pulumi.Output.concat("system:serviceaccount:", namespace, ":", place.account.metadata.name)
        self.model_version = pulumi.Output.from_input(served)
        self.logs = pulumi.Output.concat("kubectl logs --namespace ", namespace, f" --selector app.kubernetes.io/instance={name} --all-containers")
        self.namespace = namespace
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "namespace": self.namespace,
            }
        )


def _callers(args: WorkloadArgs) -> list[NetworkPolicyIngressRuleArgs]:
    callers = [caller(each) for each in args.network.callers]
    if args.route is not None:
        callers.append(from_namespace(args.route.proxy))
    if args.monitoring.enabled:
        callers.append(from_namespace(args.monitoring.namespace))
    return callers


def _deployment(scope: Scope, args: WorkloadArgs, model: Model, after: list[pulumi.Resource]) -> apps.Deployment:
    selector = {**scope.selector, VERSION: model.version}
    server = container(
        args,
        model,
        environment={},
        ports=True,
        startup=_probe(model, failures=max(1, args.start_seconds // _PROBE_SECONDS), period=_PROBE_SECONDS),
        readiness=_probe(model, failures=2, period=5),
        # Slower to act than readiness: a replica that is busy loses its requests before it loses its life.
        liveness=_probe(model, failures=6, period=_PROBE_SECONDS),
        # The API server's own sleep: images of models often have no shell.
        lifecycle=core.LifecycleArgs(pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=args.drain_seconds))),
    )
    return apps.Deployment(
        f"{scope.name}-v{model.version}",
        metadata=scope.metadata(
            version_name(scope.name, model.version),
            {VERSION: model.version},
        ),
        spec=apps.DeploymentSpecArgs(
            replicas=None if args.gitops else args.scaling.minimum,
            selector=LabelSelectorArgs(match_labels=selector),
            strategy=apps.DeploymentStrategyArgs(
                type="RollingUpdate", rolling_update=apps.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge="25%")
            ),
            min_ready_seconds=_SETTLE_SECONDS,
            progress_deadline_seconds=2 * args.start_seconds,
            revision_history_limit=5,
            template=pod_template(
                scope,
                args,
                model,
                selector=selector,
                server=server,
                grace_seconds=args.drain_seconds + args.request_seconds,
            ),
        ),
        # The first number is ours, every later one the autoscaler's. Without the field it would start with one replica, the API server's default.
        opts=scope.child(*after, ignore_changes=["spec.replicas"]),
    )


def _probe(model: Model, *, failures: int, period: int) -> core.ProbeArgs:
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=model.container.health_path, port=PORT, scheme="HTTP"),
        failure_threshold=failures,
        period_seconds=period,
        timeout_seconds=5,
    )
