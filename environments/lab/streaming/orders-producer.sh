# Writes ORDERS orders to TOPIC, about ten a second, as JSON. It needs what the image of Kafka has, and no more.
set -euo pipefail

regions=(north south east west)
settings=/tmp/client.properties
module=org.apache.kafka.common.security.scram.ScramLoginModule
(
  umask 077
  printf 'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nacks=all\n' >"$settings"
  printf 'sasl.jaas.config=%s required username="%s" password="%s";\n' "$module" "$KAFKA_USER" "$KAFKA_PASSWORD" >>"$settings"
)

orders() {
  for ((order = 1; order <= ORDERS; order++)); do
    printf '{"order_id":"%s-%d","region":"%s","quantity":%d,"unit_price_eur":%d.%02d,"ordered_at":"%s"}\n' \
      "$HOSTNAME" "$order" "${regions[RANDOM % ${#regions[@]}]}" $((RANDOM % 9 + 1)) $((RANDOM % 90 + 5)) $((RANDOM % 100)) \
      "$(date --utc +%FT%T.%3NZ)"
    sleep "${PAUSE_SECONDS:-0.1}"
  done
}

orders | "${KAFKA_HOME:-/opt/kafka}/bin/kafka-console-producer.sh" \
  --bootstrap-server "$BOOTSTRAP_SERVERS" --topic "$TOPIC" --producer.config "$settings"
echo "$ORDERS orders were written to $TOPIC"
