"""`Job`: long work on a library in a thread of its own, which can be watched, waited for and cancelled."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from faceindex.errors import JobCancelled
from faceindex.running.meter import Meter, Tell
from faceindex.running.stop import Stop
from faceindex.running.threads import start
from faceindex.types.jobs import JobState, Progress

if TYPE_CHECKING:
    from faceindex.types import ImportReport, IngestReport, Reencoded

    Report = TypeVar("Report", IngestReport, ImportReport, Reencoded)

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")
_LOOK_SECONDS = 0.2


class Job(Generic[Result]):
    """Work that has begun. Every method may be called from any thread; signal handlers are not changed.

    A program that ends before its jobs ends them, too, as if they were killed: what they have stored stays.
    """

    def __init__(self, kind: str, work: Callable[[Meter], Result], progress: Tell | None = None) -> None:
        """Begin. kind: what it does, one word. progress: called by the job's thread; what it raises ends the job.

        Raises: MemoryError when no thread can be started.
        """
        self.kind = kind
        self._tell = progress
        self._stop = Stop()
        self._changed = threading.Condition()
        self._progress = Progress(0, state="queued")
        self._error: BaseException | None = None
        self._results: list[Result] = []
        start(threading.Thread(target=self._run, args=(work,), name=f"faceindex {kind}", daemon=True))

    def __repr__(self) -> str:
        return f"<Job {self.kind}: {self.progress.state}>"

    @property
    def progress(self) -> Progress:
        """The progress now."""
        progress = self._progress
        return replace(progress, state="cancelling") if self._stop.is_set() and not progress.ended else progress

    @property
    def state(self) -> JobState:
        """As of `progress`."""
        return self.progress.state

    def cancel(self) -> None:
        """Ask the job to end, and return at once; signal handlers may call this, too.

        An ingest stores what was analysed, and the same call continues from there. Other work leaves nothing.
        """
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended, at most so many seconds; returns whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._progress.ended, timeout)

    def result(self) -> Result:
        """Wait, and return what the work returns. Raises: what it raised; JobCancelled when it was cancelled."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def watch(self) -> Iterator[Progress]:
        """The progress now, and then whenever it has changed, until the job has ended; the last one says how."""
        seen: Progress | None = None
        while seen is None or not seen.ended:
            progress = self._other_than(seen)
            if progress != seen:
                seen = progress
                yield progress

    def _other_than(self, seen: Progress | None) -> Progress:
        """The progress once it differs from `seen`, or after a while: `cancel` wakes nobody."""
        with self._changed:
            self._changed.wait_for(lambda: self.progress != seen, _LOOK_SECONDS)
        return self.progress

    def _run(self, work: Callable[[Meter], Result]) -> None:
        try:
            self._results.append(work(Meter(self._hear, self._stop)))
        except JobCancelled as error:
            self._error = error
            self._end("cancelled")
        except BaseException as error:  # whoever asks for the result gets it
            self._error = error
            self._end("failed", " ".join(str(error).split()) or type(error).__name__)
        else:
            self._end("done")

    def _hear(self, progress: Progress) -> None:
        if self._tell is not None:
            self._tell(progress)
        self._publish(progress)

    def _end(self, state: JobState, error: str | None = None) -> None:
        last = replace(self._progress, state=state, error=error, seconds_left=None)
        if state == "done":
            last = replace(last, total=last.done, seconds_left=0.0)
        self._publish(last)

    def _publish(self, progress: Progress) -> None:
        with self._changed:
            self._progress = progress
            self._changed.notify_all()


def completed(report: Report) -> Report:
    """The report of work that was completed. Raises: JobCancelled, with the report, when it was interrupted."""
    if report.interrupted:
        raise JobCancelled(report)
    return report


def finished(job: Job[Result]) -> Result:
    """Wait for a job, and return its result. Raises: what `Job.result` raises.

    Whatever ends the waiting, such as the KeyboardInterrupt of Ctrl-C, cancels the job, and is raised when that has
    ended.
    """
    try:
        job.wait()
    except BaseException:
        job.cancel()
        job.wait()
        raise
    return job.result()


def blocking(start: Callable[Parameters, Job[Result]]) -> Callable[Parameters, Result]:
    """The verb that begins what `start_verb` does and waits for it: the same arguments, and the result."""

    @functools.wraps(start)
    def verb(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        return finished(start(*arguments, **options))

    verb.__name__ = start.__name__.removeprefix("start_")
    verb.__qualname__ = start.__qualname__.replace("start_", "")
    result = start.__annotations__["return"].removeprefix("Job[").removesuffix("]")
    verb.__annotations__ = start.__annotations__ | {"return": result}
    verb.__dict__["__signature__"] = inspect.signature(start).replace(return_annotation=result)
    return verb
