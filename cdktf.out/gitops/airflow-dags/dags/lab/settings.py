"""Where things are. All of it comes from the environment, which the layer lab-data sets for every pod of Airflow."""

from __future__ import annotations

import json
import os

NAMESPACE = "airflow"
JOB_SERVICE_ACCOUNT = "airflow-job"
# Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of Airflow's user of the object store.
STORE_SECRET = "airflow-minio"


def image(name: str) -> str:
    """
    An image of the lab at the tag that the environment names.

    Raises RuntimeError when it names none: the DAG then shows as broken, with this sentence.
    """
    tags = json.loads(os.environ.get("LAB_IMAGE_TAGS", "{}"))
    if name not in tags:
        raise RuntimeError(f"LAB_IMAGE_TAGS has no tag of the image {name}: it has {', '.join(sorted(tags)) or 'none'}")
    return f"{os.environ.get('LAB_REGISTRY', 'registry.lab.local:5001')}/lab/{name}:{tags[name]}"


def store_endpoint() -> str:
    return os.environ.get("LAB_S3_ENDPOINT", "http://minio.minio:9000")


def mlflow_url() -> str:
    return os.environ.get("LAB_MLFLOW_URL", "http://mlflow.mlflow:5000")


def trino_url() -> str | None:
    """None where the scenario has no Trino."""
    return os.environ.get("LAB_TRINO_URL") or None


def pushgateway_url() -> str | None:
    """None where nothing takes metrics of jobs."""
    return os.environ.get("LAB_PUSHGATEWAY_URL") or None
