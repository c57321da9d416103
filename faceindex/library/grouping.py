"""Albums, and what is made of them for others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS
from faceindex.errors import UsageError
from faceindex.exchange.album_folders import export_albums
from faceindex.exchange.sidecars import write_sidecars
from faceindex.library.opened import StrPath, one_or_more
from faceindex.library.reading import Reading
from faceindex.people.grouping import group_faces
from faceindex.photos.find import absolute
from faceindex.types import AlbumsExport, ClusterReport, SidecarReport


class Grouping(Reading):
    """Albums; folders, sidecars and pages made of them."""

    def cluster(
        self,
        *,
        method: str = DEFAULT_METHOD,
        threshold: float | None = None,
        seed: int = 0,
        rebuild: bool = False,
        dry_run: bool = False,
        threads: int = 1,
    ) -> ClusterReport:
        """Group faces into albums, by size at first; later only new faces are placed, and no other face moves.

        method: "linkage", "whispers" or "dbscan". threshold: Euclidean, default the recipe's. rebuild: group all faces
        anew; an album keeps the number of the one that it shares most faces with. dry_run: only say what would change.
        threads: that look for neighbours; the albums are the same with any number.
        Whatever people decided holds in each case. The same faces and seed give the same albums. Raises: UsageError.
        """
        if method not in METHODS:
            raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
        limit = self.recipe.cluster_threshold if threshold is None else threshold
        return group_faces(
            self._folder,
            method=method,
            threshold=limit,
            seed=seed,
            rebuild=rebuild,
            dry_run=dry_run,
            threads=threads,
        )

    def export_albums(
        self, folder: StrPath, *, link: str = "hard", unnamed: bool = True, min_photos: int = 1, xmp: bool = False
    ) -> AlbumsExport:
        """Bring `folder` to hold a folder of links for each person, and for each album without a name.

        link: "hard", where the disk takes them, else symbolic; "symbolic"; or "copy". unnamed: also albums without a
        name. min_photos: smaller albums are left out. xmp: with sidecars that name the faces. Only what an export made
        is ever changed or removed. Raises: UsageError when `folder` holds other things, or cannot be written.
        """
        return export_albums(
            self._folder, Path(absolute(folder)), kind=link, unnamed=unnamed, min_photos=min_photos, xmp=xmp
        )

    def write_sidecars(
        self, paths: StrPath | Iterable[StrPath], *, to: StrPath | None = None, unnamed: bool = False
    ) -> SidecarReport:
        """Write the names of faces into XMP sidecars of the photos at or under `paths`: beside them, or under `to`.

        Of a sidecar that is there only names change, of face regions and in lists of people. A name that a file gave is
        written as the file has it now. unnamed: also write faces without a name.
        Raises: UsageError when the library knows no photo under a path, or `to` lies in the library itself.
        """
        target = None if to is None else absolute(self.outside(to))
        return write_sidecars(self._folder.catalog, list(map(absolute, one_or_more(paths))), to=target, unnamed=unnamed)
