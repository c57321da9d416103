"""The interface of an executor whose workers can also identify photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from faceindex.faces.analyse import Analyser
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.identity import Identity


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A file that a worker cannot open, or that is not the same where the worker is."""

    path: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that should be a photo and is not, and why."""

    reason: str


Identified = Identity | Refused | Elsewhere | None
"""What `faceindex.photos.read.identify` gives or raises; Elsewhere if the workers cannot say."""


@runtime_checkable
class Identifies(Protocol):
    """An executor whose workers identify photos: each is then read where it is analysed, and not here before."""

    def identify_ahead(self, files: Sequence[FoundFile], analyser: Analyser) -> None:
        """Have files identified, instead of those of earlier calls. Raises: MachineError; ModelError."""

    def identified(self, path: str, timeout: float) -> Identified | Literal["later"]:
        """The identity of one of these files, once; "later" if there is none within `timeout` seconds. Raises:
        MachineError."""
