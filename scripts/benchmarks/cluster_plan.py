"""What a collection of many photos takes on a cluster: cores, hours, bytes, memory, money, and where the writer ends.

--photos is the number planned for, --faces those in a photo. Measured now: how many photos a second the one writer
commits into a catalog that has so many drawn rows (--rows: of faces, photos and paths together; no vectors; contents
are spread as hashes are; it is made in --folder, which needs 120 bytes a row, and removed), and what the graph and
linkage of albums take for two numbers of faces (--albums), from which larger numbers are extrapolated by the exponent
between the two.
Taken as given: --photo-seconds of a core for a photo (0.135: scripts/bench beside_opencv, 12-megapixel photos of 2.5
faces), --efficiency of Ray (scripts/bench ray), --query-seconds of processor for a query in a million faces
(scripts/bench shards), --photo-bytes that must be read of each.

--prices names a TOML file, instead of PRICES below: [[machine]] name, cores, memory (GB), price (an hour); `date`.
"""

from __future__ import annotations

import math
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from harness.measure import Cost, cost, in_new_process
from harness.report import Report

from benchmarks.cluster import one_size
from faceindex.faces.recipe import recipe
from faceindex.ingest.pipeline import BATCH_PHOTOS
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face

PRICES = """
date = "2024, list prices on demand of AWS us-east-1 in US dollars, typed in from memory: check them"
[[machine]]
name = "c7i.4xlarge"
cores = 16
memory = 32
price = 0.714
[[machine]]
name = "m7i.4xlarge"
cores = 16
memory = 64
price = 0.8064
[[machine]]
name = "r7i.4xlarge"
cores = 16
memory = 128
price = 1.0584
"""
"""A core is what the maker calls one (vCPU), and what a worker of an ingest runs on."""

VECTOR = 512
BESIDE_VECTOR = 62
"""Bytes of a face in an index: its vector, and codes, ids, centroids and unused places of lists (the files of four
shards of a million faces have 574 a face)."""

BATCHES = 40
"""Commits that are measured, after as many that are not."""

SHARE = 0.7
"""Of a node's memory, which Ray gives to actors."""

_CHUNK = 1_000_000  # rows of a transaction


def run(
    report: Report,
    *,
    photos: float = 50e6,
    faces: float = 2.5,
    rows: Sequence[float] = (10e6, 50e6),
    folder: Path | None = None,
    albums: Sequence[int] = (30_000, 100_000),
    hours: float = 24,
    photo_seconds: float = 0.135,
    efficiency: float = 0.92,
    query_seconds: float = 0.0025,
    photo_bytes: float = 4e6,
    prices: Path | None = None,
) -> None:
    of_faces = [int(one / (1 + 2 / faces)) for one in rows]
    written = commits(report, of_faces, faces, folder or report.folder)
    grouped = [in_new_process(one_size, size, 1) for size in albums]
    seconds, index = photo_seconds / efficiency, photos * faces * (VECTOR + BESIDE_VECTOR)
    table = tomllib.loads(prices.read_text() if prices else PRICES)
    plan(report, photos, faces, hours, seconds, query_seconds, photo_bytes)
    slowest = limits(report, photos, faces, written, seconds)
    made = grouping(report, photos * faces, list(albums), grouped)
    money(report, table, photos, seconds, index, made)
    report.say(next_to_shard(table, hours, photos / slowest / 3600, index / 1e9, made))


def plan(
    report: Report, photos: float, faces: float, hours: float, seconds: float, query: float, photo_bytes: float
) -> None:
    total = photos * seconds / 3600
    report.say(f"\n{photos:,.0f} photos with {photos * faces:,.0f} faces")
    report.add("core hours of analysis", total)
    report.add(f"cores, to be done in {hours:g} hours", math.ceil(total / hours))
    report.add("bytes of photos read", photos * photo_bytes / 1e12, "TB")
    report.add(f"network, to read them in {hours:g} hours", 8 * photos * photo_bytes / hours / 3600 / 1e9, "Gbit/s")
    report.add("vectors on disk", photos * faces * VECTOR / 1e9, "GB")
    report.add("index, on disk and in the memory of shards", photos * faces * (VECTOR + BESIDE_VECTOR) / 1e9, "GB")
    report.add("index, read by every search: codes and ids alone", photos * faces * BESIDE_VECTOR / 1e9, "GB")
    report.add("ids in the process that asks", photos * faces * 8 / 1e9, "GB")
    growth = math.sqrt(photos * faces / 1e6)  # lists are in the root's number: so are those read, and their length
    report.add("queries a second of a core, extrapolated", 1 / (query * growth), "queries/s")


