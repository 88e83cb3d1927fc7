#!/bin/bash
# Dumps all databases of the Compose service "postgres" to the bucket.
set -euo pipefail
self=${0##*/}
# shellcheck source=/dev/null
. "${1:-/etc/${self%-*}/environment}"

if [[ ! -f $APP_DIR/compose.yaml ]]; then
  echo "no dump: there is no $APP_DIR/compose.yaml"
  exit 0
fi
cd "$APP_DIR"
services=$(docker compose config --services)
if ! grep -qx postgres <<<"$services"; then
  echo "no dump: $APP_DIR/compose.yaml has no service named postgres"
  exit 0
fi

# A missed dump runs right after boot, when the server may still be recovering.
for ((waited = 0; waited < DUMP_WAIT; waited += 2)); do
  docker compose exec -T postgres pg_isready &>/dev/null && break
  sleep 2
done

# A stream cut short would end as an object that looks whole: S3 gets the file only when pg_dumpall has succeeded.
# Always the same file, so that a dump killed half-way leaves nothing behind for long.
umask 077
object=s3://$BUCKET/$DUMPS_PREFIX$(date -u +%Y-%m-%dT%H%M%SZ).sql.gz
file=$DATA_MOUNT/.dump.sql.gz
trap 'rm -f "$file"' EXIT
# shellcheck disable=SC2016
docker compose exec -T postgres sh -c 'exec pg_dumpall --username="${POSTGRES_USER:-postgres}"' | gzip >"$file"
aws s3 cp --region "$REGION" --only-show-errors "$file" "$object"
bytes=$(wc -c <"$file")
echo "dumped $bytes bytes to $object"
# An alarm on its absence sees what no failure can report, such as a server that never ran.
aws cloudwatch put-metric-data --region "$REGION" --namespace "$METRICS_NAMESPACE" --metric-name DumpSize \
  --unit Bytes --value "$bytes" || echo "the dump is fine, its metric was not sent" >&2
