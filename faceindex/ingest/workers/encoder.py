"""A process that encodes faces which others have aligned: the only one that uses the GPU, so that its batches are full.

It has no limit of memory: drivers of GPUs reserve far more than they use.
"""

from __future__ import annotations

import queue
import threading
import time

from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.worker import AlignedFile, encode_files
from faceindex.running.threads import start
from faceindex.system.children import Connection

WAIT_SECONDS = 0.02
"""The longest time for which faces wait for others; a batch of 32 takes a GPU some milliseconds."""

_Waiting = queue.SimpleQueue[AlignedFile | None]


def serve(connection: Connection, analyser: Analyser) -> None:
    """Answer every aligned file from `connection`."""
    waiting: _Waiting = queue.SimpleQueue()
    # It reads in a thread: the parent never waits for us to read while we wait for it to read.
    start(threading.Thread(target=_receive, args=(connection, waiting), daemon=True))
    while files := _next_batch(waiting, analyser.engine.batch.enough):
        for answer in encode_files(analyser, files):
            connection.send(answer)


def _next_batch(waiting: _Waiting, enough: int) -> list[AlignedFile]:
    """Files with `enough` faces together, or as many as come within WAIT_SECONDS of the first; none at the end."""
    first = waiting.get()
    if first is None:
        return []
    files, until = [first], time.monotonic() + WAIT_SECONDS
    while sum(len(file.photo.faces) for file in files) < enough:
        try:
            file = waiting.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        if file is None:
            waiting.put(None)
            break
        files.append(file)
    return files


def _receive(connection: Connection, waiting: _Waiting) -> None:
    try:
        while True:
            waiting.put(connection.recv())
    except (EOFError, OSError):  # the parent has ended
        waiting.put(None)
