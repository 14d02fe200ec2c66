"""Starts and stops a Kubernetes control plane on the loopback interface: etcd, kube-apiserver and its controllers, with a folder of its own.

Made for tests: nothing is synced to disk, everything is gone after it stops, and no container ever runs (`nodes` only says so).
"""

import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.control_plane import build

from . import objects
from .client import APPLY, ApiError, Client
from .nodes import Nodes

START_SECONDS = 60.0
_OURS = Path(__file__).resolve().parent / "definitions"

CONTROLLERS = (
    "cronjob-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)
"""What of kube-controller-manager runs: what acts on the objects that components make. Those for nodes and volumes have nothing to do here."""

# Ends the command when this process ends, however it ends: the pipe on standard input closes then.
_TIED = 'exec 3<&0; "$@" 3<&- </dev/null & child=$!; (read -r _ <&3; kill -9 $child 2>/dev/null) & reader=$!; exec 3<&-; wait $child; kill $reader'


class StartError(Exception):
    """The control plane did not start; the text carries the end of the log."""


class ControlPlane:
    """A control plane in `folder`; `client` speaks to it as administrator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bin = build.folder() / "bin"
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        port = _free_port()
        self._token = secrets.token_hex(16)
        self.client = Client(f"https://127.0.0.1:{port}", self._token, folder / "certificates" / "apiserver.crt")
        self.nodes = Nodes(self.client)
        self._port = port

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of an administrator."""
        return self._folder / "kubeconfig"

    def start(self) -> None:
        """Start everything and return when it answers and the custom resource definitions are there."""
        self._write_credentials()
        storage, peers = _free_port(), _free_port()
        self._run(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{storage}",
            f"--advertise-client-urls=http://127.0.0.1:{storage}",
            f"--listen-peer-urls=http://127.0.0.1:{peers}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
            f"--initial-cluster=default=http://127.0.0.1:{peers}",
            "--log-level=warn",
        )
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{storage}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--cert-dir={self._folder / 'certificates'}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self._folder / 'accounts.key'}",
            f"--service-account-key-file={self._folder / 'accounts.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            "--enable-priority-and-fairness=false",
            "--profiling=false",
        )
        self._until_ready()
        self._install_definitions()
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self._folder / 'accounts.key'}",
            f"--root-ca-file={self.client.authority}",
            f"--controllers={','.join(CONTROLLERS)}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=1s",
        )
        self.nodes.start()

    def stop(self) -> None:
        """Stop everything."""
        self.nodes.stop()
        for _, process in reversed(self._processes):
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
        for _, process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def log(self, command: str, lines: int = 15) -> str:
        """The end of a command's log."""
        path = self._folder / f"{command}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _run(self, command: str, *flags: str) -> None:
        with (self._folder / f"{command}.log").open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _TIED, command, str(self._bin / command), *flags],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append((command, process))

    def _write_credentials(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "tokens.csv").write_text(f'{self._token},administrator,administrator,"system:masters"\n')
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        (self._folder / "accounts.key").write_bytes(pem)
        cluster = {"server": self.client.server, "certificate-authority": str(self.client.authority)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": cluster}],
            "users": [{"name": "administrator", "user": {"token": self._token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "administrator"}}],
            "current-context": "sandbox",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))
        for name in ("tokens.csv", "accounts.key", "kubeconfig"):
            (self._folder / name).chmod(0o600)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(ApiError, requests.RequestException, OSError):
                self.client.request("GET", "/readyz")
                return
            ended = [command for command, process in self._processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                blamed = ended[0] if ended else "kube-apiserver"
                self.stop_processes()
                reason = "ended" if ended else f"did not answer in {START_SECONDS:.0f} s"
                raise StartError(f"{blamed} {reason}. The end of its log:\n{self.log(blamed)}")
            time.sleep(0.1)

    def stop_processes(self) -> None:
        """Stop what has been started so far."""
        for _, process in self._processes:
            process.kill()
            if process.stdin is not None:
                process.stdin.close()

    def _install_definitions(self) -> None:
        kind = self.client.kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        assert kind is not None
        names: list[str] = []
        for path in [*sorted((build.folder() / "definitions").iterdir()), *sorted(_OURS.glob("*.yaml"))]:
            text = path.read_text()
            name = str(yaml.load(text, yaml.CSafeLoader)["metadata"]["name"])
            self.client.request("PATCH", kind.path(None, name), text, {"fieldManager": "sandbox", "force": "true"}, APPLY)
            names.append(name)
        for name in names:
            self._until_established(name)

    def _until_established(self, name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        while time.monotonic() < deadline:
            conditions = objects.parts(self.client.request("GET", path), "status", "conditions")
            if any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
                return
            time.sleep(0.05)
        raise StartError(f"the definition {name} was not taken")


@contextmanager
def running_control_plane() -> Generator[ControlPlane]:
    """A control plane that is there while the block runs; built first where it has not been."""
    build.ensure()
    with tempfile.TemporaryDirectory(prefix="control-plane-", ignore_cleanup_errors=True) as folder:
        plane = ControlPlane(Path(folder))
        plane.start()
        try:
            yield plane
        finally:
            plane.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
