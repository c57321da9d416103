"""How fast a million faces are searched, how much is found, and how soon a change is: ours beside others.

    .venv/bin/python scripts/bench_search.py [--faces 1000000] [--probes 300] [--skip hnsw,...] [--no-library]

Faces are drawn as scripts/make_library.py draws them; probes are further faces of the same people, in no index. Truth
are the ten nearest in float64, of candidates that IndexFlatL2 gives. One query at a time, on one thread; times are
the processor's, which other programs disturb less than the clock, as the median over all probes. Beside it stand
hnswlib and usearch (pip install hnswlib usearch; left out when they are not there) and FAISS as its users write it.
Memory is what the process grew by while the index was built; for ours, what it must keep resident is told, too.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import make_library
import numpy as np
import numpy.typing as npt

from faceindex.faces.recipe import recipe
from faceindex.search import index as face_index
from faceindex.search import kinds
from faceindex.search.nearest import nearest
from faceindex.store import rows
from faceindex.store.folder import LibraryFolder
from faceindex.types import Vectors

K = 10
EF = (32, 64, 128, 256, 512)
FAISS: Any = faiss  # its stubs do not know the classes of search parameters
Search = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]
Variants = Iterator[tuple[str, Search]]


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2, help="of building")
    parser.add_argument("--skip", default="", help=f"of {','.join(FAMILIES)}")
    parser.add_argument("--no-library", action="store_true")
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    parser.add_argument("--photo", type=Path, default=data / "album" / "angelina" / "img1.jpg", help="to search with")
    options = parser.parse_args()
    versions = f"numpy {np.__version__}, faiss {faiss.__version__}, {faiss.get_compile_options().strip()}"
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {versions}")
    drawn = make_library.DrawnFaces(options.faces, options.stats, recipe().card.length)
    vectors = np.concatenate([drawn.vectors(a, min(a + (1 << 14), options.faces)) for a in _steps(options.faces)])
    probes = drawn.others(options.probes, 1)
    compare(vectors, probes, options.threads, set(options.skip.split(",")))
    del vectors
    if not options.no_library:
        with tempfile.TemporaryDirectory() as temporary:
            measure_library(
                Path(temporary) / "drawn.faces", options.faces, options.stats, options.threads, options.photo
            )


def compare(vectors: Vectors, probes: Vectors, threads: int, skipped: set[str]) -> None:
    truth = true_neighbours(vectors, probes)
    print(f"{len(vectors):,} faces, {len(probes)} probes, k = {K}\n")
    print("| index | recall@10 | ms, median of a query | times IndexFlatL2 | build, s (s of processors) | memory, MB |")
    print("|---|---|---|---|---|---|")
    baseline = None
    for name, family in FAMILIES.items():
        if name in skipped:
            continue
        if name in ("hnswlib", "usearch") and importlib.util.find_spec(name) is None:
            print(f"| {name} | not installed | | | | |")
            continue
        memory, began, work = resident(), time.monotonic(), time.process_time()
        for number, (variant, search) in enumerate(family(vectors, threads)):
            if not number:
                built, work = time.monotonic() - began, time.process_time() - work
                grown = resident() - memory
            faiss.omp_set_num_threads(1)
            recall, median = measure(search, probes, truth)
            baseline = baseline or median
            cost = f"{built:.1f} ({work:.1f}) | {grown:,.0f}" if not number else "|"
            print(f"| {variant} | {recall:.4f} | {median:.3f} | {baseline / median:.1f} | {cost} |", flush=True)


def true_neighbours(vectors: Vectors, probes: Vectors) -> npt.NDArray[np.int64]:
    """Rows of the K nearest in float64: int64 [probes, K]."""
    _, candidates = faiss.knn(probes, vectors, 4 * K)
    exact = np.linalg.norm(vectors[candidates].astype(np.float64) - probes[:, None].astype(np.float64), axis=2)
    order = np.lexsort((candidates, exact), axis=1)[:, :K]
    return np.take_along_axis(candidates, order, axis=1)


def measure(search: Search, probes: Vectors, truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Recall, and the median milliseconds of a query."""
    search(probes[0])
    times, found = [], []
    for probe, neighbours in zip(probes, truth, strict=True):
        began = time.process_time()
        rows_found = search(probe)
        times.append(time.process_time() - began)
        found.append(len(np.intersect1d(rows_found, neighbours)) / K)
    return float(np.mean(found)), 1e3 * statistics.median(times)


def flat(vectors: Vectors, threads: int) -> Variants:
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    yield "faiss IndexFlatL2", partial(_search_faiss, index)


def panorama(vectors: Vectors, threads: int) -> Variants:
    rotation = faiss.PCAMatrix(vectors.shape[1], vectors.shape[1])
    index = faiss.IndexPreTransform(rotation, faiss.IndexFlatL2Panorama(vectors.shape[1], 8))
    index.train(vectors[:50_000])
    index.add(vectors)
    yield "faiss PCA, IndexFlatL2Panorama", partial(_search_faiss, index)


def ours(kind: str) -> Callable[[Vectors, int], Variants]:
    def variants(vectors: Vectors, threads: int) -> Variants:
        ids = np.arange(len(vectors))
        index, made = kinds.make(ids, vectors.copy(), kinds.Choice(kind, kinds.RECALL), threads=threads)
        assert index.sketch is not None
        kept = index.sketch.codes.nbytes + index.ids.nbytes + index.sketch.centres.nbytes
        what = (
            f"recorded recall {made.recall:.4f}, {made.lists} of {made.all_lists} lists, {kept / 1e6:.0f} MB resident"
        )
        yield f"faceindex {kind} ({what})", lambda probe: nearest(index, probe, K, np.inf)[0]

    return variants


