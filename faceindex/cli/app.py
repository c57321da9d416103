"""The `faceindex` command: its groups, and how errors leave it."""

from __future__ import annotations

import io
import os
import sqlite3
import sys

import typer

import faceindex
from faceindex.cli import (
    albums,
    batch,
    calibrate,
    care,
    evaluate,
    identify,
    index,
    ingest,
    library,
    models,
    people,
    photos,
    reencode,
    search,
)
from faceindex.cli.output import errors
from faceindex.errors import FaceindexError

app = typer.Typer(
    name="faceindex",
    help="Find every face in a photo collection, search by face, and see each person's album.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ingest")(ingest.ingest)
app.command("search")(search.search)
app.command("search-many")(batch.search_many)
app.command("identify")(identify.identify)
app.command("verify")(search.verify)
app.command("cluster")(albums.cluster)
app.add_typer(albums.app, name="albums")
app.add_typer(people.app, name="people")
app.add_typer(photos.app, name="photos")
app.command("forget")(people.forget)
app.command("compact")(library.compact)
app.command("check")(care.check)
app.command("backup")(care.backup)
app.command("repair")(care.repair)
app.command("reencode")(reencode.reencode)
app.add_typer(index.app, name="index")
app.command("status")(library.status)
app.command("export")(library.export)
app.add_typer(models.app, name="models")
evaluate.app.command("calibrate")(calibrate.calibrate)
app.add_typer(evaluate.app, name="evaluate")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faceindex {faceindex.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command line: exit codes 0 done, 1 the answer is no, 2 bad usage or input, 3 refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be UTF-8
    try:
        code = app(standalone_mode=False)
    except FaceindexError as error:
        code = _say(str(error), error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        code = _say("stopped", 130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (OSError, sqlite3.OperationalError) as error:
        code = _say(f"{error}; is the disk full, or gone?", 3)
    except sqlite3.DatabaseError as error:
        code = _say(f"the catalog is damaged ({error}); `faceindex check` tells what to do", 3)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what a wrong command line raises has it
            raise
        code = _say(f"{error.format_message()} (`faceindex --help` tells what there is)", 2)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, code: int) -> int:
    errors.print(f"faceindex: {' '.join(message.split())}", markup=False)
    return code
