"""A library's faces go to other programs and libraries, and come from there."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TextIO

from faceindex.errors import NewerSchema, RecipeMismatch, UsageError
from faceindex.exchange.array_file import write_arrays
from faceindex.exchange.faces import FORMATS as TEXTS
from faceindex.exchange.faces import FaceAndVector, face_lines
from faceindex.exchange.foreign_files import SUFFIXES as FOREIGN
from faceindex.exchange.foreign_files import foreign_vectors
from faceindex.exchange.foreign_import import import_vectors
from faceindex.exchange.foreign_recipe import recipe_for
from faceindex.exchange.index_file import write_index
from faceindex.exchange.library_file import write_library
from faceindex.exchange.library_import import import_library, is_library_file
from faceindex.exchange.rows_import import import_rows
from faceindex.exchange.tally import Tally
from faceindex.exchange.text_rows import SUFFIXES as ROWS
from faceindex.faces.recipe import Recipe
from faceindex.faces.recipe import recipe as recipe_called
from faceindex.ingest.stopping import stop_signals
from faceindex.ingest.tally import Progress
from faceindex.library.ingesting import Ingesting
from faceindex.library.opened import StrPath, one_or_more
from faceindex.library.reading import Reading
from faceindex.models.cards import recipe_cards
from faceindex.people.albums import follow
from faceindex.photos.find import absolute
from faceindex.private_files import text_output
from faceindex.search import index as face_index
from faceindex.types import FailedPhoto, ImportReport, IngestReport

HDF5, NPZ, FAISS = "hdf5", "npz", "faiss"
FORMATS = (*TEXTS, HDF5, NPZ, FAISS)
_HDF5 = (".h5", ".hdf5")


class Exchanging(Ingesting, Reading):
    """Export and import."""

    def export(self, out: StrPath, *, form: str = "jsonl", vectors: bool = False, kind: str | None = None) -> int:
        """Write every face to the file `out`; returns their number.

        form: "jsonl" or "csv", a line a face, with its vector if `vectors`; "-" is stdout. "hdf5": all that a library
        is, to be imported into another one. "npz": arrays. "faiss": an index, of `kind` "flat", "ivf" or "auto", and
        `out`.csv, what its ids are. Raises: UsageError; LibraryDamaged; OSError for a full disk.
        """
        if form not in FORMATS:
            raise UsageError(f"no export format is called {form}; there are {', '.join(FORMATS)}")
        if kind is not None and form != FAISS:
            raise UsageError("--kind is of an index: --format faiss")
        path = Path(self.outside(out))
        if form in TEXTS:
            return self._export_text(path, form, vectors=vectors)
        if str(out) == "-":
            raise UsageError(f"{form} goes to a file, not to stdout")
        if form == HDF5:
            return write_library(self._folder, path)
        return write_arrays(self._folder, path) if form == NPZ else write_index(self._folder, path, kind)

    def import_(
        self,
        files: StrPath | Iterable[StrPath],
        *,
        recipe: str | None = None,
        photos: StrPath | None = None,
        workers: int | None = None,
        min_face: int | None = None,
        wait: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> ImportReport:
        """Take in what `files` have and the library has not; again, nothing is added.

        A library's own export (HDF5) brings everything, and makes an absent library what that one was. JSON lines and
        CSV (photo, box, person, vector) name faces, which are found by vector and box, in photos that are analysed if
        need be. Files of vectors (.npy, .npz, .h5, pickles) bring faces, with names, photos and boxes where they say
        them. Names become decisions; what was decided here before stays.

        recipe: what made the vectors: one of ours, or any other name; default what the file says, `dlib-raw` for
        encodings of face_recognition, else another program's. photos: the folder that relative paths are in; default
        that of the file, then the current one. The rest: see `ingest`. What is wrong with a file or a row is listed.

        Raises: UsageError, RecipeMismatch and others when it is so of the only file; LibraryLocked; LibraryUnwritable.
        """
        began, tally, chosen = time.monotonic(), Tally(), [Path(absolute(file)) for file in one_or_more(files)]
        base = None if photos is None else absolute(photos)
        analyse = partial(self._analyse, workers=workers, min_face=min_face, wait=wait, progress=progress)
        with stop_signals() as stop:
            for path in chosen:
                if stop.is_set() or tally.interrupted:
                    break
                try:
                    self._import_file(path, tally, recipe, _resolver(path, base), analyse, stop.is_set, wait=wait)
                    tally.files += 1
                except (UsageError, RecipeMismatch, NewerSchema) as error:
                    if len(chosen) == 1:
                        raise
                    tally.failures.append(FailedPhoto(str(path), str(error)))
            interrupted = stop.is_set() or tally.interrupted
        self._index = None
        total = 0
        if self._folder.exists:
            follow(self._folder)
            if not interrupted and tally.faces:
                face_index.fold(self._folder)
            total = self._folder.catalog.counts()["faces"]
        return ImportReport(
            **{name: getattr(tally, name) for name in _COUNTS},
            failures=tuple(tally.failures),
            bad=tuple(tally.bad),
            without_face=tuple(tally.without_face),
            total_faces=total,
            recipe=self.recipe.title,
            seconds=time.monotonic() - began,
            interrupted=interrupted,
        )

    def _import_file(
        self,
        path: Path,
        tally: Tally,
        recipe: str | None,
        resolve: Callable[[str], str],
        analyse: Callable[[list[str]], IngestReport],
        stop: Callable[[], bool],
        *,
        wait: bool,
    ) -> None:
        suffix = path.suffix.lower()
        if suffix in ROWS:
            if recipe is not None:
                self._folder.take_recipe(self._called(recipe))
            import_rows(self._folder, path, tally, resolve=resolve, analyse=analyse, stop=stop)
        elif suffix in _HDF5 and is_library_file(path):
            taken = import_library(self._folder, path, wait=wait, stop=stop)
            tally.rows += taken.faces + taken.known
            tally.photos += taken.photos
            tally.faces += taken.faces
            tally.known += taken.known
            tally.acts += taken.acts
            tally.without_face += taken.left or []
        elif suffix in FOREIGN:
            spool = next(folder for folder in (self.path, *self.path.parents) if folder.is_dir())
            with foreign_vectors(path, spool) as foreign:
                self._folder.take_recipe(recipe_for(foreign, recipe, self._folder))
                import_vectors(self._folder, foreign, tally, resolve=resolve, wait=wait, stop=stop)
        else:
            known = ", ".join((*ROWS, *FOREIGN))
            raise UsageError(f"{path} is of no kind that can be imported, by its name; those end in {known}")

    def _called(self, name: str) -> Recipe:
        if name not in recipe_cards() and self._folder.exists and self.recipe.name == name:
            return self.recipe
        return recipe_called(name)

    def _analyse(self, paths: list[str], **options: object) -> IngestReport:
        return self.ingest(paths, **options)  # type: ignore[arg-type]

    def _export_text(self, out: Path, form: str, *, vectors: bool) -> int:
        faces: Iterable[FaceAndVector] = (
            self.faces_with_vectors() if vectors else ((face, None) for face in self.faces())
        )
        named: AbstractContextManager[TextIO] = text_output(out, errors="backslashreplace")
        written = -(form == "csv")
        with nullcontext(sys.stdout) if str(out) == "-" else named as file:
            for line in face_lines(faces, form=form):
                file.write(line + "\n")
                written += 1
        return written


_COUNTS = ("files", "rows", "photos", "faces", "analysed", "known", "named", "decided", "acts")


def _resolver(path: Path, base: str | None) -> Callable[[str], str]:
    """Where the photos are that a file speaks of."""
    folders = [base] if base is not None else [str(path.parent), os.getcwd()]  # noqa: PTH109

    @cache
    def resolve(photo: str) -> str:
        places = [os.path.normpath(os.path.join(folder, photo)) for folder in folders]  # noqa: PTH118
        return next(filter(os.path.lexists, places), places[0])

    return resolve
