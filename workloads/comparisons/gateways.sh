#!/usr/bin/env bash
# The same load on the same service behind Traefik, APISIX and Kong, one after another: k6 with the script ci/load/load.js.
# Usage: gateways.sh <folder for results> <name>=<address>… such as traefik=https://bench.lab.local kong=https://kong.lab.local
# USERS, DURATION and PATHS are those of ci/load/README.md; SSL_CERT_FILE is the lab's authority.
set -euo pipefail

load="$(cd "$(dirname "$0")/../../ci/load" && pwd)/load.js"
results="${1:?the folder for results}"
shift
if [ "$#" -lt 2 ]; then
  echo "give at least two gateways, as <name>=<address>: one alone is no comparison" >&2
  exit 2
fi
mkdir -p "$results"

for gateway in "$@"; do
  if [[ "$gateway" != ?*=http* ]]; then
    echo "\"$gateway\" is no gateway: use <name>=<address>, such as traefik=https://bench.lab.local" >&2
    exit 2
  fi
done
for gateway in "$@"; do
  name="${gateway%%=*}"
  echo "$name: ${gateway#*=}"
  # 99: a threshold does not hold, which is a result, too.
  BASE_URL="${gateway#*=}" SERVICES="${SERVICES:-bench}" PATHS="${PATHS:-/bench/health}" USERS="${USERS:-50}" \
    PAUSE_SECONDS="${PAUSE_SECONDS:-0.5}" DURATION="${DURATION:-60s}" RAMP_UP="${RAMP_UP:-10s}" \
    k6 run --quiet --summary-export "$results/$name.json" "$load" || [ "$?" -eq 99 ]
done

printf '%-12s %10s %10s %10s %10s\n' gateway 'requests/s' 'median ms' 'p95 ms' 'failed %'
for gateway in "$@"; do
  name="${gateway%%=*}"
  jq -r --arg name "$name" '.metrics | [$name, .http_reqs.rate, .http_req_duration.med, .http_req_duration["p(95)"], 100 * .http_req_failed.value] | @tsv' "$results/$name.json" |
    awk -F '\t' '{ printf "%-12s %10.1f %10.2f %10.2f %10.2f\n", $1, $2, $3, $4, $5 }'
done
