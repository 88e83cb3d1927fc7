"""The service: POST /v1/ask, GET /healthz. Listens on 0.0.0.0:8080, or on LISTEN (host:port).

PROMPTS_DIR     folder of the repository `prompts`, as git-sync keeps it
PROMPT          which one, such as sales-assistant/v1
LLM_URL         an OpenAI-like API, such as http://ollama.llm:11434/v1; LLM_MODEL is the model
MCP_URLS        MCP servers, with commas between them, such as http://mcp-query.mcp:8080/mcp
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import conversation
from .prompts import Prompt, PromptError

LARGEST_BODY = 16 * 1024


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, {"status": "ok"})
        else:
            self.answer(404, {"error": "there is /v1/ask and /healthz"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/v1/ask" or not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self.answer(
                404 if self.path != "/v1/ask" else 413, {"error": f"ask at /v1/ask, with at most {LARGEST_BODY} bytes"}
            )
            return
        try:
            inputs = json.loads(self.rfile.read(int(length)))
            # Read for each question: git-sync may have brought another text of the same version's file.
            prompt = Prompt.load(os.environ["PROMPTS_DIR"], os.environ["PROMPT"])
            text = prompt.fill(inputs)
        except (PromptError, ValueError) as error:
            self.answer(400, {"error": str(error)})
            return
        try:
            reply = conversation.run(prompt, text)
        except conversation.ConversationError as error:
            print(error, file=sys.stderr)
            self.answer(502, {"error": str(error)})
            return
        # All that feedback has to name: see images/feedback.
        names = {"prompt_name": prompt.name, "prompt_version": f"v{prompt.version}", "model": os.environ["LLM_MODEL"]}
        self.answer(200, {"answer": reply, **names})

    def answer(self, status: int, content: dict[str, str]) -> None:
        body = (json.dumps(content, ensure_ascii=False) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing: what is asked may be personal."""


def main() -> None:
    host, _, port = os.environ.get("LISTEN", "0.0.0.0:8080").rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    # From another thread: shutdown() waits for the loop that this thread is in.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
