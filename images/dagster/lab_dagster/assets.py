"""Assets, and the pods or SparkApplications that make them. The data is ingested by Airflow (DAG etl_minimal), which DVC's files
are with."""

# No `annotations` from the future: Dagster reads the type of `context` as it is written.
import json
import os
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, asset
from dagster_k8s import execute_k8s_job

from . import spark

NAMESPACE = "dagster"
STORE_SECRET = "dagster-minio"


def image(name: str) -> str:
    """At the tag of the environment; raises RuntimeError, which says what is missing."""
    tags = json.loads(os.environ.get("LAB_IMAGE_TAGS", "{}"))
    if name not in tags:
        raise RuntimeError(f"LAB_IMAGE_TAGS has no tag of the image {name}: it has {', '.join(sorted(tags)) or 'none'}")
    return f"{os.environ.get('LAB_REGISTRY', 'registry.lab.local:5001')}/lab/{name}:{tags[name]}"


def run_pod(context: AssetExecutionContext, name: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Runs an image of the lab to its end, as Pod Security `restricted` wants it; raises when it fails."""
    variables = {"AWS_ENDPOINT_URL_S3": os.environ.get("LAB_S3_ENDPOINT", "http://minio.minio:9000"), **environment}
    execute_k8s_job(
        context=context.op_execution_context,
        image=image(name),
        args=arguments,
        namespace=NAMESPACE,
        env_secrets=[STORE_SECRET],
        env_vars=[f"{key}={value}" for key, value in variables.items()],
        resources={"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
        container_config={
            "security_context": {
                "allow_privilege_escalation": False,
                "read_only_root_filesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        },
        volumes=[{"name": "tmp", "emptyDir": {}}],
        volume_mounts=[{"name": "tmp", "mountPath": "/tmp"}],
        pod_template_spec_metadata={"labels": {"lab.local/job": "true"}},
        pod_spec_config={
            "automount_service_account_token": False,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": 10001,
                "fs_group": 10001,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
        },
        timeout=1800,
    )


@asset(group_name="sales", description="Intermediate and processed sales, by dbt on DuckDB")
def intermediate_sales(context: AssetExecutionContext) -> None:
    run_pod(context, "duckdb-dbt", ["transform", "--run-id", context.run_id], {})


@asset(group_name="sales", deps=[intermediate_sales], description="A run in MLflow with the transformation's figures")
def mlflow_run(context: AssetExecutionContext) -> None:
    run_pod(
        context,
        "duckdb-dbt",
        ["track", "--run-id", context.run_id, "--revisions", "{}", "--experiment", "dagster"],
        {"MLFLOW_TRACKING_URI": os.environ.get("LAB_MLFLOW_URL", "http://mlflow.mlflow:5000")},
    )


@asset(group_name="sales", description="Great Expectations' results on the raw orders")
def quality_of_orders(context: AssetExecutionContext) -> None:
    run_pod(context, "data-quality", ["--suite", "raw_orders", "--checkpoint", "dagster"], {})


@asset(group_name="sales", deps=[intermediate_sales], description="Revenue by region, on Spark")
def sales_report(context: AssetExecutionContext) -> MaterializeResult[Any]:
    from kubernetes import client, config

    config.load_incluster_config()
    store = os.environ.get("LAB_S3_ENDPOINT", "http://minio.minio:9000")
    name = spark.run(client.CustomObjectsApi(), spark.sales_report(image("spark"), store))
    return MaterializeResult(metadata={"SparkApplication": name})
