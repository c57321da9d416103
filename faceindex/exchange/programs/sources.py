"""The programs whose names can be imported, and how the files of each are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.exchange.programs.digikam import DATABASE, digikam_photos
from faceindex.exchange.programs.immich import immich_photos
from faceindex.exchange.programs.named_regions import ForeignPhoto, Problems, Reader
from faceindex.exchange.programs.nextcloud import nextcloud
from faceindex.exchange.programs.osxphotos import osxphotos_photos
from faceindex.exchange.programs.own_rows import own_photos
from faceindex.exchange.programs.photoprism import photoprism_photos
from faceindex.exchange.programs.picasa import picasa_photos
from faceindex.exchange.programs.takeout import takeout_photos
from faceindex.exchange.programs.xmp_lists import photos_with_lists
from faceindex.store.foreign.reading import foreign_database

Files = Callable[[Path, Problems], Iterator[ForeignPhoto]]


@contextmanager
def _digikam(path: Path) -> Iterator[Reader]:
    file = path / DATABASE if path.is_dir() else path
    with foreign_database(file, "digiKam") as connection:
        yield lambda problems: digikam_photos(connection, file, problems)


def _of_files(read: Files) -> Callable[[Path], AbstractContextManager[Reader]]:
    @contextmanager
    def opened(path: Path) -> Iterator[Reader]:
        yield lambda problems: read(path, problems)

    return opened


PROGRAMS: Mapping[str, Callable[[Path], AbstractContextManager[Reader]]] = {
    "digikam": _digikam,
    "immich": _of_files(immich_photos),
    "takeout": _of_files(takeout_photos),
    "picasa": _of_files(picasa_photos),
    "nextcloud": nextcloud,
    "photoprism": _of_files(photoprism_photos),
    "osxphotos": _of_files(osxphotos_photos),
    "xmp": _of_files(photos_with_lists),
    "faceindex": _of_files(own_photos),
}
"""By the word for --from."""


def opened_source(program: str, path: Path) -> AbstractContextManager[Reader]:
    """The reader of a program's files at `path`. Raises: UsageError for another program, or if nothing is there."""
    if program not in PROGRAMS:
        raise UsageError(f"names cannot be imported from {program}; there are {', '.join(PROGRAMS)}")
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    return PROGRAMS[program](path)
