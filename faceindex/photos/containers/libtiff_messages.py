"""Collects libtiff's messages while it decodes. Pillow reports only fatal errors, so damaged fax rows go unnoticed.

libtiff writes to the process's standard error, so the messages must be read there.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from faceindex.system.files import set_blocking

_STANDARD_ERROR = 2
_MOST = 1 << 16
_FAX_LINE = re.compile(r"^Fax\w+: .* at line (\d+) of (?:strip|tile) (\d+)")
_DECODER = re.compile(
    r"^(?:Fax\w+|LZW\w*|ZIP\w*|PixarLog\w*|PackBits\w*|JPEG\w*|OJPEG\w*|LZMA\w*|ZSTD\w*|WebP\w*|TIFF\w+): "
)
_FOR_NOBODY = re.compile(r"^(?:_TIFF\w+|MissingRequired|EstimateStripByteCounts|tempfile\.tif|unknown file): ")
"""Messages about unusual tags; where these matter, Pillow reports an error. The file names are those of Pillow and of
LibRaw, which writes to the same stream."""

_lock = threading.Lock()


@contextmanager
def messages() -> Iterator[list[str]]:
    """The lines that libtiff writes inside the block, complete at its end. Other threads wait for this one."""
    lines = list[str]()
    with _lock:
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:  # closed: libtiff's messages are lost
            yield lines
            return
        source, sink = os.pipe()
        set_blocking(sink, False)  # a full pipe loses lines instead of waiting for ever
        try:
            os.dup2(sink, _STANDARD_ERROR)
            os.close(sink)
            yield lines
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            lines += _read(source)


def _read(source: int) -> list[str]:
    """The lines of libtiff's decoders; other output is passed on to where it belongs."""
    with os.fdopen(source, "rb") as file:
        written = file.read(_MOST).decode(errors="replace").splitlines()
    mine = [line for line in written if _DECODER.match(line)]
    for line in written:
        if line not in mine and not _FOR_NOBODY.match(line):
            with suppress(OSError):
                os.write(_STANDARD_ERROR, f"{line}\n".encode())
    return mine


def damaged_fax_rows(lines: list[str]) -> list[tuple[int, int]]:
    """(strip, row within it) of each fax row with an invalid code word."""
    found = (_FAX_LINE.match(line) for line in lines)
    return sorted({(int(match[2]), int(match[1])) for match in found if match})
