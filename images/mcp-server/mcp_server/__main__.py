"""One server: `python -m mcp_server store|query|search`. At http://0.0.0.0:8080/mcp, or on LISTEN (host:port); /healthz answers."""

from __future__ import annotations

import argparse
import os

from mcp.server import MCPServer
from starlette.requests import Request
from starlette.responses import PlainTextResponse


def build(name: str) -> MCPServer:
    # Each pod loads what its own server needs.
    if name == "store":
        from .store import make_server
    elif name == "query":
        from .query import make_server
    else:
        from .search import make_server
    server = make_server()

    @server.custom_route("/healthz", methods=["GET"])
    async def healthz(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    return server


def main() -> None:
    parser = argparse.ArgumentParser(prog="mcp_server", description=__doc__)
    parser.add_argument("server", choices=["store", "query", "search"])
    options = parser.parse_args()
    host, _, port = os.environ.get("LISTEN", "0.0.0.0:8080").rpartition(":")
    # No session: a pod that is replaced takes nobody's with it.
    build(options.server).run("streamable-http", host=host, port=int(port), stateless_http=True, json_response=True)


if __name__ == "__main__":
    main()
