import { type Environment } from "../../constructs/core/environment";
import { type Layer } from "../../constructs/core/layer";
import { type ClusterSources } from "./cluster-access";
import { dataInputs } from "./data-inputs";
import { DATA_README } from "./data-readme";
import { addAirflow } from "./data/airflow";
import { addClickHouse } from "./data/clickhouse";
import { addDagster } from "./data/dagster";
import { addDatadog } from "./data/datadog";
import { addGateways } from "./data/gateways";
import { addJenkins } from "./data/jenkins";
import { addMlflow } from "./data/mlflow";
import { addObjectStore } from "./data/object-store";
import { addOpenMetadata } from "./data/openmetadata";
import { addSuperset } from "./data/superset";
import { addTrino } from "./data/trino";
import { addZot } from "./data/zot";
import { LaterLayer } from "./later-layer";
import { type LabPlatform } from "./platform";

/** The seventh layer of the lab: where data is kept, moved, queried and shown. */
export function labData(environment: Environment, sources: ClusterSources, platform: LabPlatform): Layer {
  const lab = new LaterLayer(
    environment,
    {
      name: "data",
      description:
        "The object store, Airflow, MLflow, Trino, Superset and OpenMetadata, as far as they are chosen, and what can be chosen beside them.",
      readme: DATA_README,
    },
    sources,
    platform,
  );
  const { gitLogin } = dataInputs(lab.layer);
  const store = addObjectStore(lab);
  const mlflow = addMlflow(lab, store);
  const airflow = addAirflow(lab, { store, mlflow, gitLogin });
  const trino = addTrino(lab, { store, jobs: airflow.jobs });
  addSuperset(lab, trino);
  addOpenMetadata(lab, { store, trino });
  addZot(lab);
  addClickHouse(lab);
  addDagster(lab, { store, mlflow });
  addJenkins(lab, { gitLogin });
  addGateways(lab);
  addDatadog(lab);
  return lab.layer;
}
