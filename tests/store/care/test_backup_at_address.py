"""A backup at an address is whole when it has its list, and comes back byte for byte; outputs appear whole there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept_objects import NO_TROUBLE, KeptObjects, Trouble, running
from made_library import MadeLibrary
from object_server import BUCKET

from faceindex.cli import main
from faceindex.errors import LibraryDamaged, LibraryUnwritable, OutOfReach, UsageError
from faceindex.exchange.outputs import binary_output, text_output
from faceindex.exchange.rows.faces import face_lines
from faceindex.library.restoring import restore_backup
from faceindex.store.care.backup_at_address import backup_to_address
from faceindex.store.folder import LibraryFolder
from faceindex.types import Box

ONE, TWO = Box(0, 0, 10, 10), Box(20, 0, 10, 10)
ROOT = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptObjects]:
    """One that runs, without trouble."""
    with running(tmp_path_factory.mktemp("kept")) as made:
        yield made


@pytest.fixture
def large(made: MadeLibrary) -> MadeLibrary:
    """With three segments."""
    made.store_all({"a": [ONE, TWO], "b": [ONE]})
    made.store("c", [TWO])
    made.store("d", [ONE, TWO])
    return made


def face_lines_of(folder: LibraryFolder) -> Iterator[str]:
    return face_lines(((face, None) for face in folder.catalog.faces()), form="jsonl")


def objects(server: KeptObjects, folder: str) -> list[str]:
    return sorted(name.removeprefix(f"{BUCKET}/{folder}/") for name in server.system().find(f"{BUCKET}/{folder}"))


def test_a_backup_comes_back_byte_for_byte_and_nothing_is_written_over(
    server: KeptObjects, large: MadeLibrary, tmp_path: Path
) -> None:
    files = backup_to_address(large.folder, f"{ROOT}/whole")
    assert objects(server, "whole") == sorted(["backup.json", *(file.object for file in files)])
    done = restore_backup(f"{ROOT}/whole", tmp_path / "copy.faces")
    assert (done.photos, done.faces, done.segments) == (4, 6, 3)
    copy = LibraryFolder(tmp_path / "copy.faces", create=False)
    (ids, vectors), (their_ids, their_vectors) = large.folder.vectors(), copy.vectors()
    assert np.array_equal(ids, their_ids)
    assert np.array_equal(vectors, their_vectors)
    assert [*face_lines_of(large.folder)] == [*face_lines_of(copy)]
    copy.close()
    with pytest.raises(UsageError, match="has a backup already"):
        backup_to_address(large.folder, f"{ROOT}/whole")
    with pytest.raises(UsageError, match="exists already"):
        restore_backup(f"{ROOT}/whole", tmp_path / "copy.faces")
    server.put("other/holiday.jpg", b"x")
    with pytest.raises(UsageError, match="holds other things"):
        backup_to_address(large.folder, f"{ROOT}/other")
    restored = restore_backup(tmp_path / "copy.faces", tmp_path / "third.faces")  # a folder is a backup, too
    assert (restored.photos, restored.faces) == (4, 6)


def test_a_backup_that_is_interrupted_is_none_and_continues(
    server: KeptObjects, large: MadeLibrary, tmp_path: Path
) -> None:
    stored: list[str] = []

    def second_segment_fails(method: str, address: str) -> Trouble:
        if method == "PUT":
            stored.append(address)
        return Trouble(status=500, code="InternalError") if len(stored) > 1 else NO_TROUBLE

    server.trouble = second_segment_fails
    try:
        with pytest.raises(LibraryUnwritable, match="the same command continues"):
            backup_to_address(large.folder, f"{ROOT}/cut")
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    assert [name.partition("-")[0] for name in objects(server, "cut")] == ["vectors/000001"]
    with pytest.raises(UsageError, match=r"no backup at s3://photos/cut: it has no backup\.json"):
        restore_backup(f"{ROOT}/cut", tmp_path / "copy.faces")
    server.put("cut/vectors/000009-0.h5", b"of an older state")
    server.forget_requests()
    backup_to_address(large.folder, f"{ROOT}/cut")
    assert sum(request.startswith("PUT") for request in server.asked) == 4  # two segments, catalog and list
    assert len(objects(server, "cut")) == 5
    assert restore_backup(f"{ROOT}/cut", tmp_path / "copy.faces").faces == 6


def test_a_damaged_backup_is_not_restored_and_a_server_that_ends_is_no_damage(
    server: KeptObjects, large: MadeLibrary, tmp_path: Path
) -> None:
    files = backup_to_address(large.folder, f"{ROOT}/damaged")
    whole = server.system().cat_file(f"{BUCKET}/damaged/{files[2].object}")
    read: list[str] = []

    def ends(method: str, address: str) -> Trouble:
        read.append(address)
        return Trouble(status=500, code="InternalError") if len(read) > 3 else NO_TROUBLE

    server.trouble = ends
    try:
        with pytest.raises(OutOfReach, match="the same command continues"):
            restore_backup(f"{ROOT}/damaged", tmp_path / "copy.faces")
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    assert not (tmp_path / "copy.faces").exists()
    server.put(f"damaged/{files[2].object}", whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(LibraryDamaged, match="is not what was backed up"):
        restore_backup(f"{ROOT}/damaged", tmp_path / "copy.faces")
    server.remove(f"damaged/{files[2].object}")
    with pytest.raises(LibraryDamaged, match="the backup is not complete"):
        restore_backup(f"{ROOT}/damaged", tmp_path / "copy.faces")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy")] == []
    for text in (b"{}", b'{"format": "faceindex backup 9", "files": []}', b"\xff", b"[]"):
        server.put("damaged/backup.json", text)
        with pytest.raises(LibraryDamaged, match="is damaged, or was written by a newer"):
            restore_backup(f"{ROOT}/damaged", tmp_path / "copy.faces")
    server.put(
        "damaged/backup.json", server.system().cat_file(f"{BUCKET}/whole/backup.json").replace(b"0001", b"/../x")
    )
    with pytest.raises(LibraryDamaged):
        restore_backup(f"{ROOT}/damaged", tmp_path / "copy.faces")


def test_a_damaged_library_leaves_no_backup(server: KeptObjects, large: MadeLibrary) -> None:
    (segment, *_) = sorted((large.folder.path / "vectors").iterdir())
    segment.chmod(0o600)
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    with pytest.raises(LibraryDamaged, match="is not what was written"):
        backup_to_address(large.folder, f"{ROOT}/none")
    assert objects(server, "none") == []


def fill(output: AbstractContextManager[Any], data: str | bytes, error: Exception | None = None) -> None:
    with output as file:
        file.write(data)
        if error:
            raise error


def test_outputs_appear_whole_or_not_at_all(server: KeptObjects) -> None:
    lines = [f"line {number} of many\n" for number in range(1_600_000)]  # more than two parts of an upload
    url = Path(f"{ROOT}/out/lines.txt")  # Path turns two slashes into one
    server.put("out/lines.txt", b"before")
    with text_output(url, errors="strict") as file:
        file.writelines(lines)
        assert server.system().cat_file(f"{BUCKET}/out/lines.txt") == b"before"
    assert server.system().cat_file(f"{BUCKET}/out/lines.txt") == "".join(lines).encode()
    for text in ("half", "".join(lines)):
        with pytest.raises(ZeroDivisionError):
            fill(text_output(url, errors="strict"), text, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        fill(binary_output(url), b"half", ZeroDivisionError())
    refused = Trouble(status=403, code="AccessDenied")
    server.trouble = lambda method, address: refused if method in ("POST", "PUT") else NO_TROUBLE
    try:
        with pytest.raises(OutOfReach, match=r"cannot write s3://photos/out/lines\.txt: Permission denied"):
            fill(binary_output(url), b"x")
    finally:
        server.trouble = lambda method, address: NO_TROUBLE
    assert len(server.system().cat_file(f"{BUCKET}/out/lines.txt")) == sum(map(len, lines))
    assert objects(server, "out") == ["lines.txt"]
    with pytest.raises(UsageError, match="can only be read"), text_output(Path("https://h/x"), errors="strict"):
        pass


def test_commands_write_to_addresses_what_they_write_to_files_and_refuse_folders(
    server: KeptObjects,
    large: MadeLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any, rc: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["faceindex", *arguments, "-L", str(large.folder.path)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert (ended.value.code or 0) == rc, said.err
        return said.out + said.err

    for form in ("jsonl", "csv", "hdf5", "npz", "faiss"):
        run("export", f"{ROOT}/cli/faces.{form}", "--format", form)
        run("export", f"faces.{form}", "--format", form)
        assert server.system().cat_file(f"{BUCKET}/cli/faces.{form}") == Path(f"faces.{form}").read_bytes()
    for arguments in (
        ["albums", "export", f"{ROOT}/albums"],
        ["photos", "sidecars", "/", "--to", f"{ROOT}/sidecars"],
        ["reencode", f"{ROOT}/other.faces", "--recipe", "sface"],
        ["import", f"{ROOT}/cli/faces.hdf5"],
    ):
        said = run(*arguments, rc=2)
        assert f"faceindex: {ROOT}/" in said
        assert "can only be on a disk" in said
        assert len(said.strip().splitlines()) == 1
    assert not list(tmp_path.glob("s3*"))  # no folder of that name on the disk
    assert f"{ROOT}/backup: 4 photos" in run("backup", f"{ROOT}/backup")
