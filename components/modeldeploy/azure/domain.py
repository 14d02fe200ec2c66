"""DNS records for a host name of the user's own, in the zone given."""

from __future__ import annotations

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Domain

from . import ids


def address_record(name: str, domain: Domain, address: pulumi.Input[str], parent: pulumi.Resource) -> native.dns.RecordSet:
    """The record that leads from the host name to `address`, in the zone given."""
    zone = pulumi.Output.from_input(domain.zone or "")
    return native.dns.RecordSet(
        name,
        resource_group_name=zone.apply(lambda found: ids.segment(found, "resourceGroups")),
        zone_name=zone.apply(ids.last),
        record_type="A",
        relative_record_set_name=zone.apply(lambda found: record_name(domain.hostname, ids.last(found))),
        ttl=300,
        a_records=[native.dns.ARecordArgs(ipv4_address=address)],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def record_name(hostname: str, zone: str) -> str:
    """A host name as a zone knows it: `pricing` for `pricing.example.com` in `example.com`, `@` for the zone itself."""
    return hostname.removesuffix(zone).rstrip(".") or "@"
