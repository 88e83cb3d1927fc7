import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { OfflineError } from "./errors";
import type { Layer } from "./manifest";

interface StackBlock {
  "//"?: { metadata?: { path?: string } };
  [argument: string]: unknown;
}

type Blocks = Record<string, Record<string, StackBlock>>;

/** The parts of a `cdk.tf.json` that are looked at. */
export interface Stack {
  terraform?: {
    backend?: unknown;
    cloud?: unknown;
    required_providers?: Record<string, { source?: string; version?: string }>;
  };
  resource?: Blocks;
  data?: Blocks;
  ephemeral?: Blocks;
}

const STACK_FILE = "cdk.tf.json";

/** What ops and earlier runs leave in a layer's folder: it must have no say here, and is never touched. */
const LEFT_BEHIND = /^\.terraform|\.tfstate|\.tfvars(\.json)?$|\.tfplan$/;

export function readStack(folder: string): Stack {
  return JSON.parse(readFileSync(join(folder, STACK_FILE), "utf8")) as Stack;
}

/**
 * Copies a layer to a throw-away folder where it can be applied: its state is a file in that folder, and it reads
 * the states that earlier layers have in theirs.
 *
 * @param folderOf the throw-away folder of a layer, by its name
 * @throws {OfflineError} when a remote state belongs to no layer that this one is said to read
 */
export function prepareLayer(
  out: string,
  layer: Layer,
  folderOf: (layer: string) => string,
  inputs: Readonly<Record<string, unknown>>,
): void {
  const source = join(out, layer.directory);
  const target = folderOf(layer.name);
  cpSync(source, target, { recursive: true, filter: (path) => path === source || !LEFT_BEHIND.test(basename(path)) });

  const stack = readStack(target);
  delete stack.terraform?.backend;
  delete stack.terraform?.cloud;
  for (const [name, block] of Object.entries(stack.data?.["terraform_remote_state"] ?? {})) {
    const read = layer.reads.find((other) => other.replaceAll("-", "_") === name);
    if (read === undefined) {
      throw new OfflineError(
        `${join(source, STACK_FILE)}: data.terraform_remote_state.${name} belongs to no layer that ${layer.name} reads ` +
          `(${layer.reads.join(", ") || "none"}). It must be called like the layer, with _ for -.`,
      );
    }
    delete block["workspace"];
    block["backend"] = "local";
    block["config"] = { path: join(folderOf(read), "terraform.tfstate") };
  }
  writeFileSync(join(target, STACK_FILE), JSON.stringify(stack, null, 2));
  writeFileSync(join(target, "socle.auto.tfvars.json"), JSON.stringify(inputs, null, 2));
}

/**
 * The construct path that cdktf noted for a resource, as far as the address has one. Accepts the addresses of
 * diagnostics: `aws_vpc.network`, `module.x.aws_vpc.network[0]`, `resource.aws_vpc.network`, `data "aws_ami" "server"`.
 */
export function constructPath(stack: Stack, address: string): string | undefined {
  const parts = address.replace(/\[[^\]]*\]/g, "").match(/[\w-]+/g) ?? [];
  const [kind, ...rest] = parts;
  const blocks = kind === "data" ? stack.data : kind === "ephemeral" ? stack.ephemeral : stack.resource;
  const [type = "", name = ""] = kind === "data" || kind === "ephemeral" || kind === "resource" ? rest : parts;
  return blocks?.[type]?.[name]?.["//"]?.metadata?.path;
}
