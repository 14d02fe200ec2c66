"""The decision tree: what it advises, and what holds whatever is asked."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeploy.advise import (
    BY_TYPE,
    LONGEST_REQUEST,
    MOST_GPUS,
    MOST_MEMORY,
    OPTIONS,
    Advice,
    Complexity,
    Option,
    advise,
)
from modeldeploy.aws import instances as aws
from modeldeploy.azure import instances as azure
from modeldeploy.gcp import instances as gcp
from modeldeploy.grid import DEPLOYMENTS, Cloud, check, endpoint
from modeldeploy.spec import ArgumentError, Compute, ContainerArgs, ContainerCompute, FunctionModel, ManagedEndpointArgs, ServerlessArgs
from modeldeploy.spec.compute import choose
from modeldeploy.spec.needs import DEFAULTS, ONLY_FOR, DataClass, DeploymentType, Needs, Traffic, Work
from tests.components.spec.factories import model

CONTAINER, ENDPOINT = DeploymentType.CONTAINER, DeploymentType.MANAGED_ENDPOINT
KUBERNETES, SERVERLESS = DeploymentType.KUBERNETES, DeploymentType.SERVERLESS
BATCH, MANAGED_BATCH, STREAMING = DeploymentType.BATCH, DeploymentType.MANAGED_BATCH, DeploymentType.STREAMING

REAL_TIME = Needs(work=Work.REAL_TIME)
A_BATCH = Needs(work=Work.BATCH)
FILES = Needs(work=Work.BATCH, files_of_records=True)

COMPARISON = {
    "REST API": ("Real-time predictions", "50-200 ms", "$$", Complexity.LOW),
    "Batch processing": ("Large-scale periodic predictions", "hours", "$", Complexity.LOW),
    "Streaming": ("Real-time data pipelines", "<10 ms", "$$$", Complexity.HIGH),
    "Edge deployment": ("IoT, mobile devices", "<10 ms", "$", Complexity.MEDIUM),
    "Serverless": ("Sporadic, event-driven", "100-500 ms", "$", Complexity.LOW),
    "Managed endpoint": ("Production ML workloads", "50-100 ms", "$$$", Complexity.MEDIUM),
}
"""The guide's table, as the portfolio publishes it."""

REACHED_BY = {
    "REST API": Needs(work=Work.REAL_TIME, latency_ms=200),
    "Batch processing": Needs(work=Work.BATCH),
    "Streaming": Needs(work=Work.STREAMING),
    "Edge deployment": Needs(work=Work.EDGE),
    "Serverless": Needs(work=Work.REAL_TIME, latency_ms=500, traffic=Traffic.SPORADIC),
    "Managed endpoint": Needs(work=Work.REAL_TIME, latency_ms=100),
    "REST API on Kubernetes": Needs(work=Work.REAL_TIME, latency_ms=30),
    "Managed batch": FILES,
}

PROJECTS = {
    "dynamic-pricing": (Needs(work=Work.REAL_TIME, latency_ms=100, traffic=Traffic.VARIABLE), ENDPOINT),
    "credit-risk": (Needs(work=Work.BATCH, batch_window_minutes=360, data_class=DataClass.PERSONAL), BATCH),
    "demand-forecasting": (Needs(work=Work.BATCH, batch_window_minutes=480), BATCH),
    "price-elasticity": (Needs(work=Work.REAL_TIME, traffic=Traffic.SPORADIC), SERVERLESS),
    "multi-store-sku": (Needs(work=Work.BATCH, tasks=200), BATCH),
    "churn-prediction": (Needs(work=Work.REAL_TIME, latency_ms=100, traffic=Traffic.STEADY, data_class=DataClass.PERSONAL), ENDPOINT),
    "call-drop": (Needs(work=Work.STREAMING), STREAMING),
    "hospital-readmission": (Needs(work=Work.BATCH, files_of_records=True, data_class=DataClass.HEALTH), MANAGED_BATCH),
    "sepsis-detection": (Needs(work=Work.REAL_TIME, latency_ms=30, traffic=Traffic.STEADY, data_class=DataClass.HEALTH), KUBERNETES),
    "drug-recommendation": (Needs(work=Work.REAL_TIME, latency_ms=200, data_class=DataClass.HEALTH), CONTAINER),
}


