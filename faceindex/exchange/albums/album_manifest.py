"""The manifest of an export: every file that it made, so that the next export removes nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from faceindex.files.csv_rows import csv_row
from faceindex.files.reading import read_regular
from faceindex.files.unreadable import unreadable
from faceindex.files.writing import write_file
from faceindex.photos.finding.own_folders import ALBUMS_FORMAT, ALBUMS_MANIFEST

TABLE = "albums.csv"
"""File beside the manifest with the same content, for spreadsheets."""

HARD, SYMBOLIC, COPY, SIDECAR = "hard", "symbolic", "copy", "sidecar"
KINDS = (HARD, SYMBOLIC, COPY)
"""Ways to put a photo into an album's folder. Where hard links are not possible, symbolic ones are made."""


SELECTED = "."
"""The folder of photos that were selected: they are in the export's own folder."""


@dataclass(frozen=True, slots=True)
class Link:
    """A file that an export made.

    path: relative to the export's folder. kind: HARD, SYMBOLIC, COPY or SIDECAR. source: the photo's absolute path.
    content: hex hash of the photo, or of the sidecar. device, inode, size (bytes), mtime_ns: of the source; 0 for
    sidecars.
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
    """The folder of a person, or of an album without a name (person is None).

    made: whether an export made the folder. albums: numbers of the albums whose photos are in it.
    """

    folder: str
    made: bool
    person: str | None
    albums: tuple[int, ...]
    photos: tuple[Link, ...]
    sidecars: tuple[Link, ...] = ()

    @property
    def key(self) -> str | tuple[int, ...]:
        """The person or the albums that the folder is for."""
        return self.albums if self.person is None else self.person

    def links(self) -> Iterator[Link]:
        """Every file in it that an export made."""
        yield from self.photos
        yield from self.sidecars


@dataclass(frozen=True, slots=True)
class Manifest:
    """library: its path. leaving: files that are to be removed and may still exist. folders: the same for folders."""

    library: str
    albums: tuple[AlbumFolder, ...] = ()
    leaving: tuple[Link, ...] = ()
    folders: tuple[str, ...] = ()

    def owned(self) -> Mapping[str, list[Link]]:
        """By path, the files that exports made; two at a path while one replaces the other."""
        links: dict[str, list[Link]] = defaultdict(list)
        for link in (*self.leaving, *(link for album in self.albums for link in album.links())):
            links[link.path].append(link)
        return links

    def made_folders(self) -> set[str]:
        """The folders that exports made."""
        return {*self.folders, *(album.folder for album in self.albums if album.made)}

    def before(self, old: Manifest) -> Manifest:
        """This manifest joined with `old`: it lists every file that may exist while the export runs."""
        new = {link for album in self.albums for link in album.links()}
        leaving = tuple(link for links in old.owned().values() for link in links if link not in new)
        return replace(self, leaving=leaving, folders=tuple(sorted(old.made_folders())))


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`; None if there is none. Raises: UsageError if it cannot be read."""
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
    """Write the manifest as JSON, one album per line; after a crash the old or the new one is complete."""
    beginning = {"format": ALBUMS_FORMAT, "library": manifest.library, "folders": manifest.folders}
    leaving = json.dumps([asdict(link) for link in manifest.leaving])
    albums = ",\n".join(json.dumps(asdict(album)) for album in manifest.albums)
    text = f'{json.dumps(beginning)[:-1]},\n"leaving": {leaving},\n"albums": [\n{albums}\n]}}\n'
    write_file(folder / ALBUMS_MANIFEST, text.encode())


def write_table(folder: Path, albums: Iterable[AlbumFolder]) -> None:
    """Write one CSV row for each photo in an album."""
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
