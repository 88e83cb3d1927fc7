"""Puts the assets of a folder into the archive that Superset imports: `bundle.py <folder> <archive>`.

A ConfigMap has no folders: `datasets__Trino__revenue.yaml` is datasets/Trino/revenue.yaml. The connection is there already,
made from the environment; the archive has its uuid, since Superset would ask a database that it does not know at once which
schemas it has, and fail where that does not answer.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import sqlalchemy

CONNECTION = "Trino"
# Of the connection, in the files.
UUID = "5d0c1e0a-6f2b-4c39-9f55-0d6f0c1a7b01"


def bundle(folder: Path, archive: Path, uuid: str) -> None:
    files = sorted(folder.glob("*.yaml"))
    if not any(file.name == "metadata.yaml" for file in files):
        raise SystemExit(f"{folder} has no metadata.yaml: are the assets mounted there?")
    with zipfile.ZipFile(archive, "w") as target:
        for file in files:
            # Superset leaves out the first folder of every name.
            target.writestr("assets/" + file.name.replace("__", "/"), file.read_text().replace(UUID, uuid))


def uuid_of(connection: str, uri: str) -> str:
    engine = sqlalchemy.create_engine(uri)
    with engine.connect() as session:
        found = session.execute(
            sqlalchemy.text("select uuid from dbs where database_name = :name"), {"name": connection}
        ).scalar()
    if found is None:
        raise SystemExit(f'Superset has no connection "{connection}"')
    return str(found)


if __name__ == "__main__":
    bundle(Path(sys.argv[1]), Path(sys.argv[2]), uuid_of(CONNECTION, os.environ["DATABASE_URI"]))