def types(advice: Advice) -> list[DeploymentType | None]:
    return [verdict.option.deployment for verdict in (advice.chosen, *advice.others)]


def test_the_comparison_is_the_guides() -> None:
    ours = {option.name: (option.use_case, option.latency, option.cost, option.complexity) for option in OPTIONS}
    assert {name: ours[name] for name in COMPARISON} == COMPARISON
    assert set(ours) - set(COMPARISON) == {"REST API on Kubernetes", "Managed batch"}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_line_of_the_comparison_is_reached(option: Option) -> None:
    assert advise(REACHED_BY[option.name]).chosen.option == option


def test_every_deployment_type_has_a_line() -> None:
    assert set(BY_TYPE) == set(DeploymentType)


def test_the_grids_keys_are_the_advised_types() -> None:
    assert {kind for kind, _ in DEPLOYMENTS} <= set(DeploymentType)
    assert (advise(REACHED_BY["Managed endpoint"]).deployment_type(), Cloud.AZURE) in DEPLOYMENTS


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("cloud", [None, *Cloud])
def test_the_portfolios_projects_get_the_type_their_design_names(project: str, cloud: Cloud | None) -> None:
    needs, expected = PROJECTS[project]
    assert advise(needs, cloud).deployment_type() == expected


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        (replace(REAL_TIME, traffic=Traffic.STEADY), [CONTAINER, ENDPOINT, KUBERNETES, SERVERLESS]),
        (replace(REAL_TIME, traffic=Traffic.VARIABLE), [CONTAINER, ENDPOINT, SERVERLESS, KUBERNETES]),
        (REAL_TIME, [CONTAINER, ENDPOINT, SERVERLESS, KUBERNETES]),
        (replace(REAL_TIME, traffic=Traffic.SPORADIC), [SERVERLESS, CONTAINER, ENDPOINT, KUBERNETES]),
        (replace(REAL_TIME, traffic=Traffic.SPORADIC, latency_ms=499), [CONTAINER, ENDPOINT, KUBERNETES, SERVERLESS]),
        (replace(REAL_TIME, latency_ms=199), [ENDPOINT, KUBERNETES, CONTAINER, SERVERLESS]),
        (replace(REAL_TIME, latency_ms=49), [KUBERNETES, CONTAINER, ENDPOINT, SERVERLESS]),
        (replace(REAL_TIME, cluster=True), [KUBERNETES, CONTAINER, ENDPOINT, SERVERLESS]),
        (FILES, [MANAGED_BATCH, BATCH]),
        (replace(FILES, batch_window_minutes=60), [MANAGED_BATCH, BATCH]),
        (replace(FILES, batch_window_minutes=59), [BATCH, MANAGED_BATCH]),
        (replace(A_BATCH, cluster=True), [BATCH, MANAGED_BATCH]),
        (Needs(work=Work.STREAMING), [STREAMING, BATCH]),
        (Needs(work=Work.EDGE), [None, KUBERNETES]),
    ],
)
def test_the_answer_the_runner_up_and_the_rest_come_in_order(needs: Needs, expected: list[DeploymentType | None]) -> None:
    assert types(advise(needs)) == expected
    assert advise(needs).runner_up.option.deployment == expected[1]


