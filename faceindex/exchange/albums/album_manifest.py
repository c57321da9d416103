"""The record of an export: every link in it and what it is, so that the next one removes only what this one made."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from faceindex.files.csv_rows import csv_row
from faceindex.files.private import write_file
from faceindex.files.regular import read_regular
from faceindex.files.unreadable import unreadable
from faceindex.photos.finding.find import ALBUMS_FORMAT, ALBUMS_MANIFEST

TABLE = "albums.csv"
"""Beside the manifest: the same for spreadsheets."""

HARD, SYMBOLIC, COPY, SIDECAR = "hard", "symbolic", "copy", "sidecar"
KINDS = (HARD, SYMBOLIC, COPY)
"""How a photo can be in an album's folder. A hard link may be a symbolic one where its disk takes no hard ones."""


@dataclass(frozen=True, slots=True)
class Link:
    """A file that an export made.

    path: in the export's folder. kind: HARD ... SIDECAR. source: the photo's path, absolute. content: hex, of the
    photo's bytes, or of the sidecar's. device, inode, size (bytes), mtime_ns: the source's, 0 for sidecars.
    """

    path: str
    kind: str
    source: str
    content: str
    device: int = 0
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class AlbumFolder:
    """A folder with the photos of a person, or of an album without a name (person is None).

    made: whether an export made the folder. albums: numbers of the albums of which photos are in it.
    """

    folder: str
    made: bool
    person: str | None
    albums: tuple[int, ...]
    photos: tuple[Link, ...]
    sidecars: tuple[Link, ...] = ()

    @property
    def key(self) -> str | tuple[int, ...]:
        """What it is of: the person, or the album."""
        return self.albums if self.person is None else self.person

    def links(self) -> Iterator[Link]:
        """Everything in it that an export made."""
        yield from self.photos
        yield from self.sidecars


@dataclass(frozen=True, slots=True)
class Manifest:
    """library: its path. leaving: what is to be removed and may be there still; folders: likewise, that were made."""

    library: str
    albums: tuple[AlbumFolder, ...] = ()
    leaving: tuple[Link, ...] = ()
    folders: tuple[str, ...] = ()

    def owned(self) -> Mapping[str, list[Link]]:
        """By path, what exports made there; two while one is replaced by the other."""
        links: dict[str, list[Link]] = defaultdict(list)
        for link in (*self.leaving, *(link for album in self.albums for link in album.links())):
            links[link.path].append(link)
        return links

    def made_folders(self) -> set[str]:
        """The folders that exports made."""
        return {*self.folders, *(album.folder for album in self.albums if album.made)}

    def before(self, old: Manifest) -> Manifest:
        """This one, as it is to be written before it is true: also with all that `old` says of."""
        new = {link for album in self.albums for link in album.links()}
        leaving = tuple(link for links in old.owned().values() for link in links if link not in new)
        return replace(self, leaving=leaving, folders=tuple(sorted(old.made_folders())))


def read_manifest(folder: Path) -> Manifest | None:
    """What is known of the export in `folder`; None when it holds none. Raises: UsageError when it cannot be read."""
    path = folder / ALBUMS_MANIFEST
    try:
        stored = json.loads(read_regular(path))
        if stored["format"] != ALBUMS_FORMAT:
            raise ValueError(f"its format is not {ALBUMS_FORMAT}")
        return _from_object(stored)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = "cannot read {path}: {reason}; restore it, or choose another folder"
        raise unreadable(path, error, message) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Durably: the old one or the new one is there after a crash. JSON, an album a line."""
    beginning = {"format": ALBUMS_FORMAT, "library": manifest.library, "folders": manifest.folders}
    leaving = json.dumps([asdict(link) for link in manifest.leaving])
    albums = ",\n".join(json.dumps(asdict(album)) for album in manifest.albums)
    text = f'{json.dumps(beginning)[:-1]},\n"leaving": {leaving},\n"albums": [\n{albums}\n]}}\n'
    write_file(folder / ALBUMS_MANIFEST, text.encode())


def write_table(folder: Path, albums: Iterable[AlbumFolder]) -> None:
    """One CSV row per photo in an album."""
    rows = [csv_row(["folder", "person", "albums", "link", "kind", "photo"])]
    for album in albums:
        numbers = " ".join(map(str, album.albums))
        rows += [csv_row([album.folder, album.person, numbers, p.path, p.kind, p.source]) for p in album.photos]
    write_file(folder / TABLE, "".join(row + "\r\n" for row in rows).encode("utf-8", "surrogateescape"))


def _from_object(stored: dict[str, Any]) -> Manifest:
    albums = tuple(
        AlbumFolder(
            **{name: album[name] for name in ("folder", "made", "person")},
            albums=tuple(album["albums"]),
            photos=_links(album["photos"]),
            sidecars=_links(album["sidecars"]),
        )
        for album in stored["albums"]
    )
    return Manifest(stored["library"], albums, _links(stored["leaving"]), tuple(stored["folders"]))


def _links(stored: Iterable[dict[str, Any]]) -> tuple[Link, ...]:
    links = tuple(Link(**link) for link in stored)
    for link in links:
        if link.path.startswith("/") or ".." in link.path.split("/"):
            raise ValueError(f"{link.path} is outside of the folder")
    return links
