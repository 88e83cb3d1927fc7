#!/bin/sh
# Takes a snapshot of Vault's storage into $FILE, logged in as $VAULT_ROLE by the pod's own token in $TOKEN_FILE.
# What Vault holds is encrypted in it: to read it takes the unseal keys too.
set -eu
VAULT_TOKEN=$(vault write -field=token "auth/$VAULT_AUTH_MOUNT/login" "role=$VAULT_ROLE" "jwt=@$TOKEN_FILE")
export VAULT_TOKEN
vault operator raft snapshot save "$FILE"
vault operator raft snapshot inspect "$FILE" >/dev/null
vault token revoke -self >/dev/null
echo "took a snapshot of Vault: $(wc -c <"$FILE") bytes"
