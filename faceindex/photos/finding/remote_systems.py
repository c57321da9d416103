"""One server or bucket through fsspec: its entries in pages, their versions, and their bytes."""

from __future__ import annotations

import errno
import hashlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from faceindex.photos.finding.addresses import login_of, top_of, with_query
from faceindex.photos.finding.entries import UNTIMED
from faceindex.photos.finding.remote_errors import NoFileSystem, disk_errors

PAGE = 1000
"""Entries per page, if the file system of fsspec can list in pages."""

_S3FS_TRIES = 2  # each of them has the five of botocore, with growing pauses (AWS_MAX_ATTEMPTS)
_EXTRA = "pip install 'faceindex[remote]'"
_TIMES = ("LastModified", "last_modified", "Last-Modified", "mtime", "modified", "updated", "modify", "created")
_VERSIONS = ("ETag", "etag", "e_tag", "md5Hash", "generation", "sha", "checksum", "Content-MD5", "Digest")
_KEYS = {"s3": ("key", "secret"), "s3a": ("key", "secret")}
"""Names of the user and password settings of file systems, where they are not `username` and `password`."""


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """name: the last part of its address. size: bytes. mtime_ns: as in FoundFile. An entry that is neither file nor
    folder is a broken link, or a device of the server."""

    name: str
    is_folder: bool
    is_file: bool
    size: int
    mtime_ns: int


