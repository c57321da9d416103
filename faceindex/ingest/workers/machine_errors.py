"""Errors that say nothing about a photo: it could not be reached, or the machine lacked something.

Such an error is never stored for the photo. Earlier versions stored some; they are recognised by their text.
"""

from __future__ import annotations

import errno
import os
import re

from faceindex.errors import ModelError
from faceindex.files.unreadable import LOST_DISKS, SHORTAGES

_OF_THE_MACHINE = SHORTAGES | {errno.EROFS}
_OF_THE_PLACE = LOST_DISKS | {errno.EACCES, errno.EPERM, errno.ENOENT}
_OF_AN_INSTALLATION = (
    "no locator available",  # numba, of a cache
    "cannot cache function",
    "cannot import",
    "No module named",
    "ImportError",
    "ModuleNotFoundError",
    "cannot open shared object file",
    "Load model from",  # onnxruntime, of a file
)
_STOPPED_BY_OTHERS = re.compile(
    r"not finished after [\d.]+ seconds"  # measured by wall clock, before processor time was used
    r"|its decoder crashed \((SIGKILL|SIGTERM|SIGINT|SIGHUP|SIGQUIT|SIGXCPU|SIGPIPE|still running)\)"
)


def lacks_something(error: BaseException) -> bool:
    """Whether the machine lacks something that every photo needs: descriptors, disk space, a library, a model."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _OF_THE_MACHINE
    return isinstance(error, ImportError | ModelError) or any(words in str(error) for words in _OF_AN_INSTALLATION)


def is_of_the_machine(reason: str) -> bool:
    """Whether a reason is the system's message for something that the machine lacks, for any file."""
    return reason in map(os.strerror, _OF_THE_MACHINE)


def is_circumstance(reason: str) -> bool:
    """Whether a stored reason for an unreadable photo says nothing about the photo."""
    words = (*map(os.strerror, _OF_THE_MACHINE | _OF_THE_PLACE), *_OF_AN_INSTALLATION)
    return bool(_STOPPED_BY_OTHERS.fullmatch(reason)) or any(word in reason for word in words)
