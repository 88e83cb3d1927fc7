import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../../support/layers";

const SCRIPT = "environments/lab/streaming/orders-producer.sh";

describe("GIVEN the script of the orders' producer, and tools of Kafka that keep what they are given", () => {
  const home = temporaryFolder();
  fs.mkdirSync(path.join(home, "bin"));
  fs.writeFileSync(
    path.join(home, "bin/kafka-console-producer.sh"),
    `#!/bin/sh\nprintf '%s\\n' "$*" >${home}/arguments\ncp "$6" ${home}/settings\nexec cat >${home}/messages\n`,
    { mode: 0o755 },
  );
  const { status, stdout, stderr } = spawnSync("bash", ["-c", fs.readFileSync(SCRIPT, "utf8")], {
    encoding: "utf8",
    // With a socket it would take itself for a remote shell, and read a person's settings.
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOSTNAME: "orders-1-abcde",
      KAFKA_HOME: home,
      BOOTSTRAP_SERVERS: "kafka:9092",
      TOPIC: "orders",
      KAFKA_USER: "producer",
      KAFKA_PASSWORD: "pass",
      ORDERS: "5",
      PAUSE_SECONDS: "0",
    },
  });

  test("THEN it writes as many orders as it is told, each as the job reads them", () => {
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "5 orders were written to orders\n", stderr: "" });
    const messages = fs
      .readFileSync(path.join(home, "messages"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages.map(({ order_id }) => order_id)).toEqual([1, 2, 3, 4, 5].map((n) => `orders-1-abcde-${n}`));
    for (const { region, quantity, unit_price_eur, ordered_at } of messages) {
      expect(["north", "south", "east", "west"]).toContain(region);
      expect(quantity).toBeGreaterThanOrEqual(1);
      expect(unit_price_eur).toBeGreaterThanOrEqual(5);
      expect(ordered_at).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    }
  });

  test("THEN it logs in by a file, and its arguments have no password", () => {
    expect(fs.readFileSync(path.join(home, "arguments"), "utf8")).toBe(
      "--bootstrap-server kafka:9092 --topic orders --producer.config /tmp/client.properties\n",
    );
    expect(fs.readFileSync(path.join(home, "settings"), "utf8")).toContain(
      'ScramLoginModule required username="producer" password="pass";',
    );
  });
});
