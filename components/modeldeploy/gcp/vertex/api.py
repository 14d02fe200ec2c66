"""Google's API client, which has no types: everything untyped about it stays in this file.

See docs/adr/0004-vertex-provider.md for why this client. It is imported when the first request is made, never by a Pulumi program.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnusedImport=false, reportMissingImports=false, reportAttributeAccessIssue=false

import json
import os
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
HTTP_TIMEOUT_SECONDS = 60

Json = dict[str, Any]


class ApiError(Exception):
    """The API refused a request."""

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        """Seconds after which the API wants to be asked again."""


class TransportError(Exception):
    """The API did not answer. `sent` says whether it may have got the request all the same."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass(frozen=True)
class Settings:
    """Where the API is and how it is asked."""

    endpoint: str = ""
    """Address in place of the region's own; empty for that."""
    anonymous: bool = False
    """Whether requests carry no credentials; only to `endpoint`."""
    poll_seconds: float = 5
    """Seconds before an operation is asked about the first time; they grow to six times that."""
    retry_seconds: float = 1
    """Seconds before a request is tried again the first time; they double."""

    @staticmethod
    def read(configuration: Mapping[str, str], environment: Mapping[str, str] | None = None) -> "Settings":
        """Settings from the provider's configuration (`pulumi:providers` or `modeldeploy:` keys), else from the environment.

        Raises `ValueError` with a sentence for the user.
        """
        env = os.environ if environment is None else environment
        plain = {key.rpartition(":")[2]: value for key, value in configuration.items()}
        endpoint = plain.get("vertexApiEndpoint") or env.get("MODELDEPLOY_VERTEX_API_ENDPOINT", "")
        anonymous = (plain.get("vertexAnonymous") or env.get("MODELDEPLOY_VERTEX_ANONYMOUS", "")).lower() in ("1", "true")
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise ValueError(f"vertexApiEndpoint '{endpoint}' is not an address; begin it with https:// (or http:// on this machine)")
        if anonymous and not endpoint:
            raise ValueError("vertexAnonymous is for a stand-in of the API; it needs vertexApiEndpoint too")
        poll = float(env.get("MODELDEPLOY_VERTEX_POLL_SECONDS") or Settings.poll_seconds)
        return Settings(endpoint.rstrip("/"), anonymous, poll, min(Settings.retry_seconds, poll))


class Api:
    """Blocking calls to `aiplatform` v1, by the method names of its discovery document. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._services: dict[str, Any] = {}
        self._http: Any = None

    def call(self, location: str, collection: str, method: str, parameters: Json) -> Json:
        """Calls a method of `projects.locations.<collection>` in `location` (`models.upload`, `endpoints.operations.get`).

        Raises `ApiError` or `TransportError`.
        """
        _import_quietly()
        import requests
        from google.auth.exceptions import GoogleAuthError
        from googleapiclient.errors import HttpError

        try:
            resource = self._service(location).projects().locations()
            for part in collection.split("."):
                resource = getattr(resource, part)()
            return cast(Json, getattr(resource, method)(**parameters).execute() or {})
        except HttpError as error:
            raise _api_error(error) from error
        except GoogleAuthError as error:
            message = f"no credentials for Google Cloud: {error}; run `gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"
            raise ApiError(401, message) from error
        except requests.RequestException as error:
            where = self._settings.endpoint or f"Vertex AI in {location}"
            if _never_sent(error):
                raise TransportError(f"{where} cannot be reached: {error}", sent=False) from error
            raise TransportError(f"{where} did not answer: {error}", sent=True) from error

    def _service(self, location: str) -> Any:
        from google.api_core.client_options import ClientOptions
        from googleapiclient.discovery import build

        with self._lock:
            if location not in self._services:
                if self._http is None:
                    self._http = _Http(None if self._settings.anonymous else _credentials())
                options = ClientOptions(api_endpoint=self._settings.endpoint or f"https://{location}-aiplatform.googleapis.com")
                self._services[location] = build("aiplatform", "v1", http=self._http, client_options=options, static_discovery=True)
            return self._services[location]


class _Http:
    """What googleapiclient needs of httplib2, over `requests`: httplib2 sends a POST again by itself when the connection breaks, and an upload or
    a deployment that is sent twice is made twice.
    """

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        self._sessions = threading.local()

    def request(self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any) -> tuple[Any, bytes]:
        """Sends one request once."""
        import httplib2

        answer = self._session().request(method, uri, data=body, headers=headers, timeout=HTTP_TIMEOUT_SECONDS)
        response = httplib2.Response({key.lower(): value for key, value in answer.headers.items()} | {"status": str(answer.status_code)})
        response.reason = answer.reason
        return response, answer.content

    def close(self) -> None:
        """Nothing: sessions end with their threads."""

    def _session(self) -> Any:
        if not hasattr(self._sessions, "session"):
            import requests
            from google.auth.transport.requests import AuthorizedSession

            self._sessions.session = requests.Session() if self._credentials is None else AuthorizedSession(self._credentials)
        return self._sessions.session


def _never_sent(error: Any) -> bool:
    """Whether no connection was made at all."""
    import requests
    from urllib3.exceptions import NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(getattr(cause, "reason", None), NewConnectionError)


def _import_quietly() -> None:
    """Google's packages warn at import that they will drop Python 3.11 one day: nothing a user of a plugin can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import googleapiclient.discovery  # noqa: F401


def _credentials() -> Any:
    """The credentials pulumi-gcp would use, from the same variables, so that one login serves both."""
    import google.auth

    token = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    given = os.environ.get("GOOGLE_CREDENTIALS")
    if token:
        from google.oauth2.credentials import Credentials

        found: Any = Credentials(token)
    elif given:
        content = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())
        found, _ = google.auth.load_credentials_from_dict(content, scopes=SCOPES)
    else:
        found, _ = google.auth.default(scopes=SCOPES)
    account = os.environ.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    if account:
        from google.auth.impersonated_credentials import Credentials as Impersonated

        found = Impersonated(source_credentials=found, target_principal=account, target_scopes=SCOPES)
    return found


def _api_error(error: Any) -> ApiError:
    """Google's error: its own sentence, and what it says about single fields."""
    status = int(error.resp.status)
    message = str(error.reason or error)
    try:
        body = json.loads(error.content)["error"]
        message = str(body.get("message") or message)
        for detail in body.get("details", []):
            for violation in detail.get("fieldViolations", []):
                message += f"; {violation.get('field')}: {violation.get('description')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # A proxy's answer, not the API's.
    after = error.resp.get("retry-after", "")
    return ApiError(status, message, float(after) if after.isdigit() else None)
