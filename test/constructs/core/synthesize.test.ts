import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Fn, TerraformOutput, TerraformResource, TerraformVariable } from "cdktf";
import stackTrace = require("cdktf/lib/tokens/private/stack-trace");
import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { Environment } from "../../../constructs/core/environment";
import { SocleError } from "../../../constructs/core/error";
import { type Summary } from "../../../constructs/core/handoff";
import { Layer } from "../../../constructs/core/layer";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { type EnvironmentLoader, main, synthesize } from "../../../constructs/core/synthesize";
import { filesBelow, messageOf, temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform } from "../../support/terraform-run";

type Build = (environment: Environment) => void;

/** A loader of an environment that `build` fills with layers. */
const environment =
  (name: string, build: Build): EnvironmentLoader =>
  () =>
    Promise.resolve({
      default: (app) => {
        const made = new Environment(app, name, { description: `The environment ${name}.`, backend: "local" });
        build(made);
        return made;
      },
    });

/** A layer with one resource and one output. */
const simpleLayer = (parent: Environment, name: string, value = "first"): Layer => {
  const layer = new Layer(parent, name, { description: `What ${name} makes.` });
  const resource = new TerraformData(layer, "thing", { input: { value } });
  new TerraformOutput(layer, "thing_id", { value: resource.id, description: "Its id." });
  return layer;
};

const simple = (name: string, layers: readonly string[] = [name], value?: string): EnvironmentLoader =>
  environment(name, (made) => layers.forEach((layer) => simpleLayer(made, layer, value)));

const literalSecret: Build = (made) => {
  const layer = simpleLayer(made, made.name);
  new TerraformResource(layer, "login", { terraformResourceType: "acme_login" }).addOverride("password", "hunter2");
};

const missingDescription: Build = (made) => {
  new TerraformVariable(simpleLayer(made, made.name), "size", { type: "number" });
};

/** A folder of its own for the output, so that what stands beside it is seen too. */
const newOutdir = (): string => path.join(temporaryFolder(), "cdktf.out");

const json = <T>(...segments: string[]): T => JSON.parse(fs.readFileSync(path.join(...segments), "utf8")) as T;
const summaryOf = (outdir: string) => json<Summary>(outdir, "socle.json");
const stacksOf = (outdir: string) => json<{ stacks: Record<string, unknown> }>(outdir, "manifest.json").stacks;

const layerFiles = (...names: string[]) =>
  names.flatMap((name) =>
    ["README.md", "cdk.tf.json", "terraform.tfvars.example"].map((file) => `stacks/${name}/${file}`),
  );

