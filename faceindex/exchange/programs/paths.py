"""Finds the photos of another program in the library: their folders have other names here.

A photo is found by its path there; by that path under another root, which users give or which many photos show; by its
name and size, if only one photo has both. Nothing else is tried: a photo that is not found is listed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from faceindex.exchange.programs.named_regions import ForeignPhoto
from faceindex.photos.finding.addresses import is_url
from faceindex.store.catalog import Catalog
from faceindex.store.people.faces_to_name import paths_and_sizes

SAMPLE = 5000
"""Number of photos by which roots are found."""

_ROOTS = 64  # tried for each photo
_HASHED = 8  # files of one name that are read to compare them

Root = tuple[str, str]


class PathMap:
    """Paths of another program to photos of the library. roots: (there, here), as the user gave them."""

    def __init__(self, catalog: Catalog, roots: Sequence[Root]) -> None:
        self._catalog = catalog
        self._given = [(_slashed(old).rstrip("/"), new.rstrip("/")) for old, new in roots]
        self._learnt: list[Root] = []

    def find(self, photo: ForeignPhoto) -> int | None:
        """The photo's id, by its path under a root; None if none is there, or several different ones."""
        path = _slashed(photo.path)
        found: dict[int, bool] = {}
        for candidate in self._candidates(path):
            known = self._known(candidate)
            if known is not None:
                found.setdefault(known[0], photo.length is not None and known[1] == photo.length)
        same_size = [number for number, same in found.items() if same]
        chosen = same_size or list(found)
        return chosen[0] if len(chosen) == 1 else self._of_roots(path, chosen)

    def _of_roots(self, path: str, chosen: Sequence[int]) -> int | None:
        """A given root, or the path itself, decides between several photos."""
        for candidate in [*(_below(path, root) for root in self._given), path]:
            known = None if candidate is None else self._known(candidate)
            if known is not None and known[0] in chosen:
                return known[0]
        return None

    def _candidates(self, path: str) -> Iterable[str]:
        given = [below for root in self._given if (below := _below(path, root)) is not None]
        if given:
            return given
        return dict.fromkeys([path, *(below for root in self._learnt if (below := _below(path, root)) is not None)])

    def _known(self, path: str) -> tuple[int, int] | None:
        forms = dict.fromkeys([path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)])
        for form in forms:
            known = self._catalog.known_path(form)
            if known is not None and known.photo is not None:
                return known.photo, known.size
        return None

    def learn(self, photos: Sequence[ForeignPhoto]) -> None:
        """Find the roots that these photos, which have other paths here, show: most files under one have the size that
        the program knows, or the same folder if it knows none."""
        wanted: dict[str, list[ForeignPhoto]] = defaultdict(list)
        for photo in photos:
            for name in _names(photo)[:1]:
                wanted[name].append(photo)
        votes: Counter[Root] = Counter()
        doubts: Counter[Root] = Counter()
        for path, _, size in paths_and_sizes(self._catalog):
            for photo in wanted.get(_key(path), ()):
                shared, root = _common_end(_slashed(photo.path), path)
                if photo.length == size or (photo.length is None and shared > 1):
                    votes[root] += 1
                elif shared:
                    doubts[root] += 1
        self._learnt = [root for root, shown in votes.most_common(_ROOTS) if shown >= doubts[root]]

    def by_name(self, photos: Sequence[tuple[int, ForeignPhoto]]) -> dict[int, int]:
        """The photos that have the name and the size, or the SHA-1, of exactly one photo here, by their numbers."""
        wanted: dict[str, list[tuple[int, ForeignPhoto]]] = defaultdict(list)
        for number, photo in photos:
            if photo.length is not None or photo.sha1 is not None:
                for name in _names(photo):
                    wanted[name].append((number, photo))
        found: dict[int, dict[int, str]] = defaultdict(dict)
        if wanted:
            for path, known, size in paths_and_sizes(self._catalog):
                for number, photo in wanted.get(_key(path), ()):
                    if photo.length is None or photo.length == size:
                        found[number][known] = path
        asked = dict(photos)
        alike = {number: _same_content(asked[number], known) for number, known in found.items()}
        return {number: known[0] for number, known in alike.items() if len(known) == 1}


def _same_content(photo: ForeignPhoto, known: dict[int, str]) -> list[int]:
    """Those of the photos, ids and paths, whose files have the SHA-1. One of the right size needs no other proof."""
    if photo.sha1 is None or (len(known) == 1 and photo.length is not None):
        return list(known)
    if len(known) > _HASHED:
        return []
    return [number for number, path in known.items() if _sha1(path) == photo.sha1]


def _sha1(path: str) -> bytes | None:
    if is_url(path):
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.file_digest(file, "sha1").digest()
    except OSError:
        return None


def _names(photo: ForeignPhoto) -> list[str]:
    return list(dict.fromkeys([*map(_key, photo.names), _key(_slashed(photo.path))]))


def _slashed(path: str) -> str:
    """Windows' paths with slashes."""
    return path.replace("\\", "/") if "\\" in path and "/" not in path else path


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(path).name).casefold()


def _below(path: str, root: Root) -> str | None:
    """The path under the second part of the root, if it is under the first."""
    old, new = root
    if not old:
        return f"{new}/{path.lstrip('/')}"
    return f"{new}{path[len(old) :]}" if path.startswith(f"{old}/") else None


def _common_end(one: str, other: str) -> tuple[int, Root]:
    """How many last steps of two paths are the same, and what comes before these."""
    first, second = one.split("/"), other.split("/")
    shared = 0
    while shared < min(len(first), len(second)) and _step(first[-1 - shared]) == _step(second[-1 - shared]):
        shared += 1
    ends = len(first) - shared, len(second) - shared
    return shared, ("/".join(first[: ends[0]]), "/".join(second[: ends[1]]))


def _step(name: str) -> str:
    return unicodedata.normalize("NFC", name)
