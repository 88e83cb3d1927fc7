import { Folder } from "./support";

interface Input {
  name: string;
  type: string;
  required: boolean;
}

interface LayerFixture {
  name: string;
  reads?: string[];
  inputs?: Input[];
  stack: object;
}

/** What cdktf writes beside a block. */
export function at(path: string): { "//": object } {
  return { "//": { metadata: { path } } };
}

export const S3_BACKEND = { backend: { s3: { key: "state", region: "eu-west-1" } } };

/** A layer with a network, an input and a state in S3; and one that reads it. */
export const NETWORK: LayerFixture = {
  name: "demo-network",
  inputs: [{ name: "cidr", type: "string", required: true }],
  stack: {
    terraform: S3_BACKEND,
    variable: { cidr: { type: "string" } },
    resource: { aws_vpc: { main: { ...at("demo-network/network/vpc"), cidr_block: "${var.cidr}" } } },
    output: { vpc_id: { value: "${aws_vpc.main.id}" } },
  },
};

export const SERVERS: LayerFixture = {
  name: "demo-servers",
  reads: ["demo-network"],
  stack: {
    terraform: S3_BACKEND,
    data: { terraform_remote_state: { demo_network: { backend: "s3", config: { bucket: "states" }, workspace: "x" } } },
    resource: {
      aws_subnet: {
        a: {
          ...at("demo-servers/subnet"),
          vpc_id: "${data.terraform_remote_state.demo_network.outputs.vpc_id}",
          cidr_block: "10.0.1.0/24",
        },
      },
    },
  },
};

/** A folder such as this repository's, with synthesized environments. */
export class Project extends Folder {
  constructor(environments: Readonly<Record<string, readonly LayerFixture[]>>) {
    super();
    this.write("cdktf.out/socle.json", {
      environments: Object.entries(environments).map(([name, layers]) => ({
        name,
        layers: layers.map(({ name: layer, reads = [], inputs = [] }) => ({
          name: layer,
          directory: `stacks/${layer}`,
          reads,
          inputs,
        })),
      })),
    });
    for (const { name, stack } of Object.values(environments).flat()) {
      this.write(`cdktf.out/stacks/${name}/cdk.tf.json`, stack);
    }
  }
}
