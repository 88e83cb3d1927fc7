"""A job is gone before Prometheus could ask it: it leaves its figures at the Pushgateway."""

from __future__ import annotations

import time
import urllib.request

from .checks import Outcome


def push(gateway: str, suite: str, checkpoint: str, outcome: Outcome) -> None:
    """Replaces the figures of a suite."""
    labels = f'{{checkpoint="{checkpoint}"}}'
    figures = {
        "data_quality_expectations_evaluated": ("Expectations that the last run evaluated.", outcome.evaluated),
        "data_quality_expectations_failed": ("Expectations that the last run did not find met.", len(outcome.failures)),
        "data_quality_last_run_timestamp_seconds": ("When the last run ended, since 1970.", time.time()),
    }
    text = "".join(
        f"# HELP {name} {help_text}\n# TYPE {name} gauge\n{name}{labels} {value}\n"
        for name, (help_text, value) in figures.items()
    )
    # Labels of the path are of the group, which a PUT replaces as a whole.
    url = f"{gateway.rstrip('/')}/metrics/job/data_quality/suite/{suite}"
    request = urllib.request.Request(url, data=text.encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass
