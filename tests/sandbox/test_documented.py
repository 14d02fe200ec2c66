import pytest

from sandbox.metadata import catalog
from sandbox.metadata.documented import allowed_values, aws_id_property, constant, gcp_id_template, immutable


@pytest.mark.parametrize(
    ("doc", "values"),
    [
        ("Routing. Valid values are `LEAST_OUTSTANDING_REQUESTS` and `RANDOM`.", ("LEAST_OUTSTANDING_REQUESTS", "RANDOM")),
        ("Default value is `A`.\nPossible values are: `A`, `B`, `C`.", ("A", "B", "C")),
        ("Valid values: `region` or `zone`. Default: `zone`.", ("region", "zone")),
        ("Allowed values are 'Enabled', 'Disabled'", ("Enabled", "Disabled")),
    ],
)
def test_a_clear_list_is_read(doc: str, values: tuple[str, ...]) -> None:
    assert allowed_values(doc) == values


@pytest.mark.parametrize(
    "doc",
    [
        "Valid values include `a` and `b`.",
        "Valid values are `a` (default for x), and `b` (for y).",
        "HTTP response code. Valid values are `2XX`, `4XX`, or `5XX`.",
        "Valid values are `a` (for x), `b` (for y).",
        "Supported values: `Enabled` (Default) or `Disabled`. If set to `Disabled`, nothing is reached.",
        "Valid values are e.g. `a`, `b`.",
        "Protocol. Valid values are `HTTP`, or `#{protocol}`.",
        "Valid values: `a`, `b`. For the other kind, valid values: `c`, `d`.",
        "Valid values are integers between `1` and `5`.",
        "For valid values see the documentation.",
        "Valid values are `a`, `b` and any name of yours.",
        "Valid values are: `sqs`, and `sms`. Protocols `email`, and `http` are also valid but partially supported.",
    ],
)
def test_a_doubtful_list_is_left_alone(doc: str) -> None:
    assert allowed_values(doc) == ()


@pytest.mark.parametrize(
    "doc",
    [
        "The engine. Changing this forces a new resource to be created.",
        "Immutable. The purpose.",
        "The zone (Forces replacement).",
        "This cannot be changed once the workspace has been created",
    ],
)
def test_immutability_is_read(doc: str) -> None:
    assert immutable(doc)


@pytest.mark.parametrize(
    "doc",
    [
        "The size.",
        "Changing this value to an empty string forces replacement.",
        "If set, changing this forces a new resource.",
        "Only forces replacement when on.",
    ],
)
def test_conditional_immutability_is_not(doc: str) -> None:
    assert not immutable(doc)


def test_a_discriminator_s_constant_is_read() -> None:
    assert constant("Enum to determine endpoint compute type.\nExpected value is 'Managed'.") == "Managed"
    assert constant("Enum to determine endpoint compute type.") is None


def test_ids_are_read_from_import_sections() -> None:
    topic = catalog("gcp").resource("gcp:pubsub/topic:Topic")
    assert gcp_id_template(topic.doc) == "projects/{project}/topics/{name}"
    endpoint = catalog("aws").resource("aws:sagemaker/endpoint:Endpoint")
    assert aws_id_property(endpoint.doc) == "name"
