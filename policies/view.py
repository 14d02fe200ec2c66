"""How rules read the inputs of a resource: typed, tolerant of missing parts, and honest about values a preview does not know."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi_policy.proxy import UnknownValueError

Check = Callable[["View"], Iterator[str]]


class View:
    """A part of a resource's inputs, read by wire names (`a.b.c`). Reading a value that a preview does not know raises `UnknownValueError`,
    which the pack reports as an advisory; asking whether something is `given` never does."""

    def __init__(self, values: Mapping[str, Any], prefix: str = "", reads: set[str] | None = None) -> None:
        self._values = values
        self._prefix = prefix
        self._reads = reads

    def at(self, path: str) -> str:
        """The full path of an input, for messages."""
        return self._prefix + path

    def get(self, path: str) -> Any:
        """The value at `path`, or None where any part of the path is missing."""
        if self._reads is not None:
            self._reads.add(self.at(path))
        value: Any = self._values
        for key in path.split(".") if path else ():
            if not isinstance(value, Mapping):
                return None
            value = cast("Mapping[str, Any]", value).get(key)
        return value

    def unknown(self, path: str) -> bool:
        """Whether a preview does not know the value yet."""
        try:
            self.get(path)
        except UnknownValueError:
            return True
        return False

    def given(self, path: str) -> bool:
        """Whether the program sets this input to anything: a value the preview does not know yet counts, an empty one does not."""
        try:
            return self.get(path) not in (None, "", False) and not self._empty(path)
        except UnknownValueError:
            return True

    def _empty(self, path: str) -> bool:
        value = self.get(path)
        return isinstance(value, (Mapping, Sequence)) and len(cast("Sequence[Any]", value)) == 0

    def text(self, path: str) -> str | None:
        """A string, or None."""
        value = self.get(path)
        return value if isinstance(value, str) else None

    def flag(self, path: str) -> bool | None:
        """A boolean (also written as text), or None."""
        value = self.get(path)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value if isinstance(value, bool) else None

    def number(self, path: str) -> float | None:
        """A number (also written as text), or None."""
        value = self.get(path)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return None
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def texts(self, path: str) -> list[str]:
        """The strings of a list; a single string is a list of one."""
        value = self.get(path)
        if isinstance(value, str):
            return [value]
        return [each for each in cast("Sequence[Any]", value) if isinstance(each, str)] if isinstance(value, Sequence) else []

    def mapping(self, path: str) -> Mapping[str, Any]:
        """A mapping with free keys (tags, environment variables); empty where missing. Its values may be unknown: read them one by one."""
        value = self.get(path)
        return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}

    def part(self, path: str) -> "View":
        """The object at `path`; an empty one where it is missing."""
        return View(self.mapping(path), self.at(path) + ".", self._reads)

    def count(self, path: str) -> int:
        """How many elements a list has; a single object counts as one."""
        value = self.get(path)
        if isinstance(value, Mapping):
            return 1
        return len(cast("Sequence[Any]", value)) if isinstance(value, Sequence) and not isinstance(value, str) else 0

    def each(self, path: str, check: Check) -> Iterator[str]:
        """What `check` finds in every object of a list (or in the single object). One that is unknown does not hide the others: they are
        checked first, then it is reported."""
        yield from self._each(self.get(path), self.at(path), check, self._reads)

    @staticmethod
    def _each(value: Any, where: str, check: Check, reads: set[str] | None) -> Iterator[str]:
        if isinstance(value, Mapping):
            yield from check(View(cast("Mapping[str, Any]", value), where + ".", reads))
            return
        if not isinstance(value, Sequence) or isinstance(value, str):
            return
        elements = cast("Sequence[Any]", value)
        unknown: UnknownValueError | None = None
        for index in range(len(elements)):
            try:
                element = elements[index]
                if isinstance(element, Mapping):
                    yield from check(View(cast("Mapping[str, Any]", element), f"{where}[{index}].", reads))
            except UnknownValueError as error:
                unknown = unknown or error
        if unknown is not None:
            raise unknown

    def document(self, path: str) -> Any:
        """A JSON document: parsed where it is text, as it is where it is an object, None where it is neither."""
        value = self.get(path)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return None

    def documents(self, path: str, check: Check) -> Iterator[str]:
        """What `check` finds in each object of a JSON document that is a list of objects or one object."""
        yield from self._each(self.document(path), self.at(path), check, None)


def short(value: object, length: int = 60) -> str:
    """A value as messages show it."""
    shown = {None: "not set", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    if shown is None:
        shown = f"{value:g}" if isinstance(value, float) else f"'{value}'" if isinstance(value, str) else str(value)
    return shown if len(shown) <= length else shown[: length - 1] + "…"
