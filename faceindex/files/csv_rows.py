"""CSV rows, as every command writes them and `import` reads them; and CSV files that users write."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.files.reading import open_regular
from faceindex.files.unreadable import unreadable

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""Text that a spreadsheet takes for a formula, perhaps after cutting something off (OWASP, CSV injection), and text
that looks as if `csv_row` had marked it already."""
_HARMLESS = re.compile(r"'+[=+\-@\t\r]")


def csv_row(values: Iterable[object]) -> str:
    """One row without its line end. None becomes empty, booleans become true and false, a tuple becomes its values with
    spaces between them. A value with a comma, a quote or a line end is quoted (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe before it; `as_written` removes it again.
    """
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(map(_cell, values))  # it quotes the characters of the line end
    return buffer.getvalue().removesuffix("\r\n")


def as_written(cell: str) -> str:
    """The text from which `csv_row` made this cell."""
    return cell[1:] if _HARMLESS.match(cell) else cell


def read_csv(file: Path, columns: tuple[str, str]) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """The rows of a user's file whose first line names its columns: where each is, for messages, and its cells by name.

    columns: those that it must have. Raises: UsageError; MachineError.
    """
    try:
        with io.TextIOWrapper(
            open_regular(file, or_descriptor=True), "utf-8-sig", errors="surrogateescape", newline=""
        ) as opened:
            rows = csv.DictReader(opened)
            if not set(columns) <= set(rows.fieldnames or ()):
                raise UsageError(f"{file} has no columns {columns[0]} and {columns[1]}; its first line must name them")
            for row in rows:
                yield f"{file}, line {rows.line_num}", row
    except (OSError, csv.Error) as error:
        raise unreadable(file, error, "cannot read {path}: {reason}") from error


def _cell(value: object) -> object:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return " ".join(map(str, value))
        case str() if _FORMULA.match(value):
            return "'" + value
        case _:
            return value
