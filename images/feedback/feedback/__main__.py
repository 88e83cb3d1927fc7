"""The service: POST /v1/feedback, GET /metrics, GET /healthz. Listens on 0.0.0.0:8080, or on LISTEN (host:port)."""

from __future__ import annotations

import os
import signal
import threading

from .records import BucketStore
from .server import make_server


def main() -> None:
    host, _, port = os.environ.get("LISTEN", "0.0.0.0:8080").rpartition(":")
    server = make_server((host, int(port)), BucketStore(os.environ.get("BUCKET", "data")))
    # From another thread: shutdown() waits for the loop that this thread is in.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
