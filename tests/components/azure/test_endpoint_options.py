"""`AzureMLEndpoint`: a shadow, busy times, and keys."""

from typing import Any

import pytest

from modeldeploy.azure.busy_times import BusyTime
from modeldeploy.spec import ArgumentError, Scaling, Shadow
from tests.support.mocks import Graph

from . import world

ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
TRAFFIC = "azure-native:resources:Deployment"
SCALE = "azure-native:monitor:AutoscaleSetting"
CUSTOM_ROLE = "azure-native:authorization:RoleDefinition"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
DASHBOARD = "azure-native:portal:Dashboard"
MODELS = [world.model("1"), world.model("2")]


def parameters(graph: Graph) -> dict[str, Any]:
    return {name: each["value"] for name, each in graph.one(TRAFFIC).inputs["properties"]["parameters"].items()}


def shadowed(percent: int = 20, **changes: Any) -> Graph:
    return world.endpoint(models=MODELS, shadow=Shadow(version="2", percent=percent), **changes)


def test_a_shadow_gets_copies_and_the_other_version_answers() -> None:
    graph = shadowed()
    assert len(graph.all(DEPLOYMENT)) == 2
    assert parameters(graph)["traffic"] == {"version-1-d2as-v4": 100}
    assert parameters(graph)["mirrorTraffic"] == {"version-2-d2as-v4": 20}
    assert graph.outputs["model_version"] == "1"
    assert ", version 2" in str(graph.one(DASHBOARD).inputs)


def test_without_a_shadow_nothing_is_copied() -> None:
    assert parameters(world.endpoint())["mirrorTraffic"] == {}


def test_a_shadow_beside_a_canary() -> None:
    three = [*MODELS, world.model("3")]
    graph = world.endpoint(models=three, rollout={"traffic": {"1": 90, "2": 10}}, shadow=Shadow(version="3", percent=50))
    assert parameters(graph)["traffic"] == {"version-1-d2as-v4": 90, "version-2-d2as-v4": 10}
    assert parameters(graph)["mirrorTraffic"] == {"version-3-d2as-v4": 50}


def test_callers_with_keys_may_read_the_keys_of_this_endpoint_alone() -> None:
    graph = world.endpoint(key_authentication=True, access={"callers": [world.CALLER]})
    endpoint = graph.one(ENDPOINT)
    assert endpoint.inputs["properties"]["authMode"] == parameters(graph)["authMode"] == "Key"
    assert "properties.authMode" in endpoint.options.replaceOnChanges
    (permission,) = graph.one(CUSTOM_ROLE).inputs["permissions"]
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    assert permission["actions"] == [f"{kind}/read", f"{kind}/listKeys/action"]
    assert graph.one(ASSIGNMENT, f"api-caller-{world.CALLER}").inputs["scope"].endswith(endpoint.inputs["endpointName"])


def test_callers_show_tokens_by_default() -> None:
    graph = world.endpoint(access={"callers": [world.CALLER]})
    assert graph.one(ENDPOINT).inputs["properties"]["authMode"] == parameters(graph)["authMode"] == "AADToken"
    (permission,) = graph.one(CUSTOM_ROLE).inputs["permissions"]
    assert permission["actions"] == ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"]


def test_a_busy_time_raises_the_minimum_and_ends() -> None:
    times = [
        BusyTime(minimum=5, time_zone="Europe/Berlin"),
        BusyTime(minimum=8, days=["Saturday"], start="09:30", end="12:15", time_zone="Europe/Berlin"),
    ]
    found = world.endpoint(busy_times=times).one(SCALE).inputs["profiles"]
    told = [(each["name"], each["capacity"], each["recurrence"]["schedule"]) for each in found]
    zone = "W. Europe Standard Time"
    weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    usual = {"minimum": "2", "maximum": "10", "default": "2"}
    assert told == [
        ("busy-1", {"minimum": "5", "maximum": "10", "default": "5"}, {"days": weekdays, "hours": [8], "minutes": [0], "timeZone": zone}),
        ('{"name":"cpu","for":"busy-1"}', usual, {"days": weekdays, "hours": [18], "minutes": [0], "timeZone": zone}),
        ("busy-2", {"minimum": "8", "maximum": "10", "default": "8"}, {"days": ["Saturday"], "hours": [9], "minutes": [30], "timeZone": zone}),
        ('{"name":"cpu","for":"busy-2"}', usual, {"days": ["Saturday"], "hours": [12], "minutes": [15], "timeZone": zone}),
    ]
    assert {each["recurrence"]["frequency"] for each in found} == {"Week"}
    assert [len(each["rules"]) for each in found] == [2, 2, 2, 2]


