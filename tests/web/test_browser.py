"""The pages in a real browser: Debian's chromium, where it is installed (`apt-get install chromium`)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from people_library import drawn_people, store_vectors
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from running_server import RunningServer, running

import faceindex

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; `apt-get install chromium` installs it")

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def server(small_library: faceindex.Library, tmp_path: Path) -> Iterator[RunningServer]:
    """A copy of `small_library`, whose photos are of one face; split into two albums."""
    shutil.copytree(small_library.path, tmp_path / "copy.faces")
    with faceindex.Library(tmp_path / "copy.faces") as library:
        faces = [face.face for face in library.albums.faces(1)]
        library.albums.split(1, faces[:8])
    with running(tmp_path / "copy.faces") as started:
        yield started


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page that opened the printed address. Errors in its console, and requests to others, fail the test."""
    context = browser.new_context(viewport=DESK, locale="en-GB")  # type: ignore[arg-type]
    opened, complaints = context.new_page(), list[str]()
    opened.on("console", lambda message: complaints.append(message.text) if is_error(message) else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda asked: (
            None if asked.url.removeprefix("blob:").startswith(server.address) else complaints.append(asked.url)
        ),
    )
    opened.goto(server.entrance)
    yield opened
    context.close()
    assert complaints == []


def is_error(message: ConsoleMessage) -> bool:
    """The browser's own notes of answers upon which the page asks, or says that there is no face, are none."""
    return message.type == "error" and not re.search(r"status of (409|422)", message.text)


def faces_shown(page: Page) -> int:
    return page.locator("[data-grid] .tile:visible").count()


def test_from_the_address_to_a_named_person_and_back(page: Page) -> None:
    """Within six clicks: name, open the person, undo."""
    expect(page).to_have_url(re.compile("/people$"))
    expect(page.locator("#unnamed ~ ul > li")).to_have_count(2)
    page.get_by_placeholder("Name").first.fill("Eileen Collins")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Named Eileen Collins")
    page.get_by_role("link", name="Eileen Collins").click()
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()
    expect(page.locator(".crop").first).to_have_js_property("naturalWidth", 256)
    assert faces_shown(page) == 12
    page.go_back()
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator(".undone")).to_have_count(1)
    page.get_by_role("link", name="People").click()
    expect(page.locator("#unnamed ~ ul > li")).to_have_count(2)


def test_two_names_become_one_only_when_somebody_says_so(page: Page) -> None:
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    expect(page.locator("#named ~ ul > li")).to_have_count(1)
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Is this the same person?")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#unnamed ~ ul > li")).to_have_count(1)
    page.get_by_placeholder("Name").first.press("Enter")
    page.get_by_role("button", name="Yes, the same person").click()
    expect(page.locator("#named ~ ul > li .under")).to_contain_text("20 faces")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator("#named ~ ul > li .under")).to_contain_text("12 faces")


def test_faces_are_selected_by_keys_and_said_to_be_somebody_elses(page: Page) -> None:
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Eileen").click()
    page.locator("[data-grid] .tile > a").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("#selection output")).to_have_text("2 selected")
    page.get_by_role("button", name="Somebody else").click()
    expect(page.locator("[data-grid] .tile:visible")).to_have_count(10)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator("[data-grid] .tile:visible")).to_have_count(12)


