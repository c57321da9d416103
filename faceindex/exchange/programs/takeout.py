"""Photos of Google Takeout: a file of JSON beside each photo says who is on it, but not where.

The JSON's name follows from the photo's, and is cut off to 46 characters and `.json`: IMG_1.jpg.json, since the end of
2024 IMG_1.jpg.supplemental-metadata.json or a part of that word. The number of a second IMG_1.jpg, IMG_1(1).jpg, stands
at the end: IMG_1.jpg(1).json, IMG_1.jpg.supplemental-metadata(1).json. An edited copy, IMG_1-edited.jpg, has the JSON
of the original. As in ente's importer, names are made from the photo to the JSON: that way is unique.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from faceindex.exchange.programs.folders import size_of, walked
from faceindex.exchange.programs.json_documents import dicts
from faceindex.exchange.programs.named_regions import ForeignPhoto, Problems, region
from faceindex.files.reading import read_regular
from faceindex.photos.identity import claims_to_be_photo

LONGEST_STEM = 46
"""Characters of the JSON's name before .json."""

_MOST = 4 << 20  # bytes of one file of JSON
_WORD = ".supplemental-metadata"
_NUMBERED = re.compile(r"(.+)(\(\d+\))(\.[^.]+)?", re.DOTALL)
_EDITED = (
    *("edited", "effects", "smile", "mix", "edytowane", "bearbeitet", "bewerkt", "編集済み", "modificato", "modifié"),
    *("ha editado", "editat", "editado", "redigerad", "düzenlendi", "upraveno", "muokattu", "изменено"),
)
"""Google's words at the end of an edited copy's name, in the languages that its exports use."""


def takeout_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with names in the folders at or under `path`; several paths of one photo each count."""
    for folder, files in walked(path, problems.add):
        texts = {name for name in files if name.lower().endswith(".json")}
        photos = [name for name in files if claims_to_be_photo(name)]
        used: set[str] = set()
        for photo in photos:
            text = next((name for name in json_names(photo) if name in texts), None)
            if text is not None:
                used.add(text)
                yield from _photo(folder, photo, text, problems)
        for text in sorted(texts - used):
            yield from _without_photo(folder, text, problems)


def json_names(photo: str) -> Iterator[str]:
    """Names that the JSON of a photo may have, the likeliest first."""
    yield from _names(photo)
    stem, end = os.path.splitext(photo)  # noqa: PTH122
    numbered = _NUMBERED.fullmatch(stem)
    plain, number = (numbered[1], numbered[2]) if numbered else (stem, "")
    for word in _EDITED:
        if plain.endswith(f"-{word}"):
            yield from _names(f"{plain.removesuffix(f'-{word}')}{number}{end}")


def _names(photo: str) -> Iterator[str]:
    numbered = _NUMBERED.fullmatch(photo)
    if numbered is not None:
        plain, number = f"{numbered[1]}{numbered[3] or ''}", numbered[2]
        yield f"{(plain + _WORD)[:LONGEST_STEM]}{number}.json"
        yield f"{plain[:LONGEST_STEM]}{number}.json"
    yield f"{(photo + _WORD)[:LONGEST_STEM]}.json"
    yield f"{photo[:LONGEST_STEM]}.json"
    yield f"{os.path.splitext(photo)[0][:LONGEST_STEM]}.json"  # noqa: PTH122


def _photo(folder: str, photo: str, text: str, problems: Problems) -> Iterator[ForeignPhoto]:
    path = os.path.join(folder, photo)  # noqa: PTH118
    said = _read(os.path.join(folder, text), problems)  # noqa: PTH118
    if said is not None:
        yield from _named(path, said, (), size_of(path), problems)


def _without_photo(folder: str, text: str, problems: Problems) -> Iterator[ForeignPhoto]:
    """A JSON whose photo is elsewhere: exports of many gigabytes come in several archives."""
    said = _read(os.path.join(folder, text), problems)  # noqa: PTH118
    title = None if said is None else said.get("title")
    if said is not None and isinstance(title, str) and claims_to_be_photo(title):
        numbered = _NUMBERED.fullmatch(text.removesuffix(".json"))
        stem, end = os.path.splitext(PurePosixPath(title).name)  # noqa: PTH122
        name = f"{stem}{numbered[2] if numbered and numbered[2] not in stem else ''}{end}"
        path = os.path.join(folder, name)  # noqa: PTH118
        yield from _named(path, said, (name,), size_of(path), problems)


def _named(
    path: str, said: dict[str, Any], names: tuple[str, ...], size: int | None, problems: Problems
) -> Iterator[ForeignPhoto]:
    regions = [region(one.get("name"), None, problems, path) for one in dicts(said.get("people"))]
    unique = {one.name: one for one in regions if one is not None}
    if unique:
        yield ForeignPhoto(path, tuple(unique.values()), length=size, names=names)


def _read(file: str, problems: Problems) -> dict[str, Any] | None:
    try:
        data = read_regular(file)
        if b'"people"' not in data:
            return None
        if len(data) > _MOST:
            raise ValueError("larger than 4 MiB")
        said = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        problems.add(file, f"is not JSON of a photo: {getattr(error, 'strerror', None) or error}")
        return None
    return said if isinstance(said, dict) else None
