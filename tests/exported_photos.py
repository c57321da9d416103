"""Photo files and a library that knows them: faces with boxes, names and albums, and no picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from made_albums import make_albums
from made_library import MadeLibrary

from faceindex.journal.acts import HIDE, NAME, UNNAME
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.identity import content_hash
from faceindex.store.journal.names import decide
from faceindex.store.people.sightings import photo_faces
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box


class ExportedPhotos:
    """root: the folder of photos. made: the library."""

    def __init__(self, made: MadeLibrary, root: Path) -> None:
        self.made = made
        self.root = root

    def add(
        self, *names: str, faces: int = 1, data: bytes | None = None, size: tuple[int, int] = (1000, 1000)
    ) -> list[int]:
        """One photo under these paths below the root; the ids of its faces, which stand in a row."""
        boxes = [Box(100 * place, 100, 60, 60) for place in range(faces)]
        return self.add_boxes(names, boxes, names[0].encode("utf-8", "surrogateescape") if data is None else data, size)

    def add_boxes(
        self, names: Sequence[str], boxes: Sequence[Box], data: bytes, size: tuple[int, int] = (1000, 1000)
    ) -> list[int]:
        found = []
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            status = path.stat()
            found.append(FoundFile(str(path), status.st_size, status.st_mtime_ns, False))
        batch = Batch()
        content = content_hash(data)
        faces = tuple(self.made._face(content, box, person=place) for place, box in enumerate(boxes))
        batch.photos[content] = (AnalysedPhoto(*size, faces), found)
        with self.made.folder.writer() as writer:
            writer.commit(batch)
        (photo,) = {record.photo for record in self.made.folder.catalog.photos(found[0].path)}
        return [face.face for face in photo_faces(self.made.folder.catalog, photo)]

    def name(self, person: str, *faces: int) -> None:
        with self.made.folder.decisions() as catalog, catalog.transaction() as transaction:
            decide(transaction, NAME, faces, person)

    def unname(self, *faces: int) -> None:
        with self.made.folder.decisions() as catalog, catalog.transaction() as transaction:
            decide(transaction, UNNAME, faces)

    def hide(self, *faces: int) -> None:
        with self.made.folder.decisions() as catalog, catalog.transaction() as transaction:
            decide(transaction, HIDE, faces)

    def albums(self, **albums: Sequence[int]) -> None:
        """The albums, and no others; `a12=[...]` is number 12."""
        make_albums(self.made.folder, {int(number[1:]): faces for number, faces in albums.items()})

    def forget_path(self, name: str) -> None:
        with self.made.folder.writer() as writer:
            writer.remove_paths([str(self.root / name)])
