"""Google's API client, which has no types: everything untyped about it stays in this file.

See docs/adr/0004-vertex-provider.md for why this client. It is imported when the first request is made, never by a Pulumi program.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingImports=false, reportAttributeAccessIssue=false

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
        self._credentials: Any = None

    def call(self, location: str, collection: str, method: str, parameters: Json) -> Json:
        """Calls a method of `projects.locations.<collection>` in `location` (`models.upload`, `endpoints.operations.get`).

        Raises `ApiError` or `TransportError`.
        """
        _import_quietly()
        import httplib2
        from google.auth.exceptions import GoogleAuthError
        from googleapiclient.errors import HttpError

        try:
            resource = self._service(location).projects().locations()
            for part in filter(None, collection.split(".")):
                resource = getattr(resource, part)()
            request = getattr(resource, method)(**parameters)
            return cast(Json, request.execute(http=self._http()) or {})
        except HttpError as error:
            raise _api_error(error) from error
        except GoogleAuthError as error:
            message = f"no credentials for Google Cloud: {error}; run `gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"
            raise ApiError(401, message) from error
        except (httplib2.ServerNotFoundError, ConnectionRefusedError) as error:
            raise TransportError(f"{self._settings.endpoint or location} cannot be reached: {error}", sent=False) from error
        except (httplib2.HttpLib2Error, OSError) as error:
            raise TransportError(f"{self._settings.endpoint or location} did not answer: {error}", sent=True) from error

    def _service(self, location: str) -> Any:
        from google.api_core.client_options import ClientOptions
        from googleapiclient.discovery import build

        with self._lock:
            if location not in self._services:
                if self._credentials is None:
                    self._credentials = _credentials(self._settings)
                endpoint = self._settings.endpoint or f"https://{location}-aiplatform.googleapis.com"
                options = ClientOptions(api_endpoint=endpoint)
                self._services[location] = build(
                    "aiplatform", "v1", credentials=self._credentials, client_options=options, static_discovery=True, cache_discovery=False
                )
            return self._services[location]

    def _http(self) -> Any:
        """A connection for one request: httplib2's are not safe to share between threads."""
        import httplib2

        http = httplib2.Http(timeout=HTTP_TIMEOUT_SECONDS)
        if self._settings.anonymous:
            return http
        from google_auth_httplib2 import AuthorizedHttp

        return AuthorizedHttp(self._credentials, http=http)


def _import_quietly() -> None:
    """Google's packages warn at import that they will drop Python 3.11 one day: nothing a user of a plugin can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import googleapiclient.discovery  # noqa: F401


def _credentials(settings: Settings) -> Any:
    """The credentials pulumi-gcp would use, from the same variables, so that one login serves both."""
    import google.auth
    from google.auth.credentials import AnonymousCredentials

    if settings.anonymous:
        return AnonymousCredentials()
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