BUSY = BusyTime(minimum=5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shadow": Shadow(version="3", percent=10)}, "shadow.version: '3' is not known; allowed: 1, 2"),
        ({"shadow": Shadow(version="2")}, "shadow.percent: 100 is not allowed; Azure copies 50 percent at most"),
        ({"shadow": Shadow(version="2", percent=0)}, "shadow.percent: 0 is not allowed; use 1 to 100"),
        (
            {"shadow": Shadow(version="2", percent=10), "rollout": {"traffic": {"1": 90, "2": 10}}},
            "rollout.traffic.2: excludes shadow",
        ),
        ({"shadow": Shadow(version="1", percent=10), "models": [world.model("1")]}, "shadow: needs a version in models that answers, beside '1'"),
        ({"busy_times": [BusyTime(minimum=2)]}, r"busy_times\[0\].minimum: 2 is not above scaling.minimum 2"),
        ({"busy_times": [BusyTime(minimum=11)]}, r"busy_times\[0\].minimum: 11 is not above scaling.minimum 2 and up to scaling.maximum 10"),
        ({"busy_times": [BusyTime(minimum=5)], "scaling": Scaling(minimum=5, maximum=5)}, r"busy_times\[0\].minimum: 5 is not above"),
        ({"busy_times": [BUSY, BusyTime(minimum=6, days=["Friday"], start="17:59", end="20:00")]}, r"busy_times\[1\]: overlaps busy_times\[0\]"),
        (
            {"busy_times": [BUSY, BusyTime(minimum=6, days=["Sunday"], time_zone="Europe/Berlin")]},
            r"busy_times\[1\].time_zone: differs from 'Etc/UTC'",
        ),
        ({"busy_times": [BusyTime(minimum=5, days=["Sunday"], start=f"0{hour}:00", end=f"0{hour}:30") for hour in range(10)]}, "busy_times: has 10"),
        ({"busy_times": [BusyTime(minimum=5, days=[])]}, r"busy_times\[0\].days: is empty"),
        ({"busy_times": [BusyTime(minimum=5, days=["monday"])]}, r"busy_times\[0\].days\[0\]: 'monday' is not known"),
        ({"busy_times": [BusyTime(minimum=5, days=["Monday", "Monday"])]}, r"busy_times\[0\].days\[1\]: 'Monday' is there twice"),
        ({"busy_times": [BusyTime(minimum=5, start="8:00")]}, r"busy_times\[0\].start: '8:00' is no time"),
        ({"busy_times": [BusyTime(minimum=5, end="24:00")]}, r"busy_times\[0\].end: '24:00' is no time"),
        ({"busy_times": [BusyTime(minimum=5, start="22:00", end="06:00")]}, r"busy_times\[0\].end: '06:00' is not after start"),
        ({"busy_times": [BusyTime(minimum=5, time_zone="Mars/Base")]}, r"busy_times\[0\].time_zone: 'Mars/Base' is no time zone"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureMLEndpoint 'api'.*{message}"):
        world.endpoint(**{"models": MODELS, **changes})


def test_times_that_meet_do_not_overlap() -> None:
    times = [BUSY, BusyTime(minimum=3, start="18:00", end="20:00"), BusyTime(minimum=6, days=["Sunday"])]
    assert len(world.endpoint(busy_times=times).one(SCALE).inputs["profiles"]) == 6
