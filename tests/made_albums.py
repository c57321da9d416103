"""Albums of chosen faces, made as `cluster --rebuild` makes them once faces are grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from faceindex.people.albums import derive_albums
from faceindex.store.albums import replace_clusters
from faceindex.store.folder import LibraryFolder


def make_albums(folder: LibraryFolder | Path, albums: Mapping[int, Sequence[int]]) -> None:
    """Let clustering have said that these are the albums, by number, and no others; what was decided holds.

    As with every clustering, a face that is alone is in no album.
    """
    if isinstance(folder, Path):
        opened = LibraryFolder(folder)
        make_albums(opened, albums)
        opened.close()
        return
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        replace_clusters(transaction, {face: album for album, faces in albums.items() for face in faces})
        derive_albums(transaction)
