"""Drawn people with names, as many faces of each as wanted, and a library of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faceindex.journal.acts import NAME
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.names import decide
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face, Vectors


def named_people(people: int, faces: int, seed: int = 0) -> tuple[Vectors, npt.NDArray[np.int64], list[str]]:
    """float32 [people * faces, 128], who each is, int64, and their names."""
    random = np.random.default_rng(seed)
    spread = 0.25 * np.exp(-np.arange(128) / 30)
    centres = random.normal(size=(people, 128)) * spread
    who = np.repeat(np.arange(people), faces)
    vectors: Vectors = (centres[who] + 0.3 * random.normal(size=(len(who), 128)) * spread).astype(np.float32)
    return vectors, who, [f"person {seed}-{number}" for number in range(people)]


def store_named(folder: LibraryFolder, vectors: Vectors, people: npt.NDArray[np.int64], names: list[str]) -> None:
    """Commit a photo for each face, and name the faces."""
    batch = Batch()
    for number, vector in enumerate(vectors):
        face = Face(Box(0, 0, 9, 9), 1.0, np.zeros((5, 2), np.float32), vector, 0.5)
        file = FoundFile(f"/{number}.jpg", 1, 1, False)
        batch.photos[b"%d" % number] = (AnalysedPhoto(9, 9, (face,)), [file])
    with folder.writer() as writer:
        writer.commit(batch)
    faces = [record.face for record in sorted(folder.catalog.faces(), key=lambda record: int(record.photo[1:-4]))]
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        for number, name in enumerate(names):
            decide(transaction, NAME, [face for face, who in zip(faces, people, strict=True) if who == number], name)
