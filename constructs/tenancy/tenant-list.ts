import leven from "leven";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { z } from "zod";
import { cpuMillis, memoryMib, type Requests } from "../cluster/capacity";
import { SocleError } from "../core/error";

/** What a tenant may use at most. */
export interface TenantQuotas extends Requests {
  /** Of volumes in its namespace, in GiB; what it uploads is held to it by the services. */
  readonly storageGib: number;
  /** Through its own host name. */
  readonly requestsPerMinute: number;
  /** People with a login. */
  readonly users: number;
}

/** An organization that uses the platform. */
export interface TenantEntry {
  /** Names everything that is its own: the namespace `tenant-<id>`, users, policies, prefixes. Never changed. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** What row-level security tells its rows by. Never changed. */
  readonly organizationId: string;
  readonly plan: string;
  /** First label of its host name. */
  readonly subdomain: string;
  readonly quotas: TenantQuotas;
}

/** What a tenant may order: the most of each, and what it has where its entry says nothing. */
export type Plans = Readonly<Record<string, TenantQuotas>>;

export interface TenantListOptions {
  /** The file's path, for messages. */
  readonly file: string;
  readonly plans: Plans;
  /** What all nodes have together: a quota above it could never be used. */
  readonly cluster: Requests;
  /** Subdomains that are not for tenants, such as `api`. */
  readonly reservedSubdomains: readonly string[];
}

/** The id is the slug of the organization's row too. @see environments/viridial-staging/migrations/V3__tables.sql */
const ID = /^[a-z][a-z0-9-]{1,30}[a-z0-9]$/;

const quantity = (parse: (value: unknown) => number | undefined, example: string) =>
  z.union([z.string(), z.number()], { error: `use a quantity such as ${example}` }).transform((value, context) => {
    const parsed = parse(value);
    if (parsed === undefined || parsed === 0) {
      context.addIssue({ code: "custom", message: `use a quantity above 0, such as ${example}` });
    }
    return parsed ?? 0;
  });
const wholeNumber = (what: string) =>
  z
    .number({ error: `use a number of ${what}` })
    .int("use a whole number")
    .min(1, "use 1 and more");
const gibibytes = (value: unknown) => {
  const [, number] = /^(\d+)Gi$/.exec(String(value)) ?? [];
  return number === undefined ? undefined : Number(number);
};

const quotasSchema = z.strictObject({
  cpu: quantity(cpuMillis, "500m").optional(),
  memory: quantity(memoryMib, "512Mi").optional(),
  storage: quantity(gibibytes, "10Gi").optional(),
  requestsPerMinute: wholeNumber("requests").optional(),
  users: wholeNumber("people").optional(),
});

const tenantSchema = z.strictObject({
  id: z
    .string({ error: "use a text" })
    .regex(ID, 'use 3 to 32 lower-case letters, digits and "-", a letter first and no "-" last'),
  name: z.string({ error: "use a text" }).trim().min(1, "use a name for people").max(100, "use at most 100 characters"),
  organizationId: z
    .string({ error: "use a UUID" })
    .regex(
      /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      "use a UUID in lower case, such as uuidgen prints",
    ),
  plan: z.string({ error: "use the name of a plan" }),
  subdomain: z
    .string({ error: "use a text" })
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      'use at most 63 lower-case letters, digits and "-", no "-" at an end',
    ),
  quotas: quotasSchema.optional(),
});

const schema = z.strictObject({ tenants: z.array(tenantSchema, { error: "use a list of tenants, or [] for none" }) });

/** Keys of a quota in the file → in {@link TenantQuotas}, with the unit of the latter. */
const QUOTAS = {
  cpu: ["cpuMillis", "m"],
  memory: ["memoryMib", "Mi"],
  storage: ["storageGib", "Gi"],
  requestsPerMinute: ["requestsPerMinute", ""],
  users: ["users", ""],
} as const;

/** The keys that each map of the file may have, for suggestions. */
const KEYS = [...Object.keys(tenantSchema.shape), ...Object.keys(QUOTAS), "tenants"];

type Path = readonly PropertyKey[];
type LineOf = (path: Path) => number;

interface Problem {
  readonly line: number;
  readonly text: string;
}

/**
 * Reads the list of tenants.
 *
 * @throws SocleError with every problem of the file, each with its line
 */
export function parseTenants(text: string, options: TenantListOptions): readonly TenantEntry[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  fail(
    options.file,
    document.errors.map(({ pos: [start], message }) => ({
      line: lines.linePos(start).line,
      text: `not YAML: ${(message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "")}`,
    })),
  );
  const value: unknown = document.toJS();
  const lineOf: LineOf = (path) => lineAt(document.contents, path, lines);
  const shape = schema.safeParse(value);
  const problems = shape.success ? [] : shape.error.issues.flatMap((issue) => shapeProblems(issue, value, lineOf));
  const raw = (value as { tenants?: unknown } | null)?.tenants;
  const entries = (Array.isArray(raw) ? raw : []).map(acceptedFields);
  problems.push(...meaningProblems(entries, options, lineOf));
  fail(options.file, problems);
  return entries.map(({ quotas, ...rest }) => ({
    ...(rest as Omit<TenantEntry, "quotas">),
    quotas: quotasOf(quotas ?? {}, options.plans[rest.plan as string] as TenantQuotas),
  }));
}

type Fields = Partial<z.output<typeof tenantSchema>>;

