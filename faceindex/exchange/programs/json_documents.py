"""Reads the objects in files of JSON one after the other: one object, an array, lines, or several texts in a row.

APIs answer in pages, and users put the answers into one file, or each into its own. Whole pages are in memory, not
whole files.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from faceindex.exchange.programs.named_regions import Problems
from faceindex.files.reading import open_regular
from faceindex.files.unreadable import unreadable

LONGEST = 64 << 20
"""Limit for one object in characters."""

_CHUNK = 1 << 20
_BETWEEN = " \t\r\n,"


def json_objects(path: Path, problems: Problems) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects of a file, or of all files of JSON in a folder and the folders in it, by path, each with its file.

    Those of arrays come one by one. A text that is not JSON is noted, and ends its file. Raises: UsageError if a file
    cannot be read; MachineError.
    """
    for file in _files(path):
        try:
            with open_regular(file) as opened:
                reader = codecs.getreader("utf-8-sig")(opened, "surrogateescape")
                for found in _objects(reader.read, file, problems):
                    yield file, found
        except OSError as error:
            raise unreadable(file, error) from error


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = (file for file in path.rglob("*") if file.suffix.lower() in (".json", ".jsonl", ".ndjson"))
    yield from sorted(file for file in found if file.is_file())


def dicts(values: object) -> list[dict[str, Any]]:
    """The objects in what should be a list of them."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _objects(read: Callable[[int], str], path: Path, problems: Problems) -> Iterator[dict[str, Any]]:
    decode = json.JSONDecoder().raw_decode
    text, lists, number, ended = "", 0, 0, False
    while True:
        text = text.lstrip(_BETWEEN)
        while text.startswith(("[", "]")):
            lists += 1 if text[0] == "[" else -1
            text = text[1:].lstrip(_BETWEEN)
        end, found = 0, None
        with suppress(ValueError, RecursionError):
            found, end = decode(text)
        if end and (ended or end < len(text)):  # a number that ends with the text may go on
            number, text = number + 1, text[end:]
            if isinstance(found, dict):
                yield found
            else:
                problems.add(f"{path}, value {number}", "is not a JSON object")
        elif ended or len(text) > LONGEST:
            if text:
                problems.add(f"{path}, value {number + 1}", "is not valid JSON, or not complete")
            elif lists:
                problems.add(str(path), "ends in the middle of a list")
            return
        else:
            more = read(max(_CHUNK, len(text)))
            ended = not more
            text += more
