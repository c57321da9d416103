"""An index follows its library: whatever was stored, edited and removed since, a search finds what is there now."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from made_library import MadeLibrary

from faceindex.search import building
from faceindex.search import index as face_index
from faceindex.search.coverage import Change, configure
from faceindex.search.files import FAISS_FILE
from faceindex.search.index import LibraryIndex, find_nearest, load_or_build
from faceindex.search.kinds import IndexConfig
from faceindex.store.hdf5.merging import compact, compact_all
from faceindex.types import Box

BOXES = [Box(100 * n, 100 * n, 80, 80) for n in range(4)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeLibrary]:
    library = MadeLibrary(tmp_path / "x.faces")
    library.store_all({f"first{n}": BOXES[: n % 4 + 1] for n in range(40)})
    yield library
    library.folder.close()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is kept however small the library is."""
    monkeypatch.setattr(face_index, "SMALL", 0)


def finds_what_is_there(made: MadeLibrary, index: LibraryIndex, random: np.random.Generator) -> bool:
    ids, vectors = made.folder.vectors()
    probes = [random.standard_normal(128).astype(np.float32), vectors[random.integers(len(ids))]]
    for probe in probes:
        distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        order = np.lexsort((ids, distances))
        for k in (1, 7, 1000):
            found, away = find_nearest(made.folder, index, probe, k, np.inf)
            if found.tolist() != ids[order][:k].tolist() or not np.allclose(away, distances[order][:k], atol=1e-9):
                return False
        limit = float(np.sort(distances)[len(ids) // 2])
        found, _ = find_nearest(made.folder, index, probe, len(ids), limit)
        if found.tolist() != ids[order][distances[order] <= limit].tolist():
            return False
    return True


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("kept")
def test_what_is_found_is_what_is_there_after_any_change(made: MadeLibrary, seed: int) -> None:
    random = np.random.default_rng(seed)
    index = load_or_build(made.folder)
    built = index.saved_as
    for step in range(40):
        path = f"/first{random.integers(40)}.jpg"
        match random.integers(5):
            case 0 | 1:
                made.store_all({f"new{step}.{n}": BOXES[: random.integers(1, 4)] for n in range(2)})
            case 2:
                made.store(f"edit{step}", BOXES[: random.integers(0, 4)], path=path)
            case 3:
                with made.folder.writer() as writer:
                    writer.remove_paths([path])
            case 4:
                with made.folder.writer() as writer:
                    (compact_all if random.integers(2) else lambda w: compact(w))(writer)
        fresh = load_or_build(made.folder)
        index = load_or_build(made.folder, index if random.integers(2) else fresh)
        assert made.holds_what_was_stored()
        assert finds_what_is_there(made, index, random), step
    assert built is not None


@pytest.mark.usefixtures("kept")
def test_new_removed_and_edited_faces_are_right_without_building(
    made: MadeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.store("former", BOXES[:1], path="/photo.jpg", people=[0])
    (kept_id,) = (face.face for face in made.folder.catalog.faces() if face.photo == "/photo.jpg")
    index = load_or_build(made.folder)
    monkeypatch.setattr(face_index, "build", lambda *_, **__: pytest.fail("built"))
    made.store_all({f"new{n}": BOXES[:2] for n in range(5)})
    made.store("edited", BOXES[:1], path="/photo.jpg", people=[0])
    with made.folder.writer() as writer:
        writer.remove_paths(["/first3.jpg"])
    for followed in (load_or_build(made.folder), load_or_build(made.folder, index)):
        assert (len(followed.delta.faces.ids), followed.deleted) == (11, 5)
        assert finds_what_is_there(made, followed, np.random.default_rng(0))
        edited = made.vectors[b"edited", BOXES[0]]
        assert find_nearest(made.folder, followed, edited, 1, 1e-6)[0].tolist() == [kept_id]


@pytest.mark.usefixtures("kept")
def test_main_index_is_not_opened_twice(made: MadeLibrary) -> None:
    index = load_or_build(made.folder)
    made.store("new", BOXES[:1])
    followed = load_or_build(made.folder, index)
    assert followed.main is index.main
    assert load_or_build(made.folder, followed) is followed


@pytest.mark.usefixtures("kept")
def test_only_new_segments_are_read(made: MadeLibrary) -> None:
    load_or_build(made.folder)
    made.store("new", BOXES[:1])
    (made.folder.path / "vectors" / "000001.h5").unlink()
    assert len(load_or_build(made.folder).delta.faces.ids) == 1


@pytest.mark.usefixtures("kept")
def test_more_changes_than_faces_build(made: MadeLibrary) -> None:
    index = load_or_build(made.folder)
    made.store_all({f"new{n}": BOXES for n in range(40)})
    followed = load_or_build(made.folder, index)
    assert (len(followed.main.ids), len(followed.delta.faces.ids)) == (260, 0)


@pytest.mark.usefixtures("kept")
def test_many_faces_gone_do_not_hide_those_that_are_left(made: MadeLibrary) -> None:
    load_or_build(made.folder)
    with made.folder.writer() as writer:
        writer.remove_paths([f"/first{n}.jpg" for n in range(19)])
    followed = load_or_build(made.folder)
    assert followed.deleted == 46
    assert finds_what_is_there(made, followed, np.random.default_rng(1))


def test_index_of_an_earlier_state_is_stale_only_after_many_changes(made: MadeLibrary) -> None:
    load_or_build(made.folder)
    made.store_all({f"new{n}": BOXES[:1] for n in range(10)})
    assert face_index.state(made.folder) == "current"
    assert face_index.report(made.folder).beside == 10
    made.store("one more", BOXES[:1])
    assert face_index.state(made.folder) == "stale"
    face_index.build_if_stale(made.folder)
    report = face_index.report(made.folder)
    assert (report.state, report.faces, report.beside, report.gone) == ("current", 111, 0, 0)


def test_twenty_thousand_changes_are_many_in_any_library() -> None:
    assert not Change(15_000, 5_000).many(10_000_000)
    assert Change(15_000, 5_001).many(10_000_000)


@pytest.mark.usefixtures("kept")
def test_index_of_a_state_that_never_was_in_this_library_is_not_used(made: MadeLibrary, tmp_path: Path) -> None:
    """As after the catalog and the vectors were restored from a backup, and the library went on from there."""
    load_or_build(made.folder)
    made.folder.close()
    shutil.copytree(made.folder.path, tmp_path / "backup")
    made.store("one future", BOXES)
    face_index.build(made.folder)
    made.folder.close()
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        (made.folder.path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup" / "catalog.sqlite", made.folder.path)
    shutil.copytree(tmp_path / "backup" / "vectors", made.folder.path / "vectors", dirs_exist_ok=True)
    made.store("another", BOXES)
    index = load_or_build(made.folder)
    assert finds_what_is_there(made, index, np.random.default_rng(0))
    other = made.vectors[b"one future", BOXES[0]]
    assert find_nearest(made.folder, index, other, 5, 1e-3)[0].tolist() == []


def test_nothing_is_saved_when_faces_were_removed_while_it_was_built(
    made: MadeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = building._report

    def slow(*arguments: Any) -> object:
        with made.folder.writer() as writer:
            writer.remove_paths(["/first3.jpg"])
        return report(*arguments)

    monkeypatch.setattr(building, "_report", slow)
    index = load_or_build(made.folder)
    assert face_index.report(made.folder).state == "absent"
    assert index.deleted == 4
    assert finds_what_is_there(made, index, np.random.default_rng(0))


def test_choice_is_kept_for_later_builds(made: MadeLibrary) -> None:
    configure(made.folder, IndexConfig("ivf", 0.8))
    face_index.build(made.folder)
    made.store_all({f"new{n}": BOXES for n in range(40)})
    face_index.build_if_stale(made.folder)
    report = face_index.report(made.folder)
    assert (report.kind, report.chosen, report.wanted, report.faces) == ("ivf", "ivf", 0.8, 260)
    assert report.recall >= 0.8
    assert 0 < report.lists <= report.all_lists
    written: Any = faiss.read_index(str(made.folder.index / FAISS_FILE))
    refined: Any = faiss.downcast_index(written.index)
    assert report.k_factor == refined.k_factor
    assert report.nprobe == faiss.extract_index_ivf(refined.base_index).nprobe