describe("a good synth", () => {
  test("GIVEN two environments WHEN they are synthesized THEN exactly their files, manifest and summary are written", async () => {
    const outdir = newOutdir();
    const lines: string[] = [];

    await synthesize(
      { alpha: simple("alpha", ["alpha-a", "alpha-b"]), beta: simple("beta") },
      { outdir, log: (line) => lines.push(line) },
    );

    expect(Object.keys(filesBelow(outdir))).toEqual([
      "manifest.json",
      "socle.json",
      ...layerFiles("alpha-a", "alpha-b", "beta"),
    ]);
    expect(fs.readdirSync(path.dirname(outdir))).toEqual(["cdktf.out"]);
    expect(Object.keys(stacksOf(outdir))).toEqual(["alpha-a", "alpha-b", "beta"]);
    expect(stacksOf(outdir)["alpha-a"]).toEqual({
      annotations: [],
      constructPath: "alpha-a",
      dependencies: [],
      name: "alpha-a",
      stackMetadataPath: "stacks/alpha-a/metadata.json",
      synthesizedStackPath: "stacks/alpha-a/cdk.tf.json",
      workingDirectory: "stacks/alpha-a",
    });
    expect(lines.map((line) => line.replace(/ +/g, " ").replace(/[\d.]+ s$/, "N s"))).toEqual([
      "alpha-a 1 resources N s",
      "alpha-b 1 resources N s",
      "beta 1 resources N s",
    ]);
  });

  test("GIVEN a synth WHEN socle.json is read THEN it has each layer in apply order with the SHA-256 of its files", async () => {
    const outdir = newOutdir();

    await synthesize({ beta: simple("beta"), alpha: simple("alpha", ["alpha-b", "alpha-a"]) }, { outdir });

    const { formatVersion, environments } = summaryOf(outdir);
    expect(formatVersion).toBe(1);
    expect(environments.map(({ name, layers }) => [name, layers.map((layer) => layer.name)])).toEqual([
      ["beta", ["beta"]],
      ["alpha", ["alpha-b", "alpha-a"]],
    ]);
    for (const { directory, files } of environments.flatMap(({ layers }) => layers)) {
      const folder = path.join(outdir, directory);
      const sums = fs.readdirSync(folder).map((file): [string, string] => [
        file,
        createHash("sha256")
          .update(fs.readFileSync(path.join(folder, file)))
          .digest("hex"),
      ]);
      expect(files).toEqual(Object.fromEntries(sums));
      expect(sums).toHaveLength(3);
    }
  });

  test("GIVEN files of ops and of Terraform WHEN it is synthesized again THEN they stay, and generated files are replaced", async () => {
    const outdir = newOutdir();
    const folder = path.join(outdir, "stacks/alpha");
    await synthesize({ alpha: simple("alpha") }, { outdir });
    const ofOps = {
      ".terraform/terraform.tfstate": "{}",
      ".terraform.lock.hcl": "# lock",
      "terraform.tfvars": "size = 1",
      "terraform.tfstate": "{}",
      "old.tfstate.backup": "{}",
    };
    fs.mkdirSync(path.join(folder, ".terraform"));
    for (const [file, text] of Object.entries(ofOps)) {
      fs.writeFileSync(path.join(folder, file), text);
    }
    fs.writeFileSync(path.join(folder, "cdk.tf.json"), "edited by hand");

    await synthesize({ alpha: simple("alpha", ["alpha"], "second") }, { outdir });

    const files = filesBelow(folder);
    expect(files).toMatchObject(ofOps);
    expect(Object.keys(files)).toHaveLength(3 + Object.keys(ofOps).length);
    expect(JSON.parse(files["cdk.tf.json"] ?? "")).toMatchObject({
      resource: { terraform_data: { thing: { input: { value: "second" } } } },
    });
  });

  test("GIVEN the same sources WHEN they are synthesized twice THEN the bytes are the same", async () => {
    const outdir = newOutdir();
    const loaders = { alpha: simple("alpha", ["alpha-a", "alpha-b"]) };
    await synthesize(loaders, { outdir });
    const before = filesBelow(outdir);

    await synthesize(loaders, { outdir });

    expect(filesBelow(outdir)).toEqual(before);
  });

  test("GIVEN a layer that is gone WHEN it is synthesized THEN its files go, and those of ops and Terraform stay", async () => {
    const outdir = newOutdir();
    await synthesize({ alpha: simple("alpha", ["alpha-a", "alpha-b", "alpha-c"]) }, { outdir });
    const folder = path.join(outdir, "stacks/alpha-b");
    fs.mkdirSync(path.join(folder, ".terraform"));
    fs.writeFileSync(path.join(folder, ".terraform/terraform.tfstate"), "{}");
    fs.writeFileSync(path.join(folder, "terraform.tfvars"), "size = 1");

    await synthesize({ alpha: simple("alpha", ["alpha-a"]) }, { outdir });

    expect(Object.keys(filesBelow(outdir))).toEqual([
      "manifest.json",
      "socle.json",
      ...layerFiles("alpha-a"),
      "stacks/alpha-b/.terraform/terraform.tfstate",
      "stacks/alpha-b/terraform.tfvars",
    ]);
    expect(fs.readdirSync(path.join(outdir, "stacks"))).toEqual(["alpha-a", "alpha-b"]);
    expect(Object.keys(stacksOf(outdir))).toEqual(["alpha-a"]);
    expect(summaryOf(outdir).environments.flatMap(({ layers }) => layers.map(({ name }) => name))).toEqual(["alpha-a"]);
  });

  test("GIVEN files in folders of a layer WHEN they change, move or go THEN the folder has exactly the new ones, and what ops put there", async () => {
    const outdir = newOutdir();
    const shipping = (files: Readonly<Record<string, string>>) =>
      environment("alpha", (made) => {
        const layer = simpleLayer(made, "alpha");
        Object.entries(files).forEach(([file, text]) => layer.addFile(file, text));
      });
    const folder = path.join(outdir, "stacks/alpha");
    const [readme, json, example] = layerFiles("alpha").map((file) => path.basename(file)) as [string, string, string];

    await synthesize({ alpha: shipping({ "charts/a/Chart.yaml": "1", "charts/a/templates/x.yaml": "x" }) }, { outdir });
    expect(filesBelow(folder)).toMatchObject({ "charts/a/Chart.yaml": "1", "charts/a/templates/x.yaml": "x" });
    const summary = summaryOf(outdir).environments[0]?.layers[0];
    expect(Object.keys(summary?.files ?? {})).toEqual([
      readme,
      json,
      "charts/a/Chart.yaml",
      "charts/a/templates/x.yaml",
      example,
    ]);

    fs.writeFileSync(path.join(folder, "charts/a/ops.txt"), "theirs");
    await synthesize({ alpha: shipping({ "charts/a/Chart.yaml": "2", "charts/b/y.yaml": "y" }) }, { outdir });
    expect(filesBelow(folder)).toEqual({
      [readme]: expect.any(String),
      [json]: expect.any(String),
      "charts/a/Chart.yaml": "2",
      "charts/a/ops.txt": "theirs",
      "charts/b/y.yaml": "y",
      [example]: expect.any(String),
    });
    expect(fs.existsSync(path.join(folder, "charts/a/templates"))).toBe(false);

    fs.rmSync(path.join(folder, "charts/a/ops.txt"));
    await synthesize({ alpha: shipping({}) }, { outdir });
    expect(fs.readdirSync(folder).sort()).toEqual([readme, json, example]);
  });

  test.each([undefined, "beta"])(
    "GIVEN an environment that is gone WHEN ENV=%s is synthesized THEN its files and entries go",
    async (selected) => {
      const outdir = newOutdir();
      await synthesize({ alpha: simple("alpha"), beta: simple("beta") }, { outdir });

      await synthesize({ beta: simple("beta") }, { outdir, ...(selected ? { environment: selected } : {}) });

      expect(Object.keys(filesBelow(outdir))).toEqual(["manifest.json", "socle.json", ...layerFiles("beta")]);
      expect(Object.keys(stacksOf(outdir))).toEqual(["beta"]);
      expect(summaryOf(outdir).environments.map(({ name }) => name)).toEqual(["beta"]);
    },
  );
});

