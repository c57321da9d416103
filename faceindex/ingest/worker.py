"""A worker process: receives an analyser, then photos to analyse, until its parent closes the pipe."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.find import FoundFile
from faceindex.photos.read import read_bytes
from faceindex.types import AnalysedPhoto


@dataclass(frozen=True, slots=True)
class Analysed:
    """A worker's answer for one file: the photo, or the reason why there is none.

    seconds: what each stage of the analysis took.
    """

    file: FoundFile
    photo: AnalysedPhoto | None
    error: str | None = None
    seconds: Counter[str] = field(default_factory=Counter)


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
        return Analysed(file, analyser(photo, stopwatch), seconds=stopwatch.seconds)
    except FaceindexError as error:
        return Analysed(file, None, getattr(error, "reason", str(error)))
    except MemoryError:
        return Analysed(file, None, "not enough memory to analyse it")
    except Exception as error:  # one photo must never stop a bulk run
        return Analysed(file, None, f"{type(error).__name__}: {' '.join(str(error).split())}")


def serve(connection: Connection) -> None:
    """Answer every file that arrives on `connection`."""
    analyser: Analyser = connection.recv()
    analyser.check_models()
    connection.send(None)
    while True:
        try:
            file: FoundFile = connection.recv()
        except EOFError:
            return
        connection.send(analyse_file(analyser, file))


def main() -> None:
    """Serve the connection whose file descriptor is the first argument."""
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent is gone
        serve(Connection(int(sys.argv[1])))
