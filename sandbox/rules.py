"""Rules of the services that join several resources, which neither metadata nor a row can say.

A rule looks at a resource that is about to be created, updated or deleted, beside what exists, and yields refusals.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sandbox import cloud_control
from sandbox.store import Record, Store
from sandbox.values import UNKNOWN, Inputs, Refusal


@dataclass(frozen=True)
class Situation:
    """One operation: `record` is what exists (None before a create), `inputs` what is wanted (the last ones, in a delete)."""

    store: Store
    token: str
    id: str
    inputs: Inputs
    record: Record | None
    deployed_models: Callable[[str], list[str]]


Rule = Callable[[Situation], Iterator[Refusal]]

_DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
_ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
_NAMESPACE = "azure-native:eventhub:Namespace"


def write_refusals(situation: Situation) -> list[Refusal]:
    """Why a create or update is refused."""
    rules = _WRITE.get(situation.token, ())
    return [refusal for rule in rules for refusal in rule(situation)]


def delete_refusals(situation: Situation) -> list[Refusal]:
    """Why a delete is refused."""
    rules = (*_DELETE.get(situation.token, ()), *_DELETE_ALL)
    return [refusal for rule in rules for refusal in rule(situation)]


def traffic_shape(inputs: Inputs) -> Iterator[Refusal]:
    """Azure ML: traffic sums to 100 or is empty, mirrored traffic is at most 50 and goes to one deployment."""
    properties = _object(inputs.get("properties"))
    traffic, mirror = _object(properties.get("traffic")), _object(properties.get("mirrorTraffic"))
    shares = list(traffic.values())
    if shares and UNKNOWN not in shares and sum(shares) not in (0, 100):
        yield Refusal("properties.traffic", f"{_shares(traffic)} sums to {sum(shares)}, allowed: 100, or 0 for no traffic at all")
    for name, share in traffic.items():
        if isinstance(share, int | float) and not 0 <= share <= 100:
            yield Refusal(f"properties.traffic.{name}", f"{share} is not allowed; allowed: 0 to 100")
    for name, share in mirror.items():
        if isinstance(share, int | float) and not 0 <= share <= 50:
            yield Refusal(f"properties.mirrorTraffic.{name}", f"{share} is not allowed; allowed: 0 to 50")
    if len([share for share in mirror.values() if share]) > 1:
        yield Refusal("properties.mirrorTraffic", f"{_shares(mirror)} names {len(mirror)} deployments, allowed is one")


def _endpoint_traffic(situation: Situation) -> Iterator[Refusal]:
    yield from traffic_shape(situation.inputs)
    properties = _object(situation.inputs.get("properties"))
    known = {
        record.id.rsplit("/", 1)[-1].lower(): record
        for record in situation.store.by_id_prefix(f"{situation.id}/deployments/")
        if record.token == _DEPLOYMENT
    }
    for kind in ("traffic", "mirrorTraffic"):
        for name, share in _object(properties.get(kind)).items():
            if share and name.lower() not in known:
                there = ", ".join(sorted(known)) or "none"
                yield Refusal(f"properties.{kind}.{name}", f"the endpoint has no deployment '{name}'; deployments: {there}")
    taking, mirrored = _object(properties.get("traffic")), _object(properties.get("mirrorTraffic"))
    for name in mirrored:
        if mirrored[name] and taking.get(name):
            yield Refusal(f"properties.mirrorTraffic.{name}", f"'{name}' takes live traffic ({taking[name]}) and cannot be mirrored to as well")


def _deployment_without_traffic(situation: Situation) -> Iterator[Refusal]:
    endpoint_id, _, name = situation.id.rpartition("/deployments/")
    for record in situation.store.by_handle(endpoint_id, _ENDPOINT, "id"):
        properties = _object(record.outputs.get("properties"))
        for kind in ("traffic", "mirrorTraffic"):
            share = next((value for key, value in _object(properties.get(kind)).items() if key.lower() == name.lower()), 0)
            if share:
                yield Refusal(f"properties.{kind}", f"deployment '{name}' takes {share}% of the {kind} of {record.label}: set it to 0 first")


def _switched_off(situation: Situation) -> Iterator[Refusal]:
    """Azure ML deletes no schedule that is on: https://learn.microsoft.com/azure/machine-learning/how-to-schedule-pipeline-job#delete-a-schedule"""
    if _object(situation.inputs.get("properties")).get("isEnabled", True) is not False:
        yield Refusal("properties.isEnabled", "is true: switch the schedule off and update before deleting")


def _partitions(situation: Situation) -> Iterator[Refusal]:
    """Event Hubs adds partitions in Premium, and takes none away: https://learn.microsoft.com/azure/event-hubs/dynamically-add-partitions"""
    if situation.record is None:
        return
    before, wanted = situation.record.inputs.get("partitionCount"), situation.inputs.get("partitionCount")
    if not isinstance(before, int | float) or not isinstance(wanted, int | float) or before == wanted:
        return
    namespace = situation.id.rpartition("/eventhubs/")[0]
    tiers = {_object(record.inputs.get("sku")).get("name") for record in situation.store.by_handle(namespace, _NAMESPACE, "id")}
    if wanted < before:
        yield Refusal("partitionCount", f"{wanted:g} is less than the {before:g} there are: partitions are only added")
    elif tiers != {"Premium"}:
        yield Refusal("partitionCount", f"cannot be changed from {before:g} to {wanted:g}: partitions are added in the tier Premium alone")


