"""Loops that numba compiles wait for their first call; what stands in for some gives the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faceindex.faces import alignments
from faceindex.kernels import FEW, kernel


@kernel()
def _twice(number: float) -> float:
    return 2 * number


@kernel(fastmath=True)
def _sum_of_doubles(numbers: np.ndarray) -> float:
    total = 0.0
    for number in numbers:
        total += _twice(number)
    return total


def test_a_kernel_calls_another() -> None:
    assert _sum_of_doubles(np.array([1.0, 2.5])) == 7
    assert _sum_of_doubles.compiled.signatures


def test_what_stands_in_is_called_the_first_times_unless_numba_is_there(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"""
import sys
from faceindex.kernels import FEW, kernel_after
calls = []
def before(number):
    calls.append(number)
    return number + 1
@kernel_after(before)
def one_more(number):
    return number + 1
@kernel_after(before)
def one_more_later(number):
    return number + 1
assert [one_more(number) for number in range({FEW})] == list(range(1, {FEW} + 1))
assert len(calls) == {FEW} and "numba" not in sys.modules
assert one_more(7) == 8 and one_more_later(7) == 8
assert len(calls) == {FEW} and "numba" in sys.modules
""")
    subprocess.run([sys.executable, program], check=True)


_PROGRAM = """
from faceindex.kernels import kernel
@kernel()
def twice(number):
    return 2 * number
print(twice(4))
"""


def test_what_is_compiled_is_kept_in_our_cache_only(tmp_path: Path) -> None:
    program, cache = tmp_path / "program.py", tmp_path / "cache"
    program.write_text(_PROGRAM)
    subprocess.run([sys.executable, program], check=True, env=os.environ | {"FACEINDEX_CACHE": str(cache)})
    assert list(cache.rglob("*.nbc"))
    assert sorted(tmp_path.iterdir()) == [cache, program]


def test_what_is_compiled_works_where_it_cannot_be_kept() -> None:
    """numba refuses functions of `python -c` in the same way as those for which no folder can be written."""
    said = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True).stdout
    assert said == "8\n"


@pytest.mark.parametrize("seed", range(20))
def test_chips_are_the_same_bits_without_compiling(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 150, 2)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    turn, origin, size = random.normal(0, 1.5, (2, 2)), random.normal(30, 80, 2), int(random.integers(1, 130))
    sampled = alignments._sampled
    assert sampled.before
    np.testing.assert_array_equal(
        sampled.before(pixels, turn, origin, size), sampled.compiled(pixels, turn, origin, size)
    )
