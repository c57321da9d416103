"""The cost of work in time and memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("FACEINDEX_TEST_DATA", ROOT.parent / "shared" / "data"))
"""Real photos and what is known about them."""

STATS = DATA / "embedding_stats.npz"
"""What faces are drawn from, see make_library."""

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which getrusage counts memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and of processor time: of this process, and of its children that have ended."""

    clock: float
    processor: float


def cost(work: Callable[[], T]) -> tuple[Cost, T]:
    """The cost of `work`, and what it returns."""
    clock, processor = time.perf_counter(), processor_seconds()
    answer = work()
    return Cost(time.perf_counter() - clock, processor_seconds() - processor), answer


def costs(work: Callable[[], object], rounds: int, *, warm: int = 0) -> list[Cost]:
    """The cost of `work` in each round, after `warm` rounds that do not count."""
    return in_turn({"": work}, rounds, warm=warm)[""]


def in_turn(works: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> dict[str, list[Cost]]:
    """The cost of each work in each round.

    The works take turns, and every second round goes backwards: what else the machine does disturbs all alike.
    """
    found: dict[str, list[Cost]] = {name: [] for name in works}
    for number in range(-warm, rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            spent, _ = cost(works[name])
            if number >= 0:
                found[name].append(spent)
    return found


def clocks(some: Iterable[Cost]) -> list[float]:
    """Seconds by the clock."""
    return [one.clock for one in some]


def processors(some: Iterable[Cost]) -> list[float]:
    """Seconds of processor time."""
    return [one.processor for one in some]


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(numerators, denominators, strict=True)]


def processor_seconds() -> float:
    """Processor time of this process, and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def resident() -> float:
    """The memory of this process now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """The highest memory of this process, in MB.

    From /proc where there is one: getrusage starts with what the parent process had.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e6


def peak_of_children() -> float:
    """The highest memory of the largest child process that has ended, in MB."""
    return float(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT / 1e6)


def in_new_process(function: Callable[..., T], *arguments: Any, **named: Any) -> tuple[T, float]:
    """What a function of a module returns in a new process, and the highest memory of that process, in MB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_with_peak, partial(function, *arguments, **named)).result()


def _with_peak(work: Callable[[], T]) -> tuple[T, float]:
    return work(), peak()
