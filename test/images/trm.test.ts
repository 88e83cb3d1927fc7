import * as http from "node:http";
import { type AddressInfo } from "node:net";
import { spawn } from "node:child_process";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithProgram } from "../support/programs";
import { runPython } from "../support/python";

const FOLDER = path.resolve("images/trm");

/** Python by itself has all that puzzles, scores and the language model's part need. The training needs PyTorch, and is not run. */
describeWithProgram("python3", "GIVEN the comparison of a tiny model with a language model", () => {
  const run = (script: string, ...args: string[]) => {
    const { status, stdout, stderr } = runPython("python3", ["-c", script, ...args], { cwd: FOLDER });
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    return JSON.parse(stdout) as unknown;
  };

  test("THEN puzzles are the same for a seed, all different, each with one solution that keeps to the rules", () => {
    const script = `
import json
from trm.sudoku import PEERS, puzzles, solutions
made = puzzles(7, 60)
print(json.dumps([
    made == puzzles(7, 60), made == puzzles(8, 60), len({grid for grid, _ in made}),
    all(list(solutions(grid)) == [solution] for grid, solution in made),
    all(solution[cell] not in {solution[peer] for peer in PEERS[cell]} for _, solution in made for cell in range(16)),
    {grid.count("0") for grid, _ in made} == {10},
]))`;

    expect(run(script)).toEqual([true, false, 60, true, true, true]);
  });

  test("THEN only cells that were empty count, and a puzzle when all of it is right", () => {
    const script = `
import json
from trm.sudoku import score
pairs = [("0" * 2 + "34" + "3412" + "2143" + "4321", "1234341221434321")] * 3
print(json.dumps(score("s", pairs, ["1234341221434321", "2134341221434321", None], 3.0)))`;

    expect(run(script)).toEqual({
      solver: "s",
      puzzles: 3,
      solved: 1,
      unreadable: 1,
      cells_right_ratio: 0.3333,
      seconds_per_puzzle: 1,
    });
  });

  test.each([
    ["rows", "1234\n3412\n2143\n4321", "1234341221434321"],
    ["spaces and a word", "Here it is:\n1 2 3 4\n3 4 1 2\n2 1 4 3\n4 3 2 1", "1234341221434321"],
    ["the last of two grids", "1111\n1111\n1111\n1111\n\n1234\n3412\n2143\n4321", "1234341221434321"],
    ["a table", "|1|2|3|4|\n|3|4|1|2|\n|2|1|4|3|\n|4|3|2|1|", "1234341221434321"],
    ["three rows", "1234\n3412\n2143", null],
    ["a refusal", "I cannot.", null],
  ])("THEN an answer of %s is read as it is meant", (_, answer, read) => {
    expect(run("import json, sys; from trm.llm import read; print(json.dumps(read(sys.argv[1])))", answer)).toBe(read);
  });

  describe("AND a language model that answers the first row of each puzzle only right", () => {
    let model: http.Server;
    let asked: { model: string; temperature: number; messages: { content: string }[] }[] = [];

    beforeAll(async () => {
      model = http.createServer((request, response) => {
        let body = "";
        request.on("data", (text: Buffer) => (body += text.toString()));
        request.on("end", () => {
          asked.push(JSON.parse(body) as (typeof asked)[number]);
          const content = request.url === "/v1/chat/completions" ? "1234\n1234\n1234\n1234" : "";
          response.end(JSON.stringify({ choices: [{ message: { content } }] }));
        });
      });
      await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve));
    });
    beforeEach(() => (asked = []));
    afterAll(() => model.close());

    test("THEN each puzzle is asked once, at temperature 0, and scored", async () => {
      const child = spawn("python3", ["-m", "trm", "ask", "--puzzles", "5"], {
        cwd: FOLDER,
        env: {
          PATH: process.env["PATH"],
          HOME: temporaryFolder(),
          PYTHONDONTWRITEBYTECODE: "1",
          LLM_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
          LLM_MODEL: "tiny",
        },
      });
      let stdout = "";
      child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
      await new Promise((resolve) => child.on("close", resolve));

      expect(JSON.parse(stdout)).toMatchObject({ solver: "tiny", puzzles: 5, solved: 0, unreadable: 0 });
      expect(asked.map(({ model: name, temperature }) => [name, temperature])).toEqual(Array(5).fill(["tiny", 0]));
      expect(new Set(asked.map(({ messages }) => messages[0]?.content)).size).toBe(5);
      expect(asked[0]?.messages[0]?.content).toMatch(/^Solve this 4x4 sudoku: .*\n\n([0-4]{4}\n){3}[0-4]{4}$/);
    });
  });
});
