"""Workloads on any Kubernetes cluster: a cloud's own or one on premises, reached by a kubeconfig. No cloud's SDK is imported.

`workload` is a server behind a Service, `batch` a job, `kserve` an InferenceService. The other modules make the objects they share. The provider says
which cluster it is: `opts=ResourceOptions(providers=[kubernetes.Provider("cluster", kubeconfig=...)])`; a provider with `render_yaml_to_directory`
writes the objects as YAML instead. See docs/adr/0009-kubernetes-workloads.md.
"""
