import { z } from "zod";
import { checkSettings } from "../../constructs/core/settings";

const schema = z.strictObject({
  /** Where the states are kept; ops give the missing parts at `terraform init`. */
  backend: z.enum(["local", "s3", "http"]),
  /** Block of the VCN: a /16. */
  vcnCidrBlock: z.string(),
  /** The K3s that a new node installs, and SHA-256 of its `k3s-arm64`, from the release's `sha256sum-arm64.txt`. */
  k3s: z.strictObject({
    version: z.string().regex(/^v1\.36\.\d+\+k3s\d+$/, "use a release of 1.36 such as v1.36.4+k3s1"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "use the SHA-256 in hexadecimal, 64 digits in lower case"),
  }),
  /** Namespace that Vault runs in: its pods unseal it with the rights of their node. */
  vaultNamespace: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "use a namespace's name"),
});

/** The choices that the authors of oci-v2 make; those of ops are inputs. */
export type OciSettings = z.output<typeof schema>;

/** The settings of the one oci-v2 there is. */
export const SETTINGS: OciSettings = {
  backend: "http",
  vcnCidrBlock: "10.30.0.0/16",
  k3s: {
    version: "v1.36.4+k3s1",
    sha256: "c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb",
  },
  vaultNamespace: "vault",
};

/** @throws SocleError with every setting that is not accepted */
export function checkOciSettings(settings: OciSettings): OciSettings {
  return checkSettings("oci-v2", schema, settings);
}
