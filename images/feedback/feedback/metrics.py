"""Figures for Prometheus."""

from __future__ import annotations

import threading
from collections import Counter


class Metrics:
    """Counts since the start; safe to use from several threads."""

    # Who sends feedback chooses the names of model and prompt: more series than this, and the rest is `other`.
    MOST_SERIES = 200

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feedback: Counter[tuple[str, str, str]] = Counter()
        self._rejected: Counter[str] = Counter()
        self._write_failures = 0
        self._last_timestamp = 0.0

    def accepted(self, model: str, prompt: str, rating: str, timestamp: float) -> None:
        with self._lock:
            key = (model, prompt, rating)
            if key not in self._feedback and len(self._feedback) >= self.MOST_SERIES:
                key = ("other", "other", rating)
            self._feedback[key] += 1
            self._last_timestamp = timestamp

    def rejected(self, reason: str) -> None:
        with self._lock:
            self._rejected[reason] += 1

    def write_failed(self) -> None:
        with self._lock:
            self._write_failures += 1

    def text(self) -> str:
        """In Prometheus' text format."""
        with self._lock:
            lines = ["# HELP lab_feedback_total Feedback that was kept.", "# TYPE lab_feedback_total counter"]
            for (model, prompt, rating), count in sorted(self._feedback.items()):
                labels = f'model="{escaped(model)}",prompt="{escaped(prompt)}",rating="{rating}"'
                lines.append(f"lab_feedback_total{{{labels}}} {count}")
            lines += [
                "# HELP lab_feedback_rejected_total Requests that were no feedback.",
                "# TYPE lab_feedback_rejected_total counter",
                *(
                    f'lab_feedback_rejected_total{{reason="{reason}"}} {count}'
                    for reason, count in sorted(self._rejected.items())
                ),
                "# HELP lab_feedback_write_failures_total Feedback that the object store did not take.",
                "# TYPE lab_feedback_write_failures_total counter",
                f"lab_feedback_write_failures_total {self._write_failures}",
                "# HELP lab_feedback_last_timestamp_seconds When feedback was last kept, since 1970; 0 is never.",
                "# TYPE lab_feedback_last_timestamp_seconds gauge",
                f"lab_feedback_last_timestamp_seconds {self._last_timestamp}",
            ]
            return "\n".join(lines) + "\n"


def escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
