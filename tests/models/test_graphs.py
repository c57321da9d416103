"""Converted graphs are cached, checked, and made anew when in doubt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceindex.errors import UsageError
from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.models.cache import cache_folder
from faceindex.models.devices import provider
from faceindex.models.graphs import DETECTOR, onnx_graph
from faceindex.models.networks import session


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    return cache_folder()


def test_graph_is_converted_once_and_then_read(cache: Path) -> None:
    graph = onnx_graph(DETECTOR)
    (file,) = cache.iterdir()
    before = file.stat().st_mtime_ns
    assert onnx_graph(DETECTOR) == graph
    assert file.stat().st_mtime_ns == before
    session(graph)


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_damaged_cache_is_not_trusted(cache: Path, damage: bytes | None) -> None:
    graph = onnx_graph(DETECTOR)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x" if damage is None else damage)
    assert onnx_graph(DETECTOR) == graph
    assert file.read_bytes() == whole


def test_many_processes_may_convert_at_once(cache: Path) -> None:
    code = (
        "from faceindex.models.graphs import *; import hashlib; print(hashlib.sha256(onnx_graph(DETECTOR)).hexdigest())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
        for _ in range(4)
    ]
    said = [process.communicate() for process in started]
    assert len({out for out, _ in said}) == 1
    assert {errors for _, errors in said} == {b""}
    assert len(list(cache.iterdir())) == 1


def test_device_that_is_not_there_is_a_usage_error_that_names_those_that_are() -> None:
    assert provider("CPU") == "CPUExecutionProvider"
    with pytest.raises(UsageError, match=r"no device abacus here, only .*cpu"):
        provider("abacus")
