import { Construct } from "constructs";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { Fn, type TerraformVariable, Token } from "cdktf";
import { type INamespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { generatedValueProblems, type GeneratedValues, generatedValues } from "./generated-value";

export interface GeneratedSecretProps {
  readonly namespace: INamespace;
  /** Name of the Kubernetes Secret. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** What Kubernetes takes it for, such as `kubernetes.io/basic-auth`. @default "Opaque" */
  readonly type?: string;
  /** Key of the Secret → how its value is generated. @default - none */
  readonly generate?: GeneratedValues;
  /** Key of the Secret → value from elsewhere, such as an ephemeral input. @default - none */
  readonly values?: Readonly<Record<string, string>>;
  /**
   * An input of type `number`, from 1 on: raised by one, every value of the Secret is written anew.
   * @default - nothing writes them anew, and the Secret carries `prevent_destroy`: for the key of what is encrypted
   */
  readonly revision?: TerraformVariable;
  /** What reads the Secret, and what ops do after a rotation, or would lose with it; sentences for the README. */
  readonly afterRotation: string;
}

/** One value of a Secret, for an environment variable of a container. */
export interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

/**
 * A Kubernetes Secret whose values are generated at the apply that writes them: ephemeral, and written through the
 * write-only `data_wo`, so they are neither in JSON nor in a state or plan. The Secret is where they are kept.
 *
 * Terraform cannot see that a value was changed in the cluster. A Secret that was deleted there is written again, with new
 * values: see {@link version}.
 */
export class GeneratedSecret extends Construct {
  readonly secretName: string;
  /**
   * Another text whenever the values are others: the revision, and the beginning of the Secret's uid, which changes when
   * it was deleted in the cluster and is written again. What reads the Secret is restarted by it, in an annotation of its
   * pod template.
   */
  readonly version: string;
  readonly resource: SecretV1;
  private readonly keys: readonly string[];

  /** @throws SocleError when there is no value, a key is there twice or malformed, or a generated value is too short or long */
  constructor(scope: Construct, id: string, props: GeneratedSecretProps) {
    super(scope, id);
    const { generate = {}, values = {} } = props;
    this.keys = [...Object.keys(generate), ...Object.keys(values)];
    SocleError.throwIfAny(this.node.path, problemsOf(props, this.keys));
    const layer = Layer.of(this);
    this.secretName = props.name ?? id.replaceAll("_", "-");

    this.resource = new SecretV1(this, "Resource", {
      metadata: { name: this.secretName, namespace: props.namespace.name },
      type: props.type ?? "Opaque",
      dataWoRevision: props.revision?.numberValue ?? 1,
      ...(props.revision ? {} : { lifecycle: { preventDestroy: true } }),
      dependsOn: [...props.namespace.present],
    });
    const uid = Fn.substr(this.resource.metadata.uid, 0, 8);
    this.version = `${props.revision ? Token.asString(props.revision.value) : "1"}-${Token.asString(uid)}`;
    this.resource.addOverride("data_wo", { ...generatedValues(this.resource, generate), ...values });

    const what = `the Secret \`${this.secretName}\` in the namespace \`${props.namespace.name}\``;
    layer.addReadmeSection(
      props.revision
        ? {
            title: `Rotating the Secret ${this.secretName}`,
            body: `Raise \`${props.revision.friendlyUniqueId}\` by one and apply: every value of ${what} is written anew. ${props.afterRotation}`,
          }
        : {
            title: `Keeping the Secret ${this.secretName}`,
            body: `The values of ${what} are generated once and are nowhere else. ${props.afterRotation}`,
          },
    );
  }

  /**
   * One value, for an environment variable.
   *
   * @throws SocleError when the Secret has no such key
   */
  key(key: string): SecretKey {
    SocleError.throwIfAny(
      this.node.path,
      this.keys.includes(key) ? [] : [`has no key "${key}": use one of ${this.keys.join(", ")}`],
    );
    return { secretName: this.secretName, key };
  }
}

function problemsOf({ generate = {}, values = {} }: GeneratedSecretProps, keys: readonly string[]): string[] {
  return [
    ...(keys.length > 0 ? [] : ["generate and values are both empty: a Secret has at least one key"]),
    ...keys
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
      .map((key) => `the key "${key}" has other characters than letters, digits, "-", "_" and "."`),
    ...generatedValueProblems("key", generate, values),
  ];
}
