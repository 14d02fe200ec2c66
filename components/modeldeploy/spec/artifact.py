"""Local model artifacts: what is in them, and the archive some services want.

Everything here is deterministic: the same files give the same hash and the same archive on every machine, so that a second
`pulumi up` changes nothing.
"""

import gzip
import hashlib
import tarfile
import tempfile
import zipfile
from pathlib import Path


def files(source: str) -> dict[str, Path]:
    """The artifact's files by the path they have in the deployment: a file under its own name, a directory's files relative to it, sorted.

    Without what Python leaves beside source code, which differs from run to run.
    """
    path = Path(source)
    if path.is_file():
        return {path.name: path}
    found = sorted(each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.relative_to(path).parts)
    return {each.relative_to(path).as_posix(): each for each in found}


def content_hash(source: str) -> str:
    """Sixteen hexadecimal digits of the SHA-256 over the names and contents of the artifact's files."""
    digest = hashlib.sha256()
    for name, path in files(source).items():
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def archive(source: str) -> Path:
    """The artifact as `model.tar.gz`, in the temporary folder under its content hash.

    Times, owners and order are fixed. SageMaker wants this form: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    """
    folder = Path(tempfile.gettempdir()) / "modeldeploy-artifacts" / content_hash(source)
    target = folder / "model.tar.gz"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=folder, delete=False) as partial,
        gzip.GzipFile(filename="", mode="wb", fileobj=partial, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, path in files(source).items():
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
    Path(partial.name).replace(target)
    return target


def zip_archive(source: str) -> Path:
    """The files as `code.zip`, in the temporary folder under their content hash. Times, rights and order are fixed; functions want this form."""
    folder = Path(tempfile.gettempdir()) / "modeldeploy-artifacts" / content_hash(source)
    target = folder / "code.zip"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, path in files(source).items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, path.read_bytes())
    Path(partial.name).replace(target)
    return target
