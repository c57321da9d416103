"""What is worked out from models once and then kept in the user's cache folder, and made anew when in doubt."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from faceindex.private_files import make_folder, write_file
from faceindex.regular_files import open_regular
from faceindex.user_folders import user_cache

DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Where the files lie."""
    return user_cache() / "graphs"


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` returns, or returned once before for this `name`, which has to say all that it depends on.

    A file begins with a digest of the rest, is there whole or not at all, and is done without where it cannot be
    written.
    """
    path = cache_folder() / name
    made = _read(path)
    if made is None:
        made = make()
        with contextlib.suppress(OSError):
            make_folder(path.parent)
            write_file(path, _digest(made) + made, durable=False)
    return made


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            digest, made = file.read(DIGEST_BYTES), file.read()
    except OSError:
        return None
    return made if _digest(made) == digest else None


def _digest(data: bytes) -> bytes:
    """blake2b, which takes half of the time of sha256: every process checks some 40 MB before it starts."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
