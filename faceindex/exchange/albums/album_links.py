"""Makes links and copies in an export's folder, recognises them, and removes them only if nobody changed them."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from faceindex.exchange.albums.album_manifest import COPY, HARD, SIDECAR, SYMBOLIC, Link
from faceindex.files.reading import open_regular
from faceindex.files.writing import replacing, temporary_name, write_file
from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import HASH_BYTES

NO_HARD_LINKS = frozenset(
    (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES)
)
"""Errors of a file system that does not allow this hard link; Linux answers EPERM also for other users' files."""


def is_current(path: Path, link: Link) -> bool:
    """Whether the file at `path` is what `link` says, and up to date."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if link.kind == SYMBOLIC:
        return _points_to(path, status, link.source)
    if not stat.S_ISREG(status.st_mode):
        return False
    is_source = (status.st_dev, status.st_ino) == (link.device, link.inode)
    if link.kind == HARD or is_source:
        return is_source and link.kind == HARD
    if link.kind == COPY and (status.st_size, status.st_mtime_ns) == (link.size, link.mtime_ns):
        return True
    return _content(path) == link.content


def is_what_was_made(path: Path, made: Iterable[Link]) -> bool:
    """Whether the file at `path` is still one that an export made there.

    Hard links are compared by inode alone, because a device may get another number when the machine restarts.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return any(link.kind in (SYMBOLIC, HARD) and _points_to(path, status, link.source) for link in made)
    if not stat.S_ISREG(status.st_mode):
        return False
    return any(
        status.st_ino == link.inode if link.kind == HARD else link.kind != SYMBOLIC and _content(path) == link.content
        for link in made
    )


def is_last(path: Path, made: Iterable[Link]) -> bool:
    """Whether removing `path` would lose the photo: it has no other name, and its source no longer has it."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or any(link.kind == SIDECAR for link in made):
        return False
    return status.st_nlink == 1 and not any(_is_another(link.source, status) for link in made)


def make(folder: Path, link: Link, sidecar: bytes = b"") -> None:
    """Put `link` into `folder`, and replace what is there. sidecar: the content, if the link is a sidecar.

    Raises: OSError; ValueError if the source is no longer the same photo.
    """
    target = folder / link.path
    if link.kind == COPY:
        _copy(link, target)
    elif link.kind == SIDECAR:
        write_file(target, sidecar)
    else:
        _link(link, target, folder / temporary_name())


def _link(link: Link, target: Path, part: Path) -> None:
    try:
        if link.kind == HARD:
            os.link(os.path.realpath(link.source), part)  # link(2) of a symbolic link would link to the link itself
        else:
            part.symlink_to(link.source)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)  # rename(2) does nothing if both names are the same file


def _copy(link: Link, target: Path) -> None:
    digest = _digest()
    with source_of(link.source).opened(link.source) as source, replacing(target) as copy:
        while data := source.file.read(1 << 20):
            digest.update(data)
            copy.write(data)
        if digest.hexdigest() != link.content:
            raise ValueError("it has changed since it was ingested; ingest it again")
        copy.flush()
        with suppress(OSError):  # some file systems store no times; then the content is compared
            os.utime(copy.fileno(), ns=(link.mtime_ns, link.mtime_ns))


def _is_another(source: str, status: os.stat_result) -> bool:
    if is_url(source):
        return not source_of(source).missing(source)
    try:
        return not os.path.samestat(os.stat(source), status)  # noqa: PTH116
    except OSError:
        return False


def _points_to(path: Path, status: os.stat_result, source: str) -> bool:
    return stat.S_ISLNK(status.st_mode) and str(path.readlink()) == source


def _content(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, _digest).hexdigest()


def _digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=HASH_BYTES)
