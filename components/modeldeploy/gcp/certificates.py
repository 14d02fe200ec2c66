"""The certificate of a host name on a load balancer, global or of a region: given, or made and renewed by Certificate Manager.

https://cloud.google.com/certificate-manager/docs/overview
"""

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Domain

from .scope import Scope


def certificate_map(scope: Scope, domain: Domain) -> pulumi.Output[str]:
    """What a load balancer is told: the map that has the certificate for the host name of `domain`.

    A certificate that is made proves its name by a record in the zone, if one is given. Otherwise the load balancer proves it, as soon as the host
    name's own record points there: it answers with an error of TLS until then.
    """
    certificate = domain.certificate if domain.certificate is not None else _managed(scope, domain)
    names = gcp.certificatemanager.CertificateMap(
        f"{scope.name}-certificates",
        gcp.certificatemanager.CertificateMapArgs(description=f"Certificates of {scope.name}", project=scope.project, labels=scope.labels),
        scope.after_apis(),
    )
    entry = gcp.certificatemanager.CertificateMapEntry(
        f"{scope.name}-certificates-host",
        gcp.certificatemanager.CertificateMapEntryArgs(
            map=names.name, hostname=domain.hostname, certificates=[certificate], project=scope.project, labels=scope.labels
        ),
        scope.child(),
    )
    return pulumi.Output.all(names.id, entry.id).apply(lambda ids: f"//certificatemanager.googleapis.com/{ids[0]}")


def regional_certificate(scope: Scope, domain: Domain) -> pulumi.Input[str]:
    """The certificate for the host name of `domain` on a load balancer of the region. One that is made proves its name by a record in the zone, which
    is a public one: nobody else could see it (https://cloud.google.com/certificate-manager/docs/deploy-google-managed-regional)."""
    return domain.certificate if domain.certificate is not None else _managed(scope, domain, scope.region)


def _managed(scope: Scope, domain: Domain, region: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    authorizations = [] if domain.zone is None else [_authorization(scope, domain.hostname, domain.zone, region)]
    return gcp.certificatemanager.Certificate(
        f"{scope.name}-certificate",
        gcp.certificatemanager.CertificateArgs(
            description=f"Certificate of {domain.hostname}",
            location=region,
            managed=gcp.certificatemanager.CertificateManagedArgs(
                domains=[domain.hostname], dns_authorizations=[each.id for each in authorizations] or None
            ),
            project=scope.project,
            labels=scope.labels,
        ),
        scope.after_apis(),
    ).id


def _authorization(scope: Scope, hostname: str, zone: pulumi.Input[str], region: pulumi.Input[str] | None) -> gcp.certificatemanager.DnsAuthorization:
    authorization = gcp.certificatemanager.DnsAuthorization(
        f"{scope.name}-authorization",
        gcp.certificatemanager.DnsAuthorizationArgs(
            domain=hostname,
            location=region,
            # The only kind that certificates of a region take.
            type=None if region is None else "PER_PROJECT_RECORD",
            project=scope.project,
            labels=scope.labels,
        ),
        scope.after_apis(),
    )
    record = authorization.dns_resource_records[0]
    gcp.dns.RecordSet(
        f"{scope.name}-authorization",
        gcp.dns.RecordSetArgs(managed_zone=zone, name=record.name, type=record.type, ttl=300, rrdatas=[record.data], project=scope.project),
        scope.child(),
    )
    return authorization
