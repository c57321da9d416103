"""How fast faces are searched, how much is found, and how soon a change is: ours beside others.

    .venv/bin/python scripts/bench_search.py [--faces 10000,100000,1000000] [--probes 300] [--skip faiss-hnsw,...]
        [--real LIBRARY] [--plot FILE] [--no-library]
    .venv/bin/python scripts/bench_search.py --growth SMALL,...,LARGE [--probes 300] [--add 100000] [--plot FILE]

Faces are drawn as scripts/make_library.py draws them; probes are further faces of the same people, in no index, which
nothing was tuned on. --real: of the faces of a library (of lfw-dev, say), half are put among the drawn ones, and the
others are the probes. Truth are the ten nearest in float64, of candidates that IndexFlatL2 gives. One query at a time,
on one thread; times are the processor's, which other programs disturb less than the clock, as the median over all
probes. Each index is shown at several settings; the best of each is the fastest that finds .99. The best are then
searched again in turn, a few probes each, so that what else the machine does disturbs all alike. hnswlib, usearch and
ScaNN (pip install hnswlib usearch scann) are left out when they are not there; --plot needs matplotlib. Memory is what
the process grew by while the index was built; bytes a face are those of the file beside the vectors, where there is
one. --growth: libraries that make_library drew, and that have an index, are searched in turn, a probe after the other,
so that what else the machine does disturbs all alike; then the large one with --add faces more, in memory only.
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
from dataclasses import dataclass, replace
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
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.types import Vectors
from faceindex.vectors import faiss_file
from faceindex.vectors.building import blocks_of, learned
from faceindex.vectors.exact import k_nearest_of_blocks
from faceindex.vectors.nearest import FaceIndex, nearest

K = 10
ENOUGH = 0.99
"""Recall that the best setting of each index must have."""

EF = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768)
TURN = 20
"""Probes after each other that an index is asked when all are in turn."""

LISTS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768)
FAISS: Any = faiss  # its stubs do not know the classes of search parameters
Search = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]
Variants = Iterator[tuple[str, Search]]


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest setting of an index that finds enough. milliseconds: of a query, of the processor."""

    name: str
    faces: int
    variant: str
    recall: float
    milliseconds: float
    search: Callable[..., object]


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", default="1000000", help="one number, or several with commas")
    parser.add_argument("--probes", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2, help="of building")
    parser.add_argument("--skip", default="", help=f"of {','.join(FAMILIES)}")
    parser.add_argument("--only", default="", help="the same, or library")
    parser.add_argument("--real", type=Path, help="a library of real faces")
    parser.add_argument("--plot", type=Path, help="picture of how times grow with the number of faces")
    parser.add_argument("--no-library", action="store_true")
    parser.add_argument("--library", type=Path, help="one that was drawn before, of the last number of --faces")
    parser.add_argument("--add", type=int, default=1000, help="faces that are added to the library")
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    parser.add_argument("--photo", type=Path, default=data / "album" / "angelina" / "img1.jpg", help="to search with")
    parser.add_argument("--growth", help="libraries with commas between, the smallest first")
    options = parser.parse_args()
    versions = f"numpy {np.__version__}, faiss {faiss.__version__}, {faiss.get_compile_options().strip()}"
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {versions}")
    if options.growth:
        grown = growth([Path(path) for path in options.growth.split(",")], options.probes, options.stats, options.add)
        if options.plot:
            plot(grown, options.plot)
        return
    names = options.only.split(",") if options.only else list(FAMILIES)
    names = [name for name in names if name in FAMILIES and name not in options.skip.split(",")]
    sizes, best = [int(size) for size in options.faces.split(",")], list[Best]()
    for faces in sizes if names else ():
        vectors, probes = drawn_and_probes(faces, options.probes, options.stats, options.real)
        best += compare(vectors, probes, options.threads, names)
        del vectors
    if options.plot:
        plot(best, options.plot)
    if not options.no_library:
        with tempfile.TemporaryDirectory() as temporary:
            path = options.library or Path(temporary) / "drawn.faces"
            measure_library(path, sizes[-1], options.stats, options.threads, options.photo, options.add)


