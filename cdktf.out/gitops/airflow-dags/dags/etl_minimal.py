"""Ingestion, transformation, tracking: from a data set that DVC versions to a run in MLflow."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from lab import settings
from lab.pods import job


@dag(
    dag_id="etl_minimal",
    description="Sample sales: DVC data set, raw, intermediate and processed data, an MLflow run",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    # One after another: the lab counts the memory of one job at a time.
    max_active_tasks=1,
    dagrun_timeout=timedelta(minutes=30),
    default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["etl", "smoke"],
    doc_md=__doc__,
)
def etl_minimal() -> None:
    @task
    def ingest() -> dict[str, str]:
        """Gives the DVC revision of each file that it has put under raw/sales/."""
        from pathlib import Path

        import boto3
        from botocore.config import Config

        from lab import datasets

        store = boto3.client(
            "s3",
            endpoint_url=settings.store_endpoint(),
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )
        return datasets.ingest(store, Path(__file__).parents[1] / "data", "raw/sales/")

    revisions = ingest()
    transform = job("transform", "duckdb-dbt", ["transform", "--run-id", "{{ run_id }}"])
    track = job(
        "track",
        "duckdb-dbt",
        ["track", "--run-id", "{{ run_id }}", "--revisions", "{{ ti.xcom_pull(task_ids='ingest') | tojson }}"],
        environment={"MLFLOW_TRACKING_URI": settings.mlflow_url()},
    )
    revisions >> transform >> track
    if settings.trino_url():
        transform >> job(
            "publish",
            "duckdb-dbt",
            ["publish"],
            environment={"LAB_TRINO_URL": settings.trino_url()},
            # As dbt makes one of the others.
            reads=["lakehouse.sales.customers", "lakehouse.sales.orders"],
            writes=["lakehouse.sales.revenue"],
        )


etl_minimal()
