"""Photos at addresses (URLs), read with the file systems of fsspec: s3://, gs://, sftp://, ftp://, webdav:// and
others.

The only connections are to addresses that the user named. Logins come from fsspec: environment, configuration files.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from faceindex.errors import OutOfReach, UsageError
from faceindex.files.reading import NOT_REGULAR
from faceindex.photos.finding.addresses import top_of
from faceindex.photos.finding.entries import IGNORE_FILE, FoundFile, SkippedEntry, UnreadableEntry
from faceindex.photos.finding.exclusion import given_rules, kind_of
from faceindex.photos.finding.open_files import FileStatus, OpenFile
from faceindex.photos.finding.own_folders import ALBUMS_MANIFEST, MARKS, names_a_library
from faceindex.photos.finding.read_ahead import ReadAhead
from faceindex.photos.finding.remote_errors import NoFileSystem
from faceindex.photos.finding.remote_systems import RemoteEntry, RemoteSystem, remote_system, settings_of
from faceindex.photos.finding.system_folders import is_marked, is_photo_library
from faceindex.photos.identity import claims_to_be_photo

if TYPE_CHECKING:
    from faceindex.photos.finding.ignore_rules import IgnoreRules

_MARKS = (*MARKS, IGNORE_FILE, ".ppstorage", ".immich", "AlbumData.xml")
_IGNORE_BYTES = 1 << 20
_HEAD_BYTES = 64
_RANGE_ABOVE = 32 << 20  # bytes: of a larger file, only the first bytes are requested at first
_AHEAD_BYTES = 8 << 20  # of one object: a larger one is not read ahead
_LISTING_SECONDS = 60.0


class RemoteFiles:
    """The PhotoSource for addresses. One for each thread, as not all file systems of fsspec support several threads."""

    def __init__(self) -> None:
        self._systems: dict[tuple[str, str], RemoteSystem] = {}
        self._asked = ""  # the last folder with a question, and its content after the second one
        self._listed: tuple[str, float, frozenset[str]] = ("", 0.0, frozenset())
        self._ahead = ReadAhead(lambda url: self._system(url).fetch(url, _AHEAD_BYTES))

    def expect(self, urls: Sequence[str]) -> None:
        """Read the photos that will be opened next, in this order."""
        self._ahead.expect([url for url in urls if claims_to_be_photo(url) and self._system(url).for_all_threads])

    def require(self, root: str) -> None:
        """See PhotoSource."""
        try:
            self._system(root).entry(root)
        except NoFileSystem as error:
            raise UsageError(f"{root} cannot be opened: {error.strerror}") from error
        except FileNotFoundError as error:
            if top_of(root) == root or self._top_is_missing(root):
                raise OutOfReach(f"{top_of(root)} does not exist now: {error.strerror}") from error
            raise UsageError(f"no such file or folder: {root}") from error
        except OSError as error:
            raise OutOfReach(f"{root} cannot be listed: {error.strerror}") from error

    def walk(
        self, root: str, entered: set[tuple[int, int]], *, skip: str | None, exclude: Collection[str]
    ) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
        """See PhotoSource. The files of a folder come before its subfolders, all in the order of the listing, because a
        folder may be too large for memory."""
        try:
            top = self._system(root).entry(root)
            rules = self._rules_above(root, exclude)
        except OSError as error:
            yield UnreadableEntry(root, error.strerror or str(error))
            return
        if not top.is_folder:
            if exclude and given_rules(os.path.dirname(root), exclude).exclude(root, is_folder=False):  # noqa: PTH120
                yield SkippedEntry(root, "excluded", is_folder=False)
            else:
                yield from _found(top, root, named=True)
            return
        waiting: list[tuple[str, IgnoreRules | None]] = [(root, rules)]
        while waiting:
            folder, rules = waiting.pop()
            inner: list[tuple[str, IgnoreRules | None]] = []
            try:
                yield from self._walk_folder(folder, rules, inner, is_root=folder == root)
            except OSError as error:
                yield UnreadableEntry(folder, error.strerror or str(error))
            waiting += reversed(inner)

    def status(self, path: str) -> FileStatus:
        """See PhotoSource."""
        return _regular(self._system(path).entry(path))

    @contextmanager
    def opened(self, path: str) -> Iterator[OpenFile]:
        """See PhotoSource. A file with the name of a photo is read at once, and its length shows whether it changed
        during that; from S3, bytes and status are of one version."""
        system = self._system(path)
        entry, data = self._entry_and_data(system, path)
        status = _regular(entry)
        with _Remote(system, path, status.size, data) as file:
            yield OpenFile(file, status, lambda: status)

    def _entry_and_data(self, system: RemoteSystem, path: str) -> tuple[RemoteEntry, bytes | None]:
        if claims_to_be_photo(path):
            try:
                return self._ahead.take(path) or system.fetch(path, _RANGE_ABOVE)
            except FileNotFoundError:  # or is it a folder?
                pass
        return system.entry(path), None

    def names_in(self, folder: str) -> Iterator[str]:
        """See PhotoSource."""
        return (entry.name for page in self._system(folder).pages(folder) for entry in page)

    def missing(self, path: str) -> bool:
        """See PhotoSource. After two questions about one folder, all its names are listed once."""
        folder, name = os.path.split(path)
        try:
            if self._listed[0] == folder and time.monotonic() - self._listed[1] < _LISTING_SECONDS:
                return name not in self._listed[2]
            if self._asked == folder and path != top_of(path):
                self._listed = (folder, time.monotonic(), frozenset(self.names_in(folder)))
                return name not in self._listed[2]
            self._asked = folder
            self._system(path).entry(path)
        except OSError as error:
            return error.errno in (errno.ENOENT, errno.ENODEV)
        return False

    def is_folder(self, path: str) -> bool:
        """See PhotoSource."""
        try:
            return self._system(path).entry(path).is_folder
        except OSError:
            return False

    def worth_opening(self, path: str) -> bool:
        """See PhotoSource: a file with another suffix is not opened, as each ingest would need a request for it."""
        return claims_to_be_photo(path) or "." not in path.rpartition("/")[2]

    def _system(self, path: str) -> RemoteSystem:
        top = top_of(path)
        key = top, settings_of(top)
        if key in self._systems:
            return self._systems[key]
        with _making:  # some take half a second to make
            system = _shared.get(key) or remote_system(top)
            if system.for_all_threads:
                _shared[key] = system
        self._systems[key] = system
        return system

    def _top_is_missing(self, root: str) -> bool:
        try:
            return not self._system(root).entry(top_of(root)).is_folder
        except OSError:
            return True

    def _rules_above(self, root: str, exclude: Collection[str]) -> IgnoreRules | None:
        """The rules that apply to a given folder. Raises: OSError."""
        rules = given_rules(root, exclude) if exclude else None
        above, top = [], top_of(root)
        while root != top:
            root = os.path.dirname(root)  # noqa: PTH120
            above.append(root)
        for folder in reversed(above):
            rules = self._with_rules_in(folder, rules)
        return rules

    def _with_rules_in(self, folder: str, rules: IgnoreRules | None) -> IgnoreRules | None:
        system, path = self._system(folder), f"{folder}/{IGNORE_FILE}"
        try:
            if system.entry(path).size > _IGNORE_BYTES:
                raise OSError(errno.EFBIG, f"its {IGNORE_FILE} is too large")
            text = system.read(path)
        except (FileNotFoundError, PermissionError):  # a server may forbid to look at the folders above
            return rules
        from faceindex.photos.finding.ignore_rules import IgnoreRules

        return (rules or IgnoreRules()).with_text(folder, text)

    def _walk_folder(
        self,
        folder: str,
        rules: IgnoreRules | None,
        inner: list[tuple[str, IgnoreRules | None]],
        *,
        is_root: bool,
    ) -> Iterator[FoundFile | UnreadableEntry | SkippedEntry]:
        """The content of a folder; subfolders to be walked are added to `inner`. Raises: OSError."""
        pages = self._system(folder).pages(folder)
        first, second = next(pages, []), next(pages, None)
        names = {entry.name for entry in first}
        if second is not None:  # markers may be on any page
            names |= {mark for mark in _MARKS if mark not in names and self._is_there(f"{folder}/{mark}")}
        if IGNORE_FILE in names:
            rules = self._with_rules_in(folder, rules)
        if names_a_library(names) or ALBUMS_MANIFEST in names:
            return
        if not is_root and is_marked(folder, names):
            yield SkippedEntry(folder, "system", is_folder=True)
            return
        in_library = is_photo_library(folder, names)
        for entry in chain(first, second or (), chain.from_iterable(pages)):
            path = f"{folder}/{entry.name}" if not folder.endswith("/") else folder + entry.name
            if not entry.name:
                yield UnreadableEntry(f"{path}/", "a folder without a name cannot have an address")
                continue
            kind = kind_of(entry.name, path, rules, is_folder=entry.is_folder, in_library=in_library)
            if kind is None and entry.is_folder:
                inner.append((path, rules))
            elif kind is None:
                yield from _found(entry, path, named=False)
            elif kind == "excluded" or entry.is_folder or claims_to_be_photo(entry.name):
                yield SkippedEntry(path, kind, entry.is_folder)

    def _is_there(self, path: str) -> bool:
        try:
            self._system(path).entry(path)
        except FileNotFoundError:
            return False
        return True


class _Remote:
    """The methods of a binary file that readers of photos use; bytes are requested when they are read."""

    def __init__(self, system: RemoteSystem, path: str, size: int, data: bytes | None) -> None:
        self._system, self._path, self._size = system, path, size
        self._data = data
        self._place = 0

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._data = None

    def read(self, size: int = -1) -> bytes:
        """Bytes from the present position. Raises: OSError."""
        is_head = self._data is None and self._place == 0 and 0 <= size <= _HEAD_BYTES
        if is_head and (self._size > _RANGE_ABOVE or not claims_to_be_photo(self._path)):
            head = self._system.read(self._path, size)
            self._place = len(head)
            return head
        data = self.all()[self._place : None if size < 0 else self._place + size]
        self._place += len(data)
        return data

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """As in a file."""
        before = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = before + place
        return self._place

    def tell(self) -> int:
        """As in a file."""
        return self._place

    def all(self) -> bytes:
        """All bytes. Raises: OSError."""
        if self._data is None:
            self._data = self._system.read(self._path)
        return self._data


def _regular(entry: RemoteEntry) -> FileStatus:
    if entry.is_folder:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not entry.is_file:
        raise OSError(errno.EINVAL, NOT_REGULAR)
    return FileStatus(entry.size, entry.mtime_ns)


def _found(entry: RemoteEntry, path: str, *, named: bool) -> Iterator[FoundFile | UnreadableEntry]:
    if entry.is_file:
        yield FoundFile(path, entry.size, entry.mtime_ns, named)
    elif named or claims_to_be_photo(path):
        yield UnreadableEntry(path, NOT_REGULAR)


_threads, _making = threading.local(), threading.Lock()
_shared: dict[tuple[str, str], RemoteSystem] = {}


def remote_files() -> RemoteFiles:
    """The RemoteFiles of this thread."""
    found: RemoteFiles | None = getattr(_threads, "files", None)
    if found is None:
        found = _threads.files = RemoteFiles()
    return found
