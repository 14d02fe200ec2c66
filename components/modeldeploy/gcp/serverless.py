"""A model as a function that scales to zero, as a production team would run it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.access import Authentication
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import ContainerCompute
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.rollout import served_version
from modeldeploy.spec.serverless import ServerlessArgs

from .budget import billing_problems
from .cloud_run import run_size
from .function import code_problems, function_address, run_function
from .images import image_problems
from .labels import labels
from .names import LONGEST
from .place import place
from .run_arguments import concurrency_problems, run_apis, run_problems
from .run_prices import idle_monthly_usd
from .run_service import Instances, run_service
from .run_surroundings import surroundings, watch
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire
from .way_in import way_in
from .web_access import let_everybody_invoke, let_invoke

ENCRYPTED = ("run", "storage", "logging")
"""The services that store something of a function under its key."""
ENCRYPTED_BUILDS = ("cloudfunctions", "artifactregistry")
"""Those that store something when it is built from code."""
BUILD_APIS = ("cloudfunctions", "cloudbuild", "artifactregistry")


@dataclass(frozen=True, kw_only=True)
class CloudFunctionArgs(ServerlessArgs):
    """A model as a function on Cloud Run: a container, or code that Cloud Functions builds."""

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""
    concurrency: int = 8
    """Requests that one instance answers at a time, 1 to 1000; more of them make another instance. Default 8."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        environments = {
            f"models[{index}].{'code' if model.container is None else 'container'}.environment": model.variables
            for index, model in enumerate(self.models)
        }
        yield from run_problems(self, environments, "Cloud Functions")
        yield from billing_problems(self.billing_account, self.operations)
        yield from concurrency_problems(self.concurrency)
        yield from code_problems(self.models)
        for index, model in enumerate(self.models):
            if model.container is not None:
                yield from (problem.under(f"models[{index}].container") for problem in image_problems(model.container, "Cloud Run"))


class CloudFunction(pulumi.ComponentResource):
    """Versions of a model as a function that runs, and is paid, while somebody asks.

    As containers: a Cloud Run service, one revision for each version, which share the requests as `rollout` says; a version's revision is made while
    it is the last of `models` and stays as it is from then on (docs/adr/0018-cloud-run-releases.md). As code: a function of Cloud Functions, one
    version at a time, whose next version takes over when it has been built and started (docs/adr/0019-cloud-function-releases.md). The handler is in
    `main.py`, what it needs in `requirements.txt`; the build has no way to private registries.

    Private (the default): reached from networks of the project, whose names under `run.app` resolve to `private.googleapis.com`, as a `GoogleNetwork`
    has it; with `access.domain` also under that name, as `CloudRunService` says. Public: reached through a global load balancer with Cloud Armor,
    under the host name of `access.domain`. Everything an instance sends goes into `network`, which has a subnet of /26 or larger.

    What its user has seen to: a key given by `encryption.key` is in the function's region and lets the service agents of Cloud Run, Cloud Storage and
    Cloud Logging (and of Cloud Functions and Artifact Registry, for code) encrypt and decrypt; the registry of an image in another project lets the
    service agent of Cloud Run read.
    """

    url: pulumi.Output[str]
    """Address to post predictions to, JSON as the container or code takes it, with an identity token of a caller (`Authorization: Bearer ...`)."""
    audience: pulumi.Output[str]
    """What an identity token must be for (its `aud`)."""
    identity: pulumi.Output[str]
    """Address of the service account the function runs as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at requests, errors, latency and instances."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month at minimum scale, without requests: the instances kept for every version, at the prices of us-central1; nothing
    with `scaling.minimum` 0. Not in it: requests and the instances they make, the load balancer and Cloud Armor, builds, storage, logs, network."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    dns_target: pulumi.Output[str]
    """The address that a record for `access.domain` points to: when private, in networks that are connected to its own; empty without a domain, and
    when the record is made in `access.domain.zone`."""
    api_key: pulumi.Output[str]
    """The key of the first caller, to send in `x-api-key`, secret; empty unless `access.authentication` is api-key. More are made in the project."""
    service: pulumi.Output[str]
    """Name of the service on Cloud Run."""

    def __init__(self, name: str, args: CloudFunctionArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(CloudFunctionArgs, args, f"CloudFunction '{name}'")
        check_name(f"CloudFunction '{name}'", name, LONGEST)
        where = place(f"CloudFunction '{name}'", opts)
        super().__init__("modeldeploy:index:CloudFunction", name, to_wire(checked), opts)
        size = run_size(ContainerCompute(memory_mib=checked.memory_mib))
        code = checked.models[0].code
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, run_apis(checked, checked.billing_account, *(BUILD_APIS if code else ["binaryauthorization"])), where, self),
        )

        encrypted = [*ENCRYPTED, *(ENCRYPTED_BUILDS if code else ())]
        around = surroundings(scope, checked, {model.version: model.variables for model in checked.models}, encrypted)
        instances = Instances(
            size=size,
            minimum=checked.scaling.minimum,
            maximum=checked.scaling.maximum,
            concurrency=checked.concurrency,
            request_seconds=checked.request_seconds,
            around=around,
        )
        containers = {model.version: model.container for model in checked.models if model.container is not None}
        if code is not None:
            function = run_function(scope, checked.models[0], code, instances, checked.access)
            service, own = function.name, function_address(function)
            if checked.access.authentication is Authentication.NONE:
                let_everybody_invoke(scope, service)
        else:
            run = run_service(scope, checked.models, containers, checked.rollout, instances, checked.access)
            service, own = run.name, run.uri
        let_invoke(scope, service, checked.access)
        paths = [each.predict_path for each in containers.values()] or ["/"]
        entry = way_in(scope, service, own, checked.access, paths, checked.request_seconds, around.network)
        watched = watch(scope, service, entry.logs, checked, around, size, checked.billing_account)

        served = served_version(checked.models, checked.rollout)
        self.url = pulumi.Output.concat(entry.url, containers[served].predict_path if containers else "")
        # A function's address is its audience also behind a load balancer: it takes no other.
        self.audience = entry.url if containers else own
        self.identity = around.account.email
        self.model_version = pulumi.Output.from_input(served)
        self.logs = watched.logs
        self.dashboard_url = watched.dashboard_url
        self.monthly_cost = pulumi.Output.from_input(idle_monthly_usd(size, checked.scaling.minimum * len(checked.models)))
        self.database_grant = around.grant
        self.dns_target = entry.dns_target
        self.api_key = entry.key
        self.service = service
        self.register_outputs(
            {
                "url": self.url,
                "audience": self.audience,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "dns_target": self.dns_target,
                "api_key": self.api_key,
                "service": self.service,
            }
        )
