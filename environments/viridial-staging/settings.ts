import { z } from "zod";
import { checkSettings } from "../../constructs/core/settings";

const fields = z.strictObject({
  /** Which of the two sizes this is: replicas, volumes and sampling go by it. */
  profile: z.enum(["staging", "production"]),
  /** Where the states are kept; ops give the missing parts at `terraform init`. */
  backend: z.enum(["local", "s3", "http"]),
  /** Block of the private network: a /16. */
  networkCidrBlock: z.string(),
  /** One control plane, or three that hold one etcd together. */
  controlPlanes: z.union([z.literal(1), z.literal(3)], "use 1 or 3: etcd needs an odd number of members"),
  /** How many workers there are where ops do not say. */
  workerCount: z
    .number()
    .int("use a whole number")
    .min(1, "use 1 and more")
    .max(9, "use 9 and less, 7 beside three control planes: a placement group takes ten servers"),
  /** Whether Hetzner keeps daily backups of the servers' disks, for a fifth of their price. */
  serverBackups: z.boolean(),
  /** Whether Hetzner refuses to delete or rebuild what cannot be made again, until this is false and applied. */
  protection: z.boolean(),
  /** How many snapshots of etcd the control plane keeps, one every six hours. */
  etcdSnapshots: z.number().int("use a whole number").min(1, "use 1 and more"),
  /**
   * What looks for attacks in requests: nothing but limits; Coraza in Traefik, which is early; or Cloudflare, whose proxies
   * alone are then answered. See docs/decisions/0002-web-application-firewall.md.
   */
  waf: z.enum(["none", "coraza", "cloudflare"]),
  /** Who unseals Vault after a start: people, with the shares of its key; or the transit engine of another Vault. */
  vaultSeal: z.enum(["shamir", "transit"]),
  /** Over how many states the tenants are spread. With another number most of them move: it is chosen once. */
  tenantShards: z.number().int("use a whole number").min(1, "use 1 and more").max(100, "use 100 and less"),
  /** What a new node installs. */
  release: z.strictObject({
    kubernetes: z.string().regex(/^1\.36\.\d+$/, "use a release of 1.36 such as 1.36.3"),
    containerd: z.string().regex(/^2\.\d+$/, "use a minor release such as 2.3"),
  }),
});

const schema = fields.refine(({ controlPlanes, workerCount }) => controlPlanes + workerCount <= 10, {
  path: ["workerCount"],
  message: "use 7 and less beside three control planes: a placement group takes ten servers",
});

/** The choices that the authors of viridial-staging make; those of ops are inputs. */
export type ViridialSettings = z.output<typeof schema>;

export type Profile = ViridialSettings["profile"];

/** The settings of staging: what is synthesized. */
export const SETTINGS: ViridialSettings = {
  profile: "staging",
  backend: "http",
  networkCidrBlock: "10.40.0.0/16",
  controlPlanes: 1,
  workerCount: 2,
  serverBackups: false,
  protection: true,
  etcdSnapshots: 8,
  waf: "none",
  vaultSeal: "shamir",
  tenantShards: 4,
  release: { kubernetes: "1.36.3", containerd: "2.3" },
};

/** The profile of production: five nodes, one of them the control plane, with backups of all. */
export const PRODUCTION: ViridialSettings = {
  ...SETTINGS,
  profile: "production",
  workerCount: 4,
  serverBackups: true,
  etcdSnapshots: 28,
  tenantShards: 32,
};

/** @throws SocleError with every setting that is not accepted */
export function checkViridialSettings(settings: ViridialSettings): ViridialSettings {
  return checkSettings("viridial-staging", schema, settings);
}
