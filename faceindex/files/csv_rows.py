"""Rows of CSV, as every command writes them and `import` reads them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What spreadsheets take for a formula, or cut off until it is one (OWASP, CSV injection); and what looks as if it had
been made harmless already."""
_HARMLESS = re.compile(r"'+[=+\-@\t\r]")


def csv_row(values: Iterable[object]) -> str:
    """One row without its line end. None is nothing, yes and no are true and false, a tuple is its values with spaces
    between them; what holds a comma, a quote or a line end is quoted (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe before it; `as_written` takes it away again.
    """
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(map(_cell, values))  # it quotes what is part of the line end
    return buffer.getvalue().removesuffix("\r\n")


def as_written(cell: str) -> str:
    """The text that `csv_row` made this cell of."""
    return cell[1:] if _HARMLESS.match(cell) else cell


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
