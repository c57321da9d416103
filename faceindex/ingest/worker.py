"""A worker process: receives an analyser, then photos to analyse, until its parent closes the pipe."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.dates import taken_in_sidecar
from faceindex.photos.find import FoundFile
from faceindex.photos.packets import Sidecars
from faceindex.photos.read import read_bytes
from faceindex.types import AnalysedPhoto

_OUT_OF_MEMORY = ("std::bad_alloc", "bad allocation", "Failed to allocate memory")


@dataclass(frozen=True, slots=True)
class Analysed:
    """A worker's answer for one file: the photo, or the reason why there is none.

    seconds: what each stage of the analysis took. exhausted: the worker ran out of memory, and is in no state to go on.
    """

    file: FoundFile
    photo: AnalysedPhoto | None
    error: str | None = None
    seconds: Counter[str] = field(default_factory=Counter)
    exhausted: bool = False


def analyse_file(analyser: Analyser, file: FoundFile) -> Analysed:
    """Read, decode and analyse one file; whatever is wrong with it becomes the answer's `error`."""
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
        return Analysed(file, None, getattr(error, "reason", str(error)), exhausted=_is_exhaustion(error.__cause__))
    except Exception as error:  # one photo must never stop a bulk run
        if _is_exhaustion(error):
            return Analysed(file, None, "not enough memory to analyse it", exhausted=True)
        return Analysed(file, None, f"{type(error).__name__}: {' '.join(str(error).split())}")


_sidecars = Sidecars()


def _dated(photo: AnalysedPhoto, path: str) -> AnalysedPhoto:
    """With the date of its sidecar, where the photo itself does not say when it was taken."""
    found = None if photo.taken else taken_in_sidecar(path, _sidecars)
    return replace(photo, taken=found.date, taken_from=found.source) if found else photo


def _is_exhaustion(error: BaseException | None) -> bool:
    """Libraries in C++ have words of their own for MemoryError."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def serve(connection: Connection) -> None:
    """Answer every file that arrives on `connection`."""
    analyser: Analyser = connection.recv()
    analyser.check_models()
    connection.send(None)
    _silence_libraries()
    while True:
        try:
            file: FoundFile = connection.recv()
        except EOFError:
            return
        connection.send(analyse_file(analyser, file))


def _silence_libraries() -> None:
    """libtiff and LibRaw write about damaged photos to stderr, past Python and into the progress bar."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def limit_memory(size: int) -> None:
    """Let every allocation that would take this process beyond `size` bytes fail.

    RLIMIT_DATA counts private memory that can be written, which is what a decoder takes; address space that onnxruntime
    or numba only reserve does not count. Linux enforces it, macOS does not.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def main() -> None:
    """Serve a connection. Arguments: its file descriptor; the memory that may be used, in bytes."""
    limit_memory(int(sys.argv[2]))
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent is gone
        serve(Connection(int(sys.argv[1])))
