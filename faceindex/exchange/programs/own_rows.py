"""faceindex's own export of faces, and other tables with photo, box and person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.exchange.foreign_vectors.foreign import ForeignRow
from faceindex.exchange.programs.named_regions import ForeignPhoto, NamedRegion, Problems
from faceindex.exchange.rows.text_rows import SUFFIXES, text_rows


def own_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with names in JSON lines or CSV. Relative paths are in the file's folder. Raises: UsageError."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} is not an export of names, by its name; those end in {', '.join(SUFFIXES)}")
    for photo, own in groupby(_rows(path, problems), key=lambda row: row.photo):
        regions = tuple(_region(row) for row in own)
        yield ForeignPhoto(os.path.normpath(os.path.join(path.absolute().parent, photo or "")), regions)  # noqa: PTH118


def _rows(path: Path, problems: Problems) -> Iterator[ForeignRow]:
    for row in text_rows(path):
        if isinstance(row, tuple):
            problems.add(f"{path}, line {row[0]}", row[1])
        elif row.person is not None:
            yield row


def _region(row: ForeignRow) -> NamedRegion:
    box = None if row.box is None else (float(row.box.x), float(row.box.y), float(row.box.width), float(row.box.height))
    return NamedRegion(row.person or "", box, row.vector)
