"""The picture of a stack: what is in it, where, and what comes out of the command."""

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeploy.__main__ import main
from modeldeploy.preview import svg
from modeldeploy.preview.graph import PreviewError, Resource, read
from modeldeploy.preview.layout import LONGEST, Box, Picture, arrange

from .steps import STACK_URN, preview, step, urn

ENDPOINT, NETWORK = urn("modeldeploy:index:SageMakerEndpoint", "pricing"), urn("modeldeploy:index:AwsNetwork", "network")
VPC, SUBNET = urn("aws:ec2/vpc:Vpc", "network"), urn("aws:ec2/subnet:Subnet", "network-0")
BUCKET, KEY = urn("aws:s3/bucket:Bucket", "models"), urn("aws:kms/key:Key", "key")

SMALL = preview(
    step("modeldeploy:index:SageMakerEndpoint", "pricing"),
    step("modeldeploy:index:AwsNetwork", "network"),
    step("aws:ec2/vpc:Vpc", "network", parent=NETWORK),
    step("aws:ec2/subnet:Subnet", "network-0", VPC, parent=NETWORK),
    step("aws:ec2/subnet:Subnet", "network-1", VPC, parent=NETWORK),
    step("aws:kms/key:Key", "key", parent=ENDPOINT),
    step("aws:s3/bucket:Bucket", "models", KEY, parent=ENDPOINT),
    step("aws:sagemaker/model:Model", "pricing-1", BUCKET, KEY, parent=ENDPOINT, by={"vpc": [SUBNET, VPC]}),
    step("random:index/randomId:RandomId", "suffix"),
)


def by_title(box: Box) -> dict[str, list[str]]:
    return {card.title: card.names for card in box.cards}


def arrows(box: Box) -> set[tuple[str, str]]:
    return {(above.title, below.title) for above, below in box.edges}


def test_components_are_boxes_and_resources_of_a_type_are_cards() -> None:
    boxes = arrange(read(SMALL)).boxes
    assert [box.title for box in boxes] == ["AwsNetwork network", "SageMakerEndpoint pricing", "pricing.dev: in no component"]
    assert by_title(boxes[0]) == {"ec2.Vpc": ["network"], "ec2.Subnet": ["network-0", "network-1"]}
    assert by_title(boxes[2]) == {"RandomId": ["suffix"]}


def test_arrows_lead_from_what_is_made_first_and_leave_out_what_follows_anyway() -> None:
    network, endpoint, _ = arrange(read(SMALL)).boxes
    assert arrows(network) == {("ec2.Vpc", "ec2.Subnet")}
    assert arrows(endpoint) == {("kms.Key", "s3.Bucket"), ("s3.Bucket", "sagemaker.Model"), ("from AwsNetwork network", "sagemaker.Model")}


def test_what_comes_from_another_box_is_named_right_above_what_waits_for_it() -> None:
    endpoint = arrange(read(SMALL)).boxes[1]
    guest = next(card for card in endpoint.cards if card.is_guest)
    assert (guest.title, guest.names) == ("from AwsNetwork network", ["ec2.Subnet network-0"])
    assert guest.row == next(card.row for card in endpoint.cards if card.title == "sagemaker.Model") - 1


def test_many_of_a_type_from_another_box_are_counted() -> None:
    zones = [step("aws:route53/zone:Zone", f"zone-{index}", parent=NETWORK) for index in range(3)]
    waiting = step("aws:sagemaker/model:Model", "pricing-1", *(zone["urn"] for zone in zones), parent=ENDPOINT)
    components = [step("modeldeploy:index:SageMakerEndpoint", "pricing"), step("modeldeploy:index:AwsNetwork", "network")]
    boxes = arrange(read(preview(*components, *zones, waiting))).boxes
    assert by_title(boxes[1])["from AwsNetwork network"] == ["3 route53.Zone"]


def test_a_component_in_another_one_says_so_and_what_is_below_a_resource_belongs_to_its_component() -> None:
    inner = urn("modeldeploy:index:KubernetesWorkload", "pods")
    boxes = arrange(
        read(
            preview(
                step("modeldeploy:index:SageMakerEndpoint", "pricing"),
                step("modeldeploy:index:KubernetesWorkload", "pods", parent=ENDPOINT),
                step("aws:s3/bucket:Bucket", "models", parent=inner),
                step("aws:s3/bucketPolicy:BucketPolicy", "policy", parent=BUCKET),
            )
        )
    ).boxes
    assert [box.title for box in boxes] == ["KubernetesWorkload pods (in SageMakerEndpoint pricing)"]
    assert by_title(boxes[0]) == {"s3.Bucket": ["models"], "s3.BucketPolicy": ["policy"]}


def test_providers_reads_and_deletions_are_not_drawn() -> None:
    graph = read(
        preview(
            step("pulumi:providers:aws", "default"),
            step("aws:s3/bucket:Bucket", "gone", op="delete"),
            step("aws:ec2/vpc:Vpc", "looked-up", op="read"),
            step("aws:kms/key:Key", "kept", op="same"),
        )
    )
    assert [resource.name for resource in graph.leaves] == ["kept"]


def test_components_that_wait_for_parts_of_each_other_are_drawn_too() -> None:
    graph = read(
        preview(
            step("modeldeploy:index:SageMakerEndpoint", "pricing"),
            step("modeldeploy:index:AwsNetwork", "network"),
            step("aws:kms/key:Key", "key", parent=ENDPOINT),
            step("aws:ec2/vpc:Vpc", "network", KEY, parent=NETWORK),
            step("aws:s3/bucket:Bucket", "models", VPC, parent=ENDPOINT),
        )
    )
    assert len(arrange(graph).boxes) == 2