describe("git repositories of an environment", () => {
  const withRepository = (name: string, repository: string, files: Record<string, string>) =>
    environment(name, (made) => {
      simpleLayer(made, name);
      const repo = made.repository(repository);
      for (const [file, text] of Object.entries(files)) {
        repo.addFile(file, () => text);
      }
      repo.tag(() => "abcd1234");
    });

  test("GIVEN files THEN they are below gitops/, in socle.json with revision and SHA-256, and go when they are no longer written", async () => {
    const outdir = newOutdir();
    await synthesize(
      { alpha: withRepository("alpha", "web-helm", { "values.yaml": "a: 1\n", "x/y.md": "y" }) },
      { outdir },
    );

    expect(Object.keys(filesBelow(outdir)).filter((file) => file.startsWith("gitops"))).toEqual([
      "gitops/web-helm/values.yaml",
      "gitops/web-helm/x/y.md",
    ]);
    const sum = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(summaryOf(outdir).environments[0]?.repositories).toEqual([
      {
        name: "web-helm",
        directory: "gitops/web-helm",
        revision: "abcd1234",
        files: { "values.yaml": sum("a: 1\n"), "x/y.md": sum("y") },
      },
    ]);

    await synthesize({ alpha: withRepository("alpha", "web-helm", { "values.yaml": "a: 2\n" }) }, { outdir });
    expect(filesBelow(path.join(outdir, "gitops"))).toEqual({ "web-helm/values.yaml": "a: 2\n" });

    await synthesize({ alpha: simple("alpha") }, { outdir });
    expect(fs.existsSync(path.join(outdir, "gitops"))).toBe(false);
  });

  test("GIVEN ENV THEN the repositories of the other environment stay", async () => {
    const outdir = newOutdir();
    const loaders = { alpha: withRepository("alpha", "web-helm", { "values.yaml": "a: 1\n" }), beta: simple("beta") };
    await synthesize(loaders, { outdir });
    const before = summaryOf(outdir);
    await synthesize(loaders, { outdir, environment: "beta" });
    expect(summaryOf(outdir)).toEqual(before);
    expect(filesBelow(path.join(outdir, "gitops"))).toEqual({ "web-helm/values.yaml": "a: 1\n" });
  });

  test("fails for a repository that two environments write, also when one of them is not synthesized now", async () => {
    const outdir = newOutdir();
    const alpha = withRepository("alpha", "web-helm", { "values.yaml": "a: 1\n" });
    const beta = withRepository("beta", "web-helm", { "values.yaml": "b: 1\n" });
    const both = 'write the repository "web-helm": give one of the two another name';
    expect(await messageOf(() => synthesize({ alpha, beta }, { outdir }))).toBe(`synth: alpha and beta both ${both}`);
    await synthesize({ alpha, beta: simple("beta") }, { outdir });
    expect(await messageOf(() => synthesize({ alpha, beta }, { outdir, environment: "beta" }))).toBe(
      `synth: beta and alpha both ${both}`,
    );
    expect(filesBelow(path.join(outdir, "gitops"))).toEqual({ "web-helm/values.yaml": "a: 1\n" });
  });
});

