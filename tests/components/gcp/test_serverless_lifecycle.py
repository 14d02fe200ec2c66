"""A function through the real engine, against the sandbox: as code, then as containers."""

import pytest

from tests.components.gcp.web import CONFIG, FUNCTION, GATEWAY, HOST, SERVICE
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

OBJECT = "gcp:storage/bucketObject:BucketObject"


def coded(made: Deployment, version: str, text: str) -> dict[str, object]:
    """A version of the model as code in a folder of the project."""
    folder = made.project.directory / "code"
    folder.mkdir(exist_ok=True)
    (folder / "main.py").write_text(text)
    model = made.model(version, code={"source": "code", "handler": "main.predict"})
    del model["container"]
    return model


def test_a_function_changes_in_place_and_becomes_a_service(deploy: Deploy) -> None:
    made = deploy("modeldeploy.gcp.serverless:CloudFunction", "pricing", operations={"emails": ["team@example.com"]})
    arguments = {"secrets": {"PARTNER": "projects/shop-vault/secrets/partner/versions/3"}}
    made.up(models=[coded(made, "1", "one")], **arguments)
    made.expect_no_changes()
    (function,) = made.sandbox.resources(FUNCTION)

    # The next version: its code and its files are there before it is built, and the old ones go after.
    order = made.up(models=[coded(made, "2", "two")], **arguments)
    assert order.index(("create", OBJECT)) < order.index(("update", FUNCTION)) < order.index(("delete", OBJECT))
    assert [each.id for each in made.sandbox.resources(FUNCTION)] == [function.id]

    public = {"exposure": "public", "domain": {"hostname": HOST}, "authentication": "api-key"}
    made.up(models=[coded(made, "2", "two")], access=public, **arguments)
    outputs = made.project.outputs()
    assert (outputs["url"], outputs["audience"].endswith(".run.app")) == (f"https://{HOST}", True)

    # The same as a container: it answers, and the gateway has its address, before the function goes.
    order = made.up(models=[made.model("2")], access=public, **arguments)
    assert order.index(("create", SERVICE)) < order.index(("create-replacement", CONFIG)) < order.index(("update", GATEWAY))
    assert order.index(("update", GATEWAY)) < order.index(("delete", FUNCTION))
    made.expect_no_changes()
    made.destroy()
