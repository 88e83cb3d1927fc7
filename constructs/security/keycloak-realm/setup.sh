#!/bin/bash
# Makes a realm of Keycloak with its groups and clients as the files in $PLAN say, by kcadm. Safe to repeat; it removes
# nothing, and leaves people alone. The image has no grep, sed or awk.
set -euo pipefail

kcadm="${KCADM:-/opt/keycloak/bin/kcadm.sh}"

# The password comes by KC_CLI_PASSWORD.
"$kcadm" config credentials --server "$SERVER" --realm master --user "$ADMIN" >/dev/null

if ! "$kcadm" get "realms/$REALM" --fields realm >/dev/null 2>&1; then
  "$kcadm" create realms -s "realm=$REALM" -s enabled=true
fi
"$kcadm" update "realms/$REALM" -f "$PLAN/realm.json"

there="$("$kcadm" get groups -r "$REALM" --limit 1000 --fields name --format csv --noquotes)"
for group in $GROUPS_WANTED; do
  case $'\n'"$there"$'\n' in
    *$'\n'"$group"$'\n'*) ;;
    *) "$kcadm" create groups -r "$REALM" -s "name=$group" ;;
  esac
done

for file in "$PLAN"/client.*.json; do
  [ -e "$file" ] || continue
  client="${file##*/client.}"
  client="${client%.json}"
  name="$(cat "$CLIENTS/$client/client-id")"
  # kcadm takes it as an argument only; nobody else sees the processes of this pod.
  secret="secret=$(cat "$CLIENTS/$client/client-secret")"
  id="$("$kcadm" get clients -r "$REALM" -q "clientId=$name" --fields id --format csv --noquotes)"
  if [ -z "$id" ]; then
    "$kcadm" create clients -r "$REALM" -f "$file" -s "clientId=$name" -s "$secret"
  else
    "$kcadm" update "clients/$id" -r "$REALM" -f "$file" -s "clientId=$name" -s "$secret"
  fi
done
echo "the realm $REALM is set up"
