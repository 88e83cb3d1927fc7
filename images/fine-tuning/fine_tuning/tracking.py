"""What MLflow gets to know of a training."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

import mlflow


class Run:
    """A run of an experiment, from `with` to its end; one that fails is marked as failed."""

    def __init__(self, experiment: str, parameters: dict[str, object], dataset: Path) -> None:
        self._experiment = experiment
        self._parameters = parameters
        self._digest = hashlib.sha256(dataset.read_bytes()).hexdigest()

    def __enter__(self) -> Run:
        mlflow.set_experiment(self._experiment)
        mlflow.start_run()
        # Which data it was: the same feedback gives the same digest.
        mlflow.log_params({**self._parameters, "dataset_sha256": self._digest})
        return self

    def log(self, figures: dict[str, float], step: int) -> None:
        mlflow.log_metrics(figures, step=step)

    def keep(self, folder: Path) -> str:
        """Keeps a folder among the run's artifacts; gives the run's id."""
        mlflow.log_artifacts(str(folder), "adapter")
        active = mlflow.active_run()
        assert active is not None
        return active.info.run_id

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        mlflow.end_run("FAILED" if kind else "FINISHED")
