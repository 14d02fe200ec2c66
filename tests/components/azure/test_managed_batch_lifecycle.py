"""`AzureMLBatchEndpoint` through the real engine, against the sandbox: a new version takes over, a schedule comes and goes, another machine."""

import pytest

from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

ML = "azure-native:machinelearningservices"
ENDPOINT, DEPLOYMENT, CLUSTER, SCHEDULE = (f"{ML}:{kind}" for kind in ("BatchEndpoint", "BatchDeployment", "Compute", "Schedule"))
DEFAULT = "azure-native:resources:Deployment"
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_azure_native as native

from modeldeploy.azure.managed_batch import AzureMLBatchEndpoint

data = native.resources.ResourceGroup("data")
account = native.storage.StorageAccount(
    "data", resource_group_name=data.name, account_name="acmedata", kind="StorageV2", sku=native.storage.SkuArgs(name="Standard_LRS")
)
claims = native.storage.BlobContainer("claims", resource_group_name=data.name, account_name=account.name, container_name="claims")
uri = claims.name.apply(lambda name: f"https://acmedata.blob.core.windows.net/{name}/today")
given = json.loads(Path("arguments.json").read_text())
made = AzureMLBatchEndpoint(given["name"], {**given["arguments"], "input_uri": uri, "input_account_id": account.id})
for output in AzureMLBatchEndpoint.__annotations__:
    pulumi.export(output, getattr(made, output))
"""
"""With the account that is scored beside the batch."""


def default_version(made: Deployment) -> str:
    """What scores for somebody who names no version."""
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    return endpoint.outputs["properties"]["defaults"]["deploymentName"]


def versions(made: Deployment) -> list[str]:
    """The deployments that exist."""
    return sorted(each.inputs["deploymentName"] for each in made.sandbox.resources(DEPLOYMENT))


def test_a_batch_lives_through_a_release(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.azure.managed_batch:AzureMLBatchEndpoint",
        "nightly",
        scoring_folder="scoring",
        operations={"emails": ["team@example.com"]},
    )
    (made.project.directory / "__main__.py").write_text(PROGRAM)
    folder = made.project.directory / "scoring"
    folder.mkdir()
    (folder / "score.py").write_text("def init(): ...\ndef run(files): return files\n")
    made.up(model=made.model("1"))
    assert (default_version(made), versions(made)) == ("version-1", ["version-1"])
    made.expect_no_changes()

    schedule = {"cron": "0 3 * * *", "time_zone": "Europe/Berlin"}
    made.up(model=made.model("1"), others=[made.model("2")], schedule=schedule, tags={"owner": "risk"})
    assert (default_version(made), versions(made)) == ("version-1", ["version-1", "version-2"])
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    assert endpoint.outputs["tags"]["owner"] == "risk"
    (on,) = made.sandbox.resources(SCHEDULE)
    assert on.inputs["properties"]["isEnabled"] is True

    (folder / "score.py").write_text("def init(): ...\ndef run(files): return list(files)\n")
    steps = made.up(model=made.model("2"), spot=False, workers=3, schedule=schedule, tags={"owner": "risk"})
    assert (default_version(made), versions(made)) == ("version-2", ["version-2"])
    assert steps.index(("update", DEFAULT)) < steps.index(("delete", DEPLOYMENT))
    clusters = made.sandbox.resources(CLUSTER)
    assert [each.inputs["properties"]["properties"]["vmPriority"] for each in clusters] == ["Dedicated"]
    (running,) = made.sandbox.resources(DEPLOYMENT)
    assert running.inputs["properties"]["compute"] == clusters[0].id
    made.expect_no_changes()

    steps = made.up(model=made.model("2"), spot=False, workers=3, tags={"owner": "risk"})
    (off,) = made.sandbox.resources(SCHEDULE)
    assert off.id == on.id, "Azure deletes no schedule that is on"
    assert off.inputs["properties"]["isEnabled"] is False
    made.destroy()
