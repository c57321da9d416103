"""Is the index on disk what it should be? It may be absent or stale: then it is built anew when it is needed."""

from __future__ import annotations

import numpy as np

from faceindex.errors import LibraryDamaged
from faceindex.plurals import plural
from faceindex.search import index as face_index
from faceindex.search.building import open_saved
from faceindex.search.coverage import SavedIndex
from faceindex.search.files import read_stamp
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.vectors import Faces, live_blocks
from faceindex.types import CheckedPart, Damage


def check_index(folder: LibraryFolder, *, deep: bool) -> CheckedPart:
    """Compare the file of an index with its checksum. deep: its vectors with those of the segments, too."""
    problem = _steady_damage(folder) or (_difference(folder) if deep else None)
    damage = (Damage(str(folder.index), problem),) if problem else ()
    return CheckedPart("index", face_index.state(folder), damage)


def _steady_damage(folder: LibraryFolder) -> str | None:
    """What is wrong with the index, looked at while nobody replaced it."""
    while True:
        before = read_stamp(folder.index)
        problem = face_index.damage(folder)
        if problem is None or before == read_stamp(folder.index):
            return problem


def _difference(folder: LibraryFolder) -> str | None:
    """How the vectors of an undamaged index differ from the segments', read in blocks; None when they do not.

    None as well when nobody can tell: a segment is damaged, which is reported elsewhere, or a writer came between.
    """
    with folder.catalog.snapshot():
        faces, segments = folder.catalog.stored_faces(), folder.catalog.segments()
        state = folder.catalog.faces_state()
    try:
        saved = SavedIndex.of(folder)
        index = open_saved(folder, saved.stamp) if saved else None
        if saved is None or index is None:
            return None
        order = np.argsort(index.ids, kind="stable")
        held = Faces(index.ids[order], order)
        covered = faces.written <= saved.coverage.segment
        faces = Faces(faces.ids[covered], faces.written[covered])
        differing = int(np.sum(~held.places(faces.ids)[1]))
        for segment in segments if not differing else ():
            path, recipe = folder.path / "vectors", folder.recipe
            for of, vectors in live_blocks(path, segment, faces, recipe.fingerprint, recipe.dimension):
                differing += int(np.sum((index.vectors[order[held.places(of)[0]]] != vectors).any(axis=1)))
    except (LibraryDamaged, OSError, ValueError):
        return None
    if not differing or folder.catalog.faces_state() != state:
        return None
    return plural(differing, "vector differs from the segments", "vectors differ from the segments")
