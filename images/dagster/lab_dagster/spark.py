"""SparkApplications of the namespace `spark`, which its operator runs. Airflow has an operator of its own for this."""

from __future__ import annotations

import time
from typing import Any

GROUP, VERSION, NAMESPACE, PLURAL = "sparkoperator.k8s.io", "v1beta2", "spark", "sparkapplications"


class SparkError(Exception):
    """The application did not end well."""


def sales_report(image: str, store: str) -> dict[str, Any]:
    """As workloads/airflow-dags/dags/templates/sales-report.yaml: a test holds the two together."""
    key = [{"secretRef": {"name": "spark-minio"}}]
    secure = {
        "envFrom": key,
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": 185,
            "fsGroup": 185,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    size = {"cores": 1, "coreRequest": "250m", "memory": "640m", "memoryOverhead": "384m"}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "SparkApplication",
        "metadata": {"generateName": "sales-report-dagster-"},
        "spec": {
            "type": "Python",
            "pythonVersion": "3",
            "mode": "cluster",
            "sparkVersion": "4.0.4",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "mainApplicationFile": "local:///opt/lab/jobs/sales_report.py",
            "arguments": ["s3a://data"],
            "timeToLiveSeconds": 86400,
            "restartPolicy": {
                "type": "OnFailure",
                "onFailureRetries": 1,
                "onFailureRetryInterval": 30,
                "onSubmissionFailureRetries": 3,
                "onSubmissionFailureRetryInterval": 20,
            },
            "sparkConf": {
                "spark.blockManager.port": "7079",
                "spark.eventLog.enabled": "true",
                "spark.eventLog.dir": "s3a://spark-events/",
                "spark.hadoop.fs.s3a.endpoint": store,
                "spark.hadoop.fs.s3a.path.style.access": "true",
                "spark.hadoop.fs.s3a.aws.credentials.provider": (
                    "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider"
                ),
            },
            "monitoring": {
                "exposeDriverMetrics": True,
                "exposeExecutorMetrics": True,
                "prometheus": {
                    "jmxExporterJar": "/opt/lab/jmx_prometheus_javaagent.jar",
                    "configFile": "/opt/lab/jmx-exporter.yaml",
                    "port": 8090,
                },
            },
            "driver": {**size, "serviceAccount": "spark", **secure},
            "executor": {"instances": 1, **size, **secure},
        },
    }


def run(objects: Any, application: dict[str, Any], limit_seconds: float = 2700, pause_seconds: float = 10) -> str:
    """
    Submits an application and waits for it.

    objects: a CustomObjectsApi of the Kubernetes client.
    Returns its name. Raises SparkError when it fails, or does not end in time.
    """
    created = objects.create_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, application)
    name = created["metadata"]["name"]
    deadline = time.monotonic() + limit_seconds
    while True:
        found = objects.get_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, name)
        state = found.get("status", {}).get("applicationState", {})
        if state.get("state") == "COMPLETED":
            return name
        if state.get("state") in ("FAILED", "SUBMISSION_FAILED_FINAL"):
            raise SparkError(f"{NAMESPACE}/{name}: {state.get('errorMessage') or state['state']}")
        if time.monotonic() > deadline:
            raise SparkError(f"{NAMESPACE}/{name} has not ended after {limit_seconds:.0f} s: it goes on by itself")
        time.sleep(pause_seconds)
