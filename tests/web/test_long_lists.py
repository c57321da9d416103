"""Pages of a large library in a real browser: grids of any length, many albums at once, the check of all names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser_pages import HOSTILE, LONG, RIGHT_TO_LEFT, Open
from people_library import date_photos, drawn_people, store_vectors
from playwright.sync_api import expect

import faceindex

MANY = 600
"""Faces of the first person."""


@pytest.fixture(scope="module")
def served_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One person with 600 faces, 150 with three, eight of whom are in two albums, and 60 faces alone. Face 5 of the
    first, who is Ann, has been named Bob, as the second is."""
    path = tmp_path_factory.mktemp("large") / "large.faces"
    (path.parent / "inbox").mkdir()
    people = [0] * MANY + [1] * 40 + [2] * 40 + [person for person in range(3, 153) for _ in range(3)]
    store_vectors(path, drawn_people(people + list(range(200, 260))))
    with faceindex.Library(path) as library:
        library.cluster()
        ann, bob = (library.faces.get(face).album for face in (1, MANY + 1))
        library.people.name("Ann", album=ann)
        library.people.name("Bob", album=bob)
        library.people.name("Bob", face=5, only=True)
    date_photos(path, {photo: f"2019-07-{1 + photo % 28:02d}T10:{photo % 60:02d}:00" for photo in range(1, 400)})
    return path


def test_a_grid_of_any_length_keeps_few_faces_in_the_page(opened: Open) -> None:
    page = opened("/people")
    page.get_by_role("link", name="Ann").first.click()
    tiles = page.locator("[data-windowed] > li")
    expect(tiles.first).to_be_visible()
    page.locator("[data-grid] li > a").first.focus()
    page.keyboard.press("End")
    last = page.locator(f'[data-windowed] > li[aria-posinset="{MANY - 1}"] > a')
    expect(last).to_be_focused()
    assert tiles.count() < 300
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    middle = page.locator("[data-windowed] > li:not(.waiting)[data-item]")
    expect(middle.first).to_be_visible()
    expect(page.locator("[data-windowed] > li.waiting")).to_have_count(0)
    places = [int(str(tile.get_attribute("aria-posinset"))) for tile in middle.all()]
    assert places == list(range(places[0], places[0] + len(places)))
    assert 150 < places[0] < 450
    middle.nth(40).locator("a").focus()
    page.keyboard.press(" ")
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator('[aria-posinset="1"]')).to_be_visible()
    expect(page.locator("#selection output")).to_have_text("1 selected")  # it is far from the screen now


def test_many_faces_are_selected_from_end_to_end_and_split_off(opened: Open) -> None:
    page = opened("/people")
    page.get_by_role("link", name="Ann").first.click()
    page.locator('[data-windowed] [aria-posinset="2"] input[name=face]').check()
    page.locator("[data-grid] li > a").nth(1).focus()
    page.keyboard.press("End")
    page.locator(f'[data-windowed] [aria-posinset="{MANY - 1}"] input[name=face]').click(modifiers=["Shift"])
    expect(page.locator("#selection output")).to_have_text("598 selected")
    page.keyboard.press("w")
    expect(page.locator("[data-grid] > li")).to_have_count(1)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator(".hint").first).to_contain_text("599 faces")


def test_albums_far_down_are_merged_with_a_person_and_it_is_said_how_many_faces(opened: Open) -> None:
    page = opened("/people")
    expect(page.locator('[data-count-of="albums"]')).to_have_text("151")
    cards = page.locator('[data-pages="albums"] > li[data-item]')
    for place in (2, 3, 120):
        item = page.locator(f'[data-pages="albums"] > li[aria-posinset="{place}"]')
        for _ in range(40):
            if item.count():
                break
            page.mouse.wheel(0, 300)
            page.wait_for_timeout(100)
        item.locator("input[name=group]").check()
    page.locator('[data-pages="people"] input[name=group]').first.check()
    expect(page.locator("#selection output")).to_have_text("4 selected, faces: 608")
    page.keyboard.press("m")
    expect(page.get_by_role("dialog")).to_contain_text("All 4 would become Ann: 608 faces")
    page.get_by_role("button", name="Yes, the same person").click()
    expect(page.locator('[data-count-of="albums"]')).to_have_text("148")
    expect(page.locator('[data-pages="people"] > li .under').first).to_contain_text("608 faces")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator('[data-count-of="albums"]')).to_have_text("151")
    assert cards.count() < 200


def test_wrong_names_are_found_and_put_right_by_sweeping_and_keys(opened: Open) -> None:
    page = opened("/audit")
    wrong = page.locator('[data-pages="misfits"] > li')
    expect(wrong).to_have_count(1, timeout=30_000)
    expect(wrong).to_contain_text("Ann?")
    wrong.locator("input[name=face]").check()
    page.keyboard.press("w")
    expect(wrong).to_have_count(0)
    expect(page.get_by_role("status").last).to_contain_text("Taken out")
    page.get_by_role("button", name="Undo").last.click()
    expect(wrong).to_have_count(1, timeout=30_000)
    wrong.get_by_role("button", name="It is Ann").click()
    expect(page.get_by_text("Every name fits.")).to_be_visible(timeout=30_000)


def test_faces_alone_are_named_or_said_to_be_none(opened: Open) -> None:
    page = opened("/alone")
    expect(page.locator("h1 small")).to_have_text("60")
    tiles = page.locator("[data-sweep] > li")
    tiles.first.locator("a").focus()
    for key in (" ", "ArrowRight", " "):
        page.keyboard.press(key)
    page.keyboard.press("x")
    expect(page.locator("h1 small")).to_have_text("58")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator("h1 small")).to_have_text("60")
    tiles.nth(3).locator("input[name=face]").check()
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile(r"/search\?face=\d+$"))


@pytest.mark.long
def test_names_of_any_kind_are_text_and_fit_on_any_screen(opened: Open, served_library: Path) -> None:
    with faceindex.Library(served_library) as library:
        for name in (HOSTILE, LONG[:500].strip(), RIGHT_TO_LEFT):
            library.people.name(name, album=library.albums.list(limit=2, unnamed=True)[1].album)
        hostile = library.people.get(HOSTILE)
    for width, path in ((360, "/people"), (360, f"/people/{hostile.id}"), (360, "/history"), (2560, "/people")):
        page = opened(path, viewport={"width": width, "height": 800})
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page = opened("/people")
    page.get_by_placeholder("Name").first.fill("bo")
    expect(page.locator("#names option")).to_have_count(2)  # Bob, and the word Bob in another name


def test_photos_are_found_by_folder_and_those_of_the_moment_are_beside(opened: Open) -> None:
    page = opened("/photos/100")
    expect(page.get_by_role("heading", name="At the same moment")).to_be_visible()
    expect(page.locator(".moment time").first).to_have_text(re.compile(r"^10:\d\d$"))
