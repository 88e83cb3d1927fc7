import { type ContainerResources } from "../../constructs/cluster/workload";
import { type ReadmeSection } from "../../constructs/core/layer";
import { ADDRESSES, TENANT, VAULT_MOUNTS } from "./names";
import { VAULT_PREFIX } from "./vault-access";

/** Entry of Vault, with the property `private-key`, that ops write before the first apply. */
export const SIGNING_KEY_ENTRY = `${VAULT_PREFIX}identity/signing-key`;

export interface ServicesReadmeProps {
  readonly namespace: string;
  readonly requestsPerMinute: number;
  /** Names of those who call with a key. */
  readonly consumers: readonly string[];
  readonly minimumReplicas: number;
  readonly maximumReplicas: number;
  readonly resources: ContainerResources;
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer viridial-staging-services says besides its generated parts. */
export function servicesReadme(props: ServicesReadmeProps): readonly ReadmeSection[] {
  const kubectl = `kubectl --namespace ${props.namespace}`;
  const signingKey = `${VAULT_MOUNTS.kv}/${SIGNING_KEY_ENTRY}`;
  return [
    section(
      "Before the first apply",
      "Vault is unsealed and reached as below; `api_host` of the layer -platform leads to the load balancer and has its certificate (otherwise",
      "`smoke_test_enabled = false`, until it has). The key that the identity service signs tokens with is made once, by you:",
      "",
      "```sh",
      "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out signing-key.pem",
      "openssl pkey -in signing-key.pem -pubout -out signing-key.pub      # jwt_public_key",
      `vault kv put ${signingKey} private-key=@signing-key.pem && shred -u signing-key.pem`,
      "```",
      "",
      "Without that entry the apply waits five minutes for the Secret `identity-signing-key`, and fails.",
      "",
      "Where the images are not public, make the Secret that they are pulled with (a token that may read packages, and nothing else); without it",
      "they are pulled without credentials:",
      "",
      "```sh",
      "read -rs REGISTRY_TOKEN",
      `${kubectl} create secret docker-registry registry --docker-server=ghcr.io --docker-username=<user> --docker-password="$REGISTRY_TOKEN"`,
      "```",
    ),
    section(
      "Deploying a tag, and going back",
      "`terraform apply -var property_tag=1.5.0` (and keep it in `terraform.tfvars`; `ci/github/deploy.sh` does the same). A new pod has to be",
      "ready before an old one goes; the apply waits for all of them, then the Job `smoke-…` asks each service for its health through the",
      `gateway. Going back is the tag from before, by the same command. The outputs \`<service>_tag\` say what is deployed.`,
      "",
      "```sh",
      `${kubectl} rollout status deployment/property-blue`,
      `${kubectl} logs --selector app.kubernetes.io/name=smoke      # which service did not answer`,
      `${kubectl} get hpa`,
      "```",
      "",
      "When the new pods do not get ready, the old ones go on, and the apply fails after ten minutes.",
    ),
    section(
      "Blue and green",
      "To run a release before anybody is led to it, and to go back at once. One service at a time: the nodes have room for no more.",
      "",
      '1. `property_green_tag = "1.5.0"`, and apply: the Deployment `property-green` runs beside `property-blue`, and gets no requests from',
      "   the gateway. It does consume messages, from the same queue, and uses the same database.",
      `2. Look at it: \`${kubectl} port-forward deployment/property-green 8080\`.`,
      '3. `property_color = "green"`, and apply: the Service leads to green, once its pods are ready. Blue is still there: back is `"blue"`.',
      '4. When green has proven good: `property_tag` the same tag, `property_color = "blue"`, and apply. Then, in a further apply,',
      '   `property_green_tag = ""`. CI refuses to deploy any service while one has green pods.',
      "",
      "A colour that is led to cannot be taken away: the input refuses it.",
    ),
    section(
      "What a service has to be",
      "An image that runs as user 10001 with a read-only root file system (but `/tmp`), and:",
      "",
      "- **Ports.** 8080 (`PORT`): its API, with paths that do not begin with its own name: the gateway takes `/property` away. 9090",
      "  (`METRICS_PORT`): `/metrics` for Prometheus, with Micrometer's names (`jvm_…`, `hikaricp_…`, `http_server_requests_seconds`).",
      "- **Probes**, on 8080. `/health`: it lives; nothing else is asked, or a lost database would restart all pods. `/ready`: it can take requests,",
      "  with its database and its broker; the gateway asks it too. First start within three minutes. It ends within 30 seconds of SIGTERM.",
      `- **Size.** ${props.resources.memoryMib} MiB requested, ${props.resources.memoryLimitMib} MiB at most, 35 % of that heap (\`JAVA_TOOL_OPTIONS\`); ${props.minimumReplicas} to ${props.maximumReplicas} pods, one more from 70 % of the`,
      "  requested CPU or 80 % of the memory on. Java seldom gives memory back: one pod more for memory stays until the next deployment.",
      "- **Credentials are files** below `/secrets`, which `…_FILE` variables name. They change while it runs: read them at each new connection, and",
      "  let no connection live longer than a day. The user of PostgreSQL is another one every day, and removed after a week.",
      `- **The tenant** of a request is in the header \`${TENANT.header}\`, which the gateway sets from what it verified. Every transaction begins with`,
      "  `SET LOCAL app.organization_id = '<tenant>'`; without it there are no rows. PgBouncer lends connections for one transaction: no session",
      "  settings, advisory locks or `LISTEN`. PostgreSQL is spoken to over TLS (`sslmode=require`); NetworkPolicies say who answers there.",
      "- **Messages.** `RABBITMQ_EXCHANGES` are those that it may publish to, `RABBITMQ_QUEUE` is its own. It declares nothing. A message that cannot be",
      "  worked on is rejected without requeue, and is then a dead letter.",
      "- **Logs**: one JSON object a line on standard output, with `level`, `tenant_id` and `trace_id`. Alloy makes labels of the first two.",
      "- **Traces** by OTLP (`OTEL_…` variables): it sends all of them, and the collector keeps the profile's share.",
      "- The search service also has the argument `index`: it fills the index and ends. The tenants are the files of `TENANTS_FOLDER`, one JSON object",
      "  each, with `organizationId`; it reads each one's rows in a transaction of its own, as a user that may only read, from a replica.",
    ),
    section(
      "The way in",
      "`https://<api_host>/<service>/…` → Traefik → Kong → a pod. On the way, in this order:",
      "",
      "| priority | plugin | what it does |",
      "| --- | --- | --- |",
      "| 2000 | cors | answers browsers of `https://<domain_name>` and `cors_origins` |",
      "| 1450 | jwt | `Authorization: Bearer`, RS256, signed for `jwt_issuer`, with `exp` not more than an hour away; else 401 |",
      "| 1250 | key-auth | instead of it, where the request has `X-API-Key` |",
      "| 951 | request-size-limiting | 413 above 1 MB (property: 10 MB) |",
      `| 930 | tenant | drops the client's \`${TENANT.header}\` and sets it from the claim \`${TENANT.claim}\`, or from the key's consumer; else 403 |`,
      `| 910 | rate-limiting | ${props.requestsPerMinute} requests a minute of a tenant, on all routes together, counted in Valkey for all replicas of Kong; else 429 |`,
      "| 801, 800 | transformers | drop cookies, and headers that tell what runs; no cache keeps answers unless the service says so |",
      "| 9 | file-log | a line of JSON a request, without credentials: in Loki, and counted for each tenant |",
      "",
      "While Valkey is away nobody is limited by Kong, only by Traefik. Open to everybody are `/<service>/health`, and `/identity/public/…` to log in,",
      "renew a token or reset a password: 20 requests a minute from one address at each replica of Kong, by plain paths (lower-case letters, digits,",
      '"-", "_"). All else of the identity service needs a token: it must give nothing away below `/public` that a token is for.',
      "",
      "Kong waits 2 s for a connection and 15 s for an answer, and asks another replica, twice at most, when one cannot be reached. A replica that",
      "answers 502 to 504 five times is left out until `/ready` says 200 (circuit breaker).",
      "",
      "The services are not in the mesh when Linkerd is on: they call no other service, and neither Kong nor the stores are in it, so nothing",
      "would be encrypted. Whoever makes one service call another puts both into it (Linkerd, in the README of the layer -platform), which gives",
      "mutual TLS between them; limits, timeouts and retries of what comes from outside stay Kong's.",
    ),
    section(
      "Who calls what",
      "NetworkPolicies allow these flows, and no other:",
      "",
      "| from | to |",
      "| --- | --- |",
      `| identity | ${ADDRESSES.postgresqlPooler.host}, ${ADDRESSES.valkey.host}, ${ADDRESSES.rabbitMq.host} |`,
      `| property | ${ADDRESSES.postgresqlPooler.host}, ${ADDRESSES.valkey.host}, ${ADDRESSES.rabbitMq.host}, ${ADDRESSES.objectStore.host} |`,
      `| search | ${ADDRESSES.meilisearch.host}, ${ADDRESSES.rabbitMq.host} |`,
      `| the Job search-index | ${ADDRESSES.postgresqlReadOnly.host}, ${ADDRESSES.meilisearch.host} |`,
      `| all of them | ${ADDRESSES.openTelemetryCollector.host}, DNS |`,
      "| Kong | the services, 8080 |",
      "| Prometheus | the services, 9090 |",
    ),
    section(
      "Filling the search index",
      "`search_index_revision` one more than before, and apply: the Job `search-index-<n>` runs the search service's image with the argument `index`,",
      "and the apply waits for it, an hour at most for a try. The service goes on answering meanwhile. The alert `MeilisearchDown` and a",
      "restore of Meilisearch lead here; so does the first apply with tenants.",
    ),
    section(
      "API keys",
      props.consumers.length > 0
        ? `Those who have one: ${props.consumers.map((name) => `\`${name}\``).join(", ")}. Each acts for one tenant. Give it its key:`
        : "Nobody has one yet. Once somebody has, this is how it gets its key:",
      "",
      "```sh",
      `vault kv get -field=key ${VAULT_MOUNTS.kv}/${VAULT_PREFIX}api-keys/<name>`,
      "```",
      "",
      "A further one is a line in `API_CONSUMERS` (`environments/viridial-staging/services.ts`), with the UUID of its tenant.",
    ),
    section(
      "Rotating",
      "- **API keys**: raise `api_key_revision`; all of them are made anew, and the old ones are void within seconds.",
      "- **The signing key**: tokens of the old key are void at once, so callers log in again. Write the new private key to Vault as before the first",
      `  apply, \`${kubectl} annotate externalsecret identity-signing-key force-sync=$(date +%s) --overwrite\`, then apply with the new \`jwt_public_key\`.`,
      "- **RabbitMQ, Valkey, Meilisearch, object store**: in the layer -vault (`secret_revisions`), then -data, then this one. Services read the files",
      "  again by themselves.",
      `- **A user of PostgreSQL that leaked**: \`vault lease revoke -prefix database/creds/app\`, then \`${kubectl} delete secret identity-database property-database\`:`,
      "  external-secrets brings others.",
    ),
  ];
}
