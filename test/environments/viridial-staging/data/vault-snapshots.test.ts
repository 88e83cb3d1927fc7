import { ExistingNamespace } from "../../../../constructs/cluster/namespace";
import { Monitors } from "../../../../constructs/observability/monitors";
import { type ClusterSources } from "../../../../environments/viridial-staging/cluster-access";
import { addVaultSnapshots } from "../../../../environments/viridial-staging/data/vault-snapshots";
import { NAMESPACES } from "../../../../environments/viridial-staging/names";
import { neighbour } from "../../../../environments/viridial-staging/neighbours";
import { SETTINGS } from "../../../../environments/viridial-staging/settings";
import { viridialVault } from "../../../../environments/viridial-staging/vault";
import { flowsOf, testCluster } from "../../../support/cluster";
import { only } from "../../../support/construct";
import { jsonOf, testEnvironment, testLayer } from "../../../support/layers";

const environment = testEnvironment("viridial-staging");
viridialVault(environment, { settings: SETTINGS } as ClusterSources);
const layer = testLayer(environment, "viridial-staging-data");
const cluster = testCluster(layer);
addVaultSnapshots(layer, {
  cluster,
  backup: { endpoint: "https://s3.example.com", bucket: "backups", region: "eu" },
  copy: { endpoint: "", bucket: "", region: "" },
  monitors: new Monitors(layer, "monitors", {
    prometheus: neighbour(layer, cluster, "prometheus"),
    namespace: new ExistingNamespace(cluster, NAMESPACES.data),
  }),
});
const json = jsonOf(layer);

describe("Vault's snapshots in viridial-staging-data", () => {
  test("GIVEN Vault THEN it is backed up each night from its own namespace, by keys of its own store", () => {
    expect(only(json.resource?.["kubernetes_cron_job_v1"])).toMatchObject({
      metadata: { name: "vault-snapshot", namespace: "vault" },
      spec: { schedule: "45 1 * * *" },
    });
    const accounts = Object.values(json.resource?.["kubernetes_service_account_v1"] ?? {}).map(
      (account) => (account["metadata"] as { namespace: string; name: string }).name,
    );
    // Neither is the one that Vault's own pods run as.
    expect(accounts).toEqual(["vault-secrets", "vault-snapshot"]);
    const releases = Object.values(json.resource?.["helm_release"] ?? {});
    expect(releases.filter((release) => release["namespace"] === "vault").map((release) => release["name"])).toEqual([
      "vault-secrets",
    ]);
  });

  test("THEN Vault's pods let it in", () => {
    expect(flowsOf(json)).toContainEqual(["ingress", "vault/vault+server", "vault/vault-snapshot", "8200"]);
  });
});
