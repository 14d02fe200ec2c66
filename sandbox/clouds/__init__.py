"""The tables: one row per resource type of each cloud, for what the SDKs' metadata cannot say."""

from sandbox.clouds.row import Row


def row(token: str) -> Row:
    """The row of a type, or an empty one."""
    from sandbox.clouds import aws, azure, gcp, kubernetes

    tables = {"aws": aws.ROWS, "azure-native": azure.ROWS, "gcp": gcp.ROWS, "kubernetes": kubernetes.ROWS}
    return tables.get(token.split(":", 1)[0], {}).get(token, _EMPTY)


_EMPTY = Row()

__all__ = ["Row", "row"]
