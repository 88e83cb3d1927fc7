import { type ReadmeSection } from "../../constructs/core/layer";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of each layer of tenants says besides its generated parts. */
export const TENANTS_README: readonly ReadmeSection[] = [
  section(
    "Which tenants are here",
    "Tenants are spread over these layers by a hash of their id, so a new one changes the files of one layer only: the one whose diff",
    "you were given. The layers do not depend on each other; each is applied by itself. A layer without tenants makes nothing, and takes",
    "away what its last tenant had.",
  ),
  section(
    "What a tenant has",
    "Its rows, files and messages are in the shared services, kept apart by row-level security, prefixes and virtual hosts. Its own are:",
    "",
    "- the namespace `tenant-<id>`, for Jobs that are its alone (exports, imports, integrations), with quotas, limits and default-deny; its",
    "  pods reach DNS, the API gateway, the broker, the object store and the OpenTelemetry collector, and nothing reaches them;",
    "- the Secret `credentials` in it: `username` and `password` for the virtual host `tenant-<id>` of RabbitMQ, `access-key` and",
    "  `secret-key` for `<id>/` in the buckets `property-images` and `documents`. All are generated in Vault, at",
    "  `kv/viridial/tenants/<id>`; what operators write below that path the namespace may read too;",
    "- its row in `viridial.organizations`, and its entry in the ConfigMap `tenants-NN` of the services, with its plan and quotas:",
    "  `users` and `storageGib` are theirs to hold it to;",
    "- the host name `<subdomain>.<tenant_domain>`, which leads to the API with the plan's limit of requests (for each replica of",
    "  Traefik). Which tenant a request is of, the gateway reads from the verified token: never from the host name, and never from a header;",
    "- series for billing: `tenant:info:plan`, `tenant:billed_requests:increase1h`, `tenant:cpu_seconds:increase1h`,",
    "  `tenant:memory_bytes:avg1h`, `tenant:volume_bytes:used`.",
    "",
    "A tenant's pods cannot reach PostgreSQL: who can run SQL there can name any tenant. They use the API.",
  ),
  section(
    "Rotating credentials",
    "Raise `tenant_credentials_revision` by one and apply: every tenant of this layer gets another password and secret key in Vault,",
    "external-secrets brings them within seconds, the topology operator tells the broker, and a Job tells the object store. Jobs of tenants",
    "that run meanwhile may be refused; start them again.",
  ),
  section(
    "When a tenant leaves",
    "Not before what docs/runbooks/off-board-a-tenant.md asks for: export, revoke, delete. Removing the entry takes away the namespace, the",
    "virtual host with its messages, the route, and the policy, role and entry in Vault. Rows, files and the user of the object store stay until they are deleted by hand.",
  ),
];