@pytest.mark.parametrize(
    ("needs", "cloud", "kind", "objection"),
    [
        (replace(REAL_TIME, latency_ms=80), None, CONTAINER, "is meant for 200 ms and more (50-200 ms), not 80"),
        (replace(REAL_TIME, gpus=1), None, SERVERLESS, "has 0 GPUs at most (aws), not 1"),
        (replace(REAL_TIME, gpus=1), None, CONTAINER, "has 0 GPUs at most (aws), not 1"),
        (replace(REAL_TIME, gpus=1), Cloud.AZURE, CONTAINER, None),
        (replace(REAL_TIME, gpus=2), Cloud.AZURE, CONTAINER, "has 1 GPUs at most (azure), not 2"),
        (replace(REAL_TIME, gpus=2), None, ENDPOINT, "has 1 GPUs at most (aws), not 2"),
        (replace(REAL_TIME, gpus=1), None, ENDPOINT, None),
        (replace(REAL_TIME, request_seconds=29), None, SERVERLESS, None),
        (replace(REAL_TIME, request_seconds=30), None, SERVERLESS, "takes requests of 29 s at most (aws), not 30 s"),
        (replace(REAL_TIME, request_seconds=30), Cloud.GCP, SERVERLESS, None),
        (replace(REAL_TIME, request_seconds=61), Cloud.AWS, ENDPOINT, "takes requests of 60 s at most (aws), not 61 s"),
        (replace(REAL_TIME, request_seconds=241), None, CONTAINER, "takes requests of 240 s at most (aws), not 241 s"),
        (replace(REAL_TIME, request_seconds=241), None, KUBERNETES, None),
        (replace(REAL_TIME, memory_gib=8), None, SERVERLESS, None),
        (replace(REAL_TIME, memory_gib=9), None, SERVERLESS, "has 8 GiB of memory at most (azure), not 9 GiB"),
        (replace(REAL_TIME, memory_gib=33), None, CONTAINER, "has 32 GiB of memory at most (gcp), not 33 GiB"),
        (replace(REAL_TIME, cluster=True), None, ENDPOINT, "does not run on the cluster that is there"),
        (replace(REAL_TIME, cluster=True, gpus=8), None, KUBERNETES, None),
        (A_BATCH, None, MANAGED_BATCH, "scores files of records only"),
        (replace(FILES, batch_window_minutes=30), None, MANAGED_BATCH, "takes 60 minutes with the start of its machines, not 30"),
        (Needs(work=Work.EDGE), None, KUBERNETES, "is for real-time work, not edge"),
        (Needs(work=Work.STREAMING), None, BATCH, "is for batch work, not streaming"),
    ],
)
def test_what_a_type_cannot_do_is_said_with_number_and_cloud(needs: Needs, cloud: Cloud | None, kind: DeploymentType, objection: str | None) -> None:
    advice = advise(needs, cloud)
    verdict = next(each for each in (advice.chosen, *advice.others) if each.option.deployment is kind)
    assert verdict.objections == ((objection,) if objection else ())
    assert verdict.fits is (objection is None)


def test_a_budget_passes_over_what_costs_more_at_rest() -> None:
    assert types(advise(replace(REAL_TIME, monthly_budget_usd=89)))[0] is CONTAINER
    assert types(advise(replace(REAL_TIME, monthly_budget_usd=88)))[0] is SERVERLESS


def test_a_budget_that_nothing_keeps_is_said() -> None:
    advice = advise(replace(REAL_TIME, latency_ms=100, monthly_budget_usd=100))
    assert advice.deployment_type() is ENDPOINT
    assert advice.keep_in_mind[0] == (
        "a month costs about 168 USD with the default machines, before the first request; nothing that fits is within the budget of 100 USD"
    )


def test_a_cluster_that_is_there_costs_nothing_more() -> None:
    advice = advise(replace(REAL_TIME, cluster=True, monthly_budget_usd=1))
    assert not advice.chosen.over_budget


def test_the_managed_endpoints_price_at_rest_is_that_of_the_dearest_cloud() -> None:
    defaults = ManagedEndpointArgs(models=[])
    tables = (aws.INSTANCES, azure.CATALOGUE, gcp.CATALOGUE)
    hourly = [choose(Compute() if defaults.compute == Compute() else defaults.compute, table).hourly_usd for table in tables]
    assert BY_TYPE[ENDPOINT].at_rest_usd == round(max(hourly) * 730 * defaults.scaling.minimum)


TABLES = {Cloud.AWS: aws.INSTANCES, Cloud.AZURE: azure.CATALOGUE, Cloud.GCP: gcp.CATALOGUE}


@pytest.mark.parametrize("cloud", Cloud)
def test_a_managed_endpoint_has_as_many_gpus_as_the_clouds_table(cloud: Cloud) -> None:
    assert MOST_GPUS[ENDPOINT][cloud] == max(machine.gpus for machine in TABLES[cloud])


def refused(kind: DeploymentType, cloud: Cloud, argument: str, args: object) -> bool:
    """Whether the component says something about this argument."""
    try:
        check(endpoint(kind, cloud), "pricing", args)
    except ArgumentError as error:
        return any(problem.path.startswith(argument) for problem in error.problems)
    return False


