"""A worker process: answers requests for pictures until its parent closes the pipe.

Its answers are bytes and not objects, so that a decoder that was taken over by a photo cannot run code in the parent.
"""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> None:
    """Serve the parent. Arguments: the connection's descriptor; the parent's process id, or 0; bytes, or 0."""
    from faceindex.system import children, processes

    connection, parent, memory = children.inherited_connection(int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent has ended
        from faceindex.photos.finding.addresses import take_secrets

        take_secrets()
        os.environ.setdefault("AWS_MAX_ATTEMPTS", "2")  # somebody waits for the picture
        if parent:
            processes.end_with_parent(parent)
        processes.be_killed_first()
        if memory:
            processes.limit_memory(memory)
        _silence()
        while True:
            connection.send_bytes(_answer(connection.recv()))


def _answer(request: object) -> bytes:
    from faceindex.crops.pictures import answer
    from faceindex.crops.requests import DONE, FAILED, PictureRequest, UploadRequest
    from faceindex.errors import UnreadablePhoto

    assert isinstance(request, PictureRequest | UploadRequest)
    try:
        return DONE + answer(request)
    except UnreadablePhoto as error:
        return FAILED + error.reason.encode(errors="replace")
    except MemoryError:
        return FAILED + b"not enough memory to decode it"
    except Exception as error:  # whatever a decoder raises
        return FAILED + f"damaged ({type(error).__name__})".encode()


def _silence() -> None:
    """Libraries write about damaged photos to stderr."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
