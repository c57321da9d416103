"""`scripts/bench NAME` measures, keeps figures, and compares them with former ones and with another checkout."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from benchmarks.__main__ import add_options, benchmarks
from harness import history
from harness.all_processes import AllProcesses
from harness.measure import cost, in_new_process, in_turn
from harness.report import Figure, Report
from harness.visitors import percentile
from make_photos import with_copies

from faceindex.photos.decode import open_photo

ROOT = Path(__file__).resolve().parents[1]
SMALL = ("acts", "--acts", "20", "--faces", "100", "--repeat", "2")


def bench(*arguments: object, cwd: Path) -> str:
    command = [str(ROOT / "scripts" / "bench"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd).stdout


def options_of(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, import_module(f"benchmarks.{name}").run)
    return parser


def test_list_says_in_a_line_what_each_benchmark_measures(tmp_path: Path) -> None:
    lines = bench("--list", cwd=tmp_path).splitlines()
    assert [line.split()[0] for line in lines] == list(benchmarks())
    assert len(lines) > 8
    assert all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize("name", benchmarks())
def test_every_option_of_a_benchmark_has_a_default_of_its_type(name: str) -> None:
    parameters = inspect.signature(import_module(f"benchmarks.{name}").run).parameters
    assert set(vars(options_of(name).parse_args([]))) == parameters.keys() - {"report"}
    for parameter in parameters.values():
        assert parameter.name == "report" or parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert not parameter.annotation.startswith("bool") or parameter.default is False


def test_commands_of_readme_and_docs_have_the_options_that_there_are() -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    text = "\n".join(" ".join(page.read_text().split()) for page in pages)
    commands = re.findall(r"`scripts/bench ([^`]+)`", text)
    assert len(commands) > 15
    for words in map(shlex.split, commands):
        if not words[0].startswith("-") and words[0].islower():
            own = [word for word in words[1:] if word != "..."]
            options_of(words[0]).parse_args(own)


def test_figures_are_kept_and_shown_beside_former_ones(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "history.jsonl"
    said = bench(*SMALL, "--history", file, "--compare", cwd=tmp_path)
    assert "no former run" in said
    said = bench(*SMALL, "--history", file, "--compare", cwd=tmp_path)
    first, second = map(json.loads, file.read_text().splitlines())
    assert first.keys() == {"benchmark", "date", "commit", "machine", "versions", "options", "figures"}
    assert (first["benchmark"], first["options"]["acts"]) == ("acts", "20")
    assert first["versions"]["python"]
    assert first["figures"].keys() == second["figures"].keys()
    named = first["figures"]["name, processor"]
    assert (named["unit"], named["rounds"]) == ("ms", 2)
    assert 0 < named["lowest"] <= named["median"] <= named["highest"]
    assert re.search(r"name, processor: was [\d.]+ ms, is [\d.]+ ms, [\d.]+ times", said)
    assert "no former run" in bench(*SMALL, "--seed", "1", "--compare", file, cwd=tmp_path)  # other options


def test_another_checkout_is_measured_in_turn(tmp_path: Path) -> None:
    other, file = tmp_path / "other", tmp_path / "history.jsonl"
    for part in ("faceindex", "models"):
        shutil.copytree(ROOT / part, other / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "faceindex" / "__init__.py").open("a") as module:
        module.write("\nprint('faceindex of the other checkout')\n")
    said = bench(*SMALL, "--compare", other, "--turns", 2, "--history", file, cwd=tmp_path)
    turns = [part.splitlines() for part in said.split("\nturn ")[1:]]
    assert [Path(lines[0].split(", ")[1]) for lines in turns] == [ROOT, other, other, ROOT]
    assert ["faceindex of the other checkout" in lines for lines in turns] == [False, True, True, False]
    ratio = json.loads(file.read_text())["figures"]["hide, processor: here by there"]
    assert (ratio["unit"], ratio["rounds"]) == ("times", 2)


def test_what_cannot_be_measured_or_compared_is_said(tmp_path: Path) -> None:
    for arguments, words in (
        (["acts", "--compare"], "--compare takes a file or a folder"),
        (["acts", "--compare", "missing"], "missing: no such file or folder"),
        (["cluster", "--parts", "nonsense", "--recipes", "dlib"], "nothing of this kind can be measured"),
    ):
        command = [str(ROOT / "scripts" / "bench"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert words in done.stderr


def test_works_take_turns_and_the_first_of_a_round_is_the_last_of_the_next() -> None:
    order: list[str] = []
    found = in_turn({name: lambda name=name: order.append(name) for name in "abc"}, 3, warm=1)  # type: ignore[misc]
    assert "".join(order) == "cbaabccbaabc"
    assert {name: len(costs) for name, costs in found.items()} == {"a": 3, "b": 3, "c": 3}


def spend(seconds: float, megabytes: int) -> int:
    kept = bytearray(megabytes << 20)
    while cost(lambda: None)[0].clock >= 0 and seconds > 0:
        seconds -= max(1e-6, cost(lambda: sum(range(10_000)))[0].processor)
    return len(kept)


def test_work_of_ended_processes_and_their_memory_count() -> None:
    spent, (answer, peak) = cost(lambda: in_new_process(spend, 0.3, 300))
    assert answer == 300 << 20
    assert peak > 300
    assert spent.processor > 0.3
    assert in_new_process(spend, 0, 1)[1] < peak - 200


def test_a_figure_is_its_median_with_its_spread(tmp_path: Path) -> None:
    assert str(Figure((3.0, 1.0, 2.25), "ms")) == "2.25 ms (1 to 3, 3 rounds)"
    assert str(Figure((12345.6,), "")) == "12,346"
    report = Report(tmp_path)
    report.add("faces", 3)
    line = history.record("x", {"faces": (1, 2), "keep": None}, report.figures)
    assert line["options"] == {"faces": "1 2", "keep": "None"}
    assert line["figures"] == {"faces": {"unit": "", "median": 3.0, "lowest": 3.0, "highest": 3.0, "rounds": 1}}


def test_a_percentile_is_a_wait_that_somebody_had() -> None:
    waits = [float(number) for number in range(1, 21)]
    assert [percentile(waits, part) for part in (0.05, 0.5, 0.95, 0.99)] == [1, 10, 19, 20]
    assert percentile([3.0], 0.5) == 3


def test_processor_time_of_all_processes_has_that_of_those_for_which_nobody_waits() -> None:
    busy = "import time\nwhile time.process_time() < 1: pass"
    ignoring = "import signal, subprocess, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    ignoring += f"subprocess.Popen([sys.executable, '-c', {busy!r}]).wait()"
    with AllProcesses() as spent:
        before = spent()
        own = cost(lambda: subprocess.run([sys.executable, "-c", ignoring], check=True))[0]
        all_of_them = spent().processor - before.processor
    assert own.processor < 0.7  # what the system knows
    assert all_of_them > 0.7


def test_copies_of_photos_show_the_same_and_are_other_files(shared_data: Path, tmp_path: Path) -> None:
    photos = sorted((shared_data / "lfw-dev" / "images").rglob("*.jpg"))[:2]
    found = with_copies(photos, tmp_path, 3)
    assert found[:2] == photos
    assert len({path.read_bytes() for path in found}) == len(set(found)) == 6
    shown = [open_photo(str(path)).image().tobytes() for path in found]
    assert shown == shown[:2] * 3
