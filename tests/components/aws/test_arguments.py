"""What SageMaker would refuse is refused first, with one clear message, before anything is registered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.managed_endpoint import Guardrails, SageMakerEndpoint, SageMakerEndpointArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import Access, ArgumentError, Compute, Container, DatabaseConnection, Encryption, Network, Rollout, Scaling
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.rollout import Shadow
from tests.components.aws.mocked import ACCOUNT, IMAGE, arguments, model, run

DATABASE = DatabaseConnection(id="db-1", host="data.example", database="pricing")


def container(**changes: Any) -> Container:
    return Container(**{"image": IMAGE, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compute": Compute(instance_type="ml.m5.lage")}, "compute.instance_type: 'ml.m5.lage' is not known; did you mean 'ml.m5.large'?"),
        ({"compute": Compute(cpus=500)}, "compute: SageMaker real-time hosting has no machine with 500 CPUs"),
        ({"access": Access(callers=["somebody"])}, "access.callers[0]: 'somebody' is not an ARN of an IAM role or user"),
        ({"access": Access(callers=["*"])}, "access.callers[0]: '*' is not an ARN of an IAM role or user"),
        ({"access": Access(callers=[f"arn:aws:iam::{ACCOUNT}:root"])}, f"access.callers[0]: 'arn:aws:iam::{ACCOUNT}:root' is not an ARN of"),
        (
            {"network": Network(id="vpc-1", subnet_ids=["subnet-1"], callers=["10.9.0.0/16"])},
            "network.callers: excludes network.id: the given network's own VPC endpoints decide",
        ),
        ({"encryption": Encryption(key="alias/mine")}, "encryption.key: 'alias/mine' is not the ARN of a KMS key"),
        ({"invocations_per_instance": 0}, "invocations_per_instance: 0 is not allowed; use 1 to 100000"),
        ({"release_instances": 11}, "release_instances: 11 is not allowed; use scaling.minimum 2 to scaling.maximum 10"),
        ({"release_instances": 1}, "release_instances: 1 is not allowed"),
        ({"guardrails": Guardrails(canary_percent=60)}, "guardrails.canary_percent: 60 is not allowed; use 1 to 50"),
        ({"guardrails": Guardrails(bake_minutes=30)}, "guardrails.bake_minutes: 30 is not allowed; use 0 to 20"),
        ({"scaling": Scaling(minimum=5, maximum=2)}, "scaling.maximum: 2 is below scaling.minimum 5"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, arguments(tmp_path, **changes), "SageMakerEndpoint 'pricing'")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"container": container(port=8000)}, "models[0].container.port: 8000 is not allowed; SageMaker only serves 8080"),
        ({"container": container(health_path="/health")}, "models[0].container.health_path: '/health' is not allowed; SageMaker only serves /ping"),
        ({"container": container(predict_path="/predict")}, "models[0].container.predict_path: '/predict' is not allowed"),
        ({"container": container(environment={f"V{n}": "1" for n in range(91)})}, "models[0].container.environment: has 91 variables"),
        ({"container": container(image=f"{IMAGE[:44]}{'x' * 200}{IMAGE[44:]}")}, "characters; SageMaker takes 255 or fewer"),
        ({"source": "gs://models/1.tar.gz"}, "models[0].source: 'gs://models/1.tar.gz' cannot be read by SageMaker; allowed: s3://, or a local path"),
        ({"source": "s3://models/1/"}, "models[0].source: 's3://models/1/' is no archive; SageMaker loads s3://<bucket>/<path>.tar.gz"),
        ({"source": "missing"}, "models[0].source: 'missing' does not exist"),
    ],
)
def test_models_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, arguments(tmp_path, models=[model(tmp_path, **changes)]), "SageMakerEndpoint 'pricing'")
    assert message in str(caught.value)


def test_a_variable_that_the_database_sets_is_refused(tmp_path: Path) -> None:
    args = arguments(tmp_path, database=DATABASE, models=[model(tmp_path, container=container(environment={"DATABASE_HOST": "x"}))])
    with pytest.raises(ArgumentError, match=r"models\[0\]\.container\.environment\.DATABASE_HOST: excludes database"):
        parse(SageMakerEndpointArgs, args, "SageMakerEndpoint 'pricing'")


def test_guardrails_take_one_version_at_a_time(tmp_path: Path) -> None:
    args = arguments(tmp_path, guardrails=Guardrails(), models=[model(tmp_path, "1"), model(tmp_path, "2")])
    with pytest.raises(ArgumentError, match=r"guardrails: excludes more than one version in models \(1, 2\)"):
        parse(SageMakerEndpointArgs, args, "SageMakerEndpoint 'pricing'")


def test_an_endpoint_has_ten_variants_at_most(tmp_path: Path) -> None:
    args = arguments(tmp_path, models=[model(tmp_path, str(number)) for number in range(11)])
    with pytest.raises(ArgumentError, match="models: 11 versions are too many; an endpoint has 10 variants at most"):
        parse(SageMakerEndpointArgs, args, "SageMakerEndpoint 'pricing'")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shadow": Shadow(version="3")}, "shadow.version: '3' is not known; allowed: 1, 2"),
        ({"shadow": Shadow(version="2", percent=0)}, "shadow.percent: 0 is not allowed; use 1 to 100"),
        (
            {"shadow": Shadow(version="2"), "rollout": Rollout(traffic={"1": 90, "2": 10})},
            "rollout.traffic.2: excludes shadow: the version gets copies",
        ),
        ({"shadow": Shadow(version="2"), "guardrails": Guardrails()}, "guardrails: excludes shadow: SageMaker needs the same variants"),
    ],
)
def test_a_shadow_is_one_of_two_versions(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    args = arguments(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], **changes)
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, args, "x")
    assert message in str(caught.value)


@pytest.mark.parametrize("versions", [["2"], ["1", "2", "3"]])
def test_a_shadow_needs_one_version_beside_it(tmp_path: Path, versions: list[str]) -> None:
    args = arguments(tmp_path, models=[model(tmp_path, version) for version in versions], shadow=Shadow(version="2"))
    with pytest.raises(ArgumentError, match=f"shadow: needs one version in models that answers, beside '2'; there are {len(versions) - 1}"):
        parse(SageMakerEndpointArgs, args, "x")


@pytest.mark.parametrize("name", ["Pricing", "pricing_api", "a" * 33, "1st", "pricing-"])
def test_a_name_that_sagemaker_would_refuse_is_refused_before_anything_is_registered(tmp_path: Path, name: str) -> None:
    args = arguments(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match=f"name: '{name}' is no name for it; allowed: 1 to 32 lower-case letters"):
            SageMakerEndpoint(name, args)

    assert not run(program).registrations


def test_every_problem_is_told_at_once_and_nothing_is_registered(tmp_path: Path) -> None:
    args = arguments(tmp_path, invocations_per_instance=0, access=Access(callers=["x"]))

    def program() -> None:
        with pytest.raises(ArgumentError, match="2 arguments are not valid"):
            SageMakerEndpoint("pricing", args)

    assert not run(program).registrations


def test_a_mapping_from_another_language_is_taken_like_an_instance(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("model")
    given = {
        "models": [{"name": "pricing", "version": "1", "source": str(tmp_path), "container": {"image": IMAGE}}],
        "scaling": {"minimum": 2.0, "maximum": 4.0},
        "guardrails": {"canary_percent": 20.0},
        "release_instances": 3.0,
    }
    args = parse(SageMakerEndpointArgs, given, "x")
    assert args.guardrails == Guardrails(canary_percent=20)
    assert (args.first_instances, args.scaling.maximum) == (3, 4)


@pytest.mark.parametrize(
    ("make", "longest"),
    [(lambda name: AwsNetwork(name, AwsNetworkArgs()), 50), (lambda name: RdsDatabase(name, RdsDatabaseArgs(database="pricing")), 42)],
)
def test_names_leave_room_for_the_names_of_the_parts(make: Callable[[str], object], longest: int) -> None:
    def program() -> None:
        with pytest.raises(ArgumentError, match=f"is no name for it; allowed: 1 to {longest} lower-case letters"):
            make("a" * (longest + 1))

    assert not run(program).registrations
