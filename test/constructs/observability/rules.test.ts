import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Alert, type AlertRule } from "../../../constructs/observability/monitors";
import { atPlace, readRules } from "../../../constructs/observability/rules";
import { describeWithProgram } from "../../support/programs";
import { alertsVerdict } from "../../support/promtool";

const FOLDER = path.resolve(__dirname, "../../../constructs/observability/rules");
const FILES = fs.readdirSync(FOLDER).map((file) => path.basename(file, ".yaml"));
const PLACE = { namespace: "here" };

const rulesOf = (file: string): readonly AlertRule[] => readRules(file, PLACE).flatMap(({ rules }) => rules);
const alertsOf = (file: string) => rulesOf(file).filter((rule): rule is Alert => "alert" in rule);

/** Series by name, with their values in promtool's notation, one a minute. */
type AllSeries = Readonly<Record<string, string>>;

/** How a value stays, for some minutes. */
const still = (value: number, minutes = 60) => `${value}x${minutes}`;

interface Case {
  /** When it is looked at. */
  readonly at: string;
  readonly fires: AllSeries;
  /** As near to it as can be, without firing. */
  readonly quiet: AllSeries;
}

/** A deployment that was asked for one pod and has some. */
const deployment = (name: string, available: number, wanted = 1): AllSeries => ({
  [`kube_deployment_status_replicas_available{namespace="here",deployment="${name}"}`]: still(available),
  [`kube_deployment_spec_replicas{namespace="here",deployment="${name}"}`]: still(wanted),
});

const CONTAINER = 'namespace="a",pod="p",container="c"';
const QUERY = "trino_execution_name_QueryManager_";

