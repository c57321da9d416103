"""An index is built from the segments in bounded memory, and is there whole or not at all."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_library import MadeLibrary

from faceindex.search import index as face_index
from faceindex.search.coverage import configure, index_config
from faceindex.search.index import find_nearest, find_nearest_of_each, load_or_build
from faceindex.search.kinds import FLAT, IVF, IndexConfig, kind_for
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.store.settings import save_settings
from faceindex.types import Box

BOXES = [Box(100 * n, 100 * n, 80, 80) for n in range(4)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeLibrary]:
    library = MadeLibrary(tmp_path / "x.faces")
    library.store_all({f"first{n}": BOXES for n in range(50)})
    yield library
    library.folder.close()


@pytest.fixture
def approximate(made: MadeLibrary, monkeypatch: pytest.MonkeyPatch) -> MadeLibrary:
    """With an approximate index, which is kept however small the library is."""
    monkeypatch.setattr(face_index, "SMALL", 0)
    configure(made.folder, IndexConfig(IVF, 0.95))
    face_index.build(made.folder)
    return made


def everything(made: MadeLibrary) -> dict[int, list[float]]:
    """All faces, by searching: ids and distances to a probe."""
    index = load_or_build(made.folder)
    ids, away = find_nearest(made.folder, index, np.ones(128, dtype=np.float32), index.faces, np.inf)
    return dict(zip(ids.tolist(), away.tolist(), strict=True))


def truly_everything(made: MadeLibrary) -> dict[int, list[float]]:
    ids, vectors = made.folder.vectors()
    away = np.linalg.norm(vectors.astype(np.float64) - 1, axis=1)
    return dict(zip(ids.tolist(), away.tolist(), strict=True))


@pytest.mark.parametrize("many", [1, 1000])
def test_an_approximate_index_follows_what_is_added_edited_and_deleted(
    approximate: MadeLibrary, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(face_index, "_MANY_MORE", many)
    monkeypatch.setattr(face_index, "_MANY_PROBES", 0)
    approximate.store_all({f"new{n}": BOXES[:2] for n in range(3)})
    approximate.store("edited", BOXES[:1], path="/first0.jpg")
    with approximate.folder.writer() as writer:
        writer.remove_paths(["/first3.jpg", "/first4.jpg"])
    index = load_or_build(approximate.folder)
    assert index.main.ivf is not None
    assert (len(index.delta.faces.ids), index.deleted) == (7, 12)
    found, true = everything(approximate), truly_everything(approximate)
    assert found.keys() == true.keys()
    assert list(found.values()) == pytest.approx(sorted(true.values()))
    ids, vectors = approximate.folder.vectors()
    one_by_one = [find_nearest(approximate.folder, index, vector, 1, 0.01)[0].tolist() for vector in vectors]
    assert np.mean([face in near for face, near in zip(ids, one_by_one, strict=True)]) > 0.95
    assert (index.delta.faces.ivf is not None) == (many == 1)
    together = find_nearest_of_each(approximate.folder, index, vectors, 1, 0.01, threads=2)
    assert [near.tolist() for near, _ in together] == one_by_one


def test_all_within_a_threshold_are_found_however_many_are_deleted(approximate: MadeLibrary) -> None:
    """As many as there are is fewer than the index once had; still all means all."""
    with approximate.folder.writer() as writer:
        writer.remove_paths([f"/first{n}.jpg" for n in range(0, 40)])
    index = load_or_build(approximate.folder)
    assert (index.faces, index.deleted) == (40, 160)
    assert everything(approximate).keys() == truly_everything(approximate).keys()


def test_a_search_beside_faces_that_are_gone_finds_as_many_as_are_wanted(approximate: MadeLibrary) -> None:
    with approximate.folder.writer() as writer:
        writer.remove_paths([f"/first{n}.jpg" for n in range(0, 40)])
    index, probes = load_or_build(approximate.folder), np.ones((300, 128), dtype=np.float32)
    assert len(find_nearest(approximate.folder, index, probes[0], 25, np.inf)[0]) == 25
    assert {len(ids) for ids, _ in find_nearest_of_each(approximate.folder, index, probes, 25, np.inf)} == {25}


def test_files_of_a_former_version_are_replaced(made: MadeLibrary) -> None:
    made.folder.index.mkdir(exist_ok=True)
    for name in ("vectors.npy", "ids.npy", "codes.npy"):
        (made.folder.index / name).write_bytes(b"old")
    (made.folder.index / "stamp.json").write_text(json.dumps({"format": "faceindex index 2", "files": {}}))
    assert face_index.state(made.folder) == "absent"
    assert everything(made).keys() == truly_everything(made).keys()
    assert sorted(file.name for file in made.folder.index.iterdir()) == ["faces.faiss", "stamp.json"]


def test_the_choice_of_a_kind_that_is_no_more_is_the_exact_one(made: MadeLibrary) -> None:
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        save_settings(transaction, index_kind="pruned", index_recall=0.97)
    assert index_config(made.folder) == IndexConfig(FLAT, 0.97)
    assert face_index.build(made.folder).main.ivf is None


@pytest.mark.parametrize(("faces", "kind"), [(0, FLAT), (50_000, FLAT), (50_001, IVF)])
def test_kind_follows_from_the_number_of_faces(faces: int, kind: str) -> None:
    assert kind_for(IndexConfig("auto", 0.9), faces) == kind
    assert kind_for(IndexConfig("flat", 0.9), faces) == FLAT
    assert kind_for(IndexConfig("ivf", 0.9), faces) == (IVF if faces else FLAT)


def test_one_line_is_said_when_somebody_waits_for_a_large_index(
    made: MadeLibrary, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load_or_build(made.folder)
    assert caplog.messages == []
    shutil.rmtree(made.folder.index)
    monkeypatch.setattr(face_index, "SMALL", 100)
    load_or_build(made.folder)
    assert caplog.messages == ["the index of 200 faces is missing or outdated: it is built first, once"]


KILLED = """
import os, signal, sys
from pathlib import Path
from faceindex.search import building, files, index
from faceindex.store.folder import LibraryFolder
where = sys.argv[2]
def kill(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "while it is written":
    building.faiss_file.open_mapped = kill
elif where == "before it is in place":
    files.Path.replace = kill
else:
    files.write_file = kill
index.build(LibraryFolder(Path(sys.argv[1]), create=False))
"""


@pytest.mark.parametrize("where", ["while it is written", "before it is in place", "before its stamp is there"])
def test_killed_while_it_writes_an_index_a_library_has_the_old_one_or_none(made: MadeLibrary, where: str) -> None:
    load_or_build(made.folder)
    made.store("new", BOXES)
    done = subprocess.run([sys.executable, "-c", KILLED, made.folder.path, where], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (face_index.state(made.folder) == "current") == (where == "while it is written")
    assert everything(made).keys() == truly_everything(made).keys()
    with made.folder.writer():
        pass
    assert not list(made.folder.index.glob("*.tmp"))  # what was left may hold what is forgotten by now


def test_two_processes_that_build_at_once_leave_one_whole_index(made: MadeLibrary) -> None:
    program = "import sys, faceindex; faceindex.Library(sys.argv[1], create=False).index.build('ivf', recall=0.9)"
    builders = [subprocess.Popen([sys.executable, "-c", program, made.folder.path]) for _ in range(2)]
    assert [builder.wait() for builder in builders] == [0, 0]
    assert face_index.state(made.folder) == "current"
    assert face_index.damage(made.folder) is None
    assert everything(made).keys() == truly_everything(made).keys()
    assert sorted(file.name for file in made.folder.index.iterdir()) == ["faces.faiss", "stamp.json"]


def test_who_has_an_index_open_goes_on_when_it_is_replaced_or_forgotten(made: MadeLibrary) -> None:
    index, before = load_or_build(made.folder), truly_everything(made)
    probe = np.ones(128, dtype=np.float32)
    face_index.build(made.folder)
    shutil.rmtree(made.folder.index)
    assert find_nearest(made.folder, index, probe, 1000, np.inf)[0].tolist() == sorted(before, key=before.__getitem__)


BUILT = """
import resource, sys
from pathlib import Path
import h5py
import numpy as np
from faceindex.search import index
from faceindex.search.kinds import IndexConfig
from faceindex.store.folder import LibraryFolder
from faceindex.vectors import building
folder = LibraryFolder(Path(sys.argv[1]), create=False)
some = np.zeros((100, 128), dtype=np.float32)
building.learned(building.blocks_of(np.arange(100), some), 0.5)  # what FAISS and BLAS take once
with open("/proc/self/status") as status:
    now = next(int(line.split()[1]) for line in status if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (now + int(sys.argv[2]), now + int(sys.argv[2])))
try:
    folder.vectors()
except MemoryError:
    print(index.build(folder, config=IndexConfig("flat", 0.99)).main.vectors.shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone holds a process to a limit of its memory")
def test_vectors_are_never_all_in_memory_while_an_index_is_built(tmp_path: Path) -> None:
    faces = 150_000
    path = library_of_one_photo(tmp_path / "x.faces", faces)
    command = [sys.executable, "-c", BUILT, str(path), str(faces * 128 * 4 * 3 // 4)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "(150000, 128)\n"), done.stderr


LIMITED = """
import resource, sys
import faiss, h5py
from faceindex.cli.app import main
from faceindex.store.settings import save_settings
with open("/proc/self/status") as status:
    now = next(int(line.split()[1]) for line in status if line.startswith("VmData")) * 1024
limit = now + int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone holds a process to a limit of its memory")
@pytest.mark.parametrize("megabytes", [20, 90, 160, 190])
def test_an_index_that_memory_does_not_suffice_for_is_one_line(tmp_path: Path, megabytes: int) -> None:
    """Where OpenBLAS cannot have its buffer, it crashes the process, and OpenMP ends it."""
    path = library_of_one_photo(tmp_path / "x.faces", 60_000)
    arguments = [str(megabytes << 20), "index", "build", "--kind", "ivf", "-L", str(path)]
    done = subprocess.run([sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True)
    assert done.returncode == 3, done
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("faceindex: not enough memory (")


def library_of_one_photo(path: Path, faces: int) -> Path:
    """Faces of random vectors, all in one photo."""
    folder = LibraryFolder(path)
    random = np.random.default_rng(0)
    starts = range(0, faces, 10_000)
    blocks = ((np.arange(s, s + 10_000) + 1, random.standard_normal((10_000, 128), np.float32)) for s in starts)
    with folder.writer() as writer:
        segment = writer.write_segment(blocks, faces)
        with writer.catalog.transaction() as transaction:
            writing.insert_segment(transaction, segment)
            transaction.execute("INSERT INTO photos (content, width, height, analysed) VALUES (x'00', 9, 9, '')")
            transaction.executemany(
                "INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks, quality) "
                "VALUES (?, 1, ?, 0, 0, 9, 9, 0.9, x'', 0.5)",
                ((face, segment.number) for face in range(1, faces + 1)),
            )
            writing.note_change_of_faces(transaction)
    folder.close()
    return path
