"""The names of `moved_set` as other programs keep them."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from moved_set import MovedPhoto, moved_photos

from faceindex.photos.metadata.areas import area_of, stored
from faceindex.types import Box

DIGIKAM = Path(__file__).with_name("exchange") / "programs" / "digikam_7.9.sql"
OLD_ROOT = "/home/ann/Pictures"
"""Where the photos are in all these exports."""

Placed = tuple[MovedPhoto, str, Box]


def named_boxes() -> Iterator[Placed]:
    """Every name: the photo, the name, the box that the program has."""
    for photo in moved_photos():
        for person, box in zip(photo.people, photo.said, strict=True):
            yield photo, person.replace("_", " "), box


def write_digikam(photos: Path, folder: Path) -> Path:
    """The database that digiKam 7.9 made, with the sizes that the files have here."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "digikam4.db")) as database:
        database.executescript(DIGIKAM.read_text())
        for photo in photos.iterdir():
            database.execute("UPDATE Images SET fileSize = ? WHERE name = ?", (photo.stat().st_size, photo.name))
        database.commit()
    return folder


def write_immich(photos: Path, folder: Path) -> Path:
    """Half as pages of a search with people and faces, half as assets with their faces."""
    folder.mkdir()
    assets: list[dict[str, Any]] = []
    for photo in moved_photos():
        data = (photos / photo.name).read_bytes()
        width, height = photo.size[0] / 2, photo.size[1] / 2  # of a preview
        people: list[dict[str, Any]] = []
        for person, box in zip(photo.people, photo.said, strict=True):
            face = {"id": "f", "imageWidth": width, "imageHeight": height, "sourceType": "machine-learning"}
            face |= {"boundingBoxX1": box.x / 2, "boundingBoxX2": (box.x + box.width) / 2}
            face |= {"boundingBoxY1": box.y / 2, "boundingBoxY2": (box.y + box.height) / 2}
            people.append({"id": "p", "name": person.replace("_", " "), "isHidden": False, "faces": [face]})
        assets.append(
            {"id": photo.name, "type": "IMAGE", "originalPath": f"/usr/src/app/upload/{photo.name[::-1]}"}
            | {"originalFileName": photo.name, "checksum": base64.b64encode(hashlib.sha1(data).digest()).decode()}
            | {"exifInfo": {"fileSizeInByte": len(data)}, "people": people}
        )
    page = {"albums": {"items": []}, "assets": {"total": 16, "items": assets[::2], "nextPage": None}}
    (folder / "1.json").write_text(json.dumps(page, indent=1))
    lines = []
    for asset in assets[1::2]:
        faces = [
            face | {"person": {key: person[key] for key in ("id", "name", "isHidden")}}
            for person in asset.pop("people")
            for face in person["faces"]
        ]
        lines.append(json.dumps({"asset": asset, "faces": faces}))
    (folder / "2.jsonl").write_text("\n".join(lines))
    return folder


def write_takeout(photos: Path, folder: Path) -> Path:
    """A folder of photos with JSON beside them, in the names that Google gives."""
    folder.mkdir()
    for number, photo in enumerate(moved_photos()):
        data = (photos / photo.name).read_bytes()
        (folder / photo.name).write_bytes(data)
        said = {"title": photo.name, "people": [{"name": person.replace("_", " ")} for person in photo.people]}
        name = f"{photo.name}.supplemental-metadata"[:46] if number % 2 else photo.name[:46]
        (folder / f"{name}.json").write_text(json.dumps(said))
    return folder


