"""Photos of Picasa: the hidden file .picasa.ini in each folder, and contacts.xml, which names people.

`faces=rect64(3f845bcb59418507),8e62398ebda8c1a5` gives the left, top, right and bottom side of a face in parts of the
picture as Picasa shows it, each as four hexadecimal digits up to ffff, and the id of a contact. [Contacts2] has the
names of contacts in newer versions; older ones have them in contacts.xml in the user's Google/Picasa2/contacts.
`rotate=rotate(1)` is a quarter of a turn, clockwise, which the user made in Picasa and which the file does not have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from faceindex.exchange.programs.folders import size_of, walked
from faceindex.exchange.programs.named_regions import (
    FRACTIONS,
    Corners,
    ForeignPhoto,
    NamedRegion,
    Problems,
    corners,
    region,
)
from faceindex.files.reading import open_regular, read_regular

_INIS = (".picasa.ini", "picasa.ini")
_CONTACTS = "contacts.xml"
_MOST = 64 << 20  # bytes of one file
_FACE = re.compile(r"rect64\(([0-9a-fA-F]{1,16})\),([0-9a-fA-F]+)")
_ROTATE = re.compile(r"rotate\(([0-3])\)")
_BACK = {"1": 8, "2": 3, "3": 6}
"""The EXIF orientation that undoes each rotation."""


def picasa_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named faces at or under the folder `path`. Ids without a name are counted as problems."""
    names = _contacts(path, problems)
    for folder, files in walked(path, problems.add):
        for ini in (name for name in files if name.lower() in _INIS):
            for photo, values in _sections(os.path.join(folder, ini), problems):  # noqa: PTH118
                found = _photo(os.path.join(folder, photo), values, names, problems)  # noqa: PTH118
                if found is not None:
                    yield found


def _photo(path: str, values: dict[str, str], names: dict[str, str], problems: Problems) -> ForeignPhoto | None:
    regions: list[NamedRegion] = []
    for rectangle, contact in _FACE.findall(values.get("faces", "")):
        person = contact.lower().lstrip("0")
        if set(person) == {"f"}:  # nobody
            continue
        if person not in names:
            problems.add(path, f"contact {contact} has no name in any [Contacts2] or {_CONTACTS}")
            continue
        box = _box(rectangle)
        if box is None:
            problems.add(path, f"the box of {names[person]} has no size")
        if (made := region(names[person], box, problems, path)) is not None:
            regions.append(made)
    if not regions:
        return None
    rotated = _ROTATE.search(values.get("rotate", ""))
    turns = (1, _BACK[rotated[1]]) if rotated and rotated[1] != "0" else (1,)
    return ForeignPhoto(path, tuple(regions), size=FRACTIONS, turns=turns, stored=True, length=size_of(path))


def _box(rectangle: str) -> Corners | None:
    digits = rectangle.zfill(16)
    left, top, right, bottom = (int(digits[place : place + 4], 16) / 0xFFFF for place in range(0, 16, 4))
    return corners(left, top, right - left, bottom - top)


def _contacts(path: Path, problems: Problems) -> dict[str, str]:
    """Names of contacts by id, from all files under the folder."""
    names: dict[str, str] = {}
    for folder, files in walked(path, lambda *_: None):
        for name in files:
            file = os.path.join(folder, name)  # noqa: PTH118
            if name.lower() == _CONTACTS:
                names |= _in_xml(file, problems)
            elif name.lower() in _INIS:
                for section, values in _sections(file, Problems()):
                    if section == "Contacts2":
                        names |= {key.lower().lstrip("0"): said.split(";")[0] for key, said in values.items()}
    return {contact: name for contact, name in names.items() if name.strip()}


def _in_xml(file: str, problems: Problems) -> dict[str, str]:
    try:
        data = read_regular(file)
        if b"<!ENTITY" in data or len(data) > _MOST:
            raise ElementTree.ParseError("entities or more than 64 MiB")
        root = ElementTree.fromstring(data)
    except (OSError, ElementTree.ParseError) as error:
        problems.add(file, f"is not a list of contacts: {error}")
        return {}
    people = ((one.get("id", ""), one.get("name") or one.get("display") or "") for one in root.iter("contact"))
    return {contact.lower().lstrip("0"): name for contact, name in people if contact}


def _sections(file: str, problems: Problems) -> Iterator[tuple[str, dict[str, str]]]:
    """The sections of an ini file with their values."""
    section, values = "", dict[str, str]()
    try:
        with open_regular(file) as lines:
            if os.fstat(lines.fileno()).st_size > _MOST:
                problems.add(file, "is larger than 64 MiB")
                return
            for line in lines:
                text = _text(line).strip()
                if text.startswith("[") and text.endswith("]"):
                    yield section, values
                    section, values = text[1:-1], {}
                elif "=" in text:
                    key, _, value = text.partition("=")
                    values[key.strip()] = value.strip()
    except OSError as error:
        problems.add(file, error.strerror or str(error))
    yield section, values


def _text(line: bytes) -> str:
    """Picasa writes UTF-8; old versions wrote the code page of Windows."""
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
