"""Data sources and provider functions: what components ask the providers besides resources.

A table of functions, each from arguments and configuration to a result. "Get me this resource" needs none: it is answered from the sandbox's own
records.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sandbox import config as own
from sandbox.config import ProviderConfig
from sandbox.metadata import catalog
from sandbox.store import Store
from sandbox.suggest import nearest_tokens
from sandbox.values import Inputs


class InvokeError(Exception):
    """A function that is not known, or that finds nothing."""


@dataclass(frozen=True)
class Call:
    """One invocation."""

    token: str
    arguments: Inputs
    config: ProviderConfig
    store: Store

    @property
    def region(self) -> str:
        """The region asked for, or the provider's."""
        return str(self.arguments.get("region") or self.config.region)


Function = Callable[[Call], Inputs]


def invoke(call: Call) -> Inputs:
    """The result of a provider function."""
    function = _FUNCTIONS.get(call.token) or (_lookup if _looked_up(call.token) else None)
    if function is None:
        near = nearest_tokens(call.token, _FUNCTIONS)
        raise InvokeError(f"the sandbox does not know the function {call.token}; it knows {', '.join(near) if near else 'none like it'}")
    return function(call)


def _caller_identity(call: Call) -> Inputs:
    arn = f"arn:{call.config.partition}:iam::{own.AWS_ACCOUNT}:user/sandbox"
    return {"id": own.AWS_ACCOUNT, "accountId": own.AWS_ACCOUNT, "arn": arn, "userId": "AIDASANDBOXSANDBOXSB"}


def _session_context(call: Call) -> Inputs:
    """Who is behind a session: a role, or whoever asks."""
    arn = str(call.arguments.get("arn"))
    role = re.fullmatch(r"(arn:[\w-]+:)sts(::\d+:)assumed-role/([^/]+)/(.+)", arn)
    issuer = f"{role[1]}iam{role[2]}role/{role[3]}" if role else arn
    return {
        "id": arn,
        "arn": arn,
        "issuerArn": issuer,
        "issuerId": "AIDASANDBOXSANDBOXSB",
        "issuerName": role[3] if role else "",
        "sessionName": role[4] if role else "",
    }


def _eks_cluster(call: Call) -> Inputs:
    """A cluster, with the parts that the function tells as lists, and the VPC that its subnets are in."""
    found = _lookup(call)
    network = dict(cast("Inputs", found["vpcConfig"]))
    for subnet in cast("list[Any]", network.get("subnetIds") or []):
        for record in call.store.by_handle(str(subnet), "aws:ec2/subnet:Subnet", "id"):
            network["vpcId"] = record.outputs["vpcId"]
    lists = {f"{name}s": [found[name]] for name in ("kubernetesNetworkConfig", "accessConfig", "computeConfig") if name in found}
    return {**found, **lists, "vpcConfig": network}


def _aws_region(call: Call) -> Inputs:
    region = call.region
    return {"id": region, "name": region, "region": region, "endpoint": f"ec2.{region}.amazonaws.com", "description": f"Sandbox ({region})"}


def _partition(call: Call) -> Inputs:
    suffix = "amazonaws.com.cn" if call.config.partition == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": call.config.partition, "partition": call.config.partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _zones(call: Call) -> Inputs:
    names = [f"{call.region}{letter}" for letter in "abc"]
    short = "".join(part[0] for part in call.region.split("-")[:-1]) + call.region[-1]
    return {
        "id": call.region,
        "region": call.region,
        "names": names,
        "zoneIds": [f"{short}-az{index}" for index in (1, 2, 3)],
        "groupNames": [call.region],
        "state": call.arguments.get("state"),
    }


def _policy_document(call: Call) -> Inputs:
    """The JSON of an IAM policy, as the provider writes it: single values bare, several as lists."""
    statements: list[Inputs] = []
    for source in cast("list[str]", call.arguments.get("sourcePolicyDocuments") or []):
        statements.extend(cast("list[Inputs]", json.loads(source).get("Statement") or []))
    statements.extend(_statement(item) for item in cast("list[Inputs]", call.arguments.get("statements") or []))
    by_sid = {statement.get("Sid") or f"#{index}": statement for index, statement in enumerate(statements)}
    document: Inputs = {"Version": call.arguments.get("version") or "2012-10-17"}
    if call.arguments.get("policyId"):
        document["Id"] = call.arguments["policyId"]
    document["Statement"] = list(by_sid.values())
    text = json.dumps(document, indent=2)
    return {
        **call.arguments,
        "id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statement(given: Inputs) -> Inputs:
    statement: Inputs = {}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    statement["Effect"] = given.get("effect") or "Allow"
    for name, key in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource"), ("notResources", "NotResource")):
        if given.get(name):
            statement[key] = _bare(sorted(given[name], reverse=True) if "ction" in name else given[name])
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[key] = _principals(given[name])
    if given.get("conditions"):
        conditions: dict[str, dict[str, Any]] = {}
        for condition in given["conditions"]:
            conditions.setdefault(condition["test"], {})[condition["variable"]] = _bare(condition["values"])
        statement["Condition"] = conditions
    return statement


def _principals(given: list[Inputs]) -> Any:
    if any(item["type"] == "*" for item in given):
        return "*"
    found: dict[str, list[str]] = {}
    for item in given:
        found.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: _bare(names) for kind, names in found.items()}


