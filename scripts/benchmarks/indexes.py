"""Our index and those of others over the same vectors, each at several settings.

keep: a folder in which the indexes of others are kept, to be read again by a later run over the same vectors.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import faiss
import numpy as np
import numpy.typing as npt

from faceindex.search import kinds
from faceindex.types import Vectors
from faceindex.vectors import faiss_file
from faceindex.vectors.building import blocks_of, learned
from faceindex.vectors.nearest import nearest

K = 10
EF = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768)
LISTS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768)
FAISS: Any = faiss  # its stubs do not know the classes of search parameters
Search = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]
Variants = Iterator[tuple[str, Search]]
Family = Callable[[Vectors, int, Path | None], Variants]
T = TypeVar("T")
DRAWN = "drawn faces"


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest setting of an index that finds enough. of: whose faces the probes are. milliseconds: of a query, of
    the processor."""

    name: str
    of: str
    faces: int
    variant: str
    recall: float
    milliseconds: float
    search: Search


def kept(path: Path | None, build: Callable[[], T], save: Callable[[T, str], object], load: Callable[[str], T]) -> T:
    """What is kept at `path`, or what is built now, and kept there."""
    if path is not None and path.exists():
        return load(str(path))
    built = build()
    if path is not None:
        unfinished = path.with_name(path.name + ".tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        save(built, str(unfinished))
        unfinished.replace(path)
    return built


def flat(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    yield "faiss IndexFlatL2", partial(_search_faiss, index)


def panorama(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    rotation = faiss.PCAMatrix(vectors.shape[1], vectors.shape[1])
    index = faiss.IndexPreTransform(rotation, faiss.IndexFlatL2Panorama(vectors.shape[1], 8))
    index.train(vectors[:50_000])
    index.add(vectors)
    yield "faiss PCA, IndexFlatL2Panorama", partial(_search_faiss, index)


def ours(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    """As the library has it: in a file whose vectors are mapped."""
    blocks = blocks_of(np.arange(len(vectors)), vectors)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "faces.faiss")
        built, found = learned(blocks, kinds.RECALL, threads=threads)
        with path.open("w+b") as file:
            where = faiss_file.write(file, blocks, (built, found))
        beside = (path.stat().st_size - where.stop + where.start) / len(vectors)
        index = faiss_file.open_mapped(path, found.probing)
        what = f"recorded recall {found.recall:.4f}, {found.lists} of {built.nlist} lists"
        del built
        yield (
            f"faceindex ivf ({what}, {beside:.1f} bytes a face)",
            lambda probe: nearest(index, probe, K, np.inf)[0],
        )
        plain = faiss.read_index(str(path), FAISS.IO_FLAG_MMAP_IFC)
        what = f"searched {ALONE}, nprobe {found.nprobe}, k_factor {found.k_factor:g}"
        yield f"the same file, {what}", partial(_search_faiss, plain)


def _ivf(description: str, vectors: Vectors, threads: int, keep: Path | None) -> Any:
    lists = 4 * int(len(vectors) ** 0.5)

    def build() -> Any:
        faiss.omp_set_num_threads(threads)
        index = FAISS.index_factory(vectors.shape[1], description.format(lists))
        index.train(vectors[: 50 * lists])
        index.add(vectors)
        return index

    return kept(keep and keep / f"faiss {description}", build, faiss.write_index, faiss.read_index)


def ivf_flat(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    index = _ivf("IVF{},Flat", vectors, threads, keep)
    for lists in LISTS:
        chosen = FAISS.SearchParametersIVF(nprobe=lists)
        yield f"faiss IVFFlat, nprobe {lists}", partial(_search_faiss, index, params=chosen)


def ivf_panorama(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    index = _ivf("PCA128,IVF{},FlatPanorama8", vectors, threads, keep)
    inner = FAISS.extract_index_ivf(index)

    def search(lists: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        inner.nprobe = lists
        return _search_faiss(index, probe)

    for lists in LISTS:
        yield f"faiss PCA, IVF Panorama, nprobe {lists}", partial(search, lists)


def ivf_sq8(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    index = _ivf("IVF{},SQ8,RFlat", vectors, threads, keep)
    for lists in LISTS:
        read = FAISS.SearchParametersIVF(nprobe=lists)
        chosen = FAISS.IndexRefineSearchParameters(k_factor=2, base_index_params=read)
        yield f"faiss IVF,SQ8,RFlat, nprobe {lists}", partial(_search_faiss, index, params=chosen)


def ivf_rabitq(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    index = _ivf("IVF{},RaBitQfs4", vectors, threads, keep)
    refined = FAISS.IndexRefineFlat(index, FAISS.swig_ptr(vectors))
    for lists in LISTS:
        read = FAISS.SearchParametersIVF(nprobe=lists)
        for factor in (5, 10, 20):
            chosen = FAISS.IndexRefineSearchParameters(k_factor=factor, base_index_params=read)
            name = f"faiss IVF,RaBitQfs4,RFlat, nprobe {lists}, k_factor {factor}"
            yield name, partial(_search_faiss, refined, params=chosen)


def hnsw_of_faiss(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    def build() -> Any:
        faiss.omp_set_num_threads(threads)
        index = faiss.IndexHNSWFlat(vectors.shape[1], 32)
        index.add(vectors)
        return index

    index = kept(keep and keep / "faiss HNSW32", build, faiss.write_index, faiss.read_index)
    for ef in EF:
        chosen = FAISS.SearchParametersHNSW(efSearch=ef)
        yield f"faiss HNSW32, efSearch {ef}", partial(_search_faiss, index, params=chosen)


def _search_faiss(index: Any, probe: npt.NDArray[np.float32], **options: object) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = index.search(probe[None], K, **options)[1][0]
    return found


def hnswlib(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    import hnswlib as library

    def build() -> Any:
        index = library.Index(space="l2", dim=vectors.shape[1])
        index.init_index(max_elements=len(vectors), ef_construction=200, M=16)
        index.add_items(vectors, num_threads=threads)
        return index

    def load(path: str) -> Any:
        index = library.Index(space="l2", dim=vectors.shape[1])
        index.load_index(path)
        return index

    index = kept(keep and keep / "hnswlib", build, lambda built, path: built.save_index(path), load)
    index.set_num_threads(1)

    def search(ef: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        index.set_ef(ef)
        return np.asarray(index.knn_query(probe[None], K)[0][0], dtype=np.int64)

    for ef in EF:
        yield f"hnswlib M 16, ef {ef}", partial(search, ef)


def usearch(precision: str) -> Family:
    def variants(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
        from usearch.index import Index

        def build() -> Any:
            index = Index(ndim=vectors.shape[1], metric="l2sq", dtype=precision)
            index.add(np.arange(len(vectors)), vectors, threads=threads)
            return index

        index = kept(keep and keep / f"usearch {precision}", build, lambda built, path: built.save(path), Index.restore)

        def search(ef: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
            index.expansion_search = ef
            return np.asarray(index.search(probe, K).keys, dtype=np.int64)

        for ef in EF:
            yield f"usearch {precision}, expansion {ef}", partial(search, ef)

    return variants


def scann(vectors: Vectors, threads: int, keep: Path | None) -> Variants:
    """As its documentation advises: a tree of about the root of the faces, anisotropic hashing, then exact ranking."""
    import scann as library

    leaves, sample = 2 * int(len(vectors) ** 0.5), min(len(vectors), 250_000)

    def build() -> Any:
        builder = library.scann_ops_pybind.builder(vectors, K, "squared_l2").set_n_training_threads(threads)
        builder = builder.tree(num_leaves=leaves, num_leaves_to_search=100, training_sample_size=sample)
        return builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(300).build()

    def save(built: Any, path: str) -> None:
        Path(path).mkdir()
        built.serialize(path, relative_path=True)

    index = kept(keep and keep / "scann", build, save, library.scann_ops_pybind.load_searcher)

    def search(lists: int, ranked: int, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        found, _ = index.search(probe, K, leaves_to_search=lists, pre_reorder_num_neighbors=ranked)
        return np.asarray(found, dtype=np.int64)

    for lists in LISTS:
        for ranked in (150, 300):
            yield f"ScaNN, {lists} of {leaves} leaves, {ranked} reordered", partial(search, lists, ranked)


FAMILIES: dict[str, Family] = {
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
ALONE = "by FAISS alone"
OPTIONAL = ("hnswlib", "usearch", "scann")
