"""A model in a container on Cloud Run, as a production team would run it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.access import Authentication
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.rollout import served_version

from .budget import billing_problems
from .cloud_run import run_size, size_problems
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
from .web_access import let_invoke, let_sign_in

ENCRYPTED = ("run", "storage", "logging")
"""The services that store something of a service under its key."""
IMAGE_POLICY = re.compile(r"projects/[^/]+/platforms/cloudRun/(policies/)?[^/]+")


@dataclass(frozen=True, kw_only=True)
class CloudRunServiceArgs(ContainerArgs):
    """A model in a container on Cloud Run."""

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""
    concurrency: int = 80
    """Requests that one instance answers at a time, 1 to 1000; more of them make another instance. Default 80."""
    startup_cpu_boost: bool = True
    """Whether an instance gets more CPU while it starts (https://cloud.google.com/run/docs/configuring/services/cpu#startup-boost). Default true:
    models take long to load."""
    gpu_zonal_redundancy: bool = False
    """Whether Cloud Run reserves GPUs in a second zone, which costs more. Default false. Needs `compute.gpus`."""
    identity_aware_proxy: bool = False
    """Whether callers are people who sign in with a browser, at Identity-Aware Proxy. Default false: callers send an identity token. Needs
    `access.authentication` identity."""
    image_policy: str | None = None
    """Binary Authorization policy that images must pass, `projects/P/platforms/cloudRun/N`. Omitted: the project's own, which lets all
    images pass until somebody changes it."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        environments = {f"models[{index}].container.environment": model.container.environment for index, model in enumerate(self.models)}
        yield from run_problems(self, environments, "Cloud Run")
        yield from billing_problems(self.billing_account, self.operations)
        yield from size_problems(self.compute)
        yield from concurrency_problems(self.concurrency)
        for index, model in enumerate(self.models):
            yield from (problem.under(f"models[{index}].container") for problem in image_problems(model.container, "Cloud Run"))
        if self.gpu_zonal_redundancy and not self.compute.gpus:
            yield Problem("gpu_zonal_redundancy", "has no effect without compute.gpus; leave it out")
        if self.identity_aware_proxy and self.access.authentication is not Authentication.IDENTITY:
            yield Problem("identity_aware_proxy", f"needs access.authentication {Authentication.IDENTITY}")
        if self.image_policy is not None and not IMAGE_POLICY.fullmatch(self.image_policy):
            yield Problem("image_policy", f"'{self.image_policy}' is no policy for Cloud Run; write projects/<project>/platforms/cloudRun/<policy>")


class CloudRunService(pulumi.ComponentResource):
    """Versions of a model in containers on Cloud Run, one revision for each, which share the requests as `rollout` says.

    Private (the default): reached from networks of the project, whose names under `run.app` resolve to `private.googleapis.com`, as a `GoogleNetwork`
    has it; with `access.domain` also under that name, through a load balancer in `network`. Its zone is then a public one, where the certificate
    proves the name, and a network that is given has a subnet for the region's proxies (`GoogleNetworkArgs.proxies`). Public: reached through a
    global load balancer with Cloud Armor, under the host name of `access.domain`. Everything an instance sends goes into `network`, which has a
    subnet of /26 or larger.

    A version's revision is made while it is the last of `models`, with the arguments of that moment, and stays as it is from then on: deploy a
    version first, and the next one beside it in another run. See docs/adr/0018-cloud-run-releases.md.

    What its user has seen to: a key given by `encryption.key` is in the service's region and lets the service agents of Cloud Run, Cloud Storage and
    Cloud Logging encrypt and decrypt; the registry of an image in another project lets the service agent of Cloud Run read.
    """

    url: pulumi.Output[str]
    """Address to post predictions to, JSON as the container takes it, with an identity token of a caller (`Authorization: Bearer ...`)."""
    audience: pulumi.Output[str]
    """What an identity token must be for (its `aud`)."""
    identity: pulumi.Output[str]
    """Address of the service account the container runs as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at requests, errors, latency and instances."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month at minimum scale, without requests: the instances kept for every version, at the prices of us-central1. Not in it:
    requests and the instances they make, the load balancer and Cloud Armor, storage, logs, network."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    dns_target: pulumi.Output[str]
    """The address that a record for `access.domain` points to: when private, in networks that are connected to its own; empty without a domain, and
    when the record is made in `access.domain.zone`."""
    api_key: pulumi.Output[str]
    """The key of the first caller, to send in `x-api-key`, secret; empty unless `access.authentication` is api-key. More are made in the project."""
    service: pulumi.Output[str]
    """The service, `projects/P/locations/L/services/S`."""

    def __init__(self, name: str, args: CloudRunServiceArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(CloudRunServiceArgs, args, f"CloudRunService '{name}'")
        check_name(f"CloudRunService '{name}'", name, LONGEST)
        where = place(f"CloudRunService '{name}'", opts)
        super().__init__("modeldeploy:index:CloudRunService", name, to_wire(checked), opts)
        size = run_size(checked.compute)
        proxy = ["iap"] if checked.identity_aware_proxy else []
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, run_apis(checked, checked.billing_account, "binaryauthorization", *proxy), where, self),
        )

        containers = {model.version: model.container for model in checked.models}
        around = surroundings(scope, checked, {version: each.environment for version, each in containers.items()}, ENCRYPTED)
        instances = Instances(
            size=size,
            minimum=checked.scaling.minimum,
            maximum=checked.scaling.maximum,
            concurrency=checked.concurrency,
            request_seconds=checked.request_seconds,
            startup_cpu_boost=checked.startup_cpu_boost,
            gpu_zonal_redundancy=checked.gpu_zonal_redundancy,
            around=around,
        )
        service = run_service(
            scope,
            checked.models,
            containers,
            checked.rollout,
            instances,
            checked.access,
            sign_in=checked.identity_aware_proxy,
            image_policy=checked.image_policy,
        )
        if checked.identity_aware_proxy:
            let_sign_in(scope, service.name, checked.access)
        else:
            let_invoke(scope, service.name, checked.access)
        paths = [each.predict_path for each in containers.values()]
        entry = way_in(scope, service.name, service.uri, checked.access, paths, checked.request_seconds, around.network)
        watched = watch(scope, service.name, entry.logs, checked, around, size, checked.billing_account)

        served = served_version(checked.models, checked.rollout)
        self.url = pulumi.Output.concat(entry.url, containers[served].predict_path)
        self.audience = entry.url
        self.identity = around.account.email
        self.model_version = pulumi.Output.from_input(served)
        self.logs = watched.logs
        self.dashboard_url = watched.dashboard_url
        self.monthly_cost = pulumi.Output.from_input(idle_monthly_usd(size, checked.scaling.minimum * len(checked.models)))
        self.database_grant = around.grant
        self.dns_target = entry.dns_target
        self.api_key = entry.key
        self.service = service.id
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
