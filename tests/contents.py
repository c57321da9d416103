"""Everything in a library that counts, whatever numbers it has."""

from __future__ import annotations

import os
from pathlib import Path

import faceindex

Contents = list[tuple[str, bytes, tuple[int, ...], bytes]]


def contents(library: Path) -> Contents:
    """Everything that counts: path, photo's content, box and vector of every face, and photos without one."""
    with faceindex.Library(library, create=False) as opened:
        connection = opened._opened.catalog.connection
        content = {
            os.fsdecode(path): bytes(known)
            for path, known in connection.execute("SELECT path, content FROM paths JOIN photos ON photos.id = photo")
        }
        faces: Contents = [
            (face.photo, content[face.photo], tuple(face.box.as_list()), b"" if vector is None else vector.tobytes())
            for face, vector in opened._opened.folder.faces_with_vectors()
        ]
        empty: Contents = [
            (path, known, (), b"") for path, known in content.items() if path not in {face[0] for face in faces}
        ]
        failed: Contents = [
            (failure.path, b"", (), failure.error.encode()) for failure in opened.photos.failed(limit=None)
        ]
    return sorted(faces + empty + failed)
