"""`faceindex completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Annotated

import typer

from faceindex.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


def completion(
    shell: Annotated[
        str | None, typer.Argument(metavar="[bash|zsh|fish]", help="The shell. Default: the one you log in with.")
    ] = None,
) -> None:
    """Print what lets a shell complete commands and options; in ~/.bashrc: source <(faceindex completion bash)."""
    from typer._completion_shared import get_completion_script  # only here: it loads what starts programs

    chosen = shell or PurePath(os.environ.get("SHELL", "bash")).name
    if chosen not in SHELLS:
        raise UsageError(f"no completion is known for the shell {chosen}; there are {', '.join(SHELLS)}")
    typer.echo(get_completion_script(prog_name="faceindex", complete_var="_FACEINDEX_COMPLETE", shell=chosen))