def _bare(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


_SAGEMAKER_REGISTRIES = {
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-central-1": "492215442770",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-northeast-1": "354813040037",
}
_DEEP_LEARNING_REGISTRY = "763104351884"


def _prebuilt_image(call: Call) -> Inputs:
    repository = str(call.arguments["repositoryName"])
    deep = "inference" in repository or "training" in repository
    registry = _DEEP_LEARNING_REGISTRY if deep else _SAGEMAKER_REGISTRIES.get(call.region, "683313688378")
    tag = str(call.arguments.get("imageTag") or "1")
    path = f"{registry}.dkr.ecr.{call.region}.amazonaws.com/{repository}:{tag}"
    return {**call.arguments, "id": path, "registryId": registry, "registryPath": path, "region": call.region}


def _lookup(call: Call) -> Inputs:
    """`getVpc` answers with the `Vpc` that has what the arguments say; so does every function of that form."""
    token = _looked_up(call.token)
    given = {name: value for name, value in call.arguments.items() if isinstance(value, str)}
    for record in call.store.of_type(token):
        known = {**record.outputs, "id": record.id}
        if given and all(str(known.get(name)).lower() == value.lower() for name, value in given.items()):
            return {**call.arguments, **record.outputs, "id": record.id}
    asked = ", ".join(f"{name}={value}" for name, value in call.arguments.items()) or "these arguments"
    raise InvokeError(f"{call.token}: there is no {token.rsplit(':', 1)[-1]} with {asked} in this sandbox")


def _looked_up(token: str) -> str:
    """The resource type a function looks up, or nothing."""
    parts = token.split(":")
    name = parts[-1].removeprefix("get")
    if name == parts[-1] or len(parts) != 3:
        return ""
    module = parts[1].split("/")[0]
    candidate = f"{parts[0]}:{module}:{name}" if parts[0] == "azure-native" else f"{parts[0]}:{module}/{name[0].lower()}{name[1:]}:{name}"
    return candidate if candidate in catalog(parts[0]).tokens() else ""


def _subnets(call: Call) -> Inputs:
    filters = cast("list[Inputs]", call.arguments.get("filters") or [])
    wanted: set[str] = {value for item in filters if item.get("name") == "vpc-id" for value in item["values"]}
    ids = [record.id for record in call.store.of_type("aws:ec2/subnet:Subnet") if not wanted or record.inputs.get("vpcId") in wanted]
    return {**call.arguments, "id": call.region, "ids": ids, "region": call.region}


def _prefix_list(call: Call) -> Inputs:
    """The managed prefix list of an AWS service: its id is the same for everybody in a region."""
    name = str(call.arguments.get("name") or call.arguments.get("prefixListId"))
    return {
        **call.arguments,
        "id": f"pl-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
        "name": name,
        "cidrBlocks": ["52.218.0.0/17"],
        "region": call.region,
    }


_CLOUD_CONTROL = {"AWS::SageMaker::Endpoint": ("aws:sagemaker/endpoint:Endpoint", ("endpointConfigName", "name", "arn"))}
"""Types that Cloud Control reads here: our type, and the properties it tells."""


def _cloud_control(call: Call) -> Inputs:
    """A resource as CloudFormation's schemas call its properties."""
    kind, identifier = str(call.arguments.get("typeName")), str(call.arguments.get("identifier"))
    if kind not in _CLOUD_CONTROL:
        raise InvokeError(f"{call.token}: the sandbox does not read {kind} by Cloud Control; it reads {', '.join(_CLOUD_CONTROL)}")
    token, properties = _CLOUD_CONTROL[kind]
    record = next((each for each in call.store.of_type(token) if identifier in (each.id, each.outputs.get("arn"))), None)
    if record is None:
        raise InvokeError(f"{call.token}: there is no {kind} '{identifier}' in this sandbox")
    prefix = {"name": "EndpointName", "arn": "EndpointArn"}
    told = {prefix.get(each, each[0].upper() + each[1:]): record.outputs[each] for each in properties}
    return {**call.arguments, "id": identifier, "properties": json.dumps(told), "region": call.region}


def _azure_client(call: Call) -> Inputs:
    return {
        "clientId": own.AZURE_CLIENT,
        "objectId": own.AZURE_OBJECT,
        "subscriptionId": call.config.subscription,
        "tenantId": call.config.tenant,
    }


def _storage_keys(call: Call) -> Inputs:
    name = str(call.arguments.get("accountName"))
    keys = [hashlib.sha512(f"{name}/{index}".encode()).hexdigest()[:88] for index in (1, 2)]
    return {"keys": [{"keyName": f"key{index}", "permissions": "FULL", "value": value} for index, value in enumerate(keys, 1)]}


def _endpoint_keys(call: Call) -> Inputs:
    name = str(call.arguments.get("endpointName"))
    return {f"{kind}Key": hashlib.sha256(f"{name}/{kind}".encode()).hexdigest()[:32] for kind in ("primary", "secondary")}


def _cluster_credentials(call: Call) -> Inputs:
    """A kubeconfig as AKS gives it to people of Entra: who the authority is, and no secret."""
    name = str(call.arguments.get("resourceName"))
    clusters = [each for each in call.store.of_type("azure-native:containerservice:ManagedCluster") if each.outputs.get("name") == name]
    if not clusters:
        raise InvokeError(f"{call.token}: there is no ManagedCluster '{name}' in this sandbox")
    digest = base64.b64encode(hashlib.sha256(clusters[0].id.encode()).digest()).decode()
    host = clusters[0].outputs.get("privateFQDN")
    text = f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {digest}\n    server: https://{host}:443\n  name: {name}\n"
    return {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(text.encode()).decode()}]}


