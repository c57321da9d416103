"""Hooks of mkdocs: pages that programs write, and a navigation of the pages that exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from documentation import commands, rest, shapes

GENERATED: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "rest.md": rest.page,
    "json.md": shapes.page,
}
WORKER = "https://unpkg.com/iframe-worker/shim"
"""What the theme would fetch so that pages opened from a disk can be searched; docs/iframe-worker.js is the same."""

UNLISTED = "How-to"
"""Section of pages that mkdocs.yml does not name."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Leave out pages of the navigation that do not exist; add those that it does not name."""
    written = {path.name for path in Path(config.docs_dir).glob("*.md")}
    nav: list[dict[str, list[str]]] = config.nav or []
    listed = {page for section in nav for pages in section.values() for page in pages}
    config.nav = [
        {
            title: [page for page in pages if page in written | GENERATED.keys()]
            + (sorted(written - listed) if title == UNLISTED else [])
            for title, pages in section.items()
        }
        for section in nav
    ]
    return config


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the generated pages, and the JSON Schema that one of them shows."""
    for name, page in GENERATED.items():
        files.append(File.generated(config, name, content=page()))
    files.append(File.generated(config, "shapes.json", content=shapes.FILE.read_text(encoding="utf-8")))
    return files


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> str:
    """The page with a script of ours in place of the one that the theme fetches from another host."""
    return output.replace(WORKER, get_relative_url("iframe-worker.js", page.url))


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """The same for 404.html, which is a template and no page."""
    return output.replace(WORKER, "/iframe-worker.js")