def write_picasa(photos: Path, folder: Path) -> Path:
    """The ini file in a folder of photos, and contacts.xml for one half of the people."""
    folder.mkdir()
    names = dict.fromkeys(name for _, name, _ in named_boxes())
    contacts = {name: f"{0xABC0 + number:016x}" for number, name in enumerate(names)}
    lines = ["\ufeff[Picasa]", "name=Album", "[Contacts2]"]
    lines += [f"{contact.lstrip('0')}={name};;" for name, contact in list(contacts.items())[:3]]
    for photo in moved_photos():
        (folder / photo.name).write_bytes((photos / photo.name).read_bytes())
        faces = []
        for person, box in zip(photo.people, photo.said, strict=True):
            width, height = photo.size
            sides = (box.x / width, box.y / height, (box.x + box.width) / width, (box.y + box.height) / height)
            digits = "".join(f"{round(side * 0xFFFF):04x}" for side in sides).lstrip("0")
            faces.append(f"rect64({digits}),{contacts[person.replace('_', ' ')]}")
        lines += [f"[{photo.name}]", "star=yes", f"faces={';'.join(faces)}", "backuphash=1234"]
    (folder / ".picasa.ini").write_text("\r\n".join(lines), encoding="utf-8")
    people = [f'<contact id="{one}" name="{name}"/>' for name, one in list(contacts.items())[3:]]
    (folder / "contacts.xml").write_text(f'<?xml version="1.0"?><contacts>{"".join(people)}</contacts>')
    return folder


def write_photoprism(photos: Path, folder: Path) -> Path:
    """The answers of the API, one object after the other."""
    answers = []
    for photo in moved_photos():
        width, height = photo.size
        markers = [
            {"UID": "m", "Type": "face", "Src": "image", "Name": person.replace("_", " "), "Invalid": False}
            | {"X": box.x / width, "Y": box.y / height, "W": box.width / width, "H": box.height / height}
            for person, box in zip(photo.people, photo.said, strict=True)
        ]
        markers += [{**markers[0], "Name": "Nobody Else", "Invalid": True}, {**markers[0], "Name": ""}]
        file = {"Name": f"2020/{photo.name}", "Root": "/", "Size": (photos / photo.name).stat().st_size}
        answers.append({"UID": "p", "Files": [file | {"Markers": markers}, {"Name": "2020/x.mp4", "Markers": None}]})
    folder.with_suffix(".json").write_text("\n".join(map(json.dumps, answers)))
    return folder.with_suffix(".json")


def write_osxphotos(photos: Path, folder: Path) -> Path:
    """What `osxphotos query --json` prints."""
    listed = []
    for photo in moved_photos():
        faces = []
        for person, box in zip(photo.people, photo.said, strict=True):
            area = stored(area_of(box, photo.size), photo.orientation)
            place = {"x": area.x, "y": area.y, "w": area.width, "h": area.height}
            faces.append({"name": person.replace("_", " "), "mwg_rs_area": place, "intrash": False})
        faces.append({"name": None, "mwg_rs_area": {"x": 0, "y": 0, "w": 0, "h": 0}})
        listed.append(
            {
                "uuid": photo.name,
                "original_filename": photo.name,
                "path": f"/Users/ann/originals/{photo.name[:1]}/1.jpg",
            }
            | {"original_filesize": (photos / photo.name).stat().st_size, "original_orientation": photo.orientation}
            | {"persons": [*(person.replace("_", " ") for person in photo.people), "_UNKNOWN_"], "face_info": faces}
        )
    folder.with_suffix(".json").write_text(json.dumps(listed))
    return folder.with_suffix(".json")


def _nextcloud_rows(photos: Path) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {"oc_storages": [{"numeric_id": 7, "id": "home::ann"}]}
    people = {name: number for number, name in enumerate(dict.fromkeys(name for _, name, _ in named_boxes()), 1)}
    tables["oc_facerecog_persons"] = [
        {"id": number, "user": "ann", "name": name, "is_visible": 1} for name, number in people.items()
    ]
    tables["oc_recognize_face_clusters"] = [{"id": number, "title": name} for name, number in people.items()]
    for name in ("oc_filecache", "oc_facerecog_images", "oc_facerecog_faces", "oc_recognize_face_detections"):
        tables[name] = []
    for number, photo in enumerate(moved_photos(), 100):
        path = f"files/Photos/{photo.name}"
        size = (photos / photo.name).stat().st_size
        tables["oc_filecache"].append({"fileid": number, "storage": 7, "path": path, "name": photo.name, "size": size})
        tables["oc_facerecog_images"].append({"id": number + 1000, "user": "ann", "file": number, "model": 1})
        for person, box in zip(photo.people, photo.said, strict=True):
            face = len(tables["oc_facerecog_faces"]) + 1
            values = dict(zip(("x", "y", "width", "height"), box.as_list(), strict=True))
            whose = people[person.replace("_", " ")]
            tables["oc_facerecog_faces"].append(
                {"id": face, "image": number + 1000, "person": whose} | values | {"descriptor": "[0.1, 'a);', 2]"}
            )
            width, height = photo.size
            parts = {"x": box.x / width, "y": box.y / height, "width": box.width / width, "height": box.height / height}
            tables["oc_recognize_face_detections"].append(
                {"id": face, "user_id": "ann", "file_id": number, "cluster_id": whose, "vector": "[0,1]"} | parts
            )
    return tables


