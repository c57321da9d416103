"""Plans which photo goes into which folder and under which name; nothing is changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from faceindex.exchange.albums.album_manifest import COPY, HARD, SYMBOLIC, TABLE, Link, Manifest
from faceindex.exchange.albums.safe_names import free_name, name_key, safe_name
from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.own_folders import ALBUMS_MANIFEST
from faceindex.store.people.sightings import Sighting

Key = str | tuple[int, ...]
"""A person's name, or the number of an album without a name."""

_RESERVED = (ALBUMS_MANIFEST, TABLE)


@dataclass(slots=True)
class Gathering:
    """Ids of the photos of a person or album, and the numbers of the albums."""

    photos: set[int] = field(default_factory=set)
    albums: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Source:
    """A photo that exists. content: hex hash. device, inode, size (bytes), mtime_ns: of the real file behind links;
    device and inode are 0 for a photo at an address.
    """

    photo: int
    path: str
    content: str
    device: int
    inode: int
    size: int
    mtime_ns: int


def gather(sightings: Iterable[Sighting]) -> dict[Key, Gathering]:
    """The photos of every person and of every album without a name."""
    gathered: dict[Key, Gathering] = defaultdict(Gathering)
    for face in sightings:
        chosen = gathered[(face.album or 0,) if face.person is None else face.person]
        chosen.photos.add(face.photo)
        if face.album is not None:
            chosen.albums.add(face.album)
    return dict(gathered)


def chosen(gathered: Mapping[Key, Gathering], *, unnamed: bool, min_photos: int) -> dict[Key, Gathering]:
    """Those to be exported: people by name, then albums by number."""
    keys = sorted(gathered, key=lambda key: (isinstance(key, tuple), key))
    wanted = [key for key in keys if len(gathered[key].photos) >= min_photos and (unnamed or isinstance(key, str))]
    return {key: gathered[key] for key in wanted}


def plan_folders(root: Path, keys: Iterable[Key], old: Manifest) -> dict[Key, tuple[str, bool]]:
    """For each key the name of its folder in `root` (the same as before, if it had one) and whether an export makes
    it."""
    keys = list(keys)
    former = {album.key: album.folder for album in old.albums}
    made = old.made_folders()
    there = _names_in(root)
    folders = {key: former[key] for key in keys if key in former}
    taken = {name_key(name) for name in (*_RESERVED, *folders.values())}
    taken |= {name_key(name) for name in there if (root / name).is_symlink() or not (root / name).is_dir()}
    for key in keys:
        if key not in folders:
            wanted = key if isinstance(key, str) else f"Album {key[0]}"
            folders[key] = free_name(safe_name(wanted), taken)
            taken.add(name_key(folders[key]))
    return {key: (name, name in made or name not in there) for key, name in folders.items()}


def plan_photos(
    root: Path,
    folder: str,
    sources: Sequence[Source],
    *,
    before: Mapping[str, Link],
    stay: Sequence[Link],
    kind: str,
    owned: Container[str],
) -> list[Link]:
    """The links to `sources` in one album's folder.

    before: existing links, by content: a photo keeps its name there while its source has the same name. A new photo
    gets its source's name, with a number if another file has that name. stay: links that are not touched. kind: HARD,
    SYMBOLIC or COPY. owned: paths that exports made; the names of all other files in the folder cannot be used.
    """
    names: dict[int, str] = {}
    for source in sources:
        link = before.get(source.content)
        if link and PurePath(link.source).name == PurePath(source.path).name:
            names[source.photo] = PurePath(link.path).name
    staying = (PurePath(link.path).name for link in stay)
    foreign = (name for name in _names_in(root / folder) if f"{folder}/{name}" not in owned)
    taken = {name_key(name) for name in (*names.values(), *staying, *foreign)}
    for source in sorted(sources, key=lambda source: source.path):
        if source.photo not in names:
            names[source.photo] = free_name(safe_name(PurePath(source.path).name), taken)
            taken.add(name_key(names[source.photo]))
    device = next(folder for folder in (root, *root.parents) if folder.exists()).stat().st_dev  # or where it will be
    return [_link(source, f"{folder}/{names[source.photo]}", kind, device) for source in sources]


def _link(source: Source, path: str, kind: str, device: int) -> Link:
    if is_url(source.path):
        kind = COPY
    elif kind == HARD and source.device != device:
        kind = SYMBOLIC
    return Link(path, kind, source.path, source.content, source.device, source.inode, source.size, source.mtime_ns)


def _names_in(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return set()
