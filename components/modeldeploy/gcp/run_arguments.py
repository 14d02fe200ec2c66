"""What services and functions on Cloud Run refuse, and the APIs they need, whatever serves the model."""

from collections.abc import Iterator, Mapping

from modeldeploy.spec.access import Authentication
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.serverless import ServerlessArgs

from .api_gateway import APIS as GATEWAY_APIS
from .api_gateway import KEY_APIS
from .database_access import VARIABLES
from .labels import label_problems
from .secrets import secret_id_problems
from .web_access import through_gateway, web_access_problems

APIS = ("run", "cloudkms", "storage", "iam", "logging", "monitoring", "compute", "dns")
TOLD = ("MODEL_URI", "MODEL_VERSION")
"""Variables that every container gets."""
RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE")
"""Variables that Cloud Run sets: https://cloud.google.com/run/docs/container-contract#env-vars."""
RESERVED_START = "X_GOOGLE_"
"""How the names of variables begin that are for Google's own tools, which gcloud refuses."""
MOST_CONCURRENT = 1000


def run_problems(args: ContainerArgs | ServerlessArgs, environments: Mapping[str, Mapping[str, object]], service: str) -> Iterator[Problem]:
    """Problems of what is the same for all of them; `environments` are the plain variables by their paths."""
    yield from remote_problems(args.models, ("gs",), service)
    yield from web_access_problems(args.access, service)
    yield from secret_id_problems(args.secrets)
    yield from label_problems(args.tags)
    set_by_us = {**dict.fromkeys(TOLD, "models"), **(dict.fromkeys(VARIABLES, "database") if args.database else {})}
    yield from variable_problems({**environments, "secrets": args.secrets}, set_by_us)
    if args.network.callers:
        yield Problem("network.callers", f"cannot be kept on {service}, which lets in all of the project's networks; list access.callers instead")
    if args.operations.capture_percent:
        yield Problem("operations.capture_percent", f"is not offered by {service}; leave it out, and let the container log what may be kept")


def variable_problems(environments: Mapping[str, Mapping[str, object]], set_by_us: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of variables, by their paths, that something else sets: Cloud Run, or the component from an argument (`set_by_us`)."""
    for path, variables in environments.items():
        for variable in variables:
            if variable in RESERVED or variable.startswith(RESERVED_START):
                yield Problem(f"{path}.{variable}", "is set by Cloud Run; choose another name")
            if variable in set_by_us:
                yield Problem(f"{path}.{variable}", f"is set from {set_by_us[variable]}; leave it out")


def concurrency_problems(concurrency: int) -> Iterator[Problem]:
    """Problems of the requests that one instance answers at a time."""
    if not 1 <= concurrency <= MOST_CONCURRENT:
        yield Problem("concurrency", f"{concurrency} is not allowed; use 1 to {MOST_CONCURRENT}")


def run_apis(args: ContainerArgs | ServerlessArgs, billing_account: str | None, *others: str) -> list[str]:
    """The APIs that are needed, and those that only some arguments need."""
    gateway = through_gateway(args.access)
    wanted = {
        **dict.fromkeys(GATEWAY_APIS, gateway),
        **dict.fromkeys(KEY_APIS, args.access.authentication is Authentication.API_KEY),
        "secretmanager": bool(args.secrets),
        "certificatemanager": args.access.domain is not None,
        "billingbudgets": billing_account is not None,
    }
    return [*APIS, *others, *(api for api, needed in wanted.items() if needed)]
