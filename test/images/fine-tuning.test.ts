import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython, runPython } from "../support/python";

const FOLDER = path.resolve("images/fine-tuning");

interface Feedback {
  readonly id: string;
  readonly received_at: string;
  readonly question: string;
  readonly answer: string;
  readonly rating: "up" | "down";
  readonly correction?: string;
}
const record = (id: number, given: Partial<Feedback>): Feedback => ({
  id: `${id}`,
  received_at: `2026-01-01T00:00:0${id}+00:00`,
  question: "q",
  answer: "a",
  rating: "up",
  ...given,
});

// The packages of the pipeline have boto3 and MLflow, which preparing and tracking need. PyTorch is not there: the training step
// is not run.
describeWithPython("images/duckdb-dbt", "GIVEN the fine-tuning without its training step", (python) => {
  const examples = (records: readonly Feedback[]) => {
    const script =
      "import json, sys; from fine_tuning.dataset import examples; print(json.dumps(examples(json.load(sys.stdin))))";
    const { stdout } = runPython(python, ["-c", script], { cwd: FOLDER, input: JSON.stringify(records) });
    return JSON.parse(stdout) as unknown;
  };

  test.each([
    ["an approved answer is an example", [record(1, {})], [{ question: "q", answer: "a" }]],
    ["a refused one is none", [record(1, { rating: "down" })], []],
    [
      "a correction stands for the answer",
      [record(1, { rating: "down", correction: "b" })],
      [{ question: "q", answer: "b" }],
    ],
    ["a correction of blanks is none", [record(1, { rating: "down", correction: " \n" })], []],
    ["of two opinions the newer counts", [record(2, { rating: "down" }), record(1, {})], []],
    [
      "answers to other questions are examples of their own, in one order",
      [record(1, { question: "z" }), record(2, { question: "b" })],
      [
        { question: "b", answer: "a" },
        { question: "z", answer: "a" },
      ],
    ],
  ])("THEN %s", (_, records, expected) => {
    expect(examples(records)).toEqual(expected);
  });

  test.each([
    [["train", "--rank", "0"], "argument --rank: 0 is not above zero"],
    [["learn"], "invalid choice: 'learn'"],
    [[], "the following arguments are required: step"],
  ])("fails for the arguments %j", (args, problem) => {
    const { status, stderr } = runPython(python, ["-m", "fine_tuning", ...args], { cwd: FOLDER });

    expect(status).toBe(2);
    expect(stderr).toContain(problem);
  });

  test("WHEN a run is tracked THEN MLflow has its parameters, figures and adapter, and a failed one is marked so", () => {
    const folder = temporaryFolder();
    const [data, adapter, runs] = ["data.jsonl", "adapter", "runs"].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    fs.writeFileSync(data, "{}\n");
    fs.mkdirSync(adapter);
    fs.writeFileSync(path.join(adapter, "adapter_config.json"), "{}");
    const script = `
import sys
from pathlib import Path
from fine_tuning.tracking import Run
data, adapter = Path(sys.argv[1]), Path(sys.argv[2])
with Run("fine-tuning", {"rank": 16}, data) as run:
    run.log({"train_loss": 1.5}, 0)
    run.keep(adapter)
with Run("fine-tuning", {"rank": 8}, data) as run:
    raise SystemExit("out of memory")`;

    const { status } = runPython(python, ["-c", script, data, adapter], {
      cwd: FOLDER,
      env: { MLFLOW_TRACKING_URI: `file://${runs}`, MLFLOW_ALLOW_FILE_STORE: "true" },
    });

    expect(status).toBe(1);
    const files = (fs.readdirSync(runs, { recursive: true }) as string[]).map((file) => path.join(runs, file));
    const texts = (end: string) =>
      files.filter((file) => file.endsWith(end)).map((file) => fs.readFileSync(file, "utf8"));
    expect(texts("params/rank").sort()).toEqual(["16", "8"]);
    expect(new Set(texts("params/dataset_sha256"))).toEqual(
      new Set(["ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"]),
    );
    expect(texts("metrics/train_loss")).toEqual([expect.stringMatching(/^\d+ 1\.5 0/)]);
    expect(texts("artifacts/adapter/adapter_config.json")).toEqual(["{}"]);
    // 3 is finished, 4 failed (mlflow.entities.RunStatus).
    expect(
      texts("meta.yaml")
        .flatMap((text) => /^status: (\d)$/m.exec(text)?.[1] ?? [])
        .sort(),
    ).toEqual(["3", "4"]);
  });

  describeWithMinio("AND feedback in the object store", () => {
    let minio: MinioServer;
    const prepare = (...args: string[]) =>
      runPython(python, ["-m", "fine_tuning", "prepare", ...args], {
        cwd: FOLDER,
        env: {
          AWS_ENDPOINT_URL_S3: minio.endpoint,
          AWS_ACCESS_KEY_ID: ROOT.username,
          AWS_SECRET_ACCESS_KEY: ROOT.password,
        },
      });

    beforeAll(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
      const source = temporaryFolder();
      for (let id = 0; id < 40; id += 1) {
        const line = JSON.stringify({ ...record(1, { question: `question ${id}` }), id: `${id}` });
        fs.writeFileSync(path.join(source, `${id}.jsonl`), `${line}\n`);
      }
      expect(minio.mc(["cp", "--quiet", "--recursive", `${source}/`, "store/data/raw/feedback/2026-01-01/"]).ok).toBe(
        true,
      );
    });
    afterAll(() => minio.stop());

    test("THEN the data set has each example once, a part of them held out, the same at every run", () => {
      const [first, second] = [0, 1].map(() => path.join(temporaryFolder(), "dataset.jsonl")) as [string, string];

      const { status, stdout } = prepare("--dataset", first);
      prepare("--dataset", second);

      const lines = fs.readFileSync(first, "utf8").trim().split("\n");
      const held = lines.filter((line) => (JSON.parse(line) as { split: string }).split === "test").length;
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ records: 40, train: 40 - held, test: held });
      expect(held).toBeGreaterThan(0);
      expect(held).toBeLessThan(12);
      expect(fs.readFileSync(second, "utf8")).toBe(fs.readFileSync(first, "utf8"));
    });

    test("fails when there is too little to learn from", () => {
      const { status, stderr } = prepare("--dataset", path.join(temporaryFolder(), "d"), "--minimum", "41");

      expect([status, stderr.trim()]).toEqual([
        1,
        "40 records of feedback give 40 examples, and 41 are needed: collect more, or give a smaller --minimum",
      ]);
    });
  });
});
