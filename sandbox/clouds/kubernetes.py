"""Kubernetes: objects whose status somebody reads, what cannot be changed in place, and which kinds live outside namespaces."""

from sandbox.clouds.row import Row

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "ComponentStatus",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "GatewayClass",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "StorageVersion",
        "StorageVersionMigration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)
"""Kinds without a namespace."""

ALWAYS_REPLACES = frozenset({"apiVersion", "kind", "metadata.name", "metadata.namespace"})
"""What identifies an object."""

_SELECTOR = frozenset({"spec.selector"})
_READY = {
    "observedGeneration": 1,
    "replicas": "{spec.replicas?one}",
    "readyReplicas": "{spec.replicas?one}",
    "availableReplicas": "{spec.replicas?one}",
    "updatedReplicas": "{spec.replicas?one}",
}

ROWS: dict[str, Row] = {
    "kubernetes:core/v1:Namespace": Row(outputs={"status": {"phase": "Active"}}),
    "kubernetes:core/v1:Service": Row(
        outputs={"spec.clusterIP": "10.96.0.10", "spec.type": "ClusterIP", "status": {"loadBalancer": {}}}, replaces=frozenset({"spec.clusterIP"})
    ),
    # The provider replaces settings (unless it is told that they may change), so that a name stands for one content.
    "kubernetes:core/v1:ConfigMap": Row(replaces=frozenset({"data", "binaryData"})),
    "kubernetes:core/v1:Secret": Row(outputs={"type": "Opaque"}, replaces=frozenset({"type", "data", "stringData"})),
    "kubernetes:core/v1:PersistentVolumeClaim": Row(
        outputs={"status": {"phase": "Bound"}},
        replaces=frozenset({"spec.accessModes", "spec.storageClassName", "spec.volumeName", "spec.selector", "spec.volumeMode"}),
    ),
    "kubernetes:apps/v1:Deployment": Row(outputs={"status": _READY}, replaces=_SELECTOR),
    "kubernetes:apps/v1:StatefulSet": Row(
        outputs={"status": _READY}, replaces=_SELECTOR | frozenset({"spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"})
    ),
    "kubernetes:apps/v1:DaemonSet": Row(replaces=_SELECTOR),
    "kubernetes:batch/v1:Job": Row(
        outputs={"status": {"succeeded": 1}},
        replaces=frozenset({"spec.selector", "spec.template", "spec.completions", "spec.parallelism", "spec.completionMode"}),
    ),
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": Row(replaces=frozenset({"roleRef"})),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": Row(replaces=frozenset({"roleRef"})),
    "kubernetes:storage.k8s.io/v1:StorageClass": Row(
        replaces=frozenset({"provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"}),
    ),
    "kubernetes:scheduling.k8s.io/v1:PriorityClass": Row(replaces=frozenset({"value"})),
}
"""The rows by type token."""
