"""Speaks to a Kubernetes API server: finds where kinds live, and sends server-side apply, reads and deletes."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import requests

Object = dict[str, Any]
"""A Kubernetes object, or any other JSON object of its API."""

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
_SECONDS = 30


class ApiError(Exception):
    """What the API server answered instead: its `Status`."""

    def __init__(self, code: int, status: Object) -> None:
        self.code = code
        self.reason = str(status.get("reason") or "")
        details = cast(Object, status.get("details") or {})
        self.causes = cast("list[Object]", details.get("causes") or [])
        super().__init__(str(status.get("message") or f"the API server answered {code}"))

    @property
    def is_missing_namespace(self) -> bool:
        """Whether the namespace of the object is not there (yet)."""
        return self.code == 404 and "namespaces" in str(self)

    @property
    def is_immutable(self) -> bool:
        """Whether a field was changed that cannot be."""
        return self.code == 422 and "field is immutable" in str(self)

    @property
    def is_conflict(self) -> bool:
        """Whether another field manager holds a field with another value."""
        return self.code == 409 and any(cause.get("reason") == "FieldManagerConflict" for cause in self.causes)


@dataclass(frozen=True)
class Kind:
    """Where objects of a kind live."""

    prefix: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The path of the collection, or of one object."""
        place = f"namespaces/{namespace}/" if self.namespaced and namespace else ""
        return f"{self.prefix}/{place}{self.plural}{f'/{name}' if name else ''}"


class Client:
    """One API server, seen by one user. Safe to use from several threads."""

    def __init__(self, server: str, token: str, authority: Path) -> None:
        self.server = server
        self.token = token
        self.authority = authority
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._local = threading.local()

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Where a kind lives; None when the server does not know it (a custom resource without its definition)."""
        if (api_version, kind) not in self._kinds:
            prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                found = self.request("GET", prefix)
            except ApiError as error:
                if error.code == 404:
                    return None
                raise
            for each in cast("list[Object]", found["resources"]):
                if "/" not in each["name"]:
                    self._kinds[api_version, each["kind"]] = Kind(prefix, each["name"], each["namespaced"])
        return self._kinds.get((api_version, kind))

    def apply(self, kind: Kind, it: Object, manager: str, *, force: bool = False, dry_run: bool = False) -> Object:
        """Server-side apply: makes or changes the object. Unknown fields are refused."""
        params = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            params["dryRun"] = "All"
        metadata = it["metadata"]
        return self.request("PATCH", kind.path(metadata.get("namespace"), metadata["name"]), it, params, APPLY)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None."""
        try:
            return self.request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """The objects of a kind, in one namespace or in all."""
        place = self.kind(api_version, kind)
        if place is None:
            return []
        found = self.request("GET", place.path(namespace), params={"labelSelector": selector} if selector else None)
        return cast("list[Object]", found.get("items") or [])

    def delete(self, kind: Kind, namespace: str | None, name: str) -> bool:
        """Begin to delete an object, what it owns first. False when it is not there."""
        try:
            self.request("DELETE", kind.path(namespace, name), {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"})
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return True

    def merge(self, path: str, patch: Object, manager: str = "someone") -> Object:
        """Change an object as another client would: a JSON merge patch under that client's name."""
        return self.request("PATCH", path, patch, {"fieldManager": manager}, MERGE)

    def request(
        self, method: str, path: str, body: Object | str | None = None, params: dict[str, str] | None = None, content: str = "application/json"
    ) -> Object:
        """One request; raises `ApiError` for what is no success."""
        data = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content}
        answer = self._session().request(method, f"{self.server}{path}", data=data, params=params, headers=headers, timeout=_SECONDS)
        if not answer.ok:
            raise ApiError(answer.status_code, _status(answer))
        return answer.json() if answer.headers.get("Content-Type", "").startswith("application/json") else {"text": answer.text}

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.verify = str(self.authority)
            session.trust_env = False
            self._local.session = session
        return self._local.session


def _status(answer: requests.Response) -> Object:
    try:
        found: Any = answer.json()
    except ValueError:
        found = None
    return cast(Object, found) if isinstance(found, dict) else {"message": answer.text.strip()}
