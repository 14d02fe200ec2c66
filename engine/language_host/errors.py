"""What the user gets to read when the host cannot do what it was asked."""


class HostError(Exception):
    """A complete message; it reaches the user as it is."""


class NotSupportedError(HostError):
    """Something the official language host does and this one does not."""
