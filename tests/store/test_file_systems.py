"""File systems that lack something: permissions, hard links, locks, shared memory, folders that can be synced.

Real ones where this machine has them and lets us mount them (bindfs, ntfs-3g, exfat-fuse); those that a test cannot
make (a share without locks) by a library that refuses the calls, preloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from faceindex.system.modules import fcntl

_EVERYTHING = """
import os, sys, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from PIL import Image
from exported_photos import ExportedPhotos
from made_library import MadeLibrary
import faceindex
from faceindex.errors import FaceindexError
from faceindex.files.writing import NotPrivate, is_temporary

disk, elsewhere = Path(sys.argv[2]), Path(sys.argv[3])

def photos_and_library(library, root):
    made = MadeLibrary(library)
    photos = ExportedPhotos(made, root)
    for number in range(2):
        root.mkdir(exist_ok=True)
        Image.new("RGB", (1000, 1000), (90 * number, 0, 0)).save(root / f"{number}.png")
        photos.name("Ada", *photos.add(f"{number}.png", data=(root / f"{number}.png").read_bytes()))
    made.folder.close()

def leave(library, photos):
    done = library.photos.write_sidecars([photos])
    assert (done.written, done.failed) == (2, ()), done
    done = library.photos.write_sidecars([photos], to=disk / "sidecars")
    assert (done.written, done.failed) == (2, ()), done
    done = library.albums.export(disk / "albums", link="copy", xmp=True)
    assert (done.photos, done.sidecars, done.left) == (2, 2, ()), done
    library.sheets.write_albums(disk / "page.html")
    assert library.care.backup(disk / "backup.faces").faces == 2
    assert (disk / "page.html").stat().st_size > 1000
    with faceindex.Library(disk / "backup.faces", create=False) as copy:
        assert not copy.care.check(deep=True).damage
        assert len(list(copy.faces.with_vectors())) == 2

def nothing_half_done():
    files = [path for path in disk.rglob("*") if path.is_file() and path.name != "lock"]
    assert not [path for path in files if is_temporary(path.name) or ".tmp" in path.name or ".partial" in str(path)]
    empty = [path for path in files if path.stat().st_size == 0]
    assert not [path for path in empty if not path.name.endswith("-wal")], empty
"""

_WITHOUT_PERMISSIONS = (
    _EVERYTHING
    + """
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    photos_and_library(disk / "x.faces", disk / "photos")
    with faceindex.Library(disk / "x.faces", create=False) as library:
        report = library.care.check(deep=True)
        assert not report.damage, report.damage
        leave(library, disk / "photos")
        assert library.care.repair().whole
        assert library.care.check().damage == ()
nothing_half_done()
private = not (disk / "page.html").stat().st_mode & 0o077
kinds = [warning.category for warning in said]
assert kinds == ([] if private else [NotPrivate]), kinds
notes = [note for part in report.parts for note in part.notes]
assert [note for note in notes if "permissions" in note] or private, notes
print("private" if private else "not private")
"""
)

_WITHOUT_LOCKS = (
    _EVERYTHING
    + """
with faceindex.Library(elsewhere / "x.faces", create=False) as library:
    leave(library, elsewhere / "photos")
import shutil
shutil.copytree(elsewhere / "x.faces", disk / "copy.faces")
for name, create in (("new.faces", True), ("copy.faces", False)):
    try:
        if create:
            MadeLibrary(disk / name).store("a", [])
        with faceindex.Library(disk / name, create=False) as library:
            library.people.name("Bob", face=1) if not create else library.status()
    except FaceindexError as error:
        print(error)
    else:
        print("written")
with faceindex.Library(disk / "copy.faces", create=False) as library:
    assert library.status().faces == 2
    assert len(list(library.faces.with_vectors())) == 2
    assert not library.care.check(deep=True).damage
