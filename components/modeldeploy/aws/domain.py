"""A host name of the user's own: its certificate, and its record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Domain
from modeldeploy.spec.arguments import Problem

CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+")


@dataclass(frozen=True)
class Target:
    """What the record of a host name points to."""

    name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Id of AWS's own zone that `name` is in, which an alias record names."""


def domain_problems(domain: Domain | None) -> Iterator[Problem]:
    """Problems of `access.domain`."""
    if domain is None:
        return
    if isinstance(domain.certificate, str) and not CERTIFICATE.fullmatch(domain.certificate):
        yield Problem(
            "access.domain.certificate",
            f"'{domain.certificate}' is not the ARN of a certificate in Certificate Manager (arn:aws:acm:<region>:<account>:certificate/<id>)",
        )
    if domain.certificate is None and domain.zone is None:
        yield Problem(
            "access.domain.certificate",
            "is required without access.domain.zone: Certificate Manager makes a certificate where it can prove the name by a record in its zone",
        )


def certificate_arn(name: str, domain: Domain, tags: dict[str, str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """ARN of the certificate given, or of one that is made, proved by a record in the zone, and renewed by Certificate Manager."""
    if domain.certificate is not None or domain.zone is None:
        return pulumi.Output.from_input(domain.certificate or "")
    opts = pulumi.ResourceOptions(parent=parent)
    made = aws.acm.Certificate(f"{name}-certificate", domain_name=domain.hostname, validation_method="DNS", tags=tags, opts=opts)
    proof = made.domain_validation_options[0]
    record = aws.route53.Record(
        f"{name}-certificate",
        zone_id=domain.zone,
        name=proof.resource_record_name.apply(str),
        type=proof.resource_record_type.apply(str),
        records=[proof.resource_record_value.apply(str)],
        ttl=300,
        # A certificate for the same name, of another deployment, is proved by the same record.
        allow_overwrite=True,
        opts=opts,
    )
    proved = aws.acm.CertificateValidation(f"{name}-certificate", certificate_arn=made.arn, validation_record_fqdns=[record.fqdn], opts=opts)
    return proved.certificate_arn


def point(name: str, domain: Domain, target: Target, parent: pulumi.Resource) -> None:
    """The record of the host name, in the zone if one is given."""
    if domain.zone is None:
        return
    aws.route53.Record(
        f"{name}-domain",
        zone_id=domain.zone,
        name=domain.hostname,
        type="A",
        aliases=[aws.route53.RecordAliasArgs(name=target.name, zone_id=target.zone_id, evaluate_target_health=False)],
        opts=pulumi.ResourceOptions(parent=parent),
    )
