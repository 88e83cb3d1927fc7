import { Superset } from "../../../constructs/data-platform/superset";
import { type Trino, LAKEHOUSE } from "../../../constructs/data-platform/trino";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { imageRepository, imageTag } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, NAMESPACES } from "../names";
import { allowToContainer } from "../network";
import { databaseEntry, oidcEntry } from "../vault-entries";

/** Whom Superset asks Trino as: the policies give this user what analysts may see. */
const TRINO_USER = "superset";

/** Superset, with connections to Trino and to MLflow's runs in PostgreSQL. */
export function addSuperset(lab: LaterLayer, trino: Trino): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("superset", NAMESPACES.superset, {
    quota: { cpuMillis: 1000, memoryMib: 3072, pods: 10 },
  });
  const store = lab.vaultStore(always, [databaseEntry("superset"), databaseEntry("mlflow"), oidcEntry("superset")]);
  const database = (name: "superset" | "mlflow", key: string, options = "") =>
    store.secret(`superset-database-${name}`, {
      entry: databaseEntry(name),
      keys: { host: "host", port: "port", user: "user", password: "password", database: "database" },
      template: {
        data: {
          [key]: `postgresql+psycopg2://{{ .user }}:{{ .password }}@{{ .host }}:{{ .port }}/{{ .database }}${options}`,
        },
      },
    });
  const own = database("superset", "DATABASE_URI");
  // The role owns the database: every session begins read-only, and Superset itself sends nothing that writes.
  const runs = database("mlflow", "RUNS_URI", "?options=-c%20default_transaction_read_only%3Don");
  const singleSignOn = lab.singleSignOn(store, "superset");
  const keys = new GeneratedSecret(layer, "superset_keys", {
    namespace: always,
    generate: { "secret-key": { length: 64 } },
    afterRotation: "Without it, Superset cannot read the passwords of the connections that people saved in it.",
  });
  const admin = new GeneratedSecret(layer, "superset_admin", {
    namespace: always,
    generate: { password: { length: 32 } },
    revision: lab.passwordRevision,
    afterRotation: "The user `admin` of Superset has it after the next synchronization: `argocd app sync superset`.",
  });
  const restart = lab.restartWith(chosen, [own, runs, singleSignOn.client]);
  const superset = new Superset(layer, "superset", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 2 }),
    host: lab.host("superset"),
    image: { repository: imageRepository(settings, "superset"), tag: imageTag("superset") },
    database: own,
    runs,
    keys,
    admin,
    singleSignOn,
    trino: {
      when: lab.when("trino"),
      uri: `trino://${TRINO_USER}@${ADDRESSES.trino.host}:${ADDRESSES.trino.port}/${LAKEHOUSE}`,
    },
    dependsOn: [restart.done],
  });
  superset.allowFrom(lab.neighbour("traefik"));
  allowToContainer(superset.pods, settings, "postgres");
  trino.allowFrom(superset);
}
