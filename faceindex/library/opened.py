"""An open library: its folder, its recipe and its index."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.faces.detect import check_min_face
from faceindex.faces.engine import DEFAULT_ENGINE, Engine, as_engine
from faceindex.faces.recipe import Recipe, as_recipe
from faceindex.photos.decode import DEFAULT_MAX_MEGAPIXELS
from faceindex.search import calibrated
from faceindex.search import index as face_index
from faceindex.search.calibration import Calibration
from faceindex.store.folder import LibraryFolder
from faceindex.user_folders import NOWHERE, user_data

StrPath = str | os.PathLike[str]


def default_library() -> Path:
    """FACEINDEX_LIBRARY, or `library.faces` in the platform's folder for user data. Raises: UsageError without both."""
    chosen = os.environ.get("FACEINDEX_LIBRARY")
    if chosen:
        return Path(chosen)
    if user_data() == NOWHERE:
        raise UsageError("this user has no home folder: name a library with -L or FACEINDEX_LIBRARY")
    return user_data() / "library.faces"


def one_or_more(paths: StrPath | Iterable[StrPath]) -> list[StrPath]:
    """One path or several, as a list: a string is a path and not its letters. Raises: UsageError for what is none."""
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    for path in listed:
        if not isinstance(path, str | os.PathLike):
            raise UsageError(f"{type(path).__name__} is no path; `ingest_images` takes photos that are no files")
    return listed


class Opened:
    """A library that is open, with what every topic of `Library` needs."""

    def __init__(
        self,
        path: StrPath | None = None,
        *,
        recipe: Recipe | str | None = None,
        engine: Engine | str = DEFAULT_ENGINE,
        create: bool = True,
    ) -> None:
        """Open the library at `path` (default: `default_library()`).

        recipe: or its name: what a new library is made with (default: recipe `dlib`), and what an existing one must
        have been made with. engine: or its name: what runs the networks, with the same results. create: whether an
        absent library may be created; the first write does so.

        Raises: UsageError when absent and not to be created, or when no recipe or engine is called so; RecipeMismatch;
        NewerSchema; LibraryDamaged.
        """
        self._engine = as_engine(engine)
        wanted = None if recipe is None else as_recipe(recipe)
        self._folder = LibraryFolder(Path(path or default_library()), wanted=wanted, create=create)
        self._index: face_index.LibraryIndex | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the library; it must not be used afterwards."""
        self._folder.close()

    @property
    def path(self) -> Path:
        """The library's folder, absolute."""
        return self._folder.path

    def outside(self, path: StrPath) -> Path:
        """`path`, to which something is to be written. Raises: UsageError when it lies in the library's own folder."""
        return self._folder.outside(Path(path))

    @property
    def recipe(self) -> Recipe:
        """How its vectors are made."""
        return self._folder.recipe

    @property
    def calibration(self) -> Calibration:
        """What distances between its vectors mean: its own, or the recipe's."""
        return calibrated.of_library(self._folder)

    def _analyser(self, min_face: int | None, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Analyser:
        chosen = self._folder.min_face if min_face is None else check_min_face(min_face)
        return Analyser(self.recipe, chosen, max_megapixels, self._engine)

    def _checked_analyser(self, min_face: int | None) -> Analyser:
        analyser = replace(self._analyser(min_face), rated=False)
        analyser.check_models()
        return analyser

    def _loaded_index(self) -> face_index.LibraryIndex:
        self._index = face_index.load_or_build(self._folder, self._index)
        return self._index
