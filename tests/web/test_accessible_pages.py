"""Every page and dialog as axe-core judges it, light and dark; the pages are those that the app has."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_pages import HOSTILE, RIGHT_TO_LEFT, Open
from fastapi.routing import APIRoute
from people_library import date_photos, drawn_people, store_vectors
from playwright.sync_api import Page

import faceindex
from faceindex.web import pages

NO_PAGES = ("/", "/static/{hash}/{name}", "/faces/{face}")
"""Routes that lead to a page, or give a part of one."""


@pytest.fixture(scope="module")
def served_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Albums with and without a name, wrong names, faces alone, one hidden person and a file that could not be read."""
    path = tmp_path_factory.mktemp("served") / "all.faces"
    inbox = path.parent / "inbox"
    inbox.mkdir()
    (inbox / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    store_vectors(path, drawn_people([person for person in range(60) for _ in range(4)] + list(range(60, 70))))
    with faceindex.Library(path) as library:
        library.ingest([inbox])
        library.cluster()
        for number, name in enumerate(("Ann", "Bob", HOSTILE, RIGHT_TO_LEFT, "Eve"), start=1):
            library.people.name(name, album=number)
        for face in (1, 2):
            library.people.name("Bob", face=face, only=True)
        library.people.hide("Eve")
        library.people.prepare()
    date_photos(path, {photo: f"2019-07-20T10:{photo % 60:02d}:00" for photo in range(1, 30)})
    return path


def paths(library: Path) -> list[str]:
    """An address of each page."""
    modules = [import_module(f"{pages.__name__}.{one.name}") for one in iter_modules(pages.__path__)]
    routes = [route for module in modules if hasattr(module, "routes") for route in module.routes.routes]
    with faceindex.Library(library) as opened:
        person = opened.people.get("Bob").id
        album = opened.albums.list(limit=1, unnamed=True)[0].album
    found = [
        route.path.format(person=person, album=album, photo=1)
        for route in routes
        if isinstance(route, APIRoute) and route.path not in NO_PAGES
    ]
    assert len(found) > 12
    return [*found, "/nothing", f"/search?person={person}", "/alone?order=likeness", f"/photos?shows={person}"]


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_and_dialogs_are_accessible(opened: Open, served_library: Path, scheme: str, width: int) -> None:
    axe = Axe()
    page = opened(
        "/review", viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True, locale="de-DE"
    )

    def judge(what: str) -> None:
        violations = axe.run(page).response["violations"]
        assert [(what, one["id"], one["nodes"][0]["html"]) for one in violations] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, what

    for path in paths(served_library):
        open_quietly(page, path)
        judge(path)
    for path, opens in (
        ("/people", ["?"]),
        ("/photos/1", ["d"]),
    ):
        open_quietly(page, path)
        for key in opens:
            page.keyboard.press(key)
        judge(f"{path} after {opens}")
    open_quietly(page, "/people")
    for place in (0, 1):
        page.locator("input[name=group]").nth(place).check(force=True)
    judge("selected people")
    page.keyboard.press("m")
    page.get_by_role("dialog").wait_for()
    judge("merging")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Bob").first.click()
    page.locator("summary").click()
    judge("acts about a person")
    page.get_by_role("button", name="Endgültig").click()
    page.get_by_role("dialog").wait_for()
    judge("erasing")
    page.keyboard.press("Escape")
    page.locator("summary").click()
    page.locator("input[name=face]").first.check(force=True)
    judge("selected faces")
    page.keyboard.press("n")
    page.get_by_role("dialog").wait_for()
    judge("naming")


def open_quietly(page: Page, path: str) -> None:
    """Open a page, and wait for what it fetches."""
    address = "/".join(page.url.split("/")[:3])
    page.goto(address + path)
    page.wait_for_timeout(700)
