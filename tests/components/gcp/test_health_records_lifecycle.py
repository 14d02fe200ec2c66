"""The FHIR store through the real engine, against the sandbox."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

STORE = "gcp:healthcare/fhirStore:FhirStore"


def test_a_fhir_store_changes_in_place_and_leaves_only_its_audit_behind(deploy: Deploy) -> None:
    made = deploy("modeldeploy.gcp.health_records:GoogleFhirStore", "records", readers=["group:analysts@example.com"])
    made.up()
    assert made.project.outputs()["url"].endswith("/fhir")
    made.expect_no_changes()
    order = made.up(notifications=True, writers=["group:intake@example.com"])
    assert ("update", STORE) in order
    assert not [each for each in order if "replace" in each[0]]
    made.up(notifications=False)
    made.project.destroy()
    # Other stores of the project need it.
    assert [each.token for each in made.sandbox.resources()] == ["gcp:projects/iAMAuditConfig:IAMAuditConfig"]
