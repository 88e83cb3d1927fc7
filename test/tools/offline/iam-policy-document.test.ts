import { iamPolicyDocument } from "../../../tools/offline/iam-policy-document";

describe("iamPolicyDocument", () => {
  test("renders statements with principals and conditions", () => {
    const document = iamPolicyDocument({
      version: null,
      policy_id: "demo",
      statement: [
        {
          sid: "Assume",
          effect: null,
          actions: ["sts:AssumeRole", "sts:TagSession"],
          not_actions: null,
          resources: null,
          not_resources: [],
          principals: [
            { type: "Service", identifiers: ["ec2.amazonaws.com"] },
            { type: "AWS", identifiers: ["1", "2"] },
          ],
          not_principals: [],
          condition: [
            { test: "StringEquals", variable: "aws:SourceAccount", values: ["1"] },
            { test: "StringEquals", variable: "aws:SourceArn", values: ["a", "b"] },
          ],
        },
        {
          sid: null,
          effect: "Deny",
          actions: ["*"],
          resources: ["*"],
          principals: [{ type: "*", identifiers: ["*"] }],
        },
      ],
    });
    expect(document).toEqual({
      Version: "2012-10-17",
      Id: "demo",
      Statement: [
        {
          Sid: "Assume",
          Effect: "Allow",
          Principal: { Service: "ec2.amazonaws.com", AWS: ["1", "2"] },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: { StringEquals: { "aws:SourceAccount": "1", "aws:SourceArn": ["a", "b"] } },
        },
        { Effect: "Deny", Principal: "*", Action: "*", Resource: "*" },
      ],
    });
  });

  test("puts source documents first and lets a later statement replace one with the same sid", () => {
    const source = JSON.stringify({
      Statement: [
        { Sid: "A", Effect: "Allow" },
        { Sid: "B", Effect: "Allow" },
      ],
    });
    const override = JSON.stringify({ Statement: { Sid: "A", Effect: "Deny" } });
    expect(
      iamPolicyDocument({
        source_policy_documents: [source],
        override_policy_documents: [override],
        statement: [{ sid: "C", actions: ["s3:*"] }],
      }),
    ).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Sid: "A", Effect: "Deny" },
        { Sid: "B", Effect: "Allow" },
        { Sid: "C", Effect: "Allow", Action: "s3:*" },
      ],
    });
  });
});
