"""What the tests of services and functions on Cloud Run deploy, and how the mocked cloud answers."""

from collections.abc import Mapping
from typing import Any

import pulumi

from modeldeploy.gcp.container import CloudRunService, CloudRunServiceArgs
from modeldeploy.gcp.serverless import CloudFunction, CloudFunctionArgs
from modeldeploy.spec import Code, Container, Domain, Exposure, FunctionModel, Network, WebAccess
from tests.components.gcp import program
from tests.components.gcp.program import IMAGE, NUMBER, PROJECT, REGION, named
from tests.support.mocks import Graph, Mocked, record

SERVICE = "gcp:cloudrunv2/service:Service"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
STASH = "pulumi:index:Stash"
BACKEND = "gcp:compute/backendService:BackendService"
FIREWALL = "gcp:compute/securityPolicy:SecurityPolicy"
MAP = "gcp:certificatemanager/certificateMap:CertificateMap"

NETWORK = Network(id="projects/shop-models/global/networks/shared", subnet_ids=["projects/shop-models/regions/europe-west1/subnetworks/shared"])
HOST = "pricing.example.com"
API = "gcp:apigateway/api:Api"
CONFIG = "gcp:apigateway/apiConfig:ApiConfig"
GATEWAY = "gcp:apigateway/gateway:Gateway"
KEY = "gcp:projects/apiKey:ApiKey"
GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup"

PUBLIC = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST))
SECRET = "projects/vault/secrets/partner/versions/3"


_SERVICES: dict[str, Graph] = {}


def service(inputs: dict[str, Any]) -> Mapping[str, Any]:
    """What Cloud Run tells about a service."""
    uri = f"https://{inputs['name']}-{NUMBER}.{REGION}.run.app"
    return {"id": f"projects/{PROJECT}/locations/{REGION}/services/{inputs['name']}", "uri": uri}


def note(inputs: dict[str, Any]) -> Mapping[str, Any]:
    """A stash: an older version was noted when it was the newest."""
    given = inputs["input"]
    return {"output": {**given, "revision": given["revision"] or "noted-revision"}}


OUTPUTS: dict[str, Mocked] = {
    **program.OUTPUTS,
    SERVICE: service,
    FUNCTION: lambda inputs: {
        "name": "pricing-1a2b3c4",
        "serviceConfig": {**inputs["serviceConfig"], "uri": f"https://pricing-1a2b3c4-{NUMBER}.{REGION}.run.app"},
    },
    STASH: note,
    API: lambda inputs: {"managedService": f"{inputs['apiId']}-x.apigateway.{PROJECT}.cloud.goog"},
    CONFIG: {"id": f"projects/{PROJECT}/locations/global/apis/pricing-stack/configs/made-1"},
    KEY: {"keyString": "AIza-made"},
    BACKEND: {"name": "pricing-backend-1a2b3c4"},
    MAP: named("locations/global/certificateMaps"),
    "gcp:artifactregistry/repository:Repository": lambda inputs: {
        "id": f"projects/{PROJECT}/locations/{REGION}/repositories/{inputs['repositoryId']}",
        "name": inputs["repositoryId"],
    },
    "gcp:compute/globalAddress:GlobalAddress": {"name": "made-1a2b3c4", "address": "203.0.113.9"},
    "gcp:compute/forwardingRule:ForwardingRule": {"name": "pricing-https-1a2b3c4"},
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": lambda inputs: {
        "dnsResourceRecords": [{"name": f"_acme-challenge.{inputs['domain']}.", "type": "CNAME", "data": "proof.authorize.certificatemanager.goog."}]
    },
}


def container_version(version: str = "1", **container: Any) -> FunctionModel:
    """A version of the pricing model as a function's container."""
    served = Container(**{"image": IMAGE, **container})
    return FunctionModel(name="pricing", version=version, source="gs://shop-artifacts/pricing/1", container=served)


def code_version(folder: str, version: str = "1", **code: Any) -> FunctionModel:
    """A version of the pricing model as code in `folder`."""
    written = Code(**{"source": folder, "handler": "main.predict", **code})
    return FunctionModel(name="pricing", version=version, source="gs://shop-artifacts/pricing/1", code=written)


def service_graph(preview: bool = False, **arguments: Any) -> Graph:
    """What a Cloud Run service registers; `arguments` besides one remote model and a network. The same arguments are registered once."""
    args = CloudRunServiceArgs(**{"models": [program.model()], "network": NETWORK, **arguments})
    if preview:
        return _graph(CloudRunService, args, preview)
    if repr(args) not in _SERVICES:
        _SERVICES[repr(args)] = _graph(CloudRunService, args)
    return _SERVICES[repr(args)]


def function_graph(**arguments: Any) -> Graph:
    """What a function registers; `arguments` besides one remote model in a container and a network."""
    return _graph(CloudFunction, CloudFunctionArgs(**{"models": [container_version()], "network": NETWORK, **arguments}))


def _graph(kind: Any, args: Any, preview: bool = False) -> Graph:
    def run() -> Mapping[str, Any]:
        made = kind("pricing", args)
        return {name: getattr(made, name) for name in kind.__annotations__}

    pulumi.runtime.set_all_config({"gcp:project": PROJECT, "gcp:region": REGION})
    try:
        return record(run, outputs=OUTPUTS, calls=program.CALLS, preview=preview)
    finally:
        pulumi.runtime.set_all_config({})