@pytest.mark.parametrize("cloud", Cloud)
def test_a_container_has_exactly_what_its_component_takes(cloud: Cloud) -> None:
    gpus, memory, seconds = (limits[CONTAINER][cloud] for limits in (MOST_GPUS, MOST_MEMORY, LONGEST_REQUEST))
    for more in (0, 1):
        asked = ContainerArgs(models=[model()], compute=ContainerCompute(gpus=gpus + more))
        assert refused(CONTAINER, cloud, "compute", asked) is bool(more)
        asked = ContainerArgs(models=[model()], compute=ContainerCompute(cpu_millis=8000, memory_mib=(memory + more) * 1024))
        assert refused(CONTAINER, cloud, "compute", asked) is bool(more)
        assert refused(CONTAINER, cloud, "request_seconds", ContainerArgs(models=[model()], request_seconds=seconds + more)) is bool(more)


@pytest.mark.parametrize("cloud", Cloud)
def test_a_function_has_exactly_what_its_component_takes(cloud: Cloud) -> None:
    memory, seconds = (limits[SERVERLESS][cloud] for limits in (MOST_MEMORY, LONGEST_REQUEST))
    function = FunctionModel(name="pricing", version="1", source=model().source, container=model().container)
    for more in (0, 1):
        assert refused(SERVERLESS, cloud, "memory_mib", ServerlessArgs(models=[function], memory_mib=(memory + more) * 1024)) is bool(more)
        assert refused(SERVERLESS, cloud, "request_seconds", ServerlessArgs(models=[function], request_seconds=seconds + more)) is bool(more)


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (REAL_TIME, "variable traffic: replicas are added in peaks and removed after them"),
        (
            replace(REAL_TIME, traffic=Traffic.STEADY),
            "steady traffic: machines that are always there cost less than functions that are always called",
        ),
        (replace(REAL_TIME, traffic=Traffic.SPORADIC), "sporadic traffic: nothing is paid in the pauses"),
        (replace(REAL_TIME, traffic=Traffic.SPORADIC, latency_ms=200), "sporadic traffic: about 89 USD a month are paid in the pauses too"),
        (replace(REAL_TIME, latency_ms=80), "its class, 50-100 ms, is within reach of 80 ms"),
        (replace(REAL_TIME, cluster=True), "it runs on the cluster that is there"),
        (A_BATCH, "its container reads what it scores by itself"),
        (replace(A_BATCH, tasks=3), "3 tasks run side by side, each scores its part"),
        (FILES, "the service reads the files, asks the model for each record and writes the answers"),
        (A_BATCH, "nobody waits: a lot is scored at once"),
        (Needs(work=Work.STREAMING), "each event is scored as it arrives"),
        (Needs(work=Work.EDGE), "the device asks the model it carries"),
        (REAL_TIME, "somebody waits for the answer"),
    ],
)
def test_the_choice_is_explained(needs: Needs, reason: str) -> None:
    assert reason in advise(needs).chosen.reasons


@pytest.mark.parametrize(
    ("needs", "other", "sentence"),
    [
        (replace(REAL_TIME, latency_ms=100), REAL_TIME, "set operations.latency_milliseconds to 100, so that an alarm says when it is not kept"),
        (
            replace(REAL_TIME, latency_ms=99),
            replace(REAL_TIME, latency_ms=100),
            "below 100 ms the model needs an optimized runtime (ONNX Runtime, TensorRT); measure it before it is released",
        ),
        (
            replace(REAL_TIME, latency_ms=49),
            replace(REAL_TIME, latency_ms=50),
            "callers have to be in the same cluster: every service in front takes more than is left",
        ),
        (
            replace(REAL_TIME, traffic=Traffic.SPORADIC),
            REAL_TIME,
            "the first request after a pause takes seconds, unless scaling.minimum is 1 or more, which is paid",
        ),
        (
            Needs(work=Work.STREAMING),
            A_BATCH,
            "the class holds for the model's own time; what arrives faster than it is scored waits in the stream, and an alarm watches that",
        ),
        (replace(A_BATCH, cluster=True), A_BATCH, "on a cluster of any kind the component is KubernetesBatch"),
        (
            replace(A_BATCH, batch_window_minutes=239),
            replace(A_BATCH, batch_window_minutes=240),
            "set spot to false: the window leaves no time to begin again when a spare machine is taken back",
        ),
        (Needs(work=Work.EDGE), REAL_TIME, "this library has no component for devices; it can put the model on a cluster near them"),
        (replace(REAL_TIME, data_class=DataClass.INTERNAL), replace(REAL_TIME, data_class=DataClass.PUBLIC), "tag the stack data-class: internal"),
        (
            replace(REAL_TIME, data_class=DataClass.HEALTH),
            replace(REAL_TIME, data_class=DataClass.PERSONAL),
            "keep access.exposure private; the policy pack takes no exception for this class of data",
        ),
        (
            replace(REAL_TIME, data_class=DataClass.PERSONAL),
            REAL_TIME,
            "leave operations.capture_percent at 0, unless there is a legal ground to keep what people sent",
        ),
        (
            replace(REAL_TIME, data_class=DataClass.HEALTH),
            replace(REAL_TIME, data_class=DataClass.CARDHOLDER),
            "the cloud's business associate agreement comes before the first record",
        ),
    ],
)
def test_what_has_to_be_kept_in_mind_is_said_where_it_holds(needs: Needs, other: Needs, sentence: str) -> None:
    assert sentence in advise(needs).keep_in_mind
    assert sentence not in advise(other).keep_in_mind


