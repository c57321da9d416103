"""An analyser for tests of the pool: what it does to its worker follows from the photo's name."""

from __future__ import annotations

import errno
import os
import signal
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.errors import Note, UnreadablePhoto
from faceindex.faces.aligned import AlignedFace, AlignedPhoto
from faceindex.faces.detect import Detection
from faceindex.faces.engine import DEFAULT_ENGINE
from faceindex.faces.recipe import recipe
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.decode import Photo
from faceindex.types import AnalysedPhoto

SLOW_SECONDS = 3.0
_BUSY_SECONDS = 1.0
_seen: list[str] = []


@dataclass(frozen=True)
class HostileAnalyser:
    """crash: the process dies as in a decoder's segfault; hang: it never answers; swell: it takes ever more memory.

    abort: the process dies as C++ does when it is out of memory; killed: it dies, but only the first time; doomed: each
    time; parent: whoever started it dies; fragile: it crashes in a worker that has analysed another photo before; spin:
    it uses the processor for ever, busy: for a second; slow: it takes SLOW_SECONDS; full, gone: the disk is. Else: a
    photo of no faces. face: has a face, which waits to be encoded with others.
    """

    engine = DEFAULT_ENGINE
    recipe = recipe("sface")  # which nodes must have, and nothing uses

    def check_models(self) -> None:
        pass

    def on_cpu(self) -> HostileAnalyser:
        return self

    def try_out(self, *, align: bool = True, encode: bool = True) -> None:
        pass

    def open(self, data: bytes, path: str) -> Photo:
        return Photo(data, path)

    def align(self, photo: Photo, stopwatch: Stopwatch) -> AlignedPhoto:
        name = Path(photo.path).name
        if "crash" in name:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "abort" in name:
            os.abort()
        if "killed" in name and not (mark := Path(photo.path).with_suffix(".mark")).exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if "doomed" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "parent" in name:
            os.kill(os.getppid(), signal.SIGKILL)
        if "fragile" in name and _seen:
            os.kill(os.getpid(), signal.SIGSEGV)
        _seen.append(name)
        while "spin" in name or ("busy" in name and time.process_time() < _BUSY_SECONDS):
            pass
        if "full" in name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "gone" in name:
            raise UnreadablePhoto(photo.path, "gone") from OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        if "slow" in name:
            time.sleep(SLOW_SECONDS)
        if "hang" in name:
            time.sleep(600)
        if "swell" in name:
            swollen = [np.ones(2**24, dtype=np.uint8) for _ in range(1000)]  # 16 GB
            del swollen
        if "memory" in name:
            raise MemoryError
        if "bug" in name:
            raise ValueError("line one\nline two")
        face = AlignedFace(Detection(0, 0, 8, 8, 1.0), np.zeros((5, 2), np.float32), [], None)
        return AlignedPhoto(AnalysedPhoto(photo.width, photo.height, ()), (face,) if "face" in name else ())

    def encode(self, photos: Sequence[AlignedPhoto]) -> list[AnalysedPhoto]:
        return [photo.photo for photo in photos]


@dataclass(frozen=True)
class UnfitAnalyser(HostileAnalyser):
    """What cannot be tried out here."""

    reason: str = ""

    def try_out(self, *, align: bool = True, encode: bool = True) -> None:
        raise MemoryError if self.reason == "memory" else ImportError(self.reason)


@dataclass(frozen=True)
class NotingAnalyser(HostileAnalyser):
    """What has something to say where it is tried out."""

    def try_out(self, *, align: bool = True, encode: bool = True) -> None:
        warnings.warn("the device here is slow", Note, stacklevel=2)
