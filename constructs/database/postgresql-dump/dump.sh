#!/bin/sh
# Dumps $PGDATABASE into $FILE, as the user of PGUSER and PGPASSWORD, and reads the dump once: one that cannot be
# read is none.
set -eu
pg_dump --format=custom --no-password --file="$FILE"
pg_restore --list "$FILE" >/dev/null
echo "dumped $PGDATABASE: $(wc -c <"$FILE") bytes"
