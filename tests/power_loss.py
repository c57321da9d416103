"""The power fails at every call that a library's writer makes: is anything lost that it acknowledged?

A writer commits, merges, edits, removes, clusters and forgets under strace. A model of the disk replays its calls and
promises as little as POSIX does: a file's bytes are safe when the file was fsynced, a name in a folder when the folder
was; of what came since, nothing or any part may be there; a rename or an unlink is done or not. After each call that
changes what is safe, and after every so many others, the library is laid out as it may then be on the disk, is opened,
read in full, and written to.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.people import acting, undoing
from faceindex.people.grouping import group_faces
from faceindex.photos.finding.entries import FoundFile
from faceindex.search import index as face_index
from faceindex.store.care import erasing
from faceindex.store.care.check import check
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5 import merging
from faceindex.store.hdf5.segments import aborted_files
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face, Target

CALLS = (
    "open,openat,creat,close,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,"
    "sendfile,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
_SYNCS = ("fsync", "fdatasync")


def outages(root: Path, trace: Path, every: int, chance: random.Random) -> list[str]:
    """Replay the trace of a library under `root`, and look at it after outages; returns what is wrong."""
    disk = Disk(root)
    said = Said()
    problems: list[str] = []
    for number, (call, data) in enumerate(disk.replay(trace), start=1):
        said.listen(data)
        ways: list[tuple[str, Callable[[], bool]]] = []
        if call in _SYNCS or data.startswith(_NEWS):
            ways.append(("nothing unsafe survives", nothing))
        if number % every == 0:
            ways.append(("any part survives", some(chance.random())))
        for way, survives in ways:
            disk.after(survives, root.with_name("after"))
            for problem in look_at(root.with_name("after"), said):
                problems.append(f"call {number} ({call}), {way}, after {said.last!r}: {problem}")
    print(f"power failed at {number} calls")
    return problems


def record(root: Path, trace: Path) -> None:
    """Let `write_library` run under strace. Raises: CalledProcessError, with what strace said."""
    strace = ["strace", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace)]
    subprocess.run([*strace, sys.executable, __file__, str(root)], check=True)


_NEWS = b"acknowledged "


def write_library(root: Path) -> None:
    """All that changes a library; each acknowledgement is written to `root`/news as one line of JSON."""
    news = os.open(root / "news", os.O_WRONLY | os.O_CREAT)

    def acknowledge(what: str, **names: list[str]) -> None:
        os.write(news, _NEWS + json.dumps({"what": what, **names}).encode())

    with closing(LibraryFolder(root / "made" / "x.faces", wanted=recipe())) as folder:
        with folder.writer() as writer:
            writer.catalog.connection.execute("PRAGMA wal_autocheckpoint = 60")
            acknowledge("creation")
            for number in range(0, 20, 2):
                names = [f"{number}", f"{number + 1}"]
                writer.commit(batch(*names))
                acknowledge("commit", kept=names)
                merging.compact(writer)
            writer.remove_paths(["/3", "/4"])
            acknowledge("removal", gone=["3", "4"])
        face_index.load_or_build(folder)
        group_faces(folder, method="linkage", threshold=99, seed=0, rebuild=False, dry_run=False)
        acting.name(folder, Target(face=1), "Ada")
        acting.name(folder, Target(face=3), "Grace")
        acknowledge("names", named=["Ada", "Grace"])
        undoing.undo(folder)
        acknowledge("an undo", unnamed=["Grace"])
        with folder.writer() as writer:
            erasing.erase(writer, folder.index, photos=[6, 7])  # ids count from 1: photos 5 and 6
            acknowledge("forgetting", gone=["5", "6"], forgotten=["5", "6"])
            writer.commit(batch("20"))
            acknowledge("commit", kept=["20"])
            merging.compact_all(writer)
            acknowledge("compaction")
        face_index.load_or_build(folder)


def batch(*names: str) -> Batch:
    """New photos, each with two faces that follow from its name."""
    return Batch(
        photos={
            hashlib.sha256(name.encode()).digest(): (photo(name), [FoundFile(f"/{name}", 7, 8, False)])
            for name in names
        }
    )


def photo(name: str) -> AnalysedPhoto:
    """A photo with two faces."""
    chance = np.random.default_rng(int(name))
    landmarks = chance.uniform(0, 100, (5, 2)).astype(np.float32)
    vectors = chance.standard_normal((2, 128)).astype(np.float32)
    return AnalysedPhoto(
        200, 100, tuple(Face(Box(50 * n, 2, 30, 40), 1.5, landmarks, v, 0.5) for n, v in enumerate(vectors))
    )


@dataclass
class Said:
    """What the writer has acknowledged by now: photos, and names of people. unnamed: said to be wrong."""

    kept: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    last: str = "nothing"

    def listen(self, data: bytes) -> None:
        """Take in what it wrote, if that was an acknowledgement."""
        if data.startswith(_NEWS):
            said = json.loads(data[len(_NEWS) :])
            self.last = said["what"]
            self.kept |= set(said.get("kept", ()))
            self.gone |= set(said.get("gone", ()))
            self.forgotten |= set(said.get("forgotten", ()))
            self.named |= set(said.get("named", ()))
            self.unnamed |= set(said.get("unnamed", ()))


def look_at(root: Path, said: Said) -> list[str]:
    """What is wrong with the library under `root`, as it is and when it is written to."""
    path = root / "made" / "x.faces"
    problems = [f"{name} is on the disk" for name in sorted(said.forgotten) if on_disk(name, path)]
    try:
        problems += wrong(path, said, said.kept)
        with closing(LibraryFolder(path, wanted=recipe())) as folder:
            with folder.writer() as writer:
                left = aborted_files(writer.vectors, {segment.file for segment in writer.catalog.segments()})
                problems += [f"{stray.name} was not removed" for stray in left]
                writer.commit(batch("99"))
            face_index.load_or_build(folder)
            problems += [what for what in [face_index.damage(folder)] if what]
        return problems + wrong(path, said, said.kept | {"99"})
    except Exception as error:
        return [*problems, f"{type(error).__name__}: {error}"]


def wrong(path: Path, said: Said, kept: set[str]) -> list[str]:
    """Photos that are lost, altered, or back."""
    try:
        with closing(LibraryFolder(path, create=False)) as folder:
            found: dict[str, list[bytes]] = {}
            for face, vector in folder.faces_with_vectors():
                found.setdefault(face.photo[1:], []).append(b"" if vector is None else vector.tobytes())
            damage = [f"damaged: {one}" for part in check(folder) if part.part != "permissions" for one in part.damage]
            people = {person.person for person in folder.catalog.people() if person.confirmed}
    except UsageError:
        return [f"no library, but {len(kept)} photos acknowledged"] if kept or said.last != "nothing" else []
    altered = [name for name in found if sorted(found[name]) != sorted(f.vector.tobytes() for f in photo(name).faces)]
    return [
        *damage,
        *(f"LOST name {name}" for name in sorted(said.named - said.unnamed - people - _UNDER_UNDO)),
        *(f"name is back: {name}" for name in sorted(said.unnamed & people)),
        *(f"LOST {name}" for name in sorted(kept - said.gone - found.keys() - _UNDER_REMOVAL)),
        *(f"back: {name}" for name in sorted(said.gone & found.keys())),
        *(f"altered: {name}" for name in altered),
    ]


_UNDER_UNDO = {"Grace"}
_UNDER_REMOVAL = {"3", "4", "5", "6"}  # may be gone before that is acknowledged; never in part, see `altered`


def on_disk(name: str, path: Path) -> bool:
    """Whether a vector of a photo, or its content's hash, is in any file of the library."""
    traces = [hashlib.sha256(name.encode()).digest(), *(face.vector.tobytes() for face in photo(name).faces)]
    files = [file.read_bytes() for file in path.rglob("*") if file.is_file()]
    return any(trace in data for trace in traces for data in files)


