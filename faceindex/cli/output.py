"""Answers go to stdout, as JSON or as a table; everything else goes to stderr."""

from __future__ import annotations

import json
import logging
import math
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from faceindex.errors import UsageError
from faceindex.files.csv_rows import csv_row
from faceindex.photos.finding.addresses import absolute
from faceindex.plurals import plural

if TYPE_CHECKING:
    from faceindex.types import Company, Erased, FaceRecord, FailedPhoto, LostFace, Match

_LOGGER = logging.getLogger("faceindex")
_LOGGER.addHandler(logging.NullHandler())

_INVISIBLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
"""Unicode categories that control a terminal or break a line; file names may contain them."""


def visible(text: str) -> str:
    """`text` on one line; characters that a terminal would obey are written as Python escapes: \\n, \\x1b, \\udcff."""
    return "".join(repr(sign)[1:-1] if unicodedata.category(sign) in _INVISIBLE else sign for sign in text)


class _Errors(Console):
    """Prints messages beside the answer, and logs them."""

    def print(self, *said: Any, **options: Any) -> None:
        lines = [visible(part) if isinstance(part, str) else part for part in said]
        super().print(*lines, **options)
        for line in lines:
            if isinstance(line, str):
                _LOGGER.warning("%s", line, extra={"was_said": True})

    def say(self, line: str) -> None:
        """Print a line that is logged already."""
        super().print(line, markup=False)


errors = _Errors(stderr=True, soft_wrap=True, highlight=False)
# Only a terminal has a width; a table in a pipe or a file has each row on one line.
_out = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)


def one_form(*, as_json: bool, as_csv: bool) -> None:
    """Raises: UsageError when both forms of the answer are chosen."""
    if as_json and as_csv:
        raise UsageError("--json or --csv, not both")


def print_json(value: object) -> None:
    """Print one JSON value."""
    typer.echo(json.dumps(value, indent=2))


def print_csv(columns: Sequence[str], objects: Iterable[Mapping[str, object]]) -> None:
    """Print the names of the columns, and one CSV row for each object."""
    typer.echo(csv_row(columns))
    for values in objects:
        typer.echo(csv_row(values[name] for name in columns))


def finite(number: float) -> float | None:
    """`number`, or None for infinity and NaN, which JSON does not have."""
    return number if math.isfinite(number) else None


def percent(share: float) -> str:
    """A share (0 to 1) in percent; empty when it is unknown."""
    return f"{share:.1%}" if math.isfinite(share) else ""


def match_object(match: Match) -> dict[str, object]:
    """A match as JSON; every command prints it like this."""
    return {
        "face": match.face,
        "photo": match.photo,
        "box": match.box.as_list(),
        "distance": match.distance,
        "confidence": finite(match.confidence),
        "person": match.person,
    }


def company_object(company: Company) -> dict[str, object] | None:
    """The company of a face as JSON; None where the library does not tell."""
    return asdict(company) if company.people else None


def company_line(company: Company) -> str:
    """Why a threshold is another one for this face, in a sentence."""
    if not company.people:
        return "the threshold is the usual one: the library has too few other people to tell how near they come"
    place = f"the {company.people}th nearest other person is at {company.distance:.4f}, usually at {company.usual:.4f}"
    if company.factor == 1:
        return f"the threshold is the usual one: {place}"
    why = "other people are nearer to this face than usual" if company.factor < 1 else "few people resemble this face"
    return f"the threshold is {company.factor:.2f} times the usual one, as {why}: {place}"


def face_object(face: FaceRecord) -> dict[str, object]:
    """A face of the library as JSON, in answers about a photo."""
    return {
        "face": face.face,
        "box": face.box.as_list(),
        "score": face.score,
        "quality": face.quality,
        "album": face.album,
        "person": face.person,
        "confirmed": face.confirmed,
    } | ({} if face.origin is None else {"origin": face.origin})


def say_page(sheet: Path | None) -> None:
    """Say where the HTML page is, if one was written."""
    if sheet:
        errors.print(f"page: {absolute(sheet)}", markup=False)


def print_line(text: str) -> None:
    """Print one line."""
    _out.print(visible(text), markup=False, soft_wrap=True)


def erased_in_words(receipt: Erased) -> list[str]:
    """What is erased, or would be, and which photos stay, in lines."""
    photos = plural(receipt.photos, "photo")
    none_left = "has no other face" if receipt.photos == 1 else "have no other face"
    lines = [
        f"{plural(receipt.faces, 'face with its vector', 'faces with their vectors')}, "
        f"{plural(receipt.decisions, 'decision')} about them, and {photos} that {none_left} "
        f"({plural(receipt.paths, 'path')})"
    ]
    if receipt.kept_photos:
        one = "photo stays in the library, because it also shows other faces"
        more = "photos stay in the library, because they also show other faces"
        lines.append(plural(receipt.kept_photos, one, more))
    return [*lines, "your photo files are not changed"]


def print_receipt(receipt: Erased, *, as_json: bool) -> None:
    """Print what was erased from the disk."""
    if as_json:
        print_json(asdict(receipt))
        return
    done = "would be erased" if receipt.dry_run else "erased from the disk"
    first, *others = erased_in_words(receipt)
    for line in (f"{done}: {first}", *others):
        print_line(line)
    if receipt.tombstones and not receipt.dry_run:
        print_line(
            f"{plural(receipt.tombstones, 'tombstone')} now stop them from coming back; "
            "`faceindex people forget --lift PHOTO` removes the tombstones"
        )
    for note in receipt.notes:
        print_line(f"note: {note}")


def print_failures(failures: Sequence[FailedPhoto], *, blank: bool = False) -> None:
    """Print what could not be read, then what could not be reached. blank: print an empty line before a table."""
    for title, kind in (("could not be read", False), ("could not be reached", True)):
        rows = [(failure.path, failure.error) for failure in failures if failure.out_of_reach == kind]
        if rows:
            if blank:
                print_line("")
            print_table((title, "why"), rows)
            blank = True


def print_lost(faces: Sequence[LostFace], *, blank: bool = False) -> None:
    """Print names whose faces are lost, and the face that each may be. blank: print an empty line before the table."""
    if blank and faces:
        print_line("")
    if faces:
        rows = [
            (face.person, face.photo, "" if face.candidate is None else f"face {face.candidate}?") for face in faces
        ]
        print_table(("a face of", "is no longer found in", "may be"), rows)
    if any(face.candidate is not None for face in faces):
        print_line("`faceindex people review` asks which of them are still there")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on stdout. Columns whose name ends in # are numbers, aligned right."""
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", header_style="bold")
    for name in columns:
        table.add_column(name.rstrip("#"), justify="right" if name.endswith("#") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else _plain(value)) for value in row))
    _out.print(table)


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else visible(str(value))
