"""What an ingest leaves out, and what of it the library has all the same."""

from __future__ import annotations

from collections.abc import Iterable

from faceindex.photos.finding.find import SkippedEntry, SkippedKind
from faceindex.store.catalog import Catalog
from faceindex.types import Skipped

_WORDS: dict[SkippedKind, str] = {
    "hidden": "hidden files and folders",
    "system": "thumbnails, previews and bins of other programs",
    "excluded": "what --exclude and .faceindexignore are about",
}


class LeftOut:
    """Counts what `find_files` leaves out."""

    def __init__(self) -> None:
        self.files: dict[SkippedKind, int] = {"hidden": 0, "system": 0, "excluded": 0}
        self.folders = self.files.copy()
        self._paths: list[str] = []

    def add(self, entry: SkippedEntry) -> None:
        """Count one more."""
        counts = self.folders if entry.is_folder else self.files
        counts[entry.kind] += 1
        if entry.kind != "hidden":
            self._paths.append(entry.path)

    def in_words(self) -> str:
        """For an error that says that nothing was found."""
        kinds = [kind for kind in self.files if self.files[kind] + self.folders[kind]]
        return f" but what is left out: {', '.join(map(_WORDS.__getitem__, kinds))}" if kinds else ""

    def report(self, *, kept: int) -> Skipped:
        """What was counted. kept: paths of photos that stay in the library although they are left out."""
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
        """Paths that the library knows and that are left out now: by rules, or as thumbnails, previews and bins.

        roots: paths that were given to an ingest. What is in one of them is wanted, though it lies in what is left out.
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
