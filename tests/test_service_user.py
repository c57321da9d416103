"""A user with nothing to write to but the library reads every photo that root reads, and can use every command.

The user is `nobody`, as of a service, and has no home. The program runs in a mount namespace of its own, where every
file system is read-only, /tmp included, but for one in memory with the library. Its environment is one of
/usr/bin/python3 that root owns, with the packages of this one. Linux, and it takes root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"
NOBODY = 65534
FORMATS = Path(os.environ.get("FACEINDEX_TEST_DATA", ROOT.parent / "shared" / "data")) / "formats"
LARGEST = 1_000_000
"""Bytes of a photo of ours that is tried in every run."""

_STAGE = """
set -euo pipefail
stage=$1 packages=$2 source=$3 photos=$4 user=$5
mount -t tmpfs -o mode=755 stage "$stage"
mkdir -p "$stage"/source/faceindex "$stage"/source/models "$stage"/photos "$stage"/writable
/usr/bin/python3 -m venv --without-pip "$stage/venv"
mount --bind "$packages" "$stage"/venv/lib/python3.*/site-packages
mount --bind "$source/faceindex" "$stage/source/faceindex"
mount --bind "$source/models" "$stage/source/models"
mount --bind "$photos" "$stage/photos"
mount -t tmpfs -o "uid=$user,gid=$user,mode=700" writable "$stage/writable"
cut -d' ' -f5 /proc/self/mountinfo | while read -r point; do
    case $point in
        "$stage/writable" | /proc | /proc/*) ;;
        *) mount -o remount,bind,ro "$point" 2>/dev/null || true ;;
    esac
done
cd /
exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs env --ignore-environment \
    HOME=/nonexistent PATH=/usr/bin:/bin LANG=C.UTF-8 PYTHONPATH="$stage/source" \
    "$stage/venv/bin/python" -c "$6" "$stage"
"""

_SERVICE = """
import json, os, subprocess, sys
stage = sys.argv[1]
for folder in ("/", "/tmp", "/var/tmp", "/dev/shm", stage, stage + "/source/faceindex"):
    assert not os.path.isdir(folder) or not os.access(folder, os.W_OK), folder + " can be written"
done = []
for line in sys.stdin:
    command = [part.replace("STAGE", stage) for part in json.loads(line)]
    ended = subprocess.run([sys.executable, "-m", "faceindex", *command], capture_output=True, text=True)
    done.append([ended.returncode, ended.stdout.replace(stage, "STAGE"), ended.stderr.replace(stage, "STAGE")])
print(json.dumps(done))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    command: Sequence[str]
    code: int
    output: str
    errors: str


def obstacle() -> str | None:
    """Why this cannot be tried here."""
    if sys.platform != "linux" or os.geteuid():
        return "it takes Linux and root"
    if not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        return "it takes unshare, setpriv and mount (Debian: util-linux, mount)"
    if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "try", "/mnt"], capture_output=True).returncode:
        return "no file system can be mounted in a namespace here"
    version = "import sys, venv; print(sys.version_info[:2])"
    said = subprocess.run([PYTHON, "-c", version], capture_output=True, text=True).stdout.strip()
    return None if said == str(sys.version_info[:2]) else f"{PYTHON} is no Python {sys.version_info[:2]} with venv"


def as_service(photos: Path, commands: Sequence[Sequence[str]]) -> list[Ended]:
    """Run commands of faceindex as nobody. STAGE/photos are `photos`, and only STAGE/writable can be written."""
    (packages,) = (path for path in sys.path if path.endswith("site-packages"))
    used = [ROOT, photos.resolve(), Path(packages).resolve(), Path(PYTHON).resolve()]
    stage = next(path for path in map(Path, ("/mnt", "/srv", "/media")) if not any(path in one.parents for one in used))
    arguments = [stage, packages, ROOT, photos.resolve(), NOBODY, _SERVICE]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c", _STAGE, "stage", *map(str, arguments)],
        input="".join(json.dumps(command) + "\n" for command in commands),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the service did not run: {done.stderr}")
    return [Ended(command, *ended) for command, ended in zip(commands, json.loads(done.stdout), strict=True)]


def commands(probe: str) -> list[list[str]]:
    """What a service may be asked for. probe: the path, under the folder of photos, of one that shows a face."""
    library, photo = ["-L", "STAGE/writable/library.faces"], f"STAGE/photos/{probe}"
    return [
        ["ingest", "STAGE/photos", "--json", *library],
        ["cluster", *library],
        ["search", photo, "--sheet", "STAGE/writable/search.html", *library],
        ["people", "name", "face:1", "Ann", *library],
        ["identify", photo, *library],
        ["verify", photo, photo],
        ["albums", "sheet", "STAGE/writable/albums.html", *library],
        ["albums", "export", "STAGE/writable/albums", "--link", "symbolic", *library],
        ["photos", "sidecars", "STAGE/photos", "--to", "STAGE/writable/sidecars", *library],
        ["export", "STAGE/writable/faces.jsonl", "--vectors", *library],
        ["index", "build", *library],
        ["models", "verify"],
        ["check", "--deep", *library],
        ["backup", "STAGE/writable/backup", *library],
        ["people", "forget", "Ann", *library],
        ["status", *library],
    ]


def unreadable(report: str, photos: str) -> dict[str, str]:
    """Path under `photos` and reason of each photo that failed, by what `ingest --json` wrote."""
    return {os.path.relpath(failed["path"], photos): failed["error"] for failed in json.loads(report)["failed"]}


def probe_and_unreadable(photos: Path) -> tuple[str, dict[str, str]]:
    """A photo that shows a face, and what cannot be read, by the user who runs this."""
    with tempfile.TemporaryDirectory() as folder:
        faceindex = [sys.executable, "-m", "faceindex"]
        library = ["-L", f"{folder}/library.faces"]
        ingest = [*faceindex, "ingest", str(photos), "--json", *library]
        report = subprocess.run(ingest, capture_output=True, text=True, check=True).stdout
        faces = subprocess.run([*faceindex, "export", "-", *library], capture_output=True, text=True, check=True).stdout
    probe = json.loads(faces.splitlines()[0])["photo"]
    return os.path.relpath(probe, photos), unreadable(report, str(photos))


def try_service(photos: Path, least: int) -> None:
    """Compare what nobody can read with what this user can, of at least so many photos; use every command."""
    photos.chmod(0o755)
    probe, expected = probe_and_unreadable(photos)
    ended = as_service(photos, commands(probe))
    assert [command for command in ended if command.code or "Traceback" in command.errors] == []
    seen, failed = json.loads(ended[0].output)["photos"]["seen"], unreadable(ended[0].output, "STAGE/photos")
    assert failed == expected
    assert seen - len(failed) >= least


@pytest.fixture(autouse=True)
def _skip_where_it_cannot_be_tried() -> None:
    if why_not := obstacle():
        pytest.skip(why_not)


def test_nobody_without_a_home_reads_every_photo_that_root_reads(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(many_photos, photos)
    for photo in filter(Path.is_file, FORMATS.rglob("*")):
        if photo.stat().st_size < LARGEST and not photo.name.startswith(("Landscape", "Portrait")):  # orientations
            shutil.copy(photo, photos)
    try_service(photos, 10)


@pytest.mark.long
@pytest.mark.parametrize("folder", ["album", "formats", "groups/photos"])
def test_nobody_without_a_home_reads_all_that_we_have(folder: str, shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / folder, tmp_path / "photos")
    try_service(tmp_path / "photos", 10)
