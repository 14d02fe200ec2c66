"""A Kubernetes control plane for tests and previews: kube-apiserver, kube-controller-manager and etcd, built from their Go modules.

No cluster: there are no nodes, so no container ever runs. What the API server admits, defaults, refuses and merges is real, and so are the
controllers (namespaces, garbage collection, deployments, jobs, autoscaler, quotas). See docs/adr/0008-kubernetes-control-plane.md.
"""
