"""The cluster's parts: each default that keeps it safe, and what each argument changes."""

import json
from typing import Any

import pytest

from modeldeploy.gcp.cluster import GkeClusterArgs
from modeldeploy.spec import Compute, Encryption, Network, NodePool, Operations
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.clusters import CLUSTER, POOL, cluster_graph
from tests.components.gcp.program import DEVELOPMENT, GIVEN_NETWORK

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUDGET = "gcp:billing/budget:Budget"
FIREWALL = "gcp:compute/firewall:Firewall"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
MEMBER = "gcp:projects/iAMMember:IAMMember"
NODES = "shared-nodes-stack@shop-models.iam.gserviceaccount.com"
GPUS = NodePool(name="gpus", compute=Compute(cpus=4, memory_gib=16, gpus=1), maximum=3, spot=True)


def cluster(**arguments: Any) -> dict[str, Any]:
    return cluster_graph(**arguments).one(CLUSTER).inputs


# Autopilot and Standard


def test_google_looks_after_the_machines_by_default() -> None:
    graph = cluster_graph(network=GIVEN_NETWORK)
    made = graph.one(CLUSTER).inputs
    assert made["enableAutopilot"] is True
    assert made["clusterAutoscaling"] == {
        "autoProvisioningDefaults": {
            "serviceAccount": NODES,
            "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
            "bootDiskKmsKey": KEY,
        }
    }
    assert made["nodePoolAutoConfig"] == {"nodeKubeletConfig": {"insecureKubeletReadonlyPortEnabled": "FALSE"}}
    # The provider refuses these beside enableAutopilot.
    assert not {"enableShieldedNodes", "enableIntranodeVisibility", "removeDefaultNodePool", "networkPolicy", "nodePools"} & made.keys()
    assert not {"datapathProvider", "initialNodeCount", "nodeConfig"} & made.keys()
    assert not graph.all(POOL)


@pytest.mark.parametrize("arguments", [{"standard": True}, {"pools": [GPUS]}])
def test_pools_make_it_a_standard_one_with_machines_of_its_own(arguments: dict[str, Any]) -> None:
    graph = cluster_graph(network=GIVEN_NETWORK, **arguments)
    made = graph.one(CLUSTER).inputs
    assert not {"enableAutopilot", "clusterAutoscaling", "nodePoolAutoConfig"} & made.keys()
    assert (made["datapathProvider"], made["enableShieldedNodes"], made["enableIntranodeVisibility"]) == ("ADVANCED_DATAPATH", True, True)
    assert (made["removeDefaultNodePool"], made["initialNodeCount"]) == (True, 1)
    # Not even the first machines, which go at once, run as the project's default account.
    assert made["nodeConfig"]["serviceAccount"] == NODES
    assert made["nodeConfig"]["bootDiskKmsKey"] == KEY
    assert made["nodeConfig"]["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableIntegrityMonitoring": True}
    assert made["nodeConfig"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    assert made["nodeConfig"]["metadata"] == {"disable-legacy-endpoints": "true"}
    assert list(graph.one(CLUSTER).options.ignoreChanges) == ["nodeConfig", "initialNodeCount"]
    base = graph.one(POOL, "shared-base").inputs
    assert base["autoscaling"] == {"totalMinNodeCount": 2, "totalMaxNodeCount": 10, "locationPolicy": "BALANCED"}
    assert (base["initialNodeCount"], base["nodeConfig"]["machineType"]) == (1, "e2-standard-4")


def test_machines_are_verified_encrypted_and_hide_their_identity() -> None:
    pool = cluster_graph(standard=True, network=GIVEN_NETWORK, tags={"owner": "risk"}).one(POOL)
    config = pool.inputs["nodeConfig"]
    assert (config["serviceAccount"], config["bootDiskKmsKey"], config["imageType"]) == (NODES, KEY, "COS_CONTAINERD")
    assert config["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableIntegrityMonitoring": True}
    assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    assert config["metadata"] == {"disable-legacy-endpoints": "true"}
    assert config["kubeletConfig"] == {"insecureKubeletReadonlyPortEnabled": "FALSE"}
    assert (config["diskType"], config["diskSizeGb"], config["spot"]) == ("pd-balanced", 100, False)
    assert config["resourceLabels"]["owner"] == "risk"
    assert not {"guestAccelerators", "taints"} & config.keys()
    assert pool.inputs["management"] == {"autoRepair": True, "autoUpgrade": True}
    assert pool.inputs["upgradeSettings"] == {"strategy": "SURGE", "maxSurge": 1, "maxUnavailable": 0}
    assert list(pool.options.ignoreChanges) == ["initialNodeCount", "nodeCount"]


def test_a_pool_of_spare_machines_with_gpus_comes_from_none() -> None:
    pool = cluster_graph(pools=[GPUS], zones=["europe-west1-b"]).one(POOL, "shared-gpus").inputs
    assert pool["autoscaling"] == {"totalMinNodeCount": 0, "totalMaxNodeCount": 3, "locationPolicy": "ANY"}
    assert "initialNodeCount" not in pool
    assert pool["nodeLocations"] == ["europe-west1-b"]
    config = pool["nodeConfig"]
    assert (config["machineType"], config["spot"]) == ("g2-standard-4", True)
    assert config["guestAccelerators"] == [{"type": "nvidia-l4", "count": 1, "gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"}}]
    assert config["taints"] == [{"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NO_SCHEDULE"}]


