"""A process that reads files for us, so that a disk that does not answer blocks only that process."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from faceindex.errors import MachineError, SilentDisk, UnreadablePhoto
from faceindex.ingest.workers import watch
from faceindex.ingest.workers.child import end, start
from faceindex.ingest.workers.machine_errors import is_of_the_machine
from faceindex.photos.finding.addresses import UNREACHABLE, is_url, take_secrets, top_of
from faceindex.photos.finding.read_ahead import MOST_AHEAD
from faceindex.photos.finding.sources import expect
from faceindex.photos.identity import Identity
from faceindex.photos.read import identify
from faceindex.plurals import plural
from faceindex.running.stop import Stop
from faceindex.system.children import inherited_connection
from faceindex.system.files import set_blocking
from faceindex.system.processes import be_killed_first, end_with_parent

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_SILENT = 10  # files in a row that do not answer, until the disk is given up
_UNREACHABLE = 3  # the same of a server: for each of them, it was asked several times
_DEATHS = 3  # in a row
_TRIES = 3  # for a photo while the machine lacks something
_PAUSE = 0.5  # seconds before the next try, times the number of tries
_MAIN = "from faceindex.ingest.photo_reader import main; main()"


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """An UnreadablePhoto that can be sent through a pipe. number: errno of the OSError that caused it, or 0."""

    reason: str
    number: int
    out_of_reach: bool


class PhotoReader:
    """Reads one file at a time. Its process starts with the first file, and again after a file that blocks it.

    stop: ends it. meanwhile: called from time to time while a file is waited for.
    """

    def __init__(self, stop: Stop, meanwhile: Callable[[], None] = lambda: None, *, idle_limit: float) -> None:
        self._stop = stop
        self._meanwhile = meanwhile
        self._idle_limit = idle_limit
        self._child: _Child | None = None
        self._expected: list[str] = []
        self._places: dict[str, int] = {}
        self._silent = self._deaths = self._unreachable = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def expect(self, paths: Sequence[str]) -> None:
        """Say which files will be identified, in this order: those at addresses are read ahead."""
        self._expected = [path for path in paths if is_url(path)]
        self._places = {path: place for place, path in enumerate(self._expected, 1)}

    def identify(self, path: str, *, named: bool = False) -> Identity | None:
        """As `faceindex.photos.read.identify`; if the file does not answer, UnreadablePhoto is caused by a
        TimeoutError.

        Raises: UnreadablePhoto; SilentDisk if no file answers any more; MachineError.
        """
        answer = self._identity(path, named)
        for attempt in range(1, _TRIES):
            if isinstance(answer, _Unreadable) and is_of_the_machine(answer.reason):
                time.sleep(_PAUSE * attempt)
                answer = self._identity(path, named)
        if not isinstance(answer, _Unreadable):
            self._unreachable = 0
            return answer
        self._count_unreachable(path, answer)
        if is_of_the_machine(answer.reason):
            raise MachineError(f"{path} cannot be read: {answer.reason}")
        cause = OSError(answer.number, os.strerror(answer.number)) if answer.number else None
        raise UnreadablePhoto(path, answer.reason, out_of_reach=answer.out_of_reach) from cause

    def ask(
        self,
        question: Callable[Concatenate[str, Arguments], Answer],
        path: str,
        *more: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Answer:
        """Call `question(path, *more, **options)` in that process: a function of a module that raises nothing.

        Raises: TimeoutError if it uses no processor time and reads no byte for the idle limit, or the user stops it;
        SilentDisk if that happens for many files; MachineError.
        """
        while True:
            child = self._child = self._child or _Child()
            try:
                child.connection.send((question, path, more, options))
                child.watch.begin()
                while not child.connection.poll(watch.LOOK_SECONDS):
                    self._meanwhile()
                    child.watch.look()
                    if child.watch.idle > self._idle_limit or self._stop.is_set():
                        raise self._given_up(path)
                answer: Answer = child.connection.recv()
            except TimeoutError:
                raise
            except (EOFError, OSError) as error:  # it was killed
                self._end()
                self._deaths += 1
                if self._deaths == _DEATHS:
                    raise MachineError("the process that reads photos was killed several times") from error
                continue
            self._deaths = self._silent = 0
            return answer

    def _count_unreachable(self, path: str, answer: _Unreadable) -> None:
        """Raises: SilentDisk when a server did not answer for many photos, so that asking for the rest would be in
        vain."""
        if is_url(path) and answer.number in UNREACHABLE:
            self._unreachable += 1
            if self._unreachable == _UNREACHABLE:
                raise SilentDisk(f"{top_of(path)} does not answer: {answer.reason}")

    def _identity(self, path: str, named: bool) -> Identity | _Unreadable | None:
        place = self._places.get(path, len(self._expected))
        try:
            return self.ask(_identified, path, named, self._expected[place : place + MOST_AHEAD])
        except TimeoutError as error:
            raise UnreadablePhoto(path, str(error), out_of_reach=True) from error

    def _given_up(self, path: str) -> TimeoutError:
        """Raises: SilentDisk."""
        self._end()
        reason = f"did not answer for {self._idle_limit:g} seconds"
        self._silent += 1
        if self._silent == _SILENT:
            raise SilentDisk(f"{path} {reason}, like {plural(_SILENT - 1, 'file')} before it")
        return TimeoutError(reason)

    def _end(self) -> None:
        if self._child is not None:
            self._child.connection.close()
            end(self._child.process)
            self._child = None


class _Child:
    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        try:
            self.process = start(_MAIN, theirs)
        except OSError as error:
            self.connection.close()
            raise MachineError(f"no process can be started: {error.strerror or error}") from error
        finally:
            theirs.close()
        self.watch = watch.Watch(self.process.pid)


def main() -> None:
    """Answer each question. Arguments: the connection's descriptor; the parent's process id, or 0."""
    set_blocking(sys.stderr.fileno(), False)  # nobody reads this stream
    connection = inherited_connection(int(sys.argv[1]))
    if int(sys.argv[2]):
        end_with_parent(int(sys.argv[2]))
    be_killed_first()
    take_secrets()
    while True:
        try:
            question, path, more, options = connection.recv()
            connection.send(question(path, *more, **options))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _identified(path: str, named: bool, expected: Sequence[str]) -> Identity | _Unreadable | None:
    expect([path, *expected])
    try:
        return identify(path, named=named)
    except UnreadablePhoto as error:
        cause = error.__cause__
        number = (cause.errno or errno.EIO) if isinstance(cause, OSError) else 0
        return _Unreadable(error.reason, number, error.out_of_reach)
