"""The index of a library cut into shards: FAISS files beside the index's own, from which other processes search.

They are derived from the index's file, not from the vectors: nothing is learned again. Whatever replaces or removes the
index removes them with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from faceindex.errors import LibraryUnwritable
from faceindex.files.writing import sync_folder
from faceindex.search.files import Stamp, intact_file, read_stamp, write_stamp, written
from faceindex.search.index import LibraryIndex, name_of
from faceindex.store.folder import LibraryFolder
from faceindex.vectors import faiss_file
from faceindex.vectors.building import Block, Blocks
from faceindex.vectors.exact import Rows
from faceindex.vectors.ivf import Probing
from faceindex.vectors.nearest import FaceIndex
from faceindex.vectors.shards import Codes, starts_of

_ROWS = 8192  # copied at a time


@dataclass(frozen=True, slots=True)
class ShardFile:
    """One shard on the disk. figures: what its file must be, see `faceindex.search.files`. probing: of the index."""

    path: Path
    figures: Stamp
    probing: Probing | None


@dataclass(frozen=True, slots=True)
class Cut:
    """An index in shards. of: its name. starts: the rows of each, int64 [shards + 1]."""

    of: str
    starts: Rows
    files: tuple[ShardFile, ...]

    def is_current(self, folder: LibraryFolder) -> bool:
        """Whether its files are still those of the library's index."""
        return _stamp(folder, len(self.files), self.of) is not None


def cut(folder: LibraryFolder, index: LibraryIndex, shards: int) -> Cut | None:
    """The shards of an index that is on the disk, cut now unless they are there; None if that must be tried again, with
    the index that is there then.

    shards: how many; no more than it has faces. Raises: LibraryUnwritable; LibraryLocked.
    """
    if index.saved_as is None:
        raise LibraryUnwritable(f"the index of {folder.path} could not be saved, so it cannot be cut into shards")
    starts = starts_of(len(index.main.ids), shards)
    count = len(starts) - 1
    names = [f"shard-{count}-{number:05}.faiss" for number in range(1, count + 1)]
    stamp = _stamp(folder, count, index.saved_as)
    if stamp is None or not all(intact_file(folder.index / name, stamp["files"][name]) for name in names):
        try:
            stamp = _written(folder, index, starts, names)
        except OSError as error:
            raise LibraryUnwritable(
                f"shards of the index cannot be written to {folder.index}: {error.strerror}"
            ) from error
    if stamp is None:
        return None
    files = (ShardFile(folder.index / name, stamp["files"][name], index.main.probing) for name in names)
    return Cut(index.saved_as, starts, tuple(files))


def open_shard(file: ShardFile) -> FaceIndex | None:
    """The shard in a file, mapped; None where the file is missing or is not what was written."""
    if not intact_file(file.path, file.figures):
        return None
    try:
        return faiss_file.open_mapped(file.path, file.probing)
    except (RuntimeError, ValueError):  # somebody replaces it at this moment
        return None


def _written(folder: LibraryFolder, index: LibraryIndex, starts: Rows, names: list[str]) -> Stamp | None:
    main, found = index.main, dict[str, Stamp]()
    codes = Codes(main.ivf) if main.ivf else None
    with ExitStack() as stack:
        temporary = []
        for name, start, stop in zip(names, starts[:-1].tolist(), starts[1:].tolist(), strict=True):

            def write(file: BinaryIO, start: int = start, stop: int = stop) -> slice:
                approximate = codes.of_rows(start, stop) if codes else None
                return faiss_file.write_as(file, _blocks(main, start, stop), approximate, main)

            path, stamp = stack.enter_context(written(folder.index, write, name))
            temporary.append(path)
            found |= stamp["files"]
        stamp |= {"files": found, "of": index.saved_as}
        with folder.decisions() as catalog, catalog.transaction():  # nobody erases meanwhile
            whole = read_stamp(folder.index)
            removed = not all(path.exists() for path in temporary)  # by a writer that began meanwhile
            if whole is None or name_of(whole) != index.saved_as or removed:
                return None
            for path, name in zip(temporary, names, strict=True):
                path.replace(folder.index / name)
            write_stamp(folder.index / _stamp_name(len(names)), stamp)
            sync_folder(folder.index)
    return stamp


def _blocks(main: FaceIndex, start: int, stop: int) -> Blocks:
    def read() -> Iterator[Block]:
        for begin in range(start, stop, _ROWS):
            rows = slice(begin, min(begin + _ROWS, stop))
            yield main.ids[rows], main.vectors[rows]

    return Blocks(stop - start, main.vectors.shape[1], read)


def _stamp(folder: LibraryFolder, count: int, of: str) -> Stamp | None:
    stamp = read_stamp(folder.index, _stamp_name(count))
    return stamp if stamp is not None and stamp.get("of") == of else None


def _stamp_name(count: int) -> str:
    return f"shards-{count}.json"