def _workspace_keys(call: Call) -> Inputs:
    name = str(call.arguments.get("workspaceName"))
    return {f"{kind}SharedKey": hashlib.sha512(f"{name}/{kind}".encode()).hexdigest()[:88] for kind in ("primary", "secondary")}


def _gcp_project(call: Call) -> Inputs:
    project = str(call.arguments.get("projectId") or call.config.project)
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "name": project,
        "number": own.GCP_PROJECT_NUMBER,
        "labels": {},
        "billingAccount": "000000-000000-000000",
    }


def _gcp_client(call: Call) -> Inputs:
    return {
        "id": f"projects/{call.config.project}/regions/{call.config.region}",
        "project": call.config.project,
        "region": call.config.region,
        "zone": f"{call.config.region}-a",
        "accessToken": "sandbox",
        "defaultLabels": {},
    }


def _gcp_zones(call: Call) -> Inputs:
    return {
        **call.arguments,
        "id": call.region,
        "names": [f"{call.region}-{letter}" for letter in "abc"],
        "project": call.config.project,
        "region": call.region,
    }


def _storage_agent(call: Call) -> Inputs:
    email = f"service-{own.GCP_PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    return {"id": email, "emailAddress": email, "member": f"serviceAccount:{email}", "project": call.arguments.get("project") or call.config.project}


def _bigquery_agent(call: Call) -> Inputs:
    email = f"bq-{own.GCP_PROJECT_NUMBER}@bigquery-encryption.iam.gserviceaccount.com"
    project = call.arguments.get("project") or call.config.project
    return {"id": f"projects/{project}", "email": email, "member": f"serviceAccount:{email}", "project": project}


def _logging_agent(call: Call) -> Inputs:
    project = call.arguments.get("project") or call.config.project
    email = f"cmek-p{own.GCP_PROJECT_NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
    return {
        "id": f"projects/{project}/cmekSettings",
        "name": f"projects/{project}/cmekSettings",
        "project": project,
        "kmsKeyName": "",
        "kmsKeyVersionName": "",
        "serviceAccountId": email,
    }


_SECRET_RESULTS = frozenset(
    {
        "azure-native:storage:listStorageAccountKeys",
        "azure-native:machinelearningservices:listOnlineEndpointKeys",
        "azure-native:machinelearningservices:listBatchEndpointKeys",
        "azure-native:operationalinsights:getSharedKeys",
        "azure-native:operationalinsights:getWorkspaceSharedKeys",
    }
)


def is_secret(token: str) -> bool:
    """Whether a function's whole result is a secret."""
    return token in _SECRET_RESULTS


_FUNCTIONS: dict[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _aws_region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:iam/getSessionContext:getSessionContext": _session_context,
    "aws:eks/getCluster:getCluster": _eks_cluster,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": _prebuilt_image,
    "aws:cloudcontrol/getResource:getResource": _cloud_control,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "azure-native:authorization:getClientConfig": _azure_client,
    "azure-native:storage:listStorageAccountKeys": _storage_keys,
    "azure-native:machinelearningservices:listOnlineEndpointKeys": _endpoint_keys,
    "azure-native:machinelearningservices:listBatchEndpointKeys": _endpoint_keys,
    "azure-native:containerservice:listManagedClusterUserCredentials": _cluster_credentials,
    "azure-native:operationalinsights:getSharedKeys": _workspace_keys,
    "azure-native:operationalinsights:getWorkspaceSharedKeys": _workspace_keys,
    "gcp:organizations/getProject:getProject": _gcp_project,
    "gcp:organizations/getClientConfig:getClientConfig": _gcp_client,
    "gcp:compute/getZones:getZones": _gcp_zones,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_agent,
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _bigquery_agent,
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": _logging_agent,
}
