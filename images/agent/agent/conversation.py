"""The model is asked, calls tools as long as it wants some, and answers."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from contextlib import AsyncExitStack
from typing import Any

from mcp import Client

from .prompts import Prompt

# A model that goes round in circles ends here.
MOST_ROUNDS = 8
LONGEST_RESULT = 8000


class ConversationError(Exception):
    """The model or a tool's server did not do its part."""


def run(prompt: Prompt, text: str) -> str:
    """The model's last word. Raises ConversationError."""
    return asyncio.run(converse(prompt, text))


async def converse(prompt: Prompt, text: str) -> str:
    urls = [url for url in os.environ.get("MCP_URLS", "").split(",") if url]
    async with AsyncExitStack() as stack:
        servers: dict[str, Client] = {}
        tools: list[dict[str, Any]] = []
        for url in urls:
            try:
                client = await stack.enter_async_context(Client(url))
                offered = (await client.list_tools()).tools
            except Exception as error:
                raise ConversationError(f"{url} does not answer: {type(error).__name__}") from error
            for tool in offered:
                # Only what the prompt names, which somebody has reviewed.
                if tool.name in prompt.tools:
                    servers[tool.name] = client
                    function = {
                        "name": tool.name,
                        "description": tool.description or "",
                        "parameters": tool.input_schema,
                    }
                    tools.append({"type": "function", "function": function})
        missing = sorted(set(prompt.tools) - set(servers))
        if missing:
            raise ConversationError(f"no MCP server has {', '.join(missing)}, which {prompt.name} needs")
        messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
        for _ in range(MOST_ROUNDS):
            message = await asyncio.to_thread(ask, messages, tools, prompt.temperature)
            messages.append(message)
            calls = message.get("tool_calls") or []
            if not calls:
                return str(message.get("content") or "")
            for call in calls:
                result = await call_tool(servers, call["function"])
                messages.append(
                    {"role": "tool", "tool_call_id": call.get("id", ""), "content": result[:LONGEST_RESULT]}
                )
    raise ConversationError(f"the model has called tools {MOST_ROUNDS} times without an answer")


async def call_tool(servers: dict[str, Client], function: dict[str, Any]) -> str:
    """What the model gets to see of a call, an error of its own included."""
    client = servers.get(function["name"])
    if client is None:
        return f"there is no tool {function['name']}"
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except ValueError:
        return "the arguments are no JSON"
    result = await client.call_tool(function["name"], arguments)
    return "\n".join(part.text for part in result.content if part.type == "text")


def ask(messages: list[dict[str, Any]], tools: list[dict[str, Any]], temperature: float) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": os.environ["LLM_MODEL"],
        "messages": messages,
        "temperature": temperature,
        "stream": False,
    }
    if tools:
        body["tools"] = tools
    request = urllib.request.Request(
        os.environ["LLM_URL"].rstrip("/") + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["choices"][0]["message"]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ConversationError(f"the model does not answer: {type(error).__name__}: {error}") from error
