import { type ChildProcess, spawn } from "node:child_process";
import * as net from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython } from "../support/python";

const FEEDBACK = {
  model: "qwen2.5:1.5b",
  prompt_name: "sales-assistant",
  prompt_version: "v1",
  question: "Which region sold most?",
  answer: "North.",
  rating: "down",
  correction: "West.",
};

describeWithPython("images/feedback", "GIVEN the feedback service", (python) => {
  describeWithMinio("AND an object store", () => {
    let minio: MinioServer;
    let service: ChildProcess;
    let url: string;

    const send = async (body: string) => {
      const answer = await fetch(`${url}/v1/feedback`, { method: "POST", body });
      return { status: answer.status, body: (await answer.json()) as Record<string, string> };
    };
    const metrics = async () =>
      (await (await fetch(`${url}/metrics`)).text()).split("\n").filter((line) => /^lab_feedback_(?!last)/.test(line));

    beforeAll(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
      const port = await new Promise<number>((resolve) => {
        const server = net.createServer().listen(0, "127.0.0.1", () => {
          const { port } = server.address() as net.AddressInfo;
          server.close(() => resolve(port));
        });
      });
      url = `http://127.0.0.1:${port}`;
      service = spawn(python, ["-m", "feedback"], {
        cwd: path.resolve("images/feedback"),
        stdio: "ignore",
        env: {
          PATH: process.env["PATH"],
          HOME: temporaryFolder(),
          PYTHONDONTWRITEBYTECODE: "1",
          LISTEN: `127.0.0.1:${port}`,
          AWS_ENDPOINT_URL_S3: minio.endpoint,
          AWS_ACCESS_KEY_ID: ROOT.username,
          AWS_SECRET_ACCESS_KEY: ROOT.password,
        },
      });
      const deadline = Date.now() + 30_000;
      while (
        !(await fetch(`${url}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        if (Date.now() > deadline) {
          throw new Error("the service did not answer within 30 s");
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    afterAll(async () => {
      service.kill("SIGKILL");
      await minio.stop();
    });

    test("WHEN feedback is sent THEN it is one line of JSON in raw/feedback, and counted", async () => {
      const { status, body } = await send(JSON.stringify(FEEDBACK));

      expect([status, Object.keys(body)]).toEqual([201, ["id"]]);
      const [file, ...others] = minio.mc(["find", "store/data"]).text.split("\n");
      expect(others).toEqual([]);
      expect(file).toMatch(new RegExp(`^store/data/raw/feedback/\\d{4}-\\d{2}-\\d{2}/${body["id"]}\\.jsonl$`));
      expect(JSON.parse(minio.mc(["cat", file ?? ""]).text)).toEqual({
        ...FEEDBACK,
        id: body["id"],
        received_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:]{8}\+00:00$/) as string,
      });
      expect(await metrics()).toEqual([
        'lab_feedback_total{model="qwen2.5:1.5b",prompt="sales-assistant",rating="down"} 1',
        "lab_feedback_write_failures_total 0",
      ]);
    });

    test.each([
      ["what is no JSON", "{", "the body is no JSON"],
      ["what is no object", "[]", "the body is no JSON object"],
      ["a rating of its own", JSON.stringify({ ...FEEDBACK, rating: 5 }), '"rating" is 5: use up or down'],
      [
        "several problems, all named",
        JSON.stringify({ ...FEEDBACK, question: "", model: undefined, user: "ada" }),
        '"model" is missing; "question" is no text of 1 to 8000 characters; "user" is not known',
      ],
    ])("fails for %s", async (_, body, error) => {
      expect(await send(body)).toEqual({ status: 400, body: { error } });
    });

    test("fails for a body that is too large, and counts what it refused", async () => {
      expect(await send("x".repeat(65537))).toEqual({
        status: 413,
        body: { error: "Content-Length has to be at most 65536" },
      });
      expect(await metrics()).toEqual(
        expect.arrayContaining([
          'lab_feedback_rejected_total{reason="invalid"} 4',
          'lab_feedback_rejected_total{reason="size"} 1',
        ]),
      );
    });

    test("fails when the store is not there: the sender is told, and it is counted", async () => {
      expect(minio.mc(["rb", "--force", "store/data"]).ok).toBe(true);

      expect(await send(JSON.stringify(FEEDBACK))).toEqual({
        status: 503,
        body: { error: "it could not be kept: send it again later" },
      });
      expect(await metrics()).toContain("lab_feedback_write_failures_total 1");
    });

    test("WHEN it is asked to end THEN it does", async () => {
      const ended = new Promise((resolve) => service.once("exit", (status) => resolve(status)));

      service.kill("SIGTERM");

      expect(await ended).toBe(0);
    });
  });
});
