"""Photos of PhotoPrism: its API's JSON (GET /api/v1/photos/UID), whose files have markers.

X and Y are the corner of a marker, and all four are parts of the upright picture (internal/face, Face.CropArea).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faceindex.exchange.programs.json_documents import dicts, json_objects
from faceindex.exchange.programs.named_regions import FRACTIONS, ForeignPhoto, Problems, corners, region


def photoprism_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named markers in files of JSON. Raises: UsageError."""
    for file, found in json_objects(path, problems):
        for one in dicts(found.get("Files")):
            if (photo := _photo(one, file, problems)) is not None:
                yield photo


def _photo(file: dict[str, Any], read: Path, problems: Problems) -> ForeignPhoto | None:
    path, size, digest = file.get("Name"), file.get("Size"), file.get("Hash")
    markers = [one for one in dicts(file.get("Markers")) if one.get("Type") == "face" and not one.get("Invalid")]
    if not markers:
        return None
    if not isinstance(path, str):
        problems.add(str(read), "a file with markers has no Name")
        return None
    regions = []
    for marker in markers:
        box = corners(*(marker.get(side) for side in ("X", "Y", "W", "H")))
        if box is None and marker.get("Name"):
            problems.add(path, f"the box of {marker['Name']} is not four numbers with a size")
        if (made := region(marker.get("Name"), box, problems, path)) is not None:
            regions.append(made)
    sha1 = bytes.fromhex(digest) if isinstance(digest, str) and _is_sha1(digest) else None
    known = size if isinstance(size, int) else None
    return ForeignPhoto(path, tuple(regions), size=FRACTIONS, length=known, sha1=sha1) if regions else None


def _is_sha1(text: str) -> bool:
    return len(text) == 40 and all(letter in "0123456789abcdef" for letter in text)
