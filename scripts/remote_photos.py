"""Ingest photos from a server of objects on this machine, and from the disk: the same faces? And what is read again?

    .venv/bin/python scripts/remote_photos.py FOLDER [--photos 60] [--recipe sface]

The server (moto, which speaks S3) is started for this and ended. Told are the faces, whether their vectors are equal
byte for byte, the requests of a first and of a second run, and what an ingest loses whose server is killed meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.run import ingest
from faceindex.photos.finding.find import FoundFile, find_files
from faceindex.photos.identity import claims_to_be_photo
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.types import IngestReport, Progress, Vectors

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from object_server import BUCKET, ObjectServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--recipe", default="sface")
    options = parser.parse_args()
    found = [file.path for file in find_files([options.folder]) if isinstance(file, FoundFile)]
    paths = list(filter(claims_to_be_photo, found))[: options.photos]
    objects = {f"x/{number:04d}{Path(path).suffix}": Path(path).read_bytes() for number, path in enumerate(paths)}
    with tempfile.TemporaryDirectory() as temporary:
        server = ObjectServer(Path(temporary) / "log")
        server.be_found()
        server.start(objects)
        try:
            compare(Path(temporary), objects, server, options.recipe)
            kill(Path(temporary), objects, server, options.recipe)
        finally:
            server.kill()


def compare(temporary: Path, objects: Mapping[str, bytes], server: ObjectServer, name: str) -> None:
    here = temporary / "here"
    here.mkdir()
    for key, data in objects.items():
        (here / Path(key).name).write_bytes(data)
    with (
        closing(library(temporary / "remote.faces", name)) as remote,
        closing(library(temporary / "disk.faces", name)) as disk,
    ):
        print("from the server:", told(take(remote, f"s3://{BUCKET}/x")), kinds(server))
        print("from the disk:  ", told(take(disk, str(here))))
        one, other = stored(remote), stored(disk)
        same = one.keys() == other.keys() and all(np.array_equal(one[face], other[face]) for face in one)
        print(f"vectors equal byte for byte: {same} ({len(one):,} and {len(other):,} faces)")
        server.forget_requests()
        print("second run:     ", told(take(remote, f"s3://{BUCKET}/x")), kinds(server), f"read: {len(server.read())}")


def kill(temporary: Path, objects: Mapping[str, bytes], server: ObjectServer, name: str) -> None:
    """The server dies when a third of the photos was looked at, and comes back."""
    due = threading.Event()

    def see(step: Progress) -> None:
        if step.done >= len(objects) // 3:
            due.set()

    def end() -> None:
        due.wait()
        server.kill()

    killer = threading.Thread(target=end, daemon=True)
    killer.start()
    with closing(library(temporary / "killed.faces", name)) as folder:
        try:
            print("server killed:  ", told(take(folder, f"s3://{BUCKET}/x", Meter(see))))
        except FaceindexError as error:
            print(f"server killed:   exit code {error.exit_code}: {error}")
        due.set()
        killer.join()
        print("stored by then: ", folder.catalog.counts())
        server.start(objects)
        print("server is back: ", told(take(folder, f"s3://{BUCKET}/x")), folder.catalog.counts())


def library(path: Path, name: str) -> LibraryFolder:
    return LibraryFolder(path, wanted=recipe(name))


def take(folder: LibraryFolder, root: str, meter: Meter | None = None) -> IngestReport:
    return ingest(folder, [root], analyser=Analyser(folder.recipe), workers=1, meter=meter)


def told(report: IngestReport) -> str:
    counts = ("new", "unchanged", "duplicate", "failed", "out_of_reach", "new_faces")
    return ", ".join(f"{name} {getattr(report, name)}" for name in counts) + f", {report.seconds:.1f} s;"


def kinds(server: ObjectServer) -> str:
    methods = Counter(request.partition(" ")[0] for request in server.requests().elements())
    return "requests: " + ", ".join(f"{count} {method}" for method, count in sorted(methods.items()))


def stored(folder: LibraryFolder) -> dict[tuple[str, int, int], Vectors]:
    return {
        (Path(record.photo).name, record.box.x, record.box.y): vector
        for record, vector in folder.faces_with_vectors()
        if vector is not None
    }


if __name__ == "__main__":
    main()
