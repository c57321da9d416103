"""Counts the files that an ingest skips, and finds those that the library has from before."""

from __future__ import annotations

from collections.abc import Iterable

from faceindex.photos.finding.entries import SkippedEntry, SkippedKind
from faceindex.store.catalog import Catalog
from faceindex.types import Skipped

_WORDS: dict[SkippedKind, str] = {
    "hidden": "hidden files and folders",
    "system": "thumbnails, previews and trash of other programs",
    "excluded": "files that match --exclude or .faceindexignore",
}


class SkippedFiles:
    """Counts what `find_files` skips."""

    def __init__(self) -> None:
        self.files: dict[SkippedKind, int] = {"hidden": 0, "system": 0, "excluded": 0}
        self.folders = self.files.copy()
        self._paths: list[str] = []

    def add(self, entry: SkippedEntry) -> None:
        """Count one entry."""
        counts = self.folders if entry.is_folder else self.files
        counts[entry.kind] += 1
        if entry.kind != "hidden":
            self._paths.append(entry.path)

    def in_words(self) -> str:
        """The skipped kinds, for the error that nothing was found."""
        kinds = [kind for kind in self.files if self.files[kind] + self.folders[kind]]
        return f" except skipped ones: {', '.join(map(_WORDS.__getitem__, kinds))}" if kinds else ""

    def report(self, *, kept: int) -> Skipped:
        """The counts. kept: paths of photos that stay in the library although they are skipped."""
        return Skipped(
            hidden_files=self.files["hidden"],
            hidden_folders=self.folders["hidden"],
            system_files=self.files["system"],
            system_folders=self.folders["system"],
            excluded_files=self.files["excluded"],
            excluded_folders=self.folders["excluded"],
            kept=kept,
        )

    def known(self, catalog: Catalog, roots: Iterable[str]) -> list[str]:
        """Paths in the library that are skipped now: by ignore rules, or as thumbnails, previews and deleted files.

        roots: the paths given to the ingest. A file in one of them is wanted, even if a rule skips the root's own
        folder.
        """
        wanted = set(roots)
        found: list[str] = []
        for left_out in self._paths:
            inside = [root for root in wanted if _is_in(root, left_out)]
            for path in catalog.files(left_out):
                if not any(_is_in(path, root) for root in inside):
                    found.append(path)
        return found


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
