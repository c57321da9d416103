"""Reads tables from SQL dumps (mysqldump, pg_dump, SQLite's .dump) and CSV into a temporary database."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from faceindex.errors import UsageError

LONGEST_LINE = 64 << 20
"""Limit for a line in characters: mysqldump puts many rows into one."""

Values = list[str | None]
Put = Callable[[str, Sequence[str], Values], None]
"""Takes a row: table, columns, values."""

_NAME = r"""[`"\[]?([\w$]+)[`"\]]?"""
_CREATE = re.compile(rf"CREATE (?:TEMPORARY )?TABLE (?:IF NOT EXISTS )?(?:{_NAME}\.)?{_NAME}\s*\((.*)", re.I | re.S)
_INSERT = re.compile(rf"INSERT (?:IGNORE )?INTO (?:{_NAME}\.)?{_NAME}\s*(?:\(([^)]*)\))?\s*VALUES\s*", re.I)
_COPY = re.compile(rf"COPY (?:{_NAME}\.)?{_NAME}\s*\(([^)]*)\) FROM stdin", re.I)
_COLUMN = re.compile(r"""^\s*(?:`([^`]+)`|"([^"]+)"|\[([^\]]+)\]|(\w+))\s+\w""")
_NO_COLUMNS = frozenset(("primary", "key", "unique", "constraint", "index", "fulltext", "foreign", "check"))
_VALUE = re.compile(r"""\s*(?:N?'((?:[^'\\]|\\.|'')*)'|E'((?:[^'\\]|\\.|'')*)'|([^,()'\s][^,()']*))\s*""", re.S)
_BETWEEN = " ,\r\n\t"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}
_ESCAPE = re.compile(r"\\(.)|''", re.S)


def load_dump(file: TextIO, path: Path, wanted: Collection[str], put: Put) -> None:
    """Give the rows of the tables whose names end in one of `wanted` to `put`. Raises: UsageError."""
    columns: dict[str, list[str]] = {}
    lines = _lines(file, path)
    for line in lines:
        if (found := _CREATE.match(line)) is not None:
            table = _wanted(found[2], wanted)
            said = _definitions(found[3], lines)
            if table is not None:
                columns[table] = said
        elif (found := _INSERT.match(line)) is not None:
            table = _wanted(found[2], wanted)
            if table is None:
                continue
            names = _names(found[3]) if found[3] else columns.get(table)
            if names is None:
                raise UsageError(f"{path} does not say which columns {found[2]} has; dump it with its CREATE TABLE")
            for values in _rows(line[found.end() :], lines, path):
                put(table, names, values)
        elif (found := _COPY.match(line)) is not None:
            table, names = _wanted(found[2], wanted), _names(found[3])
            for values in _copied(lines):
                if table is not None:
                    put(table, names, values)


def load_csv(file: TextIO, path: Path, table: str, put: Put) -> None:
    """Give the rows of CSV with a line of column names to `put`. Raises: UsageError."""
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(file, strict=True)
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        for values in rows:
            if len(values) == len(names):
                put(table, names, [None if value in ("", "NULL", "\\N") else value for value in values])
            elif values:
                raise UsageError(f"{path}, line {rows.line_num}, does not have as many cells as the first line")
    except csv.Error as error:
        raise UsageError(f"{path}, line {rows.line_num}, is not valid CSV: {error}") from error


class Loaded:
    """A temporary database with the tables that are `put`. columns: by table, those that are kept."""

    def __init__(self, connection: sqlite3.Connection, columns: dict[str, tuple[str, ...]]) -> None:
        self._connection = connection
        self._columns = columns
        self.found: dict[str, set[str]] = {}
        for table, names in columns.items():
            listed = ", ".join(f'"{name}"' for name in names)
            connection.execute(f'CREATE TABLE "{table}" ({listed})')

    def put(self, table: str, names: Sequence[str], values: Values) -> None:
        """Add a row."""
        row = dict(zip(names, values, strict=False))
        kept = self._columns[table]
        self.found.setdefault(table, set()).update(name for name in kept if name in row)
        marks = ", ".join("?" * len(kept))
        self._connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', [row.get(name) for name in kept])


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise UsageError(f"{path} has a line of more than 64 million characters; dump only the tables of faces")
        yield line


def _wanted(table: str, wanted: Collection[str]) -> str | None:
    """The table's name without a prefix such as oc_, if it is wanted."""
    name = table.lower()
    return next((one for one in wanted if name == one or name.endswith(f"_{one}")), None)


def _definitions(rest: str, lines: Iterator[str]) -> list[str]:
    text = rest
    while not re.search(r"\)[^)']*;\s*$", text):
        more = next(lines, "")
        if not more:
            break
        text += more
    found = []
    for part in re.split(r",\s*(?![^()]*\))", text):
        column = _COLUMN.match(part)
        name = next((one for one in column.groups() if one), "").lower() if column else ""
        if name and name not in _NO_COLUMNS:
            found.append(name)
    return found


def _names(listed: str) -> list[str]:
    return [name.strip(' `"[]\t\n').lower() for name in listed.split(",")]


def _rows(text: str, lines: Iterator[str], path: Path) -> Iterator[Values]:
    """The rows after VALUES, which may go on in the next lines."""
    place = 0
    while True:
        while place < len(text) and text[place] in _BETWEEN:
            place += 1
        if place == len(text):
            text, place = next(lines, ";"), 0
            continue
        if text[place] != "(":
            return
        while (found := _row(text, place)) is None:
            more = next(lines, "")
            if not more or len(text) - place > LONGEST_LINE:
                raise UsageError(f"{path} ends in the middle of a row, or is not an SQL dump")
            text, place = text[place:] + more, 0
        values, place = found
        yield values


def _row(text: str, place: int) -> tuple[Values, int] | None:
    """The values of the row that begins at `place`, and where it ends; None if it goes on after the text."""
    values: Values = []
    while True:
        found = _VALUE.match(text, place + 1)
        if found is None or found.end() >= len(text) or text[found.end()] not in ",)":
            return None
        values.append(_plain(found))
        place = found.end()
        if text[place] == ")":
            return values, place + 1


def _plain(found: re.Match[str]) -> str | None:
    quoted = found[1] if found[1] is not None else found[2]
    if quoted is not None:
        return _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]) if escape[1] else "'", quoted)
    word = found[3].strip()
    return None if word.upper() == "NULL" else word


def _copied(lines: Iterator[str]) -> Iterator[Values]:
    """The rows of PostgreSQL's COPY, up to the line with the two characters that end it."""
    for line in lines:
        text = line.rstrip("\r\n")
        if text == "\\.":
            return
        yield [None if cell == "\\N" else _ESCAPE.sub(_unescaped, cell) for cell in text.split("\t")]


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPES.get(escape[1], escape[1]) if escape[1] else escape[0]