shutil.rmtree(disk / "copy.faces")
nothing_half_done()
"""
)

_TESTS = str(Path(__file__).parents[1])


def _unshared() -> list[str]:
    return ["unshare", "-m" if os.geteuid() == 0 else "-rm"]


def _mounted(mount: str, disk: Path, script: str, *arguments: str) -> str:
    """What `script` prints when `mount`, a line of shell, has put a file system at `disk`; nobody else sees it."""
    disk.mkdir()
    python = '"$@"; code=$?; umount -l "$DISK"; exit $code'
    line = f'mount --make-rprivate / && DISK="{disk}" && ({mount}) >&2 || exit 99; {python}'
    command = [*_unshared(), "sh", "-c", line, "sh", sys.executable, "-c", script, _TESTS, str(disk), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 99:
        pytest.skip(f"this system does not let us mount it: {done.stderr.strip()[-200:]}")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def _needs(*programs: str) -> None:
    for program in (*programs, "unshare"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.skipif(sys.platform != "linux", reason="mounts file systems for itself alone")
@pytest.mark.parametrize(
    ("options", "private"),
    [
        ("--chmod-deny", True),
        ("--chmod-deny -p 0777 --create-with-perms=0777", False),
        ("--chmod-ignore -p 0777", False),
    ],
)
def test_a_file_system_without_chmod(tmp_path: Path, options: str, private: bool) -> None:
    _needs("bindfs")
    (tmp_path / "backing").mkdir()
    said = _mounted(
        f'bindfs {options} "{tmp_path}/backing" "$DISK"', tmp_path / "disk", _WITHOUT_PERMISSIONS, str(tmp_path)
    )
    assert said == ("private" if private else "not private")


@pytest.mark.skipif(sys.platform != "linux", reason="mounts file systems for itself alone")
@pytest.mark.parametrize("kind", ["ntfs", "exfat"])
def test_a_disk_of_windows(tmp_path: Path, kind: str) -> None:
    image = tmp_path / "image"
    if kind == "ntfs":
        _needs("mkntfs", "ntfs-3g")
        make, mount = f"mkntfs -qFf {image}", f'ntfs-3g {image} "$DISK"'
    else:
        _needs("mkfs.exfat", "mount.exfat-fuse", "losetup")
        make = f"mkfs.exfat {image}"
        mount = f'LOOP=$(losetup -f --show {image}) && mount.exfat-fuse $LOOP "$DISK" && losetup -d $LOOP'
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run(make, shell=True, check=True, capture_output=True)
    assert _mounted(mount, tmp_path / "disk", _WITHOUT_PERMISSIONS, str(tmp_path)) == "not private"


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to preload, see refusing.c."""
    if sys.platform != "linux" or shutil.which("gcc") is None:
        pytest.skip("gcc makes a library to preload, on Linux")
    library = tmp_path_factory.mktemp("refusing") / "refusing.so"
    source = Path(__file__).with_name("refusing.c")
    done = subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"gcc: {done.stderr.decode()[-200:]}")
    return library


_asks_fcntl = pytest.mark.skipif(
    fcntl is None, reason="without fcntl, as on Windows, it cannot be asked whether a share takes SQLite's locks"
)


@pytest.mark.parametrize(
    ("calls", "new", "old"),
    [
        pytest.param(["fcntl"], "takes no locks", "takes no locks", marks=_asks_fcntl),
        (["mmap"], "mapped memory", "mapped memory"),
        (["syncdir"], "", ""),
        pytest.param(["fcntl", "mmap", "syncdir"], "takes no locks", "takes no locks", marks=_asks_fcntl),
    ],
)
def test_a_share_without_locks_or_shared_memory_is_read_and_not_written(
    tmp_path: Path, refusing: Path, calls: Sequence[str], new: str, old: str
) -> None:
    (tmp_path / "disk").mkdir()
    script = _EVERYTHING + 'photos_and_library(elsewhere / "x.faces", elsewhere / "photos")'
    arguments = [_TESTS, str(tmp_path / "disk"), str(tmp_path)]
    subprocess.run([sys.executable, "-c", script, *arguments], check=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(refusing),
        "REFUSING_FOLDER": str(tmp_path / "disk"),
        "REFUSED_CALLS": " ".join(calls),
    }
    command = [sys.executable, "-c", _WITHOUT_LOCKS, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line, refusal in zip(lines, (new, old), strict=True):
        assert line == "written" if not refusal else refusal in line and line.startswith("cannot write to the library")