def test_two_browsers_see_each_others_acts(page: Page, browser: Browser, server: RunningServer) -> None:
    page.get_by_role("link", name="Status").click()
    page.get_by_role("button", name="Sign in another device").click()
    address = page.locator("dialog .address").inner_text()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="People").click()
    context = browser.new_context(viewport=PHONE, locale="de-DE", color_scheme="dark")  # type: ignore[arg-type]
    other = context.new_page()
    other.goto(address)
    expect(other.get_by_role("heading", name="Wer ist das?")).to_be_visible()
    other.get_by_placeholder("Name").first.fill("Eileen")
    other.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Eileen")).to_be_visible()
    assert other.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_questions_are_answered_by_keys(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "drawn.faces"
    store_vectors(path, drawn_people([0] * 6 + [1] * 6 + [2] * 6))
    with faceindex.Library(path) as library:
        library.cluster(threshold=0.25)  # so that some people are in two albums
        asked = len(library.people.suggestions())
        assert asked == 3
    with running(path) as server:
        page = browser.new_context(viewport=PHONE, locale="en-GB").new_page()  # type: ignore[arg-type]
        page.goto(server.entrance)
        page.get_by_role("link", name="Review").click()
        question = page.locator("[data-question]")
        first = question.get_attribute("data-question")
        page.keyboard.press("s")
        expect(question).not_to_have_attribute("data-question", str(first))
        second = question.get_attribute("data-question")
        page.keyboard.press("y")
        expect(page.get_by_role("status")).to_contain_text("Done")
        expect(page.get_by_text("There is nothing to ask.")).to_be_visible()  # the answer settled the others
        page.keyboard.press("u")
        expect(question).to_have_attribute("data-question", str(second))
        expect(page.locator(".large .missing")).to_have_count(2)  # there are no photos, and the page says so
        expect(page.locator(".large .missing").first).to_contain_text("No such file")
        page.context.close()


def test_a_missed_face_is_drawn(page: Page) -> None:
    page.get_by_role("link", name="Photos").click()
    page.locator("[data-grid] .tile", has_text="1 face").first.locator("a").click()
    expect(page.locator("ul.who > li")).to_have_count(1)
    page.get_by_role("button", name="Not a face").click()
    expect(page.locator("ul.who > li")).to_have_count(0)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator("ul.who > li")).to_have_count(1)
    page.get_by_role("button", name="Add a missed face").click()
    place = page.locator("#photo svg").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    page.mouse.down()
    page.mouse.move(place["x"] + 60, place["y"] + 70)
    page.mouse.up()
    expect(page.locator("#drawing input[name=box]")).to_have_value(re.compile(r"^\d+, \d+, \d+, \d+$"))
    page.get_by_label("Name", exact=True).fill("Drawn")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("ul.who > li")).to_have_count(2, timeout=30_000)
    expect(page.get_by_role("link", name="Drawn", exact=True)).to_be_visible()


def test_wrong_faces_are_swept_and_rejected(page: Page) -> None:
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Eileen").click()
    page.get_by_role("link", name="Check all faces").click()
    tiles = page.locator("[data-sweep] .tile:visible")
    expect(tiles).to_have_count(12)
    for number in range(3):
        place = tiles.nth(number).locator("img").bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + 20, place["y"] + 20)
        page.mouse.down()  # once it is down this changes nothing
    page.mouse.up()
    expect(page.locator("#selection output")).to_have_text("3 selected")
    page.get_by_role("button", name="Somebody else").click()
    expect(tiles).to_have_count(9)
    page.get_by_role("button", name="Undo").last.click()
    expect(tiles).to_have_count(12)


def test_a_photo_is_dropped_and_its_person_found(page: Page, many_photos: Path) -> None:
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Choose a photo").set_input_files(many_photos / "nothing-0.png")
    expect(page.get_by_text("No face was found in this photo.")).to_be_visible(timeout=30_000)
    page.get_by_label("Choose a photo").set_input_files(many_photos / "07.jpg")
    expect(page.locator("#matches .name", has_text="Eileen").first).to_be_visible(timeout=30_000)
    with page.expect_response(re.compile("threshold=0\\.")) as answered:
        page.get_by_label("How near").fill("0.5")
    (face,) = answered.value.json()["faces"]
    expect(page.locator("#matches > li")).to_have_count(len(face["matches"]))
    page.locator("#matches a").first.click()
    expect(page).to_have_url(re.compile(r"/photos/\d+\?face=\d+$"))


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_and_dialogs_are_accessible(browser: Browser, server: RunningServer, scheme: str) -> None:
    """As axe-core judges them."""
    context = browser.new_context(viewport=DESK, locale="en-GB", color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page, axe = context.new_page(), Axe()

    def judge() -> None:
        found = axe.run(page).response["violations"]
        assert [(page.url, one["id"], one["nodes"][0]["html"]) for one in found] == []

    page.goto(f"{server.address}/login")
    judge()
    page.goto(server.entrance)
    page.get_by_placeholder("Name").first.fill("Eileen")
    page.keyboard.press("Enter")
    person = page.get_by_role("link", name="Eileen")
    person.wait_for()
    for path in (
        "people",
        "photos",
        "photos/1",
        "review",
        "history",
        "status",
        "nothing",
        person.get_attribute("href"),
    ):
        page.goto(f"{server.address}/{str(path).lstrip('/')}")
        judge()
    page.locator("summary").click()
    judge()
    page.get_by_role("button", name="Erase for good").click()
    judge()
    page.get_by_role("button", name="Cancel").click()
    page.locator("summary").click()
    page.locator('input[name="face"]').first.check()
    judge()
    context.close()
