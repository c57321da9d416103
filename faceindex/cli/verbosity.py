"""How much the program prints beside its answer: -q, -v and --log, before the command or after it."""

from __future__ import annotations

import logging
import os
import shlex
import stat
import sys
from pathlib import Path
from typing import Any

from typer.core import TyperOption

import faceindex
from faceindex.cli.output import errors, visible
from faceindex.errors import UsageError
from faceindex.photos.finding.addresses import without_secrets
from faceindex.system.files import APPEND, NOT_WAITING, set_blocking

LOGGER = logging.getLogger("faceindex")


def options() -> list[TyperOption]:
    """The three options, as new objects for each command. Each acts through its callback."""
    shared: dict[str, Any] = {"expose_value": False, "is_eager": True}
    return [
        TyperOption(
            param_decls=["--quiet", "-q"],
            is_flag=True,
            callback=_be_quiet,
            help="Print only the answer and errors.",
            **shared,
        ),
        TyperOption(
            param_decls=["--verbose", "-v"], is_flag=True, callback=_be_verbose, help="Print what is done.", **shared
        ),
        TyperOption(
            param_decls=["--log"],
            type=str,
            metavar="FILE",
            callback=_log_to,
            help="Append what is done, with times, to this file.",
            **shared,
        ),
    ]


def reset() -> None:
    """Undo these options after a run; a program may call `main` again."""
    errors.quiet = False
    for handler in [handler for handler in LOGGER.handlers if not isinstance(handler, logging.NullHandler)]:
        LOGGER.removeHandler(handler)
        handler.close()
        if isinstance(handler, logging.StreamHandler):
            handler.stream.close()


class _OnStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, above the progress bar if there is one."""
        if not hasattr(record, "was_said"):
            errors.say(self.format(record))


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record on one line, except for a traceback."""
        record.msg, record.args = visible(record.getMessage()), None
        return super().format(record)


def _be_quiet(_context: Any, _option: Any, wanted: bool) -> None:
    if wanted:
        errors.quiet = True


def _be_verbose(_context: Any, _option: Any, wanted: bool) -> None:
    if wanted and not any(isinstance(handler, _OnStderr) for handler in LOGGER.handlers):
        _listen(_OnStderr(), _Lines("%(message)s"))


def _log_to(context: Any, _option: Any, file: str | None) -> None:
    if file is None or context.resilient_parsing:
        return
    handler = logging.StreamHandler(os.fdopen(_opened(Path(file)), "a", encoding="utf-8", errors="backslashreplace"))
    _listen(handler, _Lines("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.info("faceindex %s: %s", faceindex.__version__, shlex.join(map(without_secrets, sys.argv[1:])))


def _listen(handler: logging.Handler, form: logging.Formatter) -> None:
    handler.setFormatter(form)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)


def _opened(file: Path) -> int:
    """Open the log; a new one is private. Raises: UsageError when it cannot be written, or is inside a library."""
    folder = Path(os.path.realpath(file)).parent
    if any((above / "catalog.sqlite").exists() for above in (folder, folder.parent)):
        raise UsageError(f"the log {file} would be inside a library; choose another place")
    try:
        descriptor = os.open(file, APPEND | NOT_WAITING, 0o600)
    except OSError as error:
        raise UsageError(f"cannot write the log {file}: {error.strerror or error}") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        set_blocking(descriptor, True)
    return descriptor
