"""Where numba keeps what it compiled: a private folder in the user's cache, or nowhere.

numba's own caches lie beside the sources or in a folder for all programs, fail where neither can be written, and end
the program when a file is damaged. What is kept are pickles of machine code, so only the user's own files are read.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from faceindex.files.user_cache import note_use, private_folder, prune, read, write

_FORMS = 8
"""Compiled forms that are kept of a function: for its types and processors, and of versions that are used in turn."""


class KernelCache(NullCache):  # type: ignore[misc]  # numba has no types
    """The compiled forms of one function, a file for each. Whatever fails, the function is compiled again."""

    def __init__(self, function: Callable[..., Any], options: str, folder: str, stem: str) -> None:
        """options: what else the machine code depends on. folder: of the user's cache. stem: of the files' names."""
        source = Path(function.__code__.co_filename)
        self._identity = (numba.__version__, function.__module__, function.__qualname__, options)
        self._sources = _digest_of_modules(source.parent)
        self._folder, self._stem = folder, stem

    def load_overload(self, sig: object, target_context: Any) -> Any:
        """The function compiled for the types `sig`, or None."""
        path = self._path(sig, target_context.codegen())
        data = read(path) if path else None
        if path is None or data is None:
            return None
        note_use(path)
        with contextlib.suppress(Exception):  # of another numba, or damaged in a way that the digest does not show
            target_context.refresh()
            return CompileResult._rebuild(target_context, *pickle.loads(data))
        return None

    def save_overload(self, sig: object, cres: Any) -> None:
        """Keep what was compiled for the types `sig`, unless it is valid in this process only."""
        path = self._path(sig, cres.codegen)
        if path is None or cres.lifted or cres.library.has_dynamic_globals:
            return
        with contextlib.suppress(Exception):
            write(path, dumps(cres._reduce()))
            prune(path.parent, f"{self._stem}-", _FORMS)

    def _path(self, sig: object, codegen: Any) -> Path | None:
        folder = private_folder(self._folder)
        identity = (*self._identity, self._sources, str(sig), codegen.magic_tuple())
        name = f"{self._stem}-{hashlib.sha256(repr(identity).encode()).hexdigest()[:32]}"
        return folder / name if folder else None


@cache
def _digest_of_modules(folder: Path) -> str:
    """Of all sources beside a function's: a kernel contains those that it calls, which may be another module's."""
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
