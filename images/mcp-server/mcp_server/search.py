"""Search by meaning: Qdrant has the vectors, the local model makes one of what is asked for.

QDRANT_URL, QDRANT_API_KEY; EMBEDDINGS_URL (of an OpenAI-like API, such as http://ollama.llm:11434/v1) and EMBEDDINGS_MODEL.
"""

from __future__ import annotations

import json
import os
import urllib.request

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from qdrant_client import QdrantClient

MOST_HITS = 20


def embed(text: str) -> list[float]:
    request = urllib.request.Request(
        os.environ["EMBEDDINGS_URL"].rstrip("/") + "/embeddings",
        data=json.dumps({"model": os.environ["EMBEDDINGS_MODEL"], "input": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"][0]["embedding"]


def make_server() -> MCPServer:
    server = MCPServer("lab-search", instructions="Search by meaning in the collections of the lab's vector store.")
    store = QdrantClient(url=os.environ["QDRANT_URL"], api_key=os.environ.get("QDRANT_API_KEY"), timeout=10)

    @server.tool()
    def list_collections() -> list[str]:
        """Names of all collections."""
        return sorted(each.name for each in store.get_collections().collections)

    @server.tool()
    def search(collection: str, text: str, limit: int = 5) -> list[dict[str, object]]:
        """What is nearest in meaning, best first: score and payload of each point."""
        if not store.collection_exists(collection):
            raise ToolError(f"{collection} is not there: list_collections says what is")
        points = store.query_points(
            collection, query=embed(text), limit=max(1, min(limit, MOST_HITS)), with_payload=True
        ).points
        return [{"score": point.score, "payload": point.payload} for point in points]

    return server
