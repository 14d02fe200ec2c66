"""A model behind a Vertex AI endpoint, as a production team would run it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import choice_problems, choose
from modeldeploy.spec.managed_endpoint import ManagedEndpointArgs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.operations import Environment, Operations
from modeldeploy.spec.rollout import served_version

from .alarms import channels, endpoint_alarms
from .budget import billing_problems, component_budget
from .capture import capture_config, capture_dataset
from .charts import dashboard_url
from .dashboard import endpoint_dashboard
from .database_access import VARIABLES, grant_access
from .drift import DriftMonitoring, monitoring_filter, watch_requests
from .identity import caller_problems, let_call, let_pool_read_models, let_read_models, serving_account
from .images import vertex_container_problems
from .instances import CATALOGUE, monthly_usd
from .keys import data_key
from .labels import label_problems, labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets
from .names import LONGEST
from .network import id_of, network_for
from .place import place
from .pool import SharedPool, pooled_model_problems
from .private_access import private_access, private_host
from .scope import Scope
from .services import enable
from .versions import deploy, deploy_to_pool, pause_problems, register, split
from .vertex import VertexMonitoring
from .vertex.resources import to_wire

APIS = ("aiplatform", "cloudkms", "storage", "iam", "logging", "monitoring", "compute", "dns")
ENCRYPTED = ("aiplatform", "storage", "logging")
"""The services that store something of an endpoint under its key."""
ENDPOINT_NAME = 18
"""Characters of an endpoint's name before the random suffix: more, and its host name would be too long for DNS in the longest of regions."""
PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class VertexEndpointArgs(ManagedEndpointArgs):
    """A model behind a Vertex AI endpoint."""

    spot: bool = False
    """Whether replicas run on spare machines, which Google may take back: cheaper, and only where a slower answer now and then does no harm. Default:
    no. A change deploys again, beside the old replicas."""
    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""
    consumer_projects: list[str] = field(default_factory=list[str])
    """Projects besides the endpoint's own whose networks may connect to a private endpoint, by project id. Default: none. A change makes a
    new endpoint."""
    pool: SharedPool | None = None
    """Machines that its models share with those of other endpoints (`VertexPool.reference()`). Google shares them on public endpoints only, between
    models of the same one of its own images for TensorFlow or PyTorch, and under one key, so `encryption.key` is the pool's. Machine, replicas, Spot
    and account are the pool's. Omitted: machines of its own. A change deploys again, beside the old replicas."""
    monitoring: DriftMonitoring | None = None
    """Watches whether the requests drift, for models that take `{"instances": [{"<feature>": <value>, ...}]}`. It looks at those that are kept
    (`operations.capture_percent`, which Vertex AI then refuses to change, also to 0: take the monitoring out first, in an update of its own) and
    tells `operations.emails`. Omitted: nothing is watched."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from remote_problems(self.models, ("gs",), "Vertex AI")
        yield from choice_problems(self.compute, CATALOGUE, "Vertex AI")
        yield from caller_problems(self.access.callers)
        yield from label_problems(self.tags)
        yield from _container_problems(self)
        if self.network.callers:
            yield Problem("network.callers", "cannot be kept on Vertex AI: Private Service Connect lets in whoever is in the network; leave it out")
        yield from pause_problems(self.scaling)
        if self.pool is not None:
            yield from _pool_problems(self)
        if self.monitoring is not None and not self.operations.capture_percent:
            yield Problem("monitoring", "needs operations.capture_percent: what is watched are the requests that are kept; give 1 to 100")
        yield from billing_problems(self.billing_account, self.operations)
        for index, project in enumerate(self.consumer_projects):
            if not PROJECT.fullmatch(project):
                yield Problem(f"consumer_projects[{index}]", f"'{project}' is no project id; allowed: 6 to 30 lower-case letters, digits and '-'")
        if self.consumer_projects and self.access.exposure is Exposure.PUBLIC:
            yield Problem("consumer_projects", "excludes access.exposure 'public': a public endpoint is in no network; leave it out")


class VertexEndpoint(pulumi.ComponentResource):
    """Versions of a model on a Vertex AI endpoint.

    Private (the default): reached by Private Service Connect from `network`, whose first subnet gets the address, and by IAM identities only. The
    certificate is signed by Vertex AI itself: callers trust it once, as `private_access.DOMAIN` says. Public: a dedicated endpoint on the internet,
    also for IAM identities only; it is in no network, so `network` is not used.

    What its user has seen to: a key given by `encryption.key` is in the endpoint's region and lets the service agents of Vertex AI, Cloud Storage and
    Cloud Logging (and BigQuery, with `operations.capture_percent`) encrypt and decrypt; the registry of an image in another project lets the service
    agent of Vertex AI read. A network given by `network.id` belongs to the same project. With `pool`, buckets of remote models let the pool's account
    read.

    Vertex AI has no egress into a network. A container reads its `database` through Cloud SQL's Data API: see `database_access`.
    """

    url: pulumi.Output[str]
    """Address to post predictions to, JSON as the container takes it, with an access token of a caller (`Authorization: Bearer ...`)."""
    identity: pulumi.Output[str]
    """Address of the service account the container runs as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at requests, errors, latency and replicas."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month at minimum scale: the machines of every version deployed, at the prices of us-central1; 0 in a pool, which has the
    machines. Not in it: storage, logs, network, requests and monitoring, which depend on use."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    endpoint_id: pulumi.Output[str]
    """The endpoint, `projects/P/locations/L/endpoints/E`: what Vertex AI's own clients ask for."""
    address: pulumi.Output[str]
    """The private address, where a name cannot be resolved (a network that is connected to this one); empty when public."""

    def __init__(self, name: str, args: VertexEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexEndpointArgs, args, f"VertexEndpoint '{name}'")
        check_name(f"VertexEndpoint '{name}'", name, LONGEST)
        where = place(f"VertexEndpoint '{name}'", opts)
        super().__init__("modeldeploy:index:VertexEndpoint", name, to_wire(checked), opts)
        private = checked.access.exposure is Exposure.PRIVATE
        captures = checked.operations.capture_percent > 0
        retention = checked.operations.log_retention_days
        machine = choose(checked.compute, CATALOGUE)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, _apis(checked), where, self),
        )

        key = data_key(scope, checked.encryption, [*ENCRYPTED, *(["bigquery"] if captures else [])])
        bucket = model_bucket(scope, key)
        serving = _serving(scope, checked, bucket)

        dataset_id = bucket.name.apply(lambda bucket_name: bucket_name.replace("-", "_"))
        capture = capture_dataset(scope, dataset_id, retention, key) if captures else None
        endpoint = gcp.vertex.AiEndpoint(
            fit(name, ENDPOINT_NAME),
            gcp.vertex.AiEndpointArgs(
                display_name=name,
                description=f"Serves {checked.models[0].name}",
                location=where.region,
                region=where.region,
                project=where.project,
                encryption_spec=gcp.vertex.AiEndpointEncryptionSpecArgs(kms_key_name=key.id),
                # The provider refuses both together, even one that is false.
                private_service_connect_config=_private_service_connect(where.project, checked.consumer_projects) if private else None,
                dedicated_endpoint_enabled=None if private else True,
                predict_request_response_logging_config=capture_config(capture, checked.operations.capture_percent) if capture else None,
                labels=scope.labels,
            ),
            # The split belongs to VertexTrafficSplit. How an endpoint is reached cannot be changed, which the provider does not know.
            scope.after_apis(
                *key.ready, ignore_changes=["trafficSplit"], replace_on_changes=["privateServiceConnectConfig", "dedicatedEndpointEnabled"]
            ),
        )
        let_call(scope, endpoint, checked.access.callers)

        pool = checked.pool
        registered = register(scope, checked.models, bucket, serving.told, key, prebuilt=pool is not None)
        deployed = (
            deploy(scope, checked.models, registered, endpoint, machine, checked.scaling, serving.identity, serving.ready, spot=checked.spot)
            if pool is None
            else deploy_to_pool(scope, checked.models, registered, endpoint, pool.id, serving.ready)
        )
        traffic = split(scope, checked, deployed, endpoint)

        if private:
            network = network_for(scope, checked.network, retention, checked.environment, checked.tags)
            host = pulumi.Output.all(endpoint.name, where.region, bucket.project_number).apply(lambda parts: private_host(*map(str, parts)))
            # All versions of an endpoint share one attachment; the oldest has it already when a newer one comes.
            attachment = deployed[checked.models[0].version].service_attachment
            entry = private_access(scope, host, attachment, id_of(network), network.subnet_ids[0])
            host, address = entry.host, entry.address
        else:
            host, address = endpoint.dedicated_endpoint_dns.apply(lambda dns: dns.removeprefix("https://")), pulumi.Output.from_input("")

        watched = checked.monitoring
        running = list(deployed.values())
        monitoring = watch_requests(scope, watched, endpoint, running, bucket, checked.operations, key) if watched else None
        logs = log_bucket(scope, endpoint.name, _log_filter(endpoint, monitoring), retention, key)
        notify = channels(scope, checked.operations.emails)
        endpoint_alarms(scope, endpoint.name, None if pool else machine.cpus, checked.operations, notify)
        dashboard = endpoint_dashboard(scope, endpoint.name)
        least, most = (
            0.0 if pool else monthly_usd(machine, each * len(checked.models)) for each in (checked.scaling.minimum, checked.scaling.maximum)
        )
        component_budget(scope, checked.billing_account, checked.operations, most, bucket.project_number, notify)

        path = pulumi.Output.concat("/v1/", endpoint.id, ":rawPredict")
        self.url = pulumi.Output.all(host, path, traffic.traffic_split).apply(lambda parts: f"https://{parts[0]}{parts[1]}")
        self.identity = pulumi.Output.from_input(serving.identity)
        self.model_version = pulumi.Output.from_input(served_version(checked.models, checked.rollout))
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(least)
        self.database_grant = pulumi.Output.from_input(serving.grant)
        self.endpoint_id = endpoint.id
        self.address = address
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "endpoint_id": self.endpoint_id,
                "address": self.address,
            }
        )


