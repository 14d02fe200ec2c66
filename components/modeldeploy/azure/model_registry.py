"""Models that stay in an Azure ML registry, where several workspaces take them from.

https://learn.microsoft.com/azure/machine-learning/how-to-registry-network-isolation
"""

import re
from collections.abc import Iterator, Sequence

import pulumi

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Model

from . import ids
from .hosting import arm_id_problems
from .private_link import Service
from .workspace import Destination

PREFIX = "azureml://registries/"
SOURCE = re.compile(PREFIX + r"([a-zA-Z0-9][a-zA-Z0-9-]{1,32})/models/([a-zA-Z0-9][\w.-]*)/versions/([\w.-]+)")


def in_registry(model: Model) -> bool:
    """Whether the model is in a registry of Azure ML."""
    return model.source.startswith(PREFIX)


def model_registry_problems(
    models: Sequence[Model], registry_id: pulumi.Input[str] | None, storage_id: pulumi.Input[str] | None
) -> Iterator[Problem]:
    """Problems of models in a registry, and of what Azure grants access to them by."""
    given = {"model_registry_id": registry_id, "model_registry_storage_id": storage_id}
    used = {index: model.source for index, model in enumerate(models) if in_registry(model)}
    for name, value in given.items():
        if used and value is None:
            yield Problem(name, f"is required with a model at {PREFIX}: the network lets nothing out that no rule names")
        if value is not None and not used:
            yield Problem(name, "has no effect: no model is in a registry of Azure ML; leave it out")
    yield from arm_id_problems("model_registry_id", registry_id, "Microsoft.MachineLearningServices/registries")
    yield from arm_id_problems("model_registry_storage_id", storage_id, "Microsoft.Storage/storageAccounts")
    for index, source in used.items():
        found = SOURCE.fullmatch(source)
        if found is None:
            yield Problem(f"models[{index}].source", f"'{source}' names no version; write {PREFIX}<registry>/models/<model>/versions/<version>")
        elif isinstance(registry_id, str) and found[1].lower() != ids.last(registry_id).lower():
            yield Problem(f"models[{index}].source", f"'{source}' is not in the registry '{ids.last(registry_id)}' that model_registry_id names")


def registry_destinations(registry_id: pulumi.Input[str] | None, storage_id: pulumi.Input[str] | None) -> dict[str, Destination]:
    """The registry, and the storage that it keeps models in, as what deployments reach."""
    if registry_id is None or storage_id is None:
        return {}
    return {
        "model-registry": Destination(Service.MODEL_REGISTRY, pulumi.Output.from_input(registry_id)),
        "registry-blob": Destination(Service.BLOB, pulumi.Output.from_input(storage_id)),
    }