class RemoteSystem:
    """top: scheme and host or bucket. for_all_threads: whether several threads may use it at the same time."""

    def __init__(self, top: str, system: Any, *, has_host: bool, for_all_threads: bool) -> None:
        self.top = top
        self.for_all_threads = for_all_threads
        self.files = system
        self._has_host = has_host  # else the host is a bucket, which is the first part of a name
        self._web = top.startswith(("http://", "https://"))

    def entry(self, url: str) -> RemoteEntry:
        """The entry at an address. Raises: OSError."""
        with disk_errors(self.top):
            if self._web and not _has_suffix(url) and self.files.isdir(self.name(url)):
                return RemoteEntry(_last(url), True, False, 0, UNTIMED)
            return self._entry(self.files.info(self.name(url)))

    def pages(self, folder: str) -> Iterator[list[RemoteEntry]]:
        """The content of a folder, ordered by name if the server lists it so. Raises: OSError."""
        with disk_errors(self.top):
            name = self.name(folder)
            listing = getattr(self.files, "_iterdir", None)  # of s3fs; all others list a folder at once
            if listing is not None and hasattr(self.files, "split_path") and "/" in self.top:
                yield from self._streamed(listing, name)
                return
            infos = self.files.ls(name, detail=True)
            if self._web:
                infos = [self._sized(info) for info in infos if not re.search(r"[?#]", info["name"])]
            entries = (self._entry(info) for info in infos if info["name"].rstrip("/") != name.rstrip("/"))
            yield sorted(entries, key=lambda entry: entry.name)

    def fetch(self, url: str, most: int) -> tuple[RemoteEntry, bytes | None]:
        """An object and all its bytes, or None instead of more than `most`; from S3 in one request, so that both are
        of one version. Raises: OSError."""
        name = self.name(url)
        with disk_errors(self.top):
            if self.streams:
                return self._fetched(name, most)
        entry = self.entry(url)
        return entry, self.read(url) if entry.is_file and entry.size <= most else None

    def read(self, url: str, end: int | None = None, start: int = 0) -> bytes:
        """The bytes of an object, or those from `start` to before `end`. Raises: OSError."""
        with disk_errors(self.top):
            if end is None:
                data = self.files.cat_file(self.name(url), **({"max_concurrency": 1} if self.streams else {}))
            else:
                data = self.files.cat_file(self.name(url), start=start, end=end)
            return bytes(data)

    @property
    def streams(self) -> bool:
        """Whether it is S3, of which folders are listed in pages and objects read without a request for their size."""
        return hasattr(self.files, "_call_s3")

    def _fetched(self, name: str, most: int) -> tuple[RemoteEntry, bytes | None]:
        from fsspec.asyn import sync
        from s3fs.core import _error_wrapper

        bucket, key, _ = self.files.split_path(name)

        async def fetched() -> tuple[RemoteEntry, bytes | None]:
            answer = await self.files._call_s3("get_object", Bucket=bucket, Key=key)
            entry = self._entry(answer | {"name": name, "type": "file", "size": answer["ContentLength"]})
            try:
                return entry, await answer["Body"].read() if entry.size <= most else None
            finally:
                answer["Body"].close()

        found: tuple[RemoteEntry, bytes | None] = sync(
            self.files.loop, _error_wrapper, fetched, retries=self.files.retries
        )
        return found

    def _sized(self, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entry with its size; a listing has only the names of links."""
        is_known = info["type"] != "file" or info.get("size") is not None
        found: Mapping[str, Any] = info if is_known else self.files.info(info["name"])
        return found

    def _streamed(self, listing: Any, name: str) -> Iterator[list[RemoteEntry]]:
        from fsspec.asyn import sync

        bucket, key, _ = self.files.split_path(name)
        prefix = f"{key}/" if key else ""
        coming = listing(bucket, delimiter="/", prefix=prefix)

        async def page() -> list[Any]:
            found = []
            async for info in coming:
                found.append(info)
                if len(found) == PAGE:
                    break
            return found

        while infos := sync(self.files.loop, page):
            own = f"{bucket}/{prefix}"
            yield [
                self._entry(info, info["name"].removeprefix(own))
                for info in infos
                if info["name"] != own or info["type"] == "directory"  # not the object for the folder itself
            ]

    def name(self, url: str) -> str:
        """The name of an address in the file system of fsspec."""
        if self._web:
            return with_query(url)
        below = url[len(self.top) :]
        if self._has_host:
            return below or "/"
        return str(self.files._strip_protocol(url))

    def _entry(self, info: Mapping[str, Any], name: str | None = None) -> RemoteEntry:
        if info.get("type") == "link" or (info.get("islink") is True and info.get("type") == "other"):
            try:
                info = self.files.info(info["name"])
            except FileNotFoundError:
                return RemoteEntry(_last(info["name"]), False, False, 0, UNTIMED)
        kind, size = info.get("type"), info.get("size")
        is_folder = kind in ("directory", "dir")
        return RemoteEntry(
            name=_last(info["name"]) if name is None else name,
            is_folder=is_folder,
            is_file=not is_folder and kind == "file",
            size=int(size) if size is not None else 0,
            mtime_ns=changed_at(info),
        )


def remote_system(top: str) -> RemoteSystem:
    """The file system of fsspec for these addresses. Raises: NoFileSystem; OSError if the server does not answer."""
    scheme = top.partition("://")[0]
    try:
        import fsspec  # few users have photos at addresses

        kind = fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        reason = f"{_EXTRA}, and what fsspec needs for {scheme}://: {' '.join(str(error).split())}"
        raise NoFileSystem(errno.EPROTONOSUPPORT, reason) from error
    except ValueError as error:
        raise NoFileSystem(errno.EPROTONOSUPPORT, f"fsspec does not know addresses {scheme}://") from error
    options = dict(kind._get_kwargs_from_urls(f"{top}/"))
    user, password = login_of(top)
    names = _KEYS.get(scheme, ("username", "password"))
    options |= {name: said for name, said in zip(names, (user, password), strict=True) if said is not None}
    with disk_errors(top):
        system = kind(**options, skip_instance_cache=True)
        if hasattr(system, "_call_s3"):
            system.retries = _S3FS_TRIES
        if hasattr(system, "dircache"):
            system.dircache.use_listings_cache = False  # so that a listing is always current
        return RemoteSystem(top, system, has_host="host" in options, for_all_threads=bool(kind.async_impl))


def settings_of(top: str) -> str:
    """A text with a user's settings for such addresses; it changes when a program changes the settings."""
    config = sys.modules.get("fsspec.config")
    scheme = top.partition("://")[0]
    return repr((config.conf.get(scheme) if config else None, login_of(top)))


def changed_at(info: Mapping[str, Any]) -> int:
    """The value for FoundFile.mtime_ns, from fsspec's data about an object."""
    times = (info.get(name) for name in _TIMES)
    said = next((time for time in times if time is not None), None)
    seconds = _seconds(said)
    version = next((str(info[name]) for name in _VERSIONS if info.get(name)), None)
    if version is None and said is not None and seconds is None:
        version = str(said)
    if version is None:
        return UNTIMED if seconds is None else round(seconds * 1e9)
    digest = hashlib.blake2b(version.strip('"').encode(), digest_size=8).digest()
    # Listings and single answers have the same version, but not the same fraction of a second.
    return int(seconds or 0) * 1_000_000_000 + int.from_bytes(digest) % 1_000_000_000


def _seconds(said: object) -> float | None:
    if isinstance(said, datetime):
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    if isinstance(said, int | float):
        return float(said)
    if isinstance(said, str):
        return _read(said)
    return None


def _read(said: str) -> float | None:
    if found := re.fullmatch(r"(\d{14})(\.\d+)?", said):  # RFC 3659, for FTP
        return datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() + float(found[2] or 0)
    try:
        return _seconds(datetime.fromisoformat(said))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError):
        return None


def _last(name: str) -> str:
    """The last part of a name; empty for a folder without a name."""
    return name.rpartition("/")[2] if not name.endswith("/") else name[:-1].rpartition("/")[2]


def _has_suffix(url: str) -> bool:
    return url != top_of(url) and "." in _last(url)
