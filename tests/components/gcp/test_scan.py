"""What an independent scanner, Checkov, says of everything the Google Cloud components make: each finding is fixed, or answered here."""

import re

import pulumi_gcp as gcp
import pytest

from modeldeploy.spec import Access, Authentication, Compute, Domain, Exposure, Network, NodePool, Operations, WebAccess
from tests.components.gcp.batches import NIGHTLY, job_graph, machines_graph, prediction_graph
from tests.components.gcp.clusters import cluster_graph, workload_graph
from tests.components.gcp.program import database_graph, endpoint_graph, network_graph, pool_graph, run
from tests.components.gcp.streams import given_kafka_graph, managed_kafka_graph, stream_graph
from tests.components.gcp.test_drift import watched
from tests.components.gcp.test_health_records import graph as health_records_graph
from tests.components.gcp.test_internal_balancer import NAMED
from tests.components.gcp.test_pool import pooled
from tests.components.gcp.web import HOST, function_graph, service_graph
from tests.support.mocks import Graph
from tests.support.terraform_plan import Dialect, Finding, plan, scan, snake

pytestmark = pytest.mark.engine

MODULES = {
    "apigateway": "api_gateway",
    "artifactregistry": "artifact_registry",
    "binaryauthorization": "binary_authorization",
    "certificatemanager": "certificate_manager",
    "cloudfunctionsv2": "cloudfunctions2",
    "cloudrunv2": "cloud_run_v2",
    "cloudscheduler": "cloud_scheduler",
    "managedkafka": "managed_kafka",
    "projects": "project",
    "secretmanager": "secret_manager",
    "serviceaccount": "service_account",
    "servicenetworking": "service_networking",
}
"""Modules that Terraform calls otherwise."""
TYPES = {"google_service_account_account": "google_service_account"}


def type_name(token: str) -> str:
    """`gcp:storage/bucketIAMMember:BucketIAMMember` is `google_storage_bucket_iam_member`."""
    _, path, kind = token.split(":")
    module = path.split("/")[0]
    kind = snake(re.sub("IAM(?=[A-Z])", "Iam", kind).replace("SSL", "Ssl").replace("URL", "Url"))
    name = f"google_{MODULES.get(module, module)}_{kind}"
    return TYPES.get(name, name)


GOOGLE = Dialect(
    package="gcp",
    provider="registry.terraform.io/hashicorp/google",
    type_name=type_name,
    maps=frozenset({"labels", "user_labels", "resource_labels", "metadata", "limits", "headers", "environment_variables", "annotations"}),
    plurals=frozenset(
        {
            "acl_entries",
            "aggregations",
            "authorized_networks",
            "cidr_blocks",
            "conditions",
            "containers",
            "database_flags",
            "denominator_aggregations",
            "default_key_specs",
            "network_configs",
            "network_interfaces",
            "networks",
            "notification_configs",
            "secret_environment_variables",
            "threshold_rules",
            "volumes",
        }
    ),
)

BEHIND_A_GATEWAY = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST, zone="shop"), authentication=Authentication.API_KEY)

GRAPHS = {
    "endpoint": lambda: endpoint_graph(operations=Operations(capture_percent=10)),
    "watched-endpoint": lambda: watched(network=Network()),
    "pooled-endpoint": pooled,
    "pool": pool_graph,
    "public-endpoint": lambda: endpoint_graph(access=Access(exposure=Exposure.PUBLIC)),
    "database": database_graph,
    "network": network_graph,
    "job": lambda: job_graph(schedule=NIGHTLY),
    "machines": lambda: machines_graph(schedule=NIGHTLY),
    "prediction": lambda: prediction_graph(schedule=NIGHTLY),
    "cluster": lambda: cluster_graph(pools=[NodePool(name="gpus", compute=Compute(cpus=4, memory_gib=16, gpus=1), spot=True)]),
    "workload": workload_graph,
    "stream": stream_graph,
    "kafka-stream": managed_kafka_graph,
    "given-kafka-stream": given_kafka_graph,
    "health-records": lambda: health_records_graph(notifications=True),
    "service": service_graph,
    "named-service": lambda: service_graph(access=NAMED, network=Network()),
    "public-service": lambda: service_graph(access=BEHIND_A_GATEWAY),
    "function": function_graph,
}
"""Everything there is, as production has it."""

