"""Writes the index alone, for programs that search with FAISS, and a table of its ids."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.exchange.outputs import binary_output, text_output
from faceindex.exchange.rows.faces import face_lines
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.search.coverage import index_config
from faceindex.search.kinds import IVF, IndexConfig, kind_for
from faceindex.store.folder import LibraryFolder
from faceindex.vectors import faiss_file
from faceindex.vectors.building import READS, Blocks, learned, watched


def write_index(folder: LibraryFolder, out: Path, kind: str | None, meter: Meter | None = None) -> int:
    """Write all vectors as an index for `faiss.read_index`, and `out`.csv with the face, photo, box ... of each id.

    kind: "flat", "ivf" or "auto"; default: the library's choice. FAISS returns squared distances. Returns the number of
    faces. meter: shows the progress.

    Raises: JobCancelled; UsageError; LibraryDamaged; OSError if the disk is full.
    """
    meter, own = meter or Meter(), index_config(folder)
    config = IndexConfig(own.kind if kind is None else kind, own.recall)
    with closing(folder.open_catalog()) as catalog, catalog.snapshot():
        stored = folder.stored_vectors(catalog)
        faces = len(stored.faces.ids)
        ivf = kind_for(config, faces) == IVF
        blocks = watched(Blocks(faces, stored.dimension, stored.blocks), meter)
        meter.stage("writing", faces * (READS + 2 if ivf else 2))
        beside = out.with_name(out.name + ".csv")
        with binary_output(out) as file, text_output(beside, errors="backslashreplace") as table:
            try:
                approximate = learned(blocks, config.recall) if ivf else None
            except RuntimeError as error:
                raise UsageError(
                    f"{plural(faces, 'face is', 'faces are')} too few for an index of kind ivf; choose --kind flat"
                ) from error
            faiss_file.write(file, blocks, approximate)
            lines = face_lines(((face, None) for face in meter.each(catalog.faces())), form="csv")
            table.writelines(line + "\n" for line in lines)
    return faces
