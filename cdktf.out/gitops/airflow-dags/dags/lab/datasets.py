"""Data sets that DVC versions, from the repository to the object store.

A remote of DVC 3 holds a file under `files/md5/<two digits>/<the rest>`; the `.dvc` file beside the data has its MD5.
`dvc push` and `dvc pull` on somebody's machine find what this puts there, and the other way round.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

REMOTE_BUCKET = "dvc"
DATA_BUCKET = "data"


class DataSetError(Exception):
    """The data set is not what its `.dvc` file says."""


def ingest(store: Any, folder: Path, prefix: str) -> dict[str, str]:
    """
    Puts every data set of `folder` under `prefix` of the bucket `data`.

    store: a client of boto3 for S3.
    Returns each file's name and revision (MD5). What DVC's remote lacks is put there when the repository has it.
    Raises DataSetError when a file is nowhere, or differs from its revision; nothing of it has been written then.
    """
    contents: dict[str, tuple[str, bytes]] = {}
    pointers = sorted(folder.glob("*.dvc"))
    if not pointers:
        raise DataSetError(f"{folder} has no .dvc file")
    for pointer in pointers:
        [out] = yaml.safe_load(pointer.read_text())["outs"]
        name, revision = out["path"], out["md5"]
        local = folder / name
        held = read(store, REMOTE_BUCKET, remote_key(revision))
        content = held if held is not None else local.read_bytes() if local.exists() else None
        if content is None:
            raise DataSetError(
                f"{name} of revision {revision} is neither in the repository nor in s3://{REMOTE_BUCKET}: dvc push"
            )
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found != revision:
            where = "the repository" if held is None else f"s3://{REMOTE_BUCKET}"
            raise DataSetError(
                f"{name} in {where} has the MD5 {found}, and its .dvc file says {revision}: dvc add, or dvc push"
            )
        if held is None:
            store.put_object(Bucket=REMOTE_BUCKET, Key=remote_key(revision), Body=content)
        contents[name] = (revision, content)
    for name, (revision, content) in contents.items():
        store.put_object(Bucket=DATA_BUCKET, Key=prefix + name, Body=content, Metadata={"dvc-md5": revision})
    return {name: revision for name, (revision, _) in contents.items()}


def remote_key(md5: str) -> str:
    """Where a remote of DVC 3 holds a file."""
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def read(store: Any, bucket: str, key: str) -> bytes | None:
    """The content of an object; None where there is none."""
    try:
        return store.get_object(Bucket=bucket, Key=key)["Body"].read()
    except store.exceptions.NoSuchKey:
        return None
