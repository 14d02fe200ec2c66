"""A service on Cloud Run through the real engine, against the sandbox."""

import pytest

from sandbox.store import Record
from tests.components.gcp.web import BACKEND, HOST, SERVICE, STASH
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

COMPONENT = "modeldeploy.gcp.container:CloudRunService"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
CALLERS = {"callers": ["serviceAccount:shop@sandbox-project.iam.gserviceaccount.com"]}


def served(made: Deployment) -> dict[str, int]:
    """Percent of requests by tag, as Cloud Run has it."""
    (service,) = made.sandbox.resources(SERVICE)
    return {each["tag"]: int(each["percent"]) for each in service.outputs["traffics"]}


def revision(made: Deployment, tag: str) -> str:
    """The revision behind a tag."""
    (service,) = made.sandbox.resources(SERVICE)
    return next(each["revision"] for each in service.outputs["traffics"] if each["tag"] == tag)


def test_a_service_goes_through_a_release_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy(COMPONENT, "pricing", access=CALLERS, operations={"emails": ["team@example.com"]})
    refused = made.refused(**made.release("canary"))
    assert "models: version '1' was not deployed yet, and Cloud Run makes one revision at a time; deploy it first" in refused.output
    assert not made.sandbox.resources(SERVICE)

    made.up(**made.release("first"), database=True)
    assert served(made) == {"v1": 100}
    made.expect_no_changes()
    first = revision(made, "v1")
    outputs = made.project.outputs()
    assert outputs["url"] == "https://pricing-test-100000000000.europe-west1.run.app/invocations"
    assert outputs["database_grant"].endswith('"pricing-test@sandbox-project.iam";')

    # The canary has other arguments, which the older revision does not get.
    order = made.up(**made.release("canary"), database=True, concurrency=20)
    assert order.index(("create", "gcp:storage/bucketObject:BucketObject")) < order.index(("update", SERVICE))
    assert order.index(("update", SERVICE)) < order.index(("create", STASH))
    assert served(made) == {"v1": 90, "v2": 10}
    assert (revision(made, "v1"), revision(made, "v2").startswith("pricing-test-2-")) == (first, True)

    # Traffic alone moves back, and nothing else changes.
    assert made.up(**made.release("rollback"), database=True, concurrency=20) == [("update", SERVICE)]
    assert (served(made), revision(made, "v1")) == ({"v1": 100, "v2": 0}, first)

    made.trained = 2
    changed = made.refused(**made.release("promote"), database=True)
    assert "models: version '1' runs already, and a revision of Cloud Run cannot change; give what changed a version of its own" in changed.output
    made.trained = 1

    # The end of the release, and a host name: in the network, then on the internet, in a zone that somebody else made.
    zone = {"name": "shop"}
    there = made.sandbox.store.insert(Record("gcp:dns/managedZone:ManagedZone", "", "projects/sandbox-project/managedZones/shop", "", "", zone, zone))
    made.up(**made.release("finish"), access={**CALLERS, "domain": {"hostname": HOST, "zone": "shop"}})
    assert served(made) == {"v2": 100}
    assert made.project.outputs()["url"] == f"https://{HOST}/invocations"
    assert [each.inputs["ipCidrRange"] for each in made.sandbox.resources(SUBNET) if each.inputs.get("purpose")] == ["10.64.192.0/23"]
    made.expect_no_changes()
    made.up(**made.release("finish"), access={**CALLERS, "exposure": "public", "domain": {"hostname": HOST, "zone": "shop"}})
    assert len(made.sandbox.resources(BACKEND)) == 1
    assert not made.sandbox.resources("gcp:compute/regionBackendService:RegionBackendService")
    assert made.project.outputs()["url"] == f"https://{HOST}/invocations"
    made.sandbox.remove(there.id)
    made.destroy()
