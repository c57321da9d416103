"""Compaction changes files and nothing that can be asked."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from made_library import MadeLibrary

from faceindex.errors import JobCancelled
from faceindex.running.stop import Stop
from faceindex.store.hdf5 import merging
from faceindex.store.hdf5.merging import compact, compact_all, has_dead_rows, merge
from faceindex.store.hdf5.vectors import StoredVectors
from faceindex.types import Box, Vectors

A, B = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def files(made: MadeLibrary) -> list[str]:
    return sorted(path.name for path in (made.folder.path / "vectors").iterdir())


def stopped() -> Stop:
    stop = Stop()
    stop.set()
    return stop


def fill(made: MadeLibrary, photos: int) -> None:
    for number in range(photos):
        made.store(f"photo{number}", [A, B])


def test_compaction_leaves_every_face_and_vector_as_it_was(made: MadeLibrary) -> None:
    fill(made, 20)
    before = made.folder.vectors()
    with made.folder.writer() as writer:
        assert compact(writer) >= 1
    after = made.folder.vectors()
    assert len(files(made)) < 20
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
    assert made.holds_what_was_stored()


def test_compaction_leaves_the_index_current(made: MadeLibrary) -> None:
    from faceindex.search.index import load_or_build, state

    fill(made, 9)
    load_or_build(made.folder)
    with made.folder.writer() as writer:
        assert compact_all(writer)
    assert state(made.folder) == "current"


def test_edits_and_removals_between_compactions_are_right(made: MadeLibrary) -> None:
    random = np.random.default_rng(3)
    for step in range(60):
        name = f"/{random.integers(12)}.jpg"
        match random.integers(4):
            case 0:
                with made.folder.writer() as writer:
                    writer.remove_paths([name])
            case 1:
                with made.folder.writer() as writer:
                    compact(writer)
            case _:
                made.store(f"content{step}", [A, Box(400, 100 + step, 100, 100)][: random.integers(3)], path=name)
        assert made.holds_what_was_stored()
    with made.folder.writer() as writer:
        compact_all(writer)
        assert not any(has_dead_rows(writer, segment) for segment in writer.catalog.segments())
    assert made.holds_what_was_stored()
    assert len(files(made)) == 1


def test_library_without_faces_left_has_no_segment_after_compaction(made: MadeLibrary) -> None:
    fill(made, 3)
    with made.folder.writer() as writer:
        writer.remove_paths([f"/photo{number}.jpg" for number in range(3)])
        assert compact_all(writer)
        assert not compact_all(writer)
    assert files(made) == []
    assert made.folder.vectors()[0].tolist() == []


def test_merge_that_is_stopped_leaves_everything_as_it_was(made: MadeLibrary) -> None:
    fill(made, 9)
    before = files(made)
    with made.folder.writer() as writer:
        with pytest.raises(JobCancelled):
            merge(writer, writer.catalog.segments(), stop=stopped())
        assert compact(writer, stopped()) == 0
    assert files(made) == before
    assert made.holds_what_was_stored()


def test_nearly_full_disk_puts_compaction_off(made: MadeLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(made, 9)
    with made.folder.writer() as writer:
        monkeypatch.setattr(merging, "SPARE_ROOM", 1 << 60)
        assert compact(writer) == 0
    assert len(files(made)) == 9


def test_reader_from_whom_compaction_takes_a_segment_begins_again(
    made: MadeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(made, 9)
    times, together = 0, StoredVectors.as_array

    def together_beside_a_compaction(stored: StoredVectors) -> Vectors:
        nonlocal times
        times += 1
        if times == 1:

            def other() -> None:
                with made.folder.writer() as writer:
                    compact_all(writer)

            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        return together(stored)

    monkeypatch.setattr(StoredVectors, "as_array", together_beside_a_compaction)
    ids, vectors = made.folder.vectors()
    assert times == 2
    assert len(ids) == len(vectors) == 18
