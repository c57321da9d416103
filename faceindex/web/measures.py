"""Figures about requests, for `/api/v1/metrics`."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Measures:
    """Requests by their status, and the seconds that they took, in sum."""

    requests: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, seconds: float) -> None:
        """Count a request."""
        with self._guard:
            self.requests[status] += 1
            self.seconds += seconds


def as_text(figures: dict[str, float], requests: Counter[int], seconds: float) -> str:
    """Prometheus' text format, version 0.0.4. figures: gauges by name."""
    lines = []
    for name, value in figures.items():
        lines += [f"# TYPE faceindex_{name} gauge", f"faceindex_{name} {value:g}"]
    lines.append("# TYPE faceindex_requests_total counter")
    lines += [f'faceindex_requests_total{{status="{status}"}} {count}' for status, count in sorted(requests.items())]
    lines += ["# TYPE faceindex_request_seconds_total counter", f"faceindex_request_seconds_total {seconds:.6f}"]
    return "\n".join([*lines, ""])
