"""What file names do to tables and lines: nothing."""

from __future__ import annotations

import pytest

from faceindex.cli.output import errors, print_line, print_table

ODD = "/a\nb\rc\td\x1b[31me\udcff\x9b\u2028[red]f\\[g].jpg"
SHOWN = r"/a\nb\rc\td\x1b[31me\udcff\x9b\u2028[red]f\[g].jpg"


def test_a_name_of_any_bytes_is_one_row_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("photo", "faces#"), [(ODD, 1), ("日本 é 👩‍👧.jpg", 2), (None, 3)])
    _, odd, usual, nothing = capsys.readouterr().out.splitlines()
    assert odd.split("  ")[0] == SHOWN
    assert usual.startswith("日本 é 👩‍👧.jpg")
    assert nothing.split() == ["3"]


def test_lines_and_errors_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(f"page: {ODD}")
    errors.print(f"faceindex: cannot read {ODD}", markup=False)
    said = capsys.readouterr()
    assert said.out == f"page: {SHOWN}\n"
    assert said.err == f"faceindex: cannot read {SHOWN}\n"
