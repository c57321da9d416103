"""Every error faceindex raises on purpose.

::

    FaceindexError                 exit code of the command line
    ├── UsageError             2   a wrong argument, a path that is not there
    │   ├── UnreadablePhoto    2   the file is no photo, or a damaged one
    │   └── NoFaceFound        2   the photo was read and shows no face
    ├── OutOfReach             3   some of what was asked for cannot be read or written now; the rest was done
    ├── JobCancelled         130   somebody asked the work to end before its end
    ├── StaleError             3   it would have to be made first, and the caller does not wait
    ├── ModelError             3   weights missing, or not the ones the card describes
    ├── MachineError           3   the machine ended the work before its end: no memory, no process, a dead disk
    │   └── SilentDisk         3   a disk gives no answer any more
    └── LibraryError           3   the library refuses
        ├── LibraryLocked      3   another process is writing
        ├── LibraryDamaged     3   a file the catalog speaks of is missing or altered
        ├── LibraryUnwritable  3   the folder or disk does not take files
        ├── RecipeMismatch     3   its vectors come from another recipe
        └── NewerSchema        3   written by a newer faceindex

A message is one line: what happened, to which file, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceindex.types import ImportReport, IngestReport, Reencoded


class FaceindexError(Exception):
    """Base of all errors below; `exit_code` is what the command line returns."""

    exit_code = 2


class Note(UserWarning):
    """Something that a user should know; the command line prints it on stderr."""


class UsageError(FaceindexError):
    """The request cannot be carried out as it was made."""


class UnreadablePhoto(UsageError):
    """A file that is no photo, or one that is damaged, too large or not readable.

    `path` is the file; `reason` says what is wrong without repeating the path. `out_of_reach`: it could not be looked
    at, which says nothing about what is in it.
    """

    def __init__(self, path: str, reason: str, *, out_of_reach: bool = False) -> None:
        super().__init__(f"cannot read {path}: {reason}")
        self.path = path
        self.reason = reason
        self.out_of_reach = out_of_reach


class NoFaceFound(UsageError):
    """The photo was read and no face was found in it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"no face found in {path}; a lower --min-face finds smaller ones")
        self.path = path


class OutOfReach(FaceindexError):
    """The work was done to its end, and some of what was asked for, or all, could not be read or written.

    That is for where it lies: permissions lack, or a disk is full, gone or silent. Another time it may be done.
    """

    exit_code = 3


class JobCancelled(FaceindexError):
    """Somebody asked the work to end before its end, and it did.

    The library is as it was before, or, of work that stores what it has done so far, as after that; then the same call
    goes on from there. report: what was done, of work that tells it.
    """

    exit_code = 130

    def __init__(self, report: IngestReport | ImportReport | Reencoded | None = None) -> None:
        stored = "; what was done until then is stored, and the same call goes on from there"
        super().__init__("cancelled" + stored * (report is not None))
        self.report = report


class ModelError(FaceindexError):
    """Weights are missing, or are not the ones that their card describes."""

    exit_code = 3


class MachineError(FaceindexError):
    """The machine ended the work: memory, processes or descriptors are short, or a disk is silent.

    What was done before is kept, and the same call goes on from there.
    """

    exit_code = 3


class SilentDisk(MachineError):
    """A disk, or a share, gives no answer any more."""


class StaleError(FaceindexError):
    """What was asked for would first have to be made, which takes a while, and the caller does not wait."""

    exit_code = 3


class LibraryError(FaceindexError):
    """The library refuses."""

    exit_code = 3


class LibraryLocked(LibraryError):
    """Another process is writing to the library."""


class LibraryDamaged(LibraryError):
    """A file the catalog speaks of is missing or is not what was written."""


class LibraryUnwritable(LibraryError):
    """The library's folder or disk does not take files."""


class RecipeMismatch(LibraryError):
    """The library's vectors come from another recipe than the one asked for."""


class NewerSchema(LibraryError):
    """The library was written by a newer faceindex."""
