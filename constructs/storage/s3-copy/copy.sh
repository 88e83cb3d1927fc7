#!/bin/sh
# Copies what is new or has changed to $TO, a path at an S3 endpoint, by mc: the parts $PARTS of another endpoint, or the
# folder $FROM_FOLDER. It deletes nothing: what was deleted at the source by mistake is there.
set -eu

export MC_CONFIG_DIR="${MC_CONFIG_DIR:-/tmp/mc}"
export MC_HOST_to="${TO_ENDPOINT%%://*}://$TO_ACCESS_KEY:$TO_SECRET_KEY@${TO_ENDPOINT#*://}"

if [ -n "${FROM_FOLDER:-}" ]; then
  mc mirror --overwrite "$FROM_FOLDER" "to/$TO"
else
  export MC_HOST_from="${FROM_ENDPOINT%%://*}://$FROM_ACCESS_KEY:$FROM_SECRET_KEY@${FROM_ENDPOINT#*://}"
  for part in $PARTS; do
    mc mirror --overwrite "from/$part" "to/$TO/$part"
  done
fi
echo "copied"
