"""The pack in `pulumi preview` of plain programs over the four providers, in the sandbox."""

import json
import re
from pathlib import Path

import pytest

from policies.pack import SETTINGS_POLICY
from policies.rules import ENTRIES, FAMILIES
from sandbox.testing import Sandbox
from tests.support.engine import Completed, Project, ProjectFactory

pytestmark = pytest.mark.engine

HERE = Path(__file__).parent
PACK = HERE.parents[1] / "policies"
FAMILY = {rule.id: rule.family.id for rule in ENTRIES}


def program(project: ProjectFactory, sandbox: Sandbox, name: str) -> Project:
    return project(
        {"__main__.py": (HERE / "programs" / name).read_text()},
        debug_providers=sandbox.debug_providers,
        policy_pack=PACK,
        environment={"AWS_REGION": "eu-central-1"},
    )


def violations(done: Completed) -> list[tuple[str, str, str]]:
    """What the preview prints: level, policy, resource."""
    return re.findall(r"- \[(\w+)\] \[severity: \w+\]\s+([\w-]+)\s+\(([^)]+)\)", done.stdout)


def test_an_insecure_program_is_refused_with_a_message_for_each_family(project: ProjectFactory, sandbox: Sandbox) -> None:
    done = program(project, sandbox, "insecure.py").preview(check=False)
    assert done.exit_code == 1
    found = violations(done)
    assert {FAMILY[policy] for _, policy, _ in found} == {family.id for family in FAMILIES}
    assert {policy.split("-")[0] for _, policy, _ in found} == {"aws", "azure", "gcp", "kubernetes"}
    assert len(found) == len(set(found)), "one message for each rule and resource"
    for expected in EXPECTED:
        assert expected in done.stdout
    assert "not-a-real" not in done.output, "no message shows a secret"
    assert "Traceback" not in done.output
    assert max(len(line) for line in done.stdout.splitlines()) < 400


EXPECTED = """
aws-s3-publicaccessblock-off  (aws:s3:BucketPublicAccessBlock: models-block)
blockPublicPolicy is not set; ignorePublicAcls is not set; restrictPublicBuckets is not set. Set all four to true
ingress[0].cidrBlocks holds '0.0.0.0/0' for port 22. Name the address ranges or security groups of the callers.
policy: statement 0 allows 's3:*' on '*'. List the actions the workload calls
retentionInDays is 7; 90 days are asked for at least.
primaryContainer.environment.API_KEY holds a secret, by its name. Keep it in Secrets Manager
primaryContainer.image is 'pricing:latest' without a digest.
publiclyAccessible is true. Set it to false and place the database in private subnets.
multiAz is not set. Set it to true: RDS then keeps a standby in another zone.
kmsKeyArn is not set. Give the ARN of a KMS key
tags lack 'environment', 'managed-by'.
allowBlobPublicAccess is true. Set it to false
minimumTlsVersion is 'TLS1_0'.
administrators.azureADOnlyAuthentication is not set.
securityRules[0].sourceAddressPrefix is '*' for destination port 3389.
publicAccessPrevention is not set; uniformBucketLevelAccess is not set.
role is 'roles/editor' on the whole project.
member holds 'allUsers'. Grant roles/run.invoker
spec.replicas is 1. Use two or more
spec.template.spec.containers[0].env[0].value of 'DB_PASSWORD' holds a secret
spec.template.spec.containers[0].image comes from 'pytorch'. Copy the image
spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation is not set.
primaryContainer.modelDataUrl is 's3://models/latest/model.tar.gz'.
no BucketServerSideEncryptionConfiguration refers to the bucket.
spec.type is 'LoadBalancer' without the annotation that keeps it internal.
""".strip().splitlines()


def test_the_same_program_put_right_passes_without_a_word(project: ProjectFactory, sandbox: Sandbox) -> None:
    done = program(project, sandbox, "compliant.py").preview()
    assert violations(done) == []
    assert "can't run policy" not in done.output
    assert "✅ modeldeploy@v" in done.stdout


def test_an_exception_in_the_configuration_is_granted_and_reported(project: ProjectFactory, sandbox: Sandbox) -> None:
    made = program(project, sandbox, "insecure.py")
    reason = "A partner reads it until the VPN is there"
    entry = {"rule": "aws-rds-*", "resource": "database", "reason": reason, "expires": "2999-12-31"}
    made.write({"policy-config.json": json.dumps({SETTINGS_POLICY: {"exceptions": [entry]}})})
    done = made.preview("--policy-pack-config", "policy-config.json", check=False)
    assert done.exit_code == 1
    found = violations(done)
    assert not [policy for _, policy, resource in found if policy.startswith("aws-rds-")]
    assert ("advisory", SETTINGS_POLICY, "aws:rds:Instance: database") in found
    assert f"aws-rds-instance-public is not applied to database until 2999-12-31: {reason}" in done.stdout


def test_a_configuration_that_does_not_fit_is_refused_before_the_preview(project: ProjectFactory, sandbox: Sandbox) -> None:
    made = program(project, sandbox, "compliant.py")
    made.write({"policy-config.json": json.dumps({SETTINGS_POLICY: {"minimumLogRetentionDays": "long"}})})
    done = made.preview("--policy-pack-config", "policy-config.json", check=False)
    assert done.exit_code != 0
    assert "minimumLogRetentionDays" in done.output


def test_levels_can_be_set_rule_by_rule(project: ProjectFactory, sandbox: Sandbox) -> None:
    made = program(project, sandbox, "insecure.py")
    made.write({"policy-config.json": json.dumps({"all": "advisory"})})
    done = made.preview("--policy-pack-config", "policy-config.json", check=False)
    assert done.exit_code == 0
    assert {level for level, _, _ in violations(done)} == {"advisory"}


@pytest.mark.parametrize("preset", ["baseline", "hipaa"])
def test_a_preset_is_a_configuration_that_pulumi_takes(project: ProjectFactory, sandbox: Sandbox, preset: str) -> None:
    made = program(project, sandbox, "insecure.py")
    done = made.preview("--policy-pack-config", str(PACK / "presets" / f"{preset}.json"), check=False)
    assert done.exit_code == 1
    levels = {policy: level for level, policy, _ in violations(done)}
    assert levels["aws-rds-instance-public"] == "mandatory"
    assert levels["aws-sagemaker-model-version"] == "advisory"
    assert levels["aws-rds-instance-single"] == "mandatory"


def test_rules_put_right_what_they_can_where_they_may(project: ProjectFactory, sandbox: Sandbox) -> None:
    made = program(project, sandbox, "insecure.py")
    remedied = ("aws-s3-publicaccessblock-off", "azure-storage-account-public-blobs", "azure-storage-account-tls", "aws-any-resource-tags")
    settings = {"defaultTags": {"environment": "prod", "managed-by": "pulumi"}}
    made.write({"policy-config.json": json.dumps({"all": "advisory", SETTINGS_POLICY: settings, **dict.fromkeys(remedied, "remediate")})})
    planned = made.preview("--policy-pack-config", "policy-config.json", "--json")
    inputs = {step["urn"].rpartition("::")[2]: step["newState"].get("inputs", {}) for step in json.loads(planned.stdout)["steps"]}
    assert inputs["models-block"]["restrictPublicBuckets"] is True
    assert (inputs["storage"]["allowBlobPublicAccess"], inputs["storage"]["minimumTlsVersion"]) == (False, "TLS1_2")
    assert inputs["endpoint-config"]["tags"] == settings["defaultTags"]
    assert not {policy for _, policy, _ in violations(made.preview("--policy-pack-config", "policy-config.json"))} & set(remedied)
