"""Commands do not wait for what they do not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import faceindex

PROGRAM = """
import sys
import faceindex.cli
sys.argv[0] = "faceindex"
try:
    faceindex.cli.main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
HEAVY = {"numba", "scipy", "sklearn", "matplotlib", "jinja2", "onnx", "pydantic", "fastapi", "uvicorn", "argon2"}
FOR_FACES = {"onnxruntime", "dlib", "h5py", "faiss", "numpy", "PIL"}
FOR_OTHER_COMMANDS = {"ingest", "evaluation", "exchange", "queries", "sheets", "clustering.neighbours", "vectors"}
"""Rooms and modules of ours that lists and figures do not use."""


def modules(*arguments: str) -> set[str]:
    """What a command that ends well has loaded."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


def test_a_search_loads_no_compiler_and_no_statistics(small_library: faceindex.Library, many_photos: Path) -> None:
    loaded = modules("search", str(many_photos / "03.jpg"), "-L", str(small_library.path), "--json")
    assert "onnxruntime" in loaded
    assert not loaded & (
        HEAVY | {"multiprocessing", "numpy.random", "h5py", "faceindex.ingest", "faceindex.people.acting"}
    )


@pytest.mark.parametrize("command", [("status",), ("albums", "list"), ("people", "list"), ("photos", "list")])
def test_a_list_loads_no_network(small_library: faceindex.Library, command: tuple[str, ...]) -> None:
    loaded = modules(*command, "-L", str(small_library.path))
    assert "faceindex.library" in loaded
    others = {f"faceindex.{name}" for name in FOR_OTHER_COMMANDS}
    assert loaded & (HEAVY | FOR_FACES | others) == set()


def test_help_of_a_command_loads_its_own_module_alone() -> None:
    loaded = modules("status", "--help")
    assert "faceindex.cli.library" in loaded
    assert not {"faceindex.cli.search", "faceindex.cli.evaluate", "faceindex.library"} & loaded


def test_the_process_that_reads_files_loads_no_numpy() -> None:
    """Each ingest that meets a file that is no photo starts one."""
    program = "import sys, faceindex.ingest.photo_reader; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "psutil"} & set(done.stdout.split())