def test_other_machines_are_a_pool_under_another_name() -> None:
    names = {
        cluster_graph(pools=[NodePool(name="more", compute=Compute(cpus=cpus, memory_gib=16), spot=spot)]).one(POOL, "shared-more").inputs["name"]
        for cpus, spot in ((4, False), (8, False), (4, True))
    }
    assert len(names) == 3
    assert all(name.startswith("more-") and len(name) <= 40 for name in names)


# The network


def test_api_and_machines_have_private_addresses_only() -> None:
    made = cluster(network=Network(id=GIVEN_NETWORK.id, subnet_ids=GIVEN_NETWORK.subnet_ids, callers=["10.9.0.0/16"]))
    assert made["privateClusterConfig"] == {"enablePrivateNodes": True, "enablePrivateEndpoint": True}
    assert made["masterAuthorizedNetworksConfig"] == {
        "cidrBlocks": [{"cidrBlock": "10.9.0.0/16", "displayName": "caller-0"}],
        "gcpPublicCidrsAccessEnabled": False,
        "privateEndpointEnforcementEnabled": True,
    }
    assert (made["network"], made["subnetwork"]) == (GIVEN_NETWORK.id, GIVEN_NETWORK.subnet_ids[0])
    assert cluster()["masterAuthorizedNetworksConfig"]["cidrBlocks"] == []


@pytest.mark.parametrize(
    ("arguments", "pods"),
    [
        ({}, "10.64.128.0/18"),
        ({"network": Network(cidr="10.20.0.0/18")}, "10.20.32.0/20"),
        ({"network": GIVEN_NETWORK}, "10.200.0.0/16"),
        ({"pod_cidr": "10.96.0.0/14"}, "10.96.0.0/14"),
        ({"network": Network(cidr="10.20.0.0/20"), "pod_cidr": "10.96.0.0/14"}, "10.96.0.0/14"),
    ],
)
def test_pods_get_a_range_of_their_own(arguments: dict[str, Any], pods: str) -> None:
    graph = cluster_graph(**arguments)
    assert graph.one(CLUSTER).inputs["ipAllocationPolicy"] == {"clusterIpv4CidrBlock": pods}
    assert graph.one(FIREWALL, "shared-allow-pods").inputs["destinationRanges"] == [pods]


def test_the_machines_open_their_pods_and_the_api_in_a_closed_network() -> None:
    graph = cluster_graph(network=Network(cidr="10.20.0.0/18"))
    pods, control = (graph.one(FIREWALL, f"shared-allow-{suffix}") for suffix in ("pods", "control"))
    assert pods.inputs["allows"] == [{"protocol": "all"}]
    assert control.inputs["allows"] == [{"protocol": "tcp", "ports": ["443", "8132", "10250"]}]
    assert control.inputs["destinationRanges"] == ["10.20.0.0/18"]
    for each in (pods, control):
        assert (each.inputs["direction"], each.inputs["targetServiceAccounts"]) == ("EGRESS", [NODES])
        assert each.urn in graph.one(CLUSTER).depends_on
    given = cluster_graph(network=GIVEN_NETWORK).one(FIREWALL, "shared-allow-control")
    assert given.inputs["destinationRanges"] == ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]


# Identities


def test_pods_have_identities_of_their_own_and_old_logins_are_off() -> None:
    made = cluster(network=GIVEN_NETWORK)
    assert made["workloadIdentityConfig"] == {"workloadPool": "shop-models.svc.id.goog"}
    assert made["enableLegacyAbac"] is False
    assert made["masterAuth"] == {"clientCertificateConfig": {"issueClientCertificate": False}}
    assert made["anonymousAuthenticationConfig"] == {"mode": "LIMITED"}
    assert made["rbacBindingConfig"] == {
        "enableInsecureBindingSystemAuthenticated": False,
        "enableInsecureBindingSystemUnauthenticated": False,
    }


