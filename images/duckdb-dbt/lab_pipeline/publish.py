"""What is processed, as tables of Trino. Its address is LAB_TRINO_URL, such as http://trino.trino:8080."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import trino

from .store import Store
from .transform import INTERMEDIATE, PROCESSED

SCHEMA = "sales"
# Table: the file it is made from, and its columns in Trino's types.
TABLES = {
    "customers": (
        INTERMEDIATE + "customers.parquet",
        {
            "customer_id": "varchar",
            "name": "varchar",
            "email": "varchar",
            "region": "varchar",
            "customer_since": "date",
        },
    ),
    "orders": (
        INTERMEDIATE + "orders.parquet",
        {
            "order_id": "varchar",
            "customer_id": "varchar",
            "ordered_on": "date",
            "product": "varchar",
            "quantity": "integer",
            "unit_price_eur": "decimal(10,2)",
            "status": "varchar",
        },
    ),
    "revenue": (
        PROCESSED + "revenue.parquet",
        {"region": "varchar", "month": "date", "orders": "bigint", "revenue_eur": "decimal(18,2)"},
    ),
}
# Trino refuses a query of more than a million characters: far below it.
ROWS_PER_INSERT = 500


def run(store: Store, catalog: str) -> dict[str, float]:
    """Replaces the tables of `catalog`.sales; gives how many rows each has."""
    url = urlsplit(os.environ["LAB_TRINO_URL"])
    counts: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary, duckdb.connect() as local:
        work = Path(temporary)
        for prefix in (INTERMEDIATE, PROCESSED):
            store.download(prefix, work / prefix)
        with trino.dbapi.connect(
            host=url.hostname, port=url.port, http_scheme=url.scheme, user="pipeline", catalog=catalog, schema=SCHEMA
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{SCHEMA}").fetchall()
            for table, (file, columns) in TABLES.items():
                names = ", ".join(columns)
                rows = local.execute(f"select {names} from read_parquet(?) order by all", [str(work / file)]).fetchall()
                for statement in statements(table, columns, rows):
                    cursor.execute(statement).fetchall()
                counts[table] = len(rows)
    return counts


def statements(table: str, columns: dict[str, str], rows: Sequence[Sequence[object]]) -> Iterable[str]:
    """The statements that make a table have exactly these rows."""
    yield f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
    yield f"DELETE FROM {table}"
    for start in range(0, len(rows), ROWS_PER_INSERT):
        values = ", ".join(
            f"({', '.join(literal(value) for value in row)})" for row in rows[start : start + ROWS_PER_INSERT]
        )
        yield f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"


def literal(value: object) -> str:
    """A value in Trino's SQL."""
    match value:
        case None:
            return "NULL"
        case Decimal():
            return f"DECIMAL '{value}'"
        case int():
            return str(value)
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise TypeError(f"no literal for {value!r}")
