"""One ingest: checks files, lets an executor analyse new photos, and commits the results in batches."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import replace
from itertools import chain

from faceindex.errors import MachineError, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.missing_dates import read_dates
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.pipeline import Pipeline
from faceindex.ingest.prefetch import Prefetched
from faceindex.ingest.redrawing import redraw
from faceindex.ingest.roots import find_connected, folder_of, to_remember
from faceindex.ingest.skipped import SkippedFiles
from faceindex.ingest.tally import Tally
from faceindex.ingest.vanished import Vanished
from faceindex.ingest.workers.executor import Executor
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.ingest.workers.local import local_executor
from faceindex.ingest.workers.machine import Workers, choose_workers
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import UnreadableEntry
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos.lost import lost_faces
from faceindex.types import IngestReport


def ingest(
    folder: LibraryFolder,
    paths: Iterable[str | os.PathLike[str]],
    *,
    analyser: Analyser,
    workers: int | None = None,
    exclude: Collection[str] = (),
    retry_failed: bool = False,
    force: bool = False,
    prune: bool = False,
    wait: bool = False,
    executor: Executor | None = None,
    meter: Meter | None = None,
    idle_limit: float = IDLE_LIMIT,
) -> IngestReport:
    """Find, analyse and store every photo under `paths`. Run it again to resume.

    workers: number of processes; default: what the machine allows, see `choose_workers`; 0: analyse in this process.
    exclude: patterns of files to skip, see `find_files`. retry_failed: open photos again that could not be read and
    have not changed. force: open all photos again. prune: remove photos from the library that are no longer under
    `paths`, or are skipped now; but never photos that may be on a disconnected disk, see `removed`. wait: for another
    writer to finish. executor: analyses photos instead of `workers`; it is closed at the end. meter: shows the
    progress; its `stop` ends the run after storing what was analysed (`interrupted` in the report). idle_limit: a photo
    or disk is given up after this many seconds without an answer.

    A local folder that was ingested before and is missing or empty now is out of reach: its photos stay.

    Raises: UsageError if another path does not exist or no photo is found; LibraryLocked; LibraryUnwritable;
    ModelError; MachineError, after storing what was analysed; JobCancelled while it waits. A bad photo raises nothing:
    it is listed in the report, and so is a photo that cannot be reached, which is not a failure.
    """
    roots = [os.fspath(path) for path in paths]
    meter = meter or Meter()
    stop = meter.stop
    analyser.check_models()
    chosen = choose_workers(workers) if executor is None else Workers(executor.workers, "as the executor has")
    if executor is None:
        executor = local_executor(chosen.number, device=analyser.engine.used_device, idle_limit=idle_limit)
    skipped = SkippedFiles()
    known = folder.catalog.roots() if folder.exists else []
    missing: list[UnreadableEntry] = []
    found = find_connected(roots, known, missing, skip=str(folder.path), exclude=exclude, on_skip=skipped.add)
    prefetched = Prefetched(found, stop, idle_limit=idle_limit)
    files = prefetched.batches()
    first = next(files, None)
    if first is None and not missing:
        stop.check()
        raise UsageError(f"no files under {', '.join(roots) or 'no path'}{skipped.in_words()}")
    with (
        closing(files),
        folder.writer(wait=wait, stop=stop) as writer,
        closing(executor),
        PhotoReader(stop, lambda: run.collect(timeout=0), idle_limit=idle_limit) as reader,
    ):
        meter.announce("analysing")
        if analyser.min_face is not None:
            writer.save_settings(min_face=analyser.min_face)
        away = {entry.path for entry in missing}
        folders = list(dict.fromkeys(folder_of(root) for root in roots if absolute(root) not in away))
        writer.add_roots(to_remember(roots, folders, writer.catalog.roots()))
        tally = Tally(meter, lambda: prefetched.total)
        run = Pipeline(writer, executor, analyser, reader, tally, stop, retry=retry_failed, force=force)
        given = list(map(absolute, roots))
        try:
            run.take_all(chain(filter(None, [first]), files))
            run.finish()
            for entry in missing:
                tally.miss(entry.path, entry.reason)
            writer.store_out_of_reach(tally.out_of_reach, searched=[] if stop.is_set() else given)
            read_dates(writer, reader, stop)
            redraw(writer, analyser, stop)
            kept = skipped.known(writer.catalog, [*writer.catalog.roots(), *given])
            if not stop.is_set():
                vanished = Vanished(writer, reader, folders, stop)
                if prune:
                    tally.pruned = vanished.prune(skipped=kept)
                    kept.clear()
                else:
                    vanished.forget_failures({failure.path for failure in tally.failures})
        except MachineError as error:
            run.commit()
            writer.store_out_of_reach(tally.out_of_reach, searched=[])
            raise MachineError(f"{error}; what was analysed is stored, and the same command resumes") from error
        faces = writer.catalog.counts()["faces"]
        report = tally.report(analyser.recipe.title, chosen, executor.workers, faces, interrupted=stop.is_set())
        lost = tuple(lost_faces(writer.catalog, writer.lost)) if writer.lost else ()
    if not report.seen and not report.interrupted:
        raise UsageError(f"no photos under {', '.join(roots)}{skipped.in_words()}")
    return replace(report, skipped=skipped.report(kept=len(kept)), lost=lost)