def write_facerecognition(photos: Path, folder: Path) -> Path:
    """A dump as mysqldump writes it: columns in CREATE TABLE, many rows in a line."""
    lines = ["-- MySQL dump 10.13", "/*!40101 SET NAMES utf8 */;"]
    for table, rows in _nextcloud_rows(photos).items():
        if "recognize" in table:
            continue
        columns = ",\n".join(f"  `{name}` bigint(20) NOT NULL DEFAULT 0" for name in rows[0])
        lines.append(
            f"DROP TABLE IF EXISTS `{table}`;\nCREATE TABLE `{table}` (\n{columns},\n  PRIMARY KEY (`id`)\n) E=X;"
        )
        values = ",".join(f"({','.join(map(_quoted, row.values()))})" for row in rows)
        lines.append(f"INSERT INTO `{table}` VALUES {values};")
    folder.with_suffix(".sql").write_text("\n".join(lines))
    return folder.with_suffix(".sql")


def _quoted(value: object) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "\\'") + "'"


def write_recognize(photos: Path, folder: Path) -> Path:
    """One file of CSV for each table."""
    folder.mkdir()
    for table, rows in _nextcloud_rows(photos).items():
        if "facerecog" in table:
            continue
        with (folder / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def write_recognize_copy(photos: Path, folder: Path) -> Path:
    """A dump as pg_dump writes it."""
    lines = ["SET client_encoding = 'UTF8';"]
    for table, rows in _nextcloud_rows(photos).items():
        if "facerecog" in table:
            continue
        lines.append(f"COPY public.{table} ({', '.join(rows[0])}) FROM stdin;")
        lines += ["\t".join(str(value) for value in row.values()) for row in rows]
        lines.append("\\.\n")
    folder.with_suffix(".sql").write_text("\n".join(lines))
    return folder.with_suffix(".sql")


def write_xmp(photos: Path, folder: Path) -> Path:
    """Sidecars with IPTC's list of people."""
    folder.mkdir()
    for photo in moved_photos():
        (folder / photo.name).write_bytes((photos / photo.name).read_bytes())
        people = "".join(f"<rdf:li>{person.replace('_', ' ')}</rdf:li>" for person in photo.people)
        (folder / f"{photo.name}.xmp").write_text(
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f"<Iptc4xmpExt:PersonInImage><rdf:Bag>{people}</rdf:Bag></Iptc4xmpExt:PersonInImage></rdf:Description>"
            "</rdf:RDF></x:xmpmeta>"
        )
    return folder


def write_rows(photos: Path, folder: Path) -> Path:
    """Our own export."""
    rows = [
        {"photo": str(photos / photo.name), "box": box.as_list(), "person": name} for photo, name, box in named_boxes()
    ]
    folder.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder.with_suffix(".jsonl")


EXPORTS: dict[str, tuple[str, Callable[[Path, Path], Path]]] = {
    "digikam": ("digikam", write_digikam),
    "immich": ("immich", write_immich),
    "takeout": ("takeout", write_takeout),
    "picasa": ("picasa", write_picasa),
    "photoprism": ("photoprism", write_photoprism),
    "osxphotos": ("osxphotos", write_osxphotos),
    "facerecognition": ("nextcloud", write_facerecognition),
    "recognize": ("nextcloud", write_recognize),
    "recognize-copy": ("nextcloud", write_recognize_copy),
    "xmp": ("xmp", write_xmp),
    "faceindex": ("faceindex", write_rows),
}
"""For each export the word for --from, and what writes it: photos, target to the path to import."""
