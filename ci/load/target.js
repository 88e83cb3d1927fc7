/* global __ENV, open */
import { SharedArray } from "k6/data";

/**
 * @param {string} name of a variable of the environment
 * @param {number} fallback where it is not set
 * @throws Error when it is no number above zero
 */
export function number(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!(value > 0)) {
    throw new Error(`${name} is "${__ENV[name]}": use a number above zero`);
  }
  return value;
}

const list = (name, fallback) => (__ENV[name] || fallback).split(",").map((each) => each.trim());

/** Address of the gateway without a slash at the end, such as https://api.example.com. */
export const BASE_URL = (__ENV.BASE_URL || "").replace(/\/+$/, "");
if (!/^https?:\/\/[^/]+/.test(BASE_URL)) {
  throw new Error(`BASE_URL is "${__ENV.BASE_URL || ""}": use the gateway's address, such as https://api.example.com`);
}

/** Services behind the gateway; each answers its health at /<service>/health. */
export const SERVICES = list("SERVICES", "identity,property,search");

/** What users read, below BASE_URL. */
export const PATHS = list("PATHS", SERVICES.map((service) => `/${service}/health`).join(","));

/** Tokens of users, one or several of each tenant: TOKENS_FILE, a file with one a line, or TOKEN. Read once for all users. */
export const TOKENS = new SharedArray("tokens", () =>
  (__ENV.TOKENS_FILE ? open(__ENV.TOKENS_FILE) : __ENV.TOKEN || "")
    .split("\n")
    .map((token) => token.trim())
    .filter((token) => token !== ""),
);

/** Key of a consumer of the API, instead of tokens. */
const API_KEY = __ENV.API_KEY || "";

/** Headers of a user, by its number from 1 on: users take turns with the tokens. */
export function headersOf(user) {
  if (API_KEY !== "") {
    return { "X-API-Key": API_KEY };
  }
  return TOKENS.length === 0 ? {} : { Authorization: `Bearer ${TOKENS[(user - 1) % TOKENS.length]}` };
}

/** Everybody may ask for the health of a service; all other paths are a tenant's, and within its limit. */
export const isPublic = (path) => path.endsWith("/health");
