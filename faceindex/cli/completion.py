"""`faceindex completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Annotated

import typer

from faceindex.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


def completion(
    shell: Annotated[
        str | None, typer.Argument(metavar="[bash|zsh|fish]", help="The shell. Default: your login shell.")
    ] = None,
) -> None:
    """Print a script for your shell to complete commands. For ~/.bashrc: source <(faceindex completion bash)"""
    from typer._completion_shared import get_completion_script  # slow to import: it loads subprocess

    chosen = shell or PurePath(os.environ.get("SHELL", "bash")).name
    if chosen not in SHELLS:
        raise UsageError(f"there is no completion for the shell {chosen}; choose one of {', '.join(SHELLS)}")
    typer.echo(get_completion_script(prog_name="faceindex", complete_var="_FACEINDEX_COMPLETE", shell=chosen))
