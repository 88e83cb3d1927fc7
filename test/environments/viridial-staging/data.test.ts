import { Environment } from "../../../constructs/core/environment";
import { inputsOf } from "../../../constructs/core/handoff";
import { viridialCapacity } from "../../../environments/viridial-staging/capacity";
import { viridialCluster } from "../../../environments/viridial-staging/cluster";
import { viridialData } from "../../../environments/viridial-staging/data";
import { SETTINGS } from "../../../environments/viridial-staging/settings";
import { viridialVault } from "../../../environments/viridial-staging/vault";
import { withApp } from "../../support/construct";
import { jsonOf } from "../../support/layers";

const build = (withVault: boolean) =>
  withApp((app) => {
    const environment = new Environment(app, "viridial-staging", { description: "Staging.", backend: "http" });
    const clusterLayer = viridialCluster(environment, SETTINGS);
    const sources = { clusterLayer, capacity: viridialCapacity(SETTINGS), settings: SETTINGS };
    if (withVault) {
      viridialVault(environment, sources);
    }
    return viridialData(environment, sources);
  });

describe("viridial-staging-data", () => {
  const layer = build(true);
  const json = jsonOf(layer);

  test("THEN it reads the cluster's access and what Vault knows, and opens no port", () => {
    expect(layer.reads.map(({ node }) => node.id).sort()).toEqual([
      "viridial-staging-cluster",
      "viridial-staging-vault",
    ]);
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN what has no default is where backups go, and the earlier states", () => {
    const required = inputsOf(json).filter((input) => input.required);
    expect(required.map(({ name }) => name)).toEqual([
      "backup_bucket",
      "backup_endpoint",
      "viridial_staging_cluster_state_address",
      "viridial_staging_vault_state_address",
    ]);
  });

  test("THEN the README says how everything of PostgreSQL is run, restored, failed over and rotated", () => {
    const titles = layer.readmeSections.map(({ title }) => title);
    expect(titles.slice(0, 7)).toEqual([
      "Before the apply",
      "PostgreSQL: what runs",
      "Migrations",
      "Rotating PostgreSQL's passwords",
      "Backups of PostgreSQL",
      "Restoring PostgreSQL",
      "Failover of the primary",
    ]);
  });

  test("fails without the layer that fills Vault", () => {
    expect(() => build(false)).toThrow(/reads the layer "viridial-staging-vault", which is not there/);
  });
});
