"""The start of a worker process. If it cannot start, it tells its parent the reason.

Only little is imported at the top, so that a missing library or too little memory can also be reported.
"""

from __future__ import annotations

import contextlib
import sys
import warnings

from faceindex.ingest.workers.messages import Started, StartFailure
from faceindex.ingest.workers.unexpected import in_words, is_exhaustion
from faceindex.system.children import inherited_connection
from faceindex.system.files import set_blocking


def main() -> None:
    """Serve the parent.

    Arguments: the connection's descriptor; the parent's process id, or 0; memory limit in bytes, or 0; the kind of
    work: "analyse" photos, "align" their faces, or "encode" what others have aligned.
    """
    set_blocking(sys.stderr.fileno(), False)  # the parent reads only the first lines
    connection, work = inherited_connection(int(sys.argv[1])), sys.argv[4]
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # the parent has ended
        try:
            from faceindex.errors import Note
            from faceindex.ingest.workers import encoder, worker
            from faceindex.photos.finding.addresses import take_secrets

            take_secrets()

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", Note)
                limits = {"memory": int(sys.argv[3]), "parent": int(sys.argv[2])}
                analyser = worker.prepare(connection, **limits, align=work != "encode", encode=work != "align")
        except (BrokenPipeError, EOFError, ConnectionResetError):
            return
        except Exception as error:
            connection.send(StartFailure(in_words(error), is_exhaustion(error)))
            return
        notes = (str(warning.message) for warning in caught if issubclass(warning.category, Note))
        connection.send(Started(tuple(dict.fromkeys(notes))))
        if work == "encode":
            encoder.serve(connection, analyser)
        else:
            worker.serve(connection, analyser, encode=work == "analyse")
