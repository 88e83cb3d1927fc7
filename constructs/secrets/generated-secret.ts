import { Construct } from "constructs";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { Fn, type TerraformVariable, Token } from "cdktf";
import { type Namespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";

/** How a generated value looks: letters and digits, at least one lower-case, one upper-case letter and one digit. */
export interface GeneratedValue {
  /** In characters, 16 to 128. */
  readonly length: number;
  /** Other characters that occur, at least one of them, such as `_-`. @default - none */
  readonly special?: string;
}

export interface GeneratedSecretProps {
  readonly namespace: Namespace;
  /** Name of the Kubernetes Secret. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Key of the Secret → how its value is generated. @default - none */
  readonly generate?: Readonly<Record<string, GeneratedValue>>;
  /** Key of the Secret → value from elsewhere, such as an ephemeral input. @default - none */
  readonly values?: Readonly<Record<string, string>>;
  /** An input of type `number`, from 1 on: raised by one, every value of the Secret is written anew. */
  readonly revision: TerraformVariable;
  /** What reads the Secret and what ops do after a rotation, a sentence for the README. */
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

    if (Object.keys(generate).length > 0 && !layer.node.tryFindChild("random")) {
      new RandomProvider(layer, "random");
    }
    this.resource = new SecretV1(this, "Resource", {
      metadata: { name: this.secretName, namespace: props.namespace.name },
      type: "Opaque",
      dataWoRevision: props.revision.numberValue,
      dependsOn: [props.namespace.resource],
    });
    const generated = Object.entries(generate).map(([key, { length, special }]): [string, string] => {
      const address = `ephemeral.random_password.${this.resource.friendlyUniqueId}_${terraformName(key)}`;
      // cdktf has no ephemeral blocks.
      layer.addOverride(address, {
        length,
        special: special !== undefined,
        ...(special === undefined ? {} : { override_special: special, min_special: 1 }),
        min_lower: 1,
        min_upper: 1,
        min_numeric: 1,
      });
      return [key, `\${${address}.result}`];
    });
    const uid = Fn.substr(this.resource.metadata.uid, 0, 8);
    this.version = `${Token.asString(props.revision.value)}-${Token.asString(uid)}`;
    this.resource.addOverride("data_wo", { ...Object.fromEntries(generated), ...values });

    const revision = props.revision.friendlyUniqueId;
    layer.addReadmeSection({
      title: `Rotating the Secret ${this.secretName}`,
      body: `Raise \`${revision}\` by one and apply: every value of the Secret \`${this.secretName}\` in the namespace \`${props.namespace.name}\` is written anew. ${props.afterRotation}`,
    });
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

/** A key as part of a Terraform name. */
const terraformName = (key: string) => key.replace(/\W/g, "_");

function problemsOf({ generate = {}, values = {} }: GeneratedSecretProps, keys: readonly string[]): string[] {
  return [
    ...(keys.length > 0 ? [] : ["generate and values are both empty: a Secret has at least one key"]),
    ...Object.keys(generate)
      .filter((key) => key in values)
      .map((key) => `the key "${key}" is both in generate and in values: give it once`),
    ...keys
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
      .map((key) => `the key "${key}" has other characters than letters, digits, "-", "_" and "."`),
    ...Object.keys(generate).flatMap((key, index, all) => {
      const twin = all.slice(0, index).find((other) => terraformName(other) === terraformName(key));
      return twin === undefined
        ? []
        : [
            `the keys "${twin}" and "${key}" differ by punctuation only and would share one generated value: rename one`,
          ];
    }),
    ...Object.entries(generate)
      .filter(([, { length }]) => !(Number.isInteger(length) && length >= 16 && length <= 128))
      .map(([key, { length }]) => `the length of "${key}" is ${length}: use 16 to 128 characters`),
  ];
}
