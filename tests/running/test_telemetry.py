"""onnxruntime reports nothing and writes no identifier, whoever imports it, once faceindex was imported."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest

from faceindex.running import telemetry

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, home: Path, **variables: str) -> str:
    """What a user's program writes, in an environment without onnxruntime's variable unless it is given."""
    without = {name: value for name, value in os.environ.items() if name != telemetry.ENVIRONMENT}
    without.pop("XDG_CACHE_HOME", None)
    environment = without | {"HOME": str(home)} | variables
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("variables", [{}, {telemetry.ENVIRONMENT: "0"}, {telemetry.ENVIRONMENT: ""}])
@pytest.mark.parametrize("entry", ["faceindex", "faceindex.cli", "faceindex.ingest.workers.worker"])
def test_onnxruntime_leaves_no_trace_after_faceindex(entry: str, variables: dict[str, str], tmp_path: Path) -> None:
    program = f"import {entry}, onnxruntime, os; print(os.environ['{telemetry.ENVIRONMENT}'])"
    assert run(program, tmp_path, **variables) == "1\n"
    assert not list(tmp_path.iterdir())


def test_one_warning_names_the_variable_where_onnxruntime_came_first(tmp_path: Path) -> None:
    said = run("import onnxruntime\nimport faceindex\nimport faceindex.library", tmp_path)
    assert said.count("Warning") == said.count(telemetry.ENVIRONMENT) == 1
    assert "<string>:2:" in said  # the line that imports faceindex
    silent = "import onnxruntime, faceindex, faceindex.library"
    assert run(silent, tmp_path, **{telemetry.ENVIRONMENT: "1"}) == ""


@pytest.mark.parametrize(
    ("version", "value", "warned"),
    [
        ("1.28.1", "", False),  # has no telemetry
        ("1.29.0", "", True),
        ("2.0.0", "0", True),
        ("1.32.0", "2", True),
        ("1.32.0", " True", False),
        (None, "", True),
        ("of our own", "", True),
    ],
)
def test_warning_is_given_where_onnxruntime_may_report(
    version: str | None, value: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("onnxruntime")
    if version:
        module.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    monkeypatch.setenv(telemetry.ENVIRONMENT, value)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        telemetry.turn_off()
    assert [telemetry.ENVIRONMENT in str(warning.message) for warning in caught] == [True] * warned
    assert os.environ[telemetry.ENVIRONMENT] == "1"


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").rglob("*.py")), ids=lambda path: path.name)
def test_no_script_imports_onnxruntime_at_its_top(script: Path) -> None:
    """There it comes before faceindex: imports are sorted."""
    for statement in ast.parse(script.read_text()).body:
        match statement:
            case ast.Import(names):
                assert not any(name.name.startswith("onnxruntime") for name in names)
            case ast.ImportFrom(module=str(module)):
                assert not module.startswith("onnxruntime")
