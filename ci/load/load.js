/* global __ENV, __ITER, __VU */
// Many users at a time: does the gateway with everything behind it answer in time? How to run it: README.md beside it.
import { check, sleep } from "k6";
import http from "k6/http";
import { Counter } from "k6/metrics";
import { BASE_URL, headersOf, isPublic, number, PATHS, TOKENS } from "./target.js";

const USERS = number("USERS", 100);
/** Seconds between a user's requests. */
const PAUSE = number("PAUSE_SECONDS", 5);
const DURATION = __ENV.DURATION || "5m";
const RAMP_UP = __ENV.RAMP_UP || "30s";
/** 95 % of the answers come within so many milliseconds. */
const P95 = number("P95_MILLISECONDS", 200);
/** What the gateway lets a tenant ask in a minute; above it, the limit would be measured and not the services. */
const LIMIT = number("TENANT_REQUESTS_PER_MINUTE", 100);
/** How many tenants the tokens are of. @default each token is of another */
const TENANTS = number("TENANTS", TOKENS.length || 1);

/** Answers that were the limit's, not a service's. */
const limited = new Counter("limited");

export const options = {
  scenarios: {
    users: {
      executor: "ramping-vus",
      startVUs: 0,
      stages: [
        { duration: RAMP_UP, target: USERS },
        { duration: DURATION, target: USERS },
      ],
      gracefulRampDown: "10s",
    },
  },
  thresholds: {
    http_req_duration: [`p(95)<${P95}`],
    http_req_failed: ["rate<0.01"],
    checks: ["rate>0.99"],
    limited: ["count<1"],
  },
};

export function setup() {
  const share = PATHS.filter((path) => !isPublic(path)).length / PATHS.length;
  const perMinute = Math.round((USERS * 60 * share) / PAUSE);
  // A fifth to spare: users come at random, and the gateway counts each minute.
  const needed = Math.ceil(perMinute / (LIMIT * 0.8));
  if (TENANTS < needed) {
    throw new Error(
      `${USERS} users with a request every ${PAUSE} s ask tenants' paths ${perMinute} times a minute, and the gateway lets a tenant ask ` +
        `${LIMIT}: give tokens of ${needed} tenants (found ${TENANTS}), or raise PAUSE_SECONDS`,
    );
  }
}

export default function user() {
  const path = PATHS[__ITER % PATHS.length];
  const answer = http.get(`${BASE_URL}${path}`, { headers: headersOf(__VU), tags: { name: path }, timeout: "10s" });
  if (answer.status === 429) {
    limited.add(1);
  }
  check(answer, { "answers 200": ({ status }) => status === 200 });
  // Not all at once: between half the pause and one and a half of it.
  sleep(PAUSE * (0.5 + Math.random()));
}
