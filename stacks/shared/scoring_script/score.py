"""What Azure ML runs for each batch of files: https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script."""

import csv
import json
import os
from pathlib import Path
from typing import Any, cast

import joblib

_loaded: dict[str, Any] = {}


def init() -> None:
    """Loads the model once for each machine."""
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    for name in ("model", "scaler"):
        found = next(folder.rglob(f"{name}.pkl"), None)
        _loaded[name] = None if found is None else cast(Any, joblib).load(found)


def run(mini_batch: list[str]) -> list[str]:
    """A line of JSON for each record of the files."""
    answers: list[str] = []
    for file in mini_batch:
        records = read(Path(file), os.environ.get("RECORD_FORMAT", "jsonl"))
        features = records if _loaded["scaler"] is None else _loaded["scaler"].transform(records)
        predicted = _loaded["model"].predict(features).tolist()
        answers += [json.dumps({"file": Path(file).name, "line": number, "prediction": each}) for number, each in enumerate(predicted, start=1)]
    return answers


def read(file: Path, record_format: str) -> list[list[float]]:
    """The records of a file: numbers in the order the model was trained with."""
    with file.open(newline="") as lines:
        if record_format == "csv":
            return [[float(value) for value in row] for row in csv.reader(lines)]
        return [json.loads(line)["features"] for line in lines if line.strip()]
