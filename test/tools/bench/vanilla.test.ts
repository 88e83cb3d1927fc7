import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { withBarrelImports, writeVanillaApp } from "../../../tools/bench/vanilla";

describe("withBarrelImports", () => {
  test("GIVEN an import of one resource THEN it comes from the package, as a value and as a type", () => {
    expect(withBarrelImports('import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";')).toBe(
      [
        'import { s3Bucket as aws_s3Bucket } from "@cdktf/provider-aws";',
        "const S3Bucket = aws_s3Bucket.S3Bucket;",
        "type S3Bucket = aws_s3Bucket.S3Bucket;",
      ].join("\n"),
    );
  });

  test("GIVEN an import over several lines with a type THEN the type is a type only", () => {
    expect(
      withBarrelImports('import {\n  Vpc,\n  type VpcConfig,\n} from "@cdktf/provider-aws/lib/vpc";\nconst x = 1;'),
    ).toBe(
      'import { vpc as aws_vpc } from "@cdktf/provider-aws";\nconst Vpc = aws_vpc.Vpc;\ntype Vpc = aws_vpc.Vpc;\ntype VpcConfig = aws_vpc.VpcConfig;\nconst x = 1;',
    );
  });

  test("GIVEN the providers of two packages THEN their namespaces have different names", () => {
    const source =
      'import { AwsProvider } from "@cdktf/provider-aws/lib/provider";\nimport { TlsProvider } from "@cdktf/provider-tls/lib/provider";';
    expect(withBarrelImports(source).match(/import .*/g)).toEqual([
      'import { provider as aws_provider } from "@cdktf/provider-aws";',
      'import { provider as tls_provider } from "@cdktf/provider-tls";',
    ]);
  });

  test("GIVEN other imports THEN they stay", () => {
    const source = 'import { Fn } from "cdktf";\nimport { Layer } from "../core/layer";';
    expect(withBarrelImports(source)).toBe(source);
  });
});

describe("writeVanillaApp", () => {
  test("GIVEN this repository THEN no source of the copy imports a single resource", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-vanilla-"));
    try {
      writeVanillaApp(process.cwd(), folder);

      const sources = fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && !file.startsWith("node_modules"))
        .map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
      expect(sources.length).toBeGreaterThan(20);
      expect(sources.filter((source) => /@cdktf\/provider-\w+\/lib/.test(source))).toEqual([]);
      expect(sources.filter((source) => /from "@cdktf\/provider-aws"/.test(source)).length).toBeGreaterThan(5);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
