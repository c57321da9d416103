"""The commit protocol: what is acknowledged is there, what is not leaves no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.files import writing as private_files
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face


def photo(*seeds: int) -> AnalysedPhoto:
    """A photo with one face per seed."""
    faces = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        landmarks = random.uniform(0, 100, (5, 2)).astype(np.float32)
        vector = random.standard_normal(128).astype(np.float32)
        faces.append(Face(Box(seed, 2, 30, 40), 1.5, landmarks, vector, seed / 10))
    return AnalysedPhoto(200, 100, tuple(faces))


def batch(**photos: AnalysedPhoto) -> Batch:
    """New photos by name; the content hash is the name."""
    return Batch(photos={name.encode(): (p, [FoundFile(f"/{name}.jpg", 7, 8, False)]) for name, p in photos.items()})


def commit(folder: LibraryFolder, what: Batch) -> int:
    with folder.writer() as writer:
        return writer.commit(what)


def test_committed_faces_are_read_back_as_they_were(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    stored = photo(1, 2)
    assert commit(folder, batch(a=stored)) == 2
    ids, vectors = folder.vectors()
    assert np.array_equal(vectors, [face.vector for face in stored.faces])
    for record, number, face in zip(folder.catalog.faces(), ids, stored.faces, strict=True):
        assert (record.face, record.photo, record.box) == (number, "/a.jpg", face.box)
        assert np.array_equal(record.landmarks, face.landmarks)
        assert record.quality == face.quality
    assert folder.catalog.face_qualities().tolist() == [0.1, 0.2]


def test_the_cover_of_an_album_is_its_best_face_and_of_equals_the_largest(tmp_path: Path) -> None:
    from made_albums import make_albums  # processes import this module from another folder

    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    faces = photo(1, 2, 3, 4, 5, 6).faces
    good = [0.4, 0.9, 0.9, 0.8, 0.1, 0.2]
    sides = [90, 30, 40, 90, 10, 10]
    made = [replace(f, quality=q, box=Box(0, 0, s, s)) for f, q, s in zip(faces, good, sides, strict=True)]
    commit(folder, batch(a=AnalysedPhoto(200, 100, tuple(made))))
    with folder.writer() as writer:
        make_albums(folder, {1: [1, 2, 3, 4], 2: [5, 6], 3: [77, 78]})
        albums = folder.catalog.albums()
        assert [(album.album, album.faces, album.photos, album.cover) for album in albums] == [
            (1, 4, 1, 3),
            (2, 2, 1, 6),
        ]
        writer.catalog.connection.execute("UPDATE faces SET quality = NULL, score = 10 - id")
        assert [album.cover for album in folder.catalog.albums()] == [1, 5]
        writer.catalog.connection.execute("UPDATE faces SET quality = 0.1 WHERE id IN (3, 4)")
        assert [album.cover for album in folder.catalog.albums()] == [4, 5]


def test_batch_without_faces_needs_no_segment(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    assert commit(folder, batch(a=photo())) == 0
    assert folder.catalog.counts() == {
        **{"photos": 1, "failures": 0, "faces": 0},
        **{"people": 0, "albums": 0, "segments": 0},
    }


def test_edited_photo_loses_its_old_faces_and_their_ids_never_return(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    commit(folder, batch(a=photo(1, 2)))
    first = {record.face for record in folder.catalog.faces()}
    edited = photo(90)
    commit(folder, Batch(photos={b"new": (edited, [FoundFile("/a.jpg", 9, 9, False)])}))
    (record,) = folder.catalog.faces()
    assert record.face not in first
    ids, vectors = folder.vectors()
    assert ids.tolist() == [record.face]
    assert np.array_equal(vectors[0], edited.faces[0].vector)


def test_edit_that_cannot_be_read_keeps_the_old_faces(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    commit(folder, batch(a=photo(1)))
    commit(folder, Batch(failures=[(FoundFile("/a.jpg", 9, 9, False), "cut off")]))
    assert [record.photo for record in folder.catalog.faces()] == ["/a.jpg"]
    assert [failure.error for failure in folder.catalog.failed()] == ["cut off"]


def test_commit_that_fails_changes_nothing(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    commit(folder, batch(a=photo(1)))
    wrong = replace(photo(1).faces[0], landmarks=cast(Any, None))
    with pytest.raises(Exception, match="astype"):
        commit(folder, batch(b=photo(2), d=AnalysedPhoto(9, 9, (wrong,))))
    assert folder.catalog.counts()["photos"] == 1
    commit(folder, batch(c=photo(4)))
    assert sorted(path.name for path in (folder.path / "vectors").iterdir()) == ["000001.h5", "000002.h5"]
    assert len(folder.vectors()[0]) == 2


_DIE = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from typing import Any, cast
from test_writer import batch, photo
from faceindex.files import writing as private_files
from faceindex.store.photos import writing
from faceindex.store.folder import LibraryFolder

moment = sys.argv[2]
def die(): os.kill(os.getpid(), signal.SIGKILL)
real_replace, real_sync = Path.replace, private_files.sync_folder
def replace(self, target):
    if self.name.endswith(".h5.tmp"):
        if moment == "half of the segment":
            os.truncate(self, 100)
        if moment in ("half of the segment", "segment under its temporary name"):
            die()
    return real_replace(self, target)
def sync(path):
    real_sync(path)
    if path.name == "vectors" and moment == "segment renamed, no transaction":
        die()
real_insert = writing.store_failures
def insert(*arguments):
    real_insert(*arguments)
    if moment == "inside the transaction":
        die()
Path.replace, private_files.sync_folder, writing.store_failures = replace, sync, insert
folder = LibraryFolder(Path(sys.argv[1]))
with folder.writer() as opened:
    opened.commit(batch(b=photo(2), c=photo(3, 4)))
    if moment == "after the commit":
        die()
"""


