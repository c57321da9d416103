"""What libtiff says while it decodes. Pillow passes on only what stopped it: damaged rows of a fax pass unnoticed.

libtiff writes to the process's standard error, so that is where it has to be read.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STANDARD_ERROR = 2
_MOST = 1 << 16
_FAX_LINE = re.compile(r"^Fax\w+: .* at line (\d+) of (?:strip|tile) (\d+)")
_DECODER = re.compile(
    r"^(?:Fax\w+|LZW\w*|ZIP\w*|PixarLog\w*|PackBits\w*|JPEG\w*|OJPEG\w*|LZMA\w*|ZSTD\w*|WebP\w*|TIFF\w+): "
)
_FOR_NOBODY = re.compile(r"^(?:_TIFF\w+|MissingRequired|EstimateStripByteCounts|tempfile\.tif|unknown file): ")
"""Of entries that are not as they should be; where that matters, Pillow says so. The names of files are Pillow's and
LibRaw's, which writes to the same place."""

_lock = threading.Lock()


@contextmanager
def messages() -> Iterator[list[str]]:
    """The lines that libtiff writes meanwhile, filled in at the end. One thread at a time; the others wait."""
    lines = list[str]()
    with _lock:
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:  # closed: what libtiff writes goes nowhere
            yield lines
            return
        source, sink = os.pipe()
        os.set_blocking(sink, False)  # a full pipe loses lines instead of waiting for ever
        try:
            os.dup2(sink, _STANDARD_ERROR)
            os.close(sink)
            yield lines
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            lines += _read(source)


def _read(source: int) -> list[str]:
    """Lines of libtiff's decoders; what others wrote meanwhile goes where it should have gone."""
    with os.fdopen(source, "rb") as file:
        written = file.read(_MOST).decode(errors="replace").splitlines()
    mine = [line for line in written if _DECODER.match(line)]
    for line in written:
        if line not in mine and not _FOR_NOBODY.match(line):
            with suppress(OSError):
                os.write(_STANDARD_ERROR, f"{line}\n".encode())
    return mine


def damaged_fax_rows(lines: list[str]) -> list[tuple[int, int]]:
    """(strip, row within it) of each row of a fax with a code word that does not exist."""
    found = (_FAX_LINE.match(line) for line in lines)
    return sorted({(int(match[2]), int(match[1])) for match in found if match})