describe("one environment", () => {
  const unreadable: EnvironmentLoader = () => Promise.reject(new Error("this environment must not be loaded"));

  test("GIVEN ENV WHEN it is synthesized THEN the other one is not loaded, its files and its entries stay", async () => {
    const outdir = newOutdir();
    await synthesize({ alpha: simple("alpha", ["alpha-a", "alpha-b"]), beta: simple("beta") }, { outdir });
    const [before, stacks, summary] = [filesBelow(outdir), stacksOf(outdir), summaryOf(outdir)];

    await synthesize(
      { alpha: unreadable, beta: simple("beta", ["beta", "beta-new"], "second") },
      { outdir, environment: "beta" },
    );

    const after = filesBelow(outdir);
    expect(Object.keys(after)).toEqual([
      "manifest.json",
      "socle.json",
      ...layerFiles("alpha-a", "alpha-b", "beta-new", "beta"),
    ]);
    for (const file of layerFiles("alpha-a", "alpha-b")) {
      expect(after[file]).toBe(before[file]);
    }
    expect(after["stacks/beta/cdk.tf.json"]).not.toBe(before["stacks/beta/cdk.tf.json"]);
    expect(Object.keys(stacksOf(outdir))).toEqual(["alpha-a", "alpha-b", "beta", "beta-new"]);
    expect(stacksOf(outdir)).toMatchObject({ "alpha-a": stacks["alpha-a"], "alpha-b": stacks["alpha-b"] });
    expect(summaryOf(outdir).environments[0]).toEqual(summary.environments[0]);
    expect(summaryOf(outdir).environments[1]?.layers.map(({ name }) => name)).toEqual(["beta", "beta-new"]);
  });

  test("GIVEN ENV and the same sources WHEN each is synthesized alone THEN the bytes are those of all together", async () => {
    const loaders = { beta: simple("beta"), alpha: simple("alpha", ["alpha-a", "alpha-b"]) };
    const [together, alone] = [newOutdir(), newOutdir()];

    await synthesize(loaders, { outdir: together });
    await synthesize(loaders, { outdir: alone, environment: "alpha" });
    await synthesize(loaders, { outdir: alone, environment: "beta" });

    expect(filesBelow(alone)).toEqual(filesBelow(together));
  });

  test("fails for an unknown environment, listing the known ones, and writes nothing", async () => {
    const outdir = newOutdir();

    await expect(synthesize({ alpha: unreadable, beta: unreadable }, { outdir, environment: "gamma" })).rejects.toEqual(
      new SocleError("synth", ['there is no environment "gamma": use one of alpha, beta']),
    );
    expect(fs.readdirSync(path.dirname(outdir))).toEqual([]);
  });
});

