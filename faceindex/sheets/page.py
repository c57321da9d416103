"""Pages from Jinja2 templates, everything inside the file, everything escaped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.sheets.crops import crops
from faceindex.types import Box

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Tile:
    """One face on a page. crop: a data URI, None when the photo is gone; link: to the photo."""

    crop: str | None
    link: str
    photo: str
    caption: str


def tiles(faces: Iterable[tuple[str, Box, str]]) -> list[Tile]:
    """Tiles for (photo, box, caption)."""
    wanted = list(faces)
    cut = crops((photo, box) for photo, box, _ in wanted)
    return [
        Tile(cut.get((photo, box)), Path(photo).as_uri(), _printable(photo), caption) for photo, box, caption in wanted
    ]


def render(template: str, **values: object) -> str:
    """The page of `template` with `values`."""
    return _templates().get_template(template).render(**values)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("faceindex.sheets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _printable(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")
