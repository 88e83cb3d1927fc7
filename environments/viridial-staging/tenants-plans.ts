import { type Plans } from "../../constructs/tenancy/tenant-list";

/**
 * What tenants order. CPU, memory and volumes are for what runs in the tenant's own namespace: the services are shared.
 * Kong lets every tenant have 100 requests a minute, so no plan has more.
 */
export const PLANS: Plans = {
  starter: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 10 },
  professional: { cpuMillis: 500, memoryMib: 512, storageGib: 20, requestsPerMinute: 60, users: 50 },
  enterprise: { cpuMillis: 1000, memoryMib: 1024, storageGib: 50, requestsPerMinute: 100, users: 200 },
};

/** Subdomains that the platform itself uses, or that people would take for it. */
export const RESERVED_SUBDOMAINS: readonly string[] = [
  "account",
  "admin",
  "alertmanager",
  "api",
  "api-staging",
  "app",
  "auth",
  "billing",
  "blog",
  "cdn",
  "dev",
  "docs",
  "ftp",
  "grafana",
  "help",
  "imap",
  "jaeger",
  "kong",
  "login",
  "loki",
  "mail",
  "ns1",
  "ns2",
  "production",
  "prometheus",
  "smtp",
  "staging",
  "static",
  "status",
  "support",
  "vault",
  "www",
];
