import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The choices of ops for oci-v2-platform, each a Terraform variable of the layer. */
export type PlatformInputs = ReturnType<typeof platformInputs>;

/** The most replicas that an input accepts: so many are counted against the nodes. */
export const MAXIMUM_REPLICAS = 2;

/** Registry (and its port), path. No tag, no digest. */
const IMAGE = "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$";

export function platformInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const revision = (name: string, what: string) =>
    input(name, {
      type: "number",
      description: `Raise it by one to have ${what} written anew: Terraform keeps no value to compare with.`,
      default: 1,
      validation: [wholeNumber(name)],
    });
  const application = (name: string, what: string) => ({
    image: input(`${name}_image`, {
      type: "string",
      description: `Image of ${what}, for arm64, without its tag; the nodes must be able to pull it without a login.`,
      validation: [
        matches(
          `${name}_image`,
          IMAGE,
          `${name}_image takes a registry and a path, such as "ghcr.io/acme/${name}"; its tag is ${name}_tag.`,
        ),
      ],
    }),
    tag: input(`${name}_tag`, {
      type: "string",
      description: `Tag of the image of ${what}; another one rolls it out.`,
      validation: [
        {
          condition: `\${can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.${name}_tag)) && var.${name}_tag != "latest"}`,
          errorMessage: `${name}_tag takes a tag such as "1.4.2", and not "latest": with that nobody knows what runs, and nothing is rolled out.`,
        },
      ],
    }),
    replicas: input(`${name}_replicas`, {
      type: "number",
      description: `How many replicas of ${what} run at least; at most ${MAXIMUM_REPLICAS} do when it is busy.`,
      default: 1,
      validation: [
        {
          condition: `\${var.${name}_replicas >= 1 && var.${name}_replicas <= ${MAXIMUM_REPLICAS} && floor(var.${name}_replicas) == var.${name}_replicas}`,
          errorMessage: `${name}_replicas takes a whole number between 1 and ${MAXIMUM_REPLICAS}: more would not fit the nodes.`,
        },
      ],
    }),
  });

  const adminPassword = input("autonomous_database_admin_password", {
    type: "string",
    description:
      "Password of the database's administrator, the one given to the earlier layer: a Job makes FastAPI's own user with it. It reaches a Secret of the cluster and no state.",
    sensitive: true,
    validation: [
      {
        condition: "${length(var.autonomous_database_admin_password) >= 12}",
        errorMessage:
          "autonomous_database_admin_password has fewer than 12 characters, so it is not the one of the earlier layer: OCI takes 12 to 30.",
      },
    ],
  });
  // cdktf knows no ephemeral inputs: never in a plan file, nor in a state.
  adminPassword.addOverride("ephemeral", true);

  return {
    tlsEnabled: input("tls_enabled", {
      type: "bool",
      description:
        "Has cert-manager get a certificate for domain_name from Let's Encrypt; the name must point to the load balancer already.",
      default: false,
    }),
    acmeEmail: input("acme_email", {
      type: "string",
      description: "Where Let's Encrypt writes when a certificate is about to expire; required with tls_enabled.",
      default: "",
      validation: [
        {
          condition: '${!var.tls_enabled || var.acme_email != ""}',
          errorMessage: "tls_enabled needs acme_email: Let's Encrypt asks for an address that it can write to.",
        },
        {
          condition: '${var.acme_email == "" || can(regex("^[^@\\\\s]+@[^@\\\\s]+\\\\.[^@\\\\s]+$", var.acme_email))}',
          errorMessage: 'acme_email takes an e-mail address such as "ops@example.com".',
        },
      ],
    }),
    httpsRedirect: input("https_redirect", {
      type: "bool",
      description: "Sends every HTTP request to HTTPS; with tls_enabled only.",
      default: false,
      validation: [
        {
          condition: "${!var.https_redirect || var.tls_enabled}",
          errorMessage:
            "https_redirect needs tls_enabled: without it visitors would be sent to a certificate that no browser trusts.",
        },
      ],
    }),
    streamlit: application("streamlit", "the Streamlit application"),
    fastapi: application("fastapi", "the FastAPI service"),
    databaseSetupImage: input("database_setup_image", {
      type: "string",
      description:
        "Image that makes FastAPI's database user, with its tag or digest: Python with python-oracledb, for arm64. Oracle's own by default.",
      default: "ghcr.io/oracle/oraclelinux9-python:3.12-oracledb",
      validation: [
        matches(
          "database_setup_image",
          "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$",
          'database_setup_image takes an image with its tag or digest, such as "ghcr.io/oracle/oraclelinux9-python:3.12-oracledb".',
        ),
      ],
    }),
    adminPassword,
    adminPasswordRevision: revision(
      "autonomous_database_admin_password_revision",
      "a changed autonomous_database_admin_password",
    ),
    databasePasswordRevision: revision("database_password_revision", "a new password of FastAPI's database user"),
    apiTokenRevision: revision("api_token_revision", "a new API token"),
    grafanaPasswordRevision: revision("grafana_password_revision", "a new password of Grafana's admin"),
  };
}
