"""`AzureFhirService` through the real engine, against the sandbox."""

import pytest

from tests.support.lifecycle import Deploy

from .world import CALLER

pytestmark = pytest.mark.engine

SERVICE = "azure-native:healthcareapis:FhirService"


def test_health_records_are_made_change_in_place_and_go(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.health_records:AzureFhirService", "care-records")
    made.up()
    (before,) = made.sandbox.resources(SERVICE)
    assert made.project.outputs()["url"].endswith("-fhir.fhir.azurehealthcareapis.com")
    made.expect_no_changes()
    made.up(readers=[CALLER], tags={"owner": "care"}, operations={"log_retention_days": 365})
    (after,) = made.sandbox.resources(SERVICE)
    assert after.id == before.id
    assert after.outputs["tags"]["owner"] == "care"
    made.destroy()
