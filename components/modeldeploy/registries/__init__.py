"""Where a model comes from, at exactly which version.

    found = resolve("models:/pricing@champion", reads=("s3",))
    found.source     # what a component deploys: s3://bucket/1/models/m-1/artifacts, or a local folder
    found.origin     # models:/pricing/7
    found.tags()     # {"model-source": "models:/pricing/7", "model-run": "c0ffee..."}

| `source` | what it is | exact version |
|---|---|---|
| `models:/name/7`, `models:/name@alias` | MLflow's model registry (`modeldeploy[mlflow]`, and `MLFLOW_TRACKING_URI`) | the registry's |
| a file or folder with a `.dvc` file beside it or a line in `dvc.lock`, or that `.dvc` file | tracked by DVC | its MD5 |
| any other file or folder | local | hash of its content |
| `s3://`, `gs://`, `https://`, `azureml://`, `pvc://` | an object store | the address itself |

An alias is followed each time a program runs, so a preview and the `up` after it may find different versions; name the version where they must not.
"""

from collections.abc import Sequence
from pathlib import Path

from modeldeploy.spec.artifact import content_hash
from modeldeploy.spec.model import REMOTE

from . import dvc_files, mlflow_models
from .errors import ModelChangedError, ModelMissingError, RegistryError, RegistryUnreachableError
from .resolved import FOLDER, Resolved

__all__ = ["ModelChangedError", "ModelMissingError", "RegistryError", "RegistryUnreachableError", "Resolved", "resolve"]


def resolve(source: str, *, reads: Sequence[str], folder: Path = FOLDER) -> Resolved:
    """The model at `source`, at an exact version.

    `reads` are the schemes that the target reads in place (`s3` on AWS); from any other store an artifact is downloaded to `folder`, under its
    content hash. The default is below the program's folder, so that the address is the same on every machine.

    Raises `RegistryError`: the model or its version is missing, its content is not what was recorded, the registry does not answer.
    """
    if source.startswith(mlflow_models.SCHEME):
        return mlflow_models.resolve(source, reads, folder)
    if "://" in source:
        return Resolved(source=source, origin=source)
    tracked = dvc_files.find(Path(source))
    if tracked is not None:
        return dvc_files.resolve(tracked, reads, folder)
    # What is wrong with a path is said by the component that deploys it, with the argument's name.
    known = Path(source).exists() and REMOTE.fullmatch(source) is None
    return Resolved(source=source, origin=f"sha256:{content_hash(source)}" if known else source)
