"""For each rule of the vocabulary, what passes and what is refused, with its message."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.spec import (
    Access,
    Compute,
    Container,
    DatabaseArgs,
    Encryption,
    Environment,
    ManagedEndpointArgs,
    Model,
    Network,
    NetworkArgs,
    Operations,
    Rollout,
    Scaling,
)
from modeldeploy.spec.arguments import ArgumentError, Problem, parse
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.network import subnets
from modeldeploy.spec.operations import RETENTION_DAYS
from modeldeploy.spec.rollout import served_version, shares
from modeldeploy.spec.tags import standard_tags, tag_problems

from .factories import IMAGE, endpoint, model


def reasons(value: Any) -> dict[str, str]:
    """What is wrong with an instance, by path; empty when nothing is."""
    try:
        parse(type(value), value, "it")
    except ArgumentError as error:
        return {problem.path: problem.reason for problem in error.problems}
    return {}


VALID = [
    model(),
    model(name="a1", version="2026-11-01"),
    model(source="gs://bucket/model"),
    model(source="azureml://registries/shared/models/pricing/versions/1"),
    Container(image="localhost:5000/x@sha256:" + "0" * 64),
    Container(image="registry.io/x:1.2@sha256:" + "0" * 64),
    Container(image=IMAGE, environment={"DATABASE_SECRET_ID": "arn:secret", "MAX_TOKENS_PER_CALL": "5"}),
    Compute(),
    Compute(cpus=4, memory_gib=16, gpus=1),
    Compute(gpus=0),
    Compute(instance_type="ml.m5.large"),
    Scaling(minimum=1, maximum=1),
    Scaling(target_cpu_percent=10, scale_out_seconds=0, scale_in_seconds=3600),
    Network(),
    Network(id="vpc-1", subnet_ids=["subnet-1"]),
    Network(cidr="10.0.0.0/20", callers=["10.0.0.0/8", "192.168.1.1/32"]),
    NetworkArgs(),
    Access(callers=["arn:aws:iam::123456789012:role/shop"]),
    Encryption(),
    Encryption(key="arn:key"),
    Encryption(rotation_days=730),
    Rollout(),
    Rollout(traffic={"1": 90, "2": 10}),
    Operations(error_percent=100, utilization_percent=10, capture_percent=0, emails=["ml@example.com"], monthly_budget_usd=1),
    DatabaseArgs(database="pricing_1"),
    endpoint(tags={"team": "pricing"}),
]


@pytest.mark.parametrize("value", VALID, ids=lambda value: type(value).__name__)
def test_valid_arguments_pass(value: object) -> None:
    assert reasons(value) == {}


REFUSED: list[tuple[Any, str, str]] = [
    (model(name="Pricing Model"), "name", "'Pricing Model' is no model name; allowed: 2 to 32 lower-case letters, digits and '-'"),
    (model(name="9lives"), "name", "beginning with a letter"),
    (model(name="x" * 33), "name", "2 to 32"),
    (model(version="V1"), "version", "'V1' is no version"),
    (model(version="1" * 21), "version", "1 to 20"),
    (model(source="ftp://host/model"), "source", "'ftp://host/model' has a scheme that is not known; allowed: s3://, gs://"),
    (model(source="no/such/model.pkl"), "source", "'no/such/model.pkl' does not exist"),
    (Container(image="registry.io/x:latest"), "image", "'registry.io/x:latest' is not an image by digest"),
    (Container(image=IMAGE, port=0), "port", "0 is not a port; allowed: 1 to 65535"),
    (Container(image=IMAGE, port=65536), "port", "65536 is not a port"),
    (Container(image=IMAGE, health_path="health"), "health_path", "'health' is not a path"),
    (Container(image=IMAGE, predict_path=""), "predict_path", "'' is not a path"),
    (Container(image=IMAGE, environment={"DB_PASSWORD": "hunter2"}), "environment.DB_PASSWORD", "is a secret in plain text"),
    (Container(image=IMAGE, environment={"apiKey": "k"}), "environment.apiKey", "is a secret in plain text"),
    (Container(image=IMAGE, environment={"1X": "k"}), "environment.1X", "'1X' is not a variable name"),
    (Compute(cpus=0), "cpus", "0 is not allowed; use 1 or more"),
    (Compute(gpus=-1), "gpus", "-1 is not allowed; use 0 or more"),
    (Compute(cpus=2, instance_type="ml.m5.large"), "cpus", "excludes instance_type"),
    (Scaling(minimum=0), "minimum", "0 is not allowed; use 1 or more"),
    (Scaling(minimum=-1), "minimum", "-1 is not allowed"),
    (Scaling(minimum=1, maximum=0), "maximum", "0 is not allowed; use 1 or more"),
    (Scaling(minimum=5, maximum=4), "maximum", "4 is below scaling.minimum 5"),
    (Scaling(target_cpu_percent=91), "target_cpu_percent", "91 is not allowed; use 10 to 90"),
    (Scaling(scale_out_seconds=-1), "scale_out_seconds", "-1 is not allowed; use 0 to 3600"),
    (Scaling(scale_in_seconds=3601), "scale_in_seconds", "3601 is not allowed"),
    (Network(id="vpc-1"), "subnet_ids", "is required with network.id"),
    (Network(subnet_ids=["subnet-1"]), "id", "is required with network.subnet_ids"),
    (Network(id="vpc-1", subnet_ids=["s"], cidr="10.0.0.0/16"), "cidr", "excludes network.id"),
    (Network(cidr="10.0.0.0/24"), "cidr", "'10.0.0.0/24' has the wrong size; use /16 to /20"),
    (Network(cidr="8.8.0.0/16"), "cidr", "'8.8.0.0/16' is open to the internet"),
    (Network(callers=["0.0.0.0/0"]), "callers[0]", "'0.0.0.0/0' is open to the internet; use a private range"),
    (Network(callers=["10.0.0.0/8", "office"]), "callers[1]", "'office' is not an IPv4 range"),
    (Network(callers=["10.0.0.1/8"]), "callers[0]", "is not an IPv4 range (10.0.0.1/8 has host bits set)"),
    (NetworkArgs(cidr="10.0.0.0/8"), "cidr", "use /16 to /20"),
    (NetworkArgs(log_retention_days=7), "log_retention_days", "7 is not allowed; use one of 30, 60"),
    (Encryption(key="k", rotation_days=90), "rotation_days", "excludes encryption.key"),
    (Encryption(rotation_days=89), "rotation_days", "89 is not allowed; use 90 to 730"),
    (Rollout(traffic={"1": 60, "2": 30}), "traffic", "60 + 30 is 90; the percentages must sum to 100"),
    (Rollout(traffic={"1": 110, "2": -10}), "traffic.2", "-10 is not a percentage; use 0 to 100"),
    (Operations(log_retention_days=91), "log_retention_days", "91 is not allowed; use one of 30, 60, 90"),
    (Operations(latency_milliseconds=0), "latency_milliseconds", "0 is not allowed; use 1 or more"),
    (Operations(error_percent=0), "error_percent", "0 is not allowed; use 1 to 100"),
    (Operations(utilization_percent=101), "utilization_percent", "101 is not allowed; use 10 to 100"),
    (Operations(capture_percent=-1), "capture_percent", "-1 is not allowed; use 0 to 100"),
    (Operations(emails=["nobody"]), "emails[0]", "'nobody' is not a mail address"),
    (Operations(monthly_budget_usd=0), "monthly_budget_usd", "0 is not allowed; use 1 or more"),
    (DatabaseArgs(database="Pricing"), "database", "'Pricing' is no database name"),
    (DatabaseArgs(database="p", storage_gib=19), "storage_gib", "19 is not allowed; use 20 to 1024"),
    (DatabaseArgs(database="p", backup_days=36), "backup_days", "36 is not allowed; use 7 to 35"),
    (endpoint(models=[]), "models", "is empty; list at least one model"),
    (endpoint(models=[model(), model()]), "models[1].version", "'1' is there twice"),
    (endpoint(models=[model(), model(name="other", version="2")]), "models[1].name", "'other' differs from 'pricing'"),
    (endpoint(rollout=Rollout(traffic={"2": 100})), "rollout.traffic.2", "'2' is not known; allowed: 1"),
    (endpoint(tags={"environment": "prod"}), "tags.environment", "is set by the component"),
    (endpoint(tags={"aws:cost": "x"}), "tags.aws:cost", "begins with a word the clouds reserve"),
    (endpoint(tags={"x": "y" * 256}), "tags.x", "has 256 characters; use 255 or fewer"),
    (endpoint(tags={"a/b": "y"}), "tags.a/b", "is no tag name"),
]


@pytest.mark.parametrize(("value", "path", "reason"), REFUSED, ids=[f"{type(value).__name__}.{path}" for value, path, _ in REFUSED])
def test_bad_arguments_are_refused_by_name_value_and_what_is_allowed(value: Any, path: str, reason: str) -> None:
    assert reason in reasons(value)[path]


def test_too_many_tags_are_refused() -> None:
    assert [problem.reason for problem in tag_problems({f"t{i}": "" for i in range(41)})] == ["41 tags are too many; use 40 or fewer"]


def test_an_empty_directory_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "nested").mkdir()
    assert "is an empty directory" in reasons(model(source=str(tmp_path)))["source"]


def test_an_empty_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").touch()
    assert "is an empty file" in reasons(model(source=str(tmp_path / "model.pkl")))["source"]


def test_local_files_and_directories_are_models(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    assert reasons(model(source=str(tmp_path))) == {}
    assert reasons(model(source=str(tmp_path / "model.pkl"))) == {}


def test_a_secret_that_flows_in_from_another_resource_is_not_plain_text() -> None:
    assert reasons(Container(image=IMAGE, environment={"DB_PASSWORD": pulumi.Output.secret("x")})) == {}


def test_a_remote_artifact_must_be_readable_by_the_cloud() -> None:
    there = remote_problems([model(source="s3://b/k")], ("s3",), "SageMaker")
    elsewhere = remote_problems([model(), model(version="2", source="gs://b/k")], ("s3",), "SageMaker")
    assert list(there) == []
    assert list(elsewhere) == [
        Problem("models[1].source", "'gs://b/k' cannot be read by SageMaker; allowed: s3://, or a local path"),
    ]


TWO: list[Model] = [model(), model(version="2")]


@pytest.mark.parametrize(
    ("traffic", "expected", "served"),
    [
        ({}, {"1": 0, "2": 100}, "2"),
        ({"1": 90, "2": 10}, {"1": 90, "2": 10}, "1"),
        ({"1": 50, "2": 50}, {"1": 50, "2": 50}, "2"),
        ({"1": 100}, {"1": 100, "2": 0}, "1"),
    ],
)
def test_traffic_is_shared_as_the_rollout_says(traffic: dict[str, int], expected: dict[str, int], served: str) -> None:
    assert shares(TWO, Rollout(traffic=traffic)) == expected
    assert served_version(TWO, Rollout(traffic=traffic)) == served


def test_scaling_is_automatic_only_between_two_numbers() -> None:
    assert Scaling(minimum=2, maximum=3).is_automatic
    assert not Scaling(minimum=2, maximum=2).is_automatic


def test_subnets_are_cut_from_the_front_of_the_range() -> None:
    assert subnets("10.64.0.0/16", 3, 20) == ["10.64.0.0/20", "10.64.16.0/20", "10.64.32.0/20"]


def test_every_resource_says_its_environment_and_who_manages_it() -> None:
    assert standard_tags({"team": "a"}, Environment.DEVELOPMENT) == {"team": "a", "environment": "dev", "managed-by": "modeldeploy"}


def test_defaults_are_the_safe_ones() -> None:
    args = ManagedEndpointArgs(models=[model()])
    assert args.access.exposure == "private"
    assert args.environment is Environment.PRODUCTION
    assert args.scaling.minimum == 2
    assert args.operations.log_retention_days in RETENTION_DAYS
    assert args.operations.capture_percent == 0
    assert Encryption().rotation == 90
    assert Network().range == "10.64.0.0/16"
