import { z } from "zod";
import { checkSettings } from "../../constructs/core/settings";

const name = z
  .string()
  .regex(/^[a-z0-9]+([._/-][a-z0-9]+)*$/, "use lower-case letters, digits, and single . _ - / between them");

const schema = z.strictObject({
  /** Where the state is kept; ops give the missing parts at `terraform init`. */
  backend: z.enum(["local", "s3", "http"]),
  /** Block of the dedicated VPC: a /24. */
  vpcCidrBlock: z.string(),
  /** Whether this layer activates the cost allocation tag: only where the account is the payer account itself. */
  activateCostAllocationTag: z.boolean(),
  /** Local time of the nightly dump, `HH:MM`: before the scheduled stop, or it runs at the next boot. */
  dumpTime: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use a time such as "20:30"'),
  /** ECR repositories to make, and the CI that may push to them through OpenID Connect. */
  images: z
    .strictObject({
      repositories: z.array(name),
      pusher: z
        .strictObject({
          issuer: z
            .string()
            .regex(/^https:\/\/[^\s/]+(\/[^\s/]+)*$/, 'use a URL such as "https://gitlab.com", without a last "/"'),
          audience: z.string().min(1, 'use the audience of the tokens, such as "sts.amazonaws.com"'),
          subjects: z.array(z.string()),
        })
        .optional(),
    })
    .optional(),
  /** A proxied Cloudflare record to the server; the token comes from `CLOUDFLARE_API_TOKEN`. */
  cloudflareRecord: z
    .strictObject({
      zoneId: z.string().regex(/^[0-9a-f]{32}$/, "use the zone's id, 32 hexadecimal digits"),
      hostname: z
        .string()
        .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "use a full name such as kauri.example.com"),
    })
    .optional(),
});

/** The choices that the authors of kauri-aws make; those of ops are inputs. */
export type KauriSettings = z.output<typeof schema>;

/** The settings of the one kauri-aws there is. */
export const SETTINGS: KauriSettings = {
  backend: "s3",
  vpcCidrBlock: "10.20.0.0/24",
  activateCostAllocationTag: false,
  dumpTime: "20:30",
};

/** @throws SocleError with every setting that is not accepted */
export function checkKauriSettings(settings: KauriSettings): KauriSettings {
  return checkSettings("kauri-aws", schema, settings);
}
