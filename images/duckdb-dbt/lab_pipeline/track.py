"""An MLflow run for each run of the pipeline: which data went in, what came out."""

from __future__ import annotations

import json

import mlflow

from .store import Store
from .transform import FIGURES, RAW


class TrackError(Exception):
    """There is nothing to track."""


def run(store: Store, run_id: str, revisions: dict[str, str], experiment: str) -> dict[str, str]:
    """
    Logs the figures of the transformation `run_id`. MLflow's address is MLFLOW_TRACKING_URI.

    `revisions` has the DVC revision (MD5) of each data set: it names the object of the DVC remote that was read.
    A run is made once: a second try of the same `run_id` finds it.
    Raises TrackError when the figures are of another run.
    """
    text = store.get(FIGURES)
    written = json.loads(text) if text else {}
    if written.get("run_id") != run_id:
        raise TrackError(
            f"s3://{store.bucket}/{FIGURES} is of the run {written.get('run_id', 'none')}, not of {run_id}: "
            "run the transformation again"
        )
    mlflow.set_experiment(experiment)
    known = mlflow.search_runs(
        experiment_names=[experiment], filter_string=f"tags.pipeline_run = '{run_id}'", output_format="list"
    )
    if known:
        return {"mlflow_run": known[0].info.run_id}
    with mlflow.start_run(run_name=run_id, tags={"pipeline_run": run_id}) as active:
        mlflow.log_params({"engine": "duckdb", **{f"dvc.{name}": md5 for name, md5 in sorted(revisions.items())}})
        mlflow.log_metrics(written["figures"])
        mlflow.set_tag("data", f"s3://{store.bucket}/{RAW}")
        return {"mlflow_run": active.info.run_id}
