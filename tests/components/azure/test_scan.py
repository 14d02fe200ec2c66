"""What an independent scanner, Checkov, says of everything the Azure components make: each finding is fixed, or answered here."""

from pathlib import Path

import pulumi_azure_native as azure
import pytest

from modeldeploy.azure.drift import DriftMonitor, Task
from modeldeploy.spec import Access, Compute, Environment, Exposure, Network, NodePool, Operations, Schedule
from tests.components.azure import world
from tests.components.azure.test_batch import DATA, INPUT, batch
from tests.components.azure.test_batch_pool import BATCH, pool
from tests.components.azure.test_cluster import cluster
from tests.components.azure.test_container import PUBLIC
from tests.components.azure.test_endpoint_packages import environment
from tests.components.azure.test_health_records import records
from tests.components.azure.test_kubernetes import workload
from tests.components.azure.test_managed_batch import batch as managed_batch
from tests.components.azure.test_streaming import OWN_KAFKA, stream
from tests.support.arm_template import scan
from tests.support.mocks import Graph
from tests.support.terraform_plan import Finding

pytestmark = pytest.mark.engine

NIGHTLY = Schedule(cron="0 3 * * *", time_zone="Europe/Berlin")
OWN = {"environment": Environment.PRODUCTION, "network": Network(cidr="10.9.0.0/16")}


def graphs(folder: Path) -> dict[str, Graph]:
    """Everything there is, as production has it."""
    source = world.artifact(folder)
    model = world.model(source=source)
    code = folder / "function"
    return {
        "endpoint": world.endpoint(models=[model], operations=Operations(capture_percent=10), **OWN),
        "watched-endpoint": world.endpoint(
            drift=DriftMonitor(task=Task.REGRESSION), operations=Operations(capture_percent=10), conda={"1": environment(folder / "packages")}, **OWN
        ),
        "public-endpoint": world.endpoint(access=Access(exposure=Exposure.PUBLIC), **OWN),
        "database": world.database(**OWN),
        "network": world.network(environment=Environment.PRODUCTION, internet=True),
        "container": world.container(models=[model], artifact_account_id=None, **OWN),
        "public-container": world.container(**PUBLIC, **OWN),
        "function": world.function(models=[world.function_model(code={"source": world.function_code(code), "handler": "function_app.app"})], **OWN),
        "premium-function": world.function(
            models=[world.function_model(code={"source": world.function_code(code), "handler": "function_app.app"})],
            premium={},
            scaling={"minimum": 2},
            **OWN,
        ),
        "premium-image": world.function(premium={}, scaling={"minimum": 2}, **OWN),
        "instance": world.instance(),
        "cluster": cluster(pools=[NodePool(name="gpu", compute=Compute(gpus=1), maximum=3), NodePool(name="spare", spot=True)], **OWN),
        "workload": workload(models=[model], artifact_account_id=None, cluster=None, endpoint_range=None, **OWN),
        "job": batch(model=model, artifact_account_id=None, schedule=NIGHTLY, input_uri=INPUT, input_account_id=DATA, **OWN),
        "pool": pool(model=model, artifact_account_id=None, batch_service_id=BATCH, spot=True, **OWN),
        "batch": managed_batch(str(folder / "code"), model=model, schedule=NIGHTLY, **OWN),
        "health-records": records(**OWN),
        "stream": stream(model=model, artifact_account_id=None, **OWN),
        "stream-of-kafka": stream(**OWN_KAFKA, environment=Environment.PRODUCTION),
    }


ANSWERED = {
    "CKV_AZURE_112": "keys in an HSM need a Premium vault: whoever must have one makes it and gives encryption.key",
    "CKV_AZURE_12": "the account of these logs forgets them by its lifecycle rule; Network Watcher's own setting ends at 365 days",
    "CKV_AZURE_166": "quarantine is a preview, for scanners that release images",
    "CKV_AZURE_17": "callers show a token of Entra, which is checked; a certificate besides would shut out callers that have none",
    "CKV_AZURE_172": "pods have identities and fetch secrets themselves; the add-on that would mount and rotate them is not there",
    "CKV_AZURE_206": "three zones in production; a copy in another region would move data out of the region that was chosen",
    "CKV_AZURE_212": "Functions count instances in functionAppConfig (Flex) or minimumElasticInstanceCount (Premium), not in numberOfWorkers",
    "CKV_AZURE_213": "instances that fail are replaced; source has no path that answers without a token, which the sign-in is against; images have",
    "CKV_AZURE_226": "not every machine has room for one, and both kinds are encrypted with the customer's key",
    "CKV_AZURE_23": "the audit is on the server, for every database, by the extended policy, which the check does not know",
    "CKV_AZURE_233 instance": "for development",
    "CKV_AZURE_24": "the audit goes to Log Analytics, which keeps it for operations.log_retention_days; the check asks for days in storage",
    "CKV_AZURE_243": "the workspace's ways out are resources of their own (ManagedNetworkSettingsRule), and so is its private endpoint",
    "CKV_AZURE_25": "threat detection is on for the server, which covers every database; the check asks for it on each",
    "CKV_AZURE_26": "operations.emails hear of threats by the server's policy; the check asks for it on each database",
    "CKV_AZURE_27": "operations.emails hear of threats, not whoever administers the subscription",
    "CKV_AZURE_40": "an expired version would lock what is still encrypted with it; new versions come by rotation",
    "CKV_AZURE_6": "the API server has no public address",
    "CKV_AZURE_8": "Azure removed the dashboard with Kubernetes 1.19; the check wants it named to be off",
}
"""Findings that stay, by check, or by check and component, each with the reason."""


