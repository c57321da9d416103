"""Figures: shown as soon as they are known, and kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.measure import Cost, clocks, processors, ratios

SCALES = {"ms": 1e3, "s": 1.0}
"""Of a second."""


@dataclass(frozen=True, slots=True)
class Figure:
    """values: one for each round, in `unit`."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        shown = f"{_short(self.median)} {self.unit}".strip()
        if len(self.values) == 1:
            return shown
        return f"{shown} ({_short(min(self.values))} to {_short(max(self.values))}, {len(self.values)} rounds)"

    def as_json(self) -> dict[str, Any]:
        """The median, the spread and the number of rounds."""
        spread = {"lowest": min(self.values), "highest": max(self.values), "rounds": len(self.values)}
        return {"unit": self.unit, "median": self.median, **spread}


class Report:
    """figures: by their names, in the order in which they were found. folder: for what a benchmark writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.figures: dict[str, Figure] = {}

    def say(self, text: str) -> None:
        """Show text that is not a figure."""
        print(text, flush=True)

    def add(self, name: str, values: float | Sequence[float], unit: str = "") -> None:
        """Keep and show a figure."""
        found = Figure((float(values),) if isinstance(values, int | float) else tuple(values), unit)
        self.figures[name] = found
        self.say(f"{name}: {found}")

    def add_costs(self, name: str, some: Sequence[Cost], unit: str = "s") -> None:
        """Keep and show processor time, and time by the clock. unit: s or ms."""
        for what, seconds in (("processor", processors(some)), ("clock", clocks(some))):
            self.add(f"{name}, {what}", [SCALES[unit] * one for one in seconds], unit)

    def add_ratio(self, name: str, theirs: Sequence[Cost], ours: Sequence[Cost]) -> None:
        """Keep and show their cost divided by ours, round by round."""
        self.add(f"{name}, processor", ratios(processors(theirs), processors(ours)), "times")
        self.add(f"{name}, clock", ratios(clocks(theirs), clocks(ours)), "times")


def _short(value: float) -> str:
    """With four significant digits; whole numbers in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"
