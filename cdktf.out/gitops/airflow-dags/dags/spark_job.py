"""The sales report on Spark: a SparkApplication in the namespace `spark`, which the operator runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import yaml
from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator
from airflow.sdk import dag

from lab import settings

TEMPLATE = Path(__file__).parent / "templates" / "sales-report.yaml"


def application() -> dict[str, object]:
    """The SparkApplication, at the image that the environment names."""
    resource = yaml.safe_load(TEMPLATE.read_text())
    resource["spec"]["image"] = settings.image("spark")
    resource["spec"]["sparkConf"]["spark.hadoop.fs.s3a.endpoint"] = settings.store_endpoint()
    return resource


@dag(
    dag_id="spark_job",
    description="Revenue by region, on Spark",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=45),
    tags=["spark"],
    doc_md=__doc__,
)
def spark_job() -> None:
    SparkKubernetesOperator(
        task_id="sales_report",
        namespace="spark",
        in_cluster=True,
        name="sales-report",
        template_spec={"spark": application()},
        get_logs=True,
        delete_on_termination=False,
    )


spark_job()
