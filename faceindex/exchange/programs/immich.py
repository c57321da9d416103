"""Photos of Immich: assets and faces as its API gives them (types of the npm package @immich/sdk, 1.106 to 3.2).

Until version 2, an asset has the people in it, each with its faces (GET /api/assets/ID, POST /api/search/metadata with
withPeople). Since then, faces come on their own (GET /api/faces?id=ID); they are put into the asset as "faces".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faceindex.exchange.programs.json_documents import dicts, json_objects
from faceindex.exchange.programs.named_regions import (
    FRACTIONS,
    ForeignPhoto,
    NamedRegion,
    Problems,
    corners,
    region,
)


def immich_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named faces in files of JSON. Raises: UsageError."""
    for file, found in json_objects(path, problems):
        for asset in _assets(found):
            if (photo := _photo(asset, file, problems)) is not None:
                yield photo


def _assets(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The assets in an answer: itself, a page of a search, or a list under "assets"."""
    if isinstance(found.get("originalPath"), str):
        yield found
        return
    inner = found.get("asset") if isinstance(found.get("asset"), dict) else None
    if inner is not None:
        yield {**inner, "faces": found.get("faces", inner.get("faces"))}
        return
    listed = found.get("assets")
    listed = listed.get("items") if isinstance(listed, dict) else listed
    for asset in listed if isinstance(listed, list) else []:
        if isinstance(asset, dict):
            yield asset


def _photo(asset: dict[str, Any], file: Path, problems: Problems) -> ForeignPhoto | None:
    path = asset.get("originalPath")
    if not isinstance(path, str):
        problems.add(str(file), "an asset has no originalPath")
        return None
    if asset.get("type", "IMAGE") != "IMAGE":
        return None
    regions = [made for name, face in _faces(asset) if (made := _region(name, face, path, problems)) is not None]
    if not regions:
        return None
    exif = asset.get("exifInfo")
    size = exif.get("fileSizeInByte") if isinstance(exif, dict) else None
    name = asset.get("originalFileName")
    return ForeignPhoto(
        path,
        tuple(regions),
        size=FRACTIONS,
        length=size if isinstance(size, int) else None,
        sha1=_checksum(asset.get("checksum")),
        names=(name,) if isinstance(name, str) else (),
    )


def _faces(asset: dict[str, Any]) -> Iterator[tuple[object, dict[str, Any]]]:
    """Names and faces; a person without faces was named without a place."""
    faces = dicts(asset.get("faces"))
    for face in faces:
        if isinstance(person := face.get("person"), dict):
            yield person.get("name"), face
    if faces:
        return
    for person in dicts(asset.get("people")):
        for face in dicts(person.get("faces")) or [{}]:
            yield person.get("name"), face


def _region(name: object, face: dict[str, Any], path: str, problems: Problems) -> NamedRegion | None:
    x, y, right, bottom = (face.get(f"boundingBox{side}") for side in ("X1", "Y1", "X2", "Y2"))
    width, height = face.get("imageWidth"), face.get("imageHeight")
    if not face:
        return region(name, None, problems, path)
    try:
        box = corners(x / width, y / height, (right - x) / width, (bottom - y) / height)  # type: ignore[operator]
    except (TypeError, ZeroDivisionError, OverflowError):
        box = None
    if box is None:
        problems.add(path, f"the box of {name} is not four numbers with a size")
    return region(name, box, problems, path)


def _checksum(said: object) -> bytes | None:
    if not isinstance(said, str):
        return None
    try:
        digest = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == 20 else None
