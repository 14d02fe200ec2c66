"""Runs inside Azure ML: answers with a model as MLflow writes it, in an environment that Azure ML builds.

Contract: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-online-endpoints#understand-the-scoring-script. It takes the requests that
MLflow's own server takes as data frames, and Azure's form of them (`input_data`), and hands both to Azure's collector where a monitor wants them.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

FORMS = ("dataframe_split", "input_data")

state: dict[str, Any] = {}


def init() -> None:
    """Loads the model, and opens the collectors if `COLLECT_MODEL_DATA` is set."""
    folder = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("MLmodel")).parent
    state["model"] = importlib.import_module("mlflow.pyfunc").load_model(str(folder))
    if os.environ.get("COLLECT_MODEL_DATA"):
        collector = importlib.import_module("azureml.ai.monitoring").Collector
        # What cannot be kept is no reason to answer nobody.
        state["collectors"] = [collector(name=name, on_error=print) for name in ("model_inputs", "model_outputs")]


def run(data: str) -> dict[str, Any]:
    """The predictions for a request."""
    pandas = importlib.import_module("pandas")
    rows = frame(pandas, json.loads(data))
    answer = pandas.DataFrame(state["model"].predict(rows))
    answer.columns = [str(each) for each in answer.columns]
    if "collectors" in state:
        inputs, outputs = state["collectors"]
        outputs.collect(answer, inputs.collect(rows))
    values = answer.values.tolist()
    return {"predictions": [row[0] for row in values] if len(answer.columns) == 1 else values}


def frame(pandas: Any, body: dict[str, Any]) -> Any:
    """The rows of a request."""
    if "dataframe_records" in body:
        return pandas.DataFrame(body["dataframe_records"])
    for form in FORMS:
        if form in body:
            split = body[form]
            return pandas.DataFrame(split["data"], columns=split.get("columns"), index=split.get("index"))
    raise ValueError(f"the request has none of dataframe_records, {', '.join(FORMS)}")
