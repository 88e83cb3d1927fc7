"""One set of queries on the same data, on DuckDB, Spark or Trino: how long does each take, and do they agree?

    engines.py duckdb|spark|trino --rows 10000000 --output result.json

The data is made by arithmetic on row numbers, in each engine's own SQL: nothing is loaded or copied, and every engine has the
same rows. All columns are whole numbers, so that results can be compared to the last digit. Each engine keeps its tables as
Parquet: files below --folder (DuckDB, Spark), tables of the Iceberg catalog `lakehouse` (Trino, at LAB_TRINO_URL).
This file is in the images spark and duckdb-dbt, the same in both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Run = Callable[[str], Sequence[Sequence[Any]]]

# Trino makes at most 10,000 numbers at once: rows are a multiple of it.
UNIT = 10_000
RUNS = 3
PRODUCTS = 1_000

SALES = """
    SELECT i AS id, (i * 7919) % 1000 AS product, (i * 104729) % 97 AS region, (i * 48271) % 365 AS day,
        1 + (i * 6151) % 5 AS quantity, 100 + (i * 15485863) % 9900 AS cents
    FROM {numbers}"""

PRODUCT_TABLE = "SELECT i AS product, i % 20 AS category, (i * 31) % 7 AS supplier FROM {numbers}"

QUERIES = {
    "scan": "SELECT count(*), sum(quantity * cents) FROM sales",
    "group": "SELECT region, count(*), sum(quantity * cents) FROM sales GROUP BY region",
    "filter_distinct": "SELECT count(DISTINCT product * 1000 + day) FROM sales WHERE region < 10 AND cents > 5000",
    "join": (
        "SELECT category, supplier, sum(quantity * cents) FROM sales JOIN products ON sales.product = products.product "
        "GROUP BY category, supplier"
    ),
    "window": (
        "SELECT region, product, revenue FROM (SELECT region, product, revenue, "
        "row_number() OVER (PARTITION BY region ORDER BY revenue DESC, product) AS place FROM "
        "(SELECT region, product, sum(quantity * cents) AS revenue FROM sales GROUP BY region, product) t) u WHERE place <= 3"
    ),
}


def digest(rows: Sequence[Sequence[Any]]) -> str:
    """The same for the same rows in any order."""
    lines = sorted(",".join(str(int(value)) for value in row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def measure(engine: str, version: str, rows: int, load: Callable[[], None], run: Run) -> dict[str, object]:
    """Loads once, then runs each query some times and takes the median: the first runs fill caches as they do in use."""
    started = time.monotonic()
    load()
    loaded = time.monotonic() - started
    queries = {}
    for name, sql in QUERIES.items():
        seconds, digests = [], set()
        for _ in range(RUNS):
            started = time.monotonic()
            result = run(sql)
            seconds.append(time.monotonic() - started)
            digests.add(digest(result))
        if len(digests) != 1:
            raise RuntimeError(f"{engine} gives another result each time for the query {name}")
        queries[name] = {"seconds": round(statistics.median(seconds), 3), "digest": digests.pop()}
    return {"engine": engine, "version": version, "rows": rows, "load_seconds": round(loaded, 3), "queries": queries}


def on_duckdb(rows: int, folder: Path) -> dict[str, object]:
    import duckdb

    connection = duckdb.connect()

    def load() -> None:
        for table, select, count in (("sales", SALES, rows), ("products", PRODUCT_TABLE, PRODUCTS)):
            source = select.format(numbers=f"(SELECT range AS i FROM range({count})) AS numbers")
            connection.execute(f"COPY ({source}) TO '{folder / table}.parquet'")
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")

    return measure("duckdb", duckdb.__version__, rows, load, lambda sql: connection.execute(sql).fetchall())


def on_spark(rows: int, folder: str) -> dict[str, object]:
    from pyspark.sql import SparkSession

    # A workstation has few cores: 200 partitions, the default, would be most of the time.
    spark = SparkSession.builder.appName("engines").config("spark.sql.shuffle.partitions", "8").getOrCreate()

    def load() -> None:
        for table, select, count in (("sales", SALES, rows), ("products", PRODUCT_TABLE, PRODUCTS)):
            source = select.format(numbers=f"(SELECT id AS i FROM range({count})) AS numbers")
            spark.sql(source).write.mode("overwrite").parquet(f"{folder}/{table}")
            spark.read.parquet(f"{folder}/{table}").createOrReplaceTempView(table)

    try:
        return measure("spark", spark.version, rows, load, lambda sql: spark.sql(sql).collect())
    finally:
        spark.stop()


def on_trino(rows: int) -> dict[str, object]:
    from urllib.parse import urlsplit

    import trino

    url = urlsplit(os.environ["LAB_TRINO_URL"])
    with trino.dbapi.connect(
        host=url.hostname,
        port=url.port,
        http_scheme=url.scheme,
        user="benchmark",
        catalog="lakehouse",
        schema="benchmark",
    ) as connection:
        cursor = connection.cursor()

        def run(sql: str) -> Sequence[Sequence[Any]]:
            return cursor.execute(sql).fetchall()

        def load() -> None:
            run("CREATE SCHEMA IF NOT EXISTS lakehouse.benchmark")
            for table, select, count in (("sales", SALES, rows), ("products", PRODUCT_TABLE, PRODUCTS)):
                run(f"DROP TABLE IF EXISTS {table}")
                # Not one list of all numbers: Trino's are too short for it.
                unit = min(UNIT, count)
                numbers = (
                    f"(SELECT a.x * {unit} + b.y AS i FROM UNNEST(sequence(0, {count // unit - 1})) AS a(x) "
                    f"CROSS JOIN UNNEST(sequence(0, {unit - 1})) AS b(y)) AS numbers"
                )
                run(f"CREATE TABLE {table} AS {select.format(numbers=numbers)}")

        [[version]] = run("SELECT version()")
        return measure("trino", str(version), rows, load, run)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["duckdb", "spark", "trino"])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument(
        "--folder", help="for Parquet files, such as s3a://data/processed/benchmark on Spark. Default: temporary"
    )
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    # As many times UNIT numbers as Trino can count, and whole ones.
    if options.rows % UNIT or not UNIT <= options.rows <= UNIT * UNIT:
        parser.error(f"--rows is {options.rows}: use a multiple of {UNIT}, up to {UNIT * UNIT}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        if options.engine == "duckdb":
            result = on_duckdb(options.rows, Path(folder))
        elif options.engine == "spark":
            result = on_spark(options.rows, folder)
        else:
            result = on_trino(options.rows)
    # Of this process: all of DuckDB, and of the others only the client, whose servers are measured in Prometheus.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    text = json.dumps({**result, **({"peak_memory_mib": peak} if options.engine == "duckdb" else {})}, sort_keys=True)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
