import { type TerraformVariable } from "cdktf";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { Monitors } from "../../constructs/observability/monitors";
import { type OutsideBucket } from "../../constructs/storage/object-store";
import { type ClusterSources, connectCluster } from "./cluster-access";
import { dataInputs } from "./data-inputs";
import { DATA_README } from "./data-readme";
import { addOtherData } from "./data/other";
import { addPostgresql } from "./data/postgresql";
import { addVaultSnapshots } from "./data/vault-snapshots";
import { NAMESPACES } from "./names";
import { neighbour } from "./neighbours";
import { connectVault, vaultStore } from "./vault-access";

/** The fourth layer of viridial-staging: what keeps data, and its backups. Vault has to be unsealed. */
export function viridialData(environment: Environment, sources: ClusterSources): Layer {
  const layer = new Layer(environment, `${environment.name}-data`, {
    description:
      "PostgreSQL, RabbitMQ, Valkey, Meilisearch and the object store, with their backups outside the cluster.",
    readme: DATA_README,
  });
  const { settings } = sources;
  const inputs = dataInputs(layer);
  const cluster = connectCluster(layer, sources);
  connectVault(layer);
  const namespace = new ExistingNamespace(cluster, NAMESPACES.data);
  const common = {
    cluster,
    namespace,
    settings,
    backup: targetOf(inputs.backup),
    copy: targetOf(inputs.copy),
    monitors: new Monitors(layer, "data_monitors", { prometheus: neighbour(layer, cluster, "prometheus"), namespace }),
    store: vaultStore(layer, namespace),
  };
  addPostgresql(layer, {
    ...common,
    generation: inputs.postgresqlGeneration.numberValue,
    restoreTo: inputs.postgresqlRestoreTo.stringValue,
  });
  addOtherData(layer, common);
  addVaultSnapshots(layer, common);
  return layer;
}

function targetOf(inputs: Readonly<Record<keyof OutsideBucket, TerraformVariable>>): OutsideBucket {
  return {
    endpoint: inputs.endpoint.stringValue,
    bucket: inputs.bucket.stringValue,
    region: inputs.region.stringValue,
  };
}
