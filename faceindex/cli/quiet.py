"""What libraries say by themselves is not said to users: it is about their innards, and breaks progress bars."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings

from faceindex.errors import Note

_STDERR = 2


def quiet_libraries() -> None:
    """Let warnings and log records, unless asked for with -W, and what libraries in C write to stderr go nowhere.

    `sys.stderr` goes on to where it went; to file descriptor 2, of which libtiff and others know, nothing is there.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", Note)
        logging.getLogger().addHandler(logging.NullHandler())
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it is closed, or no file
        sys.stderr.flush()
        if sys.stderr.fileno() != _STDERR:  # it was moved before
            return
        encoding = sys.stderr.encoding
        sys.stderr = os.fdopen(os.dup(_STDERR), "w", buffering=1, encoding=encoding, errors="backslashreplace")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR, inheritable=True)
        os.close(nowhere)
