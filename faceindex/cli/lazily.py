"""Commands whose modules are loaded when they are asked for: who searches does not wait for what evaluates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup, TyperOption

from faceindex.cli import verbosity

LIBRARY = "FACEINDEX_LIBRARY"
"""Variable of the environment that names the library."""


class Commands(TyperGroup):
    """A group of commands by name. places: "module:name" of each, in this package; of a function or a Typer."""

    places: ClassVar[dict[str, str]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded(self.places)  # type: ignore[assignment]  # nothing adds to it
        self.params += [_library(), *verbosity.options()]

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in order; nothing is loaded."""
        return list(self.places)


class _Loaded(Mapping[str, Any]):
    """The commands by name, each made when it is looked up."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self._places[name].partition(":")
        found = getattr(import_module(f"faceindex.cli.{module}"), attribute)
        holder = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        return _with_shared_options(typer.main.get_group(holder).commands[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _with_shared_options(command: Any) -> Any:
    """Also of the commands in a group: people write options before and after the command that they belong to."""
    commands = getattr(command, "commands", {}).values()
    below = [_with_shared_options(one) for one in commands]
    if any(_takes_library(one) for one in below):
        command.params.append(_library())
    command.params += verbosity.options()
    return command


def _takes_library(command: Any) -> bool:
    return any("--library" in parameter.opts for parameter in command.params)


def _library() -> TyperOption:
    """-L before the command that it is for."""
    return TyperOption(
        param_decls=["--library", "-L"],
        type=str,
        metavar="DIR",
        expose_value=False,
        callback=_choose_library,
        help="The library's folder, of whatever command follows.",
    )


def _choose_library(context: Any, _option: Any, chosen: str | None) -> None:
    if chosen is not None and not context.resilient_parsing:
        os.environ[LIBRARY] = chosen  # where the command that follows looks for it
