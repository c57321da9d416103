"""A worker process: receives an analyser, then analyses photos until its parent closes the pipe."""

from __future__ import annotations

import os
from dataclasses import replace
from multiprocessing.connection import Connection

from faceindex.errors import FaceindexError, UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.ingest.workers.executor import Analysed, Fault
from faceindex.ingest.workers.machine_errors import lacks_something
from faceindex.ingest.workers.processes import be_killed_first, end_with_parent, limit_memory
from faceindex.ingest.workers.unexpected import in_words, is_exhaustion
from faceindex.photos.date_with_sidecars import taken_in_sidecar
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.packets import Sidecars
from faceindex.photos.read import read_bytes
from faceindex.types import AnalysedPhoto


def analyse_file(analyser: Analyser, file: FoundFile) -> Analysed:
    """Read, decode and analyse one file; every failure becomes the answer's `error`."""
    try:
        stopwatch = Stopwatch()
        with stopwatch.stage("decode"):
            data, mtime_ns = read_bytes(file.path)
        if (len(data), mtime_ns) != (file.size, file.mtime_ns):
            return Analysed(file, None, "changed while it was read; ingest again")
        with stopwatch.stage("decode"):
            photo = analyser.open(data, file.path)
        analysed = _dated(analyser(photo, stopwatch), file.path)
        return Analysed(file, analysed, seconds=stopwatch.seconds)
    except FaceindexError as error:
        return Analysed(file, None, getattr(error, "reason", str(error)), fault=_fault(error))
    except Exception as error:  # one photo must never stop a bulk run
        reason = "not enough memory to analyse it" if is_exhaustion(error) else in_words(error)
        return Analysed(file, None, reason, fault=_fault(error))


_sidecars = Sidecars()


def _dated(photo: AnalysedPhoto, path: str) -> AnalysedPhoto:
    """Add the date of the sidecar, if the photo itself has none."""
    found = None if photo.taken else taken_in_sidecar(path, _sidecars)
    return replace(photo, taken=found.date, taken_from=found.source) if found else photo


def _fault(error: Exception) -> Fault:
    cause = error.__cause__ if isinstance(error, UnreadablePhoto) else error
    if is_exhaustion(error.__cause__) or is_exhaustion(error):
        return Fault.MEMORY
    if cause is not None and lacks_something(cause):
        return Fault.MACHINE
    # Pillow's errors about what is in a photo are OSErrors, too, but without a number.
    return Fault.PLACE if isinstance(cause, OSError) and cause.errno is not None else Fault.PHOTO


def prepare(connection: Connection, *, memory: int, parent: int) -> Analyser:
    """Receive the analyser, and test it once. memory: bytes; parent: process id, or 0. Raises: anything."""
    if parent:
        end_with_parent(parent)
    be_killed_first()
    limit_memory(memory)
    analyser: Analyser = connection.recv()
    analyser.check_models()
    analyser.try_out()
    _silence_libraries()
    return analyser


def serve(connection: Connection, analyser: Analyser) -> None:
    """Answer every file from `connection`."""
    while True:
        try:
            file: FoundFile = connection.recv()
        except EOFError:
            return
        connection.send(analyse_file(analyser, file))


def _silence_libraries() -> None:
    """Silence libtiff and LibRaw, which write about damaged photos to stderr and into the progress bar."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
