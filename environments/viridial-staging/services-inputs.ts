import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The services, in the order in which people name them. */
export const SERVICES = ["identity", "property", "search"] as const;

export type ServiceName = (typeof SERVICES)[number];

/** What ops choose for each service. */
export interface ServiceInputs {
  readonly image: TerraformVariable;
  /** Tag of blue: of all pods, where there is no green. */
  readonly tag: TerraformVariable;
  /** Tag of green; empty where there is none. */
  readonly greenTag: TerraformVariable;
  readonly color: TerraformVariable;
}

/** The choices of ops for viridial-staging-services, each a Terraform variable of the layer. */
export type ServicesInputs = ReturnType<typeof servicesInputs>;

const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";

export function servicesInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const wholeNumber = (name: string, least: number) => [
    {
      condition: `\${var.${name} >= ${least} && floor(var.${name}) == var.${name}}`,
      errorMessage: `${name} takes a whole number from ${least} on.`,
    },
  ];
  return {
    services: Object.fromEntries(SERVICES.map((name) => [name, serviceInputs(input, name)])) as Readonly<
      Record<ServiceName, ServiceInputs>
    >,
    jwtPublicKey: input("jwt_public_key", {
      type: "string",
      description:
        "PEM of the public key (RSA, 2048 bits at least) that tokens of jwt_issuer are verified with; see Before the first apply in the README.",
      validation: [
        matches(
          "jwt_public_key",
          "^-----BEGIN PUBLIC KEY-----\\s[A-Za-z0-9+/=\\s]{350,}-----END PUBLIC KEY-----\\s*$",
          "jwt_public_key takes the PEM of an RSA public key (BEGIN PUBLIC KEY) of 2048 bits or more; a private key, or a certificate, never belongs here.",
        ),
      ],
    }),
    jwtIssuer: input("jwt_issuer", {
      type: "string",
      description:
        "Claim iss of the tokens; empty for https://<api_host>/identity, which the identity service signs as.",
      default: "",
    }),
    corsOrigins: input("cors_origins", {
      type: "list(string)",
      description: "Origins of web pages that may call the API from a browser, beside https://<domain_name>.",
      default: [],
      validation: [
        {
          condition:
            '${alltrue([for origin in var.cors_origins : can(regex("^https://[a-z0-9-]+([.][a-z0-9-]+)+(:[0-9]+)?$", origin))])}',
          errorMessage:
            'cors_origins takes origins such as "https://app.viridial.com": https, no path, and no "*", which would be every page of the world.',
        },
      ],
    }),
    apiKeyRevision: input("api_key_revision", {
      type: "number",
      description: "Raise it by one to have every API key made anew in Vault: the old ones are void within seconds.",
      default: 1,
      validation: wholeNumber("api_key_revision", 1),
    }),
    searchIndexRevision: input("search_index_revision", {
      type: "number",
      description:
        "Raise it by one to have the search index filled anew from PostgreSQL by a Job, which the apply waits for; 0 for none.",
      default: 0,
      validation: wholeNumber("search_index_revision", 0),
    }),
    smokeTestEnabled: input("smoke_test_enabled", {
      type: "bool",
      description:
        "Whether each apply that changes a tag or colour asks every service for its health through the gateway, and fails when one does not answer. False while api_host has no certificate yet.",
      default: true,
    }),
  };
}

function serviceInputs(
  input: (name: string, config: TerraformVariableConfig) => TerraformVariable,
  service: ServiceName,
): ServiceInputs {
  // The earlier ones only: Terraform takes validations that look at each other for a cycle.
  const earlier = SERVICES.slice(0, SERVICES.indexOf(service)).map((each) => `var.${each}_green_tag == ""`);
  const tagRule = (name: string, pattern: string) =>
    matches(name, `^${pattern}$`, `${name} takes the tag of an image, such as "1.4.0" or a commit's SHA.`);
  const notLatest = (name: string) => ({
    condition: `\${var.${name} != "latest"}`,
    errorMessage: `${name} is "latest", which is another image tomorrow: give a tag that is never moved, so that a rollback is the tag from before.`,
  });
  const [tag, greenTag, color] = [`${service}_tag`, `${service}_green_tag`, `${service}_color`];
  return {
    image: input(`${service}_image`, {
      type: "string",
      description: `Repository of the ${service} service's image, without a tag. One that is not public needs the Secret registry, see the README.`,
      default: `ghcr.io/viridial/${service}`,
      validation: [
        matches(
          `${service}_image`,
          "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$",
          `${service}_image takes a repository such as "ghcr.io/viridial/${service}", with its registry and without a tag.`,
        ),
      ],
    }),
    tag: input(tag, {
      type: "string",
      description: `Tag of the ${service} service: its pods are replaced one by one. Of its blue pods, while it has green ones.`,
      validation: [tagRule(tag, TAG), notLatest(tag)],
    }),
    greenTag: input(greenTag, {
      type: "string",
      description: `Tag of the ${service} service's green pods, beside the blue ones; empty for none. See Blue and green in the README.`,
      default: "",
      validation: [
        tagRule(greenTag, `(${TAG})?`),
        notLatest(greenTag),
        ...(earlier.length > 0
          ? [
              {
                condition: `\${var.${greenTag} == "" || (${earlier.join(" && ")})}`,
                errorMessage: `${greenTag} is set while another service has green pods: the nodes have room for those of one service at a time.`,
              },
            ]
          : []),
      ],
    }),
    color: input(color, {
      type: "string",
      description: `Which pods of the ${service} service requests are led to: blue or green.`,
      default: "blue",
      validation: [
        {
          condition: `\${contains(["blue", "green"], var.${color})}`,
          errorMessage: `${color} takes blue or green.`,
        },
        {
          condition: `\${var.${color} != "green" || var.${greenTag} != ""}`,
          errorMessage: `${color} is green while ${greenTag} is empty, so nobody would answer: lead requests to blue first, and take green away in a later apply.`,
        },
      ],
    }),
  };
}
