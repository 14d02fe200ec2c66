"""Answers that a REST API keeps: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html.

What is asked stands in the body, which API Gateway leaves out of its keys. So a caller has to say in a header, or in the query, what it asks (a
digest of the body, the name of a customer and a day): a request that does not is refused, because all of them would get one answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, WebAccess
from modeldeploy.spec.arguments import Problem

SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
"""https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html#apigw-CreateStage-request-cacheClusterSize"""
PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class ApiCache:
    """Which answers are kept, and how long.

    Whoever may call gets what another caller was told under the same key, and could have told it by asking something else under that key; with API
    keys, each key has answers of its own. After a release, answers of the last version are told for up to `seconds`.
    """

    headers: list[str] = field(default_factory=list[str])
    """Headers that tell one question from another; every request has them. At least one header or parameter."""
    query: list[str] = field(default_factory=list[str])
    """Parameters of the query that do so as well."""
    seconds: int = 300
    """How long an answer is kept, 1 to 3600 seconds. At most 1 MiB of one answer is."""
    size_gb: str = "0.5"
    """Memory of the cache, in GB, which is paid by the hour: 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118 or 237. Another size empties it."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.headers and not self.query:
            yield Problem("headers", "is empty, as is query: name what tells one question from another, or all get one answer")
        for kind in ("headers", "query"):
            names: list[str] = getattr(self, kind)
            for index, name in enumerate(names):
                if not PARAMETER.fullmatch(name):
                    yield Problem(f"{kind}[{index}]", f"'{name}' is no name; allowed: letters, digits, '-' and '_'")
        for index, name in enumerate(self.headers):
            if name.lower() in ("authorization", "x-amz-date", "x-amz-security-token"):
                yield Problem(f"headers[{index}]", f"'{name}' is another one in every signed request, so that nothing would be found again")
        if not 1 <= self.seconds <= LONGEST_SECONDS:
            yield Problem("seconds", f"{self.seconds} is not allowed; use 1 to {LONGEST_SECONDS}")
        if self.size_gb not in SIZES:
            yield Problem("size_gb", f"'{self.size_gb}' is not allowed; use one of {', '.join(SIZES)}")


def cache_keys(cache: ApiCache | None, access: WebAccess) -> list[str]:
    """What requests must have, and what answers are found by."""
    if cache is None:
        return []
    own = ["x-api-key"] if access.authentication is Authentication.API_KEY else []
    headers = [*own, *(each for each in cache.headers if each.lower() not in own)]
    return [*(f"method.request.header.{each}" for each in headers), *(f"method.request.querystring.{each}" for each in cache.query)]


def required(name: str, api: aws.apigateway.RestApi, parent: pulumi.Resource) -> aws.apigateway.RequestValidator:
    """What refuses requests that lack a key."""
    return aws.apigateway.RequestValidator(
        name,
        rest_api=api.id,
        validate_request_parameters=True,
        validate_request_body=False,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def keep_answers(name: str, stage: aws.apigateway.Stage, api: aws.apigateway.RestApi, path: str, cache: ApiCache, parent: pulumi.Resource) -> None:
    """Keeps answers to predictions, encrypted. Only `GET` is kept by itself; what a method has of its own, it has instead of what all have."""
    aws.apigateway.MethodSettings(
        f"{name}-cache",
        rest_api=api.id,
        stage_name=stage.stage_name,
        method_path=f"{path.strip('/')}/POST",
        settings=aws.apigateway.MethodSettingsSettingsArgs(
            metrics_enabled=True,
            logging_level="ERROR",
            data_trace_enabled=False,
            caching_enabled=True,
            cache_ttl_in_seconds=cache.seconds,
            cache_data_encrypted=True,
            # Who has no permission to empty it is answered from it.
            require_authorization_for_cache_control=True,
            unauthorized_cache_control_header_strategy="SUCCEED_WITH_RESPONSE_HEADER",
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
