"""Many threads read one library with few connections, which none of them owns."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_library import MadeLibrary

import faceindex
from faceindex.store.read_pool import MOST
from faceindex.store.selection import Selection
from faceindex.types import Box

_MANY = """
import gc, resource, sys, threading
import faceindex

with faceindex.Library(sys.argv[1], create=False) as library:
    library.status()
    gc.disable()  # connections end with their threads, not with the next collection
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    wrong, read = [], []

    def ask():
        try:
            read.append((library.status().faces, len(list(library.people)), len(list(library.faces))))
        except Exception as error:
            wrong.append(error)

    for _ in range(100):
        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[0]
    assert set(read) == {(3, 0, 3)} and len(read) == 600
"""


@pytest.fixture
def library(made: MadeLibrary) -> Path:
    made.store("a", [Box(100 * place, 100, 60, 60) for place in range(3)])
    made.folder.close()
    return made.folder.path


def test_600_short_threads_read_with_64_descriptors(library: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _MANY, str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("read", ["faces", "photos", "find_photos"])
def test_an_iterator_of_a_thread_that_has_ended_is_read_to_its_end(library: Path, read: str) -> None:
    with faceindex.Library(library, create=False) as opened:
        asked: dict[str, Callable[[], Iterator[object]]] = {
            "faces": lambda: iter(opened.faces),
            "photos": lambda: iter(opened.photos),
            "find_photos": lambda: opened.photos.find(Selection()),
        }
        handed_on: list[Iterator[object]] = []
        thread = threading.Thread(target=lambda: handed_on.append(asked[read]()))
        thread.start()
        thread.join()
        opened.status()
        assert len(list(handed_on.pop())) == (3 if read == "faces" else 1)


def test_a_thread_that_lives_keeps_its_connection(library: Path) -> None:
    with faceindex.Library(library, create=False) as opened:
        mine = opened._opened.folder.catalog
        for _ in range(5):
            thread = threading.Thread(target=opened.status)
            thread.start()
            thread.join()
        assert opened._opened.folder.catalog is mine
        assert opened.status().faces == 3


def test_closing_the_library_closes_the_connections_of_all_threads(library: Path) -> None:
    opened = faceindex.Library(library, create=False)
    read, close = threading.Event(), threading.Event()

    def stay() -> None:
        opened.status()
        read.set()
        close.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    read.wait()
    opened.close()
    there = {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}  # noqa: PTH208
    close.set()
    thread.join()
    assert str(library / "catalog.sqlite") not in there


def test_a_forked_process_reads_with_connections_of_its_own(library: Path) -> None:
    script = """
import os, sys
import faceindex
with faceindex.Library(sys.argv[1], create=False) as library:
    parents = library._opened.folder.catalog
    child = os.fork()
    if child == 0:
        same = library._opened.folder.catalog is parents
        faces = library.status().faces
        library.close()
        os._exit(3 if same or faces != 3 else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert library._opened.folder.catalog is parents and library.status().faces == 3
"""
    subprocess.run([sys.executable, "-c", script, str(library)], check=True)


def test_many_threads_at_once_share_few_connections(library: Path) -> None:
    with faceindex.Library(library, create=False) as opened:
        wrong: list[Exception] = []
        begin, most = threading.Barrier(40), [0]

        def ask() -> None:
            try:
                begin.wait()
                for _ in range(20):
                    assert len(opened.faces.list()) == 3
                    most[0] = max(most[0], opened._opened.folder.connections)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=ask) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, wrong[0]
        assert 1 <= most[0] <= MOST


def test_a_thread_in_a_snapshot_uses_one_connection(library: Path) -> None:
    with faceindex.Library(library, create=False) as opened:
        folder = opened._opened.folder
        before = folder.connections
        with folder.catalog.snapshot():
            first = folder.catalog.counts()
            with folder.writer() as writer:
                writer.remove_paths(["/a.jpg"])
            assert folder.catalog.counts() == first
            assert len(list(folder.catalog.faces())) == 3
            assert folder.connections == max(1, before)
        assert folder.catalog.counts()["faces"] == 0


def test_a_connection_comes_back_after_an_error(library: Path) -> None:
    with faceindex.Library(library, create=False) as opened:
        catalog = opened._opened.folder.catalog
        for _ in range(3 * MOST):
            with pytest.raises(sqlite3.OperationalError):
                catalog.connection.execute("SELECT nothing FROM nowhere")
            with pytest.raises(ZeroDivisionError), catalog.snapshot():
                raise ZeroDivisionError
        assert opened._opened.folder.connections == 1
        assert opened.status().faces == 3
