"""Great Expectations on what is raw and on what is processed. A failed expectation fails its task, and raises an alert
by the metrics that the job pushes."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag

from lab import settings
from lab.pods import job

SUITES = ("raw_customers", "raw_orders", "processed_revenue")


@dag(
    dag_id="data_quality",
    description="Great Expectations on the sample sales; results in s3://data/processed/quality/",
    schedule=timedelta(hours=6),
    catchup=False,
    # Its first run is due at once, and a new lab has no data yet: somebody starts it when there are some.
    is_paused_upon_creation=True,
    max_active_runs=1,
    # One after another: the lab counts the memory of one job at a time.
    max_active_tasks=1,
    dagrun_timeout=timedelta(minutes=30),
    # No retry: the same data fails the same expectation.
    default_args={"retries": 0},
    tags=["quality"],
    doc_md=__doc__,
)
def data_quality() -> None:
    for suite in SUITES:
        job(
            suite,
            "data-quality",
            ["--suite", suite, "--checkpoint", "data_quality"],
            environment={"PUSHGATEWAY_URL": settings.pushgateway_url()},
        )


data_quality()
