"""What watches a workload: a ServiceMonitor and alert rules for the Prometheus operator.

The names of cAdvisor's and kube-state-metrics' metrics are those of their documentation:
https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics, https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md.
"""

from typing import Any

from pulumi_kubernetes.apiextensions import CustomResource

from modeldeploy.spec.kubernetes import Monitoring, PodScaling

from .pods import PORT
from .routing import VERSION_SERVICE
from .scope import INSTANCE, VERSION, Scope


def service_monitor(scope: Scope, monitoring: Monitoring) -> CustomResource:
    """Reads the metrics of every version, labelled with the version."""
    return CustomResource(
        f"{scope.name}-monitor",
        api_version="monitoring.coreos.com/v1",
        kind="ServiceMonitor",
        metadata=scope.metadata(scope.name, monitoring.labels),
        spec={
            "selector": {"matchLabels": {**scope.selector, **VERSION_SERVICE}},
            "targetLabels": [INSTANCE, VERSION],
            "endpoints": [{"port": PORT, "path": monitoring.metrics_path, "interval": "30s"}],
        },
        opts=scope.child(),
    )


def alert_rules(scope: Scope, monitoring: Monitoring, scaling: PodScaling) -> CustomResource:
    """The alerts."""
    return CustomResource(
        f"{scope.name}-alerts",
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata=scope.metadata(scope.name, monitoring.labels),
        spec={"groups": [{"name": scope.name, "rules": alerts(scope.name, scope.namespace_name, monitoring, scaling)}]},
        opts=scope.child(),
    )


def alerts(name: str, namespace: str, monitoring: Monitoring, scaling: PodScaling) -> list[dict[str, Any]]:
    """Alerts on what callers notice, and on what will be noticed soon. Per version, so that a canary is not hidden behind the rest."""
    mine = f'app_kubernetes_io_instance="{name}",namespace="{namespace}"'
    objects = f'namespace="{namespace}",deployment=~"{name}-v.+"'
    requests, duration = monitoring.requests_metric, monitoring.duration_metric
    by = "by (app_kubernetes_io_version)"
    failed = f'sum {by} (rate({requests}{{{mine},status=~"5.."}}[5m]))'
    found = [
        _alert(
            "ModelErrors",
            f"{failed} / sum {by} (rate({requests}{{{mine}}}[5m])) > {monitoring.error_percent / 100:g}",
            "10m",
            "critical",
            f"More than {monitoring.error_percent}% of the requests to {name} fail.",
        ),
        _alert(
            "ModelLatency",
            f"sum {by} (rate({duration}_sum{{{mine}}}[5m])) / sum {by} (rate({duration}_count{{{mine}}}[5m]))"
            f" > {monitoring.latency_milliseconds / 1000:g}",
            "10m",
            "warning",
            f"Requests to {name} take more than {monitoring.latency_milliseconds} ms on average.",
        ),
        _alert(
            "ModelUtilization",
            f'sum by (pod) (rate(container_cpu_usage_seconds_total{{namespace="{namespace}",pod=~"{name}-v.+",container="model"}}[5m]))'
            f' / sum by (pod) (kube_pod_container_resource_limits{{namespace="{namespace}",pod=~"{name}-v.+",container="model",resource="cpu"}})'
            f" > {monitoring.utilization_percent / 100:g}",
            "15m",
            "warning",
            f"Replicas of {name} use more than {monitoring.utilization_percent}% of their CPU limit.",
        ),
        _alert(
            "ModelRestarts",
            f'increase(kube_pod_container_status_restarts_total{{namespace="{namespace}",pod=~"{name}-v.+"}}[15m]) > 2',
            "5m",
            "warning",
            f"Replicas of {name} keep restarting.",
        ),
    ]
    if scaling.to_zero is None:
        found.append(
            _alert("ModelDown", f"kube_deployment_status_replicas_available{{{objects}}} == 0", "5m", "critical", f"No replica of {name} answers.")
        )
        if scaling.is_automatic:
            scaler = f'namespace="{namespace}",horizontalpodautoscaler=~"{name}-v.+"'
            found.append(
                _alert(
                    "ModelAtMaximum",
                    f"kube_horizontalpodautoscaler_status_current_replicas{{{scaler}}} == kube_horizontalpodautoscaler_spec_max_replicas{{{scaler}}}",
                    "15m",
                    "warning",
                    f"{name} runs with all the replicas it may have.",
                )
            )
    return found


def _alert(name: str, expression: str, duration: str, severity: str, summary: str) -> dict[str, Any]:
    return {"alert": name, "expr": expression, "for": duration, "labels": {"severity": severity}, "annotations": {"summary": summary}}
