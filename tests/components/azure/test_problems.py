"""What Azure refuses is refused before anything is registered."""

from typing import Any

import pulumi
import pytest

from modeldeploy import grid
from modeldeploy.azure.managed_endpoint import AzureMLEndpoint
from modeldeploy.spec import ArgumentError, Container, Encryption
from modeldeploy.spec.inputs import as_inputs

from . import world

ELSEWHERE = "ghcr.io/acme/pricing@sha256:" + "a" * 64
OTHER = "othermodels.azurecr.io/pricing@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"models": [world.model(source="s3://bucket/model")]},
            r"models\[0\]\.source: 's3://bucket/model' cannot be read by Azure ML; allowed: azureml://",
        ),
        (
            {"models": [world.model(container=Container(image=ELSEWHERE))]},
            r"models\[0\]\.container\.image: 'ghcr.io' cannot be reached from a closed network; import the image .*az acr import",
        ),
        (
            {"models": [world.model(), world.model("2", container=Container(image=OTHER))]},
            r"models\[1\]\.container\.image: 'othermodels.azurecr.io' differs from 'acmemodels.azurecr.io'",
        ),
        ({"registry_id": world.REGISTRY.replace("acmemodels", "another")}, "registry_id: 'another' is not where the images are"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
        ({"compute": {"instance_type": "Standard_D4as_v9"}}, "compute.instance_type: 'Standard_D4as_v9' is not known; did you mean"),
        ({"compute": {"gpus": 3}}, "compute: Azure ML has no machine with 2 CPUs, 8 GiB and 3 GPUs"),
        ({"scaling": {"scale_out_seconds": 30}}, "scaling.scale_out_seconds: 30 is not allowed; Azure pauses 60 seconds or more"),
        ({"scaling": {"scale_in_seconds": 0}}, "scaling.scale_in_seconds: 0 is not allowed"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key on Azure"),
        ({"key_vault_id": world.VAULT}, "key_vault_id: belongs to encryption.key, which is not given"),
        ({"encryption": {"key": world.KEY}, "key_vault_id": "given"}, "key_vault_id: 'given' is no ARM id"),
        (
            {"encryption": {"key": "https://given.vault.azure.net/keys/models"}, "key_vault_id": world.VAULT},
            "encryption.key: 'https://given.vault.azure.net/keys/models' is no key identifier",
        ),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many for an Azure storage account; use 13 or fewer"),
        (
            {"network": {"id": world.NETWORK, "subnet_ids": [world.SUBNET], "callers": ["10.0.0.0/24"]}},
            "network.callers: excludes network.id",
        ),
        (
            {"access": {"callers": ["arn:aws:iam::111122223333:role/app"]}},
            r"access\.callers\[0\]: 'arn:aws:iam::111122223333:role/app' is no",
        ),
        ({"allowed_ips": ["0.0.0.0/0"]}, r"allowed_ips\[0\]: '0.0.0.0/0' is no public IPv4 address"),
        ({"allowed_ips": ["51.4.4.0/31"]}, r"allowed_ips\[0\]: '51.4.4.0/31' is no public IPv4 address"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        ({"concurrent_requests": 0}, "concurrent_requests: 0 is not allowed; use 1 to 1000"),
        ({"timeout_seconds": 181}, "timeout_seconds: 181 is not allowed; use 1 to 180"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^AzureMLEndpoint 'api': {message}"):
        AzureMLEndpoint("api", world.endpoint_args(**changes))


def test_a_mapping_is_checked_like_an_instance() -> None:
    arguments = as_inputs(world.endpoint_args()) | {"timeout": 5}
    with pytest.raises(ArgumentError, match="timeout: 'timeout' is not known; did you mean 'timeout_seconds'"):
        AzureMLEndpoint("api", arguments)


def test_a_pause_does_not_matter_without_an_autoscaler() -> None:
    grid.check(AzureMLEndpoint, "api", world.endpoint_args(scaling={"minimum": 2, "maximum": 2, "scale_out_seconds": 0}))


def test_a_key_of_another_resource_has_its_version_too() -> None:
    """Azure refuses it later otherwise: at the workspace, or at the disks of AKS."""

    def program() -> None:
        known_later = pulumi.Output.from_input("https://given.vault.azure.net/keys/models")
        AzureMLEndpoint("api", world.endpoint_args(encryption=Encryption(key=known_later), key_vault_id=world.VAULT))

    with pytest.raises(ArgumentError, match=r"'api': encryption\.key: 'https://given\.vault\.azure\.net/keys/models' is no key identifier"):
        world.run(program)
