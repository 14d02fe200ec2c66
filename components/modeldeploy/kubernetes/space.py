"""The place a workload lives in: namespace with restricted pods, quota and limits, a service account without rights, and a closed network."""

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from modeldeploy.spec.kubernetes import LINK_LOCAL, Destination, IdentityEndpoint, PodArgs

from .pods import PORT
from .quantities import cpus, memory
from .scope import Scope

_DNS_NAMESPACE = "kube-system"
_ENDPOINTS = {
    IdentityEndpoint.EKS: (("169.254.170.23/32", 80),),
    IdentityEndpoint.GKE: (("169.254.169.252/32", 988), ("169.254.169.254/32", 80)),
}
_NAME_SERVERS = {IdentityEndpoint.GKE: ("169.254.20.10/32", "169.254.169.254/32")}
"""Where names are looked up besides the cluster's own servers: on GKE, the cache on the machine, and Cloud DNS at the metadata server, which
Autopilot uses (https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy)."""
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Space:
    """Where the objects of a component go."""

    scope: Scope
    account: core.ServiceAccount
    ready: list[pulumi.Resource]
    """What must be there before the first pod."""


def surge(maximum: int) -> int:
    """Pods above `maximum` while an update replaces them: a quarter, rounded up."""
    return math.ceil(maximum / 4)


def space(before: Scope, args: PodArgs, *, pods: int, callers: list[networking.NetworkPolicyIngressRuleArgs]) -> Space:
    """Makes the place for `pods` pods at most, which `callers` may call."""
    ready: list[pulumi.Resource] = []
    scope = before
    if before.owned:
        namespace = _namespace(before)
        scope = before.within(namespace.metadata.name)
        ready += [namespace, _quota(scope, args, pods), _limits(scope, args)]
    account = core.ServiceAccount(
        f"{scope.name}-account",
        metadata=scope.metadata(scope.name, annotations=args.pod_identity.annotations),
        automount_service_account_token=False,
        image_pull_secrets=None if args.registry_secret is None else [core.LocalObjectReferenceArgs(name=args.registry_secret)],
        opts=scope.child(),
    )
    ready += [account, _deny(scope), _allow(scope, args, callers)]
    return Space(scope, account, ready)


def from_namespace(name: str, pods: Mapping[str, str] | None = None, port: str | int = PORT) -> networking.NetworkPolicyIngressRuleArgs:
    """Lets the pods of a namespace, or those with labels in it, reach a port."""
    return networking.NetworkPolicyIngressRuleArgs(
        from_=[
            networking.NetworkPolicyPeerArgs(
                namespace_selector=LabelSelectorArgs(match_labels={_NAMESPACE_LABEL: name}),
                pod_selector=None if pods is None else LabelSelectorArgs(match_labels=dict(pods)),
            )
        ],
        ports=[networking.NetworkPolicyPortArgs(protocol="TCP", port=port)],
    )


def caller(text: str, port: str | int = PORT) -> networking.NetworkPolicyIngressRuleArgs:
    """The rule for one of `network.callers`."""
    namespace, _, app = text.partition("/")
    return from_namespace(namespace, {"app.kubernetes.io/name": app} if app else None, port)


def _namespace(scope: Scope) -> core.Namespace:
    labels = {**scope.labels, **{f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}}
    return core.Namespace(f"{scope.name}-namespace", metadata=ObjectMetaArgs(name=scope.namespace, labels=labels), opts=scope.child())


