import { Construct } from "constructs";
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";

export interface ServiceRoleProps {
  /** Name of the role. */
  readonly name: string;
  /** One sentence: who acts with it and why. */
  readonly description: string;
  /** AWS service that may assume it, such as `ec2.amazonaws.com`. */
  readonly service: string;
  /** Narrows who may assume it, against a confused deputy. @default - no condition */
  readonly conditions?: { readonly test: string; readonly variable: string; readonly values: string[] }[];
}

/** An IAM role for an AWS service that may do nothing until {@link allow} is called. */
export class ServiceRole extends Construct {
  readonly arn: string;
  readonly name: string;

  constructor(scope: Construct, id: string, props: ServiceRoleProps) {
    super(scope, id);
    const trust = new DataAwsIamPolicyDocument(this, "trust", {
      statement: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: [props.service] }],
          ...(props.conditions ? { condition: props.conditions } : {}),
        },
      ],
    });
    const role = new IamRole(this, "Resource", {
      name: props.name,
      description: props.description,
      assumeRolePolicy: trust.json,
    });
    this.arn = role.arn;
    this.name = role.name;
  }

  /**
   * Lets the role do something: an inline policy of its own, so that a diff shows one permission at a time.
   *
   * @param id name of the policy, such as `read_parameters`
   */
  allow(id: string, statement: readonly DataAwsIamPolicyDocumentStatement[]): void {
    const document = new DataAwsIamPolicyDocument(this, id, { statement: [...statement] });
    new IamRolePolicy(this, `${id}_policy`, { name: id.replaceAll("_", "-"), role: this.name, policy: document.json });
  }
}

/** A {@link ServiceRole} that an EC2 instance carries through an instance profile. */
export class ServerRole extends ServiceRole {
  readonly instanceProfileName: string;

  constructor(scope: Construct, id: string, props: { readonly name: string }) {
    super(scope, id, {
      name: props.name,
      description: "What the server itself may do",
      service: "ec2.amazonaws.com",
    });
    this.instanceProfileName = new IamInstanceProfile(this, "profile", { name: props.name, role: this.name }).name;
  }
}
