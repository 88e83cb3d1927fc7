#!/bin/bash
# Writes the parameters below PARAMETER_PREFIX as variables, for Compose's env_file: <prefix>db/password is DB_PASSWORD.
set -euo pipefail
self=${0##*/}
# shellcheck source=/dev/null
. "${1:-/etc/${self%-*}/environment}"

umask 077
mkdir -p "$SECRETS_DIR"
new=$(mktemp "$SECRETS_DIR/.secrets.XXXXXX")
trap 'rm -f "$new"' EXIT
# A JSON string is what Compose reads between double quotes, except "$" and the \u escapes. Values stay in pipes and files.
aws ssm get-parameters-by-path --region "$REGION" --path "$PARAMETER_PREFIX" --recursive --with-decryption \
  --output json | jq -r --arg prefix "$PARAMETER_PREFIX" '
    def stop: error("parameters below " + $prefix + ": " + .);
    [.Parameters[] | .Name as $name
      | { key: ($name | ltrimstr($prefix) | ascii_upcase | gsub("[^A-Z0-9_]"; "_")), value: .Value }
      | if .key | test("^[A-Z_]") | not then $name + " is no name for a variable" | stop else . end
      | if .value | test("[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]")
        then $name + " has control characters" | stop else . end]
    | (group_by(.key)[] | select(length > 1) | .[0].key + " comes from several of them" | stop),
      (.[] | .key + "=" + (.value | @json | gsub("\\$"; "$$")))' >"$new"
mv "$new" "$SECRETS_DIR/secrets.env"