def test_machines_write_logs_and_pull_the_images_that_are_listed() -> None:
    repository = "projects/example-models/locations/europe-west1/repositories/serving"
    graph = cluster_graph(network=GIVEN_NETWORK, repositories=[repository])
    role = graph.one(MEMBER)
    assert (role.inputs["role"], role.inputs["member"]) == ("roles/container.defaultNodeServiceAccount", f"serviceAccount:{NODES}")
    pulls = graph.one("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
    assert {name: pulls.inputs[name] for name in ("project", "location", "repository", "role")} == {
        "project": "example-models",
        "location": "europe-west1",
        "repository": "serving",
        "role": "roles/artifactregistry.reader",
    }
    assert {role.urn, pulls.urn} <= graph.one(CLUSTER).depends_on
    assert graph.outputs["identity"] == NODES


def test_roles_may_name_groups_when_there_is_one_for_them() -> None:
    made = cluster(network=GIVEN_NETWORK, security_group="gke-security-groups@example.com")
    assert made["authenticatorGroupsConfig"] == {"securityGroup": "gke-security-groups@example.com"}
    assert "authenticatorGroupsConfig" not in cluster(network=GIVEN_NETWORK)


def test_administrators_have_this_cluster_only() -> None:
    graph = cluster_graph(administrators=["group:platform@example.com"])
    granted = graph.one(MEMBER, "shared-administrator-group:platform@example.com").inputs
    assert (granted["role"], granted["member"]) == ("roles/container.admin", "group:platform@example.com")
    assert granted["condition"]["expression"] == 'resource.name == "projects/shop-models/locations/europe-west1/clusters/shared-1a2b3c4"'


# Encryption, admission, life


def test_secrets_are_encrypted_and_images_admitted_by_policy() -> None:
    graph = cluster_graph(network=GIVEN_NETWORK)
    made = graph.one(CLUSTER).inputs
    assert made["databaseEncryption"] == {"state": "ENCRYPTED", "keyName": KEY}
    assert made["binaryAuthorization"] == {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}
    assert made["securityPostureConfig"] == {"mode": "BASIC"}
    grants = {each.name: each.inputs["member"] for each in graph.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")}
    assert sorted(grants) == ["shared-key-compute", "shared-key-container", "shared-key-logging"]
    assert grants["shared-key-compute"] == "serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com"
    given = cluster(network=GIVEN_NETWORK, encryption=Encryption(key="projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"))
    assert given["databaseEncryption"]["keyName"] == "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"


def test_google_upgrades_it_at_weekends_in_the_regular_channel() -> None:
    made = cluster(network=GIVEN_NETWORK)
    assert made["releaseChannel"] == {"channel": "REGULAR"}
    assert made["maintenancePolicy"] == {
        "recurringWindow": {
            "startTime": "2026-01-03T01:00:00Z",
            "endTime": "2026-01-03T07:00:00Z",
            "recurrence": "FREQ=WEEKLY;BYDAY=SA,SU",
        }
    }
    assert made["gatewayApiConfig"] == {"channel": "CHANNEL_STANDARD"}
    assert made["costManagementConfig"] == {"enabled": True}


def test_production_is_protected_and_development_is_not() -> None:
    assert cluster_graph().one(CLUSTER).options.protect is True
    assert cluster()["deletionProtection"] is True
    development = cluster_graph(environment=DEVELOPMENT).one(CLUSTER)
    assert (development.options.protect, development.inputs["deletionProtection"]) == (False, False)


def test_it_is_regional_and_labelled() -> None:
    made = cluster(network=GIVEN_NETWORK, tags={"owner": "risk"})
    assert made["location"] == "europe-west1"
    assert "nodeLocations" not in made
    assert cluster(zones=["europe-west1-b", "europe-west1-c"])["nodeLocations"] == ["europe-west1-b", "europe-west1-c"]
    assert made["resourceLabels"] == {"owner": "risk", "environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "shared"}


# Operations


def test_the_control_plane_writes_logs_into_a_bucket_of_their_own() -> None:
    graph = cluster_graph(network=GIVEN_NETWORK, operations=Operations(log_retention_days=365))
    made = graph.one(CLUSTER).inputs
    assert made["loggingConfig"]["enableComponents"] == ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]
    assert "SYSTEM_COMPONENTS" in made["monitoringConfig"]["enableComponents"]
    assert made["monitoringConfig"]["managedPrometheus"] == {"enabled": True}
    logs = graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs
    assert (logs["retentionDays"], logs["cmekSettings"]) == (365, {"kmsKeyName": KEY})
    # Containers' output is their deployments'.
    assert graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == (
        'resource.labels.cluster_name="shared-1a2b3c4" AND NOT resource.type="k8s_container"'
    )


def test_busy_machines_raise_an_alarm() -> None:
    alarm = cluster_graph(operations=Operations(utilization_percent=80, emails=["a@example.com"])).one(ALERT).inputs
    [condition] = [each["conditionThreshold"] for each in alarm["conditions"]]
    assert condition["thresholdValue"] == 0.8
    assert condition["filter"] == (
        'resource.type="k8s_node" AND resource.labels.cluster_name="shared-1a2b3c4" AND metric.type="kubernetes.io/node/cpu/allocatable_utilization"'
    )
    assert alarm["notificationChannels"] == ["channel"]


def test_the_cost_is_the_fee_and_the_machines_that_are_kept() -> None:
    assert cluster_graph().outputs["monthly_cost"] == pytest.approx(73.0)
    # The fee, 2 machines of the cluster's own, 1 of the pool: 730 hours x (0.10 + 2 x 0.13402 + 0.06701) dollars.
    pools = [NodePool(name="more", minimum=1)]
    assert cluster_graph(pools=pools).outputs["monthly_cost"] == pytest.approx(317.59)
    # At most: 730 x (0.10 + 10 x 0.13402 + 4 x 0.06701)
    graph = cluster_graph(pools=pools, billing_account="0A1B2C-3D4E5F-678901")
    assert graph.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "1248"
    assert graph.one(BUDGET).inputs["budgetFilter"]["projects"] == ["projects/123456789012"]


def test_the_kubeconfig_logs_in_with_googles_plugin_and_holds_no_secret() -> None:
    graph = cluster_graph(pools=[GPUS])
    config = json.loads(graph.outputs["kubeconfig"])
    assert config["clusters"][0]["cluster"] == {"server": "https://10.64.0.5", "certificate-authority-data": "Y2VydA=="}
    user = config["users"][0]["user"]
    assert list(user) == ["exec"]
    assert user["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert config["current-context"] == config["contexts"][0]["name"]
    assert graph.outputs["config"] == graph.outputs["kubeconfig"]
    assert graph.outputs["reference"] == graph.outputs["id"] == "projects/shop-models/locations/europe-west1/clusters/shared-1a2b3c4"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pools": [NodePool(name="base")]}, "pools[0].name: 'base' is the pool that the cluster makes by itself"),
        ({"pools": [NodePool(name="big", compute=Compute(cpus=64))]}, "pools[0].compute: GKE has no machine with 64 CPUs"),
        (
            {"pools": [NodePool(name="big", compute=Compute(instance_type="m5.large"))]},
            "pools[0].compute.instance_type: 'm5.large' is not known",
        ),
        ({"pools": [NodePool(name="aa"), NodePool(name="aa")]}, "pools[1].name: 'aa' is there twice"),
        ({"zones": ["europe-west1"]}, "zones[0]: 'europe-west1' is no zone; write for example europe-west1-b"),
        (
            {"network": Network(cidr="10.20.0.0/19")},
            "network.cidr: '10.20.0.0/19' leaves a /21 for pods, of which each machine takes a /24; use /18 or larger, or give pod_cidr",
        ),
        ({"pod_cidr": "10.0.0.0/24"}, "pod_cidr: '10.0.0.0/24' has the wrong size; use /11 to /20"),
        ({"pod_cidr": "8.8.0.0/16"}, "pod_cidr: '8.8.0.0/16' is open to the internet"),
        ({"security_group": "platform@example.com"}, "security_group: 'platform@example.com' is not the group that GKE asks"),
        ({"repositories": ["serving"]}, "repositories[0]: 'serving' is no repository; write projects/P/locations/L/repositories/R"),
        ({"administrators": ["platform@example.com"]}, "administrators[0]: 'platform@example.com' is no IAM member"),
        ({"billing_account": "x"}, "billing_account: 'x' is no billing account"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(GkeClusterArgs, GkeClusterArgs(**arguments), "GkeCluster 'shared'")
    assert message in str(caught.value)