def drawn_and_probes(faces: int, count: int, stats: Path, real: Path | None) -> tuple[Vectors, Vectors]:
    """Faces, float32 [faces, 128], and probes that are not among them."""
    drawn = make_library.DrawnFaces(faces, stats, recipe().card.length)
    vectors = np.empty((faces, 128), dtype=np.float32)
    for start in _steps(faces):
        vectors[start : start + (1 << 14)] = drawn.vectors(start, min(start + (1 << 14), faces))
    if real is None:
        return vectors, drawn.others(count, 1)
    folder = LibraryFolder(real, create=False)
    _, own = folder.vectors()
    folder.close()
    order = np.random.default_rng(0).permutation(len(own))
    half = min(len(own) // 2, faces)
    vectors[np.random.default_rng(1).choice(faces, half, replace=False)] = own[order[:half]]
    return vectors, np.ascontiguousarray(own[order[half : half + count]])


def compare(vectors: Vectors, probes: Vectors, threads: int, names: list[str]) -> list[Best]:
    truth = true_neighbours(vectors, probes)
    print(f"\n{len(vectors):,} faces, {len(probes)} probes, k = {K}\n")
    print("| index | recall@10 | ms, median of a query | times IndexFlatL2 | build, s (s of processors) | memory, MB |")
    print("|---|---|---|---|---|---|")
    baseline, best = None, []
    for name in names:
        if name.partition("-")[0] in OPTIONAL and importlib.util.find_spec(name.partition("-")[0]) is None:
            print(f"| {name} | not installed | | | | |")
            continue
        memory, began, work = resident(), time.monotonic(), time.process_time()
        measured: list[Best] = []
        for number, (variant, search) in enumerate(FAMILIES[name](vectors, threads)):
            if not number:
                built, work = time.monotonic() - began, time.process_time() - work
                grown = resident() - memory
            faiss.omp_set_num_threads(1)
            recall, median = measure(search, probes, truth)
            baseline = baseline or median
            cost = f"{built:.1f} ({work:.1f}) | {grown:,.0f}" if not number else "|"
            print(f"| {variant} | {recall:.4f} | {median:.3f} | {baseline / median:.1f} | {cost} |", flush=True)
            measured.append(Best(name, len(vectors), variant, recall, median, search))
            if recall >= ENOUGH and median > 1.5 * min(one.milliseconds for one in measured if one.recall >= ENOUGH):
                break
        enough = [one for one in measured if one.recall >= ENOUGH] or measured[-1:]
        best.append(min(enough, key=lambda one: one.milliseconds))
    best = in_turn(best, probes)
    print(f"\n| the best at {ENOUGH}, in turn | recall@10 | ms | times the fastest |\n|---|---|---|---|")
    fastest = min(one.milliseconds for one in best)
    for one in sorted(best, key=lambda one: one.milliseconds):
        short = "" if one.recall >= ENOUGH else ", which does not get there"
        print(
            f"| {one.variant}{short} | {one.recall:.4f} | {one.milliseconds:.3f} | {one.milliseconds / fastest:.2f} |"
        )
    return best


def in_turn(best: list[Best], probes: Vectors) -> list[Best]:
    """The same indexes, with the median times of a run in which each is asked TURN probes after the other."""
    times: list[list[float]] = [[] for _ in best]
    for start in range(0, len(probes), TURN):
        for which, one in enumerate(best):
            for probe in probes[start : start + TURN]:
                began = time.process_time()
                one.search(probe)
                times[which].append(time.process_time() - began)
    return [replace(one, milliseconds=1e3 * statistics.median(own)) for one, own in zip(best, times, strict=True)]


def growth(libraries: list[Path], count: int, stats: Path, added: int) -> list[Best]:
    """Recall, and how many times longer than in the library before it a query in each takes, all in turn."""
    folders = [LibraryFolder(path, create=False) for path in libraries]
    loaded = [face_index.load_or_build(folder) for folder in folders]
    probes = [
        make_library.DrawnFaces(len(one.main.ids), stats, recipe().card.length).others(count, 11) for one in loaded
    ]
    searches = [
        partial(face_index.find_nearest, folder, one, k=K, threshold=np.inf)
        for folder, one in zip(folders, loaded, strict=True)
    ]
    times: list[list[float]] = [[] for _ in folders]
    found: list[list[npt.NDArray[np.int64]]] = [[] for _ in folders]
    for turn in range(2 * count):  # the first half warms up
        for which, search in enumerate(searches):
            began = time.process_time()
            ids, _ = search(probe=probes[which][turn % count])
            if turn >= count:
                times[which].append(time.process_time() - began)
                found[which].append(ids)
    grown: list[Best] = []
    for which, one in enumerate(loaded):
        truth = _true_ids(one.main, probes[which])
        recall = np.mean([np.isin(true, ids) for true, ids in zip(truth, found[which], strict=True)])
        median = 1e3 * statistics.median(times[which])
        grown.append(
            Best("faceindex", len(one.main.ids), libraries[which].name, float(recall), median, searches[which])
        )
        ratio = f", {median / grown[-2].milliseconds:.2f} times as long" if which else ""
        print(f"{len(one.main.ids):,} faces: {median:.3f} ms, recall {recall:.4f}{ratio}")
    new = make_library.DrawnFaces(added, stats, recipe().card.length, seed=5).vectors(0, added)
    ids = np.arange(added) + loaded[-1].main.ids.max() + 1
    delta, lists = (face_index.Delta(loaded[-1].main, ids, new) for _ in range(2))
    exact = replace(loaded[-1], delta=delta)
    began = time.process_time()
    lists.put_into_lists()
    listed = replace(loaded[-1], delta=lists)
    print(f"{added:,} faces more are in lists after {time.process_time() - began:.2f} s of a processor", end="")
    both: list[list[float]] = [[], []]
    shares = []
    for probe in new[:count] + np.float32(0.01):
        near = []
        for which, one in enumerate((exact, listed)):
            began = time.process_time()
            near.append(face_index.find_nearest(folders[-1], one, probe, K, np.inf)[0])
            both[which].append(time.process_time() - began)
        shares.append(np.isin(near[0], near[1]))
    before, after = (1e3 * statistics.median(some) for some in both)
    print(f"; a query takes {after:.2f} ms, {before:.2f} if all of them are compared; {np.mean(shares):.4f} the same")
    return grown


def _true_ids(index: FaceIndex, probes: Vectors) -> npt.NDArray[np.int64]:
    """Of the K nearest, by all vectors: int64 [p, K]."""
    vectors = index.vectors
    _, rows_found = k_nearest_of_blocks(
        probes, (vectors[start : start + (1 << 16)] for start in range(0, len(vectors), 1 << 16)), K, threads=2
    )
    true: npt.NDArray[np.int64] = index.ids[rows_found]
    return true


def plot(best: list[Best], path: Path) -> None:
    """Milliseconds of a query by number of faces, of every index."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for name in dict.fromkeys(one.name for one in best):
        own = [one for one in best if one.name == name]
        axes.loglog([one.faces for one in own], [one.milliseconds for one in own], marker="o", label=name)
    axes.set_xlabel("faces")
    axes.set_ylabel(f"ms of a query, one thread, recall@10 of {ENOUGH} and more")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def true_neighbours(vectors: Vectors, probes: Vectors) -> npt.NDArray[np.int64]:
    """Rows of the K nearest in float64: int64 [probes, K]."""
    _, candidates = faiss.knn(probes, vectors, 4 * K)
    exact = np.stack(
        [
            np.linalg.norm(vectors[near].astype(np.float64) - probe.astype(np.float64), axis=1)
            for near, probe in zip(candidates, probes, strict=True)
        ]
    )
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


def ours(vectors: Vectors, threads: int) -> Variants:
    """As the library has it: in a file whose vectors are mapped."""
    blocks = blocks_of(np.arange(len(vectors)), vectors)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "faces.faiss")
        built, found = learned(blocks, kinds.RECALL, threads=threads)
        with path.open("w+b") as file:
            where = faiss_file.write(file, blocks, (built, found))
        beside = (path.stat().st_size - where.stop + where.start) / len(vectors)
        index = faiss_file.open_mapped(path, found.probing)
        what = (
            f"recorded recall {found.recall:.4f}, {found.lists} of {built.nlist} lists, {found.candidates} candidates"
        )
        del built
        yield (
            f"faceindex ivf ({what}, {beside:.1f} bytes a face)",
            lambda probe: nearest(index, probe, K, np.inf)[0],
        )
        plain = faiss.read_index(str(path), FAISS.IO_FLAG_MMAP_IFC)
        yield "the same file, opened and searched by FAISS alone", partial(_search_faiss, plain)


def _ivf(description: str, vectors: Vectors, threads: int) -> Any:
    faiss.omp_set_num_threads(threads)
    lists = 4 * int(len(vectors) ** 0.5)
    index = FAISS.index_factory(vectors.shape[1], description.format(lists))
    index.train(vectors[: 50 * lists])
    index.add(vectors)
    return index


def ivf_flat(vectors: Vectors, threads: int) -> Variants:
    index = _ivf("IVF{},Flat", vectors, threads)
    for lists in LISTS:
        chosen = FAISS.SearchParametersIVF(nprobe=lists)
        yield f"faiss IVFFlat, nprobe {lists}", partial(_search_faiss, index, params=chosen)


def ivf_panorama(vectors: Vectors, threads: int) -> Variants:
    index = _ivf("PCA128,IVF{},FlatPanorama8", vectors, threads)
    inner = FAISS.extract_index_ivf(index)

    def search(lists: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        inner.nprobe = lists
        return _search_faiss(index, probe)

    for lists in LISTS:
        yield f"faiss PCA, IVF Panorama, nprobe {lists}", partial(search, lists)


def ivf_sq8(vectors: Vectors, threads: int) -> Variants:
    index = _ivf("IVF{},SQ8,RFlat", vectors, threads)
    for lists in LISTS:
        read = FAISS.SearchParametersIVF(nprobe=lists)
        chosen = FAISS.IndexRefineSearchParameters(k_factor=2, base_index_params=read)
        yield f"faiss IVF,SQ8,RFlat, nprobe {lists}", partial(_search_faiss, index, params=chosen)


def ivf_rabitq(vectors: Vectors, threads: int) -> Variants:
    index = _ivf("IVF{},RaBitQfs4", vectors, threads)
    refined = FAISS.IndexRefineFlat(index, FAISS.swig_ptr(vectors))
    for lists in LISTS:
        read = FAISS.SearchParametersIVF(nprobe=lists)
        for factor in (5, 10, 20):
            chosen = FAISS.IndexRefineSearchParameters(k_factor=factor, base_index_params=read)
            name = f"faiss IVF,RaBitQfs4,RFlat, nprobe {lists}, k_factor {factor}"
            yield name, partial(_search_faiss, refined, params=chosen)


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

    def search(ef: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        index.set_ef(ef)
        return np.asarray(index.knn_query(probe[None], K)[0][0], dtype=np.int64)

    for ef in EF:
        yield f"hnswlib M 16, ef {ef}", partial(search, ef)


def usearch(precision: str) -> Callable[[Vectors, int], Variants]:
    def variants(vectors: Vectors, threads: int) -> Variants:
        from usearch.index import Index

        index: Any = Index(ndim=vectors.shape[1], metric="l2sq", dtype=precision)
        index.add(np.arange(len(vectors)), vectors, threads=threads)

        def search(ef: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
            index.expansion_search = ef
            return np.asarray(index.search(probe, K).keys, dtype=np.int64)

        for ef in EF:
            yield f"usearch {precision}, expansion {ef}", partial(search, ef)

    return variants


def scann(vectors: Vectors, threads: int) -> Variants:
    """As its documentation advises: a tree of about the root of the faces, anisotropic hashing, then exact ranking."""
    import scann as library

    leaves = 2 * int(len(vectors) ** 0.5)
    builder = library.scann_ops_pybind.builder(vectors, K, "squared_l2").set_n_training_threads(threads)
    builder = builder.tree(num_leaves=leaves, num_leaves_to_search=100, training_sample_size=min(len(vectors), 250_000))
    index = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(300).build()

    def search(lists: int, ranked: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        found, _ = index.search(probe, K, leaves_to_search=lists, pre_reorder_num_neighbors=ranked)
        return np.asarray(found, dtype=np.int64)

    for lists in LISTS:
        for ranked in (150, 300):
            yield f"ScaNN, {lists} of {leaves} leaves, {ranked} reordered", partial(search, lists, ranked)


FAMILIES: dict[str, Callable[[Vectors, int], Variants]] = {
    "flat": flat,
    "panorama": panorama,
    "ivf": ours,
    "faiss-ivfflat": ivf_flat,
    "faiss-ivfpanorama": ivf_panorama,
    "faiss-ivfsq8": ivf_sq8,
    "faiss-rabitq": ivf_rabitq,
    "faiss-hnsw": hnsw_of_faiss,
    "hnswlib": hnswlib,
    "usearch": usearch("f32"),
    "usearch-f16": usearch("f16"),
    "usearch-i8": usearch("i8"),
    "scann": scann,
}
OPTIONAL = ("hnswlib", "usearch", "scann")


def measure_library(path: Path, faces: int, stats: Path, threads: int, photo: Path, added: int) -> None:
    """Building, opening, a whole command, and how soon new and deleted faces are told apart from others."""
    if not path.exists():
        in_a_process(f"make_library.make_library(Path({str(path)!r}), {faces}, stats=Path({str(stats)!r}))")
    folder = LibraryFolder(path, create=False)
    began, work = time.monotonic(), children_seconds()
    most = in_a_process(f"index.build(LibraryFolder(Path({str(path)!r}), create=False), threads={threads})")
    report = face_index.report(folder)
    print(f"\nlibrary of {faces:,} faces: index built, tuned and saved in {time.monotonic() - began:.1f} s ", end="")
    print(f"({children_seconds() - work:.1f} s of processors), peak memory {most:,.0f} MB: {report}")
    opened = [timed(lambda: face_index.load_or_build(folder)) for _ in range(5)]
    print(f"opened in {statistics.median(opened):.3f} s")
    command = [sys.executable, "-m", "faceindex", "search", str(photo), "--library", str(path), "--json"]
    whole = [timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(7)]
    print(f"`faceindex search {photo.name} --json`, from its start to its end: {statistics.median(whole):.2f} s")
    probes = make_library.DrawnFaces(faces, stats, recipe().card.length).others(300, 1)
    np.save(path.with_suffix(".probes.npy"), probes)
    print(in_a_process(_SEARCHES.format(path=str(path), probes=str(path.with_suffix(".probes.npy")))), "MB")
    index = face_index.load_or_build(folder)
    new = make_library.DrawnFaces(added, stats, recipe().card.length, seed=5).vectors(0, added)
    first = add_faces(folder, new)
    began = time.perf_counter()
    followed = face_index.load_or_build(folder, index)
    found, _ = face_index.find_nearest(folder, followed, new[0], K, np.inf)
    print(f"{added:,} new faces found after {time.perf_counter() - began:.3f} s by who had it open, ", end="")
    assert found[0] == first, found
    print(f"{timed(lambda: face_index.load_or_build(folder)):.3f} s by who opens it")
    query = [timed(partial(face_index.find_nearest, folder, followed, probe, K, np.inf)) for probe in new[:200]]
    print(f"a query then takes {1e3 * statistics.median(query):.2f} ms; ", end="")
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.execute("DELETE FROM faces WHERE id % 1000 = 7")
        writing.note_change_of_faces(transaction)
    followed = face_index.load_or_build(folder, followed)
    query = [timed(partial(face_index.find_nearest, folder, followed, probe, K, np.inf)) for probe in new[:200]]
    print(f"with {followed.deleted:,} deleted, too, {1e3 * statistics.median(query):.2f} ms")
    folder.close()
    began = time.monotonic()
    most = in_a_process(f"faceindex.Library({str(path)!r}, create=False).care.check()")
    print(f"check: {time.monotonic() - began:.1f} s, peak memory {most:,.0f} MB")


_SEARCHES = """
import numpy as np, statistics, time
folder = LibraryFolder(Path({path!r}), create=False)
loaded = index.load_or_build(folder)
def median(k, threshold, probes):
    times = []
    for probe in probes:
        began = time.process_time()
        index.find_nearest(folder, loaded, probe, k, threshold)
        times.append(time.process_time() - began)
    return 1e3 * statistics.median(times)
probes = np.load({probes!r})
median(10, np.inf, probes)
print(f"ms of a query, processor time, median: ten nearest {{median(10, np.inf, probes):.3f}}, within 0.335 "
      f"{{median(10, 0.335, probes):.3f}}")
with open("/proc/self/status") as status:
    print(*(line.split()[0] + line.split()[1] + " kB" for line in status if line.startswith(("RssAnon", "RssFile"))))
print(f"all within 0.335, exactly: {{median(loaded.faces, 0.335, probes[:9]):.1f}}")
"""

_PROGRAM = """
import sys
sys.path.insert(0, {scripts!r})
import make_library
import faceindex
from pathlib import Path
from faceindex.search import index
from faceindex.store.folder import LibraryFolder
{code}
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def in_a_process(code: str) -> float:
    """Run it in a Python of its own, print what it prints; its highest memory, in MB."""
    program = _PROGRAM.format(scripts=str(Path(__file__).parent), code=code)
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    *said, most = done.stdout.splitlines()
    print(*said, sep="\n", end="\n" if said else "")
    return int(most) / 1e3


def children_seconds() -> float:
    """Time of processors that processes started here have taken."""
    times = os.times()
    return times.children_user + times.children_system


def add_faces(folder: LibraryFolder, vectors: Vectors) -> int:
    """Store faces as make_library does; the id of the first."""
    with folder.writer() as writer:
        first = writer.last_id("faces") + 1
        ids = np.arange(first, first + len(vectors), dtype=np.int64)
        segment = writer.write_segment(iter([(ids, vectors)]), len(vectors))
        with writer.catalog.transaction() as transaction:
            writing.insert_segment(transaction, segment)
            transaction.executemany(
                "INSERT INTO faces VALUES (?, 1, ?, 0, 0, 9, 9, 0.9, ?, 0.5)",
                [(face, segment.number, bytes(40)) for face in ids.tolist()],
            )
            writing.note_change_of_faces(transaction)
    return first


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def resident() -> float:
    """Memory of this process now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _steps(count: int) -> range:
    return range(0, count, 1 << 14)


if __name__ == "__main__":
    main()