ANSWERED = {
    "CKV2_GCP_13": "how long statements take is in query insights, by query and without values; a line for each would drown the log",
    "CKV2_GCP_33": "the endpoint is reached by Private Service Connect, which the check does not know, or public because somebody said so",
    "CKV_GCP_108": "log_connections has the address; a name for each private address would cost a look-up at every connection",
    "CKV_GCP_12": "Dataplane V2 holds NetworkPolicies: always on Autopilot, by datapathProvider on Standard; the check asks for Calico's setting",
    "CKV_GCP_6": "TLS is mandatory (ENCRYPTED_ONLY); the check wants certificates of clients besides, where ours log in with IAM tokens",
    "CKV_GCP_61": "Autopilot has it and refuses to be told (Standard clusters pass); flows are logged by the subnet",
    "CKV_GCP_62": "Google's own advice is audit logs instead of usage logs, which need a bucket with the same finding; they are a project's setting",
    "CKV_GCP_65": "needs a group of the organisation's Google Workspace, which GkeClusterArgs.security_group names",
    "CKV_GCP_69": "pods on Autopilot never see their machine's metadata (pools of Standard clusters pass)",
}
"""Findings that stay, by check, each with the reason."""

OPEN = "0.0.0.0/0"


def careless() -> None:
    """What the scanner must not let pass, so that it is known to see what is inside."""
    gcp.storage.Bucket("bucket", gcp.storage.BucketArgs(location="EU"))
    gcp.compute.Firewall(
        "firewall",
        gcp.compute.FirewallArgs(network="n", source_ranges=[OPEN], allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=["22"])]),
    )
    gcp.container.Cluster("cluster", gcp.container.ClusterArgs(location="europe-west1", enable_legacy_abac=True))
    gcp.sql.DatabaseInstance(
        "database",
        gcp.sql.DatabaseInstanceArgs(
            database_version="POSTGRES_18",
            settings=gcp.sql.DatabaseInstanceSettingsArgs(
                tier="db-custom-2-8192",
                ip_configuration=gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs(
                    authorized_networks=[gcp.sql.DatabaseInstanceSettingsIpConfigurationAuthorizedNetworkArgs(value=OPEN)]
                ),
            ),
        ),
    )
    gcp.projects.IAMMember("member", gcp.projects.IAMMemberArgs(project="p", role="roles/editor", member="serviceAccount:a@b.c"))


EXPECTED = {
    ("CKV_GCP_29", "bucket"),
    ("CKV_GCP_114", "bucket"),
    ("CKV_GCP_2", "firewall"),
    ("CKV_GCP_7", "cluster"),
    ("CKV_GCP_64", "cluster"),
    ("CKV_GCP_11", "database"),
    ("CKV_GCP_14", "database"),
    ("CKV_GCP_117", "member"),
}
"""What the scanner must find there, by check and resource."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """One run for all: the scanner takes long to start."""
    made: dict[str, Graph] = {name: graph() for name, graph in GRAPHS.items()}
    return scan(plan({**made, "careless": run(careless)}, GOOGLE), tmp_path_factory.mktemp("scan"))


def test_every_finding_is_fixed_or_answered(findings: set[Finding]) -> None:
    assert sorted(each for each in findings if each.check not in ANSWERED and each.component != "careless") == []


def test_every_answer_has_a_finding(findings: set[Finding]) -> None:
    assert ANSWERED.keys() - {each.check for each in findings if each.component != "careless"} == set()


def test_the_scanner_does_find_what_is_wrong(findings: set[Finding]) -> None:
    found = {(each.check, each.name) for each in findings if each.component == "careless"}
    assert EXPECTED - found == set()
