"""How the kubernetes provider reaches an EKS cluster."""

import json


def kubeconfig(cluster: str, region: str, endpoint: str, certificate_authority: str) -> str:
    """A kubeconfig without a secret: it asks the AWS CLI for a token (https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html)."""
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["--region", region, "eks", "get-token", "--cluster-name", cluster, "--output", "json"],
        "interactiveMode": "Never",
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}],
            "users": [{"name": "aws", "user": {"exec": token}}],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "aws"}}],
            "current-context": cluster,
        }
    )
