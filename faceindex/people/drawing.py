"""A user draws the box of a face that the detector had missed: it is analysed there, stored, and may get a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.drawn_box import check_drawn_box, face_in_box
from faceindex.ingest.redrawing import opened_photo
from faceindex.journal import acts as kinds
from faceindex.people.acting import checked, refuse_known_name
from faceindex.people.albums import derive_albums
from faceindex.people.steps import Step, deciding, open_step
from faceindex.store.care.tombstones import forgotten
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.names import ALBUMS_DUE
from faceindex.store.people.person_ids import name_meant
from faceindex.store.photos.matching_by_box import SAME_FACE
from faceindex.store.photos.writing import next_face_id, store_faces
from faceindex.store.writer import Writer
from faceindex.types import Box, Decided, Face, PhotoRecord


def draw(
    folder: LibraryFolder,
    photo: PhotoRecord,
    box: Box,
    *,
    analyser: Analyser,
    person: str | None = None,
    merge: bool = True,
    dry_run: bool = False,
) -> tuple[int, Face, Decided]:
    """Store the face in `box`, in pixels of the upright photo, as a decision; returns its id and what was found.

    person: whose it is. merge: also when somebody has this name already. dry_run: it is analysed and not stored; the id
    is 0. Raises: UsageError when the box lies outside, is tiny, or has a face already, when the face there was
    forgotten, or the file has changed; NameInUse; UnreadablePhoto; ModelError; LibraryLocked.
    """
    if person is not None:
        checked(person)
    check_drawn_box(box, photo.width, photo.height)
    _refuse_known(folder.catalog, photo, box)
    analyser.check_models()
    opened = opened_photo(folder.catalog, photo.photo, analyser)
    if opened is None:
        raise UsageError(f"{photo.path} is not there as the library knows it; `faceindex ingest` reads it again")
    face = face_in_box(opened, box, analyser, folder.catalog.turn_of(photo.photo))
    with _writing(folder, dry_run=dry_run) as (step, writer):
        name = None if person is None else name_meant(step.transaction, person)
        _refuse_known(step.catalog, photo, box)
        number = next_face_id(step.transaction)
        if name is not None and not merge:
            refuse_known_name(step, [number], name)
        if writer is None:
            store_faces(step.transaction, photo.photo, 0, [(number, face)])
        else:
            writer.add_faces({number: photo.photo}, {number: face})
        decided = step.decide(kinds.DRAW, [number], name)
    return (0 if dry_run else number), face, decided


@contextmanager
def _writing(folder: LibraryFolder, *, dry_run: bool) -> Iterator[tuple[Step, Writer | None]]:
    """The step, and what writes vectors; nothing does in a dry run."""
    if dry_run:
        with deciding(folder, dry_run=True) as step:
            yield step, None
        return
    begun = open_step(folder)
    if begun is not None and begun.held is not None:
        yield begun, begun.held.writer(folder, begun.catalog)
        return
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        if ALBUMS_DUE in writer.catalog.settings():
            derive_albums(transaction)
        yield Step(writer.catalog, transaction), writer


def _refuse_known(catalog: Catalog, photo: PhotoRecord, box: Box) -> None:
    """Raises: UsageError when the library has a face in this box, or what users say is none, or forgot one."""
    where = f"in this box of {os.path.basename(photo.path)}"  # noqa: PTH119  (an address is no Path)
    listed = {record.face for record in catalog.faces_at(photo.path)}
    for known in catalog.faces_of(photo.photo, (photo.width, photo.height)):
        if known.box.overlap(box) >= SAME_FACE and known.face in listed:
            raise UsageError(
                f"face {known.face} lies {where} already; `faceindex people name face:{known.face} NAME` names it"
            )
        if known.box.overlap(box) >= SAME_FACE:
            raise UsageError(
                f"what lies {where} was said to be no face; `faceindex people is-face {known.face}` takes that back"
            )
    if forgotten(box, catalog.tombstones().of(catalog.content_of(photo.photo))):
        raise UsageError(f"a face {where} was forgotten; `faceindex people forget --lift PHOTO` lets it come back")
