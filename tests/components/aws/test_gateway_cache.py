"""Answers that a REST API keeps."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.gateway import GatewaySettings
from modeldeploy.aws.gateway_cache import ApiCache
from modeldeploy.spec import ArgumentError, Authentication, Container, Exposure, Tokens, WebAccess
from tests.components.aws.mocked import IMAGE
from tests.components.aws.web import (
    CANARY,
    DEPLOYMENT,
    INTEGRATION,
    METHOD,
    STAGE,
    deploy_function,
    deploy_service,
    function_args,
    function_model,
    service_args,
)
from tests.support.mocks import Graph

SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
VALIDATOR = "aws:apigateway/requestValidator:RequestValidator"
DIGEST = "method.request.header.X-Digest"


def kept(folder: Path, changes: dict[str, Any] | None = None, **more: Any) -> Graph:
    settings = GatewaySettings(cache=ApiCache(**{"headers": ["X-Digest"], **(changes or {})}))
    return deploy_function(function_args(folder, gateway=settings, **more))


def test_nothing_is_kept_unless_somebody_says_so(tmp_path: Path) -> None:
    graph = deploy_function(function_args(tmp_path))
    assert graph.one(STAGE).inputs["cacheClusterEnabled"] is False
    assert "cacheClusterSize" not in graph.one(STAGE).inputs
    assert not graph.all(VALIDATOR)
    assert "requestParameters" not in graph.one(METHOD).inputs
    assert "cacheKeyParameters" not in graph.one(INTEGRATION).inputs
    (settings,) = graph.all(SETTINGS)
    assert settings.inputs["settings"]["cachingEnabled"] is False


def test_answers_to_predictions_are_kept_encrypted_and_emptied_by_nobody_without_permission(tmp_path: Path) -> None:
    graph = kept(tmp_path, {"seconds": 60, "size_gb": "1.6"})
    stage = graph.one(STAGE).inputs
    assert (stage["cacheClusterEnabled"], stage["cacheClusterSize"]) == (True, "1.6")
    made = graph.one(SETTINGS, "pricing-cache").inputs
    assert made["methodPath"] == "invocations/POST"
    assert made["settings"] == {
        "metricsEnabled": True,
        "loggingLevel": "ERROR",
        "dataTraceEnabled": False,
        "cachingEnabled": True,
        "cacheTtlInSeconds": 60,
        "cacheDataEncrypted": True,
        "requireAuthorizationForCacheControl": True,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }
    # Nothing else is.
    assert graph.one(SETTINGS, "pricing").inputs["settings"]["cachingEnabled"] is False


def test_a_request_that_does_not_say_what_it_asks_is_refused(tmp_path: Path) -> None:
    graph = kept(tmp_path, {"query": ["day"]})
    keys = [DIGEST, "method.request.querystring.day"]
    assert graph.one(METHOD).inputs["requestParameters"] == dict.fromkeys(keys, True)
    assert graph.one(INTEGRATION).inputs["cacheKeyParameters"] == keys
    validator = graph.one(VALIDATOR)
    assert (validator.inputs["validateRequestParameters"], validator.inputs["validateRequestBody"]) == (True, False)
    assert graph.one(METHOD).inputs["requestValidatorId"] == "pricing-id"
    assert validator.urn in graph.one(METHOD).depends_on


def test_holders_of_keys_do_not_share_answers(tmp_path: Path) -> None:
    graph = kept(tmp_path, {"headers": ["X-Api-Key", "X-Digest"]}, access=WebAccess(authentication=Authentication.API_KEY))
    assert graph.one(INTEGRATION).inputs["cacheKeyParameters"] == ["method.request.header.x-api-key", DIGEST]


def test_other_keys_are_deployed_anew_and_no_cache_as_before(tmp_path: Path) -> None:
    deployed = [
        graph.one(DEPLOYMENT).inputs["triggers"]["definition"]
        for graph in (deploy_function(function_args(tmp_path)), kept(tmp_path), kept(tmp_path, {"query": ["day"]}))
    ]
    assert len(set(deployed)) == 3


def test_a_version_that_is_tried_has_answers_of_its_own(tmp_path: Path) -> None:
    graph = kept(tmp_path, models=[function_model(tmp_path), function_model(tmp_path, "2")], rollout=CANARY)
    assert graph.one(STAGE).inputs["canarySettings"]["useStageCache"] is False


def test_a_path_of_several_parts_is_that_of_its_settings(tmp_path: Path) -> None:
    models = [function_model(tmp_path, container=Container(image=IMAGE, predict_path="/v1/predict"))]
    assert kept(tmp_path, models=models).one(SETTINGS, "pricing-cache").inputs["methodPath"] == "v1/predict/POST"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"headers": []}, "gateway.cache.headers: is empty, as is query"),
        ({"headers": ["X Digest"]}, "gateway.cache.headers[0]: 'X Digest' is no name"),
        ({"query": ["a/b"]}, "gateway.cache.query[0]: 'a/b' is no name"),
        ({"headers": ["X-Digest", "Authorization"]}, "gateway.cache.headers[1]: 'Authorization' is another one in every signed request"),
        ({"seconds": 0}, "gateway.cache.seconds: 0 is not allowed; use 1 to 3600"),
        ({"seconds": 3601}, "gateway.cache.seconds: 3601 is not allowed"),
        ({"size_gb": "1"}, "gateway.cache.size_gb: '1' is not allowed; use one of 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237"),
    ],
)
def test_what_api_gateway_would_not_keep_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        kept(tmp_path, changes)
    assert message in str(caught.value)


def test_without_an_api_and_before_containers_there_is_none(tmp_path: Path) -> None:
    settings = GatewaySettings(cache=ApiCache(headers=["X-Digest"]))
    tokens = WebAccess(
        authentication=Authentication.JWT, exposure=Exposure.PUBLIC, tokens=Tokens(issuer="https://login.example.com", audiences=["pricing"])
    )
    with pytest.raises(ArgumentError, match=r"gateway\.cache: has no effect: no API is made"):
        deploy_function(function_args(tmp_path, http_api=True, access=tokens, gateway=settings))
    with pytest.raises(ArgumentError, match=r"gateway\.cache: excludes containers: their answers are streamed"):
        deploy_service(service_args(tmp_path, gateway=settings))
