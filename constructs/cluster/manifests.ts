import { dependable, type ITerraformDependable, Lazy, Token } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Release } from "@cdktf/provider-helm/lib/release";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { Layer } from "../core/layer";
import { splitValues, type Values, valuesDocuments } from "./component";
import { type Condition, countOf, type INamespace } from "./namespace";

/** A Kubernetes object, such as a custom resource. Its strings and numbers may be tokens of cdktf, its name may not. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** @default - the namespace of the {@link Manifests}; none for kinds of the whole cluster */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly [key: string]: unknown;
}

export interface ManifestsProps {
  /** Where the Helm release is kept, and where objects are that name no other namespace. */
  readonly namespace: INamespace;
  /** Name of the Helm release. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** More can follow through {@link Manifests.add}. @default - none yet */
  readonly manifests?: readonly Manifest[];
  /** What has to be there before, such as the operator that knows the kinds. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
  /** They are there only while this holds. @default - as long as the namespace's own condition */
  readonly when?: Condition;
  /** @default 600 */
  readonly timeoutSeconds?: number;
}

const CHART = "charts/manifests";
const SOURCE = "constructs/cluster/manifests-chart";

/**
 * Custom resources, applied as one Helm release of a small chart that ships with the layer. Their kinds need to be known
 * when they are applied, not when a plan is made: `kubernetes_manifest` needs its CRD at plan, which a first plan has not.
 *
 * No secret goes in: Helm keeps the values, and so does Terraform's state.
 */
export class Manifests extends Construct {
  readonly name: string;
  /** What depends on the objects being there. Helm does not wait for what an operator makes of them. */
  readonly delivered: ITerraformDependable & IDependable;
  private readonly release: Release;
  private readonly needs: Set<ITerraformDependable>;
  private readonly objects = new Map<string, Manifest>();

  /** @throws SocleError when Helm takes no release of that name, two objects are the same one, or one is a Secret with values */
  constructor(scope: Construct, id: string, props: ManifestsProps) {
    super(scope, id);
    this.name = props.name ?? id.replaceAll("_", "-");
    if (!/^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/.test(this.name)) {
      throw new SocleError(this.node.path, [
        `the release name "${this.name}" is not made of at most 53 lower-case letters, digits and "-", which is what Helm takes: give a name`,
      ]);
    }
    const layer = Layer.of(this);
    for (const file of ["Chart.yaml", "templates/manifests.yaml"]) {
      layer.addFile(`${CHART}/${file}`, readProjectFile(`${SOURCE}/${file}`));
    }
    this.add(...(props.manifests ?? []));
    this.needs = new Set([...props.namespace.guardrails, ...(props.dependsOn ?? [])]);
    this.release = new Release(this, "Resource", {
      ...countOf(props.namespace.when, props.when),
      name: this.name,
      namespace: props.namespace.name,
      chart: `\${path.module}/${CHART}`,
      // At synth, since objects may be added until then.
      values: Lazy.listValue({
        produce: () => {
          const { known, interpolated } = splitValues({ manifests: Object.fromEntries(this.objects) });
          return valuesDocuments(known, interpolated);
        },
      }),
      createNamespace: false,
      atomic: true,
      cleanupOnFail: true,
      timeout: props.timeoutSeconds ?? 600,
      maxHistory: 5,
      dependsOn: [...this.needs],
    });
    this.delivered = this.release;
    this.node.addValidation({
      validate: () => (this.objects.size > 0 ? [] : ["has no manifest: add one, or leave it out"]),
    });
  }

  /**
   * Adds objects.
   *
   * @throws SocleError when one is there already, has a name that only Terraform knows, or is a Secret with values
   */
  add(...manifests: readonly Manifest[]): void {
    const problems: string[] = [];
    for (const manifest of manifests) {
      const { kind, metadata } = manifest;
      const key = [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join("/");
      if (Token.isUnresolved(key)) {
        problems.push(`a ${kind} has a name or namespace that only Terraform knows: name it at synth`);
      }
      if (this.objects.has(key)) {
        problems.push(`${key} is there already: give each object once`);
      }
      if (kind === "Secret" && ("data" in manifest || "stringData" in manifest)) {
        problems.push(`${key} has values, which Helm and the state would keep: use GeneratedSecret or KnownSecret`);
      }
      this.objects.set(key, manifest);
    }
    SocleError.throwIfAny(this.node.path, problems);
  }

  /** Has something there before the objects are, beyond what the constructor was told. */
  after(...dependables: readonly ITerraformDependable[]): void {
    dependables.forEach((each) => this.needs.add(each));
    this.release.dependsOn = [...this.needs].map(dependable);
  }

  /** The objects as they are known by now, for other constructs and tests. */
  get manifests(): readonly Values[] {
    return [...this.objects.values()];
  }
}
