"""Environments that Azure ML builds: packages of a conda file on top of a base image, for models that bring no server of their own.

https://learn.microsoft.com/azure/machine-learning/how-to-deploy-online-endpoints#define-the-deployment
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_azure_native as native
import yaml

from modeldeploy.spec.arguments import Problem, unknown_name
from modeldeploy.spec.model import Container, Model

from . import score_mlflow
from .group import Group
from .workspace import IMAGE_BUILDS, Workspace

PREDICT_PATH = "/score"
"""Where Azure's own server takes requests."""
SERVERS = ("azureml-inference-server-http", "azureml-defaults")
"""Packages that bring Azure's own server: https://learn.microsoft.com/azure/machine-learning/how-to-inference-server-http"""
COLLECTOR = "azureml-ai-monitoring"
BUILDER = "Standard_D2as_v4"
PACKAGE_HOSTS = ("pypi.org", "*.pythonhosted.org", "anaconda.com", "*.anaconda.com", "*.anaconda.org")
"""https://learn.microsoft.com/azure/machine-learning/how-to-managed-network#scenario-access-public-machine-learning-packages"""
CONDA_PINNED = re.compile(r"(?:[\w.-]+::)?([\w.-]+)={1,2}[\w.!+-]+(=[\w.]+)?")
PIP_PINNED = re.compile(r"([\w.-]+)(\[[\w,. -]+\])?==[\w.!+-]+")
PIP_OPTION = re.compile(r"(--index-url|--extra-index-url|-i)[ =]https://\S+")
HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


@dataclass(frozen=True, kw_only=True)
class CondaEnvironment:
    """The packages of one version of the model, and the script that answers.

    Azure ML installs them on `container.image`, on a machine of the workspace that is there for the time. Packages that the file does not name, which
    those it names need, are found anew at each build; an image by digest has no such freedom. `container`'s port and paths are Azure's then, and
    requests go to `/score`.
    """

    file: str
    """Local conda file (`conda.yaml`). Every package has its exact version, and one of them is `azureml-inference-server-http`."""
    code: str | None = None
    """Local folder with the script that answers. Omitted: a script for models as MLflow writes them (a folder with `MLmodel`)."""
    scoring_script: str = "score.py"
    """Script in `code`, with `init()` and `run(data)`."""

    @property
    def text(self) -> str:
        """The conda file."""
        return Path(self.file).read_text()

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not Path(self.file).is_file():
            yield Problem("file", f"'{self.file}' is no file (looked in {Path(self.file).resolve().parent})")
        else:
            yield from (problem.under("file") for problem in _file_problems(self.text))
        if self.code is not None and not (Path(self.code) / self.scoring_script).is_file():
            yield Problem("scoring_script", f"'{self.scoring_script}' is not in '{self.code}'")
        if self.code is None and self.scoring_script != "score.py":
            yield Problem("scoring_script", f"'{self.scoring_script}' has no effect without code")


def conda_problems(
    conda: Mapping[str, CondaEnvironment], models: Sequence[Model], package_hosts: Sequence[str] | None, collects: bool
) -> Iterator[Problem]:
    """Problems of environments beside their versions."""
    versions = {model.version: (index, model) for index, model in enumerate(models)}
    usual = {name: Container.__dataclass_fields__[name].default for name in ("port", "health_path", "predict_path")}
    for version, environment in conda.items():
        if version not in versions:
            yield Problem(f"conda.{version}", unknown_name(version, versions))
            continue
        index, model = versions[version]
        for name, default in usual.items():
            if getattr(model.container, name) != default:
                yield Problem(f"models[{index}].container.{name}", f"has no effect with conda.{version}: Azure's own server answers; leave it out")
        if environment.code is None and not model.is_remote and not (Path(model.source) / "MLmodel").is_file():
            yield Problem(f"conda.{version}.code", f"is required: '{model.source}' has no file MLmodel, so that it is no model of MLflow")
        if collects and environment.code is None and Path(environment.file).is_file() and COLLECTOR not in _packages(environment.text):
            yield Problem(f"conda.{version}.file", f"names no {COLLECTOR}, with which a model is watched for drift")
    if package_hosts is not None and not conda:
        yield Problem("package_hosts", "has no effect without conda; leave it out")
    for index, host in enumerate(package_hosts or ()):
        if not HOST.fullmatch(host):
            yield Problem(f"package_hosts[{index}]", f"'{host}' is no host name; write for example pypi.org or *.pythonhosted.org")


def _file_problems(text: str) -> Iterator[Problem]:
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict) or not isinstance(cast(dict[str, Any], content).get("dependencies"), list):
        yield Problem("", "is no conda file: it has no list of dependencies")
        return
    for entry, pattern, form in _entries(text):
        if not pattern.fullmatch(entry) and not (pattern is PIP_PINNED and PIP_OPTION.fullmatch(entry)):
            yield Problem("", f"'{entry}' has no exact version; write {form}")
    if not set(SERVERS) & set(_packages(text)):
        yield Problem("", f"names no {SERVERS[0]}, the server that Azure ML starts")


def _entries(text: str) -> Iterator[tuple[str, re.Pattern[str], str]]:
    """What a conda file lists, and how it should be written."""
    for entry in cast(list[Any], yaml.safe_load(text)["dependencies"]):
        if isinstance(entry, dict):
            for each in cast(dict[str, list[Any]], entry).get("pip", []):
                yield str(each), PIP_PINNED, "name==1.2.3"
        else:
            yield str(entry), CONDA_PINNED, "name=1.2.3"


def _packages(text: str) -> list[str]:
    return [found[1].lower() for entry, pattern, _ in _entries(text) if (found := pattern.fullmatch(entry))]


def script(environment: CondaEnvironment) -> tuple[str, str]:
    """Where the code is, and the script in it."""
    own = Path(score_mlflow.__file__)
    return (str(own), own.name) if environment.code is None else (environment.code, environment.scoring_script)


def image_builder(name: str, hosts: Sequence[str], workspace: Workspace, group: Group, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """A machine that builds images, without an address of its own, and only while it does; and the ways to where the packages are.

    The registry is closed to the internet, so that Azure does not build in it:
    https://learn.microsoft.com/azure/machine-learning/how-to-managed-network#configure-image-builds
    """
    ways = [
        native.machinelearningservices.ManagedNetworkSettingsRule(
            f"{name}-packages-{index}",
            resource_group_name=group.name,
            workspace_name=workspace.resource.name,
            rule_name=f"packages-{index}",
            properties=native.machinelearningservices.FqdnOutboundRuleArgs(type="FQDN", category="UserDefined", destination=host),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for index, host in enumerate(hosts)
    ]
    machine = native.machinelearningservices.Compute(
        f"{name}-builder",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        compute_name=IMAGE_BUILDS,
        location=workspace.resource.location,
        identity=native.machinelearningservices.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[workspace.identity.id]),
        properties=native.machinelearningservices.AmlComputeArgs(
            compute_type="AmlCompute",
            disable_local_auth=True,
            properties=native.machinelearningservices.AmlComputePropertiesArgs(
                os_type="Linux",
                vm_size=BUILDER,
                vm_priority=native.machinelearningservices.VmPriority.DEDICATED,
                enable_node_public_ip=False,
                remote_login_port_public_access="Disabled",
                scale_settings=native.machinelearningservices.ScaleSettingsArgs(
                    min_node_count=0, max_node_count=1, node_idle_time_before_scale_down="PT300S"
                ),
            ),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=workspace.ready, replace_on_changes=["identity"]),
    )
    return [machine, *ways]