def careless() -> None:
    """What the scanner must not let pass, so that it is known to see what is inside."""
    azure.storage.StorageAccount(
        "account",
        azure.storage.StorageAccountArgs(
            resource_group_name="g",
            kind="StorageV2",
            sku=azure.storage.SkuArgs(name="Standard_GRS"),
            enable_https_traffic_only=False,
            minimum_tls_version="TLS1_0",
            network_rule_set=azure.storage.NetworkRuleSetArgs(default_action=azure.storage.DefaultAction.ALLOW),
        ),
    )
    azure.network.NetworkSecurityGroup(
        "rules",
        resource_group_name="g",
        security_rules=[
            azure.network.SecurityRuleArgs(
                name="ssh",
                access="Allow",
                direction="Inbound",
                protocol="Tcp",
                priority=100,
                source_address_prefix="*",
                source_port_range="*",
                destination_address_prefix="*",
                destination_port_range="22",
            )
        ],
    )
    azure.keyvault.Vault(
        "vault",
        azure.keyvault.VaultArgs(
            resource_group_name="g",
            properties=azure.keyvault.VaultPropertiesArgs(
                tenant_id=world.TENANT, sku=azure.keyvault.SkuArgs(family="A", name=azure.keyvault.SkuName.STANDARD)
            ),
        ),
    )
    azure.containerservice.ManagedCluster(
        "cluster", azure.containerservice.ManagedClusterArgs(resource_group_name="g", dns_prefix="c", enable_rbac=False)
    )
    azure.web.WebApp("site", azure.web.WebAppArgs(resource_group_name="g", https_only=False))
    server = azure.sql.Server("server", azure.sql.ServerArgs(resource_group_name="g", minimal_tls_version="1.0", public_network_access="Enabled"))
    azure.sql.FirewallRule(
        "world",
        azure.sql.FirewallRuleArgs(resource_group_name="g", server_name=server.name, start_ip_address="0.0.0.0", end_ip_address="255.255.255.255"),
    )


EXPECTED = {
    ("CKV_AZURE_3", "account"),
    ("CKV_AZURE_35", "account"),
    ("CKV_AZURE_44", "account"),
    ("CKV_AZURE_10", "rules"),
    ("CKV_AZURE_110", "vault"),
    ("CKV_AZURE_109", "vault"),
    ("CKV_AZURE_5", "cluster"),
    ("CKV_AZURE_141", "cluster"),
    ("CKV_AZURE_14", "site"),
    ("CKV_AZURE_113", "server"),
    ("CKV_AZURE_11", "server"),
}
"""What the scanner must find there, by check and resource."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """One run for all: the scanner takes long to start."""
    made = graphs(tmp_path_factory.mktemp("model"))
    return scan({**made, "careless": world.run(careless)}, tmp_path_factory.mktemp("scan"))


def answer(finding: Finding) -> str | None:
    """The key of the answer to a finding, if there is one."""
    return next((key for key in (finding.check, f"{finding.check} {finding.component}") if key in ANSWERED), None)


def test_every_finding_is_fixed_or_answered(findings: set[Finding]) -> None:
    assert sorted(each for each in findings if answer(each) is None and each.component != "careless") == []


def test_every_answer_has_a_finding(findings: set[Finding]) -> None:
    assert ANSWERED.keys() - {answer(each) for each in findings if each.component != "careless"} == set()


def test_the_scanner_does_find_what_is_wrong(findings: set[Finding]) -> None:
    found = {(each.check, each.name) for each in findings if each.component == "careless"}
    assert EXPECTED - found == set()
