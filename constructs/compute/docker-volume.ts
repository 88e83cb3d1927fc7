import { Construct } from "constructs";
import { Volume } from "@cdktf/provider-docker/lib/volume";

export interface DockerVolumeProps {
  /** Name that Docker has it under; one that is there already is taken over with what it holds. */
  readonly name: string;
  /** Whether Terraform refuses to delete it. @default true */
  readonly keep?: boolean;
}

/** A named volume of Docker: data that outlives its container. */
export class DockerVolume extends Construct {
  /** Known only once the volume is there, so that what refers to it comes after it. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: DockerVolumeProps) {
    super(scope, id);
    this.name = new Volume(this, "Resource", {
      name: props.name,
      lifecycle: { preventDestroy: props.keep ?? true },
    }).name;
  }
}
