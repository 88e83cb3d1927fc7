import { type Node } from "constructs";
import { TerraformElement, TerraformOutput, type TerraformRemoteState, TerraformStack, TerraformVariable } from "cdktf";
import { BACKENDS, PartialBackend } from "./backend";
import { type Environment } from "./environment";
import { SocleError } from "./error";

/** Write-only attributes and ephemeral values need Terraform 1.11 (OpenTofu 1.11 has both too). */
export const REQUIRED_TERRAFORM_VERSION = ">= 1.11.0";

export interface LayerProps {
  /** One sentence for ops: what an apply of this layer makes. */
  readonly description: string;
  /**
   * What the layer's README says besides the generated parts, in order: runbooks, what to do before and after.
   * @default - nothing more
   */
  readonly readme?: readonly ReadmeSection[];
}

/** A section of the layer's README, in Markdown. */
export interface ReadmeSection {
  readonly title: string;
  readonly body: string;
}

/** A port that something outside the layer can reach. */
export interface OpenPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** Who can reach it: `"world"`, or the name of the input that lists the CIDR blocks. */
  readonly from: "world" | (string & {});
  /** What listens there. */
  readonly purpose: string;
}

/** A secret that ends up in this layer's state because the provider has no write-only way. */
export interface StateSecret {
  /** Attribute or input, such as `tls_private_key.ca.private_key_pem`. */
  readonly what: string;
  readonly why: string;
}

/** What the pods of a cluster request, and what its nodes have: the table of `make capacity`. */
export interface CapacityEntry extends NodesCapacity {
  /** Control planes that are nodes of their own. @default - none are */
  readonly controlPlanes?: NodesCapacity;
  /**
   * Choices of ops that exclude each other, such as scenarios, each with all that runs then; the entry itself is what runs
   * in every one of them.
   * @default - there is no choice
   */
  readonly cases?: Readonly<Record<string, NodesCapacity>>;
}

/** What pods request of the nodes of one type, and what these have. */
export interface NodesCapacity {
  readonly nodeType: string;
  readonly nodeCount: number;
  /** Of all nodes together. */
  readonly available: { readonly cpuMillis: number; readonly memoryMib: number };
  /** Of all rows together. */
  readonly requested: { readonly cpuMillis: number; readonly memoryMib: number };
  /** Each with all its replicas. */
  readonly rows: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly replicas: number;
    readonly cpuMillis: number;
    readonly memoryMib: number;
  }[];
}

/**
 * One Terraform stack of an environment: one state, one apply.
 *
 * It gives what every layer has in common: addresses without hashes, a backend with partial configuration, a required
 * Terraform version, provider sources in full with `~>` versions; it refuses inputs and outputs without a description.
 * Constructs below it tell it what ops must know (open ports, secrets in state); synth writes that into its README.
 */
export class Layer extends TerraformStack {
  readonly description: string;
  /**
   * What the cluster that this layer delivers to is asked for, for `socle.json`; called when everything is constructed.
   * @default - the layer delivers to no cluster
   */
  capacity?: () => CapacityEntry;
  private readonly readme: ReadmeSection[];
  private readonly ports: OpenPort[] = [];
  private readonly secrets: StateSecret[] = [];
  private readonly files = new Map<string, string>();
  private readonly earlier = new Map<Layer, TerraformRemoteState>();
  private readonly addresses = new Map<string, TerraformElement | Node>();

  /**
   * @param name `<environment>`, or `<environment>-<layer>` where the environment has several
   * @throws SocleError when the name does not belong to the environment
   */
  constructor(
    readonly environment: Environment,
    name: string,
    props: LayerProps,
  ) {
    super(environment.app, name);
    this.description = props.description;
    this.readme = [...(props.readme ?? [])];
    environment.add(this);
    new PartialBackend(this, environment.backend, BACKENDS[environment.backend].attributes(environment.name, name));
    this.node.addValidation({ validate: () => this.interfaceProblems() });
  }

