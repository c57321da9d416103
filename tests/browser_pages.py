"""Fixtures: Debian's chromium, and a server with photos, for all tests of a module; each test begins with its state."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from running_server import RunningServer, running

import faceindex

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

HOSTILE = '<img src=x onerror=alert(1)> & "Bob"'
LONG = "Maximiliane-Charlotte " * 12 + "Hohenlohe" * 20
RIGHT_TO_LEFT = "שרה לוי"

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium; `apt-get install chromium` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def state(browser: Browser, shared_server: RunningServer) -> Any:
    """The cookie of a browser that opened the printed address."""
    context = browser.new_context()
    context.new_page().goto(shared_server.entrance)
    found = context.storage_state()
    context.close()
    return found


@pytest.fixture(scope="module")
def shared_server(served_library: Path) -> Iterator[RunningServer]:
    with running(served_library, "--photos", str(served_library.parent / "inbox")) as started:
        yield started


@pytest.fixture
def server(shared_server: RunningServer, served_library: Path) -> Iterator[RunningServer]:
    """The server of the module; what a test decides is undone after it."""
    with faceindex.Library(served_library) as library:
        before = max((act.act for act in library.history), default=0)
    yield shared_server
    with faceindex.Library(served_library) as library:
        for act in sorted(library.history, key=lambda act: -act.act):
            if act.act > before and not act.undone and act.undoes is None:
                library.history.undo(act.act)


@pytest.fixture
def opened(browser: Browser, server: RunningServer, state: Any) -> Iterator[Open]:
    """Opens a page of the server as a browser that is signed in; see `watched`."""
    contexts = list[Any]()

    def open_page(path: str = "/people", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": DESK, "locale": "en-GB", "storage_state": state} | options))
        watching = watched(context.new_page(), server.address)
        page = watching.__enter__()
        contexts.append((context, watching))
        page.goto(server.address + path)
        return page

    yield open_page
    for context, watching in contexts:
        context.close()
        watching.__exit__(None, None, None)


@pytest.fixture
def page(opened: Open) -> Page:
    """The page People."""
    return opened()


@contextmanager
def watched(page: Page, address: str) -> Iterator[Page]:
    """Errors in the page's console, and requests to others than the server, fail the test."""
    complaints = list[str]()
    page.on("console", lambda message: complaints.append(message.text) if is_error(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.removeprefix("blob:").startswith(address) else complaints.append(asked.url),
    )
    yield page
    assert complaints == []


def is_error(message: ConsoleMessage) -> bool:
    """The browser's own notes of answers upon which the page asks, or says that there is no face or no picture, are
    none."""
    may_be_missing = message.location["url"].endswith(("/crop", "/preview", "/preview?size=small", "/nothing"))
    expected = r"status of (404|409|422)" if may_be_missing else r"status of (409|422)"
    return message.type == "error" and not re.search(expected, message.text)
