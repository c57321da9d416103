"""Photos that a node cannot open are read here, in a process that a dead disk may block."""

from __future__ import annotations

from faceindex.errors import MachineError, SilentDisk, UnreadablePhoto
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.workers.executor import Analysed, Fault
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.read import read_bytes
from faceindex.running.stop import Stop


class ReadHere:
    """Reads one photo at a time."""

    def __init__(self, idle_limit: float) -> None:
        self._reader = PhotoReader(Stop(), idle_limit=idle_limit)

    def read(self, file: FoundFile) -> bytes | Analysed:
        """Its bytes, or the answer about a photo that cannot be read. Raises: MachineError; SilentDisk."""
        try:
            found = self._reader.ask(_bytes_of, file.path, file.size, file.mtime_ns)
        except SilentDisk:
            raise
        except (TimeoutError, MachineError) as error:
            return Analysed(file, None, str(error), fault=Fault.PLACE)
        if isinstance(found, bytes):
            return found
        return Analysed(file, None, found[0], fault=found[1])

    def close(self) -> None:
        """End the process."""
        self._reader.__exit__(None, None, None)


def _bytes_of(path: str, size: int, mtime_ns: int) -> bytes | tuple[str, Fault]:
    try:
        data, changed = read_bytes(path)
    except UnreadablePhoto as error:
        return error.reason, Fault.PLACE if error.out_of_reach else Fault.PHOTO
    if (len(data), changed) != (size, mtime_ns):
        return "changed while it was read; ingest again", Fault.PHOTO
    return data
