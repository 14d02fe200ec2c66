"""The pack on what published programs look like that know nothing of it."""

import pytest

from policies.rules import RULES
from tests.policies.examples import EXAMPLES
from tests.policies.sdk import refusals
from tests.policies.support import findings

FOUND = {
    "aws: a static website in a bucket": {
        "aws-s3-bucketpolicy-public",
        "aws-s3-bucketpolicy-tls",
        "aws-s3-publicaccessblock-off",
    },
    "aws: a web server on a virtual machine": {
        "aws-ec2-instance-metadata",
        "aws-ec2-instance-public-ip",
        "aws-ec2-securitygroup-open",
    },
    "aws: a container on Fargate behind a load balancer": {
        "aws-any-container-registry",
        "aws-ec2-securitygroup-open",
        "aws-ecs-cluster-insights",
        "aws-ecs-service-no-rollback",
        "aws-ecs-service-public-ip",
        "aws-ecs-taskdefinition-image",
        "aws-ecs-taskdefinition-log",
        "aws-ecs-taskdefinition-writable-root",
        "aws-lb-listener-tls",
        "aws-lb-loadbalancer-access-log",
        "aws-lb-loadbalancer-public",
    },
    "aws: a function behind an HTTP API": {
        "aws-apigateway-stage-access-log",
        "aws-apigatewayv2-api-public",
        "aws-apigatewayv2-route-open",
        "aws-apigatewayv2-stage-no-throttle",
        "aws-lambda-function-no-trace",
        "aws-lambda-function-unbounded",
        "aws-lambda-function-unsigned",
        "aws-lambda-function-vpc",
    },
    "aws: a model on a SageMaker endpoint": {
        "aws-iam-attachment-full-access",
        "aws-sagemaker-endpointconfiguration-gpu",
        "aws-sagemaker-endpointconfiguration-idle",
        "aws-sagemaker-model-image",
        "aws-sagemaker-model-isolation",
        "aws-sagemaker-model-vpc",
    },
    "azure: a web app with a database": {
        "azure-sql-firewallrule-open",
        "azure-sql-server-key",
        "azure-sql-server-local-auth",
        "azure-sql-server-public-network",
        "azure-sql-server-tls",
        "azure-web-app-ftp",
        "azure-web-app-public-network",
        "azure-web-app-secret",
        "azure-web-app-tls",
    },
    "azure: a container app from a registry": {
        "azure-containerapps-app-external",
        "azure-containerapps-app-image",
        "azure-containerapps-app-secret",
        "azure-containerapps-environment-log",
        "azure-containerapps-environment-public-network",
        "azure-containerregistry-registry-key",
        "azure-containerregistry-registry-local-auth",
        "azure-containerregistry-registry-public-network",
        "azure-operationalinsights-workspace-retention",
    },
    "azure: a Kubernetes cluster": {
        "azure-containerservice-cluster-command-invoke",
        "azure-containerservice-cluster-entra",
        "azure-containerservice-cluster-key",
        "azure-containerservice-cluster-local-auth",
        "azure-containerservice-cluster-logs",
        "azure-containerservice-cluster-network-policy",
        "azure-containerservice-cluster-no-upgrades",
        "azure-containerservice-cluster-policy-addon",
        "azure-containerservice-cluster-public",
        "azure-containerservice-cluster-secrets-key",
        "azure-containerservice-cluster-workload-identity",
    },
    "gcp: a service on Cloud Run": {
        "gcp-any-workload-default-account",
        "gcp-cloudrun-service-egress",
        "gcp-cloudrun-service-image",
        "gcp-cloudrun-service-ingress",
        "gcp-cloudrun-service-key",
        "gcp-cloudrun-service-no-binary-authorization",
        "gcp-cloudrun-serviceiam-open",
    },
    "gcp: a web server on a virtual machine": {
        "gcp-any-workload-default-account",
        "gcp-compute-firewall-open",
        "gcp-compute-instance-public-ip",
    },
    "gcp: a Kubernetes cluster": {
        "gcp-container-cluster-key",
        "gcp-container-cluster-network-policy",
        "gcp-container-cluster-no-binary-authorization",
        "gcp-container-cluster-no-upgrades",
        "gcp-container-cluster-open-networks",
        "gcp-container-cluster-public",
        "gcp-container-cluster-workload-identity",
    },
    "kubernetes: a deployment and its service": {
        "kubernetes-any-container-registry",
        "kubernetes-apps-deployment-no-probes",
        "kubernetes-core-container-capabilities",
        "kubernetes-core-container-escalation",
        "kubernetes-core-container-image",
        "kubernetes-core-container-no-limits",
        "kubernetes-core-container-root",
        "kubernetes-core-container-writable-root",
        "kubernetes-core-pod-seccomp",
        "kubernetes-core-pod-token-mounted",
        "kubernetes-core-service-public",
    },
}
"""By example, besides the tags that all of them lack."""


@pytest.mark.parametrize("example", list(EXAMPLES))
def test_an_example_breaks_the_rules_that_stand_between_it_and_production(example: str) -> None:
    found = {rule.id for token, _, props in EXAMPLES[example] for rule in RULES if rule.family.id != "missing-tags" and findings(rule, token, props)}
    assert found == FOUND[example]


@pytest.mark.parametrize("example", list(EXAMPLES))
def test_an_example_is_one_the_providers_take(example: str) -> None:
    assert [problem for token, _, props in EXAMPLES[example] for problem in refusals(token, props)] == []


def test_there_are_ten_examples_and_more_over_all_providers() -> None:
    assert len(EXAMPLES) >= 10
    assert {example.split(":")[0] for example in EXAMPLES} == {"aws", "azure", "gcp", "kubernetes"}