describe("a synth that fails", () => {
  const failures: [string, string, Record<string, EnvironmentLoader>, string][] = [
    [
      "a validation error in a second layer",
      'synth: alpha-b: the input "size" needs a type and a description: ops read them',
      {
        alpha: environment("alpha", (made) => {
          simpleLayer(made, "alpha-a", "second");
          new TerraformVariable(simpleLayer(made, "alpha-b"), "size", { type: "number" });
        }),
      },
      "alpha",
    ],
    [
      "an exception in a second loader",
      "a mistake in beta",
      {
        alpha: simple("alpha", ["alpha"], "second"),
        beta: environment("beta", () => {
          throw new Error("a mistake in beta");
        }),
      },
      "alpha",
    ],
    [
      "a loader that cannot be imported",
      "no such module",
      { alpha: simple("alpha", ["alpha"], "second"), beta: () => Promise.reject(new Error("no such module")) },
      "alpha",
    ],
    [
      "a breach of a policy in a second environment",
      "synth: beta: acme_login.login.password is a literal: take it from a sensitive input",
      { alpha: simple("alpha", ["alpha"], "second"), beta: environment("beta", literalSecret) },
      "alpha",
    ],
    [
      "two layers of an environment that make the same object of its cluster",
      'synth: alpha: kubernetes_namespace_v1.apps of alpha-b is the same object as kubernetes_namespace_v1.apps of alpha-a: both are "apps" in ""',
      {
        alpha: environment("alpha", (made) => {
          for (const name of ["alpha-a", "alpha-b"]) {
            const layer = simpleLayer(made, name, "second");
            new KubernetesProvider(layer, "kubernetes");
            new NamespaceV1(layer, "apps", { metadata: { name: "apps" } });
          }
        }),
      },
      "alpha",
    ],
    [
      "an environment of another name than its entry",
      'beta: main.ts lists it as "beta", but its name is "gamma"',
      { alpha: simple("alpha", ["alpha"], "second"), beta: simple("gamma") },
      "alpha",
    ],
  ];

  test.each(failures)(
    "fails for %s, leaving every byte as it was and nothing beside it",
    async (_what, message, loaders) => {
      const outdir = newOutdir();
      await synthesize({ alpha: simple("alpha", ["alpha", "alpha-a"]), beta: simple("beta") }, { outdir });
      fs.writeFileSync(path.join(outdir, "stacks/alpha/terraform.tfvars"), "size = 1");
      const before = filesBelow(path.dirname(outdir));

      expect(await messageOf(() => synthesize(loaders, { outdir }))).toBe(message);

      expect(filesBelow(path.dirname(outdir))).toEqual(before);
      expect(fs.readdirSync(path.dirname(outdir))).toEqual(["cdktf.out"]);
    },
  );

  test("fails without a previous synth, writing nothing at all", async () => {
    const outdir = newOutdir();

    await messageOf(() => synthesize({ beta: environment("beta", literalSecret) }, { outdir }));

    expect(fs.readdirSync(path.dirname(outdir))).toEqual([]);
  });

  test("fails with the breaches of policies in all environments", async () => {
    const loaders = { alpha: environment("alpha", literalSecret), beta: environment("beta", literalSecret) };

    expect(await messageOf(() => synthesize(loaders, { outdir: newOutdir() }))).toBe(
      "synth: 2 problems\n" +
        "  - alpha: acme_login.login.password is a literal: take it from a sensitive input\n" +
        "  - beta: acme_login.login.password is a literal: take it from a sensitive input",
    );
  });

  test("fails with the validation errors in all environments", async () => {
    const loaders = { alpha: environment("alpha", missingDescription), beta: environment("beta", missingDescription) };

    expect(await messageOf(() => synthesize(loaders, { outdir: newOutdir() }))).toBe(
      "synth: 2 problems\n" +
        '  - alpha: the input "size" needs a type and a description: ops read them\n' +
        '  - beta: the input "size" needs a type and a description: ops read them',
    );
  });

  test("fails with what is wrong with the settings of all environments", async () => {
    const bad = (name: string, ...problems: string[]) =>
      environment(name, () => {
        throw new SocleError(`settings of ${name}`, problems);
      });
    const loaders = { alpha: bad("alpha", "a is 1", "b is 2"), beta: simple("beta"), gamma: bad("gamma", "c is 3") };

    expect(await messageOf(() => synthesize(loaders, { outdir: newOutdir() }))).toBe(
      "synth: 3 problems\n" +
        "  - settings of alpha: a is 1\n  - settings of alpha: b is 2\n  - settings of gamma: c is 3",
    );
    expect(await messageOf(() => synthesize(loaders, { outdir: newOutdir(), environment: "gamma" }))).toBe(
      "settings of gamma: c is 3",
    );
  });
});

