"""Health records in the Cloud Healthcare API: a FHIR store that a model's data comes from.

https://cloud.google.com/healthcare-api/docs/concepts/fhir
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.health_records import HealthRecordsArgs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment

from .agents import agent, project_number
from .alarms import channels, log_alarm
from .identity import member_problems
from .keys import Key, data_key
from .labels import label_problems, labels
from .logs import log_bucket
from .names import LONGEST
from .place import place
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire

APIS = ("healthcare", "cloudkms", "iam", "logging", "monitoring")
ENCRYPTED = ("healthcare", "logging")
READER = "roles/healthcare.fhirResourceReader"
WRITER = "roles/healthcare.fhirResourceEditor"
LOGGED = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
VERSION = "R4"


@dataclass(frozen=True, kw_only=True)
class GoogleFhirStoreArgs(HealthRecordsArgs):
    """A store of health records in FHIR R4. `network` is not used: the API is reached like all of Google's, and a `GoogleNetwork` finds it at private
    addresses."""

    readers: list[pulumi.Input[str]] = field(default_factory=list["pulumi.Input[str]"])
    """Who may read records besides deployments, as IAM members (`group:...`). Default: nobody."""
    writers: list[pulumi.Input[str]] = field(default_factory=list["pulumi.Input[str]"])
    """Who may read, write and delete records, as IAM members. Default: nobody."""
    notifications: bool = False
    """Whether a message goes to a private topic when a record changes: the record's name, never its content. Default: no."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for argument in ("readers", "writers"):
            members: list[pulumi.Input[str]] = getattr(self, argument)
            yield from member_problems(argument, [each for each in members if isinstance(each, str)])
        for name in ("callers", "cidr"):
            if getattr(self.network, name):
                yield Problem(f"network.{name}", "has no effect: the Healthcare API is in no network of yours; leave it out")
        yield from label_problems(self.tags)


class GoogleFhirStore(pulumi.ComponentResource):
    """A FHIR store, encrypted with a customer-managed key, that keeps every version of a record and refuses references to nothing.

    Every access is in the audit log, which goes to a log bucket of its own; the project's audit setting for the Healthcare API stays on when the
    component goes, because other stores need it. Ids of records are made by the service, so that none from outside, which could name a patient, gets
    into logs. There is no network to put a store into: the API is reached privately as all of Google's are, and an organisation fences it with VPC
    Service Controls.

    A key given by `encryption.key` is in the store's region and lets the service agents of the Healthcare API and Cloud Logging (and Pub/Sub, with
    `notifications`) encrypt and decrypt.
    """

    id: pulumi.Output[str]
    """`projects/P/locations/L/datasets/D/fhirStores/S`."""
    url: pulumi.Output[str]
    """Address of the FHIR API, to which a resource's path is appended (`/Patient/...`)."""
    topic: pulumi.Output[str]
    """The topic of changes, `projects/P/topics/T`; empty without `notifications`."""
    logs: pulumi.Output[str]
    """The log bucket with who did what, `projects/P/locations/L/buckets/B`."""

    def __init__(self, name: str, args: GoogleFhirStoreArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(GoogleFhirStoreArgs, args, f"GoogleFhirStore '{name}'")
        check_name(f"GoogleFhirStore '{name}'", name, LONGEST)
        where = place(f"GoogleFhirStore '{name}'", opts)
        super().__init__("modeldeploy:index:GoogleFhirStore", name, to_wire(checked), opts)
        told = ["pubsub"] if checked.notifications else []
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, [*APIS, *told], where, self),
        )

        key = data_key(scope, checked.encryption, [*ENCRYPTED, *told])
        audited = _audit(scope)
        dataset = gcp.healthcare.Dataset(
            name,
            gcp.healthcare.DatasetArgs(
                location=where.region,
                project=where.project,
                encryption_spec=gcp.healthcare.DatasetEncryptionSpecArgs(kms_key_name=key.id),
            ),
            scope.after_apis(*key.ready, audited, protect=scope.production),
        )
        topic = _topic(scope, key, made_key=checked.encryption.key is None) if checked.notifications else None
        store = _store(scope, dataset, topic)
        self._scope = scope
        # As the provider's permissions name it: https://www.pulumi.com/registry/packages/gcp/api-docs/healthcare/fhirstoreiam/
        self._address = pulumi.Output.concat(where.project, "/", where.region, "/", dataset.name, "/", store.name)
        for index, member in enumerate(checked.readers):
            self._let(f"reader-{member if isinstance(member, str) else index}", READER, member)
        for index, member in enumerate(checked.writers):
            self._let(f"writer-{member if isinstance(member, str) else index}", WRITER, member)

        accesses = dataset.name.apply(_accesses)
        logs = log_bucket(scope, dataset.name, accesses, checked.operations.log_retention_days, key)
        refused = accesses.apply(lambda each: f"{each} AND protoPayload.status.code=7")
        log_alarm(scope, "refused", f"Somebody without permission asked for records of {name}.", refused, channels(scope, checked.operations.emails))

        self.id = store.id
        self.url = pulumi.Output.concat("https://healthcare.googleapis.com/v1/", store.id, "/fhir")
        self.topic = pulumi.Output.from_input("") if topic is None else topic.id
        self.logs = logs.id
        self.register_outputs({"id": self.id, "url": self.url, "topic": self.topic, "logs": self.logs})

    def let_read(self, name: str, identity: pulumi.Input[str]) -> None:
        """Lets the `identity` of a deployment (the address of its service account) read, and nothing more; `name` names the permission."""
        self._let(name, READER, pulumi.Output.concat("serviceAccount:", identity))

    def _let(self, purpose: str, role: str, member: pulumi.Input[str]) -> None:
        """Gives `member` a role on this store, and on no other."""
        gcp.healthcare.FhirStoreIamMember(
            f"{self._scope.name}-{purpose}",
            gcp.healthcare.FhirStoreIamMemberArgs(fhir_store_id=self._address, role=role, member=member),
            self._scope.child(),
        )