/** The fields of an entry that have a shape: these are checked further, so that one fault does not hide the others. */
function acceptedFields(entry: unknown): Fields {
  const pick = (shape: Readonly<Record<string, z.ZodType>>, from: unknown) =>
    Object.fromEntries(
      Object.entries(shape).flatMap(([key, type]) => {
        const result = type.safeParse((from as Record<string, unknown> | null | undefined)?.[key]);
        return result.success ? [[key, result.data] as const] : [];
      }),
    );
  const quotas = pick(quotasSchema.shape, (entry as { quotas?: unknown } | null)?.quotas);
  return { ...pick(tenantSchema.shape, entry), quotas };
}

/** @throws SocleError when there is a problem; they come in the order of the lines */
function fail(file: string, problems: readonly Problem[]): void {
  SocleError.throwIfAny(
    file,
    [...problems].sort((a, b) => a.line - b.line).map(({ line, text }) => `line ${line}: ${text}`),
  );
}

function shapeProblems(issue: z.core.$ZodIssue, value: unknown, lineOf: LineOf): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      line: lineOf([...issue.path, key]),
      text: `there is no key "${key}"${suggestion(key, KEYS)}`,
    }));
  }
  const key = issue.path.join(".").replace(/^tenants\.\d+\.?/, "");
  const found = issue.path.reduce<unknown>(
    (each, part) => (each as Record<PropertyKey, unknown> | null | undefined)?.[part],
    value,
  );
  const where = key || (issue.path.length > 0 ? "the entry" : "the file");
  const text = issue.message.startsWith("Invalid input") ? "use a map of keys and values" : issue.message;
  return [{ line: lineOf(issue.path), text: `${where} is ${JSON.stringify(found) ?? "missing"}: ${text}` }];
}

/** What only several entries together, or the plans and the cluster, show. */
function meaningProblems(entries: readonly Fields[], options: TenantListOptions, lineOf: LineOf): Problem[] {
  const duplicates = (["id", "organizationId", "subdomain"] as const).flatMap((key) => {
    const first = new Map<string, number>();
    return entries.flatMap((entry, index): Problem[] => {
      const found = entry[key];
      const before = found === undefined ? undefined : first.get(found);
      if (found !== undefined && before === undefined) {
        first.set(found, index);
      }
      return before === undefined
        ? []
        : [
            {
              line: lineOf(["tenants", index, key]),
              text: `${key} is "${found}", as in line ${lineOf(["tenants", before, key])}: each tenant has its own`,
            },
          ];
    });
  });
  const single = entries.flatMap((entry, index): Problem[] => {
    const { plan, subdomain } = entry;
    const at = (key: string) => lineOf(["tenants", index, key]);
    return [
      ...(plan === undefined || plan in options.plans
        ? []
        : [
            {
              line: at("plan"),
              text: `plan is "${plan}"${suggestion(plan, Object.keys(options.plans))}: use one of ${Object.keys(options.plans).join(", ")}`,
            },
          ]),
      ...(subdomain !== undefined && options.reservedSubdomains.includes(subdomain)
        ? [
            {
              line: at("subdomain"),
              text: `subdomain is "${subdomain}", which the platform itself uses: choose another`,
            },
          ]
        : []),
      ...quotaProblems(entry, options, (...path) => lineOf(["tenants", index, ...path])),
    ];
  });
  return [...duplicates, ...single];
}

/** Quotas above the plan's, and those, the plan's own included, above what the cluster has. */
function quotaProblems(
  { plan = "", quotas = {} }: Fields,
  { plans, cluster }: TenantListOptions,
  lineOf: (...path: string[]) => number,
): Problem[] {
  return (Object.keys(QUOTAS) as (keyof typeof QUOTAS)[]).flatMap((key) => {
    const [property, unit] = QUOTAS[key];
    const most = plans[plan]?.[property];
    const quota = quotas[key] ?? most;
    const limits: [string, number | undefined][] = [
      [`the plan "${plan}"`, most],
      ["all nodes together", property in cluster ? cluster[property as keyof Requests] : undefined],
    ];
    return limits
      .filter(([, limit]) => limit !== undefined && quota !== undefined && quota > limit)
      .map(([whose, limit]) => ({
        line: quotas[key] === undefined ? lineOf("plan") : lineOf("quotas", key),
        text: `quotas.${key} is ${quota}${unit}, above the ${limit}${unit} of ${whose}`,
      }));
  });
}

function quotasOf(
  { cpu, memory, storage, requestsPerMinute, users }: z.output<typeof quotasSchema>,
  plan: TenantQuotas,
): TenantQuotas {
  return {
    cpuMillis: cpu ?? plan.cpuMillis,
    memoryMib: memory ?? plan.memoryMib,
    storageGib: storage ?? plan.storageGib,
    requestsPerMinute: requestsPerMinute ?? plan.requestsPerMinute,
    users: users ?? plan.users,
  };
}

/** `; did you mean "plan"?` where a known word is near, "" otherwise. */
function suggestion(word: string, known: readonly string[]): string {
  const [nearest] = known
    .map((each) => ({ each, distance: leven(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `, did you mean "${nearest.each}"?` : "";
}

/** The line of what is at a path: of its key, in a map; of the nearest thing around it where it is missing. */
function lineAt(root: Node | null, path: Path, lines: LineCounter): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = (node as YAMLMap<Node, Node | null>).items.find(({ key }) => isScalar(key) && key.value === part);
      if (!pair) {
        break;
      }
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      node = (item as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return lines.linePos(offset).line;
}
