"""One decision of a user as a transaction: what it reads, the act that it writes, and the albums that follow."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.errors import NotInLibrary, UsageError
from faceindex.journal import acts as kinds
from faceindex.journal.person_names import same_but_for_case
from faceindex.people.albums import derive_affected, derive_albums
from faceindex.people.prices import price_of
from faceindex.store.albums import faces_in, person_of_album
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.act_changes import keep_change, places_of
from faceindex.store.journal.names import ALBUMS_DUE, decide
from faceindex.store.open_transaction import kept_open
from faceindex.store.people.known_people import names_of_people, unknown_person
from faceindex.store.people.left_alone import names_not_suggested, not_faces_among
from faceindex.types import Decided, Target

if TYPE_CHECKING:
    from faceindex.store.writer import Writer


class Held(ExitStack):
    """What a transaction of several steps keeps until it has ended: at most one writer of vectors."""

    def __init__(self) -> None:
        super().__init__()
        self._writer: Writer | None = None

    def writer(self, folder: LibraryFolder, catalog: Catalog) -> Writer:
        """The writer, under the lock. catalog: whose transaction it is. Raises: LibraryLocked; LibraryUnwritable."""
        if self._writer is None:
            self._writer = self.enter_context(folder.writer_within(catalog))
        return self._writer


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction in which a user decides: what that reads, and the act that it writes.

    dry_run: nothing of it stays; what it would change is said instead. held: what several steps of one transaction
    share; None where the transaction has one.
    """

    catalog: Catalog
    transaction: sqlite3.Connection
    dry_run: bool = False
    held: Held | None = None

    def album(self, album: int | None) -> list[int]:
        """The faces of an album, also hidden ones. Raises: UsageError when there is no such album."""
        faces = faces_in(self.transaction, album or 0)
        if not faces:
            raise NotInLibrary(f"no album {album}; `faceindex albums list` shows them, `faceindex cluster` makes them")
        return faces

    def faces(self, faces: Sequence[int]) -> list[int]:
        """Each of `faces` once. Raises: UsageError when one is not in the library, or none is given."""
        chosen = sorted(set(faces))
        known = self.catalog.faces_with(chosen)
        if unknown := [face for face in chosen if face not in known]:
            raise NotInLibrary(f"no face {unknown[0]} in the library; `faceindex albums show` lists those of an album")
        if not chosen:
            raise UsageError("no face is given")
        return chosen

    def not_faces(self, faces: Sequence[int]) -> list[int]:
        """Each of `faces` once. Raises: UsageError when one is not what users say is no face, or none is given."""
        chosen = sorted(set(faces))
        known = not_faces_among(self.transaction, chosen)
        if others := [face for face in chosen if face not in known]:
            raise UsageError(f"nobody said that face {others[0]} is no face; `faceindex people excluded` lists those")
        if not chosen:
            raise UsageError("no face is given")
        return chosen

    def members(self, target: Target) -> list[int]:
        """The faces of an album or a person, or the one face. Raises: UsageError when there is none such."""
        if target.person is not None:
            faces = self.catalog.faces_of_person(target.person)
            if faces is None:
                raise unknown_person(self.catalog, target.person)
            return faces
        return self.faces([target.face]) if target.face is not None else self.album(target.album)

    def split_off(self, members: Sequence[int], faces: Sequence[int], what: str) -> tuple[list[int], list[int]]:
        """`faces` and the other members. Raises: UsageError when a face is no member."""
        chosen = self.faces(faces)
        if strangers := sorted(set(chosen) - set(members)):
            raise UsageError(f"face {strangers[0]} is not in {what}")
        return chosen, [face for face in members if face not in set(chosen)]

    def place_of(self, faces: Sequence[int]) -> tuple[int | None, str | None]:
        """The album and the person that `faces` have in common. Raises: UsageError when those differ."""
        places = {(record.album, record.person) for record in self.catalog.faces_with(faces).values()}
        if len(places) > 1:
            raise UsageError("these faces are in different albums or different people's; take those of one at a time")
        return next(iter(places))

    def person_of(self, album: int) -> str | None:
        """The person of an album."""
        return person_of_album(self.transaction, album)

    def decide(
        self,
        kind: str,
        faces: Sequence[int],
        person: str | None = None,
        *,
        others: Sequence[Sequence[int]] = (),
        undoes: int | None = None,
        about: Sequence[int] = (),
        renamed: str | None = None,
    ) -> Decided:
        """Write the act, and update albums. about: the faces concerned, if not `faces` and `others`."""
        concerned = about or [*faces, *(face for side in others for face in side)]
        before = places_of(self.transaction, concerned)
        decision = decide(
            *(self.transaction, kind, faces, person),
            others=others,
            undoes=undoes,
            renamed=renamed,
            priced=self.dry_run,
        )
        derive_affected(self.transaction, decision)
        after = places_of(self.transaction, concerned)
        changed = keep_change(self.transaction, decision.act, before, after)
        spoken = about or faces or concerned
        albums = sorted({album for _, album in (after[face] for face in spoken if face in after) if album is not None})
        called = person if renamed is None else renamed
        price = None
        if self.dry_run:
            all_before = {**decision.before, **before}
            all_after = places_of(self.transaction, {*decision.affected.faces, *concerned})
            price = price_of(self.transaction, kind, spoken, all_before, all_after)
        return Decided(
            *(0 if self.dry_run else decision.act, kind, person, len(spoken), tuple(albums), undoes),
            renamed=renamed,
            changes=changed,
            similar=self._similar(called) if kind in (kinds.NAME, kinds.RENAME) and called else (),
            price=price,
        )

    def _similar(self, person: str) -> tuple[str, ...]:
        alike = same_but_for_case(person, names_of_people(self.transaction))
        if not alike:
            return ()
        settled = names_not_suggested(self.transaction)
        return tuple(other for other in alike if frozenset((person, other)) not in settled)


@contextmanager
def in_one_transaction(folder: LibraryFolder) -> Iterator[None]:
    """All acts of this thread inside are one transaction: they are committed together, and an error undoes all of them.

    Each sees what the ones before it changed; readers see nothing until the end.
    """
    if open_step(folder) is not None:
        yield
        return
    with Held() as held, deciding(folder) as step, kept_open(folder.path):
        _steps.open[folder.path] = replace(step, held=held)
        try:
            yield
        finally:
            del _steps.open[folder.path]


class _Steps(threading.local):
    """What this thread has begun with `in_one_transaction`, by the folder of the library."""

    def __init__(self) -> None:
        self.open: dict[Path, Step] = {}


_steps = _Steps()


def open_step(folder: LibraryFolder) -> Step | None:
    """The step that this thread has begun with `in_one_transaction`."""
    return _steps.open.get(folder.path)


@contextmanager
def deciding(folder: LibraryFolder, *, dry_run: bool = False) -> Iterator[Step]:
    """One transaction, or the one that this thread has begun. Albums that were due are derived first.

    dry_run: nothing of it stays.
    """
    begun = open_step(folder)
    if begun is not None:
        with begun.catalog.undone_afterwards() if dry_run else nullcontext():
            yield replace(begun, dry_run=dry_run)
        return
    with folder.decisions() as catalog, catalog.transaction(dry_run=dry_run) as transaction:
        if ALBUMS_DUE in catalog.settings():
            derive_albums(transaction)
        yield Step(catalog, transaction, dry_run)
