"""Photos on a server are like photos on a disk: the same faces, nothing read in vain, nothing lost with the server."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from object_server import BUCKET, ObjectServer

import faceindex
from faceindex.cli import main
from faceindex.errors import MachineError, OutOfReach, UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.run import ingest
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.types import IngestReport, Vectors

ROOT = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """One that runs; tests use folders of their own on it."""
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    made = ObjectServer(tmp_path_factory.mktemp("server") / "log")
    with pytest.MonkeyPatch.context() as patch:
        made.let_be_found(patch)
        made.start({})
        yield made
        made.kill()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[LibraryFolder]:
    with closing(LibraryFolder(tmp_path / "x.faces", wanted=recipe("sface"))) as made:
        yield made


def take(library: LibraryFolder, *roots: str | Path, workers: int = 0, **options: Any) -> IngestReport:
    return ingest(library, roots, analyser=Analyser(library.recipe), workers=workers, **options)


@pytest.fixture(params=["made", pytest.param("real", marks=pytest.mark.long)])
def some_photos(request: pytest.FixtureRequest, many_photos: Path, tmp_path: Path) -> Path:
    """A folder of made photos of which one cannot be read; or, in long runs, of many real ones, and that one, too."""
    if request.param == "made":
        return many_photos
    shared: Path = request.getfixturevalue("shared_data")
    count = request.getfixturevalue("sized")(200)
    folder = tmp_path / "some"
    folder.mkdir()
    for path in sorted((shared / "lfw-dev" / "images").rglob("*.jpg"))[:count]:
        shutil.copy(path, folder)
    shutil.copy(many_photos / "cut-off.jpg", folder)
    return folder


def put_all(server: ObjectServer, folder: Path, under: str) -> list[str]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        server.put(f"{under}/{path.name}", path.read_bytes())
    server.forget_requests()
    return [path.name for path in files]


def stored(library: LibraryFolder) -> Mapping[tuple[str, int, int], Vectors]:
    """The vector of each face by the name of its photo and its place."""
    return {
        (Path(record.photo).name, record.box.x, record.box.y): vector
        for record, vector in library.faces_with_vectors()
        if vector is not None
    }


def test_the_faces_are_those_of_the_disk_byte_for_byte_and_a_second_run_reads_nothing(
    server: ObjectServer, library: LibraryFolder, some_photos: Path, tmp_path: Path
) -> None:
    same = some_photos.name
    names = put_all(server, some_photos, same)
    report = take(library, f"{ROOT}/{same}", workers=1)
    assert (report.new, report.failed, report.out_of_reach) == (len(names) - 1, 1, 0)  # one is cut off
    assert {record.path for record in library.catalog.photos()} <= {f"{ROOT}/{same}/{name}" for name in names}
    with closing(LibraryFolder(tmp_path / "local.faces", wanted=recipe("sface"))) as local:
        take(local, some_photos)
        here, there = stored(local), stored(library)
    assert here.keys() == there.keys()
    assert len(here) >= len(names) - 3
    assert all(np.array_equal(here[face], there[face]) for face in here)
    server.forget_requests()
    again = take(library, f"{ROOT}/{same}")
    assert (again.unchanged, again.failed, again.new) == (len(names) - 1, 1, 0)
    assert server.read() == []
    assert sum(server.requests().values()) < 10


def test_only_what_changed_is_read(server: ObjectServer, library: LibraryFolder, many_photos: Path) -> None:
    for number in range(3):
        server.put(f"edit/{number}.jpg", (many_photos / f"0{number}.jpg").read_bytes())
    take(library, f"{ROOT}/edit")
    one, two = (many_photos / "01.jpg").read_bytes(), (many_photos / "02.jpg").read_bytes()
    server.put("edit/1.jpg", two + b"\0" * max(0, len(one) - len(two)))  # what is stored is not the same length
    server.remove("edit/2.jpg")
    server.put("edit/note.txt", b"no photo")
    server.forget_requests()
    report = take(library, f"{ROOT}/edit", prune=True)
    assert set(server.read()) == {"edit/1.jpg"}
    assert (report.unchanged, report.new + report.moved, report.ignored) == (1, 1, 1)
    assert report.pruned
    assert {record.path for record in library.catalog.photos()} == {f"{ROOT}/edit/0.jpg", f"{ROOT}/edit/1.jpg"}


def test_an_object_of_the_same_length_in_the_same_second_is_another_version(
    server: ObjectServer, library: LibraryFolder, many_photos: Path
) -> None:
    data = (many_photos / "03.jpg").read_bytes()
    server.put("same-size/a.jpg", data + b"\0")
    take(library, f"{ROOT}/same-size")
    (before,) = library.catalog.photos()
    server.put("same-size/a.jpg", data + b"\1")
    assert take(library, f"{ROOT}/same-size").new == 1
    (after,) = library.catalog.photos()
    assert before.photo != after.photo


def test_a_photo_that_moved_on_the_server_or_came_from_a_disk_is_known(
    server: ObjectServer, library: LibraryFolder, many_photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    shutil.copy(many_photos / "04.jpg", tmp_path / "disk")
    shutil.copy(many_photos / "05.jpg", tmp_path / "disk")
    take(library, tmp_path / "disk")
    for name in ("04.jpg", "05.jpg"):
        server.put(f"from-disk/{name}", (many_photos / name).read_bytes())
    (tmp_path / "disk" / "05.jpg").unlink()
    report = take(library, f"{ROOT}/from-disk")
    assert (report.duplicate, report.moved, report.new) == (1, 1, 0)
    server.put("from-disk/new-name.jpg", (many_photos / "05.jpg").read_bytes())
    server.remove("from-disk/05.jpg")
    assert take(library, f"{ROOT}/from-disk").moved == 1
    paths = {record.path for record in library.catalog.photos()}
    assert f"{ROOT}/from-disk/new-name.jpg" in paths
    assert f"{ROOT}/from-disk/05.jpg" not in paths


def test_what_is_left_out_on_a_disk_is_left_out_at_an_address(
    server: ObjectServer, library: LibraryFolder, many_photos: Path
) -> None:
    data = {number: (many_photos / f"{number:02d}.jpg").read_bytes() for number in range(6)}
    server.put("rules/a.jpg", data[0])
    server.put("rules/.hidden.jpg", data[1])
    server.put("rules/@eaDir/b.jpg", data[2])
    server.put("rules/private/c.jpg", data[3])
    server.put("rules/raw/d.jpg", data[4])
    server.put("rules/.faceindexignore", b"private/\n")
    server.put("rules/other.faces/catalog.sqlite", b"")
    server.put("rules/other.faces/vectors/x.jpg", data[5])
    report = take(library, f"{ROOT}/rules", exclude=["raw/"])
    assert [record.path for record in library.catalog.photos()] == [f"{ROOT}/rules/a.jpg"]
    skipped = report.skipped
    assert (skipped.hidden_files, skipped.system_folders, skipped.excluded_folders) == (1, 1, 2)


def commented(jpeg: bytes, text: str) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + (2 + len(text)).to_bytes(2, "big") + text.encode() + jpeg[2:]


def test_a_server_that_is_killed_in_the_middle_costs_no_photo(
    many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: LibraryFolder
) -> None:
    server = ObjectServer(tmp_path / "log")
    server.let_be_found(monkeypatch)
    photos = {  # many more than are fetched ahead of those whose faces are encoded together
        f"x/{copy}{path.name}": commented(path.read_bytes(), f"{copy}")
        for path in sorted(many_photos.glob("[01n]*.jpg"))
        for copy in range(4)
    }
    server.start(photos)
    first = threading.Event()

    def kill() -> None:
        first.wait(60)
        server.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(MachineError, match="does not answer"):
            ingest(
                library,
                [f"{ROOT}/x"],
                analyser=Analyser(library.recipe),
                workers=1,
                meter=Meter(lambda step: first.set() if step.done >= 3 else None),
            )
        killer.join()
        before = library.catalog.counts()
        assert before["photos"] < len(photos)
        assert before["failures"] == 0
        with pytest.raises(OutOfReach, match=r"s3://photos/x cannot be listed"):
            take(library, f"{ROOT}/x")
        server.start(photos)
        report = take(library, f"{ROOT}/x")
        assert (report.failed, report.out_of_reach) == (0, 0)
        assert report.new + before["photos"] == len(photos)
        assert {record.path for record in library.catalog.photos()} == {f"s3://{BUCKET}/{key}" for key in photos}
    finally:
        first.set()
        server.kill()


def test_a_bucket_that_is_gone_and_a_wrong_address_are_told(server: ObjectServer, library: LibraryFolder) -> None:
    with pytest.raises(OutOfReach, match="s3://no-such-bucket does not exist now"):
        take(library, "s3://no-such-bucket/photos")
    with pytest.raises(UsageError, match=f"no such file or folder: {ROOT}/no-such-folder"):
        take(library, f"{ROOT}/no-such-folder")
    with pytest.raises(UsageError, match="fsspec does not know addresses nonsense://"):
        take(library, "nonsense://photos")


def test_photos_of_a_bucket_that_is_gone_are_away_and_not_pruned(
    server: ObjectServer, library: LibraryFolder, many_photos: Path
) -> None:
    data = (many_photos / "06.jpg").read_bytes()
    server.system().mkdir("passing")
    server.system().pipe_file("passing/a/1.jpg", data)
    server.put("staying/1.jpg", (many_photos / "07.jpg").read_bytes())
    take(library, "s3://passing/a", f"{ROOT}/staying")
    server.system().rm_file("passing/a/1.jpg")
    server.system().rmdir("passing")
    from faceindex.photos.finding.whereabouts import whereabouts

    assert whereabouts("s3://passing/a/1.jpg", library.catalog.roots()) == "disconnected"
    assert whereabouts(f"{ROOT}/staying/1.jpg", library.catalog.roots()) == "present"
    assert whereabouts(f"{ROOT}/staying/2.jpg", library.catalog.roots()) == "removed"


def test_every_command_takes_addresses_and_no_secret_is_kept(
    server: ObjectServer,
    many_photos: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        server.put(f"cli/{number}.jpg", (many_photos / f"{number:02d}.jpg").read_bytes())
    where, probe = tmp_path / "x.faces", f"{ROOT}/cli/1.jpg"
    login = f"s3://nobody:SECRET-OF-NOBODY@{BUCKET}/cli"

    log = tmp_path / "log"

    def run(*arguments: object, rc: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["faceindex", *map(str, arguments), "-L", str(where)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert (ended.value.code or 0) == rc, said.err
        assert "SECRET" not in said.out + said.err
        return said.out

    assert (
        json.loads(run("ingest", login, "--recipe", "sface", "--workers", "1", "--log", log, "--json"))["photos"]["new"]
        == 3
    )
    assert [photo["path"] for photo in json.loads(run("photos", "list", f"{ROOT}/cli", "--json"))] == [
        f"{ROOT}/cli/{number}.jpg" for number in range(3)
    ]
    assert json.loads(run("photos", "show", probe, "--sheet", tmp_path / "photo.html", "--json"))["faces"]
    assert "data:image/jpeg" in (tmp_path / "photo.html").read_text()
    assert json.loads(run("search", probe, "--json"))["faces"][0]["matches"]
    assert json.loads(run("verify", probe, f"{ROOT}/cli/2.jpg", "--json"))["same"]
    assert len(run("search-many", f"{ROOT}/cli").splitlines()) == 3
    run("cluster")
    run("people", "name", "1", "Eileen")
    assert json.loads(run("identify", probe, "--json"))["faces"][0]["person"] == "Eileen"
    exported = json.loads(run("albums", "export", tmp_path / "albums", "--xmp", "--json"))
    assert (exported["made"], exported["missing"]) == (6, [])  # each with a sidecar
    assert {path.read_bytes() for path in (tmp_path / "albums" / "Eileen").glob("*.jpg")} == {
        (many_photos / f"{number:02d}.jpg").read_bytes() for number in range(3)
    }
    assert json.loads(run("albums", "export", tmp_path / "albums", "--xmp", "--json"))["kept"] == 6
    assert json.loads(run("photos", "sidecars", ROOT, "--to", tmp_path / "sidecars", "--json"))["written"] == 3
    assert (tmp_path / "sidecars" / "cli" / "0.jpg.xmp").is_file()
    server.put("cli/0.jpg.xmp", (tmp_path / "sidecars" / "cli" / "0.jpg.xmp").read_bytes())
    told = json.loads(run("photos", "sidecars", f"{ROOT}/cli", "--beside", "--json", rc=2))["failed"]
    assert "cannot write to an address" in told[0]["error"]
    assert json.loads(run("ingest", f"{ROOT}/cli", "--xmp", "--json"))["xmp"]["names"] == 1
    assert run("albums", "sheet", tmp_path / "albums.html")
    assert json.loads(run("reencode", tmp_path / "y.faces", "--recipe", "sface", "--json"))["photos"] == 3
    next((where / "vectors").iterdir()).write_bytes(b"")
    assert json.loads(run("repair", "--json"))["analysed"] == 3
    assert json.loads(run("photos", "remove", probe, "--json"))["paths"] == 1
    for path in [*tmp_path.rglob("*")]:
        assert path.is_dir() or b"SECRET-OF-NOBODY" not in path.read_bytes(), path


def test_a_program_searches_with_an_address(server: ObjectServer, many_photos: Path) -> None:
    server.put("probe/1.jpg", (many_photos / "08.jpg").read_bytes())
    here, there = faceindex.analyse(many_photos / "08.jpg"), faceindex.analyse(f"{ROOT}/probe/1.jpg")
    assert np.array_equal(here[0].vector, there[0].vector)
