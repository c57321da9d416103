"""A disk that is full after any number of pages, or read-only: refused in one line, nothing lost, goes on later.

On Linux, where a user may mount a small file system for one process alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PREPARE = """
import os, shutil, signal, subprocess, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
from test_writer import batch, photo
from faceindex.errors import FaceindexError, LibraryUnwritable
from faceindex.faces.recipe import recipe
from faceindex.people import acting
from faceindex.people.grouping import group_faces
from faceindex.search import index
from faceindex.store.care import erasing
from faceindex.store.hdf5 import merging
from faceindex.store.folder import LibraryFolder
from faceindex.types import Target

disk = Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=True)
ballast, path, template = disk / "ballast", disk / "x.faces", Path(sys.argv[3])

def fill(pages):
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    os.truncate(ballast, ballast.stat().st_size - 4096 * pages)
    assert os.statvfs(disk).f_bfree == pages

def vectors(*seeds):
    return sorted(face.vector.tobytes() for seed in seeds for face in photo(seed).faces)

def stored():
    folder = LibraryFolder(path, create=False)
    try:
        return sorted(vector.tobytes() for vector in folder.vectors()[1])
    finally:
        folder.close()

before = vectors(1, 2, 3, 4, 5, 6)
folder = LibraryFolder(template, wanted=recipe())
with folder.writer() as writer:
    for number in range(1, 7):
        writer.commit(batch(**{str(number): photo(number)}))
folder.close()
"""

_EVERY_PAGE = (
    _PREPARE
    + """
def create(folder):
    commit(folder)

def commit(folder):
    with folder.writer() as writer:
        writer.commit(batch(new=photo(90, 91)))

def merge(folder):
    with folder.writer() as writer:
        merging.compact_all(writer)

def forget(folder):
    with folder.writer() as writer:
        erasing.erase(writer, folder.index, photos=[1])

def cluster(folder):
    group_faces(folder, method="linkage", threshold=99, seed=0, rebuild=False, dry_run=False)

def name(folder):
    acting.name(folder, Target(face=1), "Ada")

what, step = sys.argv[4], int(sys.argv[5])
existing = () if what == "create" else before
after = {
    "create": vectors(90, 91), "commit": sorted([*before, *vectors(90, 91)]),
    "merge": before, "forget": vectors(2, 3, 4, 5, 6), "cluster": before, "name": before,
}[what]
refused = 0
for pages in range(0, 400, step):
    if existing:
        shutil.copytree(template, path)
    fill(pages)
    folder = LibraryFolder(path, wanted=recipe())
    try:
        globals()[what](folder)
    except LibraryUnwritable as error:
        message = str(error)
        assert "the disk is full" in message and "is safe" in message and chr(10) not in message, message
        refused += 1
        done = False
    else:
        done = True
    folder.close()
    if existing:
        assert stored() in ([after] if done else [before, after]), pages  # on the full disk
    ballast.unlink()
    folder = LibraryFolder(path, wanted=recipe())
    if stored() != after if existing else not done:
        globals()[what](folder)
    else:
        merge(folder)
    folder.close()
    assert stored() == after, pages
    assert not list(path.rglob("*.tmp*"))
    shutil.rmtree(path)
    if done:
        break
print(refused, done)
"""
)

_INDEX = (
    _PREPARE
    + """
shutil.copytree(template, path)
saved = 0
for pages in range(60):
    shutil.rmtree(path / "index", ignore_errors=True)
    fill(pages)
    folder = LibraryFolder(path, create=False)
    found = index.load_or_build(folder)
    assert sorted(found.main.ids.tolist()) == [1, 2, 3, 4, 5, 6]
    assert index.damage(folder) is None
    saved += index.state(folder) == "current"
    folder.close()
    ballast.unlink()
print(saved)
"""
)

_READ_ONLY = (
    _PREPARE
    + """
how, limit = sys.argv[4], sys.argv[5]
if os.fork() == 0:
    folder = LibraryFolder(path, wanted=recipe())
    with folder.writer() as writer:
        for number in range(1, 7):
            writer.commit(batch(**{str(number): photo(number)}))
        if how != "closed":
            os.kill(os.getpid(), signal.SIGKILL)
    folder.close()
    os._exit(0)
os.wait()
assert (path / "catalog.sqlite-wal").exists() == (how != "closed")
if how == "killed, its log without an index":
    (path / "catalog.sqlite-shm").unlink()
if limit == "full":
    fill(0)
else:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
assert stored() == before
folder = LibraryFolder(path, create=False)
assert len(index.load_or_build(folder).main.ids) == 6
try:
    with folder.writer() as writer:
        writer.commit(batch(new=photo(90)))
except LibraryUnwritable as error:
    print(error)
"""
)


def in_a_small_world(script: str, tmp_path: Path, *arguments: str) -> str:
    """What `script` prints; it may mount file systems that nobody else sees."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let a user mount a small file system (unshare -rm)")
    (tmp_path / "disk").mkdir()
    command = ["unshare", "-rm", sys.executable, "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(
        [*command, str(tmp_path / "disk"), str(tmp_path / "template.faces"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system for itself alone")


@linux
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("what", ["create", "commit", "merge", "forget", "cluster", "name"])
def test_disk_full_after_any_page_is_one_refusal_and_with_room_the_same_goes_on(
    tmp_path: Path, what: str, step: int
) -> None:
    refused, done = in_a_small_world(_EVERY_PAGE, tmp_path, what, str(step)).split()
    assert int(refused) * step > 3
    assert done == "True"


@linux
def test_search_on_a_full_disk_does_without_a_saved_index(tmp_path: Path) -> None:
    saved = int(in_a_small_world(_INDEX, tmp_path))
    assert 10 < saved < 60


@linux
@pytest.mark.parametrize("limit", ["full", "read-only"])
@pytest.mark.parametrize("how", ["closed", "killed", "killed, its log without an index"])
def test_full_or_read_only_disk_is_read_and_not_written(tmp_path: Path, how: str, limit: str) -> None:
    refusal = in_a_small_world(_READ_ONLY, tmp_path, how, limit)
    assert refusal.startswith("cannot write to the library")
    assert "the disk is full" in refusal or limit == "read-only"