  /** The layer that a construct belongs to. */
  static override of(construct: Parameters<typeof TerraformStack.of>[0]): Layer {
    const stack = TerraformStack.of(construct);
    if (!(stack instanceof Layer)) {
      throw new SocleError(construct.node.path, [`"${stack.node.id}" is a TerraformStack: make it a Layer`]);
    }
    return stack;
  }

  /** Ports reachable from outside, as the constructs declared them. */
  get openPorts(): readonly OpenPort[] {
    return this.ports;
  }

  /** Secrets in this layer's state, as the constructs declared them. */
  get stateSecrets(): readonly StateSecret[] {
    return this.secrets;
  }

  /** Sections for the README besides the generated ones. */
  get readmeSections(): readonly ReadmeSection[] {
    return this.readme;
  }

  /** Files that ops get with the layer, by path below its folder: what its JSON refers to by `${path.module}`. */
  get shippedFiles(): ReadonlyMap<string, string> {
    return this.files;
  }

  /** The earlier layers whose outputs this one reads. */
  get reads(): readonly Layer[] {
    return [...this.earlier.keys()];
  }

  addOpenPort(port: OpenPort): void {
    this.ports.push(port);
  }

  addStateSecret(secret: StateSecret): void {
    this.secrets.push(secret);
  }

  addReadmeSection(section: ReadmeSection): void {
    this.readme.push(section);
  }

  /**
   * Ships a text file with the layer, for what Terraform reads from disk, such as a chart.
   *
   * @param path below the layer's folder, with `/`, such as `charts/manifests/Chart.yaml`
   * @throws SocleError when the path leaves the folder, or another text is there already
   */
  addFile(path: string, text: string): void {
    const known = this.files.get(path);
    SocleError.throwIfAny(this.node.path, [
      ...(/^[\w-]+(\/[\w.-]+)+$/.test(path) && !path.split("/").includes("..")
        ? []
        : [`the file "${path}" is not in a folder of the layer: use a path such as charts/manifests/Chart.yaml`]),
      ...(known === undefined || known === text ? [] : [`the file "${path}" is there already, with another text`]),
    ]);
    this.files.set(path, text);
  }

  /**
   * The outputs of an earlier layer of the same environment, through `terraform_remote_state`.
   *
   * What the backend leaves to ops (bucket, region, address) becomes an input of this layer, once.
   *
   * @throws SocleError when `layer` is of another environment, or not applied before this one
   */
  read(layer: Layer): TerraformRemoteState {
    const known = this.earlier.get(layer);
    if (known) {
      return known;
    }
    const { layers, name, backend } = this.environment;
    if (layers.indexOf(layer) < 0 || layers.indexOf(layer) >= layers.indexOf(this)) {
      throw new SocleError(this.node.path, [
        `reads the layer "${layer.node.id}", which is not applied before it; ` +
          `the layers of ${name} are, in order: ${layers.map((each) => each.node.id).join(", ")}`,
      ]);
    }
    for (const input of BACKENDS[backend].stateInputs(layer.node.id)) {
      if (!this.node.tryFindChild(input.name)) {
        new TerraformVariable(this, input.name, { type: "string", description: input.description, nullable: false });
      }
    }
    const state = BACKENDS[backend].remoteState(
      this,
      layer.node.id,
      name,
      layer.node.id,
      (input) => (this.node.findChild(input) as TerraformVariable).stringValue,
    );
    this.earlier.set(layer, state);
    this.addDependency(layer);
    return state;
  }

