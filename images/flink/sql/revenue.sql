-- Revenue of each minute and region, by the time of the order. It goes to the topic `revenue`, where each row is visible once
-- its checkpoint is complete, and as files to the object store.

SET 'pipeline.name' = 'revenue';
-- A partition without orders holds no window back.
SET 'table.exec.source.idle-timeout' = '30 s';

CREATE TABLE orders (
  order_id STRING,
  region STRING,
  quantity INT,
  unit_price_eur DECIMAL(10, 2),
  ordered_at TIMESTAMP_LTZ(3),
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '10' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = 'kafka-kafka-bootstrap.kafka:9092',
  'properties.security.protocol' = 'SASL_PLAINTEXT',
  'properties.sasl.mechanism' = 'SCRAM-SHA-512',
  'properties.group.id' = 'flink-revenue',
  'properties.auto.offset.reset' = 'earliest',
  'scan.startup.mode' = 'group-offsets',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE revenue (
  window_start TIMESTAMP(3),
  region STRING,
  orders BIGINT,
  revenue_eur DECIMAL(38, 2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'revenue',
  'properties.bootstrap.servers' = 'kafka-kafka-bootstrap.kafka:9092',
  'properties.security.protocol' = 'SASL_PLAINTEXT',
  'properties.sasl.mechanism' = 'SCRAM-SHA-512',
  -- At most what a broker allows.
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'flink-revenue',
  'format' = 'json'
);

CREATE TABLE revenue_files (
  window_start TIMESTAMP(3),
  region STRING,
  orders BIGINT,
  revenue_eur DECIMAL(38, 2)
) WITH (
  'connector' = 'filesystem',
  'path' = 's3://data/processed/streaming/revenue',
  'format' = 'json'
);

CREATE TEMPORARY VIEW revenue_by_minute AS
SELECT window_start, region, COUNT(*) AS orders, CAST(SUM(quantity * unit_price_eur) AS DECIMAL(38, 2)) AS revenue_eur
FROM TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE)
GROUP BY window_start, window_end, region;

EXECUTE STATEMENT SET
BEGIN
  INSERT INTO revenue SELECT window_start, region, orders, revenue_eur FROM revenue_by_minute;
  INSERT INTO revenue_files SELECT window_start, region, orders, revenue_eur FROM revenue_by_minute;
END;
