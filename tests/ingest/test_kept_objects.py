"""Photos on a server of objects that lives on: killed and restarted, throttled, cut off, with odd names."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept_objects import NO_TROUBLE, KeptObjects, Trouble, running
from object_server import BUCKET

from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.run import ingest
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.photos.finding.sources import source_of
from faceindex.photos.read import read_bytes
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.types import IngestReport

ROOT = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptObjects]:
    """One that runs, without trouble; tests use folders of their own on it."""
    with running(tmp_path_factory.mktemp("kept")) as made:
        yield made


@pytest.fixture
def library(tmp_path: Path) -> Iterator[LibraryFolder]:
    with closing(LibraryFolder(tmp_path / "x.faces", wanted=recipe("sface"))) as made:
        yield made


def take(library: LibraryFolder, *roots: str | Path, workers: int = 0, **options: Any) -> IngestReport:
    return ingest(library, roots, analyser=Analyser(library.recipe), workers=workers, **options)


def stored(library: LibraryFolder, root: str) -> dict[tuple[str, int, int], bytes]:
    """The vector of each face by the path of its photo below `root` and its place."""
    return {
        (record.photo.removeprefix(root), record.box.x, record.box.y): vector.tobytes()
        for record, vector in library.faces_with_vectors()
        if vector is not None
    }


def commented(jpeg: bytes, text: str) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + (2 + len(text)).to_bytes(2, "big") + text.encode() + jpeg[2:]


@pytest.fixture(params=["made", pytest.param("real", marks=pytest.mark.long)])
def folder(request: pytest.FixtureRequest, many_photos: Path, tmp_path: Path) -> Path:
    """Forty made photos, or, in long runs, five hundred real ones."""
    folder = tmp_path / "photos"
    folder.mkdir()
    if request.param == "made":
        for copy in range(40):
            data = (many_photos / f"{copy // 2:02d}.jpg").read_bytes()
            (folder / f"{copy:03d}.jpg").write_bytes(commented(data, f"{copy}"))
        return folder
    shared: Path = request.getfixturevalue("shared_data")
    for path in sorted((shared / "lfw-dev" / "images").rglob("*.jpg"))[: request.getfixturevalue("sized")(500)]:
        shutil.copy(path, folder)
    return folder


class Later:
    """Trouble from the request for the nth object on, while it is on."""

    def __init__(self, number: int, trouble: Trouble) -> None:
        self._left, self._trouble = number, trouble

    def __call__(self, method: str, address: str) -> Trouble:
        self._left -= method == "GET" and "?" not in address
        return self._trouble if self._left < 0 else NO_TROUBLE


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble(status=403, code="ExpiredToken"), r"s3://photos does not answer: .*ExpiredToken"),
        (Trouble(status=404, code="NoSuchBucket"), "s3://photos does not exist now"),
        (Trouble(status=503, code="SlowDown"), "s3://photos does not answer: .*SlowDown"),
        (Trouble(most=1000), "s3://photos does not answer"),
        (Trouble(status=403, code="AccessDenied"), None),
    ],
    ids=["expired", "bucket", "throttled", "cut", "denied"],
)
def test_what_a_server_does_fails_no_photo_and_prunes_none(
    server: KeptObjects, library: LibraryFolder, many_photos: Path, trouble: Trouble, said: str | None
) -> None:
    place = f"trouble-{trouble.code}{trouble.most}"
    for number in range(12):
        server.put(f"{place}/{number:02d}.jpg", (many_photos / f"{number:02d}.jpg").read_bytes())
    take(library, f"{ROOT}/{place}/00.jpg")
    server.remove(f"{place}/01.jpg")
    server.trouble = Later(4, trouble)
    try:
        if said is None:
            assert take(library, f"{ROOT}/{place}", prune=True).out_of_reach >= 6
        else:
            with pytest.raises(MachineError, match=said):
                take(library, f"{ROOT}/{place}", prune=True)
        server.trouble = lambda method, address: trouble if method in ("GET", "HEAD") else NO_TROUBLE
        source = source_of(f"{ROOT}/{place}/01.jpg")
        assert source.missing(f"{ROOT}/{place}/01.jpg") == (trouble.status in (0, 404))
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    counts = library.catalog.counts()
    assert (counts["failures"], 1 <= counts["photos"] < 11) == (0, True)
    report = take(library, f"{ROOT}/{place}", prune=True)
    assert (report.failed, report.out_of_reach, report.unchanged + report.new) == (0, 0, 11)
    assert library.catalog.counts()["photos"] == 11


def test_a_cut_connection_and_throttling_for_a_moment_are_not_even_seen(
    server: KeptObjects, library: LibraryFolder, many_photos: Path
) -> None:
    for number in range(4):
        server.put(f"moment/{number}.jpg", (many_photos / f"{number:02d}.jpg").read_bytes())
    seen: set[str] = set()

    def once(method: str, address: str) -> Trouble:
        if method != "GET" or address in seen:
            return NO_TROUBLE
        seen.add(address)
        return Trouble(status=503, code="SlowDown") if len(seen) % 2 else Trouble(most=500)

    server.trouble = once
    try:
        report = take(library, f"{ROOT}/moment")
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    assert (report.new, report.failed, report.out_of_reach) == (4, 0, 0)
    assert len(seen) >= 5


ODD = (
    *("a b.jpg", "ü/日本 語.jpg", "x#y.jpg", "q?z.jpg", "p%41.jpg", "pc%.jpg", "plus+.jpg", "amp&.jpg"),
    *("semi;x='\".jpg", "NFD-u\u0308.jpg", "tail /x.jpg", "\\back.jpg", "emoji\U0001f600.jpg", "new\nline.jpg"),
    *("-dash.jpg", "~tilde.jpg", "colon:x.jpg", "star*[a].jpg", "{b}.jpg"),
)


def test_names_that_are_odd_in_addresses_are_found_and_read(
    server: KeptObjects, library: LibraryFolder, many_photos: Path
) -> None:
    data = {name: (many_photos / f"{number:02d}.jpg").read_bytes() for number, name in enumerate(ODD)}
    for name in ODD:
        server.put(f"odd #?%/{name}", data[name])
    server.put("odd #?%/empty.jpg", b"")
    report = take(library, f"{ROOT}/odd #?%/")  # a slash at the end changes nothing
    assert (report.new, report.failed, [failure.error for failure in report.failures]) == (
        len(ODD),
        1,
        ["the file is empty"],
    )
    assert {record.path for record in library.catalog.photos()} == {f"{ROOT}/odd #?%/{name}" for name in ODD}
    assert all(read_bytes(f"{ROOT}/odd #?%/{name}")[0] == data[name] for name in ODD)
    server.forget_requests()
    again = take(library, f"{ROOT}/odd #?%", prune=True)
    assert (again.unchanged, again.new, again.moved) == (len(ODD), 0, 0)
    assert not [request for request in server.asked if request.startswith("GET") and "?" not in request]
    assert library.catalog.counts()["photos"] == len(ODD)


def test_thousands_of_objects_are_listed_in_pages_without_a_request_for_each(server: KeptObjects) -> None:
    count = 2500
    server.fill("many", (f"{number:05d}.jpg" for number in range(count)), b"x")
    server.forget_requests()
    found = [entry for entry in find_files([f"{ROOT}/many"]) if isinstance(entry, FoundFile)]
    assert [file.path for file in found] == [f"{ROOT}/many/{number:05d}.jpg" for number in range(count)]
    assert {file.size for file in found} == {1}
    assert len(server.asked) < 30


def test_a_new_photo_is_read_by_one_request_and_its_status_is_that_of_the_listing(
    server: KeptObjects, many_photos: Path
) -> None:
    server.put("one/a.jpg", (many_photos / "00.jpg").read_bytes())
    (listed,) = find_files([f"{ROOT}/one"])
    server.forget_requests()
    data, mtime_ns = read_bytes(f"{ROOT}/one/a.jpg")
    assert server.asked == [f"GET /{BUCKET}/one/a.jpg"]
    assert isinstance(listed, FoundFile)
    assert (len(data), mtime_ns) == (listed.size, listed.mtime_ns)


@pytest.mark.parametrize("workers", [0, 1])
def test_photos_are_fetched_several_at_a_time(
    server: KeptObjects, library: LibraryFolder, many_photos: Path, workers: int
) -> None:
    for number in range(10):
        server.put(f"ahead/{number}.jpg", (many_photos / f"{number:02d}.jpg").read_bytes())
    at_once = AtOnce()
    server.trouble = at_once
    try:
        assert take(library, f"{ROOT}/ahead", workers=workers).new == 10
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    assert at_once.most >= 4


class AtOnce:
    """Counts the requests for objects that are at work at the same moment."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._guard = threading.Lock()

    def __call__(self, method: str, address: str) -> Trouble:
        if method != "GET" or "?" in address:
            return NO_TROUBLE
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        threading.Event().wait(0.05)
        with self._guard:
            self._now -= 1
        return NO_TROUBLE


