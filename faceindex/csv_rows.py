"""Rows of CSV, as every command writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def csv_row(values: Iterable[object]) -> str:
    """One row without its line end. None is nothing, yes and no are true and false; what holds a comma, a quote or a
    line end is quoted (RFC 4180)."""
    buffer = io.StringIO()
    row = (str(value).lower() if isinstance(value, bool) else value for value in values)
    csv.writer(buffer, lineterminator="\r\n").writerow(row)  # it quotes what is part of the line end
    return buffer.getvalue().removesuffix("\r\n")
