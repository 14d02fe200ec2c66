"""The tables: one row per resource type of each cloud, for what the SDKs' metadata cannot say."""

from sandbox.clouds.row import Row


def row(token: str) -> Row:
    """The row of a type, or an empty one."""
    from sandbox.clouds import aws, azure, gcp, kubernetes

    tables = {"aws": aws.ROWS, "azure-native": azure.ROWS, "gcp": gcp.ROWS, "kubernetes": kubernetes.ROWS}
    package = token.split(":", 1)[0]
    return tables.get(package, {}).get(token) or _EMPTY.get(package, Row())


_EMPTY = {"azure-native": Row(guarded=False), "kubernetes": Row(guarded=False)}
"""ARM and Kubernetes let most things be deleted under what refers to them; AWS and Google Cloud mostly do not."""

__all__ = ["Row", "row"]
