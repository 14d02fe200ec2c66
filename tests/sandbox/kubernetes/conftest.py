from tests.support.kubernetes import control_plane

__all__ = ["control_plane"]