describe("the command line", () => {
  const { argv } = process;
  const { captureStackTrace } = stackTrace;
  let outdir = "";
  beforeEach(() => {
    outdir = newOutdir();
    process.env["CDKTF_OUTDIR"] = outdir;
  });
  afterEach(() => {
    process.argv = argv;
    process.exitCode = undefined;
    delete process.env["CDKTF_OUTDIR"];
    stackTrace.captureStackTrace = captureStackTrace;
    jest.restoreAllMocks();
  });

  const run = async (loaders: Record<string, EnvironmentLoader>, ...args: string[]) => {
    const printed = { out: "", err: "" };
    jest.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((printed.out += String(text))));
    jest.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((printed.err += String(text))));
    process.argv = ["node", "main.ts", ...args];
    await main(loaders);
    const exitCode = process.exitCode;
    jest.restoreAllMocks();
    return { ...printed, exitCode };
  };

  test("GIVEN no argument WHEN it runs THEN all environments are written where cdktf's CLI wants them", async () => {
    const { out, err, exitCode } = await run({ alpha: simple("alpha"), beta: simple("beta") });

    expect(Object.keys(filesBelow(outdir))).toEqual(["manifest.json", "socle.json", ...layerFiles("alpha", "beta")]);
    expect(out).toMatch(/^alpha +1 resources +[\d.]+ s\nbeta +1 resources +[\d.]+ s\n$/);
    expect({ err, exitCode }).toEqual({ err: "", exitCode: undefined });
  });

  test("GIVEN --env WHEN it runs THEN only that environment is written", async () => {
    await run({ alpha: simple("alpha"), beta: simple("beta") }, "--env", "beta");

    expect(Object.keys(filesBelow(outdir))).toEqual(["manifest.json", "socle.json", ...layerFiles("beta")]);
  });

  test.each([
    [["--trace"], true],
    [[], false],
  ])("GIVEN the arguments %j WHEN it runs THEN cdktf's traces of tokens are on: %s", async (args, on) => {
    await run({ alpha: simple("alpha") }, ...args);

    expect(stackTrace.captureStackTrace === captureStackTrace).toBe(on);
  });

  test("fails for problems of the author with their message alone", async () => {
    const { out, err, exitCode } = await run({ alpha: simple("alpha") }, "--env", "beta");

    expect({ out, err, exitCode }).toEqual({
      out: "",
      err: 'synth: there is no environment "beta": use one of alpha\n',
      exitCode: 1,
    });
  });

  test("fails for an unknown option, naming it", async () => {
    const { err, exitCode } = await run({ alpha: simple("alpha") }, "--environment", "alpha");

    expect(err).toMatch(/^Unknown option '--environment'[^\n]*\n$/);
    expect(exitCode).toBe(1);
  });

  test("fails for a mistake in the program with its stack", async () => {
    const { err, exitCode } = await run({
      alpha: environment("alpha", () => {
        throw new TypeError("a mistake in alpha");
      }),
    });

    expect(err).toMatch(/^TypeError: a mistake in alpha\n +at .*synthesize\.test/);
    expect(exitCode).toBe(1);
  });
});

