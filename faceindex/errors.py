"""Every error that faceindex raises on purpose.

::

    FaceindexError                 exit code of the command line
    ├── UsageError             2   a wrong argument, or a missing path
    │   ├── NotInLibrary       2   the library has no such photo, face, album, person or act
    │   ├── NameInUse          2   somebody has this name already, and nothing is joined unasked
    │   ├── UnreadablePhoto    2   the file is not a photo, or it is damaged
    │   └── NoFaceFound        2   the photo was read and has no face
    ├── OutOfReach             3   some files could not be read or written now; the rest was done
    ├── JobCancelled         130   somebody cancelled the work
    ├── StaleError             3   something must be made first, and the caller does not wait
    ├── ModelError             3   weights are missing, or are not those of the card
    ├── MachineError           3   the machine ended the work: no memory, no process, a dead disk
    │   └── SilentDisk         3   a disk no longer answers
    └── LibraryError           3   the library cannot be used
        ├── LibraryLocked      3   another process is writing
        ├── LibraryDamaged     3   a file in the catalog is missing or changed
        ├── LibraryUnwritable  3   the folder or disk cannot be written
        ├── RecipeMismatch     3   its vectors come from another recipe
        └── NewerSchema        3   written by a newer faceindex

A message is one line: what happened, to which file, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceindex.types import ImportReport, IngestReport, Reencoded


class FaceindexError(Exception):
    """Base of all errors below. `exit_code` is for the command line."""

    exit_code = 2


class Note(UserWarning):
    """A note for the user; the command line prints it on stderr."""


class UsageError(FaceindexError):
    """The request is wrong and cannot be carried out."""


class NotInLibrary(UsageError):
    """The library has no such photo, face, album, person or act."""


class NameInUse(UsageError):
    """Somebody has this name already, and the caller did not say that both are the same person."""


class UnreadablePhoto(UsageError):
    """The file is not a photo, or it is damaged, too large or unreadable.

    `path` is the file; `reason` says what is wrong, without the path. `out_of_reach`: the file could not be reached,
    which says nothing about its content.
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
    """The work was done, except for some files, or all, that could not be read or written.

    The reason is their place: no permission, or a disk that is full, disconnected or does not answer. It may work
    later.
    """

    exit_code = 3


class JobCancelled(FaceindexError):
    """Somebody cancelled the work before its end.

    The library is as it was before. If the work stores results as it goes, these stay, and the same call resumes.
    report: what was done, if the work has a report.
    """

    exit_code = 130

    def __init__(self, report: IngestReport | ImportReport | Reencoded | None = None) -> None:
        stored = "; what was done until then is stored, and the same call resumes"
        super().__init__("cancelled" + stored * (report is not None))
        self.report = report


class ModelError(FaceindexError):
    """Weights are missing, or are not those that their card describes."""

    exit_code = 3


class MachineError(FaceindexError):
    """The machine ended the work: it lacks memory, processes or descriptors, or a disk does not answer.

    Results up to then are stored, and the same call resumes.
    """

    exit_code = 3


class SilentDisk(MachineError):
    """A disk or a network share no longer answers."""


class StaleError(FaceindexError):
    """The request needs something that must be made first, which takes a while, and the caller does not wait."""

    exit_code = 3


class LibraryError(FaceindexError):
    """The library cannot be used."""

    exit_code = 3


class LibraryLocked(LibraryError):
    """Another process is writing to the library."""


class LibraryDamaged(LibraryError):
    """A file in the catalog is missing or is not as it was written."""


class LibraryUnwritable(LibraryError):
    """The library's folder or disk cannot be written."""


class RecipeMismatch(LibraryError):
    """The library's vectors come from another recipe than the requested one."""


class NewerSchema(LibraryError):
    """The library was written by a newer faceindex."""
