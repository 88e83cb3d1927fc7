import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { synthesize } from "../../../constructs/core/synthesize";
import viridialStaging from "../../../environments/viridial-staging";
import { PRODUCTION, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { runLayers } from "../../../tools/offline/layers";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const ROOT = path.resolve(__dirname, "../../..");
const ENVIRONMENT = "viridial-staging";

/** Production with three control planes, and every setting another one than as it is synthesized. */
const EVERYTHING: ViridialSettings = {
  ...PRODUCTION,
  controlPlanes: 3,
  workerCount: 2,
  waf: "coraza",
  vaultSeal: "transit",
  tenantShards: 1,
};

/** What can be switched on in the layer -platform, all of it. */
const SWITCHED_ON = {
  linkerd_enabled: true,
  dns01_enabled: true,
  cloudflare_api_token: "offline",
  certificate_names: ["*.viridial.com"],
  trusted_proxy_cidr_blocks: ["203.0.113.0/24"],
  alert_slack_enabled: true,
  alert_slack_webhook_url: "https://hooks.slack.invalid/offline",
  alert_pagerduty_enabled: true,
  alert_pagerduty_routing_key: "0123456789abcdef0123456789abcdef",
  alert_email_enabled: true,
  alert_email_from: "alerts@viridial.invalid",
  alert_email_to: ["ops@viridial.invalid"],
  alert_smtp_host: "smtp.viridial.invalid",
  alert_smtp_username: "alerts",
  alert_smtp_password: "offline",
  alert_heartbeat_enabled: true,
  alert_heartbeat_url: "https://heartbeat.invalid/offline",
  vault_transit_address: "https://vault.viridial.invalid",
  vault_transit_token: "hvs.CAESIOfflineOfflineOfflineOffline",
};

interface Offline {
  inputs: Record<string, unknown>;
  layers: Record<string, { inputs: Record<string, unknown> }>;
}

/** A folder with the environment's values for offline plans, and these inputs of the layer -platform besides. */
function offlineValues(inputs: Readonly<Record<string, unknown>>): string {
  const root = temporaryFolder();
  const file = path.join("environments", ENVIRONMENT, "offline.yaml");
  const values = parse(fs.readFileSync(path.join(ROOT, file), "utf8")) as Offline;
  Object.assign(values.layers[`${ENVIRONMENT}-platform`]?.inputs ?? {}, inputs);
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), stringify(values));
  return root;
}

describeWithTerraform("viridial-staging with everything that can be switched on", () => {
  test("WHEN it is planned and applied offline THEN Terraform takes every layer, and a second plan is empty", async () => {
    const out = path.join(temporaryFolder(), "cdktf.out");
    const load = () =>
      Promise.resolve({ default: (app: Parameters<typeof viridialStaging>[0]) => viridialStaging(app, EVERYTHING) });
    await synthesize({ [ENVIRONMENT]: load }, { outdir: out });

    const results = await runLayers({
      command: "plan",
      environment: ENVIRONMENT,
      root: offlineValues(SWITCHED_ON),
      out,
      schemas: path.join(ROOT, "schemas"),
      showPlan: false,
      colour: false,
      report: () => {},
    });

    expect(results.map(({ layer, verdict, text }) => [layer, verdict, verdict === "ok" ? "" : text])).toEqual(
      ["cluster", "platform", "vault", "data", "services", "tenants-00", "dns"].map((name) => [
        `${ENVIRONMENT}-${name}`,
        "ok",
        "",
      ]),
    );
  }, 180_000);
});