  /** The Terraform JSON of this layer: cdktf's, with the required version, full provider sources and no empty `depends_on`. */
  override toTerraform(): TerraformJson {
    const json = super.toTerraform() as TerraformJson;
    const terraform = (json.terraform ??= {});
    terraform.required_version = REQUIRED_TERRAFORM_VERSION;
    for (const provider of Object.values(terraform.required_providers ?? {})) {
      provider.source = provider.source.includes("/") ? provider.source : `hashicorp/${provider.source}`;
      provider.version = /^\d/.test(provider.version) ? `~> ${provider.version}` : provider.version;
    }
    // cdktf writes an empty list of dependencies too, which says nothing to a reader.
    for (const block of [json.resource, json.data].flatMap((types) => Object.values(types ?? {}))) {
      for (const body of Object.values(block).filter(
        ({ depends_on: needs }) => Array.isArray(needs) && !needs.length,
      )) {
        delete body["depends_on"];
      }
    }
    return json;
  }

  /**
   * Addresses for people: the construct path joined by `_`, `Default` and `Resource` dropped, no hash.
   *
   * @throws SocleError when two elements of the same Terraform type would get the same address
   */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = element instanceof TerraformElement ? element.node : element;
    const segments = node.scopes
      .slice(node.scopes.indexOf(this) + 1)
      .map((scope) => scope.node.id)
      .filter((segment) => segment !== "Default" && segment !== "Resource");
    const id = segments.join("_").replace(/[^A-Za-z0-9_]/g, "_");
    const problem = !/^[A-Za-z_]/.test(id)
      ? `the construct path gives the Terraform name "${id}", which must begin with a letter or "_"`
      : undefined;
    SocleError.throwIfAny(node.path, problem ? [problem] : []);

    const address = `${elementType(element)}.${id}`;
    const taken = this.addresses.get(address);
    if (taken && taken !== element) {
      throw new SocleError(node.path, [
        `gets the address ${address}, which ${(taken instanceof TerraformElement ? taken.node : taken).path} has already: ` +
          `give one of the two another id`,
      ]);
    }
    this.addresses.set(address, element);
    return id;
  }

  private interfaceProblems(): string[] {
    const problems: string[] = [];
    for (const construct of this.node.findAll()) {
      if (construct instanceof TerraformVariable && !(construct.description && construct.type)) {
        problems.push(`the input "${construct.friendlyUniqueId}" needs a type and a description: ops read them`);
      }
      if (construct instanceof TerraformVariable && construct.sensitive && construct.default != null) {
        problems.push(
          `the input "${construct.friendlyUniqueId}" is sensitive and has a default, which everybody could read: use none, or null`,
        );
      }
      if (TerraformOutput.isTerraformOutput(construct) && !construct.description) {
        problems.push(`the output "${construct.friendlyUniqueId}" needs a description: ops read it`);
      }
    }
    return problems;
  }
}

/** The part of a layer's Terraform JSON that Socle itself reads or changes. */
export interface TerraformJson {
  terraform?: {
    required_version?: string;
    required_providers?: Record<string, { source: string; version: string }>;
    backend?: Record<string, Record<string, unknown>>;
  };
  variable?: Record<string, VariableJson>;
  locals?: Record<string, unknown>;
  output?: Record<string, { description: string; sensitive?: boolean }>;
  resource?: Record<string, Record<string, Record<string, unknown>>>;
  data?: Record<string, Record<string, Record<string, unknown>>>;
  ephemeral?: Record<string, Record<string, Record<string, unknown>>>;
  provider?: Record<string, Record<string, unknown>[]>;
}

export interface VariableJson {
  type: string;
  description: string;
  default?: unknown;
  sensitive?: boolean;
  /** In no plan file: given again at apply. cdktf 0.21 knows it by `addOverride` only. */
  ephemeral?: boolean;
  nullable?: boolean;
}

/** `aws_vpc`, `data.aws_ami`, `var`: what an address begins with; outputs and backends have no element type in cdktf. */
function elementType(element: TerraformElement | Node): string {
  const type =
    element instanceof TerraformElement ? (element as unknown as { _elementType?: string })._elementType : "";
  return type ?? element.constructor.name;
}
