import { z } from "zod";
import { checkSettings } from "../../constructs/core/settings";

const schema = z.strictObject({
  /** Where the states are kept; ops give the missing parts at `terraform init`. */
  backend: z.enum(["local", "s3", "http"]),
  /** Block of the private network: a /16. */
  networkCidrBlock: z.string(),
  /** How many workers there are where ops do not say. */
  workerCount: z
    .number()
    .int("use a whole number")
    .min(1, "use 1 and more")
    .max(9, "use 9 and less: a placement group takes ten servers"),
  /** Whether Hetzner keeps daily backups of the servers' disks, for a fifth of their price. */
  serverBackups: z.boolean(),
  /** Whether Hetzner refuses to delete or rebuild what cannot be made again, until this is false and applied. */
  protection: z.boolean(),
  /** How many snapshots of etcd the control plane keeps, one every six hours. */
  etcdSnapshots: z.number().int("use a whole number").min(1, "use 1 and more"),
  /** What a new node installs. */
  release: z.strictObject({
    kubernetes: z.string().regex(/^1\.36\.\d+$/, "use a release of 1.36 such as 1.36.3"),
    containerd: z.string().regex(/^2\.\d+$/, "use a minor release such as 2.2"),
  }),
});

/** The choices that the authors of viridial-staging make; those of ops are inputs. */
export type ViridialSettings = z.output<typeof schema>;

/** The settings of staging: what is synthesized. */
export const SETTINGS: ViridialSettings = {
  backend: "http",
  networkCidrBlock: "10.40.0.0/16",
  workerCount: 2,
  serverBackups: false,
  protection: true,
  etcdSnapshots: 8,
  release: { kubernetes: "1.36.3", containerd: "2.2" },
};

/** The profile of production: five nodes, one of them the control plane, with backups of all. */
export const PRODUCTION: ViridialSettings = { ...SETTINGS, workerCount: 4, serverBackups: true, etcdSnapshots: 28 };

/** @throws SocleError with every setting that is not accepted */
export function checkViridialSettings(settings: ViridialSettings): ViridialSettings {
  return checkSettings("viridial-staging", schema, settings);
}
