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
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.rollout import served_version
from modeldeploy.spec.scaling import Scaling

from .alarms import channels, endpoint_alarms
from .budget import billing_problems, component_budget
from .capture import capture_config, capture_dataset
from .charts import dashboard_url
from .dashboard import endpoint_dashboard
from .database_access import VARIABLES, grant_access
from .identity import caller_problems, let_call, let_read_models, serving_account
from .images import vertex_container_problems
from .instances import CATALOGUE, monthly_usd
from .keys import data_key
from .labels import label_problems, labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets
from .names import LONGEST
from .network import id_of, network_for
from .place import place
from .private_access import private_access, private_host
from .scope import Scope
from .services import enable
from .versions import deploy, register, split
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
        for name in ("scale_out_seconds", "scale_in_seconds"):
            if getattr(self.scaling, name) != getattr(Scaling(), name):
                yield Problem(f"scaling.{name}", "cannot be set on Vertex AI, whose autoscaler has its own pauses; leave it out")
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
    agent of Vertex AI read. A network given by `network.id` belongs to the same project.

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
    """Estimated US dollars a month at minimum scale: the machines of every version deployed, at the prices of us-central1. Not in it: storage, logs,
    network and requests, which depend on use."""
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
        account = serving_account(scope)
        can_read = let_read_models(scope, account, bucket, remote_buckets(checked.models))
        access = None if checked.database is None else grant_access(scope, account, checked.database)

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

        told: Mapping[str, pulumi.Input[str]] = access.environment if access else {}
        registered = register(scope, checked.models, bucket, told, key)
        ready = [*can_read, *(access.ready if access else [])]
        deployed = deploy(scope, checked.models, registered, endpoint, machine, checked.scaling, account, ready, spot=checked.spot)
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

        logs = log_bucket(scope, endpoint.name, _log_filter(endpoint), retention, key)
        notify = channels(scope, checked.operations.emails)
        endpoint_alarms(scope, endpoint.name, machine.cpus, checked.operations, notify)
        dashboard = endpoint_dashboard(scope, endpoint.name)
        most = monthly_usd(machine, checked.scaling.maximum * len(checked.models))
        component_budget(scope, checked.billing_account, checked.operations, most, bucket.project_number, notify)

        path = pulumi.Output.concat("/v1/", endpoint.id, ":rawPredict")
        self.url = pulumi.Output.all(host, path, traffic.traffic_split).apply(lambda parts: f"https://{parts[0]}{parts[1]}")
        self.identity = account.email
        self.model_version = pulumi.Output.from_input(served_version(checked.models, checked.rollout))
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(monthly_usd(machine, checked.scaling.minimum * len(checked.models)))
        self.database_grant = pulumi.Output.from_input("") if access is None else access.grant
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


def _apis(args: VertexEndpointArgs) -> list[str]:
    """What the endpoint needs, and what it needs for capture and budget only when it has them."""
    captures, budgets = args.operations.capture_percent > 0, args.billing_account is not None
    return [*APIS, *(["bigquery"] if captures else []), *(["billingbudgets"] if budgets else [])]


def _private_service_connect(project: pulumi.Input[str], others: list[str]) -> gcp.vertex.AiEndpointPrivateServiceConnectConfigArgs:
    """Private Service Connect for the endpoint's own project and `others`, with IAM asked for every request."""
    return gcp.vertex.AiEndpointPrivateServiceConnectConfigArgs(
        enable_private_service_connect=True, enable_secure_private_service_connect=True, project_allowlists=[project, *others]
    )


def _log_filter(endpoint: gcp.vertex.AiEndpoint) -> pulumi.Output[str]:
    """Output of the containers and the list of requests."""
    return pulumi.Output.concat('resource.type="aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id="', endpoint.name, '"')


def _container_problems(args: VertexEndpointArgs) -> Iterator[Problem]:
    for index, model in enumerate(args.models):
        path = f"models[{index}].container"
        yield from (problem.under(path) for problem in vertex_container_problems(model.container))
        for variable in model.container.environment:
            if variable in VARIABLES and args.database is not None:
                yield Problem(f"{path}.environment.{variable}", "is set from database; leave it out")
