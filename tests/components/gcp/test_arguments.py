"""What Vertex AI would refuse is refused before anything is registered, with a message that says what to write."""

from typing import Any

import pytest

from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.spec import Access, Compute, Exposure, ManagedEndpointArgs, Network, Operations, Scaling
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import GIVEN_DATABASE, endpoint_graph, model, run


def refusal(**arguments: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        parse(VertexEndpointArgs, VertexEndpointArgs(**{"models": [model()], **arguments}), "VertexEndpoint 'pricing'")
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": [model("1", "s3://bucket/model")]}, "models[0].source: 's3://bucket/model' cannot be read by Vertex AI; allowed: gs://"),
        ({"models": [model("1", "azureml://m")]}, "models[0].source: 'azureml://m' cannot be read by Vertex AI"),
        ({"compute": Compute(instance_type="n1-standard-3")}, "compute.instance_type: 'n1-standard-3' is not known; did you mean 'n1-standard-"),
        ({"compute": Compute(gpus=2)}, "compute: Vertex AI has no machine with 2 CPUs, 8 GiB and 2 GPUs"),
        ({"compute": Compute(cpus=64)}, "compute: Vertex AI has no machine with 64 CPUs"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: cannot be kept on Vertex AI"),
        ({"scaling": Scaling(scale_out_seconds=30)}, "scaling.scale_out_seconds: cannot be set on Vertex AI"),
        ({"scaling": Scaling(scale_in_seconds=30)}, "scaling.scale_in_seconds: cannot be set on Vertex AI"),
        ({"access": Access(callers=["allUsers"])}, "access.callers[0]: 'allUsers' is no IAM member; allowed: user:, serviceAccount:, group:"),
        ({"access": Access(callers=["shop@example.com"])}, "access.callers[0]: 'shop@example.com' is no IAM member"),
        ({"access": Access(callers=["user:a@b.c", "user:a@b.c"])}, "access.callers[1]: 'user:a@b.c' is there twice"),
        ({"models": [model(image="docker.io/shop/pricing@sha256:" + "a" * 64)]}, "is in a registry Vertex AI cannot read; use Artifact Registry"),
        ({"models": [model(environment={"AIP_MODE": "x"})]}, "models[0].container.environment.AIP_MODE: begins with AIP_"),
        (
            {"models": [model(environment={"DATABASE_HOST": "x"})], "database": GIVEN_DATABASE},
            "models[0].container.environment.DATABASE_HOST: is set from database; leave it out",
        ),
        ({"billing_account": "my-account"}, "billing_account: 'my-account' is no billing account; write XXXXXX-XXXXXX-XXXXXX"),
        (
            {"billing_account": "0A1B2C-3D4E5F-678901", "operations": Operations(emails=[f"a{n}@b.c" for n in range(6)])},
            "operations.emails: 6 addresses are too many for a budget on Google Cloud; use 5 or fewer",
        ),
        ({"consumer_projects": ["Shop"]}, "consumer_projects[0]: 'Shop' is no project id"),
        (
            {"consumer_projects": ["web-shop"], "access": Access(exposure=Exposure.PUBLIC)},
            "consumer_projects: excludes access.exposure 'public'",
        ),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component; leave it out"),
        ({"models": []}, "models: is empty; list at least one model"),
        ({"scaling": Scaling(minimum=5, maximum=2)}, "scaling.maximum: 2 is below scaling.minimum 5; use 5 or more"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    assert message in refusal(**arguments)


def test_every_problem_is_told_at_once() -> None:
    text = refusal(compute=Compute(gpus=2), network=Network(callers=["10.1.0.0/16"]))
    assert text.startswith("VertexEndpoint 'pricing': 2 arguments are not valid")


def test_an_unknown_argument_suggests_the_right_one() -> None:
    with pytest.raises(ArgumentError, match=r"billing_acount: 'billing_acount' is not known; did you mean 'billing_account'\?"):
        parse(VertexEndpointArgs, {"models": [model()], "billing_acount": "x"}, "VertexEndpoint 'pricing'")


def test_arguments_shared_by_the_clouds_are_taken() -> None:
    checked = parse(VertexEndpointArgs, ManagedEndpointArgs(models=[model()]), "VertexEndpoint 'pricing'")
    assert checked.billing_account is None


@pytest.mark.parametrize("caller", ["user:a@b.c", "group:g@b.c", "domain:b.c", "serviceAccount:s@p.iam.gserviceaccount.com", "principal://iam/x"])
def test_iam_members_are_taken(caller: str) -> None:
    assert endpoint_graph(access=Access(callers=[caller]))


@pytest.mark.parametrize("host", ["europe-west1-docker.pkg.dev/p/r", "europe-docker.pkg.dev/p/r", "gcr.io/p", "eu.gcr.io/p"])
def test_images_of_googles_registries_are_taken(host: str) -> None:
    assert endpoint_graph(models=[model(image=f"{host}/pricing@sha256:" + "a" * 64)])


def test_nothing_is_registered_after_a_refusal() -> None:
    def program() -> dict[str, Any]:
        with pytest.raises(ArgumentError):
            VertexEndpoint("pricing", VertexEndpointArgs(models=[model()], compute=Compute(gpus=2)))
        return {}

    assert run(program).registrations == []
