// One look at each service through the gateway, in seconds: is all of it there? How to run it: README.md beside it.
import { check } from "k6";
import http from "k6/http";
import { BASE_URL, headersOf, isPublic, PATHS, SERVICES } from "./target.js";

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: { checks: ["rate==1"] },
};

const get = (path, headers) => http.get(`${BASE_URL}${path}`, { headers, timeout: "10s" });

export default function smoke() {
  for (const service of SERVICES) {
    check(get(`/${service}/health`, {}), { [`${service} is healthy`]: ({ status }) => status === 200 });
  }
  for (const path of PATHS.filter((each) => !isPublic(each))) {
    check(get(path, {}), { [`${path} asks who it is`]: ({ status }) => status === 401 });
    const headers = headersOf(1);
    if (Object.keys(headers).length > 0) {
      check(get(path, headers), { [`${path} answers whom it knows`]: ({ status }) => status === 200 });
    }
  }
}