def test_edge_is_advised_and_no_component_is_promised() -> None:
    with pytest.raises(ArgumentError, match="'edge' is advised, and there is no component for it; the nearest that there is: kubernetes"):
        advise(Needs(work=Work.EDGE)).deployment_type()


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (replace(REAL_TIME, latency_ms=9), "latency_ms: 9 is not allowed; use 10 or more: no service answers over a network in less"),
        (replace(A_BATCH, batch_window_minutes=9), "batch_window_minutes: 9 is not allowed; use 10 or more: machines take minutes to start"),
        (replace(REAL_TIME, request_seconds=0), "request_seconds: 0 is not allowed; use 1 or more"),
        (replace(REAL_TIME, memory_gib=0), "memory_gib: 0 is not allowed; use 1 or more"),
        (replace(REAL_TIME, gpus=-1), "gpus: -1 is not allowed; use 0 or more"),
        (replace(A_BATCH, tasks=0), "tasks: 0 is not allowed; use 1 or more"),
        (replace(REAL_TIME, monthly_budget_usd=0), "monthly_budget_usd: 0 is not allowed; use 1 or more"),
        (replace(FILES, tasks=2), "files_of_records: excludes 2 tasks"),
        (replace(FILES, cluster=True), "files_of_records: has no effect on a cluster"),
        (replace(A_BATCH, latency_ms=100), "latency_ms: has no effect with work batch; leave it out, or use real-time"),
        (Needs(work=Work.EDGE, cluster=True), "cluster: has no effect with work edge; leave it out, or use real-time or batch"),
    ],
)
def test_needs_that_make_no_sense_are_refused(needs: Needs, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        advise(needs)
    assert message in str(caught.value)


ASKED = {
    "latency_ms": 100,
    "traffic": Traffic.STEADY,
    "request_seconds": 5,
    "memory_gib": 2,
    "gpus": 1,
    "batch_window_minutes": 30,
    "tasks": 2,
    "files_of_records": True,
    "cluster": True,
}


@pytest.mark.parametrize(("work", "name"), [(work, name) for work, name in itertools.product(Work, ASKED) if work not in ONLY_FOR[name]])
def test_a_need_without_effect_is_refused_not_ignored(work: Work, name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name}: has no effect with work {work}"):
        advise(replace(Needs(work=work), **{name: ASKED[name]}))


@st.composite
def needs(draw: st.DrawFn, works: tuple[Work, ...] = tuple(Work)) -> Needs:
    def maybe(low: int, high: int) -> int | None:
        return draw(st.none() | st.integers(low, high))

    work = draw(st.sampled_from(works))
    budget, data = maybe(1, 400), draw(st.sampled_from(DataClass))
    common = Needs(work=work, monthly_budget_usd=budget, data_class=data)
    if work is Work.REAL_TIME:
        return replace(
            common,
            latency_ms=maybe(10, 700),
            traffic=draw(st.none() | st.sampled_from(Traffic)),
            request_seconds=maybe(1, 700),
            memory_gib=maybe(1, 200),
            gpus=draw(st.integers(0, 8)),
            cluster=draw(st.booleans()),
        )
    if work is Work.BATCH:
        tasks, files = draw(st.integers(1, 5)), draw(st.booleans())
        return replace(
            common,
            batch_window_minutes=maybe(10, 500),
            tasks=tasks,
            files_of_records=files and tasks == 1,
            cluster=draw(st.booleans()) and not (files and tasks == 1),
        )
    return common


clouds = st.none() | st.sampled_from(Cloud)


def broken(needs: Needs, kind: DeploymentType | None, cloud: Cloud | None) -> Iterator[str]:
    """The needs that `kind` does not meet, said again here from the tables, not from the code under test."""
    asked_clouds = [cloud] if cloud else list(Cloud)
    if needs.work is Work.EDGE:
        if kind is not None:
            yield "edge"
        return
    assert kind is not None
    option = BY_TYPE[kind]
    if option.work is not needs.work:
        yield "work"
    if (needs.latency_ms or 10_000) < option.reaches and needs.work is Work.REAL_TIME:
        yield "latency"
    if (needs.batch_window_minutes or 10_000) < option.reaches and needs.work is Work.BATCH:
        yield "window"
    if needs.cluster and kind not in (KUBERNETES, BATCH):
        yield "cluster"
    if kind is MANAGED_BATCH and (needs.tasks > 1 or not needs.files_of_records):
        yield "records"
    if not needs.cluster:
        for each in asked_clouds:
            if needs.gpus > MOST_GPUS.get(kind, {}).get(each, 10_000):
                yield "gpus"
            if (needs.request_seconds or 0) > LONGEST_REQUEST.get(kind, {}).get(each, 10_000):
                yield "request"
            if (needs.memory_gib or 0) > MOST_MEMORY.get(kind, {}).get(each, 10_000):
                yield "memory"


@given(needs(), clouds)
def test_there_is_always_one_answer_with_reasons_and_a_runner_up_that_differs(asked: Needs, cloud: Cloud | None) -> None:
    advice = advise(asked, cloud)
    assert advice.chosen.fits
    assert advice.chosen.reasons
    assert advice.runner_up.option != advice.chosen.option
    assert len(set(types(advice))) == len(types(advice))


@given(needs(), clouds)
def test_no_hard_need_is_ever_violated(asked: Needs, cloud: Cloud | None) -> None:
    assert list(broken(asked, advise(asked, cloud).chosen.option.deployment, cloud)) == []


@given(needs(), clouds)
def test_what_is_passed_over_for_an_objection_really_lacks_something(asked: Needs, cloud: Cloud | None) -> None:
    for verdict in advise(asked, cloud).others:
        assert bool(list(broken(asked, verdict.option.deployment, cloud))) == bool(verdict.objections)


@given(needs((Work.REAL_TIME,)), clouds, st.integers(10, 700), st.integers(0, 300))
def test_more_time_for_an_answer_never_leads_to_a_type_that_is_less_preferred(asked: Needs, cloud: Cloud | None, latency: int, more: int) -> None:
    order = types(advise(Needs(work=asked.work, traffic=asked.traffic)))
    before, after = (advise(replace(asked, latency_ms=each), cloud).chosen for each in (latency, latency + more))
    assert (after.over_budget, order.index(after.option.deployment)) <= (before.over_budget, order.index(before.option.deployment))


@given(needs((Work.BATCH,)), st.integers(10, 500), st.integers(0, 300))
def test_more_time_for_a_batch_never_takes_the_service_away(asked: Needs, window: int, more: int) -> None:
    before, after = (advise(replace(asked, batch_window_minutes=each)).deployment_type() for each in (window, window + more))
    assert after is MANAGED_BATCH or before is BATCH


@given(needs(), clouds)
def test_a_type_over_the_budget_is_advised_only_when_all_that_fit_are(asked: Needs, cloud: Cloud | None) -> None:
    advice = advise(asked, cloud)
    if advice.chosen.over_budget:
        assert all(verdict.over_budget for verdict in advice.others if verdict.fits)


@given(needs(), clouds)
def test_advice_for_all_clouds_holds_on_each(asked: Needs, cloud: Cloud | None) -> None:
    everywhere = advise(asked).chosen.option.deployment
    assert list(broken(asked, everywhere, cloud)) == []


def test_the_strategy_above_knows_every_need() -> None:
    assert set(ASKED) | {"work", "data_class", "monthly_budget_usd"} == set(DEFAULTS)
