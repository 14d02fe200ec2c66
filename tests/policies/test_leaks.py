"""What sounds like a secret and is none, and what is one under such a name all the same."""

import pytest

from policies.leaks import leak

TELEMETRY = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/"


@pytest.mark.parametrize(
    ("name", "value"),
    [("APPLICATIONINSIGHTS_CONNECTION_STRING", TELEMETRY), ("AzureWebJobsStorage__credential", "managedidentity")],
)
def test_the_address_of_telemetry_and_the_kind_of_a_connection_are_no_secrets(name: str, value: str) -> None:
    assert leak(name, value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "AccountKey=" + "a" * 44),
        ("AzureWebJobsStorage__credential", "hunter2"),
        ("DB_CONNECTION_STRING", TELEMETRY),
    ],
)
def test_a_secret_under_such_a_name_is_found(name: str, value: str) -> None:
    assert leak(name, value)
