"""SQL on what is processed, by DuckDB in the memory of this pod."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

import duckdb
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from . import objects

FOLDER = "sales/"
MOST_ROWS = 200
LONGEST_SECONDS = 10


def connect(store: Any) -> duckdb.DuckDBPyConnection:
    """A database with a table for each Parquet file, which can reach no file and no network any more."""
    connection = duckdb.connect(":memory:", config={"memory_limit": "128MB", "threads": "1"})
    with tempfile.TemporaryDirectory() as folder:
        for name in objects.names(store):
            # Not those of folders below, such as Spark's report in parts.
            table = name.removeprefix(FOLDER).removesuffix(".parquet")
            if name.startswith(FOLDER) and name.endswith(".parquet") and "/" not in table:
                file = Path(folder) / "table.parquet"
                file.write_bytes(objects.read(store, name))
                quoted = '"' + table.replace('"', '""') + '"'
                connection.execute(f"create table {quoted} as from read_parquet(?)", [str(file)])
    # A model writes the SQL, and whoever talks to it may tell it what.
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def make_server() -> MCPServer:
    server = MCPServer(
        "lab-query", instructions="SQL (DuckDB) on the processed sales of the lab. Read list_tables first."
    )
    store = objects.client()

    @server.tool()
    def list_tables() -> dict[str, list[str]]:
        """Tables, and each one's columns with their types."""
        with connect(store) as connection:
            rows = connection.execute(
                "select table_name, column_name || ' ' || data_type from information_schema.columns order by 1, ordinal_position"
            ).fetchall()
        tables: dict[str, list[str]] = {}
        for table, column in rows:
            tables.setdefault(table, []).append(column)
        return tables

    @server.tool()
    def query(sql: str) -> dict[str, Any]:
        """The result of one SELECT: names of columns, and at most 200 rows as text."""
        with connect(store) as connection:
            try:
                [statement] = connection.extract_statements(sql)
            except (ValueError, duckdb.Error):
                raise ToolError("give one statement of SQL") from None
            if statement.type != duckdb.StatementType.SELECT:
                raise ToolError("only SELECT is answered")
            timer = threading.Timer(LONGEST_SECONDS, connection.interrupt)
            timer.start()
            try:
                result = connection.execute(statement)
                columns = [column[0] for column in result.description or []]
                rows = result.fetchmany(MOST_ROWS + 1)
            except duckdb.InterruptException:
                raise ToolError(f"it took more than {LONGEST_SECONDS} seconds") from None
            except duckdb.Error as error:
                raise ToolError(str(error)) from None
            finally:
                timer.cancel()
        return {
            "columns": columns,
            "rows": [[None if value is None else str(value) for value in row] for row in rows[:MOST_ROWS]],
            "more": len(rows) > MOST_ROWS,
        }

    return server