@dataclass(frozen=True)
class _Serving:
    """Who the containers run as, what they are told, and what has to be there before they start."""

    identity: pulumi.Input[str]
    ready: list[pulumi.Resource]
    told: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    grant: pulumi.Input[str] = ""


def _serving(scope: Scope, args: VertexEndpointArgs, bucket: gcp.storage.Bucket) -> _Serving:
    """An account of its own that reads the models and the database; in a pool, the pool's, which reads the models."""
    if args.pool is not None:
        return _Serving(args.pool.identity, let_pool_read_models(scope, args.pool.identity, bucket))
    account = serving_account(scope)
    can_read = let_read_models(scope, account, bucket, remote_buckets(args.models))
    if args.database is None:
        return _Serving(account.email, can_read)
    access = grant_access(scope, account, args.database)
    return _Serving(account.email, [*can_read, *access.ready], access.environment, access.grant)


def _apis(args: VertexEndpointArgs) -> list[str]:
    """What the endpoint needs, and what it needs for capture and budget only when it has them."""
    captures, budgets = args.operations.capture_percent > 0, args.billing_account is not None
    return [*APIS, *(["bigquery"] if captures else []), *(["billingbudgets"] if budgets else [])]


def _private_service_connect(project: pulumi.Input[str], others: list[str]) -> gcp.vertex.AiEndpointPrivateServiceConnectConfigArgs:
    """Private Service Connect for the endpoint's own project and `others`, with IAM asked for every request."""
    return gcp.vertex.AiEndpointPrivateServiceConnectConfigArgs(
        enable_private_service_connect=True, enable_secure_private_service_connect=True, project_allowlists=[project, *others]
    )


