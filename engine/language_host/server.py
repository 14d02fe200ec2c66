"""Answers the engine: the LanguageRuntime service, each call a few lines that lead to the module that knows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import randrange
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict

from . import VERSION, codegen, install, link, pack, packages, plugin, run
from .errors import HostError, NotSupportedError
from .process import Child, Children, Sink, Stream
from .protos import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2
from .toolchain import Toolchain

_Answer = TypeVar("_Answer")

# What the engine itself uses: a schema can be large.
MESSAGE_SIZE = [("grpc.max_send_message_length", 400 << 20), ("grpc.max_receive_message_length", 400 << 20)]


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """One host serves one run of the CLI."""

    def __init__(self, executor: str, engine: str, tracing: str, children: Children) -> None:
        self._executor = executor
        self._generator = Path(executor).with_name("pulumi-python-codegen")
        self._engine = engine
        self._tracing = tracing
        self._children = children

    def Handshake(self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext) -> language_pb2.LanguageHandshakeResponse:
        """Comes only when the engine attaches to a host that is already running."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version of the host."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program to its end."""

        def answer() -> language_pb2.RunResponse:
            child = run.run(request, _toolchain(request.info), self._executor, self._engine, self._tracing, self._children)
            if not context.add_callback(child.end):  # the call was given up before the program had started
                child.end()
            return run.response(child)

        return _answer(context, answer)

    def RunPlugin(self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin for as long as the engine wants it: it ends the plugin by giving up this call."""
        toolchain = _answer(context, lambda: _toolchain(request.info, is_plugin=True))

        def start(sink: Sink) -> Child:
            return _answer(context, lambda: plugin.start(request, toolchain, self._children, sink))

        def on_start(child: Child) -> None:
            if not context.add_callback(child.end):
                child.end()

        for piece in self._children.stream(start, on_start):
            if isinstance(piece, int):
                yield language_pb2.RunPluginResponse(exitcode=piece)
            elif piece[0] is Stream.OUT:
                yield language_pb2.RunPluginResponse(stdout=piece[1])
            else:
                yield language_pb2.RunPluginResponse(stderr=piece[1])

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """The plugins a program needs, by the packages it has installed."""

        def answer() -> language_pb2.GetRequiredPackagesResponse:
            toolchain = _toolchain(request.info)
            folder = request.info.program_directory
            if toolchain.is_missing():
                self._install_showing_progress(toolchain, folder)
            return language_pb2.GetRequiredPackagesResponse(packages=packages.required(packages.installed(toolchain, folder)))

        return _answer(context, answer)

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """The packages of a program, for `pulumi about`."""

        def answer() -> language_pb2.GetProgramDependenciesResponse:
            found = packages.installed(_toolchain(request.info), request.info.program_directory)
            return language_pb2.GetProgramDependenciesResponse(dependencies=packages.dependencies(found, transitive=request.transitiveDependencies))

        return _answer(context, answer)

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """The Python of a program."""
        return _answer(context, lambda: packages.about(_toolchain(request.info), request.info.program_directory))

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Create the virtual environment and fill it."""
        toolchain = _answer(context, lambda: _toolchain(request.info, is_plugin=request.is_plugin))
        register = install.Registration()
        context.add_callback(register.end)
        try:
            for stream, data in install.install(toolchain, request.info.program_directory, self._children, register):
                if stream is Stream.OUT:
                    yield language_pb2.InstallDependenciesResponse(stdout=data)
                else:
                    yield language_pb2.InstallDependenciesResponse(stderr=data)
        except HostError as error:
            _refuse(context, error)

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """What `pulumi new` asks: with the one toolchain there is, only where the virtual environment goes."""
        options = _options(request.info)
        prompts = [
            _prompt(key, description, value)
            for key, description, value in (
                ("toolchain", "The toolchain to use for installing dependencies and running the program", "pip"),
                ("virtualenv", "The virtualenv to use", "venv"),
            )
            if key not in options
        ]
        return language_pb2.RuntimeOptionsResponse(prompts=prompts)

    def Template(self, request: language_pb2.TemplateRequest, context: grpc.ServicerContext) -> language_pb2.TemplateResponse:
        """Templates are written for pip, so there is nothing to convert."""
        return language_pb2.TemplateResponse()

    def GeneratePackage(self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext) -> language_pb2.GeneratePackageResponse:
        """Write the SDK of a package: `pulumi package add`, `pulumi package gen-sdk`."""
        return _answer(context, lambda: codegen.package(request, self._generator))

    def GenerateProgram(self, request: language_pb2.GenerateProgramRequest, context: grpc.ServicerContext) -> language_pb2.GenerateProgramResponse:
        """Translate a program: `pulumi import` shows it."""
        return _answer(context, lambda: codegen.program(request, self._generator))

    def GenerateProject(self, request: language_pb2.GenerateProjectRequest, context: grpc.ServicerContext) -> language_pb2.GenerateProjectResponse:
        """Translate a project: `pulumi convert`."""
        return _answer(context, lambda: codegen.project(request, self._generator))

    def Link(self, request: language_pb2.LinkRequest, context: grpc.ServicerContext) -> language_pb2.LinkResponse:
        """Make generated SDKs dependencies of a program."""
        return _answer(context, lambda: link.link(request, _toolchain(request.info)))

    def Pack(self, request: language_pb2.PackRequest, context: grpc.ServicerContext) -> language_pb2.PackResponse:
        """Build a wheel."""
        return _answer(context, lambda: language_pb2.PackResponse(artifact_path=pack.pack(request.package_directory, request.destination_directory)))

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End what is running; each call that waits for it then answers."""
        self._children.end_all()
        return Empty()

    def _install_showing_progress(self, toolchain: Toolchain, folder: str) -> None:
        """Install during an update: the lines appear below the progress display and go away again."""
        number = randrange(1, 1 << 31)
        with grpc.insecure_channel(self._engine, options=MESSAGE_SIZE) as channel:
            engine: Any = engine_pb2_grpc.EngineStub(channel)  # its stubs name a module that does not exist
            for stream, data in install.install(toolchain, folder, self._children, install.Registration()):
                severity = engine_pb2.INFO if stream is Stream.OUT else engine_pb2.ERROR
                engine.Log(engine_pb2.LogRequest(severity=severity, message=data.decode(errors="replace"), ephemeral=True, streamId=number))


def _options(info: language_pb2.ProgramInfo) -> dict[str, Any]:
    return MessageToDict(info.options)


def _toolchain(info: language_pb2.ProgramInfo, *, is_plugin: bool = False) -> Toolchain:
    return Toolchain.of(info.root_directory, info.program_directory, _options(info), is_plugin=is_plugin)


def _prompt(key: str, description: str, value: str) -> language_pb2.RuntimeOptionPrompt:
    kind = language_pb2.RuntimeOptionPrompt.STRING
    choice = language_pb2.RuntimeOptionPrompt.RuntimeOptionValue(promptType=kind, stringValue=value, displayName=value)
    return language_pb2.RuntimeOptionPrompt(key=key, description=description, promptType=kind, choices=[choice], default=choice)


def _answer(context: grpc.ServicerContext, work: Callable[[], _Answer]) -> _Answer:
    try:
        return work()
    except HostError as error:
        _refuse(context, error)


def _refuse(context: grpc.ServicerContext, error: HostError) -> NoReturn:
    # Unimplemented would not do for what is not supported: the engine takes it for an old host, and goes on without an answer.
    code = grpc.StatusCode.FAILED_PRECONDITION if isinstance(error, NotSupportedError) else grpc.StatusCode.UNKNOWN
    context.abort(code, str(error))
    raise AssertionError("abort raises")
