"""A library of made photos: faces with boxes and vectors, and no picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from faceindex.faces.recipe import recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact_all
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face, FaceRecord, Vectors


class MadeLibrary:
    """Of recipe `dlib`. vectors: of every face ever stored, by (content, box). scale: of vectors; with 0.05 people are
    as far apart as real ones."""

    def __init__(self, path: Path) -> None:
        self.folder = LibraryFolder(path, wanted=recipe("dlib"))
        self.vectors: dict[tuple[bytes, Box], Vectors] = {}
        self.scale = 1.0
        self._random = np.random.default_rng(0)

    def store(
        self,
        content: str,
        boxes: Sequence[Box],
        path: str = "",
        size: tuple[int, int] = (1000, 1000),
        people: Sequence[int] = (),
    ) -> int:
        """Commit one photo; its path is /content.jpg unless given. people: of the faces; by default nobody known."""
        return self.store_all({content: boxes}, path, size, people)

    def store_all(
        self,
        photos: dict[str, Sequence[Box]],
        path: str = "",
        size: tuple[int, int] = (1000, 1000),
        people: Sequence[int] = (),
    ) -> int:
        batch = Batch()
        for content, boxes in photos.items():
            faces = [self._face(content.encode(), box, *people[place : place + 1]) for place, box in enumerate(boxes)]
            file = FoundFile(path or f"/{content}.jpg", 1, 1, False)
            batch.photos[content.encode()] = (AnalysedPhoto(*size, tuple(faces)), [file])
        with self.folder.writer() as writer:
            return writer.commit(batch)

    def faces(self) -> dict[int, FaceRecord]:
        return {face.face: face for face in self.folder.catalog.faces()}

    def only_face(self) -> FaceRecord:
        (face,) = self.faces().values()
        return face

    @contextmanager
    def busy_writer(self, boxes: Sequence[Box]) -> Iterator[None]:
        """Meanwhile another thread commits photos and compacts, over and over."""
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                for number in range(3):
                    self.store(f"{number}", boxes)
                with self.folder.writer() as writer:
                    compact_all(writer)

        writing = threading.Thread(target=write)
        writing.start()
        try:
            yield
        finally:
            stop.set()
            writing.join()

    def holds_what_was_stored(self) -> bool:
        """Whether every face has the vector that was stored last for its photo and box."""
        contents = dict(self.folder.catalog.connection.execute("SELECT id, content FROM photos"))
        photos = dict(self.folder.catalog.connection.execute("SELECT id, photo FROM faces"))
        ids, vectors = self.folder.vectors()
        boxes = {face: record.box for face, record in self.faces().items()}
        return len(ids) == len(boxes) and all(
            np.array_equal(vector, self.vectors[contents[photos[face]], boxes[face]])
            for face, vector in zip(ids.tolist(), vectors, strict=True)
        )

    def _face(self, content: bytes, box: Box, person: int | None = None) -> Face:
        """Faces of one person are 0.16 apart, others 16."""
        vector: Vectors = self._random.standard_normal(128).astype(np.float32)
        if person is not None:
            vector = (np.random.default_rng(person).standard_normal(128) + vector / 100).astype(np.float32)
        vector = (vector * self.scale).astype(np.float32)
        self.vectors[content, box] = vector
        return Face(box, 1.0, np.zeros((5, 2), np.float32), vector, 0.5)
