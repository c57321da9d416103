"""What was forgotten in one library is forgotten in the merged one."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.store.care.erasing import erase
from faceindex.store.care.tombstones import WHOLE_PHOTO, forgotten
from faceindex.store.layout import INDEX
from faceindex.store.merging.source import Source
from faceindex.store.writer import Writer
from faceindex.types import Erased

_BLOCK = 10_000


def forget_as_sources(writer: Writer, sources: Sequence[Source], *, dry_run: bool = False) -> Erased | None:
    """Join the tombstones, and erase what is here and was forgotten in one of `sources`; None when nothing is.

    Tombstones come first: photos that are stored afterwards lack what was forgotten.
    """
    with writer.catalog.transaction():
        joined = [writer.catalog.tombstones().join(source.catalog.tombstones()) for source in sources]
    if not any(len(source.catalog.tombstones()) for source in sources) and not sum(joined):
        return None
    photos, faces = _forgotten(writer)
    if not photos and not faces:
        return None
    return erase(writer, writer.vectors.parent / INDEX, photos=photos, faces=faces, dry_run=dry_run)


def _forgotten(writer: Writer) -> tuple[list[int], list[int]]:
    """Ids of photos and of faces that are here."""
    connection = writer.catalog.connection
    photos: list[int] = []
    faces: list[int] = []
    last = 0
    while rows := connection.execute(
        "SELECT id, content FROM photos WHERE id > ? ORDER BY id LIMIT ?", (last, _BLOCK)
    ).fetchall():
        last = rows[-1][0]
        photo_of = {content: photo for photo, content in rows}
        for content, graves in writer.catalog.tombstones().among(photo_of):
            if WHOLE_PHOTO in graves:
                photos.append(photo_of[content])
                continue
            boxes = writer.catalog.landmarks_of(photo_of[content])
            faces += [face for face, (box, _) in boxes.items() if forgotten(box, graves)]
    return photos, faces
