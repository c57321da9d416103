"""Forgetting: vectors, rows and index entries leave the disk, and a tombstone keeps them from coming back."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from faceindex.errors import LibraryLocked
from faceindex.files.writing import new_file, sync_folder
from faceindex.journal.acts import NAME, RENAME, live, with_last_names
from faceindex.journal.state import state_after
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.derived import PAIRED
from faceindex.store.hdf5.merging import has_dead_rows, unlink, write_merged
from faceindex.store.hdf5.segments import FOUND, aborted_files
from faceindex.store.journal.act_changes import forget_in_changes
from faceindex.store.journal.acts import read_acts
from faceindex.store.journal.imports import forget_names_in_files
from faceindex.store.journal.names import replay_all
from faceindex.store.layout import COPY, CROPS, ERASED
from faceindex.store.people.person_ids import erase_unsaid_ids
from faceindex.store.people.unsure_names import forget_unsure
from faceindex.store.photos import writing
from faceindex.store.writer import Writer
from faceindex.types import Box, Erased

_ATTEMPTS = 5

_UNFINISHED = "erasing"  # a setting that is there from the deletion of rows until nothing of them is left on the disk
_ALL_TABLES = (
    *("photos", "failures", "people", "decisions", "acts", "clusters", "album_seeds", "album_versions", "albums"),
    *(
        "tombstones",
        "roots",
        "segments",
        "names_in_files",
        "imports",
        "lost_faces",
        "unsure_names",
        "absent_names",
        "bonds",
        "person_ids",
        "not_faces",
        "merged_libraries",
        "merged_names",
    ),
)


def erase(
    writer: Writer,
    index: Path,
    *,
    photos: Iterable[int] = (),
    faces: Iterable[int] = (),
    people: Iterable[str] = (),
    failures: Iterable[str] = (),
    dry_run: bool = False,
) -> Erased:
    """Erase photos, faces, all that was said about `people`, and the paths `failures`.

    A photo is erased too when none of its faces is left. Of these people's faces in photos that were removed before,
    the journal's rows are erased, and tombstones keep them out. index: the folder of FAISS files, which is removed.
    Killed before the transaction, nothing has changed; killed after it, the next writer finishes. Vectors of faces that
    were removed earlier are erased as well. dry_run: nothing is erased or written.

    Raises: LibraryDamaged; LibraryLocked when readers keep the old state alive; OSError.
    """
    catalog = writer.catalog
    whole, single = _sorted_out(catalog.connection, set(photos), set(faces))
    kept = len(_chosen(catalog.connection, "SELECT photo FROM faces WHERE id IN {}", single))
    erased = single | _chosen(catalog.connection, "SELECT id FROM every_face WHERE photo IN {}", whole)
    old = [segment for segment in catalog.segments() if has_dead_rows(writer, segment, erased)]
    first = writer.last_id("segments") + 1
    new = []
    if not dry_run:
        new = [write_merged(writer, [s], without=erased, number=n) for n, s in enumerate(old, start=first)]
    with catalog.transaction(dry_run=dry_run) as transaction:
        contents = _chosen(transaction, "SELECT content FROM photos WHERE id IN {}", whole)
        lost = _chosen(transaction, "SELECT face FROM lost_faces WHERE photo IN {}", whole)
        absent = _absent(transaction, set(people), lost)
        graves = [*((content, WHOLE_PHOTO) for content in contents), *_boxes(transaction, single), *absent.values()]
        tombstones = catalog.tombstones().add(graves)
        decisions = _forget_decisions(transaction, erased | absent.keys(), contents, people)
        _change(transaction, "DELETE FROM failures WHERE path IN (SELECT path FROM paths WHERE photo IN {})", whole)
        transaction.executemany("DELETE FROM failures WHERE path = ?", [(os.fsencode(path),) for path in failures])
        paths = _change(transaction, "DELETE FROM paths WHERE photo IN {}", whole)
        faces_erased = _change(transaction, "DELETE FROM faces WHERE id IN {}", erased)
        faces_erased += _change(transaction, "DELETE FROM not_faces WHERE face IN {}", single)
        _change(transaction, "DELETE FROM photos WHERE id IN {}", whole)
        _change(transaction, "DELETE FROM lost_faces WHERE face IN {}", set(absent))
        receipt = Erased(
            photos=len(whole),
            paths=paths,
            faces=faces_erased,
            decisions=decisions,
            segments=len(old),
            tombstones=tombstones,
            kept_photos=kept,
            dry_run=dry_run,
        )
        if dry_run:
            return receipt
        transaction.execute("DELETE FROM album_versions")
        replay_all(transaction)
        erase_unsaid_ids(transaction)
        writing.drop_empty_albums(transaction)
        for segment, rewritten in zip(old, new, strict=True):
            writing.swap_segments(transaction, [segment], rewritten)
        _begin(transaction)
    unlink(writer, old)
    finish_erasing(writer, index)
    return receipt


def erase_all(writer: Writer, index: Path, *, dry_run: bool = False) -> Erased:
    """Empty the library. Its recipe stays, and the highest ids, so that no id is given twice. dry_run, raises: as
    `erase`."""
    counts = writer.catalog.counts()
    segments = writer.catalog.segments()
    with writer.catalog.transaction(dry_run=dry_run) as transaction:
        paths, decisions = (
            transaction.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("paths", "decisions")
        )
        receipt = Erased(counts["photos"], paths, counts["faces"], decisions, len(segments), 0, dry_run=dry_run)
        if dry_run:
            return receipt
        for table in _ALL_TABLES:
            transaction.execute(f"DELETE FROM {table}")
        transaction.execute("DELETE FROM settings WHERE name = 'tombstone_salt'")
        _begin(transaction)
    unlink(writer, segments)
    finish_erasing(writer, index)
    return receipt


def finish_erasing(writer: Writer, index: Path) -> None:
    """Finish an erasure that was killed after its transaction, if there is one. Raises: LibraryLocked; OSError."""
    connection = writer.catalog.connection
    if _UNFINISHED not in writer.catalog.settings():
        return
    for path in aborted_files(writer.vectors, {segment.file for segment in writer.catalog.segments()}):
        path.unlink()
    for path in writer.vectors.glob("*" + FOUND):
        path.unlink()
    for derived in (index, index.parent / CROPS):
        _remove(derived)
    for folder in (writer.vectors, index.parent):
        sync_folder(folder)  # or the files would be back after a power failure
    _vacuum(connection, writer.vectors.parent)
    _truncate_log(connection, writer.vectors.parent)
    connection.execute("DELETE FROM settings WHERE name = ?", (_UNFINISHED,))
    _truncate_log(connection, writer.vectors.parent)


def _remove(folder: Path) -> None:
    """Remove a folder into which a server writes at the same time: under its own name it would get new files."""
    aside = folder.with_name(folder.name + ERASED)
    _remove_whole(aside)  # of a killed erasure
    with contextlib.suppress(FileNotFoundError):
        folder.replace(aside)
    _remove_whole(aside)


def _remove_whole(folder: Path) -> None:
    """Remove a folder in which a file may still appear that was on its way, or vanish."""
    for _ in range(_ATTEMPTS):
        if not folder.exists():
            return
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
    if folder.exists():
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(folder))


def _vacuum(connection: sqlite3.Connection, library: Path) -> None:
    """As the statement VACUUM, whose temporary file would lie where all programs have theirs, or take memory.

    The catalog is what it was, or all new: the copy comes back in one transaction.
    """
    copy = library / COPY
    copy.unlink(missing_ok=True)
    os.close(new_file(copy))
    connection.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as source:
        source.backup(connection)
    copy.unlink()


def _begin(transaction: sqlite3.Connection) -> None:
    writing.note_change_of_faces(transaction)
    transaction.execute("DELETE FROM unpaired")
    transaction.execute("DELETE FROM settings WHERE name = ?", (PAIRED,))
    transaction.execute("INSERT OR REPLACE INTO settings VALUES (?, '1')", (_UNFINISHED,))


def _truncate_log(connection: sqlite3.Connection, library: Path) -> None:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise LibraryLocked(
            f"what was to be forgotten is out of {library}, but a program that reads the library keeps its old log on "
            "the disk; end it, then run `faceindex compact`"
        )


def _sorted_out(connection: sqlite3.Connection, photos: set[int], faces: set[int]) -> tuple[set[int], set[int]]:
    """The photos that are erased as a whole, also those without other faces, and the faces of other photos."""
    touched = _chosen(connection, "SELECT photo FROM faces WHERE id IN {}", faces)
    kept = _chosen(connection, "SELECT photo FROM faces WHERE photo IN {} AND id NOT IN {}", touched, faces)
    whole = photos | (touched - kept)
    return whole, faces - _chosen(connection, "SELECT id FROM faces WHERE photo IN {}", whole)


def _boxes(transaction: sqlite3.Connection, faces: set[int]) -> list[tuple[bytes, Box]]:
    statement = "SELECT content, x, y, faces.width, faces.height FROM faces JOIN photos ON photos.id = photo"
    found = _select(transaction, statement + " WHERE faces.id IN {}", faces)
    return [(content, Box(*box)) for content, *box in found]


def _absent(transaction: sqlite3.Connection, people: set[str], lost: set[int]) -> dict[int, tuple[bytes, Box]]:
    """Faces of `people` that are in no photo now, and `lost`: where they were last, by content of the photo and box."""
    person = state_after(read_acts(transaction)).person if people else {}
    theirs = lost | {face for face, name in person.items() if name in people}
    found = _select(
        transaction,
        """SELECT face, content, x, y, width, height, MAX(id) FROM decisions
        WHERE face IN {} AND face NOT IN (SELECT id FROM faces) GROUP BY face""",
        theirs,
    )
    return {face: (content, Box(*box)) for face, content, *box, _ in found}


def _forget_decisions(
    transaction: sqlite3.Connection, faces: set[int], contents: set[bytes], people: Iterable[str]
) -> int:
    people = list(people)
    forget_names_in_files(transaction, faces, people)
    forget_unsure(transaction, faces, people)
    removed = _change(transaction, "DELETE FROM decisions WHERE face IN {}", faces)
    for content in contents:
        removed += transaction.execute("DELETE FROM decisions WHERE content = ?", (content,)).rowcount
    if people:
        removed += _forget_names(transaction, set(people))
    transaction.execute(  # what is said of no face any more; names, too, that these faces had before
        """DELETE FROM acts WHERE (person IS NULL OR kind = ?) AND undoes IS NULL
        AND id NOT IN (SELECT act FROM decisions WHERE act IS NOT NULL)""",
        (NAME,),
    )
    return removed


def _forget_names(transaction: sqlite3.Connection, people: set[str]) -> int:
    """Take `people`, and what they were called before, out of the journal. Returns the number of decisions removed."""
    acts = read_acts(transaction)
    counting = {act.act for act in live(acts)}
    last_names = with_last_names([act for act in acts if act.kind != RENAME or act.act in counting])
    transaction.executemany(  # or names that others have now would be their former ones again
        "UPDATE acts SET person = ? WHERE id = ? AND person != ?1", [(act.person, act.act) for act in last_names]
    )
    said = {act.act for act in last_names if act.person in people and act.kind == NAME}
    said |= {act.act for act in acts if act.kind == RENAME and not people.isdisjoint((act.person, act.renamed))}
    removed = _change(transaction, "DELETE FROM decisions WHERE act IN {}", said)
    _change(transaction, "DELETE FROM acts WHERE id IN {}", said)
    transaction.executemany("UPDATE acts SET person = NULL WHERE person = ?", [(person,) for person in people])
    forget_in_changes(transaction, people)
    return removed


def _chosen(connection: sqlite3.Connection, statement: str, *sets: set[int]) -> set[Any]:
    return {row[0] for row in _select(connection, statement, *sets)}


def _change(connection: sqlite3.Connection, statement: str, *sets: set[int]) -> int:
    return _select(connection, statement, *sets).rowcount


def _select(connection: sqlite3.Connection, statement: str, *sets: set[int]) -> sqlite3.Cursor:
    """Execute `statement`, in which every {} stands for a list of numbers."""
    lists = ["(SELECT value FROM json_each(?))"] * len(sets)
    return connection.execute(statement.format(*lists), [json.dumps(sorted(numbers)) for numbers in sets])
