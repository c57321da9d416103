"""A backup at an address, as of one commit: its segments and catalog as objects, and at last the list of them.

Without the list `backup.json` it is no backup. The objects of segments are named after their checksums, so that the
same command continues a backup that was interrupted, and copies nothing twice.
"""

from __future__ import annotations

import errno
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from faceindex.errors import LibraryDamaged, LibraryUnwritable, UsageError
from faceindex.files.reading import open_regular
from faceindex.photos.finding.remote_errors import NoFileSystem
from faceindex.photos.finding.remote_writing import remove, writing
from faceindex.photos.finding.sources import source_of
from faceindex.running.meter import Meter
from faceindex.store.care.backup import copy_catalog, segment_bytes
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import Segment, SegmentMissing
from faceindex.store.layout import CATALOG, VECTORS

LIST, FORMAT = "backup.json", "faceindex backup 1"
_PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A file of a backup. file: its path in the library. object: its name below the address. blake2b: 64 hexadecimal
    digits."""

    file: str
    object: str
    bytes: int
    blake2b: str


def backup_to_address(folder: LibraryFolder, url: str, meter: Meter | None = None) -> list[BackedUp]:
    """Copy the library, without its index, below `url`. Returns its files.

    Every byte is compared with the library's checksums while it is copied. meter: is told the bytes of segments.

    Raises: UsageError if a backup or anything else exists there, or nothing can be written there; LibraryDamaged;
    LibraryUnwritable if the server does not answer: then the same call continues; JobCancelled.
    """
    meter = meter or Meter()
    with _server_errors(url), tempfile.TemporaryDirectory(prefix="faceindex-") as temporary:
        former = _former(url)
        try:
            files = _segments(folder, url, Path(temporary, CATALOG), former, meter)
            meter.stage("storing")
            files.append(_put(url, CATALOG, CATALOG, _read(Path(temporary, CATALOG))))
        except OSError:  # the server may be away; the same call continues
            raise
        except BaseException:
            _remove(url, _former(url))
            raise
        _remove(url, former - {file.object for file in files})
        text = json.dumps({"format": FORMAT, "files": [asdict(file) for file in files]}, indent=1)
        _put(url, LIST, LIST, [text.encode()])
    return files


@contextmanager
def _server_errors(url: str) -> Iterator[None]:
    try:
        yield
    except NoFileSystem as error:
        raise UsageError(f"a backup cannot be written to {url}: {error.strerror}") from error
    except OSError as error:
        raise LibraryUnwritable(
            f"cannot write the backup {url}: {error.strerror or error}; the same command continues it"
        ) from error


def _former(url: str) -> set[str]:
    """Objects that an earlier, interrupted backup left. Raises: UsageError; OSError."""
    names = _names(url)
    if LIST in names:
        raise UsageError(f"{url} has a backup already; give this one another name")
    if names - {VECTORS, CATALOG}:
        raise UsageError(f"{url} holds other things; give the backup another name")
    inner = {f"{VECTORS}/{name}" for name in _names(f"{url}/{VECTORS}")} if VECTORS in names else set()
    return inner | (names - {VECTORS})


def _names(url: str) -> set[str]:
    try:
        return set(source_of(url).names_in(url))
    except FileNotFoundError:
        return set()


def _segments(folder: LibraryFolder, url: str, catalog: Path, former: set[str], meter: Meter) -> list[BackedUp]:
    """Copy the catalog to a file, and then its segments; again if a writer has just replaced one."""
    while True:
        meter.stage("copying")
        segments = copy_catalog(folder, catalog)
        meter.stage("copying", sum(segment.size or 0 for segment in segments))
        try:
            return [_segment(folder, url, segment, former, meter) for segment in segments]
        except SegmentMissing:
            with closing(folder.open_catalog()) as newer:
                if newer.segments() == segments:
                    raise


def _segment(folder: LibraryFolder, url: str, segment: Segment, former: set[str], meter: Meter) -> BackedUp:
    checksum = segment.checksum.hex()
    name = f"{VECTORS}/{Path(segment.file).stem}-{checksum[:32]}.h5"
    if name in former and segment.size == source_of(url).status(f"{url}/{name}").size:
        meter.advance(segment.size)
        return BackedUp(f"{VECTORS}/{segment.file}", name, segment.size, checksum)
    parts = _counted(segment_bytes(folder.path / VECTORS / segment.file), meter)
    return _put(url, f"{VECTORS}/{segment.file}", name, parts, wanted=checksum)


def _counted(parts: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    for part in parts:
        meter.advance(len(part))
        yield part


def _put(url: str, file: str, name: str, parts: Iterable[bytes], *, wanted: str | None = None) -> BackedUp:
    """Write one object of this name; wanted: its checksum. Raises: LibraryDamaged; OSError."""
    checksum, size = hashlib.blake2b(digest_size=32), 0
    with writing(f"{url}/{name}") as written:
        for part in parts:
            checksum.update(part)
            size += len(part)
            written.write(part)
        if wanted not in (None, checksum.hexdigest()):
            raise LibraryDamaged(f"segment {file} is not what was written; run `faceindex repair` first")
    stored = source_of(url).status(f"{url}/{name}").size
    if stored != size:
        raise OSError(errno.EIO, f"{name} is stored with another length: {stored}, not {size}")
    return BackedUp(file, name, size, checksum.hexdigest())


def _read(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        while part := file.read(_PART_BYTES):
            yield part


def _remove(url: str, objects: Iterable[str]) -> None:
    for name in objects:
        with suppress(OSError):
            remove(f"{url}/{name}")
