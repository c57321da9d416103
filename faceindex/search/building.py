"""Builds the index of a library from its segments and saves it, with never all vectors in memory."""

from __future__ import annotations

import time
from dataclasses import asdict
from itertools import count

import numpy as np

from faceindex.errors import LibraryLocked, LibraryUnwritable
from faceindex.running.meter import Meter
from faceindex.running.stop import Stop
from faceindex.search.coverage import INDEXED, Coverage, index_config
from faceindex.search.files import FAISS_FILE, Stamp, intact, publish, written
from faceindex.search.kinds import FLAT, IVF, BuildReport, IndexConfig, kind_for
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import SegmentMissing
from faceindex.store.reading import READING_ATTEMPTS
from faceindex.store.settings import save_settings
from faceindex.vectors import faiss_file
from faceindex.vectors.building import READS, Blocks, learned, watched
from faceindex.vectors.ivf import Probing
from faceindex.vectors.nearest import FaceIndex
from faceindex.vectors.tuning import Tuned, milliseconds

_TIMED = 60  # searches, of which the median time is reported
_FORMER_SETTING = "slope_of_tenth"  # of a search that read lists in two steps

Saved = tuple[FaceIndex, Stamp | None]
"""An index, and its stamp when it is in the library's folder."""


def build(
    folder: LibraryFolder, *, config: IndexConfig | None = None, threads: int = 1, meter: Meter | None = None
) -> tuple[FaceIndex, Coverage, Stamp | None]:
    """An index of the kind `config`, default as chosen for the library; its coverage; and its stamp when it was saved.

    When it cannot be written, because the library is read-only or the disk is full, it is exact and in memory.
    meter: hears of the progress. Raises: LibraryDamaged; JobCancelled.
    """
    meter = meter or Meter()
    for attempt in count(1):
        with folder.catalog.snapshot():
            coverage, stored = Coverage.in_snapshot(folder), folder.stored_vectors(folder.catalog)
        config, blocks = config or index_config(folder), Blocks(len(stored.faces.ids), stored.dimension, stored.blocks)
        meter.stage("indexing", blocks.faces * (READS + 1 if kind_for(config, blocks.faces) == IVF else 1))
        try:
            main, stamp = save(folder, watched(blocks, meter), coverage, config, threads=threads, stop=meter.stop)
        except (OSError, LibraryUnwritable, LibraryLocked):
            break
        except SegmentMissing:
            if attempt == READING_ATTEMPTS or folder.catalog.segments() == stored.segments:
                raise
        else:
            return main, coverage, stamp
    with folder.vectors_of_one_state() as (ids, vectors):
        return FaceIndex(ids, vectors), Coverage.in_snapshot(folder), None


def save(
    folder: LibraryFolder,
    blocks: Blocks,
    coverage: Coverage,
    config: IndexConfig,
    *,
    threads: int = 1,
    stop: Stop | None = None,
) -> Saved:
    """Build an index of `blocks` in a file, and put it in place unless the faces have changed since `coverage`.

    So nothing returns that was forgotten meanwhile. The catalog remembers for which of its states there is an index.
    Otherwise an index of another library, or of this one's future before it was restored from a backup, would pass for
    an older index of this one. stop: looked at before the file is put in place.
    Raises: OSError; LibraryUnwritable; LibraryLocked; JobCancelled; what reading the blocks raises.
    """
    began = time.monotonic()
    ivf = kind_for(config, blocks.faces) == IVF
    approximate = learned(blocks, config.recall, threads=threads) if ivf else None
    found = approximate[1] if approximate else None
    with written(folder.index, lambda file: faiss_file.write(file, blocks, approximate)) as (path, stamp):
        approximate = None  # it is read again, as it was written
        probing = found.probing if found else None
        main = faiss_file.open_mapped(path, probing)
        report = _report(main, found, time.monotonic() - began)
        if stop is not None:
            stop.check()
        with folder.decisions() as catalog, catalog.transaction() as transaction:
            if catalog.faces_state() != coverage.state:
                return main, None
            settings = asdict(probing) if probing else None
            stamp = publish(
                folder.index, path, stamp, coverage=asdict(coverage), built=asdict(report), probing=settings
            )
            save_settings(transaction, **{INDEXED: coverage.state})
    return main, stamp


def open_saved(folder: LibraryFolder, stamp: Stamp) -> FaceIndex | None:
    """The index that `stamp` describes; None when its file is not what was written."""
    if not intact(folder.index, stamp):
        return None
    settings = {name: value for name, value in (stamp["probing"] or {}).items() if name != _FORMER_SETTING}
    probing = Probing(**settings) if settings else None
    try:
        return faiss_file.open_mapped(folder.index / FAISS_FILE, probing)
    except (RuntimeError, ValueError):  # somebody replaces it at this moment
        return None


def _report(main: FaceIndex, found: Tuned | None, seconds: float) -> BuildReport:
    some = np.random.default_rng(0).permutation(len(main.ids))[:_TIMED]
    median = milliseconds(main, main.vectors[some])
    if found is None or main.ivf is None:
        return BuildReport(FLAT, 1.0, median, 0, 0, seconds)
    lists = main.ivf.lists
    candidates = found.probing.candidates if found.probing else len(main.ids)
    return BuildReport(IVF, found.recall, median, found.lists, lists, seconds, candidates, found.nprobe, found.k_factor)
