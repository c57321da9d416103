"""Loops run as plain Python until compiling them is worth it, and what is compiled is kept in a private folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from faceindex.clustering import linkage, modest_quality, whispers
from faceindex.clustering.constraints import Constraints
from faceindex.clustering.graph import graph_of
from faceindex.clustering.modest_quality import joined
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import rules_of, unions_of
from faceindex.files.user_cache import private_folder
from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.types import Vectors
from faceindex.vectors.kernels import PLAIN_STEPS, Kernel, kernel, kernel_part

PROGRAM = f"""
import sys
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_kernels
assert test_kernels.sum_of_doubles(np.arange(10.0)) == 90 and "numba" not in sys.modules
assert test_kernels.sum_of_doubles(np.zeros({PLAIN_STEPS})) == 0
from numba.core.event import install_recorder
with install_recorder("numba:compile") as recorder:
    assert test_kernels.sum_of_squares(np.arange(4.0)) == 14
print(len(recorder.buffer))
"""
"""Uses kernels, and prints how many events there were while numba compiled one."""


@kernel_part
def _twice(number: float) -> float:
    return 2 * number


@kernel(lambda numbers: len(numbers), fastmath=True)
def sum_of_doubles(numbers: npt.NDArray[np.float64]) -> float:
    total = 0.0
    for number in numbers:
        total += _twice(number)
    return total


@kernel()
def sum_of_squares(numbers: npt.NDArray[np.float64]) -> float:
    total = 0.0
    for number in numbers:
        total += number * number
    return total


def compilations(cache: Path) -> int:
    """Events of compilation in a process with this cache folder."""
    environment = os.environ | {CACHE_ENVIRONMENT: str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_kernel_is_compiled_once_its_calls_have_taken_many_steps() -> None:
    sums = Kernel(sum_of_doubles.plain, lambda numbers: len(numbers), fastmath=True)
    assert sums(np.array([1.0, 2.5])) == 7
    assert "compiled" not in vars(sums)
    assert sums(np.ones(PLAIN_STEPS)) == 2 * PLAIN_STEPS
    assert sums.compiled.signatures
    assert sums(np.array([1.0, 2.5])) == 7


def test_what_was_compiled_is_loaded_by_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    assert not sum_of_squares.kept
    assert compilations(tmp_path) > 0
    assert sum_of_squares.kept
    assert compilations(tmp_path) == 0
    assert (tmp_path / "kernels").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:100], lambda data: data[:-1] + b"x"])
def test_a_damaged_file_is_compiled_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    compilations(tmp_path)
    for file in (tmp_path / "kernels").iterdir():
        file.write_bytes(damage(file.read_bytes()))
    assert compilations(tmp_path) > 0
    assert compilations(tmp_path) == 0


def test_without_a_writable_place_it_is_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert compilations(tmp_path / "file") > 0
    assert compilations(tmp_path / "file") > 0


def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    compilations(tmp_path)
    (tmp_path / "kernels").chmod(0o777)
    assert private_folder("kernels") is None
    assert compilations(tmp_path) > 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    compilations(tmp_path)
    os.chown(tmp_path / "kernels", 65534, 65534)
    assert private_folder("kernels") is None
    assert compilations(tmp_path) > 0


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "planted").mkdir(mode=0o700)
    (tmp_path / "cache" / "kernels").symlink_to(tmp_path / "planted")
    assert private_folder("kernels") is None


def test_without_a_home_there_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, "~/cache")  # as platformdirs says where it knows of no home
    assert private_folder("kernels") is None


@pytest.fixture(params=range(8))
def random(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(request.param)


def drawn_constraints(random: np.random.Generator, rows: int) -> Constraints:
    """Some rows are people, some are bound or kept apart, and many share a photo."""
    must_link, cannot_link = random.integers(0, rows, (2, rows // 6, 2))
    person = np.where(random.random(rows) < 0.2, random.integers(0, 9, rows), -1)
    return Constraints(person, must_link, cannot_link, random.integers(-1, rows // 2, rows))


def drawn_problem(random: np.random.Generator, rows: int = 60) -> Problem:
    vectors: Vectors = random.normal(size=(rows, 4)).astype(np.float32)
    left, right = random.integers(0, rows, (2, 4 * rows)).astype(np.int32)
    which = left != right
    length = random.integers(1, 9, which.sum()).astype(np.float32)
    rules = rules_of(drawn_constraints(random, rows), vectors, 0.5)
    return Problem(vectors, graph_of(rows, left[which], right[which], length), rules, 5.0)


def test_rules_are_the_same_plain_and_compiled(random: np.random.Generator) -> None:
    rules = drawn_problem(random).rules
    left, right = random.permutation(len(rules.group)).astype(np.int32).reshape(2, -1)
    plain, compiled = unions_of(rules), unions_of(rules)
    united = linkage._unite_each.plain(left, right, rules.group, plain)
    assert 0 < united.sum() < len(left)
    np.testing.assert_array_equal(united, linkage._unite_each.compiled(left, right, rules.group, compiled))
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_array_equal(one, other)
    roots = np.flatnonzero(plain.parent == np.arange(len(plain.parent)))
    left, right = random.choice(roots, 40), random.choice(roots, 40)
    left, right = left[left != right], right[left != right]
    np.testing.assert_array_equal(
        linkage._may_unite_each.plain(left, right, plain), linkage._may_unite_each.compiled(left, right, compiled)
    )


def test_whispers_are_the_same_plain_and_compiled(random: np.random.Generator) -> None:
    graph = drawn_problem(random).graph
    weights = random.random(len(graph.neighbour)).astype(np.float32)
    results = []
    for run in (whispers._round.plain, whispers._round.compiled):
        labels, votes = np.arange(graph.size), np.zeros(graph.size, dtype=np.float32)
        changed = run(np.arange(graph.size), graph.start, graph.neighbour, weights, labels, votes)
        results.append((changed, labels.tolist()))
    assert results[0][0] > 0
    assert results[0] == results[1]


def test_faces_of_modest_quality_join_the_same_plain_and_compiled(
    random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = drawn_problem(random)
    labels, flags = random.integers(-1, 12, problem.graph.size), random.random(problem.graph.size) < 0.3
    results = []
    for run in (modest_quality._join.plain, modest_quality._join.compiled):
        monkeypatch.setattr(modest_quality, "_join", run)
        results.append(joined(problem, labels, flags).tolist())
    assert results[0] == results[1]
