"""Checks that many rules share, as functions that make them."""

from collections.abc import Callable, Iterator

from policies.rule import Resource
from policies.view import View, short

ANY_ADDRESS = ("0.0.0.0/0", "::/0")
ANYONE = ("allUsers", "allAuthenticatedUsers")

ResourceCheck = Callable[[Resource], Iterator[str]]


def one_of(path: str, *allowed: str, default: str | None = None) -> Callable[[View], Iterator[str]]:
    """The input is one of the given texts, in any case. `default` is what the service takes where it is not set."""
    accepted = {each.casefold() for each in allowed}

    def check(view: View) -> Iterator[str]:
        value = view.text(path)
        effective = default if value is None else value
        if effective is None or effective.casefold() not in accepted:
            yield f"{view.at(path)} is {short(value)}"

    return check


def is_on(path: str, default: bool = False) -> Callable[[View], Iterator[str]]:
    """The input is true. `default` is what the service takes where it is not set."""
    return _flag(path, True, default)


def is_off(path: str, default: bool = False) -> Callable[[View], Iterator[str]]:
    """The input is false. `default` is what the service takes where it is not set."""
    return _flag(path, False, default)


def _flag(path: str, wanted: bool, default: bool) -> Callable[[View], Iterator[str]]:
    def check(view: View) -> Iterator[str]:
        value = view.flag(path)
        if (default if value is None else value) is not wanted:
            yield f"{view.at(path)} is {short(value)}"

    return check


def is_given(path: str) -> Callable[[View], Iterator[str]]:
    """The input is set to something; a value the preview does not know yet counts."""

    def check(view: View) -> Iterator[str]:
        if not view.given(path):
            yield f"{view.at(path)} is not set"

    return check


def at_least(path: str, least: float, default: float) -> Callable[[View], Iterator[str]]:
    """The input is a number not below `least`. `default` is what the service takes where it is not set."""

    def check(view: View) -> Iterator[str]:
        value = view.number(path)
        if (default if value is None else value) < least:
            yield f"{view.at(path)} is {short(value)}"

    return check


def not_open(path: str) -> Callable[[View], Iterator[str]]:
    """No address range of the list is the whole internet."""

    def check(view: View) -> Iterator[str]:
        for value in view.texts(path):
            if value in ANY_ADDRESS:
                yield f"{view.at(path)} holds {short(value)}"

    return check


def not_anyone(path: str) -> Callable[[View], Iterator[str]]:
    """No member of the list is everybody on the internet."""

    def check(view: View) -> Iterator[str]:
        for value in view.texts(path):
            if value in ANYONE:
                yield f"{view.at(path)} holds {short(value)}"

    return check


def every(path: str, check: Callable[[View], Iterator[str]]) -> Callable[[View], Iterator[str]]:
    """`check` for each object of a list, or for the one object."""
    return lambda view: view.each(path, check)


def all_of(*checks: Callable[[View], Iterator[str]]) -> Callable[[View], Iterator[str]]:
    """All of the checks, one after the other."""

    def check(view: View) -> Iterator[str]:
        for each in checks:
            yield from each(view)

    return check


def in_production(check: ResourceCheck) -> ResourceCheck:
    """The check, for resources of production only. What the check finds comes first, so that a resource that passes needs no environment."""

    def checked(resource: Resource) -> Iterator[str]:
        problems = list(check(resource))
        if problems and resource.production:
            yield from problems

    return checked
