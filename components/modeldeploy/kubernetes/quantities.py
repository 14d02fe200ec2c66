"""Quantities as the API server writes them back: `1` and not `1000m`, `2Gi` and not `2048Mi`.

Another spelling would show as a difference in every `pulumi up`: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""


def cpus(millis: int) -> str:
    """Thousandths of a CPU."""
    return f"{millis // 1000}" if millis % 1000 == 0 else f"{millis}m"


def memory(mebibytes: int) -> str:
    """Memory or disk in MiB."""
    value, unit = mebibytes, "Mi"
    for larger in ("Gi", "Ti"):
        if value % 1024:
            break
        value, unit = value // 1024, larger
    return f"{value}{unit}"
