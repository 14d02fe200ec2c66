"""Arguments of the monitors of a SageMaker endpoint."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from modeldeploy.spec.arguments import Problem

from .given import folder_problems

EVERY_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,200}")
FILE = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+\."


class ModelTask(StrEnum):
    """What a model predicts."""

    REGRESSION = "Regression"
    """A number."""
    BINARY = "BinaryClassification"
    """One of two classes."""
    CLASSES = "MulticlassClassification"
    """One of several classes."""


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """What every monitor has. Files are in S3, in buckets that the monitor may then read."""

    constraints: str
    """`constraints.json` of the baseline, which a baseline job made from the training data: `s3://<bucket>/<path>`."""
    every_hours: int = 24
    """Time between runs, in hours: 1, 2, 3, 4, 6, 8, 12 or 24."""
    above: dict[str, float] = field(default_factory=dict[str, float])
    """Metrics of the monitor that raise an alarm above a value: `feature_baseline_drift_age: 0.2`, `rmse: 12`, `bias_metric_DPPL: 0.1`. Default:
    none."""
    below: dict[str, float] = field(default_factory=dict[str, float])
    """Metrics of the monitor that raise an alarm below a value: `f1: 0.8`. Default: none."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.every_hours not in EVERY_HOURS:
            yield Problem("every_hours", f"{self.every_hours} is not allowed; use one of {', '.join(map(str, EVERY_HOURS))}")
        yield from _file_problems("constraints", self.constraints)
        for name in ("above", "below"):
            for metric in getattr(self, name):
                if not METRIC.fullmatch(metric):
                    yield Problem(f"{name}.{metric}", "is no metric; write for example feature_baseline_drift_age")


@dataclass(frozen=True, kw_only=True)
class DataQualityMonitor(Monitor):
    """Whether what is asked still looks like the training data: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-quality.html."""

    statistics: str
    """`statistics.json` of the baseline."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.statistics]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from _file_problems("statistics", self.statistics)


@dataclass(frozen=True, kw_only=True)
class ModelQualityMonitor(Monitor):
    """Whether answers were right: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality.html."""

    task: ModelTask
    """What the model predicts."""
    ground_truth: str
    """Folder to which somebody brings what was right, by the id of the request: `s3://<bucket>/<folder>`."""
    inference: str
    """Where in the answer the prediction is: the column's number in CSV, the field in JSON."""
    probability: str | None = None
    """Where in the answer the probability is. Default: nowhere."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.ground_truth]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from folder_problems("ground_truth", self.ground_truth)


@dataclass(frozen=True, kw_only=True)
class BiasMonitor(Monitor):
    """Whether answers favour somebody: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift.html."""

    analysis: str
    """`analysis_config.json`, which says what the label and the groups are."""
    ground_truth: str
    """As for `ModelQualityMonitor`."""
    inference: str
    """As for `ModelQualityMonitor`."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.analysis, self.ground_truth]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from _file_problems("analysis", self.analysis)
        yield from folder_problems("ground_truth", self.ground_truth)


class Aggregation(StrEnum):
    """How one number for a feature is made of those of all requests."""

    MEAN_ABSOLUTE = "mean_abs"
    """The mean of what they are without their signs."""
    MEAN_SQUARE = "mean_sq"
    """The mean of their squares."""
    MEDIAN = "median"
    """Their median."""


@dataclass(frozen=True, kw_only=True)
class ExplainabilityMonitor(Monitor):
    """Whether answers still rest on the same features: how much each one contributes, by Kernel SHAP.

    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-feature-attribution-drift.html. Each run starts an endpoint of its own with
    the version that answers most, on one machine of `compute`, asks it very often, and takes it away. Its metrics are named `feature_<name>`.
    """

    features: list[str]
    """Names of the features, in the order in which a request has them."""
    baseline: str
    """File with at least one row of features, with which requests are compared, in the format of the requests: `s3://<bucket>/<path>.csv` or
    `.jsonl`."""
    samples: int | None = None
    """Requests that are made up for each one that is explained, 1 to 100000. Default: by the number of features."""
    aggregation: Aggregation = Aggregation.MEAN_ABSOLUTE
    """How one number for a feature is made of those of all requests. It is the one that the baseline was made with."""
    probability: str | None = None
    """Where in the answer the number is that is explained: the column's number in CSV, the field in JSON. Default: the answer is that number."""
    features_at: str | None = None
    """Where in a request of JSON lines the features are (JSONPath). Required with a baseline in `.jsonl`, and only then."""
    request: str | None = None
    """How a request of JSON lines is written around its features: `{"features": $features}`. Required with a baseline in `.jsonl`, and only then."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.baseline]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if not self.features:
            yield Problem("features", "is empty; name the features in the order in which a request has them")
        if not re.fullmatch(FILE + "(csv|jsonl)", self.baseline):
            yield Problem("baseline", f"'{self.baseline}' is no file of features; write s3://<bucket>/<path>.csv or .jsonl")
        if self.samples is not None and not 1 <= self.samples <= 100_000:
            yield Problem("samples", f"{self.samples} is not allowed; use 1 to 100000")
        lines = self.baseline.endswith(".jsonl")
        for name in ("features_at", "request"):
            if lines and getattr(self, name) is None:
                yield Problem(name, "is required with a baseline in JSON lines")
            if not lines and getattr(self, name) is not None:
                yield Problem(name, "has no effect with a baseline in CSV; leave it out")
        if self.request is not None and self.request.count("$features") != 1:
            yield Problem("request", f'{self.request!r} does not say where the features go; write for example {{"features": $features}}')


@dataclass(frozen=True, kw_only=True)
class Monitors:
    """Which monitors there are."""

    data_quality: DataQualityMonitor | None = None
    """Of what is asked. Default: none."""
    model_quality: ModelQualityMonitor | None = None
    """Of whether answers were right. Default: none."""
    bias: BiasMonitor | None = None
    """Of whether answers favour somebody. Default: none."""
    explainability: ExplainabilityMonitor | None = None
    """Of whether answers rest on the same features. A network that is given then needs an endpoint for `sagemaker.api`. Default: none."""

    def all(self) -> dict[str, Monitor]:
        """Those there are, by name."""
        named: dict[str, Monitor | None] = {
            "data-quality": self.data_quality,
            "model-quality": self.model_quality,
            "bias": self.bias,
            "explainability": self.explainability,
        }
        return {name: monitor for name, monitor in named.items() if monitor is not None}

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.all():
            yield Problem("data_quality", "give at least one monitor, or leave monitors out")


def _file_problems(path: str, file: str) -> Iterator[Problem]:
    if not re.fullmatch(FILE + "json", file):
        yield Problem(path, f"'{file}' is no file of a baseline; write s3://<bucket>/<path>.json")
