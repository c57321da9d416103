"""The pages in a real browser: Debian's chromium, where it is installed (`apt-get install chromium`)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browser_pages import PHONE, Open
from people_library import drawn_people, store_vectors
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect
from running_server import RunningServer, running

import faceindex


@pytest.fixture(scope="module")
def served_library(small_library: faceindex.Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `small_library`, whose photos are of one face; split into two albums."""
    path = tmp_path_factory.mktemp("served") / "copy.faces"
    (path.parent / "inbox").mkdir()
    shutil.copytree(small_library.path, path)
    with faceindex.Library(path) as library:
        faces = [face.face for face in library.albums.faces(1)]
        library.albums.split(1, faces[:8])
    return path


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
    expect(page.locator("li.undone", has_text="faces named Eileen Collins")).to_have_count(1)
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


def test_two_browsers_see_each_others_acts(page: Page, opened: Open) -> None:
    page.get_by_role("link", name="Status").click()
    page.get_by_role("button", name="Sign in another device").click()
    address = page.locator("dialog .address").inner_text()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="People").click()
    other = opened("/login", viewport=PHONE, locale="de-DE", color_scheme="dark", storage_state=None)
    other.goto(address)
    expect(other.get_by_role("heading", name="Wer ist das?")).to_be_visible()
    other.get_by_placeholder("Name").first.fill("Eileen")
    other.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Eileen")).to_be_visible(timeout=2000)
    assert other.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


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
        expect(page.locator(".whole")).to_contain_text("about")  # whole albums, or a face and an album
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


def test_photos_are_found_by_names_and_folders(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "drawn.faces"
    vectors = drawn_people([0] * 10 + [1] * 5)
    store_vectors(path, vectors[4:], prefix="home/photo")
    store_vectors(path, vectors[:4], prefix="away/photo")
    with faceindex.Library(path) as library:
        library.cluster(threshold=0.6)
        library.people.name("Ann", album=1)
        library.people.name("Bob", album=2)
    with running(path) as server:
        page = browser.new_context(viewport=PHONE, locale="en-GB").new_page()  # type: ignore[arg-type]
        page.goto(server.entrance)
        page.get_by_role("link", name="Photos").click()
        tiles, find = page.locator("ul.photos > li"), page.locator(".filters summary")
        expect(tiles).to_have_count(15)
        find.click()
        page.get_by_label("With all of").fill("A")
        expect(page.locator("#names option")).to_have_count(1)
        page.get_by_label("With all of").fill("Ann")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/photos\?shows=\w{10}$"))
        expect(tiles).to_have_count(10)
        page.get_by_label("In the folder").select_option("/away (4)")
        page.get_by_role("button", name="Find").click()
        expect(tiles).to_have_count(4)
        expect(page.get_by_label("In the folder").locator("option:checked")).to_have_text("/away (4)")
        page.get_by_role("checkbox", name="Ann").uncheck()
        page.get_by_label("Without").fill("Ann")
        page.get_by_role("button", name="Find").click()
        expect(page.locator(".empty")).to_have_text("No photo is like that.")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_erasing_asks_twice_and_says_how_much(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "drawn.faces"
    store_vectors(path, drawn_people([0] * 10 + [1] * 5))
    with faceindex.Library(path) as library:
        library.cluster(threshold=0.6)
        person = library.people.name("Ann", album=1).person
        assert person == "Ann"
    with running(path) as server:
        page = browser.new_context(locale="en-GB").new_page()
        page.goto(server.entrance)
        page.get_by_role("link", name="Ann").click()
        page.locator("details.acts summary").click()
        page.get_by_role("button", name="Erase for good").click()
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text("Erase Ann: 10 faces, with their vectors, would be erased for good.")
        expect(asked).to_contain_text("10 photos that show nobody else would leave the library, too.")
        expect(asked).not_to_contain_text("stay in the library")
        page.get_by_role("button", name="Continue").click()
        expect(asked).to_contain_text("This cannot be undone.")
        page.get_by_role("dialog").get_by_role("button", name="Erase").click()
        expect(page).to_have_url(re.compile("/people$"))
        expect(page.locator("#named ~ ul > li")).to_have_count(0)
    with faceindex.Library(path) as library:
        assert (library.status().faces, library.status().people) == (5, 0)


def test_a_face_is_drawn_by_keys_alone(opened: Open) -> None:
    page = opened("/photos")
    page.locator("[data-grid] .tile", has_text="1 face").last.locator("a").focus()
    page.keyboard.press("Enter")
    expect(page.locator("ul.who > li")).to_have_count(1)
    page.keyboard.press("d")
    page.keyboard.press("ArrowLeft")
    before = page.locator("#drawing input[name=box]").input_value().split(", ")
    for key in ("ArrowUp", "ArrowUp", "Shift+ArrowRight"):
        page.keyboard.press(key)
    x, y, width, height = map(int, page.locator("#drawing input[name=box]").input_value().split(", "))
    assert [x, y < int(before[1]), width > int(before[2]), height] == [int(before[0]), True, True, int(before[3])]
    page.locator("#drawing input[name=box]").fill("0, 0, 40, 40")
    page.locator("#photo svg").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Key")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Key", exact=True)).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.locator("ul.who > li")).to_have_count(2)


