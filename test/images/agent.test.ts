import { type ChildProcess, spawn } from "node:child_process";
import * as http from "node:http";
import * as net from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithPython } from "../support/python";

/** A real MCP server with the tools that the prompt names, and one that it does not. */
const TOOLS = `
import sys
from mcp.server import MCPServer
server = MCPServer("test")
@server.tool()
def list_tables() -> str:
    """Tables."""
    return "revenue"
@server.tool()
def query(sql: str) -> str:
    """SQL."""
    return f"rows of {sql}"
@server.tool()
def delete_all() -> str:
    """Not for the agent."""
    return "gone"
server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True, json_response=True)`;

interface Asked {
  readonly model: string;
  readonly temperature: number;
  readonly messages: readonly { role: string; content?: string }[];
  readonly tools: readonly { function: { name: string } }[];
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });

describeWithPython("images/agent", "GIVEN the agent, with a model whose answers are played", (python) => {
  const children: ChildProcess[] = [];
  let model: http.Server;
  let asked: Asked[] = [];
  /** What the model says, one after another; the last one again and again. */
  let says: object[] = [];
  let url: string;

  const start = async (args: readonly string[], port: number, environment: Record<string, string> = {}) => {
    children.push(
      spawn(python, [...args], {
        cwd: path.resolve("images/agent"),
        stdio: "ignore",
        env: { PATH: process.env["PATH"], HOME: temporaryFolder(), PYTHONDONTWRITEBYTECODE: "1", ...environment },
      }),
    );
    const deadline = Date.now() + 40_000;
    const listens = () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect(port, "127.0.0.1", () => resolve(socket.destroy() !== undefined));
        socket.on("error", () => resolve(false));
      });
    while (!(await listens())) {
      if (Date.now() > deadline) {
        throw new Error(`nothing listens on ${port} after 40 s`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const ask = async (body: unknown) => {
    const answer = await fetch(`${url}/v1/ask`, { method: "POST", body: JSON.stringify(body) });
    return [answer.status, await answer.json()] as const;
  };
  const call = (name: string, args: object) => ({
    tool_calls: [{ id: "1", function: { name, arguments: JSON.stringify(args) } }],
  });

  beforeAll(async () => {
    model = http.createServer((request, response) => {
      let body = "";
      request.on("data", (text: Buffer) => (body += text.toString()));
      request.on("end", () => {
        asked.push(JSON.parse(body) as Asked);
        const message = says.length > 1 ? says.shift() : says[0];
        response.end(JSON.stringify({ choices: [{ message: { role: "assistant", ...message } }] }));
      });
    });
    await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve));
    const [tools, agent] = [await freePort(), await freePort()];
    await start(["-c", TOOLS, `${tools}`], tools);
    await start(["-m", "agent"], agent, {
      LISTEN: `127.0.0.1:${agent}`,
      PROMPTS_DIR: path.resolve("workloads/prompts"),
      PROMPT: "sales-assistant/v1",
      LLM_URL: `http://127.0.0.1:${(model.address() as net.AddressInfo).port}/v1`,
      LLM_MODEL: "tiny",
      MCP_URLS: `http://127.0.0.1:${tools}/mcp`,
    });
    url = `http://127.0.0.1:${agent}`;
  }, 90_000);
  beforeEach(() => (asked = []));
  afterAll(() => {
    children.forEach((child) => child.kill("SIGKILL"));
    model.close();
  });

  test("WHEN it is asked THEN the model gets the prompt, its tools and their results, and the answer says what feedback needs", async () => {
    says = [call("query", { sql: "select 1" }), { content: "West, from revenue." }];

    expect(await ask({ question: "Which region?" })).toEqual([
      200,
      { answer: "West, from revenue.", prompt_name: "sales-assistant", prompt_version: "v1", model: "tiny" },
    ]);
    expect(asked.map(({ temperature, tools }) => [temperature, tools.map(({ function: { name } }) => name)])).toEqual([
      [0, ["list_tables", "query"]],
      [0, ["list_tables", "query"]],
    ]);
    expect(asked[0]?.messages[0]?.content).toMatch(/^You answer questions[\s\S]*Question: Which region\?$/);
    expect(asked[1]?.messages.at(-1)).toEqual({ role: "tool", tool_call_id: "1", content: "rows of select 1" });
  });

  test("fails to call a tool that the prompt does not name, and tells the model", async () => {
    says = [call("delete_all", {}), { content: "no" }];

    expect((await ask({ question: "Delete it." }))[0]).toBe(200);
    expect(asked[1]?.messages.at(-1)?.content).toBe("there is no tool delete_all");
  });

  test("fails when the model only ever calls tools", async () => {
    says = [call("list_tables", {})];

    expect(await ask({ question: "?" })).toEqual([
      502,
      { error: "the model has called tools 8 times without an answer" },
    ]);
    expect(asked).toHaveLength(8);
  });

  test.each([
    [{}, "sales-assistant takes question, and was sent nothing"],
    [{ question: "q", user: "u" }, "sales-assistant takes question, and was sent question, user"],
    [{ question: 1 }, "send a JSON object of texts"],
  ])("fails for %j, without asking the model", async (body, error) => {
    expect(await ask(body)).toEqual([400, { error }]);
    expect(asked).toEqual([]);
  });
});
