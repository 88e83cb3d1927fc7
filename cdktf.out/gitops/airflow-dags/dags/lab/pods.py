"""Jobs as pods of their own: what dbt, Great Expectations and the like need is in their images, not in Airflow's."""

from __future__ import annotations

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

from lab import settings


def job(
    task_id: str,
    image: str,
    arguments: list[str],
    *,
    environment: dict[str, str | None] | None = None,
    reads: list[str] | None = None,
    writes: list[str] | None = None,
    cpu: str = "250m",
    memory: str = "512Mi",
) -> KubernetesPodOperator:
    """
    A task that runs an image of the lab to its end, with the key of the object store.

    environment: what is None is left out.
    reads, writes: tables of Trino, such as `lakehouse.sales.orders`. OpenMetadata reads from it which come from which.
    memory: as a request and as a limit, so that what the lab's budget counts is what the pod gets.
    """
    variables = {"AWS_ENDPOINT_URL_S3": settings.store_endpoint(), **(environment or {})}
    return KubernetesPodOperator(
        task_id=task_id,
        namespace=settings.NAMESPACE,
        in_cluster=True,
        name=f"job-{image}",
        image=settings.image(image),
        arguments=arguments,
        env_vars={name: value for name, value in variables.items() if value is not None},
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=settings.STORE_SECRET))],
        # The NetworkPolicies of the namespace select this label.
        labels={"lab.local/job": "true"},
        service_account_name=settings.JOB_SERVICE_ACCOUNT,
        automount_service_account_token=False,
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": cpu, "memory": memory}, limits={"memory": memory}
        ),
        # What Pod Security `restricted` asks for; only /tmp can be written.
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=10001,
            fs_group=10001,
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        volumes=[k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource())],
        volume_mounts=[k8s.V1VolumeMount(name="tmp", mount_path="/tmp")],
        startup_timeout_seconds=600,
        on_finish_action="delete_succeeded_pod",
        log_events_on_failure=True,
        inlets=tables(reads),
        outlets=tables(writes),
    )


def tables(names: list[str] | None) -> list[dict[str, str]]:
    """Tables as OpenMetadata's connector knows them: `trino` is their service there."""
    return [{"entity": "table", "fqn": f"trino.{name}", "key": "tables"} for name in names or []]
