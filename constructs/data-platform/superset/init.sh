#!/bin/sh
# Brings Superset's database to its version, gives the admin the password of the Secret, sets its connections, and imports
# the dashboards that the repository has. Safe to repeat.
set -eu
superset db upgrade
superset init
# Fails for one who is there already.
superset fab create-admin --username admin --firstname Lab --lastname Admin --email admin@lab.local \
  --password "$ADMIN_PASSWORD" || true
superset fab reset-password --username admin --password "$ADMIN_PASSWORD"
superset set-database-uri --database_name "MLflow runs" --uri "$RUNS_URI"
if [ -n "${TRINO_URI:-}" ]; then
  superset set-database-uri --database_name Trino --uri "$TRINO_URI"
  python "$ASSETS_FOLDER/bundle.py" "$ASSETS_FOLDER" /tmp/assets.zip
  superset import-dashboards --path /tmp/assets.zip --username admin
fi
echo "Superset is set up"
