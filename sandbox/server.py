"""The gRPC server: Pulumi's ResourceProvider protocol around `sandbox.service`.

One server stands in for all packages. The engine opens a connection of its own for every configured provider, so the connection tells which
configuration a request belongs to; the URN tells which package.
"""

import logging
import threading
from collections.abc import Callable
from concurrent import futures
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from sandbox import protocol, vertex
from sandbox.check import check_provider
from sandbox.config import GCP_PROJECT_NUMBER, ProviderConfig, read_settings
from sandbox.diff import Change
from sandbox.faults import CancelledError, FaultError
from sandbox.invokes import InvokeError, is_secret
from sandbox.kubernetes.client import Client
from sandbox.kubernetes.provider import Clusters, PartialError
from sandbox.metadata import UnknownTypeError, catalog
from sandbox.protocol import Context
from sandbox.service import MissingError, RefusedError, Service
from sandbox.store import Store
from sandbox.urns import PACKAGES, package_of, parse
from sandbox.values import Inputs, Refusal
from sandbox.vertex import VertexServer
from sandbox.wire import Properties, PropertyPath, from_plain, text_of, to_plain

_log = logging.getLogger(__name__)
_ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
_WORKERS = 64
"""The engine runs many operations at once, and latencies sleep in them."""


class PortTakenError(OSError):
    """The port the sandbox was told to use is not free."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken: stop what listens there (`python -m sandbox status` shows a running sandbox), "
            "choose another with --port, or leave --port out for a free one"
        )


class Server:
    """A sandbox that listens on the loopback interface: the four providers, and Vertex AI's API beside them.

    Models are uploaded and deployed by a provider of our own that talks to Google's API, not by pulumi-gcp: hence the second server. Its endpoints
    are the ones made here, and an endpoint with models on it is not deleted here.
    """

    def __init__(self, store: Store, vertex_store: Path, port: int = 0, cluster: Client | None = None) -> None:
        """`cluster` is the Kubernetes API server that objects go to; without one they are kept in the store."""
        self._executor = futures.ThreadPoolExecutor(max_workers=_WORKERS)
        service = Service(store, lambda endpoint: self._vertex.deployed_models(endpoint))
        self._grpc = protocol.make_server(Provider(service, Clusters(service, cluster)), self._executor)
        bound = protocol.bind(self._grpc, port)
        if bound == 0:
            raise PortTakenError(port)
        self.port = bound
        self._vertex: VertexServer = vertex.serve(
            vertex_store,
            endpoint_exists=lambda name: store.get(_ENDPOINT, "gcp", name) is not None,
            project_number=lambda project: GCP_PROJECT_NUMBER,
        )

    @property
    def debug_providers(self) -> str:
        """The value of `PULUMI_DEBUG_PROVIDERS` that makes the engine attach to this sandbox."""
        return ",".join(f"{package}:{self.port}" for package in PACKAGES)

    @property
    def environment(self) -> dict[str, str]:
        """What the engine and our own provider must find in their environment to work against this sandbox."""
        return {
            "PULUMI_DEBUG_PROVIDERS": self.debug_providers,
            "MODELDEPLOY_VERTEX_API_ENDPOINT": self._vertex.address,
            "MODELDEPLOY_VERTEX_ANONYMOUS": "true",
        }

    def deployed_models(self, endpoint: str) -> list[str]:
        """The models on a Vertex AI endpoint."""
        return self._vertex.deployed_models(endpoint)

    def vertex_models(self) -> list[str]:
        """The models in Vertex AI's registry."""
        return self._vertex.api.models()

    def vertex_pools_and_monitoring(self) -> list[str]:
        """The pools of machines and the monitoring jobs of Vertex AI."""
        return [*self._vertex.api.pools(), *self._vertex.api.monitoring_jobs()]

    def start(self) -> None:
        """Begin to serve."""
        self._grpc.start()

    def stop(self, grace: float = 1.0) -> None:
        """Stop serving."""
        self._grpc.stop(grace).wait()
        self._vertex.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Serve until stopped."""
        self._grpc.wait_for_termination()


class Provider(protocol.ProviderServicer):
    """Translates between the protocol's messages and the service."""

    def __init__(self, service: Service, clusters: Clusters) -> None:
        self._service = service
        self._clusters = clusters
        self._configs: dict[str, ProviderConfig] = {}
        self._latest: dict[str, ProviderConfig] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    # The method names are the protocol's.

    def Handshake(self, request: Any, context: Context) -> Any:
        """Say what this provider understands."""
        return protocol.messages.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Context) -> Any:
        """The highest version of the SDKs: the request does not say which package it is about, and the engine warns of one that is too low."""
        newest = max((catalog(package).version for package in PACKAGES), key=lambda text: tuple(int(part) for part in text.split(".")))
        return protocol.plugin_messages.PluginInfo(version=newest)

    def Attach(self, request: Any, context: Context) -> Any:
        """The engine's address; the sandbox asks the engine for nothing."""
        return protocol.empty()

    def GetSchema(self, request: Any, context: Context) -> Any:
        """No schema: the SDKs are the schema."""
        context.abort(protocol.UNIMPLEMENTED, "the sandbox serves no schemas: use the provider's SDK, and `pulumi import` with --generate-code=false")

    def GetMapping(self, request: Any, context: Context) -> Any:
        """No conversion from other tools."""
        return protocol.messages.GetMappingResponse()

    def GetMappings(self, request: Any, context: Context) -> Any:
        """No conversion from other tools."""
        return protocol.messages.GetMappingsResponse()

    def CheckConfig(self, request: Any, context: Context) -> Any:
        """Refuse unknown provider settings."""
        given = _read(request.news)
        refusals = check_provider(catalog(package_of(parse(request.urn).token)), given.values)
        return protocol.messages.CheckResponse(inputs=_write(given.values, given.secrets), failures=_failures(refusals, given))

    def DiffConfig(self, request: Any, context: Context) -> Any:
        """A change of settings never replaces what the provider made."""
        return protocol.messages.DiffResponse(changes=protocol.messages.DiffResponse.DIFF_UNKNOWN)

    def Configure(self, request: Any, context: Context) -> Any:
        """Remember this connection's settings."""
        settings = _read(request.args).values
        if not settings:
            settings = {key.split(":")[-1]: value for key, value in request.variables.items()}
        named = package_of(parse(request.urn).token) if request.urn else None
        package = named or next((key.split(":")[0] for key in request.variables), "")
        config = ProviderConfig(package=package, settings=read_settings(settings))
        with self._lock:
            self._configs[context.peer()] = config
            self._latest[package] = config
            self._cancelled[context.peer()] = threading.Event()
        return protocol.messages.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False, supports_autonaming_configuration=True
        )

    def Check(self, request: Any, context: Context) -> Any:
        """Complete and check a resource's inputs."""

        def run() -> Any:
            new, old = _read(request.news), _read(request.olds)
            inputs, refusals = self._of(request, context).check(
                request.urn,
                new.values,
                old=old.values,
                seed=request.randomSeed,
                wish=protocol.autonaming_wish(request),
                config=self._config(request, context),
            )
            return protocol.messages.CheckResponse(inputs=_write(inputs, new.secrets), failures=_failures(refusals, new))

        def refuse(error: Exception) -> Any:
            return protocol.messages.CheckResponse(failures=[protocol.messages.CheckFailure(reason=str(error))])

        return self._answer(context, run, refuse)

    def Diff(self, request: Any, context: Context) -> Any:
        """Compare old and new inputs."""

        def run() -> Any:
            old_state = _read(request.olds).values
            diff = self._of(request, context).diff(
                request.urn,
                request.id,
                _read(request.old_inputs).values or old_state,
                _read(request.news).values,
                old_state=old_state,
                ignore=frozenset(request.ignoreChanges),
                config=self._config(request, context),
            )
            kinds = protocol.messages.PropertyDiff
            by_change = {
                Change.ADD: (kinds.ADD, kinds.ADD_REPLACE),
                Change.DELETE: (kinds.DELETE, kinds.DELETE_REPLACE),
                Change.UPDATE: (kinds.UPDATE, kinds.UPDATE_REPLACE),
            }
            detailed = {
                text_of(item.path): kinds(kind=by_change[item.change][item.path in diff.replacing], inputDiff=True) for item in diff.differences
            }
            answer = protocol.messages.DiffResponse
            return answer(
                changes=answer.DIFF_SOME if diff.differences else answer.DIFF_NONE,
                diffs=_tops(item.path for item in diff.differences),
                replaces=_tops(diff.replacing),
                deleteBeforeReplace=diff.delete_first,
                detailedDiff=detailed,
                hasDetailedDiff=True,
            )

        return self._answer(context, run)

    def Create(self, request: Any, context: Context) -> Any:
        """Make a resource."""

        def run() -> Any:
            given = _read(request.properties)
            resource_id, outputs = self._of(request, context).create(
                request.urn,
                given.values,
                preview=request.preview,
                config=self._config(request, context),
                cancelled=self._cancelled.get(context.peer()),
            )
            return protocol.messages.CreateResponse(id=resource_id, properties=_write(outputs, given.secrets))

        return self._answer(context, run)

    def Read(self, request: Any, context: Context) -> Any:
        """What exists under an id; an empty answer when nothing does."""

        def run() -> Any:
            inputs, state = _read(request.inputs), _read(request.properties)
            found = self._of(request, context).read(request.urn, request.id, inputs.values, state.values, config=self._config(request, context))
            if found is None:
                return protocol.messages.ReadResponse()
            hidden = inputs.secrets | state.secrets
            return protocol.messages.ReadResponse(id=request.id, inputs=_write(found[0], inputs.secrets), properties=_write(found[1], hidden))

        return self._answer(context, run)

    def Update(self, request: Any, context: Context) -> Any:
        """Change a resource in place."""

        def run() -> Any:
            new, old = _read(request.news), _read(request.olds)
            outputs = self._of(request, context).update(
                request.urn,
                request.id,
                new.values,
                old.values,
                preview=request.preview,
                config=self._config(request, context),
                ignore=frozenset(request.ignoreChanges),
                cancelled=self._cancelled.get(context.peer()),
            )
            return protocol.messages.UpdateResponse(properties=_write(outputs, new.secrets))

        return self._answer(context, run)

    def Delete(self, request: Any, context: Context) -> Any:
        """Delete a resource."""

        def run() -> Any:
            self._of(request, context).delete(
                request.urn,
                request.id,
                _read(request.old_inputs).values,
                _read(request.properties).values,
                config=self._config(request, context),
                cancelled=self._cancelled.get(context.peer()),
            )
            return protocol.empty()

        return self._answer(context, run)

    def Invoke(self, request: Any, context: Context) -> Any:
        """Call a provider function."""

        def run() -> Any:
            given = _read(request.args)
            package = package_of(request.tok)
            result = self._service.invoke(request.tok, given.values, self._config_of(package, context))
            secrets: set[PropertyPath] = {(name,) for name in result} if is_secret(request.tok) else set()
            return protocol.invoke_response(_write(result, secrets))

        def refuse(error: Exception) -> Any:
            return protocol.messages.InvokeResponse(failures=[protocol.messages.CheckFailure(reason=str(error))])

        return self._answer(context, run, refuse)

    def Cancel(self, request: Any, context: Context) -> Any:
        """The engine gives up: end the latencies it is waiting for."""
        event = self._cancelled.get(context.peer())
        if event is not None:
            event.set()
        return protocol.empty()

    def _answer(self, context: Context, run: Callable[[], Any], refuse: Callable[[Exception], Any] | None = None) -> Any:
        """Run an operation and bring its failure to the user as the provider would."""
        try:
            return run()
        except (RefusedError, UnknownTypeError, InvokeError) as error:
            if refuse is not None:
                return refuse(error)
            return context.abort(protocol.UNKNOWN, str(error))
        except (MissingError, FaultError, CancelledError) as error:
            return context.abort(protocol.UNKNOWN, str(error))
        except PartialError as error:
            return protocol.abort_partial(context, error.resource_id, to_plain(error.state), str(error))
        except Exception as error:
            _log.exception("the sandbox failed")
            return context.abort(protocol.INTERNAL, f"the sandbox itself failed ({type(error).__name__}: {error}); see its log")

    def _of(self, request: Any, context: Context) -> Service | Clusters:
        """Who answers for a resource: the store, or a Kubernetes API server."""
        if package_of(parse(request.urn).token) == "kubernetes" and self._clusters.takes(self._config(request, context)):
            return self._clusters
        return self._service

    def _config(self, request: Any, context: Context) -> ProviderConfig:
        return self._config_of(package_of(parse(request.urn).token), context)

    def _config_of(self, package: str, context: Context) -> ProviderConfig:
        """The configuration of the connection; of the package's latest provider when the connection is new (the engine reconnected)."""
        mine = self._configs.get(context.peer())
        if mine is not None and mine.package in (package, ""):
            return ProviderConfig(package=package, settings=mine.settings)
        return self._latest.get(package) or ProviderConfig(package=package)


