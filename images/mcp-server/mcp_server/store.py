"""Objects of the store."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from . import objects

MOST_BYTES = 64 * 1024


def make_server() -> MCPServer:
    server = MCPServer(
        "lab-store", instructions="Processed data of the lab: lists objects, and reads those that are text."
    )
    store = objects.client()

    @server.tool()
    def list_objects() -> list[str]:
        """Names of all objects."""
        return objects.names(store)

    @server.tool()
    def read_text(name: str) -> str:
        """The text of an object, such as a report in JSON; at most 64 KiB."""
        try:
            content = objects.read(store, name)
            if len(content) > MOST_BYTES:
                raise ValueError(f"{name} has {len(content)} bytes, and at most {MOST_BYTES} are read")
            return content.decode()
        except UnicodeDecodeError:
            raise ToolError(f"{name} is no text: ask the query server for tables") from None
        except ValueError as error:
            raise ToolError(str(error)) from None

    return server