def _audit(scope: Scope) -> gcp.projects.IAMAuditConfig:
    """Writes down who reads and writes, which Google does not do by itself."""
    return gcp.projects.IAMAuditConfig(
        f"{scope.name}-audit",
        gcp.projects.IAMAuditConfigArgs(
            project=scope.project,
            service="healthcare.googleapis.com",
            audit_log_configs=[gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type=each) for each in LOGGED],
        ),
        scope.after_apis(retain_on_delete=True),
    )


def _topic(scope: Scope, key: Key, *, made_key: bool) -> gcp.pubsub.Topic:
    """The topic that changes are told to, in the store's region only; the Healthcare API may write to it."""
    topic = gcp.pubsub.Topic(
        f"{scope.name}-changes",
        gcp.pubsub.TopicArgs(
            project=scope.project,
            kms_key_name=key.id,
            message_storage_policy=gcp.pubsub.TopicMessageStoragePolicyArgs(allowed_persistence_regions=[scope.region]),
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready),
    )
    if not made_key:
        # With a key that is made, it was asked for already.
        agent(scope, "healthcare")
    member = project_number(scope).apply(lambda number: f"serviceAccount:service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com")
    gcp.pubsub.TopicIAMMember(
        f"{scope.name}-tells",
        gcp.pubsub.TopicIAMMemberArgs(topic=topic.name, project=scope.project, role="roles/pubsub.publisher", member=member),
        scope.child(*key.ready),
    )
    return topic


def _store(scope: Scope, dataset: gcp.healthcare.Dataset, topic: gcp.pubsub.Topic | None) -> gcp.healthcare.FhirStore:
    told = None if topic is None else [gcp.healthcare.FhirStoreNotificationConfigArgs(pubsub_topic=topic.id, send_full_resource=False)]
    return gcp.healthcare.FhirStore(
        f"{scope.name}-records",
        gcp.healthcare.FhirStoreArgs(
            dataset=dataset.id,
            version=VERSION,
            complex_data_type_reference_parsing="ENABLED",
            enable_update_create=False,
            disable_referential_integrity=False,
            disable_resource_versioning=False,
            enable_history_import=False,
            # A search by a misspelt parameter would answer with everybody.
            default_search_handling_strict=True,
            notification_configs=told,
            labels=scope.labels,
        ),
        scope.child(protect=scope.production),
    )


def _accesses(dataset: str) -> str:
    """Who did what with the stores of a dataset, in Cloud Logging's language."""
    return f'protoPayload.serviceName="healthcare.googleapis.com" AND protoPayload.resourceName:"/datasets/{dataset}/"'