def test_the_same_photo_from_both_places_is_one(
    server: KeptObjects, library: LibraryFolder, many_photos: Path, tmp_path: Path
) -> None:
    data: Callable[[int], bytes] = lambda number: (many_photos / f"{number:02d}.jpg").read_bytes()  # noqa: E731
    server.put("both/old.jpg", data(0))
    server.put("both/same.jpg", data(1) + b"\0")
    take(library, f"{ROOT}/both")
    (tmp_path / "copy.jpg").write_bytes(data(0))
    assert take(library, tmp_path / "copy.jpg").duplicate == 1
    server.put("both/moved.jpg", data(0))
    server.remove("both/old.jpg")
    server.put("both/same.jpg", data(1) + b"\1")  # of the same length
    report = take(library, f"{ROOT}/both", prune=True)
    assert (report.new, report.duplicate + report.moved) == (1, 1)
    paths = {record.path for record in library.catalog.photos()}
    assert f"{ROOT}/both/old.jpg" not in paths
    assert np.isfinite(library.vectors()[1]).all()


def test_a_server_that_is_killed_and_restarted_costs_no_photo_and_gives_the_library_of_the_disk(
    server: KeptObjects, library: LibraryFolder, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")  # the last test, as the server's connections are kept
    for path in sorted(folder.iterdir()):
        server.put(f"killed/{path.name}", path.read_bytes())
    names = sorted(path.name for path in folder.iterdir())
    begun = threading.Event()

    def restart() -> None:
        begun.wait(120)
        server.kill()
        threading.Event().wait(1)
        server.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    for _ in range(3):
        try:
            meter = Meter(lambda step: begun.set() if step.done >= len(names) // 8 else None)
            report = take(library, f"{ROOT}/killed", workers=1, meter=meter)
        except MachineError:
            continue
        finally:
            begun.set()
            restarting.join()
        assert report.failed == 0
        if not report.out_of_reach:
            break
    assert library.catalog.counts()["failures"] == 0
    assert sorted(record.path for record in library.catalog.photos()) == [f"{ROOT}/killed/{name}" for name in names]
    with closing(LibraryFolder(tmp_path / "local.faces", wanted=recipe("sface"))) as local:
        take(local, folder, workers=1)
        assert stored(library, f"{ROOT}/killed/") == stored(local, f"{folder}/")
        assert len(stored(local, f"{folder}/")) >= len(names) * 3 // 4
