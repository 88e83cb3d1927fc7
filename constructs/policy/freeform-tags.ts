import { type IAspect } from "cdktf";
import { type IConstruct } from "constructs";

/** Gives every OCI resource that can be tagged the same free-form tags: OCI's provider has no default ones. */
export class FreeformTags implements IAspect {
  constructor(private readonly tags: Readonly<Record<string, string>>) {}

  visit(node: IConstruct): void {
    if ("freeformTagsInput" in node && "freeformTags" in node && node.freeformTagsInput === undefined) {
      node.freeformTags = { ...this.tags };
    }
  }
}
