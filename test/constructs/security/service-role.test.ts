import { ServerRole, ServiceRole } from "../../../constructs/security/service-role";
import { synthesizeLayer } from "../../support/construct";

describe("ServiceRole", () => {
  test("GIVEN a service and conditions THEN only that service may assume the role, under them", () => {
    const { json } = synthesizeLayer(
      (layer) =>
        new ServiceRole(layer, "role", {
          name: "app-scheduler",
          description: "Starts things",
          service: "scheduler.amazonaws.com",
          conditions: [{ test: "StringEquals", variable: "aws:SourceAccount", values: ["1"] }],
        }),
    );

    expect(json.data?.["aws_iam_policy_document"]).toEqual({
      role_trust: {
        statement: [
          {
            actions: ["sts:AssumeRole"],
            condition: [{ test: "StringEquals", variable: "aws:SourceAccount", values: ["1"] }],
            principals: [{ type: "Service", identifiers: ["scheduler.amazonaws.com"] }],
          },
        ],
      },
    });
    expect(json.resource).toEqual({
      aws_iam_role: {
        role: {
          name: "app-scheduler",
          description: "Starts things",
          assume_role_policy: "${data.aws_iam_policy_document.role_trust.json}",
        },
      },
    });
  });

  test("WHEN it is allowed something THEN that is an inline policy of its own", () => {
    const { json } = synthesizeLayer((layer) => {
      const role = new ServiceRole(layer, "role", { name: "r", description: "d", service: "ec2.amazonaws.com" });
      role.allow("read_things", [{ sid: "Read", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] }]);
    });

    expect(json.data?.["aws_iam_policy_document"]?.["role_read_things"]).toEqual({
      statement: [{ sid: "Read", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] }],
    });
    expect(json.resource?.["aws_iam_role_policy"]).toEqual({
      role_read_things_policy: {
        name: "read-things",
        role: "${aws_iam_role.role.name}",
        policy: "${data.aws_iam_policy_document.role_read_things.json}",
      },
    });
  });
});

describe("ServerRole", () => {
  test("GIVEN a name THEN EC2 may assume it and an instance profile carries it", () => {
    const { json } = synthesizeLayer((layer) => new ServerRole(layer, "server_role", { name: "app-server" }));

    expect(json.data?.["aws_iam_policy_document"]?.["server_role_trust"]).toEqual({
      statement: [
        { actions: ["sts:AssumeRole"], principals: [{ type: "Service", identifiers: ["ec2.amazonaws.com"] }] },
      ],
    });
    expect(json.resource?.["aws_iam_instance_profile"]).toEqual({
      server_role_profile: { name: "app-server", role: "${aws_iam_role.server_role.name}" },
    });
  });
});
