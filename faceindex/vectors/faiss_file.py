"""An index as one file that `faiss.read_index` opens.

::

    IndexIDMap(IndexFlatL2)                                        exact
    IndexIDMap(IndexRefineFlat(IndexIVFPQFastScan, IndexFlatL2))   approximate, ranked by exact distances

The ids are those of faces. FAISS would need all vectors in memory to write them; here FAISS writes an index of none,
and they follow block by block. For that the end of its file must be known (faiss/impl/index_write.cpp): how many
numbers the vectors have, and the numbers; the k_factor of a refinement; how many ids, and the ids.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from faceindex.plurals import plural
from faceindex.system.files import expect_random_reads, read_into
from faceindex.types import Vectors
from faceindex.vectors.building import Blocks, Learned
from faceindex.vectors.exact import Rows, faiss_on
from faceindex.vectors.ivf import Ivf, Probing
from faceindex.vectors.nearest import FaceIndex

_COUNT = 8  # bytes of a count
_K_FACTOR = 4
_MOST_MAPPED = 1 << 30
"""Bytes of vectors up to which candidates are ranked where they are mapped, which is several times faster than reading
them; each one looked at keeps up to a third of a megabyte around it in the memory of the process."""


def write(file: BinaryIO, blocks: Blocks, approximate: Learned | None = None) -> slice:
    """Write an index of `blocks`; returns where in the file the vectors are.

    file: empty, seekable. approximate: what `learned` returned for the same blocks; by default the index is exact.
    FAISS alone then finds as much, unless it is told to read other numbers of lists and candidates.
    Raises: OSError; ValueError when there are not as many vectors as was said.
    """
    ivf, k_factor = None, 1.0
    if approximate is not None:
        ivf, found = approximate
        ivf.nprobe, k_factor = found.nprobe, found.k_factor
    return _write(file, blocks, ivf, k_factor)


def write_as(file: BinaryIO, blocks: Blocks, ivf: Any, model: FaceIndex) -> slice:
    """As `write`, with the settings for FAISS alone that another index has, which `open_mapped` opened.

    ivf: a faiss.IndexIVFPQFastScan of the same blocks; None for an exact index.
    """
    k_factor = 1.0
    if ivf is not None and model.ivf is not None:
        with faiss_on(1) as faiss:
            k_factor = float(faiss.downcast_index(model.owner.index).k_factor)
        ivf.nprobe = model.ivf.index.nprobe
    return _write(file, blocks, ivf, k_factor)


def _write(file: BinaryIO, blocks: Blocks, ivf: Any, k_factor: float) -> slice:
    index = _without_vectors(blocks.dimension, blocks.faces, ivf, k_factor)
    with faiss_on(1) as faiss:
        writer = faiss.PyCallbackIOWriter(file.write)
        faiss.write_index(index, writer)
    after = b"" if ivf is None else np.float32(k_factor).tobytes()
    file.seek(-(_COUNT + len(after) + _COUNT), 2)
    file.truncate()
    file.write(np.int64(blocks.faces * blocks.dimension).tobytes())
    start, all_ids = file.tell(), []
    for ids, vectors in blocks.read():
        file.write(np.ascontiguousarray(vectors, dtype=np.float32).data)
        all_ids.append(ids)
    stop = file.tell()
    if stop - start != 4 * blocks.faces * blocks.dimension:
        raise ValueError(f"there were not {plural(blocks.faces, 'vector')}")
    file.write(after)
    file.write(np.int64(blocks.faces).tobytes())
    for ids in all_ids:
        file.write(np.ascontiguousarray(ids, dtype=np.int64).data)
    return slice(start, stop)


def open_mapped(path: Path, probing: Probing | None) -> FaceIndex:
    """The index in a file; its vectors are mapped, not read. Nothing may be added to or removed from it.

    Raises: RuntimeError or ValueError, when the file is not one that `write` wrote.
    """
    with faiss_on(1) as faiss, path.open("rb", buffering=0) as file:
        owner = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        if not isinstance(owner, faiss.IndexIDMap):
            raise ValueError(f"{path} holds {type(owner).__name__}, which has no ids")
        inner, ivf = faiss.downcast_index(owner.index), None
        if isinstance(inner, faiss.IndexRefine):
            ivf = Ivf(faiss.downcast_index(inner.base_index))
            inner = faiss.downcast_index(inner.refine_index)
        if not inner.ntotal:
            return FaceIndex(np.empty(0, dtype=np.int64), np.empty((0, inner.d), dtype=np.float32), owner=owner)
        ids = faiss.rev_swig_ptr(owner.id_map.data(), owner.ntotal)
        vectors = faiss.rev_swig_ptr(inner.get_xb(), inner.ntotal * inner.d).reshape(-1, inner.d)
        read = None
        if ivf and vectors.nbytes > _MOST_MAPPED:
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                raise ValueError(f"{path} was replaced")
            read = _VectorFile(os.dup(file.fileno()), vectors.nbytes, len(vectors), inner.d)
    return FaceIndex(np.asarray(_View(ids, owner)), np.asarray(_View(vectors, owner)), ivf, probing, owner, read)


class _VectorFile:
    """Reads some vectors of an approximate index."""

    def __init__(self, descriptor: int, bytes_of_vectors: int, rows: int, dimension: int) -> None:
        """descriptor: of the file; it is closed when this is gone."""
        weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        behind = _K_FACTOR + _COUNT + rows * 8
        self._start = os.fstat(descriptor).st_size - behind - bytes_of_vectors
        self._dimension = dimension
        expect_random_reads(descriptor)

    def __call__(self, rows: Rows) -> Vectors:
        found = np.empty((len(rows), self._dimension), dtype=np.float32)
        size = 4 * self._dimension
        for row, place in enumerate(rows.tolist()):
            read_into(self._descriptor, found[row].data, self._start + place * size)
        return found


class _View:
    """What numpy makes an array of that can only be read, and that keeps alive the index to which it belongs."""

    def __init__(self, array: np.ndarray, owner: Any) -> None:
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = array.__array_interface__ | {"data": (address, True)}
        self.owner = owner


def _without_vectors(dimension: int, rows: int, ivf: Any, k_factor: float) -> Any:
    """An index that says that it has so many rows, and has neither vectors nor ids."""
    with faiss_on(1) as faiss:
        flat = faiss.IndexFlatL2(dimension)
        inner = flat
        if ivf is not None:
            flat.ntotal = rows
            inner = faiss.IndexRefine(ivf, flat)
            inner.k_factor = k_factor
        inner.ntotal = 0  # FAISS gives ids to none but empty indexes
        index = faiss.IndexIDMap(inner)
        flat.ntotal = inner.ntotal = index.ntotal = rows
        index.referenced_objects = [inner, flat]
    return index
