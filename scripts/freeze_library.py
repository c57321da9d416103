#!/usr/bin/env python3
"""Make tests/store/frozen/schema_N.tar.xz, a library of two photos, by the code of COMMIT (default HEAD):

    .venv/bin/python scripts/freeze_library.py [COMMIT]

N is the schema of that code. Run it before a migration is added: libraries of the former schema stay tested then.
"""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parents[1]
FROZEN = ROOT / "tests" / "store" / "frozen"
PERSON = "Eileen Collins"


def main() -> None:
    commit = sys.argv[1] if len(sys.argv) > 1 else "HEAD"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder / "photos")
        unpack(commit, folder / "code")
        library = folder / "library"
        run(folder / "code", "ingest", "-L", library, folder / "photos")
        run(folder / "code", "cluster", "-L", library)
        run(folder / "code", "people", "name", "-L", library, 1, PERSON)
        schema = settle(library / "catalog.sqlite")
        target = FROZEN / f"schema_{schema}.tar.xz"
        with tarfile.open(target, "w:xz") as archive:
            archive.add(library, f"schema_{schema}", filter=without_owner)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes")


def write_photos(folder: Path) -> None:
    """Two photos of a NASA picture that is in the public domain, so that there is an album."""
    folder.mkdir()
    astronaut = Image.fromarray(data.astronaut())
    astronaut.save(folder / "astronaut.jpg", quality=90)
    smaller = Image.new("RGB", (700, 512), (90, 120, 90))
    smaller.paste(astronaut.resize((450, 450)), (20, 20))
    smaller.save(folder / "smaller.jpg", quality=90)


def unpack(commit: str, folder: Path) -> None:
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def run(code: Path, *arguments: object) -> None:
    start = f"import sys; sys.path.insert(0, {str(code)!r}); from faceindex.cli import main; sys.exit(main())"
    subprocess.run([sys.executable, "-P", "-c", start, *map(str, arguments)], check=True, cwd=code)


def settle(catalog: Path) -> int:
    """Bring all of the catalog into its one file. Returns: its schema."""
    with closing(sqlite3.connect(catalog, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main()
