"""Merges libraries into one, as if all their photos had been ingested into it and all decisions made in it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from faceindex.errors import RecipeMismatch, UsageError
from faceindex.journal.contradictions import contradictions
from faceindex.running.meter import Meter
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import SegmentMissing
from faceindex.store.journal.acts import read_acts
from faceindex.store.journal.names import replay_all
from faceindex.store.merging.acts import uids
from faceindex.store.merging.decisions import merge_decisions
from faceindex.store.merging.dry_run import DryWriter, dry_writer
from faceindex.store.merging.forgetting import forget_as_sources
from faceindex.store.merging.photos import MergedPhotos, merge_photos
from faceindex.store.merging.same_names import call_otherwise, names_here, same_names
from faceindex.store.merging.source import Source, first_paths, held, note_sources, sayings
from faceindex.store.writer import Writer
from faceindex.types import ContradictingActs, MergeReport, SameName

_ATTEMPTS = 5  # when a source is compacted meanwhile


def open_sources(folder: LibraryFolder, paths: Sequence[Path]) -> list[LibraryFolder]:
    """The libraries at `paths`, to be merged into `folder`, which takes their recipe if it does not exist yet.

    Raises: UsageError when there is none, or it is the same one; RecipeMismatch when they are of several recipes;
    NewerSchema; LibraryDamaged.
    """
    opened: dict[str, LibraryFolder] = {}
    for path in paths:
        if os.path.realpath(path) == os.path.realpath(folder.path):
            raise UsageError(f"{path} cannot be merged into itself; choose another place with --into")
        opened.setdefault(os.path.realpath(path), LibraryFolder(path, create=False))
    if not opened:
        raise UsageError("there is no library to merge; name one or more")
    first, *others = opened.values()
    for other in others:
        if other.recipe.fingerprint != first.recipe.fingerprint:
            raise _mismatch(other, first)
    if folder.exists and folder.recipe.fingerprint != first.recipe.fingerprint:
        raise _mismatch(first, folder)
    folder.take_recipe(first.recipe)
    return list(opened.values())


def names_in_several(folder: LibraryFolder, opened: Sequence[LibraryFolder]) -> list[SameName]:
    """Names of people in several of the libraries of which nobody has said whether they are the same person."""
    with _snapshots(opened) as sources:
        if not folder.exists:
            return same_names(None, sources)
        with closing(folder.open_catalog()) as catalog, catalog.snapshot():
            return same_names(catalog, sources)


def merge_libraries(
    folder: LibraryFolder,
    opened: Sequence[LibraryFolder],
    *,
    others: Sequence[SameName] = (),
    dry_run: bool = False,
    wait: bool = False,
    meter: Meter,
) -> MergeReport:
    """Merge the libraries `opened` into `folder`. others: those who are not the person of their name.

    Photos are stored block by block; then, in one transaction, what was decided. Killed at any moment, the same call
    goes on. Raises: LibraryLocked; LibraryUnwritable; LibraryDamaged; JobCancelled.
    """
    began, work = time.monotonic(), _Merge(folder, others, meter)
    for attempt in count(1):
        with _snapshots(opened) as sources:
            try:
                if dry_run:
                    with folder.guarded(), dry_writer(folder) as writer:
                        report = work.run(writer, sources)
                else:
                    with folder.writer(wait=wait, stop=meter.stop) as writer:
                        report = work.run(writer, sources)
            except SegmentMissing:
                if attempt == _ATTEMPTS:
                    raise
                continue
        return replace(report, seconds=time.monotonic() - began)
    raise AssertionError("count() has no end")


@dataclass(slots=True)
class _Merge:
    """One merge; counts go on over several attempts."""

    folder: LibraryFolder
    others: Sequence[SameName]
    meter: Meter
    before: dict[str, int] = field(default_factory=dict)

    def run(self, writer: Writer, sources: Sequence[Source]) -> MergeReport:
        catalog, dry_run = writer.catalog, isinstance(writer, DryWriter)
        self.before = self.before or held(catalog)
        known = set(uids(catalog.connection))
        joined = same_names(catalog, sources)
        with catalog.transaction() as transaction:
            note_sources(transaction, sources, str(self.folder.path))
            renamed = call_otherwise(transaction, sources, [(other.library, other.name) for other in self.others])
        erased = forget_as_sources(writer, sources, dry_run=dry_run)
        done = MergedPhotos()
        self.meter.stage("merging", sum(source.catalog.counts()["photos"] for source in sources))
        for source in sources:
            merge_photos(writer, source, sources, done, self.meter, compacting=not dry_run)
        self.meter.stage("decisions")
        with catalog.transaction() as transaction:
            new = merge_decisions(transaction, sources, names_here(transaction))
            replay_all(transaction)
            found = _contradictions(transaction, [known, *(set(uids(source.connection)) for source in sources)], known)
        after = held(catalog)
        photos, faces = (0, 0) if erased is None or dry_run else (erased.photos, erased.faces)
        others = {name for name, _ in renamed}
        return MergeReport(
            into=str(self.folder.path),
            libraries=tuple(source.name for source in sources),
            recipe=self.folder.recipe.title,
            photos=after["photos"] - self.before["photos"] + photos,
            known=done.known,
            faces=after["every_face"] - self.before["every_face"] + faces,
            acts=new,
            tombstones=after["tombstones"] - self.before["tombstones"],
            erased_photos=0 if erased is None else erased.photos,
            erased_faces=0 if erased is None else erased.faces,
            kept_out=done.forgotten,
            joined=tuple(sorted({one.name for one in joined} - others)),
            renamed_people=tuple(renamed),
            renamed_paths=tuple(done.renamed),
            contradictions=tuple(found),
            left=tuple(done.left),
            total_photos=after["photos"],
            total_faces=after["faces"],
            total_people=after["people"],
            seconds=0.0,
            dry_run=dry_run,
        )


def _mismatch(one: LibraryFolder, other: LibraryFolder) -> RecipeMismatch:
    return RecipeMismatch(
        f"{one.path} holds vectors of recipe {one.recipe.title}, {other.path} of {other.recipe.title}: libraries of "
        "several recipes cannot be merged; `faceindex reencode` makes one by the other recipe"
    )


@contextmanager
def _snapshots(opened: Sequence[LibraryFolder]) -> Iterator[list[Source]]:
    with ExitStack() as stack:
        sources = []
        for folder in opened:
            catalog: Catalog = stack.enter_context(closing(folder.open_catalog()))
            stack.enter_context(catalog.snapshot())
            sources.append(Source(folder, catalog, str(folder.path)))
        yield sources


def _contradictions(
    transaction: sqlite3.Connection, inputs: Sequence[set[str]], former: set[str]
) -> list[ContradictingActs]:
    """What holds in one of the libraries and not in all together; only where an act is new. inputs: uids of the acts of
    each. former: of acts that were here."""
    here = uids(transaction)
    new = {act for uid, act in here.items() if uid not in former}
    if not new:
        return []
    acts = read_acts(transaction)
    every = [{here[uid] for uid in known if uid in here} for known in inputs]
    found = {
        one: None
        for known in every
        if known and len(known) < len(here)
        for one in contradictions(acts, known)
        if {one.said, one.by} & {None, *new}
    }
    said = sayings(transaction, {act for one in found for act in (one.said, one.by) if act is not None})
    photos = first_paths(transaction, {one.faces[0] for one in found if one.faces})
    return [
        ContradictingActs(
            *(one.kind, one.faces, photos.get(one.faces[0]) if one.faces else None, one.person, one.holds),
            said=said.get(one.said or 0),
            by=said.get(one.by or 0),
        )
        for one in found
    ]
