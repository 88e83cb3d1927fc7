#!/bin/sh
# Gives the admin of OpenMetadata, who begins with a password that everybody knows, the one of the Secret. Safe to repeat.
set -eu

answer="${ANSWER:-/tmp/answer}"

# Logs in with a password, and prints the status.
login() {
  # It wants the password in Base64.
  encoded="$(printf '%s' "$1" | base64 | tr -d '\n')"
  curl --silent --output "$answer" --write-out '%{http_code}' --header 'Content-Type: application/json' \
    --data "{\"email\":\"$ADMIN_EMAIL\",\"password\":\"$encoded\"}" "$SERVER/api/v1/users/login"
}

if [ "$(login "$ADMIN_PASSWORD")" = 200 ]; then
  echo "the admin has the password of the Secret"
  exit 0
fi
status="$(login "$FIRST_PASSWORD")"
if [ "$status" != 200 ]; then
  echo "the admin has neither the password of the Secret nor the first one: the login was answered with $status" >&2
  exit 1
fi
token="$(cat "$answer")"
token="${token#*\"accessToken\":\"}"
token="${token%%\"*}"
status="$(curl --silent --output "$answer" --write-out '%{http_code}' --request PUT \
  --header 'Content-Type: application/json' --header "Authorization: Bearer $token" \
  --data "{\"username\":\"admin\",\"requestType\":\"SELF\",\"oldPassword\":\"$FIRST_PASSWORD\",\"newPassword\":\"$ADMIN_PASSWORD\",\"confirmPassword\":\"$ADMIN_PASSWORD\"}" \
  "$SERVER/api/v1/users/changePassword")"
if [ "$status" != 200 ]; then
  echo "the password was not taken: $status $(cat "$answer")" >&2
  exit 1
fi
echo "the admin has the password of the Secret now"
