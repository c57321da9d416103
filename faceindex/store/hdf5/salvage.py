"""What can still be read of a damaged segment: chunks with correct checksums, at the places where `write_segment` puts
them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceindex.faces.recipe import Recipe
from faceindex.files.reading import open_regular
from faceindex.files.writing import new_file
from faceindex.store.hdf5.segments import CHUNK, Block, Segment, open_segment
from faceindex.store.hdf5.vectors import Faces

if TYPE_CHECKING:
    import h5py

_TIME_LIMIT = 60.0  # seconds, and one more for each 10,000 rows

Rows = tuple[int, int]
"""From, to: to is not included."""


@contextmanager
def salvaged(vectors: Path, segment: Segment, recipe: Recipe) -> Iterator[tuple[Path, list[Rows]]]:
    """A file that can be read as the segment, and the rows of it that are as they were written: maybe none.

    HDF5 may crash on a damaged file, or read it for ever: it is looked at by a process of its own first.
    """
    path = vectors / segment.file
    padded = vectors / (segment.file + ".padded.tmp")
    try:
        if path.exists() and segment.size is not None and path.stat().st_size < segment.size:
            # HDF5 opens no file that is cut off; what is missing fails its checksums.
            with os.fdopen(new_file(padded), "wb") as file, open_regular(path) as source:
                shutil.copyfileobj(source, file, 1 << 20)
                file.truncate(segment.size)
            path = padded
        yield path, _good_rows(path, segment, recipe)
    finally:
        padded.unlink(missing_ok=True)


def good_blocks(path: Path, rows: list[Rows], faces: Faces, recipe: Recipe) -> Iterator[Block]:
    """Of `rows` those that are vectors of `faces`: ids int64 [m], vectors float32 [m, d]. Raises: LibraryDamaged."""
    with open_segment(path, recipe.fingerprint, recipe.dimension) as file:
        for start, end in rows:
            ids, vectors = file["face_id"][start:end], file["vector"][start:end]
            # HDF5's checksum of zeros is zero: a chunk that was never written looks undamaged.
            good = faces.places(ids)[1] & np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
            if good.any():
                yield ids[good], vectors[good]


def _good_rows(path: Path, segment: Segment, recipe: Recipe) -> list[Rows]:
    arguments = [str(path), recipe.fingerprint, str(recipe.dimension), str(segment.faces)]
    package = str(Path(__file__).parents[3])
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])))
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from faceindex.store.hdf5.salvage import main; main()", *arguments],
            env=environment,
            capture_output=True,
            timeout=_TIME_LIMIT + segment.faces / 10_000,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return []
    return [(start, end) for start, end in json.loads(done.stdout)]


def main() -> None:
    """Print the rows that can be read of the segment in the arguments: path, fingerprint, dimension, rows."""
    path, fingerprint, dimension, rows = sys.argv[1:]
    with open_segment(Path(path), fingerprint, int(dimension)) as file:
        print(json.dumps(list(_readable(file, int(dimension), int(rows)))))


def _readable(file: h5py.File, dimension: int, rows: int) -> Iterator[Rows]:
    chunk = min(CHUNK, rows)
    layouts = [
        _layout(file["face_id"], np.dtype("<i8"), (rows,), (chunk,)),
        _layout(file["vector"], np.dtype("<f4"), (rows, dimension), (chunk, dimension)),
    ]
    places = sorted(place for layout in layouts for place in layout or [])
    if None in layouts or any(start + size > after for (start, size), (after, _) in pairwise(places)):
        return  # with a wrong header the wrong rows may look good
    for start in range(0, rows, chunk):
        end = min(start + chunk, rows)
        try:
            file["face_id"][start:end], file["vector"][start:end]
        except OSError:
            continue
        yield start, end


def _layout(
    dataset: h5py.Dataset, kind: np.dtype[Any], shape: tuple[int, ...], chunk: tuple[int, ...]
) -> list[tuple[int, int]] | None:
    """Place and size in bytes of each chunk; None when that is not how `write_segment` lays them out."""
    if (dataset.dtype, dataset.shape, dataset.chunks, dataset.fletcher32) != (kind, shape, chunk, True):
        return None
    chunks = [dataset.id.get_chunk_info(number) for number in range(dataset.id.get_num_chunks())]
    size = kind.itemsize * int(np.prod(chunk)) + 4  # with its checksum
    starts = sorted(one.chunk_offset[0] for one in chunks)
    if starts != list(range(0, shape[0], chunk[0])) or any(one.filter_mask or one.size != size for one in chunks):
        return None
    return [(one.byte_offset, one.size) for one in chunks]