def commits(report: Report, rows: list[int], faces: float, folder: Path) -> dict[int, float]:
    """Photos a second that are committed, by the faces before."""
    rates: dict[int, float] = {}
    path = folder / "plan.faces"
    try:
        with closing(LibraryFolder(path, wanted=recipe("sface"))) as made, made.writer() as writer:
            stored = 0
            for count in sorted(rows):
                fill(writer.catalog, stored, count, faces)
                stored = count
                spent = [cost(partial(writer.commit, one))[0] for one in batches(count, faces)][BATCHES:]
                size = (path / "catalog.sqlite").stat().st_size
                title = f"{count * (1 + 2 / faces):,.0f} rows in the catalog"
                report.add(f"{title}, bytes a face", size / count)
                report.add(f"{title}, commits of {BATCH_PHOTOS} photos", [1 / one.clock for one in spent], "commits/s")
                report.add(f"{title}, processor of a commit", [1e3 * one.processor for one in spent], "ms")
                rates[count] = BATCH_PHOTOS * len(spent) / sum(one.clock for one in spent)
                report.add(f"{title}, photos committed", rates[count], "photos/s")
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return rates


def fill(catalog: Any, start: int, stop: int, faces: float) -> None:
    """Rows of faces `start` to `stop`, and of their photos and paths, as other runs would have stored them."""
    for first in range(start, stop, _CHUNK):
        last = min(first + _CHUNK, stop)
        low, high = int(first / faces) + 1, int(last / faces)
        with catalog.transaction() as transaction:
            step = ((1 << 63) - 1) // max(1, int(stop / faces))
            transaction.execute(
                "INSERT OR IGNORE INTO photos (id, content, width, height, analysed) WITH RECURSIVE n(i) AS (SELECT ? "
                "UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                "SELECT i, CAST(printf('%016x%016d', i * ?, i) AS BLOB), 4000, 3000, ? FROM n",
                (low, high, step, writing.now()),
            )
            transaction.execute(
                "INSERT OR IGNORE INTO paths (path, photo, size, mtime_ns) "
                "SELECT CAST(printf('/photos/%05d/IMG_%08d.jpg', id / 1000, id) AS BLOB), id, 3000000 + id, id FROM "
                "photos WHERE id BETWEEN ? AND ?",
                (low, high),
            )
            transaction.execute(
                "INSERT OR IGNORE INTO faces (id, photo, segment, x, y, width, height, score, landmarks, quality) "
                "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i, "
                "max(1, CAST(i / ? AS INTEGER)), 1, i % 3000, i % 2000, 200, 200, 0.9, zeroblob(40), 0.9 FROM n",
                (first + 1, last, faces),
            )


def batches(rows: int, faces: float) -> Iterator[Batch]:
    """Photos as an ingest commits them; their contents lie anywhere among those before."""
    random = np.random.default_rng(rows)
    for number in range(2 * BATCHES):
        batch = Batch()
        for photo in range(BATCH_PHOTOS):
            vectors = random.standard_normal((int(random.poisson(faces)), 128), np.float32)
            found = tuple(
                Face(Box(90 * place, 90, 80, 80), 0.9, np.zeros((5, 2), np.float32), vector, 0.9)
                for place, vector in enumerate(vectors)
            )
            path = f"/more/{rows}/{number:05}/IMG_{photo:05}.jpg"
            content = f"{random.integers((1 << 63) - 1):016x}{random.integers((1 << 63) - 1):016x}".encode()
            batch.photos[content] = AnalysedPhoto(4000, 3000, found), [FoundFile(path, 3_000_000, 1, False)]
        yield batch


