"""The faces of a library, written for other programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from faceindex.errors import UsageError
from faceindex.exchange.array_file import write_arrays
from faceindex.exchange.index_file import write_index
from faceindex.exchange.library_file import write_library
from faceindex.exchange.outputs import text_output
from faceindex.exchange.rows.faces import FORMATS as TEXTS
from faceindex.exchange.rows.faces import FaceAndVector, face_lines
from faceindex.library.opened import Opened, StrPath
from faceindex.running.meter import Meter
from faceindex.store.postgres.copying import copy_library
from faceindex.types import DatabaseReport

HDF5, NPZ, FAISS = "hdf5", "npz", "faiss"
FORMATS = (*TEXTS, HDF5, NPZ, FAISS)


def check_export(out: StrPath, form: str, kind: str | None) -> None:
    """Raises: UsageError when these do not go together."""
    if form not in FORMATS:
        raise UsageError(f"no export format is called {form}; there are {', '.join(FORMATS)}")
    if kind is not None and form != FAISS:
        raise UsageError("--kind is of an index: --format faiss")
    if form not in TEXTS and str(out) == "-":
        raise UsageError(f"{form} goes to a file, not to stdout")


def export_faces(opened: Opened, path: Path, *, form: str, vectors: bool, kind: str | None, meter: Meter) -> int:
    """What `Library.export` does."""
    if form in TEXTS:
        return _export_text(opened, path, form, meter, vectors=vectors)
    if form == HDF5:
        return write_library(opened.folder, path, meter)
    if form == NPZ:
        return write_arrays(opened.folder, path, meter)
    return write_index(opened.folder, path, kind, meter)


def _export_text(opened: Opened, out: Path, form: str, meter: Meter, *, vectors: bool) -> int:
    faces: Iterable[FaceAndVector] = (
        opened.folder.faces_with_vectors() if vectors else ((face, None) for face in opened.catalog.faces())
    )
    named: AbstractContextManager[TextIO] = text_output(out, errors="backslashreplace")
    written = -(form == "csv")
    meter.stage("writing", opened.catalog.counts()["faces"])
    with nullcontext(sys.stdout) if str(out) == "-" else named as file:
        for line in face_lines(meter.each(faces), form=form):
            file.write(line + "\n")
            written += 1
    return written


def export_to_database(opened: Opened, address: str, *, schema: str, meter: Meter) -> DatabaseReport:
    """What `Library.export_to` does."""
    began = time.monotonic()
    changes = copy_library(opened.folder, address, schema, meter)
    total = opened.catalog.counts()["faces"]
    return DatabaseReport(schema, **changes, total_faces=total, seconds=time.monotonic() - began)
