"""What every command takes, before and after its name; what the bare program says; what a shell completes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import faceindex
from faceindex.cli.output import errors
from faceindex.cli.progress import progress_bar
from faceindex.types import Progress

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("group", [[], ["people"], ["models"]])
def test_a_group_alone_prints_its_help_in_lines(command: Command, group: list[str]) -> None:
    done = command(*group)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(["Usage: faceindex", *group, "[OPTIONS]"]))
    assert done.stdout == command(*group, "--help").stdout
    assert len(done.stdout.splitlines()) > 10


def test_a_wrong_use_names_the_help_of_its_command(command: Command) -> None:
    assert "`faceindex people merge --help`" in command("people", "merge", "--nothing").stderr
    assert "`faceindex --help`" in command("--nothing").stderr


def test_the_library_may_be_named_before_the_command(
    command: Command, small_library: faceindex.Library, tmp_path: Path
) -> None:
    after = command("status", "-L", small_library.path).stdout
    assert str(small_library.path) in after
    where = ("-L", small_library.path)
    assert command(*where, "status").stdout == after
    assert command("--library", small_library.path, "status").stdout == after
    albums = command("albums", "list", *where).stdout
    assert command(*where, "albums", "list").stdout == albums
    assert command("albums", *where, "list").stdout == albums
    nearer = command("-L", tmp_path / "none", "albums", "-L", tmp_path / "no", "list", *where)
    assert nearer.stdout == albums  # what stands nearest to the command holds


def test_quiet_leaves_the_answer_and_errors(command: Command, small_library: faceindex.Library, tmp_path: Path) -> None:
    where = ("-L", small_library.path)
    assert "nobody has a name yet" in command("people", "list", *where).stderr
    for quiet in (["-q", "people", "list"], ["people", "--quiet", "list"], ["people", "list", "-q"]):
        done = command(*quiet, *where)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("person")
    assert "no library at" in command("-q", "people", "list", "-L", tmp_path / "none").stderr


def test_verbose_and_log_say_what_is_done(command: Command, many_photos: Path, tmp_path: Path) -> None:
    log, library = tmp_path / "night.log", tmp_path / "x.faces"
    photos = (many_photos / "00.jpg", many_photos / "cut-off.jpg")
    done = command("ingest", *photos, "-j", 1, "-v", "--log", log, "-L", library)
    assert done.returncode == 0
    assert f"{photos[0]}: faces found: 1\n" in done.stderr
    assert f"{photos[1]} failed: image file is truncated" in done.stderr
    command("--log", log, "albums", "show", 9, "-L", library)
    first, *lines = log.read_text().splitlines()
    assert f"INFO faceindex {faceindex.__version__}: ingest {photos[0]}" in first
    assert all(line[:4].isdigit() for line in lines)
    assert sum("faces found: 1" in line for line in lines) == 1
    assert any("WARNING faceindex: no album 9" in line for line in lines)
    assert [line.split("exit code ")[1][0] for line in lines if "exit code" in line] == ["0", "2"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_an_error_at_once(
    command: Command, small_library: faceindex.Library, tmp_path: Path
) -> None:
    before = sorted(small_library.path.rglob("*"))
    own = small_library.path
    for wrong in (tmp_path, tmp_path / "none" / "a.log", own / "a.log", own / "index" / "a"):
        done = command("status", "--log", wrong, "-L", small_library.path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert str(wrong) in done.stderr
    assert sorted(small_library.path.rglob("*")) == before


def test_progress_off_a_terminal_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1000.0]
    said: list[str] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(errors, "print", lambda line, **_: said.append(line))
    with progress_bar([]) as show:
        assert show is not None
        for second in range(0, 100, 5):
            now[0] = 1000.0 + second
            show(Progress(2 * second, second, 1))
    assert said == [
        "60 photos, 30 faces, 1 failed, 2.0 photos/s",
        "120 photos, 60 faces, 1 failed, 2.0 photos/s",
        "180 photos, 90 faces, 1 failed, 2.0 photos/s",
    ]
    monkeypatch.setattr(errors, "quiet", True)
    with progress_bar([]) as show:
        assert show is None


def test_a_shell_completes_commands_and_options(command: Command) -> None:
    def completed(words: str) -> list[str]:
        asked = {"_FACEINDEX_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return command(env=os.environ | asked).stdout.split()

    assert completed("faceindex peo") == ["people"]
    assert completed("faceindex people m") == ["merge", "move"]
    assert completed("faceindex verify --b") == ["--box", "--best"]
    script = command("completion", "bash").stdout
    assert "_FACEINDEX_COMPLETE=complete_bash" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert "compdef" in command("completion", "zsh").stdout
    wrong = command("completion", "tcsh")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_a_program_that_runs_commands_one_after_the_other(small_library: faceindex.Library, tmp_path: Path) -> None:
    """What an option of one says does not hold for the next."""
    program = f"""
import sys
from faceindex.cli import main
for line in (["-q", "-L", {str(small_library.path)!r}, "people", "list", "--log", {str(tmp_path / "log")!r}],
             ["people", "list", "-L", {str(small_library.path)!r}], ["status"]):
    sys.argv = ["faceindex", *line]
    try:
        main()
    except SystemExit as ended:
        print(ended.code)
"""
    elsewhere = os.environ | {"FACEINDEX_LIBRARY": str(tmp_path / "none")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=elsewhere, check=True)
    assert [line for line in done.stdout.splitlines() if line.isdigit()] == ["0", "0", "2"]
    assert done.stderr.count("nobody has a name yet") == 1
    assert f"no library at {tmp_path / 'none'}" in done.stderr
    assert (tmp_path / "log").read_text().count("nobody has a name yet") == 1
