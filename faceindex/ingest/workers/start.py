"""The start of a worker process. If it cannot start, it tells its parent the reason.

Only little is imported at the top, so that a missing library or too little memory can also be reported.
"""

from __future__ import annotations

import contextlib
import os
import sys
from multiprocessing.connection import Connection

from faceindex.ingest.workers.messages import StartFailure
from faceindex.ingest.workers.unexpected import in_words, is_exhaustion


def main() -> None:
    """Serve the parent. Arguments: the connection's descriptor; the parent's process id, or 0; memory limit in bytes,
    or 0; "align" for a worker that leaves the encoding to another process."""
    os.set_blocking(sys.stderr.fileno(), False)  # the parent reads only the first lines
    connection = Connection(int(sys.argv[1]))
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent has ended
        try:
            from faceindex.ingest.workers.worker import prepare, serve
            from faceindex.photos.finding.addresses import take_secrets

            take_secrets()

            encode = sys.argv[4] != "align"
            analyser = prepare(connection, parent=int(sys.argv[2]), memory=int(sys.argv[3]), encode=encode)
        except (BrokenPipeError, EOFError, ConnectionResetError):
            return
        except Exception as error:
            connection.send(StartFailure(in_words(error), is_exhaustion(error)))
            return
        connection.send(None)
        serve(connection, analyser, encode=encode)