const CASES: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  airflow: {
    AirflowSchedulerSilent: {
      at: "20m",
      fires: { 'airflow_scheduler_heartbeat{namespace="here"}': "0+12x5 60x60" },
      quiet: { 'airflow_scheduler_heartbeat{namespace="here"}': "0+12x60" },
    },
    AirflowDagRunFailed: {
      at: "20m",
      // The counter appears with the first failure.
      fires: { 'airflow_dagrun_failed_count{dag_id="etl"}': "_x15 1x60" },
      quiet: { 'airflow_dagrun_failed_count{dag_id="etl"}': still(1) },
    },
    AirflowTasksFail: {
      at: "30m",
      fires: { 'airflow_ti_failures{namespace="here"}': "0+1x60" },
      quiet: { 'airflow_ti_failures{namespace="here"}': "0x20 1x40" },
    },
    AirflowImportErrors: {
      at: "15m",
      fires: { 'airflow_dag_processing_import_errors{namespace="here"}': still(1) },
      quiet: { 'airflow_dag_processing_import_errors{namespace="here"}': "1x8 0x60" },
    },
    AirflowTasksQueued: {
      at: "30m",
      fires: { 'airflow_pool_queued_slots{namespace="here"}': still(2) },
      quiet: { 'airflow_pool_queued_slots{namespace="here"}': "2x10 0 2x60" },
    },
    AirflowPoolStarves: {
      at: "30m",
      fires: { 'airflow_pool_starving_tasks{pool="default_pool"}': still(1) },
      // The same, told without a pool.
      quiet: {
        'airflow_pool_starving_tasks{pool="default_pool"}': still(0),
        'airflow_pool_starving_tasks{namespace="here"}': still(1),
      },
    },
  },
  "data-quality": {
    DataQualityFailed: {
      at: "1m",
      fires: { 'data_quality_expectations_failed{suite="sales",checkpoint="raw"}': still(1) },
      quiet: { 'data_quality_expectations_failed{suite="sales",checkpoint="raw"}': still(0) },
    },
    DataQualityNotChecked: {
      at: "4340m",
      fires: { 'data_quality_last_run_timestamp_seconds{suite="sales",checkpoint="raw"}': still(0, 4400) },
      quiet: { 'data_quality_last_run_timestamp_seconds{suite="sales",checkpoint="raw"}': still(86400, 4400) },
    },
  },
  mlflow: {
    MlflowDown: { at: "6m", fires: deployment("mlflow", 0), quiet: deployment("mlflow", 0, 0) },
    MlflowErrors: {
      at: "15m",
      fires: {
        'mlflow_http_request_total{namespace="here",status="500"}': "0+1x60",
        'mlflow_http_request_total{namespace="here",status="200"}': "0+9x60",
      },
      quiet: {
        'mlflow_http_request_total{namespace="here",status="404"}': "0+1x60",
        'mlflow_http_request_total{namespace="here",status="200"}': "0+9x60",
      },
    },
  },
  minio: {
    MinioDown: { at: "4m", fires: deployment("minio", 0), quiet: deployment("minio", 1) },
    MinioDriveOffline: {
      at: "6m",
      fires: { 'minio_cluster_health_drives_offline_count{namespace="here"}': still(1) },
      quiet: { 'minio_cluster_health_drives_offline_count{namespace="here"}': still(0) },
    },
    MinioFull: {
      at: "16m",
      fires: {
        'minio_cluster_health_capacity_usable_free_bytes{namespace="here"}': still(9),
        'minio_cluster_health_capacity_usable_total_bytes{namespace="here"}': still(100),
      },
      quiet: {
        'minio_cluster_health_capacity_usable_free_bytes{namespace="here"}': still(11),
        'minio_cluster_health_capacity_usable_total_bytes{namespace="here"}': still(100),
      },
    },
    MinioErrors: {
      at: "20m",
      fires: {
        'minio_api_requests_5xx_errors_total{namespace="here",name="GetObject"}': "0+1x60",
        'minio_api_requests_total{namespace="here",name="GetObject"}': "0+10x60",
      },
      quiet: {
        'minio_api_requests_4xx_errors_total{namespace="here",name="GetObject"}': "0+9x60",
        'minio_api_requests_5xx_errors_total{namespace="here",name="GetObject"}': still(0),
        'minio_api_requests_total{namespace="here",name="GetObject"}': "0+10x60",
      },
    },
  },
  trino: {
    TrinoDown: {
      at: "6m",
      fires: deployment("trino-coordinator", 0),
      quiet: { ...deployment("trino-coordinator", 1), ...deployment("trino-worker", 1) },
    },
    TrinoSlow: {
      at: "12m",
      fires: { [`${QUERY}ExecutionTime_FiveMinutes{namespace="here",quantile="0.95"}`]: still(31000) },
      quiet: {
        [`${QUERY}ExecutionTime_FiveMinutes{namespace="here",quantile="0.95"}`]: "31000x5 30000x60",
        [`${QUERY}ExecutionTime_FiveMinutes{namespace="here",quantile="0.99"}`]: still(90000),
      },
    },
    TrinoQueriesFail: {
      at: "30m",
      fires: {
        [`${QUERY}FailedQueries{namespace="here"}`]: "0+6x60",
        [`${QUERY}CompletedQueries{namespace="here"}`]: "0+10x60",
      },
      quiet: {
        [`${QUERY}FailedQueries{namespace="here"}`]: "0+4x60",
        [`${QUERY}CompletedQueries{namespace="here"}`]: "0+10x60",
      },
    },
    TrinoInternalFailure: {
      at: "30m",
      fires: { [`${QUERY}InternalFailures{namespace="here"}`]: "0x20 1x40" },
      quiet: { [`${QUERY}InternalFailures{namespace="here"}`]: "0x5 1x60" },
    },
    TrinoOutOfResources: {
      at: "30m",
      fires: { [`${QUERY}InsufficientResourcesFailures{namespace="here"}`]: "0x20 1x40" },
      quiet: { [`${QUERY}InsufficientResourcesFailures{namespace="here"}`]: still(1) },
    },
  },
  kafka: {
    KafkaConsumerLag: {
      at: "15m",
      fires: {
        'kafka_consumergroup_lag{consumergroup="flink",topic="orders",partition="0"}': still(600),
        'kafka_consumergroup_lag{consumergroup="flink",topic="orders",partition="1"}': still(600),
      },
      quiet: { 'kafka_consumergroup_lag{consumergroup="flink",topic="orders",partition="0"}': still(1000) },
    },
    KafkaConsumerStuck: {
      at: "30m",
      fires: {
        'kafka_consumergroup_lag{consumergroup="flink",topic="orders",partition="0"}': still(5),
        'kafka_consumergroup_current_offset{consumergroup="flink",topic="orders",partition="0"}': still(100),
      },
      quiet: {
        'kafka_consumergroup_lag{consumergroup="flink",topic="orders",partition="0"}': still(5),
        'kafka_consumergroup_current_offset{consumergroup="flink",topic="orders",partition="0"}': "100+1x60",
      },
    },
    KafkaUnderReplicated: {
      at: "15m",
      fires: { 'kafka_topic_partition_under_replicated_partition{topic="orders",partition="0"}': still(1) },
      quiet: { 'kafka_topic_partition_under_replicated_partition{topic="orders",partition="0"}': "1x8 0x60" },
    },
  },
  flink: {
    FlinkNoJob: {
      at: "15m",
      fires: { 'flink_jobmanager_numRunningJobs{namespace="here"}': still(0) },
      quiet: { 'flink_jobmanager_numRunningJobs{namespace="here"}': "0x5 1x60" },
    },
    FlinkCheckpointsFail: {
      at: "30m",
      fires: { 'flink_jobmanager_job_numberOfFailedCheckpoints{job_name="orders"}': "0x20 1x40" },
      quiet: { 'flink_jobmanager_job_numberOfFailedCheckpoints{job_name="orders"}': still(1) },
    },
    FlinkCheckpointsMissing: {
      at: "30m",
      fires: { 'flink_jobmanager_job_numberOfCompletedCheckpoints{job_name="orders"}': still(9) },
      quiet: { 'flink_jobmanager_job_numberOfCompletedCheckpoints{job_name="orders"}': "9x20 10x40" },
    },
    FlinkJobRestarts: {
      at: "30m",
      fires: { 'flink_jobmanager_job_numRestarts{job_name="orders"}': "0x20 1x40" },
      quiet: { 'flink_jobmanager_job_numRestarts{job_name="orders"}': still(3) },
    },
  },
  spark: {
    SparkOperatorDown: {
      at: "6m",
      fires: deployment("spark-operator-controller", 0),
      // A History Server that is down is another matter.
      quiet: { ...deployment("spark-operator-controller", 1), ...deployment("spark-history-server", 0) },
    },
    SparkApplicationFailed: {
      at: "30m",
      fires: { 'spark_application_failure_count{namespace="here"}': "_x20 1x40" },
      quiet: { 'spark_application_failure_count{namespace="here"}': still(1) },
    },
    SparkSubmissionFailed: {
      at: "30m",
      fires: { 'spark_application_failed_submission_count{namespace="here"}': "0x20 1x40" },
      quiet: { 'spark_application_failed_submission_count{namespace="here"}': still(2) },
    },
    SparkExecutorsFail: {
      at: "30m",
      fires: { 'spark_executor_failure_count{namespace="here"}': "0+1x60" },
      quiet: { 'spark_executor_failure_count{namespace="here"}': "0x20 1x40" },
    },
  },
  postgresql: {
    PostgresqlDown: {
      at: "4m",
      fires: { 'pg_up{namespace="here"}': still(0) },
      quiet: { 'pg_up{namespace="here"}': "0 1x60" },
    },
    PostgresqlConnections: {
      at: "15m",
      fires: {
        'pg_stat_database_numbackends{namespace="here",datname="airflow"}': still(50),
        'pg_stat_database_numbackends{namespace="here",datname="gitlab"}': still(35),
        'pg_settings_max_connections{namespace="here"}': still(100),
      },
      quiet: {
        'pg_stat_database_numbackends{namespace="here",datname="airflow"}': still(80),
        'pg_settings_max_connections{namespace="here"}': still(100),
      },
    },
    PostgresqlLongTransaction: {
      at: "10m",
      fires: { 'pg_stat_activity_max_tx_duration{datname="airflow",state="idle in transaction"}': still(1900) },
      quiet: { 'pg_stat_activity_max_tx_duration{datname="airflow",state="idle"}': still(1900) },
    },
    PostgresqlDeadlocks: {
      at: "30m",
      fires: { 'pg_stat_database_deadlocks{datname="airflow"}': "0x20 1x40" },
      quiet: { 'pg_stat_database_deadlocks{datname="airflow"}': still(7) },
    },
  },
  gpu: {
    GpuMemory: {
      at: "15m",
      fires: {
        'nvidia_smi_memory_used_bytes{uuid="g"}': still(96),
        'nvidia_smi_memory_total_bytes{uuid="g"}': still(100),
      },
      quiet: {
        'nvidia_smi_memory_used_bytes{uuid="g"}': still(95),
        'nvidia_smi_memory_total_bytes{uuid="g"}': still(100),
      },
    },
    GpuHot: {
      at: "10m",
      fires: { 'nvidia_smi_temperature_gpu{uuid="g"}': still(86) },
      quiet: { 'nvidia_smi_temperature_gpu{uuid="g"}': still(85) },
    },
    GpuNotRead: {
      at: "15m",
      fires: { 'nvidia_smi_last_collect_success{namespace="here"}': still(0) },
      quiet: { 'nvidia_smi_last_collect_success{namespace="here"}': still(1) },
    },
  },
  feedback: {
    FeedbackNotWritten: {
      at: "30m",
      fires: { 'lab_feedback_write_failures_total{namespace="here"}': "_x20 1x40" },
      quiet: { 'lab_feedback_write_failures_total{namespace="here"}': still(1) },
    },
    FeedbackMostlyBad: {
      at: "6h",
      fires: {
        'lab_feedback_total{model="m",prompt="p",rating="down"}': "0+1x400",
        'lab_feedback_total{model="m",prompt="p",rating="up"}': still(5, 400),
      },
      // Too few to say anything.
      quiet: {
        'lab_feedback_total{model="m",prompt="p",rating="down"}': "0x200 8x200",
        'lab_feedback_total{model="m",prompt="p",rating="up"}': still(0, 400),
      },
    },
  },
  cluster: {
    NodeNotReady: {
      at: "6m",
      fires: { 'kube_node_status_condition{condition="Ready",status="true",node="n"}': still(0) },
      quiet: { 'kube_node_status_condition{condition="Ready",status="true",node="n"}': still(1) },
    },
    NodeMemory: {
      at: "15m",
      fires: {
        'node_memory_MemAvailable_bytes{instance="n"}': still(7),
        'node_memory_MemTotal_bytes{instance="n"}': still(100),
      },
      quiet: {
        'node_memory_MemAvailable_bytes{instance="n"}': still(9),
        'node_memory_MemTotal_bytes{instance="n"}': still(100),
      },
    },
    NodeDisk: {
      at: "20m",
      fires: {
        'node_filesystem_avail_bytes{instance="n",mountpoint="/"}': still(14),
        'node_filesystem_size_bytes{instance="n",mountpoint="/"}': still(100),
      },
      quiet: {
        'node_filesystem_avail_bytes{instance="n",mountpoint="/run"}': still(1),
        'node_filesystem_size_bytes{instance="n",mountpoint="/run"}': still(100),
      },
    },
    ContainerCpu: {
      at: "25m",
      fires: {
        // 57 seconds of CPU a minute, of one CPU.
        [`container_cpu_usage_seconds_total{${CONTAINER}}`]: "0+57x60",
        [`kube_pod_container_resource_limits{resource="cpu",${CONTAINER}}`]: still(1),
      },
      quiet: {
        [`container_cpu_usage_seconds_total{${CONTAINER}}`]: "0+57x60",
        [`kube_pod_container_resource_limits{resource="cpu",${CONTAINER}}`]: still(2),
      },
    },
    ContainerThrottled: {
      at: "25m",
      fires: {
        [`container_cpu_cfs_throttled_periods_total{${CONTAINER}}`]: "0+6x60",
        [`container_cpu_cfs_periods_total{${CONTAINER}}`]: "0+10x60",
      },
      quiet: {
        [`container_cpu_cfs_throttled_periods_total{${CONTAINER}}`]: "0+4x60",
        [`container_cpu_cfs_periods_total{${CONTAINER}}`]: "0+10x60",
      },
    },
    ContainerMemory: {
      at: "15m",
      fires: {
        [`container_memory_working_set_bytes{${CONTAINER}}`]: still(93),
        [`kube_pod_container_resource_limits{resource="memory",${CONTAINER}}`]: still(100),
      },
      quiet: {
        [`container_memory_working_set_bytes{${CONTAINER}}`]: still(92),
        [`kube_pod_container_resource_limits{resource="memory",${CONTAINER}}`]: still(100),
      },
    },
    ContainerOomKilled: {
      at: "30m",
      fires: {
        [`kube_pod_container_status_last_terminated_reason{reason="OOMKilled",${CONTAINER}}`]: "_x20 1x40",
        [`kube_pod_container_status_restarts_total{${CONTAINER}}`]: "0x20 1x40",
      },
      // Long ago, and restarted well.
      quiet: {
        [`kube_pod_container_status_last_terminated_reason{reason="OOMKilled",${CONTAINER}}`]: still(1),
        [`kube_pod_container_status_restarts_total{${CONTAINER}}`]: still(1),
      },
    },
    PodRestarts: {
      at: "50m",
      fires: { [`kube_pod_container_status_restarts_total{${CONTAINER}}`]: "0x30 1x5 2x5 3x5 4x5 5x20" },
      quiet: { [`kube_pod_container_status_restarts_total{${CONTAINER}}`]: "0x30 1x5 2x40" },
    },
    PodPending: {
      at: "20m",
      fires: { 'kube_pod_status_phase{phase="Pending",namespace="a",pod="p"}': still(1) },
      quiet: { 'kube_pod_status_phase{phase="Pending",namespace="a",pod="p"}': "1x10 0x60" },
    },
    PodNotReady: {
      at: "20m",
      fires: {
        'kube_pod_status_ready{condition="false",namespace="a",pod="p"}': still(1),
        'kube_pod_status_phase{phase="Running",namespace="a",pod="p"}': still(1),
      },
      // A Job's pod that ended well.
      quiet: {
        'kube_pod_status_ready{condition="false",namespace="a",pod="p"}': still(1),
        'kube_pod_status_phase{phase="Running",namespace="a",pod="p"}': still(0),
        'kube_pod_status_phase{phase="Succeeded",namespace="a",pod="p"}': still(1),
      },
    },
    JobFailed: {
      at: "10m",
      fires: { 'kube_job_status_failed{namespace="a",job_name="j"}': still(1) },
      quiet: {
        'kube_job_status_failed{namespace="a",job_name="j"}': still(1),
        'kube_job_status_succeeded{namespace="a",job_name="j"}': still(1),
      },
    },
    TargetDown: {
      at: "15m",
      fires: { 'up{job="monitoring/minio",instance="10.42.0.9:9000"}': still(0) },
      quiet: { 'up{job="monitoring/minio",instance="10.42.0.9:9000"}': "0x8 1x60" },
    },
  },
  "network-flows": {
    FlowsDenied: {
      at: "20m",
      fires: {
        'hubble_drop_total{reason="POLICY_DENIED",source_namespace="llm",destination_namespace="kafka"}': "0+10x60",
      },
      quiet: {
        'hubble_drop_total{reason="STALE_OR_UNROUTABLE_IP",source_namespace="llm",destination_namespace="kafka"}':
          "0+10x60",
        // One packet in ten minutes.
        'hubble_drop_total{reason="POLICY_DENIED",source_namespace="mcp",destination_namespace="kafka"}': "0x10 1x60",
      },
    },
    HubbleLosesEvents: {
      at: "25m",
      fires: { 'hubble_lost_events_total{source="hubble_ring_buffer"}': "0+1x60" },
      quiet: { 'hubble_lost_events_total{source="hubble_ring_buffer"}': still(4) },
    },
    DnsFails: {
      at: "20m",
      fires: {
        'coredns_dns_responses_total{namespace="kube-system",rcode="SERVFAIL"}': "0+1x60",
        'coredns_dns_responses_total{namespace="kube-system",rcode="NOERROR"}': "0+9x60",
      },
      quiet: {
        'coredns_dns_responses_total{namespace="kube-system",rcode="NXDOMAIN"}': "0+9x60",
        'coredns_dns_responses_total{namespace="kube-system",rcode="NOERROR"}': "0+1x60",
      },
    },
  },
  certificates: {
    CertificateExpires: {
      at: "70m",
      fires: {
        'certmanager_certificate_expiration_timestamp_seconds{exported_namespace="a",name="c"}': still(600000, 90),
      },
      quiet: {
        'certmanager_certificate_expiration_timestamp_seconds{exported_namespace="a",name="c"}': still(700000, 90),
      },
    },
    CertificateNotReady: {
      at: "20m",
      fires: { 'certmanager_certificate_ready_status{exported_namespace="a",name="c",condition="False"}': still(1) },
      quiet: { 'certmanager_certificate_ready_status{exported_namespace="a",name="c",condition="True"}': still(1) },
    },
  },
  argocd: {
    ApplicationOutOfSync: {
      at: "35m",
      fires: { 'argocd_app_info{name="airflow",sync_status="OutOfSync",health_status="Healthy"}': still(1) },
      quiet: {
        'argocd_app_info{name="airflow",sync_status="OutOfSync",health_status="Healthy"}': "1x5 _x60",
        'argocd_app_info{name="airflow",sync_status="Synced",health_status="Healthy"}': "_x5 1x60",
      },
    },
    ApplicationDegraded: {
      at: "20m",
      fires: { 'argocd_app_info{name="airflow",sync_status="Synced",health_status="Degraded"}': still(1) },
      quiet: { 'argocd_app_info{name="airflow",sync_status="Synced",health_status="Progressing"}': still(1) },
    },
    ApplicationUnknown: {
      at: "35m",
      fires: { 'argocd_app_info{name="airflow",sync_status="Unknown",health_status="Healthy"}': still(1) },
      quiet: { 'argocd_app_info{name="airflow",sync_status="Synced",health_status="Healthy"}': still(1) },
    },
  },
};

