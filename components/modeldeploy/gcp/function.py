"""A function of Cloud Functions, second generation, that serves one version of a model from source code.

https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions
"""

from collections.abc import Iterator, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Exposure, WebAccess
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.serverless import Code, FunctionModel

from .function_build import builder, image_repository, source_archive
from .network import id_of
from .run_service import Instances
from .scope import Scope
from .web_access import through_gateway

MODULE = "main"
"""The module that Cloud Functions looks for the handler in: https://cloud.google.com/functions/docs/writing#directory-structure-python."""


def code_problems(models: Sequence[FunctionModel]) -> Iterator[Problem]:
    """Problems of source code that Cloud Functions would not build, or could not run beside other code."""
    coded = [(index, model.code) for index, model in enumerate(models) if model.code is not None]
    for index, code in coded:
        module, _, function = code.handler.rpartition(".")
        if module != MODULE:
            yield Problem(
                f"models[{index}].code.handler",
                f"'{code.handler}' is in another module than Cloud Functions looks in; put it into {MODULE}.py and write {MODULE}.{function}",
            )
    if len(coded) > 1:
        yield Problem(
            "models",
            f"are {len(coded)} versions as code, and Cloud Functions sends all requests to what was deployed last; list one version, whose change "
            "is taken over without a gap, or give both a container, between which requests can be shared",
        )


def run_function(
    scope: Scope,
    model: FunctionModel,
    code: Code,
    instances: Instances,
    access: WebAccess,
) -> gcp.cloudfunctionsv2.Function:
    """Builds `code` and runs it. A change is built beside what runs, and takes the requests over when it has started.

    Private: reached from networks of the project. Public: reached through a load balancer only, or through a gateway.
    """
    around = instances.around
    archive = source_archive(scope, model, code, around.bucket)
    repository = image_repository(scope, around.key)
    account, can_build = builder(scope, around.bucket, repository)
    return gcp.cloudfunctionsv2.Function(
        scope.name,
        gcp.cloudfunctionsv2.FunctionArgs(
            location=scope.region,
            project=scope.project,
            description=f"Serves {model.name} {model.version}",
            kms_key_name=around.key.id,
            build_config=gcp.cloudfunctionsv2.FunctionBuildConfigArgs(
                runtime=f"python{code.python.replace('.', '')}",
                entry_point=code.handler.rpartition(".")[2],
                source=gcp.cloudfunctionsv2.FunctionBuildConfigSourceArgs(
                    storage_source=gcp.cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(bucket=around.bucket.name, object=archive.name)
                ),
                docker_repository=repository.id,
                service_account=account.id,
            ),
            service_config=_service(instances, access, model.version),
            labels=scope.labels,
        ),
        scope.after_apis(*around.ready, *can_build),
    )


def function_address(function: gcp.cloudfunctionsv2.Function) -> pulumi.Output[str]:
    """Its run.app address, which private networks can reach without further names."""
    return function.service_config.apply(lambda config: "" if config is None else config.uri or "")


def _ingress(access: WebAccess) -> str:
    if through_gateway(access):
        # A gateway comes from the internet, as one caller with an identity of its own.
        return "ALLOW_ALL"
    return "ALLOW_INTERNAL_AND_GCLB" if access.exposure is Exposure.PUBLIC else "ALLOW_INTERNAL_ONLY"


def _service(instances: Instances, access: WebAccess, version: str) -> gcp.cloudfunctionsv2.FunctionServiceConfigArgs:
    size, around = instances.size, instances.around
    return gcp.cloudfunctionsv2.FunctionServiceConfigArgs(
        available_cpu=str(size.cpus),
        available_memory=f"{size.memory_mib}Mi",
        min_instance_count=instances.minimum,
        max_instance_count=instances.maximum,
        max_instance_request_concurrency=instances.concurrency,
        timeout_seconds=instances.request_seconds,
        all_traffic_on_latest_revision=True,
        ingress_settings=_ingress(access),
        service_account_email=around.account.email,
        environment_variables=around.told[version],
        secret_environment_variables=[
            gcp.cloudfunctionsv2.FunctionServiceConfigSecretEnvironmentVariableArgs(
                key=name,
                project_id=reference.secret.apply(lambda secret: secret.split("/")[1]),
                secret=reference.secret.apply(lambda secret: secret.split("/")[3]),
                version=reference.version,
            )
            for name, reference in around.secrets.items()
        ]
        or None,
        direct_vpc_egress="VPC_EGRESS_ALL_TRAFFIC",
        direct_vpc_network_interfaces=[
            gcp.cloudfunctionsv2.FunctionServiceConfigDirectVpcNetworkInterfaceArgs(
                network=id_of(around.network), subnetwork=around.network.subnet_ids[0]
            )
        ],
    )