@dataclass
class File:
    """data: as programs see it. safe: as of the last fsync. since: writes after it, as (offset, bytes) or a size."""

    data: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    since: list[tuple[int, bytes] | int] = field(default_factory=list)

    def change(self, what: tuple[int, bytes] | int) -> None:
        _apply(self.data, what)
        self.since.append(what)

    def sync(self) -> None:
        self.safe = bytes(self.data)
        self.since.clear()

    def after(self, survives: Callable[[], bool]) -> bytes:
        data = bytearray(self.safe)
        for change in self.since:
            if survives():
                _apply(data, change)
        return bytes(data)


def _apply(data: bytearray, what: tuple[int, bytes] | int) -> None:
    if isinstance(what, int):
        data[:] = data[:what].ljust(what, b"\0")
        return
    offset, new = what
    data.extend(bytes(max(0, offset - len(data))))
    data[offset : offset + len(new)] = new


@dataclass
class Folder:
    """entries: as programs see it. safe: as of the last fsync. since: changes after it, each whole or not at all."""

    entries: dict[str, File | Folder] = field(default_factory=dict)
    safe: dict[str, File | Folder] = field(default_factory=dict)
    since: list[dict[str, File | Folder | None]] = field(default_factory=list)

    def change(self, what: dict[str, File | Folder | None]) -> None:
        """Set names, or remove those that are given None."""
        _enter(self.entries, what)
        self.since.append(what)

    def sync(self) -> None:
        self.safe = dict(self.entries)
        self.since.clear()

    def after(self, survives: Callable[[], bool]) -> dict[str, File | Folder]:
        entries = dict(self.safe)
        for change in self.since:
            if survives():
                _enter(entries, change)
        return entries


def _enter(entries: dict[str, File | Folder], what: dict[str, File | Folder | None]) -> None:
    for name, entry in what.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry


class Disk:
    """Everything under the folder `root`, which is there and safe."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._folder = Folder()
        self._open: dict[int, tuple[File | Folder, bool]] = {}
        self._positions: dict[int, int] = {}
        self._paths: dict[str, str] = {}

    def replay(self, trace: Path) -> Iterator[tuple[str, bytes]]:
        """Apply the trace call by call; yields each call that touched `root`: its name, and what it wrote."""
        for line in trace.read_text().splitlines():
            parsed = re.fullmatch(r"(\w+)\((.*)\) += (-?\d+).*", line)
            if parsed is None:  # how the program ended
                continue
            name, arguments, result = parsed[1], _arguments(parsed[2]), int(parsed[3])
            if result >= 0 and self._call(name, arguments, result):
                yield name, next((a for a in arguments[1:] if isinstance(a, bytes)), b"")

    def after(self, survives: Callable[[], bool], where: Path) -> None:
        """Lay out under `where` what is there when the power fails now. survives: asked for each unsafe change."""
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        _lay_out(self._folder, survives, where)

    def _call(self, name: str, arguments: list[bytes | str], result: int) -> bool:
        if name == "openat":
            return self._opened(arguments, result)
        if name == "close":
            self._open.pop(int(str(arguments[0])), None)
            return False
        if name in ("mkdir", "unlink", "unlinkat", "rmdir", "rename", "renameat"):
            return self._named(name, _paths(arguments, self._paths))
        opened = self._open.get(int(arguments[0])) if isinstance(arguments[0], str) and arguments[0].isdigit() else None
        if opened is None:
            within = any(isinstance(a, bytes) and self._inside(os.fsdecode(a)) for a in arguments)
            assert not within or name.startswith("p") or name == "write", f"the model does not know {name}"
            return False
        file, append = opened
        if name in ("fsync", "fdatasync"):
            file.sync()
            return True
        assert isinstance(file, File)
        if name == "ftruncate":
            file.change(int(str(arguments[1])))
            return True
        assert name in ("write", "pwrite64"), f"the model does not know {name}"
        number, data = int(str(arguments[0])), arguments[1]
        assert isinstance(data, bytes)
        if name == "pwrite64":
            offset = int(str(arguments[3]))
        else:
            offset = len(file.data) if append else self._positions[number]
            self._positions[number] = offset + result
        file.change((offset, data[:result]))
        return True

    def _opened(self, arguments: list[bytes | str], number: int) -> bool:
        self._open.pop(number, None)
        (path,), flags = _paths(arguments, self._paths), str(arguments[2])
        self._paths[str(number)] = path
        if not self._inside(path):
            return False
        parent, name = self._place(path)
        entry = self._folder if path == self._root else parent.entries.get(name)
        new = entry is None
        if entry is None:
            entry = File()
            parent.change({name: entry})
        elif "O_TRUNC" in flags and isinstance(entry, File) and entry.data:
            entry.change(0)
            new = True
        self._open[number] = entry, "O_APPEND" in flags
        self._positions[number] = 0
        return new

    def _named(self, name: str, paths: list[str]) -> bool:
        if not self._inside(paths[0]):
            return False
        parent, last = self._place(paths[0])
        if name == "mkdir":
            parent.change({last: Folder()})
        elif name.startswith("rename"):
            target, new = self._place(paths[1])
            assert target is parent, "the model does not know renames between folders"
            parent.change({new: parent.entries[last], last: None})
        else:
            parent.change({last: None})
        return True

    def _inside(self, path: str) -> bool:
        return path == self._root or path.startswith(self._root + "/")

    def _place(self, path: str) -> tuple[Folder, str]:
        *folders, name = path.removeprefix(self._root).strip("/").split("/")
        here = self._folder
        for folder in folders:
            below = here.entries[folder]
            assert isinstance(below, Folder)
            here = below
        return here, name


def _lay_out(folder: Folder, survives: Callable[[], bool], where: Path) -> None:
    for name, entry in folder.after(survives).items():
        if isinstance(entry, File):
            (where / name).write_bytes(entry.after(survives))
        else:
            (where / name).mkdir()
            _lay_out(entry, survives, where / name)


def _arguments(text: str) -> list[bytes | str]:
    """The arguments of a call: strings as bytes, everything else as strace writes it."""
    parts = re.findall(r'"((?:\\x[0-9a-f]{2})*)"|([^,\s][^,]*)', text)
    return [other.strip() if other else bytes.fromhex(data.replace("\\x", "")) for data, other in parts]


def _paths(arguments: list[bytes | str], opened: dict[str, str]) -> list[str]:
    """The paths among the arguments of a call; one after the number of an open folder is relative to that."""
    folder = opened.get(str(arguments[0]), "")
    return [os.path.join(folder, os.fsdecode(a)) for a in arguments if isinstance(a, bytes)]  # noqa: PTH118


def nothing() -> bool:
    """Of what was not safe, nothing survives."""
    return False


def some(seed: float) -> Callable[[], bool]:
    """Any part survives."""
    chance = random.Random(seed)
    return lambda: chance.random() < 0.5


if __name__ == "__main__":
    write_library(Path(sys.argv[1]))
