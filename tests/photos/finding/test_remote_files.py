"""Other servers than those of objects: FTP, which lists folders, and pages of links without sizes and times."""

from __future__ import annotations

import functools
import http.server
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faceindex.errors import OutOfReach, UsageError
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.photos.finding.remote_systems import PAGE, RemoteSystem
from faceindex.photos.finding.sources import source_of
from faceindex.photos.read import identify, read_bytes


@pytest.fixture(scope="module")
def served(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "inner").mkdir()
    for name, place in (("00.jpg", "a.jpg"), ("01.jpg", "inner/b c.jpg"), ("02.jpg", ".hidden.jpg")):
        (folder / place).write_bytes((many_photos / name).read_bytes())
    (folder / "note.txt").write_text("no photo")
    return folder


@pytest.fixture(scope="module")
def ftp(served: Path) -> Iterator[str]:
    """The address of a server that wants a password."""
    servers = pytest.importorskip("pyftpdlib.servers")
    handlers, authorizers = pytest.importorskip("pyftpdlib.handlers"), pytest.importorskip("pyftpdlib.authorizers")

    class Handler(handlers.FTPHandler):  # type: ignore[name-defined, misc]
        authorizer = authorizers.DummyAuthorizer()

    Handler.authorizer.add_user("ann", "secret", str(served))
    server = servers.ThreadedFTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.address[1]}"
    server.close_all()
    thread.join(10)


@pytest.fixture(scope="module")
def web(served: Path) -> Iterator[str]:
    """The address of a server whose folders are pages of links."""
    pytest.importorskip("aiohttp")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def found(root: str) -> dict[str, FoundFile]:
    return {file.path: file for file in find_files([root]) if isinstance(file, FoundFile)}


def test_a_server_of_files_is_walked_and_read_and_keeps_no_password(ftp: str, served: Path) -> None:
    files = found(f"ftp://ann:secret@{ftp}/")
    assert set(files) == {f"ftp://{ftp}/a.jpg", f"ftp://{ftp}/note.txt", f"ftp://{ftp}/inner/b c.jpg"}
    for path, file in files.items():
        local = served / path.removeprefix(f"ftp://{ftp}/")
        assert read_bytes(path) == (local.read_bytes(), file.mtime_ns)
        assert (file.size, file.mtime_ns // 10**9) == (local.stat().st_size, int(local.stat().st_mtime))
    source = source_of(f"ftp://{ftp}/a.jpg")
    assert source.missing(f"ftp://{ftp}/b.jpg")
    assert not source.missing(f"ftp://{ftp}/a.jpg")


def test_pages_of_links_are_walked_and_read(web: str, served: Path) -> None:
    files = found(web)
    photos = [path for path in files if path.endswith(".jpg")]
    assert sorted(photos) == [f"{web}/a.jpg", f"{web}/inner/b%20c.jpg"]
    for path in photos:
        seen = identify(path)
        assert seen is not None
        assert (seen.size, seen.mtime_ns) == (files[path].size, files[path].mtime_ns)
    assert identify(f"{web}/note.txt") is None
    assert list(found(f"{web}/a.jpg?signed=1")) == [f"{web}/a.jpg"]


def test_a_wrong_password_and_a_server_that_is_not_there_are_no_wrong_use(ftp: str) -> None:
    with pytest.raises(OutOfReach, match="Permission denied"):
        list(find_files([f"ftp://bob:wrong@localhost:{ftp.rpartition(':')[2]}/"]))
    with pytest.raises(OutOfReach, match="Connection refused by ftp://127"):
        list(find_files(["ftp://127.0.0.1:1/photos"]))
    with pytest.raises(UsageError, match="no such file or folder"):
        list(find_files([f"ftp://{ftp}/nothing-here"]))


class _Endless:
    """What s3fs lists of a folder with more objects than fit into memory; one of its folders has no name."""

    loop: Any = None

    def __init__(self) -> None:
        self.listed = 0

    def split_path(self, name: str) -> tuple[str, str, None]:
        bucket, _, key = name.partition("/")
        return bucket, key, None

    def _strip_protocol(self, url: str) -> str:
        return url.removeprefix("s3://")

    def info(self, name: str) -> dict[str, Any]:
        if name != "bucket":
            raise FileNotFoundError(name)
        return {"name": name, "type": "directory", "size": 0}

    async def _iterdir(self, bucket: str, *, delimiter: str, prefix: str) -> Any:
        yield {"name": f"{bucket}/{prefix}", "type": "directory", "size": 0}
        for number in itertools.count():
            self.listed += 1
            yield {"name": f"{bucket}/{prefix}{number:09d}.jpg", "type": "file", "size": 1, "ETag": "x"}


def test_a_folder_with_millions_of_objects_is_listed_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asyn = pytest.importorskip("fsspec.asyn")
    endless = _Endless()
    endless.loop = asyn.get_loop()
    system = RemoteSystem("s3://bucket", endless, has_host=False, for_all_threads=True)
    monkeypatch.setattr("faceindex.photos.finding.remote_files.remote_system", lambda _: system)
    monkeypatch.setattr("faceindex.photos.finding.remote_files._shared", {})
    monkeypatch.setattr("faceindex.photos.finding.remote_files._threads", threading.local())
    entries = list(itertools.islice(find_files(["s3://bucket"]), 3 * PAGE))
    nameless = [entry for entry in entries if isinstance(entry, UnreadableEntry)]
    assert [entry.path for entry in nameless] == ["s3://bucket//"]  # not entered again and again
    assert endless.listed <= 5 * PAGE
