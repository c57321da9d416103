"""Pages from Jinja2 templates, everything inside the file, everything escaped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from faceindex.sheets.crops import crops
from faceindex.types import Box

_templates = Environment(
    loader=PackageLoader("faceindex.sheets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


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
    return _templates.get_template(template).render(**values)


def _printable(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")
