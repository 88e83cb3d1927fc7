#!/bin/sh
# Sets the object store up once external-secrets has brought the keys of the revision $REVISION: written anew in Vault,
# they take a while until they are here.
set -eu

for file in "$USERS"/*/revision; do
  until [ "$(cat "$file")" = "$REVISION" ]; do
    echo "waiting for revision $REVISION in $file"
    sleep "${WAIT_SECONDS:-10}"
  done
done
exec /bin/sh "$PLAN/setup.sh"
