"""The documentation builds without a warning, describes every command and option, and loads nothing from elsewhere."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from documentation.commands import SHARED, commands
from documentation.shapes import shapes

ROOT = Path(__file__).resolve().parents[2]
LOADING = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "srcset"),
    ("video", "src"),
    ("link", "href"),
}
"""Tags and attributes whose address a browser fetches by itself."""


class Page(HTMLParser):
    """What a page loads, links to and can be linked to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        for name, value in values.items():
            fetched = (tag, name) in LOADING and values.get("rel") not in ("canonical", "prev", "next")
            if fetched:
                self.loaded.append(value)
            if name == "style":
                self.loaded += re.findall(r"url\(([^)]+)\)", value)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, "WARNING" in done.stderr + done.stdout) == (0, False), done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in site.rglob("*.html")}


def is_elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def test_pages_load_nothing_from_other_hosts(site: Path, pages: dict[Path, Page]) -> None:
    assert len(pages) > 35
    loaded = {address for page in pages.values() for address in page.loaded}
    assert "pages.css" in loaded
    assert [address for address in loaded if is_elsewhere(address)] == []
    for sheet in site.rglob("*.css"):
        styles = sheet.read_text(encoding="utf-8")
        fetched = re.findall(r"url\(\s*[\"']?([^)\"']+)|@import\s+[\"']([^\"']+)", styles)
        assert [address for pair in fetched for address in pair if is_elsewhere(address)] == [], sheet


def test_links_lead_to_pages_and_places_that_exist(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for address in page.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or file.name == "404.html":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.exists(), f"{file.relative_to(site)}: {address}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].anchors, f"{file.relative_to(site)}: {address}"


def test_every_command_and_option_is_described(site: Path) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "commands.html").read_text(encoding="utf-8")))
    for name, command in commands():
        begun = (
            text.index(f"\nfaceindex {name} ") if f"\nfaceindex {name} " in text else text.index(f"faceindex {name}")
        )
        section = text[begun : text.find("\nfaceindex ", begun + 1)]
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name not in SHARED:
                assert all(option in section for option in parameter.opts), (name, parameter.opts)


def test_every_answer_and_every_route_has_a_section(site: Path) -> None:
    answers = (site / "json.html").read_text(encoding="utf-8")
    assert [name for name in shapes()["commands"] if f'id="{name.replace(" ", "-")}"' not in answers] == []
    routes = (site / "rest.html").read_text(encoding="utf-8")
    assert "POST /search" in routes
    assert "GET /people" in routes


def test_navigation_names_every_page_once() -> None:
    listed = re.findall(r"^ +- ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - set(listed) == set()


def test_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 6000
    for address in re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text()):
        assert (ROOT / address).exists(), address


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_asks_no_other_host_for_anything(site: Path, scheme: str) -> None:
    """Every page at the width of a phone and of a desk: no request elsewhere, no error, nothing wider than the page."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for width in (390, 1440):
            page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
            asked: list[str] = []
            errors: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
            for file in sorted(site.rglob("*.html")):
                page.goto(file.as_uri())
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, (file.name, width, wide)
            assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
            assert errors == []
        browser.close()


def chromium() -> str:

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("no chromium")
