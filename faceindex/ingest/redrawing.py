"""Drawn faces that their photos lost, by an edit or in a new library, are analysed again in their boxes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.drawn_box import boxes_to_try, face_in_box
from faceindex.photos.decode import Photo
from faceindex.photos.finding.addresses import HELD
from faceindex.photos.pictures import photo_and_content
from faceindex.running.stop import Stop
from faceindex.store.catalog import Catalog
from faceindex.store.journal.names import note_places, replay
from faceindex.store.photos.drawn import MissingFace, looked_in_vain, missing_faces
from faceindex.store.photos.lost import drop_found
from faceindex.store.photos.matching_by_box import SAME_FACE
from faceindex.store.photos.matching_by_vector import LIKELY_AMONG_OTHERS
from faceindex.store.photos.writing import Arrival
from faceindex.store.writer import Writer
from faceindex.types import AnalysedPhoto, Box, Face

_log = logging.getLogger(__name__)


def redraw(writer: Writer, analyser: Analyser, stop: Stop | None = None) -> int:
    """Analyse and store every drawn face that is missing, where its photo can be read; returns how many.

    After an edit a face must be near its former vector, else it stays lost. Raises: ModelError.
    """
    found: dict[int, Face] = {}
    photo_of: dict[int, int] = {}
    for missing in missing_faces(writer.catalog.connection):
        if stop is not None and stop.is_set():
            break
        photo = opened_photo(writer.catalog, missing.photo, analyser)
        face = None if photo is None else _face(writer, photo, missing, analyser)
        if face is not None:
            found[missing.face], photo_of[missing.face] = face, missing.photo
    if found:
        with writer.catalog.transaction() as transaction:
            writer.add_faces(photo_of, found)
            for number, face in found.items():
                note_places(transaction, _arrival(writer.catalog, photo_of[number], number, face))
            drop_found(transaction)
            replay(transaction, found)
    return len(found)


def opened_photo(catalog: Catalog, photo: int, analyser: Analyser) -> Photo | None:
    """A photo of the library, from one of its paths that still has its content; None when there is none."""
    content = catalog.content_of(photo)
    for path in catalog.paths_of(photo):
        if path.startswith(HELD):
            continue
        try:
            opened, here = photo_and_content(path, max_megapixels=analyser.max_megapixels)
        except UnreadablePhoto:
            continue
        if here == content:
            return opened
    return None


def _arrival(catalog: Catalog, photo: int, number: int, face: Face) -> Arrival:
    size = catalog.size_of(photo)
    return Arrival(catalog.content_of(photo), AnalysedPhoto(*size, ()), [], [face], [number], photo)


def _face(writer: Writer, photo: Photo, missing: MissingFace, analyser: Analyser) -> Face | None:
    """The face; None when it is not in the photo any more, or nothing there is near its former vector."""
    turn = writer.catalog.turn_of(missing.photo)
    try:
        if missing.vector is None or len(missing.vector) != analyser.recipe.dimension:
            return face_in_box(photo, missing.box, analyser, turn)
        boxes = boxes_to_try(photo, missing.box, analyser, turn)
        others = [other.box for other in writer.catalog.faces_of(missing.photo, (photo.width, photo.height))]
        boxes = [box for box in boxes if all(box.overlap(other) < SAME_FACE for other in others)]
        return _nearest(
            writer, missing, [one for box in boxes for one in _in_box(photo, box, analyser, turn)], analyser
        )
    except (UsageError, UnreadablePhoto) as error:  # the edit cut it off, or the file is damaged
        _log.info("drawn face %d is not in %s: %s", missing.face, photo.path, error)
        return None


def _in_box(photo: Photo, box: Box, analyser: Analyser, turn: int) -> list[Face]:
    try:
        return [face_in_box(photo, box, analyser, turn)]
    except UsageError:  # the edit cut it off
        return []


def _nearest(writer: Writer, missing: MissingFace, faces: Sequence[Face], analyser: Analyser) -> Face | None:
    assert missing.vector is not None
    distances = [float(np.linalg.norm(face.vector - missing.vector)) for face in faces]
    near = min(distances, default=np.inf)
    if near <= LIKELY_AMONG_OTHERS * analyser.recipe.match_threshold:
        return faces[distances.index(near)]
    with writer.catalog.transaction() as transaction:
        looked_in_vain(transaction, missing.face, near)
    return None
