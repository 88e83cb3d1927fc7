import { Construct } from "constructs";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { SocleError } from "../core/error";
import { type AwsAccount } from "../security/aws-account";
import { type ServiceRole } from "../security/service-role";

/** The CI that pushes images, known by its OpenID Connect tokens; no key is stored anywhere. */
export interface ImagePusher {
  /** Issuer, without a path's last slash: `https://token.actions.githubusercontent.com` or `https://gitlab.com`. */
  readonly issuer: string;
  /** The token's audience: `sts.amazonaws.com` for GitHub, what `id_tokens` says for GitLab. */
  readonly audience: string;
  /**
   * Whose tokens are let in, exactly (`repo:acme/kauri:ref:refs/heads/main`,
   * `project_path:acme/kauri:ref_type:branch:ref:main`); `*` is allowed after the repository's name only.
   */
  readonly subjects: readonly string[];
}

export interface ImageRegistryProps {
  /** First part of every repository's name: `<namespace>/<repository>`. */
  readonly namespace: string;
  readonly account: AwsAccount;
  /** Repositories to make, below the namespace. @default - none; they are made elsewhere */
  readonly repositories?: readonly string[];
  /** Who may push. @default - nobody */
  readonly pusher?: ImagePusher;
}

/** Images kept in each repository; older ones are deleted. */
const KEPT_IMAGES = 20;

/**
 * Private ECR repositories: tags that cannot be overwritten, a scan at each push, old images deleted.
 */
export class ImageRegistry extends Construct {
  private readonly repositoryArn: string;

  /** @throws SocleError when a subject would let in anyone of the issuer, or a pusher has nothing to push to */
  constructor(scope: Construct, id: string, props: ImageRegistryProps) {
    super(scope, id);
    this.repositoryArn = props.account.arn("ecr", `repository/${props.namespace}/*`);
    const repositories = props.repositories ?? [];
    const problems = (props.pusher?.subjects ?? [])
      .filter((subject) => !/^[a-z_]+:[^*:/]+(\/[^*:/]+)+:/.test(subject))
      .map(
        (subject) =>
          `the subject "${subject}" does not name a repository: use one such as "repo:acme/kauri:ref:refs/heads/main"`,
      );
    if (props.pusher && (repositories.length === 0 || props.pusher.subjects.length === 0)) {
      problems.push("a pusher needs at least one repository and one subject");
    }
    SocleError.throwIfAny(this.node.path, problems);

    for (const name of repositories) {
      const repository = new EcrRepository(this, name, {
        name: `${props.namespace}/${name}`,
        imageTagMutability: "IMMUTABLE",
        forceDelete: false,
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: [{ encryptionType: "AES256" }],
      });
      new EcrLifecyclePolicy(this, `${name}_lifecycle`, {
        repository: repository.name,
        policy: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: "Untagged images after a day",
              selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 1 },
              action: { type: "expire" },
            },
            {
              rulePriority: 2,
              description: `All but the newest ${KEPT_IMAGES} images`,
              selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: KEPT_IMAGES },
              action: { type: "expire" },
            },
          ],
        }),
      });
    }
    if (props.pusher) {
      this.allowPush(props.namespace, props.pusher);
    }
  }

  /** Lets a role pull images of this namespace. */
  grantPull(role: ServiceRole): void {
    role.allow("pull_images", [
      // AWS knows no narrower resource for a token; what it opens is said by the next statement.
      { sid: "LogIn", actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
      {
        sid: "PullImages",
        actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        resources: [this.repositoryArn],
      },
    ]);
  }

  private allowPush(namespace: string, pusher: ImagePusher): void {
    const issuer = pusher.issuer.replace(/^https:\/\//, "");
    const provider = new IamOpenidConnectProvider(this, "ci", {
      url: pusher.issuer,
      clientIdList: [pusher.audience],
    });
    const trust = new DataAwsIamPolicyDocument(this, "ci_trust", {
      statement: [
        {
          actions: ["sts:AssumeRoleWithWebIdentity"],
          principals: [{ type: "Federated", identifiers: [provider.arn] }],
          condition: [
            { test: "StringEquals", variable: `${issuer}:aud`, values: [pusher.audience] },
            { test: "StringLike", variable: `${issuer}:sub`, values: [...pusher.subjects] },
          ],
        },
      ],
    });
    const role = new IamRole(this, "ci_role", {
      name: `${namespace}-image-pusher`,
      description: "CI pushes container images",
      assumeRolePolicy: trust.json,
      maxSessionDuration: 3600,
    });
    const push = new DataAwsIamPolicyDocument(this, "ci_push", {
      statement: [
        { sid: "LogIn", actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
        {
          sid: "PushImages",
          actions: [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
          ],
          resources: [this.repositoryArn],
        },
      ],
    });
    new IamRolePolicy(this, "ci_push_policy", { name: "push-images", role: role.name, policy: push.json });
  }
}
