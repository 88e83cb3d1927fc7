import { type Construct } from "constructs";
import {
  DataTerraformRemoteStateHttp,
  DataTerraformRemoteStateLocal,
  DataTerraformRemoteStateS3,
  TerraformBackend,
  type TerraformRemoteState,
} from "cdktf";

/** Where an environment keeps its states: a setting of the environment, see {@link EnvironmentProps.backend}. */
export type BackendType = "local" | "s3" | "http";

/** One argument that ops give to `terraform init` as `-backend-config="<name>=<value>"`. */
export interface BackendArgument {
  readonly name: string;
  readonly example: string;
  readonly description: string;
}

/** The part of a backend that the next layers need and that is not in JSON. */
export interface StateInput {
  readonly name: string;
  readonly description: string;
}

interface BackendKind {
  /** What is in the backend block. Nothing here names a bucket, an address or a credential. */
  attributes(environment: string, layer: string): Record<string, unknown>;
  /** What ops add at `terraform init`. */
  arguments(environment: string, layer: string): readonly BackendArgument[];
  /** Where credentials come from, for the layer's README. */
  readonly credentials: string;
  /** Inputs that a layer needs to read the state of `earlier`. */
  stateInputs(earlier: string): readonly StateInput[];
  remoteState(
    scope: Construct,
    id: string,
    environment: string,
    earlier: string,
    input: (name: string) => string,
  ): TerraformRemoteState;
}

const localPath = (layer: string) => `../../../.terraform-state/${layer}.tfstate`;
const s3Key = (environment: string, layer: string) => `${environment}/${layer}.tfstate`;

/**
 * The backends that an environment can choose.
 *
 * - `local`: a file beside `cdktf.out/`, never in it, so that no synth can touch it.
 * - `s3`: locked by a lock file in the bucket (`use_lockfile`, Terraform ≥ 1.10); bucket and region are given at init.
 * - `http`: GitLab-managed state; the addresses are given at init.
 *
 * @see https://developer.hashicorp.com/terraform/language/backend
 * @see https://docs.gitlab.com/user/infrastructure/iac/terraform_state/
 */
export const BACKENDS: Readonly<Record<BackendType, BackendKind>> = {
  local: {
    attributes: (_environment, layer) => ({ path: localPath(layer) }),
    arguments: () => [],
    credentials: "None: the state is a file beside `cdktf.out/`. Back it up.",
    stateInputs: () => [],
    remoteState: (scope, id, _environment, earlier) =>
      new DataTerraformRemoteStateLocal(scope, id, { path: localPath(earlier) }),
  },
  s3: {
    attributes: (environment, layer) => ({ key: s3Key(environment, layer), encrypt: true, use_lockfile: true }),
    arguments: () => [
      { name: "bucket", example: "<state bucket>", description: "The bucket for states: private and versioned." },
      { name: "region", example: "eu-west-1", description: "The region of that bucket." },
    ],
    credentials: "The usual AWS ones (`AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, …).",
    stateInputs: () => [
      { name: "state_bucket", description: "Bucket that holds the states of this environment's earlier layers." },
      { name: "state_region", description: "Region of the bucket that holds the states." },
    ],
    remoteState: (scope, id, environment, earlier, input) =>
      new DataTerraformRemoteStateS3(scope, id, {
        bucket: input("state_bucket"),
        region: input("state_region"),
        key: s3Key(environment, earlier),
      }),
  },
  http: {
    attributes: () => ({ lock_method: "POST", unlock_method: "DELETE", retry_wait_min: 5 }),
    arguments: (_environment, layer) => {
      const address = `https://<gitlab>/api/v4/projects/<id>/terraform/state/${layer}`;
      return [
        { name: "address", example: address, description: "The state's address in GitLab." },
        { name: "lock_address", example: `${address}/lock`, description: "The same with `/lock`." },
        { name: "unlock_address", example: `${address}/lock`, description: "The same with `/lock`." },
      ];
    },
    credentials: "`TF_HTTP_USERNAME` and `TF_HTTP_PASSWORD` (a GitLab token with the scope `api`).",
    stateInputs: (earlier) => [
      {
        name: `${earlier.replaceAll("-", "_")}_state_address`,
        description: `Address of the state of the layer ${earlier}: what \`terraform init\` of that layer got as \`address\`.`,
      },
    ],
    remoteState: (scope, id, _environment, earlier, input) =>
      new DataTerraformRemoteStateHttp(scope, id, { address: input(`${earlier.replaceAll("-", "_")}_state_address`) }),
  },
};

/**
 * A backend block with partial configuration.
 *
 * cdktf's own backend classes ask for bucket, region or address, which belong to ops and not into JSON.
 */
export class PartialBackend extends TerraformBackend {
  constructor(
    scope: Construct,
    type: BackendType,
    private readonly attributes: Readonly<Record<string, unknown>>,
  ) {
    super(scope, "backend", type);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { ...this.attributes };
  }

  /** Never called: a cross-stack reference is refused before (see `SocleApp`). */
  override getRemoteStateDataSource(): never {
    throw new Error("a layer reads another one through Layer.read()");
  }
}