def limits(report: Report, photos: float, faces: float, written: dict[int, float], seconds: float) -> float:
    """Where the writer becomes the limit; photos a second that it commits where it is slowest."""
    for count, rate in written.items():
        report.add(f"cores that one writer keeps up with, at {count * (1 + 2 / faces):,.0f} rows", rate * seconds)
    slowest = min(written.values())
    report.add("hours that the writer alone takes", photos / slowest / 3600, "h")
    return slowest


@dataclass(frozen=True, slots=True)
class AlbumCost:
    """graph: core hours, on any number of cores; linkage: hours of one core; memory: GB, on the node of the linkage."""

    graph: float
    linkage: float
    memory: float


def grouping(report: Report, faces: float, sizes: list[int], measured: list[Any]) -> AlbumCost:
    """Albums, extrapolated."""
    extrapolated = []
    both: list[list[Cost]] = [spent for (spent, _), _ in measured]
    ratio = math.log(sizes[-1] / sizes[0])
    for place, name in enumerate(("graph", "linkage")):
        few, many = both[0][place].processor, both[-1][place].processor
        exponent = math.log(many / few) / ratio
        report.add(f"albums, {name}, {sizes[-1]:,} faces, processor", many, "s")
        report.add(f"albums, {name}, exponent of the number of faces", exponent)
        hours = many * (faces / sizes[-1]) ** exponent / 3600
        report.add(f"albums, {name}, extrapolated", hours, "core hours")
        extrapolated.append(hours)
    bytes_of_face = 1e6 * (measured[-1][1] - measured[0][1]) / (sizes[-1] - sizes[0])
    report.add("albums, memory of a face on the node of the linkage", bytes_of_face, "bytes")
    memory = bytes_of_face * faces / 1e9
    report.add("albums, memory on that node, extrapolated", memory, "GB")
    graph, linkage = extrapolated
    return AlbumCost(graph, linkage, memory)


def money(
    report: Report, table: dict[str, Any], photos: float, seconds: float, index: float, albums: AlbumCost
) -> None:
    """What each type of machine costs."""
    report.say(f"\nprices: {table['date']}")
    for machine in table["machine"]:
        name, cores, price = machine["name"], machine["cores"], machine["price"]
        hours = 1e6 * seconds / cores / 3600
        report.add(f"{name}, a million photos", hours, "machine hours")
        report.add(f"{name}, a million photos, price", hours * price)
        report.add(f"{name}, all {photos:,.0f} photos, price", hours * price * photos / 1e6)
        machines = math.ceil(index / (SHARE * 1e9 * machine["memory"]))
        report.add(f"{name}, machines whose memory holds the index", machines)
        report.add(f"{name}, the index in memory, price of a month", machines * price * 730)
        report.add(f"{name}, albums once, graph, price", albums.graph / cores * price)
        if albums.memory <= machine["memory"]:  # its other cores wait for the linkage
            report.add(f"{name}, albums once, linkage, price", albums.linkage * price)
        else:
            report.say(f"{name}: its memory does not hold the linkage")


def next_to_shard(table: dict[str, Any], hours: float, writer: float, index: float, albums: AlbumCost) -> str:
    """What goes beyond one process or machine first, by these figures, in a sentence. hours: wanted; writer: hours of
    the one writer; index: GB."""
    largest = max(machine["memory"] for machine in table["machine"])
    strain = {
        f"the writer, which alone takes {writer:,.1f} of the {hours:g} hours": writer / hours,
        f"the linkage, which takes {albums.linkage:,.1f} hours of one core": albums.linkage / hours,
        f"the memory of the linkage, {albums.memory:,.0f} GB where the largest machine has {largest:g}": albums.memory
        / largest,
    }
    if index > SHARE * largest:
        before = f"The index is sharded already ({index:,.0f} GB)."
    else:
        before = f"The index needs no shards ({index:,.0f} GB fit into one machine)."
    what = max(strain, key=lambda one: strain[one])
    if strain[what] <= 1:
        return f"{before} Nothing else must be sharded; nearest to its limit is {what}."
    return f"{before} To be sharded next: {what}."
