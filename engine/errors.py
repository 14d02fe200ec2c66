"""What the command prints instead of a traceback."""


class EngineError(Exception):
    """Something the user can put right; the text says what and how."""


class EngineMissingError(EngineError):
    """There is no engine yet, and this command does not build one."""
