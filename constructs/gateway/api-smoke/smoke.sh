#!/bin/sh
# Asks each service for its health through the gateway, as a client does; ends with 1, naming the services, when one has
# not answered 200 in time.
#
#   HOST      host name of the API
#   SCHEME    https, or http where the gateway is asked behind its TLS
#   GATEWAY   where it answers inside the cluster, such as traefik.traefik:443
#   CHECKS    <service>=<path>, separated by blanks
#   SECONDS_IN_ALL  how long all of them may take
set -eu

end=$(($(date +%s) + SECONDS_IN_ALL))
failed=""
for check in $CHECKS; do
  service=${check%%=*}
  url="$SCHEME://$HOST${check#*=}"
  while true; do
    # The certificate is not looked at: cert-manager's alerts do that, and Let's Encrypt's staging authority is nobody's.
    status=$(curl --silent --insecure --output /dev/null --max-time 5 --write-out '%{http_code}' \
      --connect-to "::$GATEWAY" "$url") || status="no answer (curl ended with $?)"
    if [ "$status" = 200 ]; then
      echo "$service is healthy: $url"
      break
    fi
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$service is NOT healthy: $url gave $status" >&2
      failed="$failed $service"
      break
    fi
    sleep 3
  done
done
if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
