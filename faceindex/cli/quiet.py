"""Silences messages of other libraries: users cannot act on them, and they break progress bars."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings

from faceindex.errors import Note

_STDERR = 2


def quiet_libraries() -> None:
    """Hide Python's warnings (unless -W asks for them) and log records, and what C libraries write to stderr.

    `sys.stderr` still reaches the terminal; file descriptor 2, which libtiff and other C libraries use, leads nowhere.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", Note)
        logging.getLogger().addHandler(logging.NullHandler())
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it is closed, or not a file
        sys.stderr.flush()
        if sys.stderr.fileno() != _STDERR:  # this was done before
            return
        encoding = sys.stderr.encoding
        sys.stderr = os.fdopen(os.dup(_STDERR), "w", buffering=1, encoding=encoding, errors="backslashreplace")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR, inheritable=True)
        os.close(nowhere)
