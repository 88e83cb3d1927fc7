import { ImageRegistry, type ImageRegistryProps } from "../../../constructs/delivery/image-registry";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { ServerRole } from "../../../constructs/security/service-role";
import { only, synthesizeLayer } from "../../support/construct";

const GITHUB = {
  issuer: "https://token.actions.githubusercontent.com",
  audience: "sts.amazonaws.com",
  subjects: ["repo:acme/kauri:ref:refs/heads/main"],
};
const REPOSITORIES =
  "arn:${data.aws_partition.account.partition}:ecr:eu-west-1:${data.aws_caller_identity.account.account_id}:repository/app/*";

describe("ImageRegistry", () => {
  const build = (props: Partial<ImageRegistryProps>) =>
    synthesizeLayer((layer) => {
      const account = new AwsAccount(layer, "account", "eu-west-1");
      const images = new ImageRegistry(layer, "images", { namespace: "app", account, ...props });
      images.grantPull(new ServerRole(layer, "role", { name: "app" }));
    });

  test("GIVEN no setting THEN nothing is made, and a role may pull what is below the namespace", () => {
    const { json } = build({});

    expect(Object.keys(json.resource ?? {}).filter((type) => type.startsWith("aws_ecr"))).toEqual([]);
    expect(json.resource?.["aws_iam_openid_connect_provider"]).toBeUndefined();
    expect(json.data?.["aws_iam_policy_document"]?.["role_pull_images"]).toEqual({
      statement: [
        { sid: "LogIn", actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
        {
          sid: "PullImages",
          actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
          resources: [REPOSITORIES],
        },
      ],
    });
  });

  test("GIVEN a repository THEN its tags are immutable, a push is scanned and old images go", () => {
    const { resource } = build({ repositories: ["api"] }).json;

    expect(only(resource?.["aws_ecr_repository"])).toEqual({
      name: "app/api",
      image_tag_mutability: "IMMUTABLE",
      force_delete: false,
      image_scanning_configuration: { scan_on_push: true },
      encryption_configuration: [{ encryption_type: "AES256" }],
    });
    const lifecycle = only(resource?.["aws_ecr_lifecycle_policy"]);
    expect(lifecycle["repository"]).toBe("${aws_ecr_repository.images_api.name}");
    expect(JSON.parse(lifecycle["policy"] as string)).toEqual({
      rules: [
        {
          rulePriority: 1,
          description: "Untagged images after a day",
          selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 1 },
          action: { type: "expire" },
        },
        {
          rulePriority: 2,
          description: "All but the newest 20 images",
          selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 20 },
          action: { type: "expire" },
        },
      ],
    });
  });

  test("GIVEN a pusher THEN tokens of that audience and subject may push below the namespace", () => {
    const { json } = build({ repositories: ["api"], pusher: GITHUB });

    expect(only(json.resource?.["aws_iam_openid_connect_provider"])).toEqual({
      url: "https://token.actions.githubusercontent.com",
      client_id_list: ["sts.amazonaws.com"],
    });
    expect(json.data?.["aws_iam_policy_document"]?.["images_ci_trust"]).toEqual({
      statement: [
        {
          actions: ["sts:AssumeRoleWithWebIdentity"],
          principals: [{ type: "Federated", identifiers: ["${aws_iam_openid_connect_provider.images_ci.arn}"] }],
          condition: [
            {
              test: "StringEquals",
              variable: "token.actions.githubusercontent.com:aud",
              values: ["sts.amazonaws.com"],
            },
            { test: "StringLike", variable: "token.actions.githubusercontent.com:sub", values: GITHUB.subjects },
          ],
        },
      ],
    });
    expect(json.data?.["aws_iam_policy_document"]?.["images_ci_push"]?.["statement"]).toEqual([
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
        resources: [REPOSITORIES],
      },
    ]);
  });

  test.each(["*", "repo:*", "repo:acme/*:ref:refs/heads/main", "main"])("fails for the subject %s", (subject) => {
    expect(() => build({ repositories: ["api"], pusher: { ...GITHUB, subjects: [subject] } })).toThrow(
      `test/images: the subject "${subject}" does not name a repository: use one such as "repo:acme/kauri:ref:refs/heads/main"`,
    );
  });

  test("fails for a pusher that has nothing to push to", () => {
    expect(() => build({ pusher: GITHUB })).toThrow(
      "test/images: a pusher needs at least one repository and one subject",
    );
  });
});
