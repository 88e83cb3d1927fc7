"""Starts the fine-tuning. What it runs is the suspended CronJob `fine-tuning` of the namespace `training`, which the layer
lab-genai makes: its image, GPU and limits are not Airflow's business."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag, task


@dag(
    dag_id="fine_tuning",
    description="A fine-tuning of the local model with the feedback so far",
    schedule=None,
    catchup=False,
    # There is one GPU.
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    params={"timeout_minutes": Param(240, type="integer", minimum=1, maximum=330)},
    tags=["genai"],
    doc_md=__doc__,
)
def fine_tuning() -> None:
    @task
    def train(params: dict[str, int] | None = None) -> str:
        """Gives the name of the Job, once it has ended well."""
        from kubernetes import client, config

        from lab import jobs

        config.load_incluster_config()
        limit = timedelta(minutes=(params or {}).get("timeout_minutes", 240))
        return jobs.run_cron_job(client.BatchV1Api(), "training", "fine-tuning", limit)

    train()


fine_tuning()
