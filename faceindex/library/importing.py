"""Faces of other programs and libraries, taken into a library."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from faceindex.errors import NewerSchema, RecipeMismatch, UsageError
from faceindex.exchange.foreign_vectors.foreign_files import SUFFIXES as FOREIGN
from faceindex.exchange.foreign_vectors.foreign_files import foreign_vectors
from faceindex.exchange.foreign_vectors.foreign_import import import_vectors
from faceindex.exchange.foreign_vectors.foreign_recipe import recipe_for
from faceindex.exchange.library_import import import_library, is_library_file
from faceindex.exchange.rows.rows_import import import_rows
from faceindex.exchange.rows.text_rows import SUFFIXES as ROWS
from faceindex.exchange.tally import Tally
from faceindex.faces.recipe import Recipe
from faceindex.faces.recipe import recipe as recipe_called
from faceindex.library.opened import Opened, StrPath
from faceindex.models.cards import recipe_cards
from faceindex.photos.finding.addresses import absolute
from faceindex.running.meter import Meter
from faceindex.running.stop import Stop
from faceindex.types import FailedPhoto, ImportReport, IngestReport

_HDF5 = (".h5", ".hdf5")
_COUNTS = ("files", "rows", "photos", "faces", "analysed", "known", "named", "decided", "acts")


def import_files(
    opened: Opened,
    files: Sequence[StrPath],
    *,
    recipe: str | None,
    base: str | None,
    analyse: Callable[[list[str]], IngestReport],
    wait: bool,
    meter: Meter,
) -> ImportReport:
    """What `Library.import_` does. base: the folder that relative paths are in, absolute. analyse: ingests photos."""
    began, tally, chosen = time.monotonic(), Tally(), [Path(absolute(file)) for file in files]
    stop, before = meter.stop, _faces_of_people(opened)
    meter.announce("importing")
    for path in chosen:
        if stop.is_set() or tally.interrupted:
            break
        try:
            _import_file(opened, path, tally, recipe, _resolver(path, base), analyse, stop, wait=wait)
            tally.files += 1
        except (UsageError, RecipeMismatch, NewerSchema) as error:
            if len(chosen) == 1:
                raise
            tally.failures.append(FailedPhoto(str(path), str(error)))
    interrupted = stop.is_set() or tally.interrupted
    total = 0
    if opened.folder.exists:
        opened.faces_changed(index=not interrupted and tally.faces > 0)
        total = opened.catalog.counts()["faces"]
    return ImportReport(
        **{name: getattr(tally, name) for name in _COUNTS},
        failures=tuple(tally.failures),
        bad=tuple(tally.bad),
        without_face=tuple(tally.without_face),
        total_faces=total,
        recipe=opened.recipe.title,
        seconds=time.monotonic() - began,
        interrupted=interrupted,
        joined=tuple(name for name, faces in _faces_of_people(opened).items() if 0 < before.get(name, 0) < faces),
    )


def _faces_of_people(opened: Opened) -> dict[str, int]:
    """How many faces everybody has, by name."""
    known = opened.catalog.people(hidden=True) if opened.folder.exists else []
    return {person.person: person.faces for person in known}


def _import_file(
    opened: Opened,
    path: Path,
    tally: Tally,
    recipe: str | None,
    resolve: Callable[[str], str],
    analyse: Callable[[list[str]], IngestReport],
    stop: Stop,
    *,
    wait: bool,
) -> None:
    suffix = path.suffix.lower()
    if suffix in ROWS:
        if recipe is not None:
            opened.folder.take_recipe(_called(opened, recipe))
        import_rows(opened.folder, path, tally, resolve=resolve, analyse=analyse, stop=stop)
    elif suffix in _HDF5 and is_library_file(path):
        taken = import_library(opened.folder, path, wait=wait, stop=stop)
        tally.rows += taken.faces + taken.known
        tally.photos += taken.photos
        tally.faces += taken.faces
        tally.known += taken.known
        tally.acts += taken.acts
        tally.without_face += taken.left or []
    elif suffix in FOREIGN:
        spool = next(folder for folder in (opened.folder.path, *opened.folder.path.parents) if folder.is_dir())
        with foreign_vectors(path, spool) as foreign:
            opened.folder.take_recipe(recipe_for(foreign, recipe, opened.folder))
            import_vectors(opened.folder, foreign, tally, resolve=resolve, wait=wait, stop=stop)
    else:
        known = ", ".join((*ROWS, *FOREIGN))
        raise UsageError(f"{path} is of no kind that can be imported, by its name; those end in {known}")


def _called(opened: Opened, name: str) -> Recipe:
    if name not in recipe_cards() and opened.folder.exists and opened.recipe.name == name:
        return opened.recipe
    return recipe_called(name)


def _resolver(path: Path, base: str | None) -> Callable[[str], str]:
    """Resolves the paths of photos in a file."""
    folders = [base] if base is not None else [str(path.parent), os.getcwd()]  # noqa: PTH109

    @cache
    def resolve(photo: str) -> str:
        places = [os.path.normpath(os.path.join(folder, photo)) for folder in folders]  # noqa: PTH118
        return next(filter(os.path.lexists, places), places[0])

    return resolve
