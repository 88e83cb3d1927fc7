"""HTTP, by the standard library: a few requests a minute from agents in the cluster."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import BotoCoreError, ClientError

from .metrics import Metrics
from .records import RecordError, RecordStore, record_of

LARGEST_BODY = 64 * 1024


def make_server(address: tuple[str, int], store: RecordStore) -> ThreadingHTTPServer:
    metrics = Metrics()

    class Handler(BaseHTTPRequestHandler):
        # A client that says nothing does not hold a thread for ever.
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self.answer(200, "ok\n", "text/plain")
            elif self.path == "/metrics":
                self.answer(200, metrics.text(), "text/plain; version=0.0.4")
            else:
                self.problem(404, "there is /v1/feedback, /metrics and /healthz")

        def do_POST(self) -> None:
            if self.path != "/v1/feedback":
                self.problem(404, "feedback is sent to /v1/feedback")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                metrics.rejected("size")
                self.problem(413, f"Content-Length has to be at most {LARGEST_BODY}")
                return
            try:
                record = record_of(json.loads(self.rfile.read(int(length))))
            except (RecordError, ValueError) as error:
                metrics.rejected("invalid")
                self.problem(400, str(error) if isinstance(error, RecordError) else "the body is no JSON")
                return
            try:
                store.put(record)
            except (BotoCoreError, ClientError) as error:
                metrics.write_failed()
                # Without the record: logs are kept elsewhere, for longer, and seen by others.
                print(f"feedback was not kept: {type(error).__name__}: {error}", file=sys.stderr)
                self.problem(503, "it could not be kept: send it again later")
                return
            metrics.accepted(record["model"], record["prompt_name"], record["rating"], time.time())
            self.answer(201, json.dumps({"id": record["id"]}) + "\n", "application/json")

        def problem(self, status: int, text: str) -> None:
            # What is left of the body is not read as the next request.
            self.close_connection = True
            self.answer(status, json.dumps({"error": text}) + "\n", "application/json")

        def answer(self, status: int, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            """Nothing: probes and scrapes would be most of it."""

    return ThreadingHTTPServer(address, Handler)
