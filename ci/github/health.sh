#!/usr/bin/env bash
# Waits until an address answers 200 three times in a row; ends with 1 when it does not do so in time.
#
#   health.sh <URL>
#
# HEALTH_TIMEOUT_SECONDS (300) and HEALTH_PAUSE_SECONDS (5) set how long, and how often it asks.
set -euo pipefail

if [ "$#" -ne 1 ] || ! [[ $1 =~ ^https?://[^[:space:]]+$ ]]; then
  echo "use health.sh <URL>, such as https://api.example.com/property/health" >&2
  exit 2
fi
url=$1
deadline=$((SECONDS + ${HEALTH_TIMEOUT_SECONDS:-300}))
healthy=0
while true; do
  # curl's own error is 000.
  status="$(curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "$url")" || status=000
  if [ "$status" = 200 ]; then
    healthy=$((healthy + 1))
  else
    healthy=0
  fi
  if [ "$healthy" -ge 3 ]; then
    echo "$url is healthy"
    exit 0
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "$url is not healthy: the last answer was $status" >&2
    exit 1
  fi
  sleep "${HEALTH_PAUSE_SECONDS:-5}"
done