def _read(struct: Any) -> Properties:
    return from_plain(protocol.to_dict(struct))


def _write(values: Inputs, secrets: Any) -> Any:
    return protocol.to_struct(to_plain(values, secrets))


def _tops(paths: Any) -> list[str]:
    return list(dict.fromkeys(str(path[0]) for path in paths))


def _failures(refusals: list[Refusal], given: Properties) -> list[Any]:
    """Failures whose reasons say everything, without the values that are secret."""
    hidden = sorted({text for path in given.secrets for text in _texts(_at(given.values, path)) if len(text) > 2}, key=len, reverse=True)
    failures: list[Any] = []
    for refusal in refusals:
        reason = f"{refusal.property}: {refusal.reason}" if refusal.property else refusal.reason
        for text in hidden:
            reason = reason.replace(text, "[secret]")
        failures.append(protocol.messages.CheckFailure(reason=reason))
    return failures


def _at(value: Any, path: PropertyPath) -> Any:
    for part in path:
        value = value[part]
    return value


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in cast("Inputs", value).values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in cast("list[Any]", value) for text in _texts(item)]
    return [str(value)] if isinstance(value, str | int | float) and not isinstance(value, bool) else []


def warm_up() -> None:
    """Load what the first checks need, so that the first preview does not pay for it."""
    for package in PACKAGES:
        catalog(package)
    try:
        import_module("sandbox.models")
    except ImportError:
        _log.info("the vendors' models are not installed: checks are limited to the SDKs' metadata")
