"""A library of the same photos by another recipe, with all decisions."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.redrawing import redraw
from faceindex.ingest.run import ingest
from faceindex.people.albums import derive_albums, update_albums
from faceindex.photos.finding.whereabouts import missing
from faceindex.running.meter import Meter
from faceindex.store.care.transfer import corresponding, known_paths, transfer_decisions, transfer_tombstones
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import last_act
from faceindex.types import Reencoded


def reencode(
    folder: LibraryFolder,
    target: Path,
    *,
    analyser: Analyser,
    workers: int | None,
    meter: Meter,
) -> Reencoded:
    """Make a library at `target` of all photos that are still at their paths, and transfer journal and albums.

    The library itself is not changed. After a crash or Ctrl-C the same call continues. Decisions about faces that the
    new recipe does not find, or whose photos are missing, wait for them.

    Raises: UsageError when `target` holds decisions already, or none of the photos is there; RecipeMismatch when it is
    another recipe's; ModelError; MachineError; LibraryUnwritable.
    """
    paths = known_paths(folder.catalog.connection)
    there = [path for path in paths if not missing(path)]
    if not there:
        raise UsageError(f"none of the photos of {folder.path} is where it was; attach their disk")
    with closing(LibraryFolder(target, wanted=analyser.recipe)) as new:
        with new.writer() as writer, writer.catalog.transaction() as transaction:
            if last_act(transaction):
                raise UsageError(f"{target} holds decisions already; choose another place for the new library")
            transfer_tombstones(folder.catalog.connection, transaction)
        report = ingest(new, there, analyser=analyser, workers=workers, meter=meter)
        done = partial(
            Reencoded, str(new.path), analyser.recipe.title, len(there), len(paths) - len(there), report.total_faces
        )
        if report.interrupted:
            return done(0, 0, 0, interrupted=True)
        with new.decisions() as catalog, catalog.transaction() as transaction:
            source = folder.catalog.connection
            carried = transfer_decisions(source, transaction, corresponding(source, transaction))
            derive_albums(transaction)
        with new.writer() as writer:
            drawn = redraw(writer, analyser, meter.stop)
        update_albums(new)
        return replace(done(carried.acts, carried.decided, carried.found + drawn), faces=report.total_faces + drawn)
