"""The faces of a library that people have given a name: labelled by its users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.store.folder import LibraryFolder
from faceindex.types import Vectors


@dataclass(frozen=True, slots=True)
class NamedFaces:
    """names: people, sorted. people: int64 [n], places in `names`. vectors: float32 [n, d]."""

    names: tuple[str, ...]
    people: npt.NDArray[np.int64]
    vectors: Vectors


def named_faces(folder: LibraryFolder) -> NamedFaces:
    """Every face with a name and a vector, by person. Raises: UsageError without a library; LibraryDamaged."""
    with folder.vectors_of_one_state() as (ids, vectors):
        names = tuple(person.person for person in folder.catalog.people())
        faces = [np.array(folder.catalog.faces_of_person(name) or [], dtype=np.int64) for name in names]
    kept = [each[np.isin(each, ids)] for each in faces]
    wanted = np.concatenate([np.empty(0, dtype=np.int64), *kept])
    people = np.repeat(np.arange(len(names)), [len(each) for each in kept])
    return NamedFaces(names, people, vectors[np.searchsorted(ids, wanted)])