def _no_deployed_models(situation: Situation) -> Iterator[Refusal]:
    models = situation.deployed_models(situation.id)
    if models:
        yield Refusal("deployedModels", f"models are still deployed to the endpoint ({', '.join(models)}): undeploy them first")


def _empty_bucket(*objects: str) -> Rule:
    """A bucket with objects in it is only deleted when the program said `forceDestroy`."""

    def rule(situation: Situation) -> Iterator[Refusal]:
        if situation.inputs.get("forceDestroy") in (True, "true"):
            return
        for token in objects:
            inside = [record for record in situation.store.of_type(token) if record.inputs.get("bucket") == situation.id]
            if inside:
                yield Refusal("forceDestroy", f"the bucket is not empty: it holds {len(inside)} object(s), such as {inside[0].label}")

    return rule


def _model_data_exists(situation: Situation) -> Iterator[Refusal]:
    """SageMaker cannot start containers from model data that is not there. Buckets outside the sandbox cannot be looked into."""
    primary = situation.inputs.get("primaryContainer")
    for container in [primary, *cast("list[Any]", situation.inputs.get("containers") or [])]:
        url = _object(container).get("modelDataUrl")
        if not isinstance(url, str) or not url.startswith("s3://"):
            continue
        bucket, _, key = url.removeprefix("s3://").partition("/")
        if situation.store.by_handle(bucket, "aws:s3/bucket:Bucket", "id") and not any(
            record.id == f"{bucket}/{key}" or record.id.startswith(f"{bucket}/{key.rstrip('/')}/")
            for token in _S3_OBJECTS
            for record in situation.store.of_type(token)
        ):
            yield Refusal("primaryContainer.modelDataUrl", f"'{url}' names nothing: bucket '{bucket}' holds no object '{key}'")


def _role_is_free(situation: Situation) -> Iterator[Refusal]:
    """IAM deletes a role only when no policy is attached to it, unless the program said `forceDetachPolicies`."""
    if situation.inputs.get("forceDetachPolicies") in (True, "true"):
        return
    name = situation.record.outputs.get("name") if situation.record else None
    for token in ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy"):
        for record in situation.store.of_type(token):
            if record.inputs.get("role") == name:
                yield Refusal("role", f"{record.label} is still attached to the role")


def _final_snapshot(situation: Situation) -> Iterator[Refusal]:
    if situation.inputs.get("skipFinalSnapshot") not in (True, "true") and not situation.inputs.get("finalSnapshotIdentifier"):
        yield Refusal("finalSnapshotIdentifier", "required when skipFinalSnapshot is not true: a final snapshot is taken on deletion")


def _protected_from_deletion(situation: Situation) -> Iterator[Refusal]:
    """Deletion protection, which some Google Cloud types have on unless the program turns it off."""
    for name in ("deletionProtection", "enableDeletionProtection", "deletionProtectionEnabled"):
        on = situation.inputs.get(name, name == "deletionProtection" and situation.token in _PROTECTED_BY_DEFAULT)
        if on in (True, "true"):
            yield Refusal(name, "is true: set it to false and update before deleting")
    if situation.inputs.get("deletionPolicy") == "PREVENT":
        yield Refusal("deletionPolicy", "is PREVENT: the resource may not be deleted")


def _unlocked(situation: Situation) -> Iterator[Refusal]:
    """A lock of ARM holds everything at and below its scope."""
    if not situation.token.startswith("azure-native:") or situation.token == _LOCK:
        return
    for lock in situation.store.of_type(_LOCK):
        scope = str(lock.inputs.get("scope")).lower().rstrip("/")
        below = f"{situation.id.lower()}/".startswith(f"{scope}/") or scope.startswith(f"{situation.id.lower()}/")
        if below:
            yield Refusal("", f"is held by {lock.label} ({lock.inputs.get('level')}): delete the lock first")


_LOCK = "azure-native:authorization:ManagementLockByScope"
_PROTECTED_BY_DEFAULT = frozenset(
    {
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:container/cluster:Cluster",
        "gcp:cloudrunv2/service:Service",
        "gcp:cloudrunv2/job:Job",
        "gcp:cloudrunv2/workerPool:WorkerPool",
        "gcp:bigquery/table:Table",
        "gcp:workflows/workflow:Workflow",
    }
)
_S3_OBJECTS = ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2")


