"""Which lost faces are back is looked for among the lost ones: no commit reads all faces of a library."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from faceindex.faces.recipe import recipe
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos.lost import drop_found


def test_a_face_that_is_back_is_no_longer_lost_and_the_others_are_not_read(tmp_path: Path) -> None:
    faces, steps = 20_000, list[int]()
    with (
        closing(LibraryFolder(tmp_path / "x.faces", wanted=recipe("sface"))) as folder,
        folder.writer() as writer,
        writer.catalog.transaction() as transaction,
    ):
        transaction.execute("INSERT INTO photos (id, content, width, height, analysed) VALUES (1, x'01', 9, 9, '')")
        transaction.executemany(
            "INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks) "
            "VALUES (?, 1, 0, 1, 1, 5, 5, 1.0, x'')",
            ((number,) for number in range(1, faces + 1)),
        )
        transaction.executemany(
            "INSERT INTO lost_faces (face, photo, lost) VALUES (?, 1, '')", [(7,), (faces,), (faces + 1,)]
        )
        transaction.set_progress_handler(lambda: steps.append(1), 100)
        drop_found(transaction)
        transaction.set_progress_handler(None, 0)
        assert transaction.execute("SELECT face FROM lost_faces").fetchall() == [(faces + 1,)]
    assert len(steps) < 20  # hundreds of instructions of SQLite