@pytest.mark.parametrize(
    ("type", "kind", "colour"),
    [
        ("azure-native:network:Subnet", "network.Subnet", "network"),
        ("aws:ec2/subnet:Subnet", "ec2.Subnet", "network"),
        ("gcp:kms/cryptoKey:CryptoKey", "kms.CryptoKey", "identity and keys"),
        ("azure-native:monitor:MetricAlert", "monitor.MetricAlert", "watching"),
        ("gcp:storage/bucket:Bucket", "storage.Bucket", "data"),
        ("aws:sagemaker/endpoint:Endpoint", "sagemaker.Endpoint", "model and compute"),
        ("modeldeploy:index:VertexModel", "VertexModel", "model and compute"),
    ],
)
def test_a_type_is_shown_in_two_words_with_a_colour_for_its_purpose(type: str, kind: str, colour: str) -> None:
    assert Resource(urn("x", "y"), type, "y", "", False, frozenset()).kind == kind
    colours = {name: value for name, value, _ in svg.FAMILIES} | {svg.MODEL[0]: svg.MODEL[1]}
    assert svg.colour_of(kind) == colours[colour]


def test_the_picture_is_the_same_in_whatever_order_the_program_registered() -> None:
    steps = SMALL["steps"]
    assert svg.draw(arrange(read(SMALL))) == svg.draw(arrange(read({"steps": [steps[0], *reversed(steps[1:])]})))


def test_names_are_text_whatever_is_in_them_and_long_ones_are_cut() -> None:
    long = "x" * (LONGEST + 1)
    drawn = svg.draw(arrange(read(preview(step("aws:s3/bucket:Bucket", '<b>&"'), step("aws:s3/bucket:Bucket", long)))))
    texts = [text for element in ElementTree.fromstring(drawn).iter() for text in (element.text, element.tail) if text]
    assert '<b>&"' in texts
    assert long in texts
    assert long[: LONGEST - 1] + "…" in texts


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, Any]:
    """Stacks of up to 40 resources of four types in three components, each waiting for some that were made before."""
    types = ("aws:ec2/subnet:Subnet", "aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:sagemaker/model:Model")
    parents = (NETWORK, ENDPOINT, STACK_URN)
    steps = [step("modeldeploy:index:AwsNetwork", "network"), step("modeldeploy:index:SageMakerEndpoint", "pricing")]
    made: list[str] = []
    for index in range(draw(st.integers(1, 40))):
        needs = draw(st.lists(st.sampled_from(made), max_size=4)) if made else []
        steps.append(step(draw(st.sampled_from(types)), f"name-{index}", *needs, parent=draw(st.sampled_from(parents))))
        made.append(steps[-1]["urn"])
    return preview(*steps)


@given(stacks())
def test_every_resource_is_drawn_once_and_nothing_covers_anything(content: dict[str, Any]) -> None:
    graph = read(content)
    picture = arrange(graph)
    drawn = [each for box in picture.boxes for card in box.cards for each in card.urns]
    assert sorted(drawn) == sorted(resource.urn for resource in graph.leaves)
    for box in picture.boxes:
        for index, card in enumerate(box.cards):
            assert card.x >= 0
            assert card.x + card.width <= box.width
            assert card.y + card.height <= box.height
            for other in box.cards[index + 1 :]:
                assert (
                    card.x + card.width <= other.x
                    or other.x + other.width <= card.x
                    or card.y + card.height <= other.y
                    or other.y + other.height <= card.y
                )
    below = [box.y + box.height for box in picture.boxes]
    assert all(box.y >= bottom for box, bottom in zip(picture.boxes[1:], below, strict=False))
    assert picture.height >= below[-1]
    assert picture.width >= max(box.width for box in picture.boxes)
    ElementTree.fromstring(svg.draw(picture))


@given(stacks())
def test_every_arrow_leads_down_and_the_arrows_say_all_that_is_waited_for(content: dict[str, Any]) -> None:
    graph = read(content)
    for box in arrange(graph).boxes:
        assert all(above.y + above.height <= below.y for above, below in box.edges)
    for resource in graph.leaves:
        reached: set[str] = set()
        waiting = list(graph.edges[resource.urn])
        while waiting:
            each = waiting.pop()
            reached.add(each)
            waiting.extend(graph.edges[each])
        assert resource.needs <= reached


def test_the_command_reads_a_file_and_makes_the_folder(tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(json.dumps(SMALL))
    assert main(["diagram", str(tmp_path / "preview.json"), "--output", str(tmp_path / "docs" / "stack.svg")]) == 0
    assert (tmp_path / "docs" / "stack.svg").read_text() == svg.draw(arrange(read(SMALL)))


def test_the_command_reads_standard_input_and_prints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(SMALL)))
    assert main(["diagram"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out).tag.endswith("svg")


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "Expecting value"), ("{}", "there are no steps in it"), ('{"steps": []}', "there are no steps in it"), ("[]", "there are no steps in it")],
)
def test_what_is_no_preview_is_refused(content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "preview.json").write_text(content)
    assert main(["diagram", str(tmp_path / "preview.json")]) == 1
    assert f"error: {tmp_path / 'preview.json'} is no preview: {message}" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram", str(tmp_path / "none.json")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_an_empty_preview_raises() -> None:
    with pytest.raises(PreviewError):
        read({"steps": []})


def test_a_stack_without_resources_is_a_picture_too() -> None:
    picture: Picture = arrange(read(preview()))
    assert "pricing.dev: 0 resources" in svg.draw(picture)
