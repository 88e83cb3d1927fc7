"""Links from Airflow's navigation to what its DAGs write to, for who looks at a run."""

from __future__ import annotations

import os

from airflow.plugins_manager import AirflowPlugin

DOMAIN = os.environ.get("LAB_DOMAIN", "lab.local")


def link(name: str, host: str) -> dict[str, str]:
    """An external view, as Airflow 3.1 and later take it."""
    return {
        "name": name,
        "href": f"https://{host}.{DOMAIN}",
        "destination": "nav",
        "category": "browse",
        "url_route": f"lab-{host}",
    }


class LabLinks(AirflowPlugin):
    name = "lab_links"
    external_views = [
        link("MLflow runs", "mlflow"),
        link("Object store", "minio"),
        link("Dashboards", "grafana"),
    ]