const seriesOf = (all: AllSeries) => Object.entries(all).map(([series, values]) => ({ series, values }));

describe("our rules", () => {
  test("THEN each alert has a case with which it fires and one with which it does not, and no two share a name", () => {
    expect(Object.keys(CASES).sort()).toEqual([...FILES].sort());
    for (const file of FILES) {
      expect([file, Object.keys(CASES[file] ?? {})]).toEqual([file, alertsOf(file).map(({ alert }) => alert)]);
    }
    const names = FILES.flatMap((file) => alertsOf(file).map(({ alert }) => alert));
    expect(new Set(names).size).toBe(names.length);
  });

  test("THEN groups are named once, so that no object is there twice", () => {
    const groups = FILES.flatMap((file) => readRules(file).map(({ name }) => name));
    expect(new Set(groups).size).toBe(groups.length);
  });

  test("GIVEN a place THEN its namespace is written where it has to be named, and templates stay", () => {
    expect(atPlace('up{namespace="$namespace"} {{ $labels.namespace }}', { namespace: "data" })).toBe(
      'up{namespace="data"} {{ $labels.namespace }}',
    );
    expect(atPlace("$namespace", undefined)).toBe("$namespace");
    for (const file of FILES) {
      expect(JSON.stringify(readRules(file, PLACE))).not.toContain("$namespace");
    }
  });
});

describeWithProgram("promtool", "our rules in Prometheus", () => {
  test.each(FILES)("GIVEN %s THEN Prometheus's own tool takes the file as it is", (file) => {
    const run = spawnSync("promtool", ["check", "rules", path.join(FOLDER, `${file}.yaml`)], { encoding: "utf8" });
    expect({ status: run.status, output: `${run.stdout}${run.stderr}` }).toEqual({
      status: 0,
      output: expect.stringContaining(`SUCCESS: ${rulesOf(file).length} rules found`) as string,
    });
  });

  const cases = Object.entries(CASES).flatMap(([file, all]) =>
    Object.entries(all).map(([alert, one]): [string, string, Case] => [alert, file, one]),
  );
  test.each(cases)("GIVEN its cause THEN %s fires, and else it does not", (alert, file, { at, fires, quiet }) => {
    expect(alertsVerdict(rulesOf(file), seriesOf(fires), at, [alert])).toBe("");
    expect(alertsVerdict(rulesOf(file), seriesOf(quiet), at, [])).toBe("");
  });
});