def _scaling_target_exists(situation: Situation) -> Iterator[Refusal]:
    """Application Auto Scaling registers only what exists: a variant of a SageMaker endpoint, a service of an ECS cluster."""
    namespace, given = situation.inputs.get("serviceNamespace"), situation.inputs.get("resourceId")
    parts = given.split("/") if isinstance(given, str) else []
    if namespace == "sagemaker" and len(parts) == 4 and parts[2] == "variant":
        endpoints = situation.store.by_handle(parts[1], "aws:sagemaker/endpoint:Endpoint", "id")
        settings = [
            config
            for endpoint in endpoints
            for config in situation.store.by_handle(
                str(endpoint.outputs.get("endpointConfigName")), "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "id"
            )
        ]
        configured = [cast("list[Any]", config.outputs.get("productionVariants") or []) for config in settings]
        variants = [str(_object(item).get("variantName")) for items in configured for item in items]
        if not endpoints:
            yield Refusal("resourceId", f"'{given}' names nothing: there is no SageMaker endpoint '{parts[1]}' in this sandbox")
        elif parts[3] not in variants:
            yield Refusal("resourceId", f"'{given}' names nothing: the endpoint's variants are {', '.join(variants)}")
    if namespace == "sagemaker" and len(parts) == 2 and not cloud_control.named(situation.store, cloud_control.INFERENCE_COMPONENT, parts[1]):
        yield Refusal("resourceId", f"'{given}' names nothing: there is no inference component '{parts[1]}' in this sandbox")
    if namespace == "ecs" and len(parts) == 3 and not situation.store.by_handle(parts[2], "aws:ecs/service:Service", "name"):
        yield Refusal("resourceId", f"'{given}' names nothing: there is no ECS service '{parts[2]}' in this sandbox")


def _component_has_a_place(situation: Situation) -> Iterator[Refusal]:
    """An inference component is put on a variant that is there, and that has no model of its own."""
    if situation.inputs.get("typeName") != cloud_control.INFERENCE_COMPONENT:
        return
    wanted = cloud_control.state(situation.inputs)
    for endpoint in situation.store.by_handle(str(wanted.get("EndpointName")), "aws:sagemaker/endpoint:Endpoint", "id"):
        serves = str(endpoint.outputs.get("endpointConfigName"))
        empty = {
            str(_object(variant).get("VariantName")): _object(variant).get("ModelName") is None
            for config in cloud_control.named(situation.store, cloud_control.ENDPOINT_CONFIG, serves)
            for variant in cast("list[Any]", cloud_control.state(config.inputs).get("ProductionVariants") or [])
        } | {
            str(_object(variant).get("variantName")): _object(variant).get("modelName") is None
            for config in situation.store.by_handle(serves, "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "id")
            for variant in cast("list[Any]", config.outputs.get("productionVariants") or [])
        }
        name = str(wanted.get("VariantName"))
        if name not in empty:
            yield Refusal("desiredState.VariantName", f"'{name}' names nothing: the endpoint's variants are {', '.join(empty)}")
        elif not empty[name]:
            yield Refusal("desiredState.VariantName", f"'{name}' has a model of its own: inference components are not supported in this endpoint")


def _revisions(situation: Situation) -> Iterator[Refusal]:
    """Cloud Run shares requests between revisions that it has, and never changes one: a new service has only that of its template, and another
    template is another revision."""
    template = _object(situation.inputs.get("template"))
    own = template.get("revision")
    if situation.record is None:
        for index, target in enumerate(cast("list[Any]", situation.inputs.get("traffics") or [])):
            wanted = _object(target).get("revision")
            if isinstance(wanted, str) and wanted not in ("", own):
                yield Refusal(f"traffics[{index}].revision", f"'{wanted}' names nothing: the new service has the revision '{own}' only")
        return
    before = _object(situation.record.inputs.get("template"))
    if own and own == before.get("revision") and template != before:
        yield Refusal("template.revision", f"'{own}' is a revision already, with another template: give it another name")


_WRITE: dict[str, tuple[Rule, ...]] = {
    _ENDPOINT: (_endpoint_traffic,),
    "azure-native:eventhub:EventHub": (_partitions,),
    "gcp:cloudrunv2/service:Service": (_revisions,),
    "aws:sagemaker/model:Model": (_model_data_exists,),
    "aws:appautoscaling/target:Target": (_scaling_target_exists,),
    cloud_control.TOKEN: (_component_has_a_place,),
}
_DELETE: dict[str, tuple[Rule, ...]] = {
    _DEPLOYMENT: (_deployment_without_traffic,),
    "azure-native:machinelearningservices:Schedule": (_switched_off,),
    "gcp:vertex/aiEndpoint:AiEndpoint": (_no_deployed_models,),
    "aws:s3/bucket:Bucket": (_empty_bucket(*_S3_OBJECTS),),
    "gcp:storage/bucket:Bucket": (_empty_bucket("gcp:storage/bucketObject:BucketObject"),),
    "aws:iam/role:Role": (_role_is_free,),
    "aws:rds/instance:Instance": (_final_snapshot,),
    "aws:rds/cluster:Cluster": (_final_snapshot,),
}
_DELETE_ALL: tuple[Rule, ...] = (_protected_from_deletion, _unlocked)


def _object(value: Any) -> Inputs:
    return cast("Inputs", value) if isinstance(value, dict) else {}


def _shares(traffic: Inputs) -> str:
    return ", ".join(f"{name}={share}" for name, share in traffic.items())