def _quota(scope: Scope, args: PodArgs, pods: int) -> core.ResourceQuota:
    asked = args.resources
    hard = {
        "pods": str(pods),
        "requests.cpu": cpus(pods * asked.cpu_millis),
        "requests.memory": memory(pods * asked.memory_mib),
        "limits.cpu": cpus(pods * asked.cpu_limit_millis),
        "limits.memory": memory(pods * asked.memory_limit_mib),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    if asked.gpus:
        hard[f"requests.{asked.gpu_resource}"] = str(pods * asked.gpus)
    return core.ResourceQuota(
        f"{scope.name}-quota", metadata=scope.metadata(scope.name), spec=core.ResourceQuotaSpecArgs(hard=hard), opts=scope.child()
    )


def _limits(scope: Scope, args: PodArgs) -> core.LimitRange:
    """For pods that are not ours: the quota would refuse them without requests and limits."""
    asked = args.resources
    largest = {"cpu": cpus(asked.cpu_limit_millis), "memory": memory(asked.memory_limit_mib)}
    return core.LimitRange(
        f"{scope.name}-limits",
        metadata=scope.metadata(scope.name),
        spec=core.LimitRangeSpecArgs(
            limits=[
                core.LimitRangeItemArgs(
                    type="Container",
                    default=largest,
                    default_request={"cpu": cpus(asked.cpu_millis), "memory": memory(asked.memory_mib)},
                    max=largest,
                )
            ]
        ),
        opts=scope.child(),
    )


def _deny(scope: Scope) -> networking.NetworkPolicy:
    """Nothing in and nothing out: for everything in a namespace of our own, for our pods elsewhere."""
    chosen = LabelSelectorArgs() if scope.owned else LabelSelectorArgs(match_labels=scope.selector)
    return networking.NetworkPolicy(
        f"{scope.name}-deny",
        metadata=scope.metadata(f"{scope.name}-deny"),
        spec=networking.NetworkPolicySpecArgs(pod_selector=chosen, policy_types=["Ingress", "Egress"]),
        opts=scope.child(),
    )


def _allow(scope: Scope, args: PodArgs, callers: list[networking.NetworkPolicyIngressRuleArgs]) -> networking.NetworkPolicy:
    egress = [_dns(), *(_destination(each) for each in args.network.egress)]
    endpoint = args.pod_identity.endpoint
    if endpoint is not None:
        egress += [_to(cidr, port) for cidr, port in _ENDPOINTS[endpoint]]
        egress += [_names([_block(cidr)]) for cidr in _NAME_SERVERS.get(endpoint, ())]
    return networking.NetworkPolicy(
        f"{scope.name}-allow",
        metadata=scope.metadata(f"{scope.name}-allow"),
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=scope.selector),
            policy_types=["Ingress", "Egress"],
            ingress=callers or None,
            egress=egress,
        ),
        opts=scope.child(),
    )


def _dns() -> networking.NetworkPolicyEgressRuleArgs:
    peer = networking.NetworkPolicyPeerArgs(
        namespace_selector=LabelSelectorArgs(match_labels={_NAMESPACE_LABEL: _DNS_NAMESPACE}),
        pod_selector=LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
    )
    return _names([peer])


def _names(servers: list[networking.NetworkPolicyPeerArgs]) -> networking.NetworkPolicyEgressRuleArgs:
    """Lets pods look names up at `servers`."""
    ports = [networking.NetworkPolicyPortArgs(protocol=protocol, port=53) for protocol in ("UDP", "TCP")]
    return networking.NetworkPolicyEgressRuleArgs(to=servers, ports=ports)


def _destination(each: Destination) -> networking.NetworkPolicyEgressRuleArgs:
    around = LINK_LOCAL.subnet_of(ipaddress.IPv4Network(each.cidr))
    return _to(each.cidr, each.port, [str(LINK_LOCAL)] if around else None)


def _to(cidr: str, port: int, excluded: list[str] | None = None) -> networking.NetworkPolicyEgressRuleArgs:
    return networking.NetworkPolicyEgressRuleArgs(to=[_block(cidr, excluded)], ports=[networking.NetworkPolicyPortArgs(protocol="TCP", port=port)])


def _block(cidr: str, excluded: list[str] | None = None) -> networking.NetworkPolicyPeerArgs:
    return networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr, except_=excluded))