describeWithTerraform("deploy, synth again, deploy", () => {
  interface State {
    serial: number;
    outputs: Record<string, { value: unknown }>;
    resources: { mode: string; instances: { attributes: { id: string } }[] }[];
  }

  const chain = (word: string) =>
    environment("chain", (made) => {
      const first = new Layer(made, "chain-first", { description: "A word." });
      const source = new TerraformData(first, "source", { input: { value: word } });
      new TerraformOutput(first, "word", { value: `\${${source.fqn}.output.value}`, description: "The word." });
      const second = new Layer(made, "chain-second", { description: "The same word, louder." });
      const heard = Fn.upper(second.read(first).getString("word"));
      const sink = new TerraformData(second, "sink", { input: { value: heard } });
      new TerraformOutput(second, "heard", { value: `\${${sink.fqn}.output.value}`, description: "The word." });
    });

  test("GIVEN two applied layers WHEN an output changes, synth and apply run again THEN both states go on", async () => {
    const outdir = newOutdir();
    const layers = ["chain-first", "chain-second"];
    const stateFile = (layer: string) => path.join(path.dirname(outdir), ".terraform-state", `${layer}.tfstate`);
    const states = () => layers.map((layer) => json<State>(stateFile(layer)));
    const ids = () =>
      states().flatMap(({ resources }) =>
        resources
          .filter(({ mode }) => mode === "managed")
          .flatMap(({ instances }) => instances.map(({ attributes }) => attributes.id)),
      );
    const terraform = (layer: string, ...args: string[]) => {
      const { status, output } = runTerraform(path.join(outdir, "stacks", layer), ...args);
      expect({ layer, args, output: status === 0 ? "" : output }).toEqual({ layer, args, output: "" });
    };
    const untouched = () =>
      [
        ...layers.map(stateFile),
        ...layers.map((layer) => `${outdir}/stacks/${layer}/.terraform/terraform.tfstate`),
      ].map((file) => [file, fs.readFileSync(file, "utf8"), fs.statSync(file).mtimeMs]);

    // GIVEN
    await synthesize({ chain: chain("hello") }, { outdir });
    for (const layer of layers) {
      terraform(layer, "init", "-input=false", "-no-color");
      terraform(layer, "apply", "-auto-approve", "-input=false", "-no-color");
    }
    expect(states().map(({ outputs }) => outputs)).toMatchObject([
      { word: { value: "hello" } },
      { heard: { value: "HELLO" } },
    ]);
    const [before, idsBefore] = [untouched(), ids()];
    expect(idsBefore).toEqual([expect.any(String), expect.any(String)]);

    // WHEN
    await synthesize({ chain: chain("goodbye") }, { outdir });

    // THEN
    expect(untouched()).toEqual(before);

    // WHEN
    for (const layer of layers) {
      terraform(layer, "apply", "-auto-approve", "-input=false", "-no-color");
    }

    // THEN
    expect(states().map(({ outputs }) => outputs)).toMatchObject([
      { word: { value: "goodbye" } },
      { heard: { value: "GOODBYE" } },
    ]);
    expect(ids()).toEqual(idsBefore);
  });
});
