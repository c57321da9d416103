"""A worker process: receives an analyser, then analyses photos until its parent closes the pipe."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from faceindex.errors import FaceindexError, UnreadablePhoto
from faceindex.faces.aligned import AlignedPhoto, measured
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.ingest.workers.executor import Analysed, Fault
from faceindex.ingest.workers.machine_errors import lacks_something
from faceindex.ingest.workers.messages import Held
from faceindex.ingest.workers.unexpected import in_words, is_exhaustion
from faceindex.photos.date_with_sidecars import taken_in_sidecar
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.sources import expect
from faceindex.photos.packets import Sidecars
from faceindex.photos.read import read_bytes
from faceindex.system.children import Connection
from faceindex.system.processes import be_killed_first, end_with_parent, limit_memory
from faceindex.types import AnalysedPhoto


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFile:
    """A file whose faces are aligned and not yet encoded. seconds: of each stage so far."""

    file: FoundFile
    photo: AlignedPhoto
    seconds: Counter[str]


def analyse_file(analyser: Analyser, file: FoundFile) -> Analysed:
    """Read, decode and analyse one file; every failure becomes the answer's `error`."""
    aligned = align_file(analyser, file)
    return aligned if isinstance(aligned, Analysed) else encode_files(analyser, [aligned])[0]


def align_file(analyser: Analyser, file: FoundFile) -> AlignedFile | Analysed:
    """All of `analyse_file` but the encoding; an answer if that cannot be."""
    try:
        stopwatch = Stopwatch()
        with stopwatch.stage("decode"):
            data, mtime_ns = read_bytes(file.path)
        if (len(data), mtime_ns) != (file.size, file.mtime_ns):
            return Analysed(file, None, "changed while it was read; ingest again", fault=Fault.PLACE)
        with stopwatch.stage("decode"):
            photo = analyser.open(data, file.path)
        aligned = analyser.align(photo, stopwatch)
        with_date = replace(aligned, photo=dated(aligned.photo, file.path))
        return AlignedFile(file, with_date, stopwatch.seconds)
    except Exception as error:  # one photo must never stop a bulk run
        return _failed(file, error)


def encode_files(analyser: Analyser, files: Sequence[AlignedFile]) -> list[Analysed]:
    """The answers for files, whose faces are encoded together; one by one if that fails."""
    began = time.perf_counter()
    try:
        photos = analyser.encode([file.photo for file in files])
    except Exception as error:  # as above
        if len(files) == 1:  # all chips are alike, so that no photo can be the cause
            failed = _failed(files[0].file, error)
            return [failed if failed.fault is Fault.MEMORY else replace(failed, fault=Fault.MACHINE)]
        return [answer for file in files for answer in encode_files(analyser, [file])]
    seconds, faces = time.perf_counter() - began, sum(len(file.photo.faces) for file in files) or 1
    for file in files:
        file.seconds["encode"] += seconds * len(file.photo.faces) / faces  # type: ignore[assignment]  # as in Stopwatch
    return [Analysed(file.file, photo, seconds=file.seconds) for file, photo in zip(files, photos, strict=True)]


def _failed(file: FoundFile, error: Exception) -> Analysed:
    if isinstance(error, FaceindexError):
        reason = getattr(error, "reason", str(error))
    else:
        reason = "not enough memory to analyse it" if is_exhaustion(error) else in_words(error)
    return Analysed(file, None, reason, fault=_fault(error))


HOLD_SECONDS = 2.0
"""The longest time for which a photo of too few faces waits for those of others."""

_sidecars = Sidecars()


def dated(photo: AnalysedPhoto, path: str) -> AnalysedPhoto:
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


def prepare(connection: Connection, *, memory: int, parent: int, align: bool = True, encode: bool = True) -> Analyser:
    """Receive the analyser, and test it once. memory: bytes; parent: process id; 0 for none.

    align, encode: see `Analyser.try_out`.

    Raises: anything.
    """
    if parent:
        end_with_parent(parent)
    be_killed_first()
    if memory:
        limit_memory(memory)
    analyser: Analyser = connection.recv()
    analyser.check_models()
    analyser.try_out(align=align, encode=encode)
    _silence_libraries()
    return analyser


def serve(connection: Connection, analyser: Analyser, *, encode: bool = True) -> None:
    """Answer every file from `connection`, while another one waits there only when there are enough chips to encode.

    encode: without, photos are answered as they are aligned.
    """
    held: list[AlignedFile] = []
    waiting: deque[FoundFile] = deque()
    since = 0.0
    while True:
        _receive_next(connection, waiting)
        if held and (_enough(held, analyser) or time.monotonic() - since > HOLD_SECONDS or not waiting):
            for answer in encode_files(analyser, held):
                connection.send(answer)
            held = []
        if held:
            connection.send(Held(len(held)))
        try:
            file: FoundFile = waiting.popleft() if waiting else connection.recv()
        except EOFError:
            return
        expect([one.path for one in (file, *waiting)])
        aligned = align_file(analyser, file)
        if isinstance(aligned, Analysed):
            connection.send(aligned)
        elif not encode:
            connection.send(Analysed(file, None, seconds=aligned.seconds, aligned=measured(aligned.photo)))
        elif not aligned.photo.faces:
            connection.send(encode_files(analyser, [aligned])[0])
        else:
            since = since if held else time.monotonic()
            held.append(aligned)


def _receive_next(connection: Connection, waiting: deque[FoundFile]) -> None:
    """Receive the files that wait in the pipe. Once it is closed, the next `recv` says so."""
    with suppress(EOFError):
        while connection.poll():
            waiting.append(connection.recv())


def _enough(held: Sequence[AlignedFile], analyser: Analyser) -> bool:
    return sum(len(file.photo.faces) for file in held) >= analyser.engine.batch.enough


def _silence_libraries() -> None:
    """Silence libtiff and LibRaw, which write about damaged photos to stderr and into the progress bar."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
