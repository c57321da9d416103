"""Photos that share one sidecar: IMG.xmp belongs to both IMG.dng and IMG.nef."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.exchange.xmp.region_frames import has_shape
from faceindex.photos.identity import RAW_EXTENSIONS
from faceindex.photos.metadata.areas import area_of, box_of
from faceindex.store.catalog import Catalog
from faceindex.store.people.sightings import PhotoFace, StoredPhoto, photo_faces, stored_photo
from faceindex.store.photos.photo_paths import paths_between
from faceindex.types import Box

_FINE = (100_000, 100_000)


def has_its_own(catalog: Catalog, path: str, photo: int) -> bool:
    """Whether the photo needs its own sidecar, IMG.nef.xmp, because it differs from an earlier photo with the same
    sidecar: a region can have only one name and one place."""
    before = [other for name, other in _of_the_same_name(catalog, path) if name < path and other != photo]
    if not before:
        return False
    own, faces = stored_photo(catalog, photo), photo_faces(catalog, photo)
    return any(_contradict(own, faces, stored_photo(catalog, other), photo_faces(catalog, other)) for other in before)


def _of_the_same_name(catalog: Catalog, path: str) -> list[tuple[str, int]]:
    """The library's photos in the folder of `path` with the same name but another suffix, which share `photo.xmp`; only
    the RAW photos if there are any. As (path, photo id)."""
    name = PurePath(path).with_suffix("")
    near = paths_between(catalog.connection, f"{name}.", f"{name}/")
    found = [(other, photo) for other, photo in near if PurePath(other).with_suffix("") == name]
    return [(other, photo) for other, photo in found if PurePath(other).suffix.lower() in RAW_EXTENSIONS] or found


def _contradict(
    photo: StoredPhoto, faces: Sequence[PhotoFace], other: StoredPhoto, others: Sequence[PhotoFace]
) -> bool:
    """Whether one photo has another person at a face of the other, or the pictures have different shapes."""
    if not has_shape(other.size, photo.size):
        return True
    same = faces_of_regions(_in_parts(faces, photo.size), _in_parts(others, other.size))
    pairs = ((faces[place], others[found]) for place, found in same.items())
    return any(
        one.person != two.person and (one.person or one.decided) and (two.person or two.decided) for one, two in pairs
    )


def _in_parts(faces: Sequence[PhotoFace], size: tuple[int, int]) -> list[Box]:
    return [box_of(area_of(face.box, size), _FINE) for face in faces]
