import { parse } from "yaml";
import { type CloudConfig } from "../../../constructs/compute/cloud-config";
import kauriAws from "../../../environments/kauri-aws";
import { README } from "../../../environments/kauri-aws/readme";
import { withApp } from "../../support/construct";

const { json, sections } = withApp((app) => {
  const [layer] = kauriAws(app).layers;
  return { json: layer?.toTerraform() ?? {}, sections: layer?.readmeSections ?? [] };
});

const config = parse(
  // Terraform's escape is undone; its own expressions are as good as any text.
  String(json.locals?.["server_user_data"]).replace(/([$%])\1\{/g, "$1{"),
) as Required<CloudConfig>;
const files = config.write_files.map((file) => file.path);
const written = (path: string) => config.write_files.find((file) => file.path === path)?.content ?? "";
const keys = (of: object | undefined) => Object.keys(of ?? {});

/** What the layer has, by the kind of name that a README can give. */
const THERE: Readonly<Record<string, readonly string[]>> = {
  output: keys(json.output),
  input: keys(json.variable),
  address: Object.entries(json.resource ?? {}).flatMap(([type, blocks]) =>
    keys(blocks).map((name) => `${type}.${name}`),
  ),
  folder: Object.values(json.resource?.["aws_s3_object"] ?? {}).map(({ key }) => String(key)),
  unit: files.flatMap((path) => /^\/etc\/systemd\/system\/([\w-]+)\.service$/.exec(path)?.[1] ?? []),
  path: [
    ...(/BIND_MOUNTS='([^']*)'/.exec(written("/etc/kauri/environment"))?.[1] ?? "")
      .split(" ")
      .map((mount) => mount.split(":")[1] ?? ""),
    ...files.flatMap((path) => /^ConditionPathExists=(.*)$/m.exec(written(path))?.[1] ?? []),
  ],
};

/** Where a README names something, and of which kind that is. */
const NAMED: readonly [string, RegExp][] = [
  ["output", /terraform output -raw (\w+)/g],
  ["address", /-replace=([\w.]+)/g],
  ["folder", /"s3:\/\/(?:\$bucket|<bucket>)\/([\w-]+\/)/g],
  ["unit", /systemctl \w+ ([\w-]+)/g],
  ["path", /(?<![\w.">/])(\/(?:data|opt|srv)\/[\w./-]*\w)/g],
  ["input", /`([a-z]+(?:_[a-z]+)+)`/g],
];

const namesIn = (body: string) =>
  NAMED.flatMap(([kind, pattern]) => [...body.matchAll(pattern)].map((match) => `${kind} ${match[1]}`));

const missingIn = (body: string) =>
  namesIn(body).filter((name) => {
    const [kind = "", value = ""] = name.split(" ");
    return THERE[kind]?.includes(value) !== true;
  });

const text = README.map(({ body }) => body).join("\n");
/** The lines that a reader copies. */
const commands = [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap((match) => (match[1] ?? "").trim().split("\n"));

describe("the README of kauri-aws", () => {
  test("GIVEN its sections THEN the layer's README begins with them", () => {
    expect(README.map(({ title }) => title)).toEqual(["What it costs", "First synchronisation"]);
    expect(sections.slice(0, README.length)).toEqual(README);
  });

  test("GIVEN its text THEN every output, folder, unit, path and input in it exists in the layer", () => {
    expect([...new Set(namesIn(text))]).toEqual([
      "output bucket_name",
      "output ssh_command",
      "folder base_connaissances/",
      "unit kauri",
      "path /data/chroma",
      "path /opt/kauri/compose.yaml",
      "input instance_type",
      "input data_volume_gib",
    ]);
    expect(missingIn(text)).toEqual([]);
  });

  test("THEN every program in a command is there: the reader's own, Ubuntu's, or a package of the server's", () => {
    const programs = commands.flatMap((line) =>
      line
        .replace(/#.*/, "")
        .split(/&&|\$\(/)
        .map((part) => /^\s*(?:bucket=")?(?:sudo )?([a-z-]*)/.exec(part)?.[1] ?? ""),
    );

    expect([...new Set(programs.filter((name) => name !== ""))].sort()).toEqual([
      "aws",
      "cloud-init",
      "findmnt",
      "install",
      "systemctl",
      "terraform",
    ]);
    expect(config.packages).toContain("awscli");
  });

  test("THEN its figures are the defaults", () => {
    const defaults = ["instance_type", "aws_region", "global_budget_usd", "project_budget_usd", "data_volume_gib"];
    const [server] = Object.values(json.resource?.["aws_instance"] ?? {});

    expect(defaults.map((name) => json.variable?.[name]?.default)).toEqual(["t4g.large", "eu-west-1", 30, 18, 80]);
    expect(server?.["root_block_device"]).toMatchObject({ volume_size: 20 });
    expect(text).toContain("in eu-west-1 as it comes");
    expect(text).toContain("t4g.large for 14 hours on weekdays");
    expect(text).toContain("100 GiB of gp3");
    expect(text).toContain("(30 for the account,\n18 for the project)");
  });

  test("GIVEN the sections of its constructs too THEN what their commands name exists", () => {
    const all = sections.map(({ body }) => body).join("\n");

    expect(namesIn(all)).toEqual(expect.arrayContaining(["output instance_id", "address aws_instance.server"]));
    // Backquoted words with `_` may be something else there, such as `prevent_destroy`.
    expect(missingIn(all).filter((name) => !name.startsWith("input "))).toEqual([]);
  });

  test.each([
    ["an output", '"$(terraform output -raw bucket)"', "output bucket"],
    ["an address", "terraform apply -replace=aws_instance.web", "address aws_instance.web"],
    ["a folder", 'aws s3 sync ./x "s3://$bucket/knowledge/x/"', "folder knowledge/"],
    ["a unit", "sudo systemctl restart kauri-app", "unit kauri-app"],
    ["a bind mount", "findmnt /data/mysql", "path /data/mysql"],
    ["a file", "sudo install compose.yaml /opt/kauri/docker-compose.yaml", "path /opt/kauri/docker-compose.yaml"],
    ["an input", "Raise `data_volume_gb`.", "input data_volume_gb"],
  ])("fails for %s that does not exist", (_what, command, missing) => {
    expect(missingIn(command)).toEqual([missing]);
  });
});
