"""Jobs of Kubernetes that are made from a CronJob, as `kubectl create job --from=cronjob/…` makes them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any


class JobError(Exception):
    """The Job did not end well."""


def run_cron_job(batch: Any, namespace: str, cron_job: str, limit: timedelta, pause_seconds: float = 10) -> str:
    """
    Runs what a CronJob holds, now, and waits for it.

    batch: a BatchV1Api of the Kubernetes client.
    Returns the name of the Job. Raises JobError when it fails, or when `limit` is over: it then goes on by itself.
    """
    template = batch.read_namespaced_cron_job(cron_job, namespace)
    job = batch.create_namespaced_job(
        namespace,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "generateName": f"{cron_job}-",
                "labels": template.spec.job_template.metadata.labels or {},
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            },
            "spec": template.spec.job_template.spec,
        },
    )
    name = job.metadata.name
    deadline = time.monotonic() + limit.total_seconds()
    while True:
        conditions = batch.read_namespaced_job_status(name, namespace).status.conditions or []
        ended = next(
            (each for each in conditions if each.status == "True" and each.type in ("Complete", "Failed")), None
        )
        if ended is not None:
            if ended.type == "Failed":
                raise JobError(f"{namespace}/{name}: {ended.reason}: {ended.message}")
            return name
        if time.monotonic() > deadline:
            raise JobError(f"{namespace}/{name} has not ended after {limit}: look at its pods, it goes on by itself")
        time.sleep(pause_seconds)
