"""`AzureFunction` through the real engine, against the sandbox: releases of source and of images, another plan, and destruction."""

from typing import Any

import pytest

from tests.support.lifecycle import STEPS, Deploy, Deployment

from .world import APPLICATION, CALLER, function_code

pytestmark = pytest.mark.engine

SITE = "azure-native:web:WebApp"
PLAN = "azure-native:web:AppServicePlan"
APP = "azure-native:app:ContainerApp"
ROUTE = "azure-native:app:HttpRouteConfig"
PACKAGE = "azure-native:storage:BlobContainer"


def source(made: Deployment, step: str) -> dict[str, Any]:
    """The arguments `models` and `rollout` at a step, with source for each version."""
    versions, traffic = STEPS[step]
    models = [made.model(version) | {"code": code(made, version)} for version in versions]
    for model in models:
        del model["container"]
    return {"models": models, "rollout": {"traffic": traffic}}


def code(made: Deployment, version: str) -> dict[str, str]:
    """The source of a version, in a folder of the project."""
    function_code(made.project.directory / f"code-{version}", answer=int(version))
    return {"source": f"code-{version}", "handler": "function_app.app"}


def running(made: Deployment) -> tuple[str, str]:
    """The version that the function app runs: of its model, and of its code."""
    (site,) = made.sandbox.resources(SITE)
    settings = {each["name"]: each["value"] for each in site.inputs["siteConfig"]["appSettings"]}
    package = site.inputs["functionAppConfig"]["deployment"]["storage"]["value"].rsplit("/", 1)[-1]
    return settings["MODEL_VERSION"], package.split("-")[1]


def test_a_function_lives_through_a_release(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.serverless:AzureFunction", "pricing-fn", application_id=APPLICATION, access={"callers": [CALLER]})
    made.up(**source(made, "first"))
    assert running(made) == ("1", "1")
    made.expect_no_changes()
    url = made.project.outputs()["url"]

    steps = made.up(**source(made, "promote"))
    assert running(made) == ("2", "2")
    assert steps.index(("create", PACKAGE)) < steps.index(("update", SITE))
    steps = made.up(**source(made, "rollback"), memory_mib=4096)
    assert running(made) == ("1", "1")
    assert [step for step in steps if step[0] != "update" or step[1] == SITE] == [("update", SITE)]
    assert made.project.outputs()["url"] == url

    # To machines that are always there.
    steps = made.up(**source(made, "finish"), premium={"size": "EP2"}, scaling={"minimum": 1})
    assert steps.index(("create", SITE)) < steps.index(("delete", SITE))
    assert steps.index(("create", SITE)) < steps.index(("delete", PACKAGE))
    (site,) = made.sandbox.resources(SITE)
    (package,) = (each for each in made.sandbox.resources(PACKAGE) if each.inputs["containerName"].startswith("code-2-"))
    settings = {each["name"]: each["value"] for each in site.inputs["siteConfig"]["appSettings"]}
    assert package.inputs["containerName"] in settings["WEBSITE_RUN_FROM_PACKAGE"]
    assert [each.inputs["sku"]["name"] for each in made.sandbox.resources(PLAN)] == ["EP2"]
    made.expect_no_changes()

    # From source to images, without machines while nobody asks, and away.
    made.up(**made.release("canary"))
    assert made.sandbox.resources(SITE) == []
    (route,) = made.sandbox.resources(ROUTE)
    assert [each["weight"] for each in route.outputs["properties"]["rules"][0]["targets"]] == [90, 10]
    made.destroy()
