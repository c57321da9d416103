"""Many segments are merged into few. First the new file is written, then one transaction is committed, then the old
files are removed."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import count

import numpy as np

from faceindex.errors import JobCancelled
from faceindex.running.stop import Stop
from faceindex.store.hdf5.compaction import run_to_merge
from faceindex.store.hdf5.segments import Block, Segment, segment_ids
from faceindex.store.hdf5.vectors import Faces, live_blocks
from faceindex.store.photos import writing
from faceindex.store.writer import Writer

SPARE_ROOM = 2
"""A merge that nobody asked for needs this many times the bytes of its segments free on the disk."""


def compact(writer: Writer, stop: Stop | None = None) -> int:
    """Merge segments until there are few enough, see `run_to_merge`. Returns the number of merges. stop: checked
    between blocks.

    Nothing is merged when the disk is nearly full.
    """
    for merges in count():
        segments = writer.catalog.segments()
        run = run_to_merge([segment.faces for segment in segments])
        if run is None:
            return merges
        chosen = [segments[place] for place in run]
        if shutil.disk_usage(writer.vectors).free < SPARE_ROOM * sum(segment.size or 0 for segment in chosen):
            return merges
        try:
            merge(writer, chosen, stop)
        except JobCancelled:
            return merges
    raise AssertionError("count() has no end")


def merge(writer: Writer, segments: Sequence[Segment], stop: Stop | None = None) -> None:
    """Replace neighbouring segments by one of their living vectors. Raises: JobCancelled; LibraryDamaged; OSError."""
    merged = write_merged(writer, segments, stop=stop)
    with writer.catalog.transaction() as transaction:
        writing.swap_segments(transaction, segments, merged)
    unlink(writer, segments)


def compact_all(writer: Writer, stop: Stop | None = None) -> bool:
    """Merge all segments into one, without the vectors of removed faces. False when there was nothing to do, or on
    `stop`."""
    segments = writer.catalog.segments()
    if not segments or (len(segments) == 1 and not has_dead_rows(writer, segments[0])):
        return False
    try:
        merge(writer, segments, stop)
    except JobCancelled:
        return False
    return True


def has_dead_rows(writer: Writer, segment: Segment, without: Collection[int] = ()) -> bool:
    """Whether the segment holds vectors of removed faces, of earlier states of edited photos, or of `without`."""
    ids = _ids(writer, segment)
    return _living(writer, segment, ids, without) < len(ids)


def write_merged(
    writer: Writer,
    segments: Sequence[Segment],
    *,
    without: Collection[int] = (),
    number: int | None = None,
    stop: Stop | None = None,
) -> Segment | None:
    """A segment file, with no row yet, of the living faces of neighbouring `segments`; None when none live.

    without: faces to be left out. number: the new segment's, default the next. Raises: as `merge`.
    """
    parts = [(segment, _ids(writer, segment)) for segment in segments]
    faces = sum(_living(writer, segment, ids, without) for segment, ids in parts)
    if not faces:
        return None

    def blocks() -> Iterator[Block]:
        for segment, ids in parts:
            known = _known(writer, ids, without)
            recipe = writer.recipe
            for block in live_blocks(writer.vectors, segment, known, recipe.fingerprint, recipe.dimension):
                if stop is not None:
                    stop.check()
                yield block

    return writer.write_segment(blocks(), faces, (segments[0].first, segments[-1].last), number)


def unlink(writer: Writer, segments: Sequence[Segment]) -> None:
    """Remove the files of segments without a row; a file that cannot be removed now is removed by the next writer."""
    for segment in segments:
        with suppress(OSError):
            (writer.vectors / segment.file).unlink()


def _ids(writer: Writer, segment: Segment) -> np.ndarray:
    return segment_ids(writer.vectors / segment.file, writer.recipe.fingerprint, writer.recipe.dimension)


def _known(writer: Writer, ids: np.ndarray, without: Collection[int]) -> Faces:
    """The library's faces between the lowest and the highest of `ids`."""
    if not len(ids):
        return Faces.none()
    known = writer.catalog.faces_between(int(ids.min()), int(ids.max()))
    return known.without(without) if without else known


def _living(writer: Writer, segment: Segment, ids: np.ndarray, without: Collection[int]) -> int:
    return int(np.sum(_known(writer, ids, without).in_segment(segment).places(ids)[1]))
