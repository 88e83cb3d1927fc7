import { z } from "zod";
import { checkSettings } from "../../constructs/core/settings";

const image = (pattern: RegExp, example: string) => z.string().regex(pattern, `use a full version such as ${example}`);

const schema = z.strictObject({
  /** Where the states are kept: beside `cdktf.out/`, since all of it is for one workstation. */
  backend: z.literal("local"),
  /** Domain of every public name. */
  domain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, "use a domain such as lab.local"),
  /** Whether Terraform refuses to delete the volumes with data. */
  keepData: z.boolean(),
  images: z.strictObject({
    /** The variant names Debian's release: with another one the C library sorts text in another order, and indexes break. */
    postgres: image(/^postgres:17\.\d+-[a-z]+$/, "postgres:17.7-bookworm"),
    vault: image(/^hashicorp\/vault:\d+\.\d+\.\d+$/, "hashicorp/vault:2.0.4"),
    registry: image(/^registry:3\.\d+\.\d+$/, "registry:3.0.0"),
  }),
});

/** The choices that the authors of the lab make; those of its users are inputs. */
export type LabSettings = z.output<typeof schema>;

/** The settings of the one lab there is. */
export const SETTINGS: LabSettings = {
  backend: "local",
  domain: "lab.local",
  keepData: true,
  images: { postgres: "postgres:17.7-bookworm", vault: "hashicorp/vault:2.0.4", registry: "registry:3.0.0" },
};

/** @throws SocleError with every setting that is not accepted */
export function checkLabSettings(settings: LabSettings): LabSettings {
  return checkSettings("lab", schema, settings);
}
