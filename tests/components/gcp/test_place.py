import pulumi
import pulumi_gcp as gcp
import pytest

from modeldeploy.gcp.network import GoogleNetwork, GoogleNetworkArgs
from modeldeploy.gcp.place import place
from modeldeploy.spec.arguments import ArgumentError
from tests.components.gcp.program import CALLS, OUTPUTS, run
from tests.support.mocks import record

PROJECT_VARIABLES = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
REGION_VARIABLES = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")


def subnet_places(options: pulumi.ResourceOptions | None) -> tuple[str, str]:
    graph = run(lambda: GoogleNetwork("shared", GoogleNetworkArgs(), options) and {})
    subnet = graph.one("gcp:compute/subnetwork:Subnetwork").inputs
    return subnet["project"], subnet["region"]


def test_project_and_region_come_from_the_configuration() -> None:
    assert subnet_places(None) == ("shop-models", "europe-west1")


@pytest.mark.parametrize("how", ["provider", "list", "map", "parent"])
def test_a_provider_of_its_own_decides_where_things_go(how: str) -> None:
    def program() -> dict[str, object]:
        provider = gcp.Provider("other", project="other-project", region="us-east4")
        options = {
            "provider": lambda: pulumi.ResourceOptions(provider=provider),
            "list": lambda: pulumi.ResourceOptions(providers=[provider]),
            "map": lambda: pulumi.ResourceOptions(providers={"gcp": provider}),
            "parent": lambda: pulumi.ResourceOptions(
                parent=pulumi.ComponentResource("test:index:Parent", "parent", None, pulumi.ResourceOptions(providers=[provider]))
            ),
        }[how]()
        GoogleNetwork("shared", GoogleNetworkArgs(), options)
        return {}

    subnet = run(program).one("gcp:compute/subnetwork:Subnetwork").inputs
    assert (subnet["project"], subnet["region"]) == ("other-project", "us-east4")


def test_a_missing_configuration_is_one_clear_error_before_anything_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROJECT_VARIABLES, *REGION_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    pulumi.runtime.set_all_config({"gcp:project": "shop-models"})
    made: list[str] = []

    def program() -> dict[str, object]:
        try:
            GoogleNetwork("shared", GoogleNetworkArgs())
        except ArgumentError as error:
            made.append(str(error))
        return {}

    graph = record(program, outputs=OUTPUTS, calls=CALLS)
    assert made == ["GoogleNetwork 'shared': gcp:region: is not configured; set it with `pulumi config set gcp:region europe-west1`"]
    assert graph.registrations == []


def test_both_missing_settings_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROJECT_VARIABLES, *REGION_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    pulumi.runtime.set_all_config({})
    with pytest.raises(ArgumentError, match=r"(?s)2 arguments are not valid.*gcp:project: .*gcp:region: "):
        place("VertexEndpoint 'pricing'", None)