def ivf_of_faiss(vectors: Vectors, threads: int) -> Variants:
    faiss.omp_set_num_threads(threads)
    lists = 4 * int(len(vectors) ** 0.5)
    index = FAISS.index_factory(vectors.shape[1], f"IVF{lists},SQ8,RFlat")
    index.train(vectors[: 50 * lists])
    index.add(vectors)
    for probed in (64, 128, 256):
        lists_looked_at = FAISS.SearchParametersIVF(nprobe=probed)
        chosen = FAISS.IndexRefineSearchParameters(k_factor=2, base_index_params=lists_looked_at)
        yield f"faiss IVF{lists},SQ8,RFlat, nprobe {probed}", partial(_search_faiss, index, params=chosen)


def hnsw_of_faiss(vectors: Vectors, threads: int) -> Variants:
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32)
    index.add(vectors)
    for ef in EF:
        chosen = FAISS.SearchParametersHNSW(efSearch=ef)
        yield f"faiss HNSW32, efSearch {ef}", partial(_search_faiss, index, params=chosen)


def _search_faiss(index: Any, probe: npt.NDArray[np.float32], **options: object) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = index.search(probe[None], K, **options)[1][0]
    return found


def hnswlib(vectors: Vectors, threads: int) -> Variants:
    import hnswlib as library

    index: Any = library.Index(space="l2", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), ef_construction=200, M=16)
    index.add_items(vectors, num_threads=threads)
    index.set_num_threads(1)
    for ef in EF:
        index.set_ef(ef)
        yield f"hnswlib M 16, ef {ef}", lambda probe: index.knn_query(probe[None], K)[0][0].astype(np.int64)


def usearch(precision: str) -> Callable[[Vectors, int], Variants]:
    def variants(vectors: Vectors, threads: int) -> Variants:
        from usearch.index import Index

        index: Any = Index(ndim=vectors.shape[1], metric="l2sq", dtype=precision)
        index.add(np.arange(len(vectors)), vectors, threads=threads)
        for ef in EF:
            index.expansion_search = ef
            yield f"usearch {precision}, expansion {ef}", lambda probe: index.search(probe, K).keys.astype(np.int64)

    return variants


FAMILIES: dict[str, Callable[[Vectors, int], Variants]] = {
    "flat": flat,
    "panorama": panorama,
    "pruned": ours(kinds.PRUNED),
    "ivf": ours(kinds.IVF),
    "faiss-ivf": ivf_of_faiss,
    "faiss-hnsw": hnsw_of_faiss,
    "hnswlib": hnswlib,
    "usearch": usearch("f32"),
    "usearch-f16": usearch("f16"),
    "usearch-i8": usearch("i8"),
}


def measure_library(path: Path, faces: int, stats: Path, threads: int, photo: Path) -> None:
    """Opening, a whole command, and how soon new, and removed, faces are told apart from those of the index."""
    make_library.make_library(path, faces, stats=stats)
    folder = LibraryFolder(path, create=False)
    began = time.monotonic()
    face_index.build(folder, threads=threads)
    print(
        f"\nlibrary of {faces:,} faces: index built, tuned and saved in {time.monotonic() - began:.1f} s, peak ", end=""
    )
    print(f"memory {peak():,.0f} MB: {face_index.report(folder)}")
    opened = [timed(lambda: face_index.load_or_build(folder)) for _ in range(5)]
    print(f"opened in {statistics.median(opened):.3f} s")
    command = [sys.executable, "-m", "faceindex", "search", str(photo), "--library", str(path), "--json"]
    whole = [timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(7)]
    print(f"`faceindex search {photo.name} --json`, from its start to its end: {statistics.median(whole):.2f} s")
    index = face_index.load_or_build(folder)
    new = make_library.DrawnFaces(1000, stats, recipe().card.length, seed=5).vectors(0, 1000)
    first = add_faces(folder, new)
    began = time.perf_counter()
    followed = face_index.load_or_build(folder, index)
    found, _ = face_index.find_nearest(folder, followed, new[0], K, np.inf)
    print(f"1,000 new faces found after {time.perf_counter() - began:.3f} s by who had it open, ", end="")
    assert found[0] == first, found
    print(f"{timed(lambda: face_index.load_or_build(folder)):.3f} s by who opens it")
    query = [timed(partial(face_index.find_nearest, folder, followed, probe, K, np.inf)) for probe in new[:200]]
    print(f"a query then takes {1e3 * statistics.median(query):.2f} ms; ", end="")
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.execute("DELETE FROM faces WHERE id % 1000 = 7")
        rows.note_change_of_faces(transaction)
    followed = face_index.load_or_build(folder, followed)
    query = [timed(partial(face_index.find_nearest, folder, followed, probe, K, np.inf)) for probe in new[:200]]
    print(f"with {followed.gone:,} gone, too, {1e3 * statistics.median(query):.2f} ms")
    folder.close()


def add_faces(folder: LibraryFolder, vectors: Vectors) -> int:
    """Store faces as make_library does; the id of the first."""
    with folder.writer() as writer:
        first = writer.last_id("faces") + 1
        ids = np.arange(first, first + len(vectors), dtype=np.int64)
        segment = writer.write_segment(iter([(ids, vectors)]), len(vectors))
        with writer.catalog.transaction() as transaction:
            rows.insert_segment(transaction, segment)
            transaction.executemany(
                "INSERT INTO faces VALUES (?, 1, ?, 0, 0, 9, 9, 0.9, ?, 0.5)",
                [(face, segment.number, bytes(40)) for face in ids.tolist()],
            )
            rows.note_change_of_faces(transaction)
    return first


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def resident() -> float:
    """Memory of this process now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """Highest memory of this process ever, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e3


def _steps(count: int) -> range:
    return range(0, count, 1 << 14)


if __name__ == "__main__":
    main()
