"""The actor that holds one shard of an index in its memory and answers searches in it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from faceindex.search.files import Stamp
from faceindex.search.shard_files import ShardFile, open_shard
from faceindex.vectors.ivf import Probing
from faceindex.vectors.shards import Shard


class ShardActor:
    """One shard. Its file is mapped where the node can open it; otherwise its bytes are sent, and stay in memory."""

    def __init__(self) -> None:
        self._shard: Shard | None = None
        self._received: _Received | None = None

    def open(self, file: ShardFile) -> bool:
        """Map a file; False where it is missing here or is not what was written."""
        found = open_shard(file)
        self._shard = Shard(found) if found else None
        return found is not None

    def receive(self, piece: bytes) -> None:
        """The next bytes of the shard."""
        self._received = self._received or _Received()
        self._received.add(piece)

    def open_received(self, figures: Stamp, probing: Probing | None) -> bool:
        """Map what was received; False when it is not what was written."""
        received, self._received = self._received, None
        if received is None or received.checksum() != figures["checksum"]:
            return False
        with received:
            return self.open(ShardFile(received.path, figures, probing))

    def answer(self, method: str, *arguments: Any) -> Any:
        """What a method of `Shard` returns."""
        assert self._shard is not None
        return getattr(self._shard, method)(*arguments)

    def process(self) -> int:
        """The number of this process."""
        return os.getpid()


class _Received:
    """A file without a name: in memory on Linux, elsewhere in the folder for temporary files until it is mapped."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=32)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("shard")
            self.path = Path(f"/proc/self/fd/{self._descriptor}")
        else:
            self._folder = tempfile.TemporaryDirectory()
            self.path = Path(self._folder.name, "shard.faiss")
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)

    def add(self, piece: bytes) -> None:
        view = memoryview(piece)
        self._digest.update(view)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def checksum(self) -> str:
        return self._digest.hexdigest()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if self._folder is not None:
            self._folder.cleanup()
