"""The `faceindex` command: its subcommands, and how an error becomes a message and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import sys
import threading
import time
import warnings
from typing import Any

import typer
from typer._completion_classes import completion_init

import faceindex
from faceindex.cli import verbosity
from faceindex.cli.lazily import LIBRARY, Commands
from faceindex.cli.output import errors
from faceindex.cli.quiet import quiet_libraries
from faceindex.errors import FaceindexError, Note

_COMMANDS = {
    "ingest": "ingest:ingest",
    "search": "search:search",
    "search-many": "batch:search_many",
    "identify": "identify:identify",
    "verify": "verify:verify",
    "cluster": "albums:cluster",
    "albums": "albums:app",
    "people": "people:app",
    "photos": "photos:app",
    "forget": "forgetting:forget",
    "compact": "library:compact",
    "check": "care:check",
    "backup": "care:backup",
    "restore": "care:restore",
    "repair": "care:repair",
    "reencode": "reencode:reencode",
    "index": "index:app",
    "status": "library:status",
    "export": "exchange:export",
    "import": "exchange:import_files",
    "merge": "merge:merge",
    "models": "models:app",
    "evaluate": "evaluate:app",
    "train": "train:app",
    "serve": "serve:app",
    "completion": "completion:completion",
}
"""For each command or group: the module in this package and the name in that module, in the order of the help."""


NAME = "faceindex"

COMPLETING = "_FACEINDEX_COMPLETE"
"""Environment variable that a shell sets when it asks for completions; see `faceindex completion`."""

_show_warning = warnings.showwarning


class _Faceindex(Commands):
    places = _COMMANDS


app = typer.Typer(
    name=NAME,
    cls=_Faceindex,
    help="Find every face in a photo collection, search by face, and see each person's album.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faceindex {faceindex.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the program itself."""


class _Stopped(BaseException):
    """Ctrl-C or SIGTERM arrived. Not a KeyboardInterrupt, because typer turns that into an exit code itself."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number  # the convention of shells


def main() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 the answer is no; 2 wrong usage or input; 3 the machine or a disk failed; 130 Ctrl-C;
    143 SIGTERM.
    """
    began = time.monotonic()
    quiet_libraries()
    if threading.current_thread() is threading.main_thread():
        for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
            if signal.getsignal(number) == usual:
                signal.signal(number, _stop)
    if COMPLETING in os.environ:
        completion_init()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    warnings.showwarning = _note
    library = os.environ.get(LIBRARY)
    try:
        code = app(prog_name=NAME, standalone_mode=False)
    except FaceindexError as error:
        code = _say(str(error), error.exit_code)
    except _Stopped as stopped:
        code = _say("stopped", stopped.exit_code)
    except (typer.Abort, KeyboardInterrupt):  # the input ended while a question waited for an answer
        code = _say("stopped", 130)
    except BrokenPipeError:  # the program that reads our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (OSError, sqlite3.OperationalError) as error:
        code = _say(f"{error}; is the disk full or disconnected?", 3)
    except MemoryError as error:
        code = _say(f"not enough memory ({error}); close other programs, or let this one use more", 3)
    except sqlite3.DatabaseError as error:
        code = _say(f"the catalog is damaged ({error}); `faceindex check` says what to do", 3)
    except Exception as error:
        if not hasattr(error, "format_message"):  # only errors about a wrong command line have it
            verbosity.LOGGER.critical("a bug in faceindex", exc_info=True)
            raise
        code = _wrong_use(error)
    verbosity.LOGGER.info("ended with exit code %d after %.1f s", code or 0, time.monotonic() - began)
    verbosity.reset()
    if library is None:
        os.environ.pop(LIBRARY, None)
    else:
        os.environ[LIBRARY] = library
    sys.exit(code if isinstance(code, int) else 0)


def _stop(number: int, frame: object) -> None:
    signal.signal(
        number, signal.SIG_DFL
    )  # a second signal stops at once, without the clean end that the first one gets
    raise _Stopped(number)


def _wrong_use(error: Any) -> int:
    """Print the help of a group that was called without a command, else the error. Returns the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message())
        return 0
    asked = error.ctx.command_path if error.ctx else NAME
    return _say(f"{error.format_message()} (see `{asked} --help`)", 2)


def _note(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    if issubclass(category, Note):
        errors.print(f"note: {message}", markup=False)
    else:
        _show_warning(message, category, *where, **more)


def _say(message: str, code: int) -> int:
    errors.quiet = False
    line = f"{NAME}: {' '.join(message.split())}"
    errors.print(line, markup=False)
    return code
