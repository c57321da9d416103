"""Where the time goes: seconds of each stage of the analysis."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """seconds: by stage, in the order of their first use; stages do not nest. clock: of wall time, or another."""

    seconds: Counter[str] = field(default_factory=Counter)
    clock: Callable[[], float] = time.perf_counter

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the `with` block to the stage `name`."""
        began = self.clock()
        try:
            yield
        finally:
            self.seconds[name] += self.clock() - began  # type: ignore[assignment]  # a Counter adds floats
