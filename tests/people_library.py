"""A library of drawn people, without photos, for what is decided about faces."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos.writing import store_dates
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face, Vectors

BOX = Box(10, 10, 50, 50)


def drawn_people(people: list[int], seed: int = 0, spread: float = 0.25) -> Vectors:
    """float32 [n, 128]: a vector of each face, which is of the person `people` says; two people are some 0.8 apart.

    spread: the usual distance of two faces of a person.
    """
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(people, default=0) + 1, 128)) * 0.8 / np.sqrt(256)
    noise = np.random.default_rng(seed + 1 + len(people)).normal(size=(len(people), 128)) * spread / np.sqrt(256)
    faces: Vectors = (centres[people] + noise).astype(np.float32)
    return faces


def store_vectors(path: Path, vectors: Vectors, prefix: str = "photo", recipe_name: str = "dlib") -> None:
    """Add a face of a photo of its own for each vector to the library at `path`."""
    landmarks = np.zeros((5, 2), np.float32)
    batch = Batch()
    for number, vector in enumerate(vectors):
        name = f"{prefix}-{number:05d}"
        photo = AnalysedPhoto(100, 100, (Face(BOX, 1.0, landmarks, vector, 0.9),))
        batch.photos[os.fsencode(name)] = (photo, [FoundFile(f"/{name}.jpg", 1, 1, False)])
    folder = LibraryFolder(path, wanted=recipe(recipe_name))
    with folder.writer() as writer:
        writer.commit(batch)
    folder.close()


def albums_of(library: faceindex.Library) -> dict[int, set[int]]:
    """The faces of each album, hidden ones too."""
    return {
        album.album: {face.face for face in library.albums.faces(album.album, hidden=True, limit=None)}
        for album in library.albums.list(hidden=True, limit=None)
    }


def date_photos(path: Path, taken: dict[int, str]) -> None:
    """Say when photos were taken, by their ids, which are those of their faces in libraries that are drawn."""
    folder = LibraryFolder(path)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        store_dates(transaction, {photo: (date, "drawn") for photo, date in taken.items()})
    folder.close()