def test_a_face_of_the_library_is_searched_with_and_what_it_finds_is_named(page: Page) -> None:
    page.locator("#unnamed ~ ul > li a").first.click()
    page.get_by_role("link", name="Find similar").click()
    matches = page.locator("#matches > li")
    expect(matches).to_have_count(8)  # the other album's: an album does not find itself
    matches.nth(0).locator("input[name=face]").check()
    matches.nth(3).locator("input[name=face]").click(modifiers=["Shift"])
    expect(page.locator("#selection output")).to_have_text("4 selected")
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("Name").fill("Similar")
    page.keyboard.press("Enter")
    expect(page.locator("#matches .name", has_text="Similar")).to_have_count(4)


def test_photos_of_a_moment_and_the_next_ones_are_one_key_away(opened: Open) -> None:
    page = opened("/photos")
    page.locator("[data-grid] .tile a").nth(1).click()
    here = page.url
    expect(page.get_by_role("heading", name="In the same folder")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(here)
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(here)


def test_keys_are_told_and_lead_to_every_page(page: Page) -> None:
    page.locator("#main").press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Status")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    for key, address in (("f", "photos"), ("s", "search"), ("r", "review"), ("c", "audit"), ("h", "history")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"/{address}$"))


def test_photos_that_are_ingested_appear_while_the_work_is_shown(
    opened: Open, server: RunningServer, served_library: Path, many_photos: Path
) -> None:
    inbox = served_library.parent / "inbox"
    for number, turned in enumerate(("00", "04")):
        ImageOps.mirror(Image.open(many_photos / f"{turned}.jpg")).save(inbox / f"new-{number}.jpg", quality=80)
    (inbox / "broken.jpg").write_bytes((many_photos / "cut-off.jpg").read_bytes()[:2000])
    photos = opened("/photos")
    expect(photos.locator("h1 small")).to_have_text("22")
    page = opened("/jobs")
    page.get_by_role("button", name="Look for new photos").click()
    expect(page.locator("#jobs li", has_text="New photos")).to_contain_text("done", timeout=60_000)
    expect(page.locator("table")).to_contain_text("broken.jpg")
    expect(photos.locator("h1 small")).to_have_text("24")


def test_whoever_knows_the_password_signs_in(browser: Browser, served_library: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "faceindex", "serve", "passwd", "-L", served_library],
        input=b"correct horse\n",
        check=True,
    )
    with running(served_library) as server:
        page = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
        page.goto(f"{server.address}/people")
        page.get_by_label("Password").fill("wrong horse")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("The password is wrong")
        page.get_by_label("Password").fill("correct horse")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Who is this?")).to_be_visible()
        page.close()