@pytest.mark.parametrize(
    ("moment", "acknowledged"),
    [
        ("half of the segment", False),
        ("segment under its temporary name", False),
        ("segment renamed, no transaction", False),
        ("inside the transaction", False),
        ("after the commit", True),
    ],
)
def test_killed_at_any_step_the_batch_is_in_or_out(tmp_path: Path, moment: str, acknowledged: bool) -> None:
    path = tmp_path / "x.faces"
    commit(LibraryFolder(path, wanted=recipe()), batch(a=photo(1)))
    arguments = [sys.executable, "-c", _DIE, str(path), moment, str(Path(__file__).parent)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL

    folder = LibraryFolder(path)
    assert len(folder.vectors()[0]) == (4 if acknowledged else 1)
    if not acknowledged:
        commit(folder, batch(b=photo(2), c=photo(3, 4)))
    ids, vectors = folder.vectors()
    expected = [face.vector for p in (photo(1), photo(2), photo(3, 4)) for face in p.faces]
    assert len(set(ids.tolist())) == 4
    assert np.array_equal(vectors, expected)
    committed = {segment.file for segment in folder.catalog.segments()}
    assert {file.name for file in (path / "vectors").iterdir()} == committed


_DIE_IN_THE_MAKING = """
import os, signal, sys
from pathlib import Path
from faceindex.store import creation as module
from faceindex.store.folder import LibraryFolder

real = getattr(module, sys.argv[2])
def die(*arguments):
    if sys.argv[3] == "after":
        real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, sys.argv[2], die)
with LibraryFolder(Path(sys.argv[1])).writer():
    pass
"""


@pytest.mark.parametrize(("step", "when"), [("open_writer", "before"), ("open_writer", "after"), ("migrate", "after")])
def test_library_killed_in_the_making_is_not_there_and_is_made_by_the_next_writer(
    tmp_path: Path, step: str, when: str
) -> None:
    path = tmp_path / "x.faces"
    arguments = [sys.executable, "-c", _DIE_IN_THE_MAKING, str(path), step, when]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    with pytest.raises(UsageError, match="no library at"):
        LibraryFolder(path, create=False)
    folder = LibraryFolder(path, wanted=recipe("sface"))
    assert commit(folder, batch(a=photo(1))) == 1
    assert LibraryFolder(path, create=False).recipe == recipe("sface")
    assert not list(path.glob("*.tmp*"))


def test_new_folders_are_durable_before_they_are_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(private_files, "sync_folder", synced.append)
    private_files.make_folder(tmp_path / "a" / "b")
    assert set(synced) == {tmp_path, tmp_path / "a"}
    private_files.make_folder(tmp_path / "a" / "b")
    assert len(synced) == 2


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
        commit(folder, batch(a=photo(1)))
        modes = {p: p.stat().st_mode & 0o777 for p in [folder.path, *folder.path.rglob("*")]}
    finally:
        os.umask(former)
    assert len(modes) >= 5
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(UsageError, match="choose another folder"):
        LibraryFolder(tmp_path)


def test_reader_sees_what_was_committed_while_it_was_open(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    commit(folder, batch(a=photo(1)))
    reader = LibraryFolder(tmp_path / "x.faces", create=False)
    assert reader.catalog.counts()["faces"] == 1
    with folder.writer() as writer:
        writer.commit(batch(b=photo(2)))
        assert reader.catalog.counts()["faces"] == 2
        with reader.catalog.snapshot():
            before = reader.catalog.counts()
            writer.commit(batch(c=photo(3)))
            assert reader.catalog.counts() == before
    assert reader.catalog.counts()["faces"] == 3
