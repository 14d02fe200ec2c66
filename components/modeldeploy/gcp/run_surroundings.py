"""What is around a service or function on Cloud Run: what it stands on, and what watches it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.network import Network
from modeldeploy.spec.serverless import ServerlessArgs
from modeldeploy.spec.streaming import StreamingArgs

from .alarms import channels
from .budget import component_budget
from .charts import dashboard_url
from .cloud_run import RunSize
from .database_access import grant_access
from .identity import let_read_models, serving_account
from .keys import Key, data_key
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets, upload
from .network import network_for
from .run_monitoring import service_alarms, service_dashboard
from .run_prices import busy_monthly_usd
from .scope import Scope
from .secrets import SecretReference, let_read_secrets, references
from .web_access import behind_internal_balancer


@dataclass(frozen=True)
class Surroundings:
    """What a service stands on."""

    network: Network
    key: Key
    bucket: gcp.storage.Bucket
    account: gcp.serviceaccount.Account
    """Who its instances are."""
    secrets: Mapping[str, SecretReference]
    told: Mapping[str, Mapping[str, pulumi.Input[str]]]
    """The environment of each version."""
    ready: Sequence[pulumi.Resource]
    """What has to be there before an instance can start."""
    grant: pulumi.Output[str]
    """The statement that lets it read the database; empty without one."""


@dataclass(frozen=True)
class Watch:
    """What watches a service."""

    logs: pulumi.Output[str]
    """Its log bucket."""
    dashboard_url: pulumi.Output[str]


def surroundings(
    scope: Scope,
    args: ContainerArgs | ServerlessArgs | StreamingArgs,
    environments: Mapping[str, Mapping[str, pulumi.Input[str]]],
    encrypted: Sequence[str],
) -> Surroundings:
    """Makes them. `environments` are what each version is told by its user, `encrypted` the services that store something under the key."""
    models = [args.model] if isinstance(args, StreamingArgs) else args.models
    proxies = not isinstance(args, StreamingArgs) and behind_internal_balancer(args.access)
    network = network_for(scope, args.network, args.operations.log_retention_days, args.environment, args.tags, proxies=proxies)
    key = data_key(scope, args.encryption, encrypted)
    bucket = model_bucket(scope, key)
    artifacts = {model.version: upload(scope, model, bucket) for model in models}
    account = serving_account(scope)
    secrets = references(args.secrets)
    access = None if args.database is None else grant_access(scope, account, args.database)
    told = {
        version: {**environments[version], "MODEL_URI": artifact.uri, "MODEL_VERSION": version, **(access.environment if access else {})}
        for version, artifact in artifacts.items()
    }
    ready = [
        *key.ready,
        *let_read_models(scope, account, bucket, remote_buckets(models)),
        *let_read_secrets(scope, account, secrets),
        *(access.ready if access else []),
        *(each for artifact in artifacts.values() for each in artifact.ready),
    ]
    return Surroundings(
        network=network,
        key=key,
        bucket=bucket,
        account=account,
        secrets=secrets,
        told=told,
        ready=ready,
        grant=pulumi.Output.from_input("") if access is None else access.grant,
    )


def watch(
    scope: Scope,
    service: pulumi.Input[str],
    log_filter: pulumi.Output[str],
    args: ContainerArgs | ServerlessArgs,
    around: Surroundings,
    size: RunSize,
    billing_account: str | None,
) -> Watch:
    """Logs, alarms, dashboard and budget of the service called `service`, whose instances are of `size`."""
    logs = log_bucket(scope, around.bucket.name, log_filter, args.operations.log_retention_days, around.key)
    notify = channels(scope, args.operations.emails)
    service_alarms(scope, service, args.operations, notify)
    dashboard = service_dashboard(scope, service)
    most = busy_monthly_usd(size, args.scaling.maximum * len(args.models))
    component_budget(scope, billing_account, args.operations, most, around.bucket.project_number, notify)
    return Watch(logs=logs.id, dashboard_url=dashboard_url(dashboard))
