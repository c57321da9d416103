"""Reads JSON lines and CSV that say whose face is where: our own exports, and similar files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.errors import UsageError
from faceindex.exchange.foreign_vectors.foreign import ForeignRow, about, box_of, name_of, path_of, text
from faceindex.files.csv_rows import as_written
from faceindex.files.reading import open_regular
from faceindex.files.unreadable import unreadable
from faceindex.types import Box, Vectors

SUFFIXES = (".jsonl", ".ndjson", ".csv")

LONGEST_LINE = 16 << 20
"""Limit for a line of JSON in characters, and for a CSV cell in bytes."""

_CORNERS = (("x", "y", "width", "height"), ("left", "top", "right", "bottom"), ("x1", "y1", "x2", "y2"))
_ESCAPED = re.compile(r"\\udc([89a-f][0-9a-f])")

TextRow = ForeignRow | tuple[int, str]


def text_rows(path: Path) -> Iterator[TextRow]:
    """The rows of a file, each with its line number from 1; for a bad row the line number and the reason.

    Raises: UsageError if the file cannot be read, or is CSV without a photo column; MachineError.
    """
    try:
        with open_regular(path) as file:
            lines = (line.decode(errors="surrogateescape").removeprefix("\ufeff") for line in _limited(file))
            yield from (_csv(lines, path) if path.suffix.lower() == ".csv" else _json(lines))
    except (OSError, csv.Error) as error:
        raise unreadable(path, error) from error


def _limited(file: Any) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE):
        yield line


def _json(lines: Iterator[str]) -> Iterator[TextRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "is not valid JSON"
            continue
        yield _row(number, said) if isinstance(said, dict) else (number, "is not a JSON object")


def _csv(lines: Iterator[str], path: Path) -> Iterator[TextRow]:
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.DictReader(lines, strict=True)
    if not any(about(name) == "photo" for name in rows.fieldnames or ()):
        raise UsageError(f"{path} has no column called photo; its first line must name the columns")
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num, f"is not valid CSV: {error}"
            continue
        if row.get(None) or None in row.values():
            yield rows.line_num, "does not have as many cells as the first line"
            continue
        said = {key: _ESCAPED.sub(_byte, as_written(cell)) for key, cell in row.items() if cell}
        for key in [key for key in said if about(key) in ("box", "vector")]:
            said[key] = said[key].replace(",", " ").strip("[]() ").split()  # type: ignore[assignment]
        yield _row(rows.line_num, said)


def _byte(escape: re.Match[str]) -> str:
    return chr(0xDC00 + int(escape[1], 16))


def _row(number: int, said: dict[str, Any]) -> TextRow:
    kinds: dict[str, tuple[str, Any]] = {}
    for key, value in said.items():
        kind = about(key)
        if kind and value is not None:
            kinds.setdefault(kind, (key, value))
    _, photo = kinds.get("photo", ("", None))
    if not isinstance(photo, str) or not photo:
        return number, "names no photo"
    try:
        photo = path_of(photo)
        _, person = kinds.get("person", ("", None))
        name = name_of(person) if isinstance(person, str | None) else None
        return ForeignRow(number, _vector(*kinds.get("vector", ("", None))), name, photo, _box(said, kinds))
    except ValueError as error:
        return number, str(error)


def _box(said: dict[str, Any], kinds: dict[str, tuple[str, Any]]) -> Box | None:
    if "box" in kinds:
        key, value = kinds["box"]
        box = box_of(key, value)
        if box is None and value != [-1, -1, 0, 0]:
            raise ValueError("its box is not four numbers with a size")
        return box
    for names in _CORNERS:
        if all(name in said for name in names):
            numbers = [said[name] for name in names]
            return box_of("box" if names[2] == "width" else "bbox", numbers)
    return None


def _vector(key: str, values: Any) -> Vectors | None:
    if values is None:
        return None
    try:
        vector: Vectors = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"its {text(key)} is not numeric") from None
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        raise ValueError(f"its {text(key)} is not numeric")
    return vector
