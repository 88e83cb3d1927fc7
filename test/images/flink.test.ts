import * as fs from "node:fs";

describe("images/flink", () => {
  const dockerfile = fs.readFileSync("images/flink/Dockerfile", "utf8");
  const [, base, flink] = /^ARG BASE=(flink:(\d+\.\d+\.\d+)-scala_2\.12-java17)$/m.exec(dockerfile) ?? [];

  test("THEN it is of one release of Flink, and its connector is for that release", () => {
    expect(base).toBe("flink:2.2.0-scala_2.12-java17");
    expect(dockerfile).toContain(`/opt/flink/opt/flink-s3-fs-hadoop-${flink}.jar`);
    expect(dockerfile).toMatch(/flink-sql-connector-kafka-\d+\.\d+\.\d+-2\.2\.jar/);
  });

  test("THEN what it downloads is what was looked at, and it does not run as root", () => {
    for (const line of dockerfile.split("\n").filter((each) => each.startsWith("ADD "))) {
      expect(line).toMatch(/ --checksum=sha256:[0-9a-f]{64} https:\/\//);
    }
    expect(dockerfile.trimEnd().split("\n").at(-1)).toBe("USER 9999:9999");
  });

  test("THEN each script is one job: one statement set, after tables that are all used", () => {
    for (const script of fs.readdirSync("images/flink/sql")) {
      const sql = fs.readFileSync(`images/flink/sql/${script}`, "utf8").replace(/--.*$/gm, "");
      expect(sql.match(/EXECUTE STATEMENT SET/g)).toHaveLength(1);
      for (const [, table] of sql.matchAll(/CREATE (?:TABLE|TEMPORARY VIEW) (\w+)/g)) {
        expect(sql).toMatch(new RegExp(`(FROM|INTO|TABLE) ${table}\\b(?! \\()`));
      }
    }
  });
});
