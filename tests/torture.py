"""Kill an ingest at random instants, over and over: is anything ever lost that it acknowledged?

A program of its own, which forks: python torture.py PHOTOS... [--kills 300] [--seed 0]. The whole process group, only
the writer, or only a worker is killed with SIGKILL, or the ingest is told to stop: at any time, or just when a phase
(start, commit, merge, index) has begun. The ingest is the command line's own, but commits every 4 photos and says on a
pipe what it is doing and what it has acknowledged. After each kill the library is read in full and checked; what is
wrong is listed, and the exit code is 1. Libraries that are complete are compared with one that was made in peace.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faceindex
from faceindex.cli import app
from faceindex.errors import FaceindexError, LibraryDamaged, UsageError
from faceindex.faces.recipe import recipe
from faceindex.ingest import pipeline
from faceindex.search import building
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5 import merging
from faceindex.store.hdf5.segments import aborted_files
from faceindex.store.writer import Batch, Writer

RECIPE = "sface"
PATIENCE = 180.0
"""Seconds without a word from an ingest after which it hangs."""

LATEST = 8.0
"""Seconds, at most, that a kill waits for the phase it aims at."""

BATCH_PHOTOS = 4

VICTIMS = ("all", "writer", "worker", "stop")
"""stop: Ctrl-C, which a terminal sends to all, or SIGTERM to the writer; not a kill, but to be survived as well."""

STOP_SECONDS = 5.0
"""In which an ingest is to end when it is told to stop, on a machine that is not busy; thrice that is a problem."""

PHASES = ("start", "analysis", "commit", "merge", "index")
_DELAYS = {"start": 6.0, "analysis": 3.0, "commit": 0.15, "merge": 0.15, "index": 0.05}
"""Seconds, at most, from the beginning of a phase to a kill that aims at it."""

Face = tuple[tuple[int, ...], bytes]


@dataclass(frozen=True)
class Contents:
    """A library. photos: content to its faces, as box and bytes of the vector. paths: to content. failed: to reason."""

    photos: dict[bytes, list[Face]] = field(default_factory=dict)
    paths: dict[str, bytes] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def faces(self) -> int:
        return sum(map(len, self.photos.values()))


@dataclass(frozen=True)
class Instant:
    """When to kill: `delay` seconds after `phase` has begun for the `nth` time, or `LATEST` after waiting has begun.

    at_end: seconds after the index, and with it the end, has come first; None: let it end.
    """

    phase: str
    nth: int
    delay: float
    at_end: float | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        torture = Torture(options.photos, Path(temporary), random.Random(options.seed))
        torture.run(options.kills)
    torture.report()
    return 1 if torture.problems else 0


class Torture:
    """kills: victims and phases. problems: what was wrong by now. whole: a library made in peace."""

    def __init__(self, photos: Sequence[Path], where: Path, chance: random.Random) -> None:
        self.photos = photos
        self.where = where
        self.chance = chance
        self.kills: list[tuple[str, str]] = []
        self.problems: list[str] = []
        self.libraries = 0
        self.began = time.monotonic()
        with self.ingest(where / "whole.faces") as ingest:
            self._finished(ingest)
        self.whole, problems = read(where / "whole.faces")
        self._note("uninterrupted", problems)
        print(f"uninterrupted: {len(self.whole.photos)} photos, {self.whole.faces} faces, {self.elapsed:.0f} s")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def ingest(self, library: Path, *more: str) -> Ingest:
        return Ingest(library, self.photos, more)

    def run(self, kills: int) -> None:
        """Fresh libraries, one after the other, until there were so many kills."""
        while len(self.kills) < kills:
            self.libraries += 1
            library = self.where / f"{self.libraries}.faces"
            self._torture(library, kills)
            self._complete(library)
            if self.problems:
                return
            shutil.rmtree(library, ignore_errors=True)

    def _torture(self, library: Path, kills: int) -> None:
        """Until the library is complete and its ingest was left to end, or enough were killed."""
        acknowledged: dict[bytes, list[Face]] = {}
        orphans: list[Ingest] = []
        while len(self.kills) < kills:
            with self.ingest(library) as ingest:
                ended = self._one_run(ingest, acknowledged, kills)
            orphans = [past for past in [*orphans, ingest] if past.still_running()]
            if any(time.monotonic() - past.ended > PATIENCE for past in orphans):
                self._note(library.name, ["workers outlive their writer"])
            if ended or self.problems:
                return

    def _one_run(self, ingest: Ingest, acknowledged: dict[bytes, list[Face]], kills: int) -> bool:
        """One process: workers of it are killed until it is killed itself, or ends; returns whether it ended."""
        while len(self.kills) < kills:
            victim = self.chance.choice(VICTIMS)
            if not ingest.wait_for(self._instant(ingest.phase != "start")):
                self._finished(ingest)
                return True
            phase = ingest.phase
            if victim == "stop":
                wrong = ingest.stop(self.chance.choice((signal.SIGINT, signal.SIGTERM)))
            elif ingest.kill(victim, self.chance):
                wrong = []
            else:
                continue
            found, problems = read(ingest.library)
            expected = {content: acknowledged.get(content) for content in acknowledged.keys() | ingest.acknowledged}
            problems += wrong + lost(expected, found) + differences(found, self.whole)
            acknowledged.update(found.photos)
            left = left_behind(ingest.library)
            if victim != "worker" and self.chance.random() < 0.5:
                problems += after_writable_open(ingest.library)
            self.kills.append((victim, phase))
            stored = f"{len(found.photos)} photos and {found.faces} faces of {len(expected)} acknowledged photos"
            print(f"kill {len(self.kills)}, library {self.libraries}: {victim} in {phase}, {stored}; {left or '-'}")
            self._note(f"kill {len(self.kills)}", problems)
            if victim != "worker" or problems:
                return False
        return False

    def _instant(self, started: bool) -> Instant:
        phase = self.chance.choice(("analysis", "commit", "merge") if started else PHASES[:-1])
        delay = self.chance.uniform(0, _DELAYS[phase])
        at_end = self.chance.uniform(0, _DELAYS["index"]) if self.chance.random() < 0.7 else None
        return Instant(phase, self.chance.randint(1, 6), delay, at_end)

    def _complete(self, library: Path) -> None:
        """Run to the end in peace, and compare."""
        with self.ingest(library, "--retry-failed") as ingest:
            self._finished(ingest)
        found, problems = read(library)
        complete = [] if found == self.whole else ["differs from the library made in peace"]
        self._note(library.name, [*problems, *differences(found, self.whole), *complete, *strays(library)])
        size = f"{len(found.photos)} photos, {found.faces} faces, {len(found.failed)} failed"
        print(f"library {self.libraries} complete: {size}; {self.elapsed:.0f} s", flush=True)

    def _finished(self, ingest: Ingest) -> None:
        while ingest.listen(PATIENCE):
            pass
        ingest.process.join()
        if ingest.process.exitcode:
            self._note(ingest.library.name, [f"ingest ended with {ingest.process.exitcode}: {ingest.errors()}"])

    def _note(self, where: str, problems: list[str]) -> None:
        for problem in problems:
            self.problems.append(f"{where}: {problem}")
            print(f"    {self.problems[-1]}", flush=True)

    def report(self) -> None:
        """How often whom was killed, and in which phase."""
        for (victim, phase), times in sorted(Counter(self.kills).items()):
            print(f"{victim} in {phase}: {times}")
        print(f"{len(self.kills)} kills, {self.libraries} libraries, {self.elapsed:.0f} s: ", end="")
        print("nothing lost, nothing twice" if not self.problems else f"{len(self.problems)} PROBLEMS")


def speaking_ingest(news: int, errors: int, library: Path, arguments: Sequence[str]) -> None:
    """The command line in a session of its own; says on `news` what it begins and what it has acknowledged."""
    os.setsid()
    os.write(news, b"start\n")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(errors, 2)

    def say(*words: str) -> None:
        os.write(news, (" ".join(words) + "\n").encode())

    def announced(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: object, **options: object) -> object:
            say(phase)
            result = function(*arguments, **options)
            say("analysis")
            return result

        return call

    def commit(writer: Writer, batch: Batch) -> int:
        say("commit")
        faces = real_commit(writer, batch)
        say("acknowledged", *(content.hex() for content in batch.photos))
        return faces

    real_commit = Writer.commit
    command = ["faceindex", "ingest", *arguments, "-L", str(library), "--recipe", RECIPE, "--workers", "2"]
    patches: tuple[tuple[object, str, object], ...] = (
        (Writer, "commit", commit),
        (merging, "merge", announced("merge", merging.merge)),
        (building, "save", announced("index", building.save)),
        (pipeline, "BATCH_PHOTOS", BATCH_PHOTOS),
        (sys, "argv", command),
    )
    for where, name, value in patches:
        setattr(where, name, value)
    app.main()


class Ingest:
    """A running ingest, in a process group of its own. acknowledged: contents that it has said are stored."""

    def __init__(self, library: Path, photos: Sequence[Path], more: Sequence[str]) -> None:
        self.library = library
        self.phase = "start"
        self.acknowledged: set[bytes] = set()
        self._begun: Counter[str] = Counter()
        self._since = {"start": time.monotonic()}
        self._text = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._news, news = os.pipe()
        self.process = multiprocessing.get_context("fork").Process(  # what is imported need not be imported again
            target=speaking_ingest, args=(news, self._errors.fileno(), library, [*map(str, photos), *more])
        )
        self.process.start()
        os.close(news)
        assert self.process.pid is not None
        self.pid = self.process.pid
        self.ended = 0.0
        self.listen(PATIENCE)  # or a signal to its process group may come before there is one

    def __enter__(self) -> Ingest:
        return self

    def __exit__(self, *exception: object) -> None:
        self._kill_group()
        self.process.join()
        self.ended = time.monotonic()
        os.close(self._news)
        self._errors.close()

    def errors(self) -> str:
        """What it wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()

    def wait_for(self, instant: Instant) -> bool:
        """Sleep until `instant`; False when the ingest has ended before. Raises: TimeoutError when it hangs."""
        nth = self._begun[instant.phase] + instant.nth
        due = (self._since["start"] + instant.delay) if instant.phase == "start" else (time.monotonic() + PATIENCE)
        while (left := due - time.monotonic()) > 0:
            if not self.listen(left):
                return False
            if self.phase == "index":
                if instant.at_end is None:
                    due = time.monotonic() + PATIENCE
                else:
                    due = min(due, self._since["index"] + instant.at_end)
            elif instant.phase != "start" and self.phase != "start":
                due = min(due, time.monotonic() + LATEST)
                if self._begun[instant.phase] >= nth:
                    due = min(due, self._since[instant.phase] + instant.delay)
        return True

    def kill(self, victim: str, chance: random.Random) -> bool:
        """Kill with SIGKILL; False when there was nothing to kill."""
        if victim == "worker":
            workers = self.workers()
            if not workers:
                return False
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
            return True
        if victim == "all":
            self._kill_group()
        self.process.kill()
        self.process.join()
        while self.listen(PATIENCE):
            pass
        return True

    def stop(self, number: signal.Signals) -> list[str]:
        """Tell it to stop, and wait; returns what was wrong with that."""
        began, phase = time.monotonic(), self.phase
        if number == signal.SIGINT:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        elif self.process.is_alive():
            os.kill(self.pid, number)
        while self.listen(PATIENCE):
            pass
        self.process.join()
        seconds, code, said = time.monotonic() - began, self.process.exitcode, self.errors()
        wrong = []
        if seconds > 3 * STOP_SECONDS:
            wrong.append(f"took {seconds:.1f} s to stop")
        if phase in ("start", "index"):  # there is nothing to store yet, or any more
            expected = code in (0, 130, 143, -number) and "Traceback" not in said
        else:
            expected = code == 130 and "Run the same command again to go on" in said
        return wrong if expected else [*wrong, f"{number.name} in {phase}: ended with {code}, said {said!r}"]

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """The processes that it has started and that live."""
        with suppress(OSError):
            return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return []

    def still_running(self) -> bool:
        """Whether any process of its group lives."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def listen(self, seconds: float) -> bool:
        """Take in what it says within `seconds`; False when it has ended. Raises: TimeoutError when it hangs."""
        ready, _, _ = select.select([self._news], [], [], seconds)
        if not ready:
            if time.monotonic() - max(self._since.values()) > PATIENCE:
                raise TimeoutError(f"no word from the ingest for {PATIENCE} s; it said: {self.errors()}")
            return True
        said = os.read(self._news, 1 << 16)
        *lines, self._text = (self._text + said).split(b"\n")
        for line in lines:
            word, *contents = line.decode().split()
            self.acknowledged.update(map(bytes.fromhex, contents))
            self.phase = "analysis" if word == "acknowledged" else word
            self._begun[self.phase] += 1
            self._since[self.phase] = time.monotonic()
        return bool(said)


def read(library: Path) -> tuple[Contents, list[str]]:
    """Everything in a library, and what is wrong with it."""
    try:
        with closing(LibraryFolder(library, create=False)) as folder:
            found = read_contents(folder)
        with faceindex.Library(library, create=False) as opened:
            problems = [f"damaged: {damage}" for damage in opened.care.check(deep=True).damage]
    except UsageError:
        return Contents(), []  # killed before it was created; `lost` says when there should be one
    except FaceindexError as error:
        return Contents(), [f"cannot be read: {error}"]
    twice = [content.hex() for content, faces in found.photos.items() if len({box for box, _ in faces}) < len(faces)]
    return found, problems + [f"photo {content} has a face twice" for content in twice]


def read_contents(folder: LibraryFolder) -> Contents:
    """Raises: FaceindexError, for a face without a vector too."""
    rows = folder.catalog.connection.execute("SELECT path, content FROM paths JOIN photos ON photos.id = photo")
    paths = {os.fsdecode(path): bytes(content) for path, content in rows.fetchall()}
    failed = {failure.path: failure.error for failure in folder.catalog.failed()}
    photos: dict[bytes, list[Face]] = {content: [] for content in paths.values()}
    for face, vector in folder.faces_with_vectors():
        if vector is None:
            raise LibraryDamaged(f"face {face.face} has no vector")
        if face.photo in paths:  # else it was stored since
            photos[paths[face.photo]].append((tuple(face.box.as_list()), vector.tobytes()))
    for faces in photos.values():
        faces.sort()
    return Contents(photos, paths, failed)


def lost(expected: dict[bytes, list[Face] | None], found: Contents) -> list[str]:
    """What was acknowledged and is not there, or not as it was. None: the faces are not known yet."""
    gone = [content.hex() for content in expected if content not in found.photos]
    changed = [
        content.hex()
        for content, faces in expected.items()
        if faces is not None and content in found.photos and found.photos[content] != faces
    ]
    return [f"LOST photo {content}" for content in gone] + [f"CHANGED photo {content}" for content in changed]


def differences(found: Contents, whole: Contents) -> list[str]:
    """What is in `found` and not so in `whole`. A failure is not one where a worker was killed twice over one photo."""
    photos = [content.hex() for content, faces in found.photos.items() if whole.photos.get(content) != faces]
    paths = [path for path, content in found.paths.items() if whole.paths.get(path) != content]
    failed = [
        path for path, error in found.failed.items() if whole.failed.get(path) != error and "SIGKILL" not in error
    ]
    return [f"differs: {what}" for what in photos + paths + failed]


def strays(library: Path) -> list[str]:
    """Segment files of writes that did not come to their end."""
    with closing(LibraryFolder(library, create=False)) as folder:
        return [path.name for path in aborted_files(library / "vectors", {s.file for s in folder.catalog.segments()})]


def left_behind(library: Path) -> str:
    """What a kill left for the next writer to remove, and for SQLite to recover."""
    what = Counter[str]()
    with suppress(FaceindexError, FileNotFoundError):
        with closing(LibraryFolder(library, create=False)) as folder:
            newest = max((segment.number for segment in folder.catalog.segments()), default=0)
        for name in strays(library):
            if name.endswith(".tmp"):
                what["half segments"] += 1
            elif int(name.removesuffix(".h5")) > newest:
                what["segments without a row"] += 1
            else:
                what["replaced segments"] += 1
    what["files of the index"] = len(list(library.glob("index/*.tmp")))
    what["write-ahead logs"] = sum(file.stat().st_size > 0 for file in library.glob("*-wal"))
    return ", ".join(f"{number} {name}" for name, number in what.items() if number)


def after_writable_open(library: Path) -> list[str]:
    """What is still left behind when a writer has opened the library."""
    try:
        with closing(LibraryFolder(library, wanted=recipe(RECIPE))) as folder, folder.writer():
            pass
    except FaceindexError as error:
        return [f"does not open for writing: {error}"]
    return [f"{name} was not removed" for name in strays(library)]


if __name__ == "__main__":
    sys.exit(main())
