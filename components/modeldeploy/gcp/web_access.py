"""What Cloud Run, and Cloud Functions on it, let in, and what has to be in front of them."""

import re
from collections.abc import Iterator

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Authentication, Domain, Exposure, WebAccess
from modeldeploy.spec.arguments import Problem

from .agents import agent
from .identity import caller_problems
from .scope import Scope

CHECKED_BY_GATEWAY = (Authentication.JWT, Authentication.API_KEY)
INVOKER = "roles/run.invoker"
REGIONAL_CERTIFICATE = re.compile(r"projects/[^/]+/locations/(?!global/)[^/]+/certificates/[^/]+")
CERTIFICATE = re.compile(r"projects/[^/]+/locations/global/certificates/[^/]+")


def through_gateway(access: WebAccess) -> bool:
    """Whether API Gateway is in front, which checks what Cloud Run cannot."""
    return access.authentication in CHECKED_BY_GATEWAY


def behind_internal_balancer(access: WebAccess) -> bool:
    """Whether a load balancer of the network is in front, which has the host name that a service of its own has not."""
    return access.exposure is Exposure.PRIVATE and access.domain is not None


def web_access_problems(access: WebAccess, service: str) -> Iterator[Problem]:
    """Problems of `access` for `service` (Cloud Run, Cloud Functions)."""
    yield from caller_problems(access.callers)
    if through_gateway(access) and access.exposure is Exposure.PRIVATE:
        yield Problem(
            "access.authentication",
            f"'{access.authentication}' is checked by API Gateway, which is on the internet; use access.exposure '{Exposure.PUBLIC}' with it, "
            f"or {Authentication.IDENTITY} in private networks",
        )
    if access.exposure is Exposure.PUBLIC:
        yield from _public_problems(access)
        return
    if access.domain is not None:
        yield from _private_domain_problems(access.domain)
    if access.requests_per_minute is not None:
        yield Problem(
            "access.requests_per_minute",
            f"needs access.exposure '{Exposure.PUBLIC}': Cloud Armor counts requests at the load balancer; in a private network use scaling.maximum",
        )


def _private_domain_problems(domain: Domain) -> Iterator[Problem]:
    if isinstance(domain.certificate, str) and not REGIONAL_CERTIFICATE.fullmatch(domain.certificate):
        yield Problem(
            "access.domain.certificate",
            f"'{domain.certificate}' is no certificate of a load balancer in the network; "
            "write projects/<project>/locations/<region>/certificates/<certificate>, or leave it out and one is made",
        )
    if domain.certificate is None and domain.zone is None:
        yield Problem(
            "access.domain.zone",
            f"is required with access.exposure '{Exposure.PRIVATE}' and no certificate: what is made proves its name by a record in a public zone",
        )


def _public_problems(access: WebAccess) -> Iterator[Problem]:
    if access.domain is None:
        yield Problem(
            "access.domain",
            f"is required with access.exposure '{Exposure.PUBLIC}': the load balancer with Cloud Armor needs a certificate, which needs a host name",
        )
    elif isinstance(access.domain.certificate, str) and not CERTIFICATE.fullmatch(access.domain.certificate):
        yield Problem(
            "access.domain.certificate",
            f"'{access.domain.certificate}' is no certificate of a global load balancer; "
            "write projects/<project>/locations/global/certificates/<certificate>, or leave it out and one is made",
        )


def let_invoke(scope: Scope, service: pulumi.Input[str], access: WebAccess) -> None:
    """Lets the callers send requests to `service`, and to no other."""
    for caller in access.callers:
        let_one_invoke(scope, f"caller-{caller}", service, caller)


def let_one_invoke(scope: Scope, suffix: str, service: pulumi.Input[str], member: pulumi.Input[str]) -> gcp.cloudrunv2.ServiceIamMember:
    """Lets `member` send requests to `service`, and to no other; `suffix` names the permission."""
    return gcp.cloudrunv2.ServiceIamMember(
        f"{scope.name}-{suffix}",
        gcp.cloudrunv2.ServiceIamMemberArgs(name=service, location=scope.region, project=scope.project, role=INVOKER, member=member),
        scope.child(),
    )


def let_everybody_invoke(scope: Scope, service: pulumi.Input[str]) -> None:
    """Lets everybody who reaches `service` send requests to it, where the check itself cannot be switched off."""
    let_one_invoke(scope, "everybody", service, "allUsers")


def let_sign_in(scope: Scope, service: pulumi.Input[str], access: WebAccess) -> None:
    """Lets the callers through Identity-Aware Proxy, and the proxy send their requests to `service`."""
    let_one_invoke(scope, "proxy", service, agent(scope, "iap"))
    for caller in access.callers:
        gcp.iap.WebCloudRunServiceIamMember(
            f"{scope.name}-caller-{caller}",
            gcp.iap.WebCloudRunServiceIamMemberArgs(
                cloud_run_service_name=service,
                location=scope.region,
                project=scope.project,
                role="roles/iap.httpsResourceAccessor",
                member=caller,
            ),
            scope.child(),
        )
