"""Load on `faceindex serve`: how long its visitors wait, and what it needs for them.

--clients visitors together send --rate requests a second, at random moments, for --seconds: 40 % crops that are cached,
40 % pages, 15 % searches by a face, 5 % acts; --listeners pages hear of every change beside. A wait begins when its
request was due. The library is drawn as by `scripts/bench reads`; --library takes a copy of one that make_library drew,
and gives it albums. --keep names a folder where it stays for the next run. --without-review leaves out the page Review,
whose suggestions take minutes to prepare in a library of a million faces. Then the rate rises, --step times each time,
for --step-seconds, until 95 % of the waits are over a second; with --step-seconds 0 it does not rise. Each period says
what the visitors themselves took of a processor: near 100 % the rate is theirs. Memory, descriptors and threads of the
server are shown at each tenth of the first period.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path

import httpx2 as httpx
import numpy as np
import psutil
from harness.measure import in_new_process, processor_seconds
from harness.report import Figure, Report
from harness.visitors import Visit, Waits, percentile, visit
from PIL import Image

import faceindex
from benchmarks.reads import draw, give_albums
from faceindex.crops.cache import PictureCache
from faceindex.crops.requests import PictureRequest
from faceindex.library.crops import CROP_SIDE
from faceindex.store.folder import LibraryFolder
from faceindex.store.layout import CROPS

SHARES = {"crop": 0.40, "page": 0.40, "search": 0.15, "act": 0.05}
PAGES = {"People": 6, "Person": 6, "Album": 6, "Photo": 4, "Photos": 2, "History": 2, "Review": 1, "Status": 1}
"""How often a page is asked for, beside the others."""

CROPPED = 2_000
"""Faces with a cached crop."""

STATES = ("resident memory", "memory without files", "descriptors", "threads")
"""Of the server. Resident memory counts the part of mapped files, such as the index, that was read."""

SETTLED = (400, 409)
"""An act about what another act has changed meanwhile is refused."""


def run(
    report: Report,
    *,
    faces: int = 100_000,
    named: int = 3_000,
    library: Path | None = None,
    keep: Path | None = None,
    clients: int = 50,
    rate: float = 25.0,
    seconds: float = 60.0,
    listeners: int = 10,
    step_seconds: float = 20.0,
    step: float = 1.5,
    without_review: bool = False,
) -> None:
    ready = (keep or report.folder) / (f"served-{library.stem}.faces" if library else f"served-{faces}.faces")
    if not ready.exists():
        new = ready.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        in_new_process(prepare, new, faces, named, library, reviews=not without_review)
        new.rename(ready)
    copy = report.folder / "measured.faces"
    shutil.copytree(ready, copy)
    visitors = Visitors(copy, reviews=not without_review)
    report.say(f"{visitors.faces:,} faces, {visitors.albums:,} albums")
    with serving(copy) as server:
        for title, path in (visitors.pages() | {"search": visitors.search().path}).items():
            began = time.perf_counter()
            server.client.get(path).raise_for_status()
            report.add(f"first {title}", 1000 * (time.perf_counter() - began), "ms")
        with watched(server, seconds / 10) as states:
            measure(report, server, visitors.draw, "", clients, rate, seconds, listeners)
        for name, seen in zip(STATES, zip(*states, strict=True), strict=True):
            report.say(f"{name}, at each tenth: {', '.join(f'{one:.0f}' for one in seen)}")
            report.add(f"{name}, second half", seen[len(seen) // 2 :], "MB" if "memory" in name else "")
        while step_seconds:
            rate *= step
            title = f"{rate:.0f} a second, "
            waits = measure(report, server, visitors.draw, title, clients, rate, step_seconds, listeners)
            if percentile(waits.of(), 0.95) > 1:
                report.add("rate at which p95 is over a second", rate, "requests a second")
                return


def measure(
    report: Report,
    server: Serving,
    draw: Callable[[], Visit],
    title: str,
    clients: int,
    rate: float,
    seconds: float,
    listeners: int,
) -> Waits:
    """One period of load. title: of its figures; without one, they are shown by kind and page."""
    own, spent, began = processor_seconds(), server.processor(), time.perf_counter()
    waits = visit(
        *(server.address, dict(server.client.headers) | server.cookie),
        draw,
        clients=clients,
        rate=rate,
        seconds=seconds,
        listeners=listeners,
    )
    took, every = time.perf_counter() - began, waits.of()
    kinds = {"all": every} | {
        kind: waits.of(*(one for one in waits.seconds if one.startswith(kind))) for kind in SHARES
    }
    if not title:
        kinds |= {one: waits.of(one) for one in sorted(waits.seconds) if " " in one}
    for kind, found in kinds.items():
        if found:
            shown = ", ".join(f"p{part} {1000 * percentile(found, part / 100):.0f}" for part in (50, 95, 99))
            report.say(f"{title}{kind}: {len(found)} answered, {shown} ms, at most {1000 * found[-1]:.0f}")
            report.figures[f"{title}{kind}, p95"] = Figure((1000 * percentile(found, 0.95),), "ms")
    report.add(f"{title}errors", len(waits.errors))
    for error in waits.errors[:5]:
        report.say(error)
    report.add(f"{title}server's processor time for a request", 1000 * (server.processor() - spent) / len(every), "ms")
    report.add(f"{title}visitors' own processor time", 100 * (processor_seconds() - own) / took, "% of a core")
    return waits


class Visitors:
    """What visitors of a library ask for, drawn at random. Every act is about an album that no other act is about."""

    def __init__(self, path: Path, *, reviews: bool = True) -> None:
        self._shares = PAGES if reviews else PAGES | {"Review": 0}
        self._chance, self._numbers = random.Random(1), count()
        with faceindex.Library(path, create=False) as library:
            listed = library.albums.list(limit=None)
            self._people = [person.id for person in library.people.list(limit=None)]
            self._unnamed = [album.album for album in listed if album.person is None]
            self.faces, self.albums = library.status().faces, len(listed)
            some = [album for album in self._unnamed if library.albums.get(album).faces > 2][:4000]
            self._ready = [[face.face for face in library.albums.faces(album, limit=3)] for album in some]
            self._photos = [photo.photo for photo in library.photos.list(limit=2000)]
        self._chance.shuffle(self._ready)
        self._cropped = cropped(self.faces)

    def draw(self) -> Visit:
        """The next request."""
        (kind,) = self._chance.choices(list(SHARES), list(SHARES.values()))
        return {"crop": self.crop, "page": self.page, "search": self.search, "act": self.act}[kind]()

    def crop(self) -> Visit:
        return Visit("crop", f"/api/v1/faces/{self._chance.choice(self._cropped)}/crop")

    def search(self) -> Visit:
        return Visit("search", f"/api/v1/faces/{self._chance.randint(1, self.faces)}/matches")

    def page(self) -> Visit:
        (title,) = self._chance.choices(list(self._shares), list(self._shares.values()))
        return Visit(f"page {title}", self.pages()[title], also=(303,))

    def pages(self) -> dict[str, str]:
        """A path of each page."""
        paths = {
            "People": "/people",
            "Person": f"/people/{self._chance.choice(self._people)}",
            "Album": f"/albums/{self._chance.choice(self._unnamed)}",
            "Photo": f"/photos/{self._chance.choice(self._photos)}",
            "Photos": "/photos",
            "History": "/history",
            "Review": "/review",
            "Status": "/status",
        }
        return {title: path for title, path in paths.items() if self._shares[title]}

    def act(self) -> Visit:
        faces, api = self._ready.pop(), "/api/v1"
        number = next(self._numbers)
        acts: tuple[tuple[str, str, dict[str, object]], ...] = (
            ("name", f"{api}/people/name", {"name": f"Visitor {number}", "faces": faces, "only": False}),
            ("reject", f"{api}/faces/reject", {"faces": faces[:1]}),
            ("not-face", f"{api}/faces/not-face", {"faces": faces[:1]}),
            ("hide", f"{api}/faces/{faces[0]}/hide", {}),
            ("undo", f"{api}/history/undo", {}),
        )
        kind, path, body = acts[number % len(acts)]
        return Visit(f"act {kind}", path, body, SETTLED)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs. client: signed in. cookie: its header."""

    process: psutil.Process
    client: httpx.Client
    address: str
    cookie: dict[str, str]

    def processor(self) -> float:
        """Seconds of the server, and of its workers."""
        return sum(sum(one.cpu_times()[:2]) for one in self._all())

    def state(self) -> tuple[float, float, int, int]:
        """What STATES says."""
        memory = self.process.memory_info()
        return (
            memory.rss / 1e6,
            (memory.rss - memory.shared) / 1e6,
            self.process.num_fds(),
            self.process.num_threads(),
        )

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def serving(library: Path) -> Iterator[Serving]:
    """`faceindex serve`, as a process of its own."""
    command = [sys.executable, "-P", "-m", "faceindex", "serve", "-L", str(library), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            entrance = process.stderr.readline().strip()
            found = re.match(r"http://[^/]+", entrance)
            assert found, entrance
            with httpx.Client(base_url=found[0], follow_redirects=True, timeout=600) as client:
                client.get(entrance).raise_for_status()
                client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["csrf"]
                cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
                yield Serving(psutil.Process(process.pid), client, found[0], cookie)
        finally:
            process.terminate()


@contextmanager
def watched(server: Serving, every: float) -> Iterator[list[tuple[float, float, int, int]]]:
    """The states of a server, one every so many seconds, from now on."""
    states, ended = [server.state()], threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            states.append(server.state())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield states
    finally:
        ended.set()
        watcher.join()


def prepare(path: Path, faces: int, named: int, given: Path | None, *, reviews: bool) -> None:
    """The library to serve, with an index, suggestions and crops."""
    if given is None:
        draw(path, faces, named)
    else:
        shutil.copytree(given, path)
        give_albums(path, np.load(given.with_name(given.name + ".truth.npy")), named)
    with faceindex.Library(path, create=False) as library:
        library.faces.hide(1)  # a library of an older schema migrates
        library.index.build()
        if reviews:
            library.people.prepare()
        faces = library.status().faces
    with closing(LibraryFolder(path, create=False)) as folder:
        cache, catalog = PictureCache(path / CROPS), folder.catalog
        picture = jpeg()
        for face, record in catalog.faces_with(cropped(faces)).items():
            paths, content = catalog.paths_of(record.photo_id), catalog.content_of(record.photo_id)
            cache.put(PictureRequest(paths, content, record.box, CROP_SIDE, 0), picture)
            assert face


def cropped(faces: int) -> list[int]:
    """The faces whose crops are cached."""
    return list(range(1, faces + 1, max(1, faces // CROPPED)))


def jpeg() -> bytes:
    """A picture of some 15 KB, as crops have."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).resize((CROP_SIDE, CROP_SIDE)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