def _log_filter(endpoint: gcp.vertex.AiEndpoint, monitoring: VertexMonitoring | None) -> pulumi.Output[str]:
    """Output of the containers, the list of requests, and what their monitoring finds."""
    own = pulumi.Output.concat('resource.type="aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id="', endpoint.name, '"')
    return own if monitoring is None else pulumi.Output.concat("(", own, ") OR (", monitoring_filter(monitoring), ")")


def _pool_problems(args: VertexEndpointArgs) -> Iterator[Problem]:
    """What an endpoint cannot have whose models share machines."""
    if args.access.exposure is Exposure.PRIVATE:
        yield Problem("pool", "needs access.exposure 'public': Vertex AI shares no machines behind Private Service Connect; leave one of the two out")
    if args.encryption.key is None:
        yield Problem("encryption.key", "is required with pool: an endpoint and its pool have the same key; write that of the pool")
    for name in ("compute", "scaling", "spot"):
        if getattr(args, name) != getattr(VertexEndpointArgs, name):
            yield Problem(name, "is the pool's; leave it out")
    if args.operations.utilization_percent != Operations().utilization_percent:
        yield Problem("operations.utilization_percent", "is the pool's, which has the alarm; leave it out")
    if args.database is not None:
        yield Problem("database", "excludes pool: Google's own images read none; leave one of the two out")
    if args.billing_account is not None and args.operations.monthly_budget_usd is None:
        yield Problem("operations.monthly_budget_usd", "is required with pool and billing_account: what the machines cost is the pool's")
    yield from pooled_model_problems(args.models)


def _container_problems(args: VertexEndpointArgs) -> Iterator[Problem]:
    for index, model in enumerate(args.models):
        path = f"models[{index}].container"
        yield from (problem.under(path) for problem in vertex_container_problems(model.container))
        for variable in model.container.environment:
            if variable in VARIABLES and args.database is not None:
                yield Problem(f"{path}.environment.{variable}", "is set from database; leave it out")
