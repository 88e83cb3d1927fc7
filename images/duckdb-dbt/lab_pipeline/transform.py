"""raw/ to intermediate/ to processed/: dbt on a DuckDB that lives as long as the job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from .store import Store

RAW = "raw/sales/"
INTERMEDIATE = "intermediate/sales/"
PROCESSED = "processed/sales/"
FIGURES = PROCESSED + "figures.json"
TABLES = ("customers.csv", "orders.csv")
PROJECT = Path(os.environ.get("DBT_PROJECT_DIR", Path(__file__).parents[1] / "dbt"))


class TransformError(Exception):
    """What a person has to mend in the data."""


def run(store: Store, run_id: str) -> dict[str, float]:
    """
    Transforms what is in raw/. Nothing is written to the store when a test of dbt fails.

    Returns the figures of the run, which are in `processed/sales/figures.json` too.
    Raises TransformError when a file is not there or a test fails, and names it.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        found = store.download(RAW, work / RAW)
        missing = [name for name in TABLES if name not in found]
        if missing:
            raise TransformError(
                f"s3://{store.bucket}/{RAW} has no {' and no '.join(missing)}: run the ingestion first"
            )
        (work / INTERMEDIATE).mkdir(parents=True)
        (work / PROCESSED).mkdir(parents=True)
        tests = build(work)
        figures = {**count(work), "tests_passed": tests, "seconds": round(time.monotonic() - started, 3)}
        store.upload(work / INTERMEDIATE, INTERMEDIATE)
        store.upload(work / PROCESSED, PROCESSED)
        store.put(FIGURES, json.dumps({"run_id": run_id, "figures": figures}, sort_keys=True))
    return figures


def build(work: Path) -> int:
    """Runs dbt's models and tests on the files below `work`; gives how many tests passed."""
    # A process of its own: dbt keeps a project in its memory, and ends its process where it likes.
    command = [
        *(sys.executable, "-c", "from dbt.cli.main import cli; cli()"),
        *("--log-format", "text", "--no-use-colors", "--no-send-anonymous-usage-stats", "--no-version-check"),
        *("build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(work / "target"), "--log-path", str(work / "logs")),
    ]
    done = subprocess.run(command, env={**os.environ, "LAB_WORK": str(work)}, capture_output=True, text=True)
    results = work / "target" / "run_results.json"
    if not results.exists():
        raise TransformError(f"dbt did not run:\n{done.stdout}{done.stderr}")
    nodes = json.loads(results.read_text())["results"]
    failed = [
        f"{node['unique_id'].split('.')[2]}: {node['message']}" for node in nodes if node["status"] in ("error", "fail")
    ]
    if failed or done.returncode != 0:
        raise TransformError("\n".join(["the data is not as it has to be:", *failed]))
    return sum(node["unique_id"].split(".")[0] in ("test", "unit_test") for node in nodes)


def count(work: Path) -> dict[str, float]:
    """Figures of the result, for MLflow."""
    with duckdb.connect() as connection:

        def value(sql: str, file: str) -> float:
            row = connection.execute(sql, [str(work / file)]).fetchone()
            assert row is not None
            return float(row[0])

        return {
            "customers": value("select count(*) from read_parquet(?)", INTERMEDIATE + "customers.parquet"),
            "orders": value("select count(*) from read_parquet(?)", INTERMEDIATE + "orders.parquet"),
            "revenue_eur": value("select sum(revenue_eur) from read_parquet(?)", PROCESSED + "revenue.parquet"),
        }
