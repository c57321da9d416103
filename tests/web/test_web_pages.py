"""The pages as HTML: what they show to whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors
from web_server import Serve, Server

import faceindex
from faceindex.web.pages.assets import version
from faceindex.web.scopes import Scope

HTML = {"Accept": "text/html"}
WEB = Path(__file__).parents[2] / "faceindex" / "web"


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve()


def items(html: str, pages: str) -> int:
    """The number of items of a list."""
    found = re.search(rf'data-pages="{pages}".*?</[uo]l>', html, re.DOTALL)
    assert found
    return found[0].count("data-item=")


def test_people_without_a_name_come_first_and_the_largest_of_them(server: Server) -> None:
    server.library.albums.split(2, [face.face for face in server.library.albums.faces(2)][:2])
    html = server.browser().get("/people", headers=HTML).text
    sizes = [int(number) for number in re.findall(r'<span class="under">(\d+) face', html.partition('id="named"')[0])]
    assert sizes == [5, 5, 3, 2]
    assert html.index('id="unnamed"') < html.index('id="named"') < html.index(">Ann<")


def test_readers_see_no_buttons_that_they_may_not_press(server: Server) -> None:
    person = server.library.people.get("Ann").id
    for path in ("/people", f"/people/{person}", "/albums/2", "/photos/1", "/history", "/status"):
        html = server.browser(Scope.READ).get(path, headers=HTML).text
        assert "data-post" not in html, path
        assert "data-forget" not in html, path
    assert "data-forget" not in server.browser(Scope.DECIDE).get(f"/people/{person}", headers=HTML).text
    assert "data-forget" in server.browser(Scope.ADMIN).get(f"/people/{person}", headers=HTML).text


def test_an_album_with_a_name_is_its_persons_and_a_face_its_photos(server: Server) -> None:
    browser = server.browser()
    person = server.library.people.get("Ann").id
    assert browser.get("/albums/1", follow_redirects=False).headers["location"] == f"/people/{person}"
    assert browser.get("/faces/2", follow_redirects=False).headers["location"] == "/photos/2?face=2"


def test_long_lists_come_in_pages(server: Server) -> None:
    browser = server.browser()
    first = browser.get("/photos?shown=8", headers=HTML).text
    link = re.search(r'data-more="photos"><a class="button" href="([^"]*)"', first)
    assert link
    assert items(first, "photos") == 8
    second = browser.get(f"/photos{link[1]}", headers=HTML).text
    assert items(second, "photos") == 13
    assert "data-more" not in second


def test_photos_are_found_by_the_people_in_them(server: Server) -> None:
    browser = server.browser()
    person = server.library.people.get("Ann").id
    found = browser.get(f"/photos?shows={person}&first=&last=&shown=3", headers=HTML).text
    assert items(found, "photos") == 3
    assert f"&amp;shows={person}" in found
    assert items(browser.get(f"/photos?without={person}", headers=HTML).text, "photos") == 16
    assert "No photo is like that" in browser.get(f"/photos?shows={person}&first=2020", headers=HTML).text


def test_people_are_found_by_their_names(server: Server) -> None:
    """As the form sends it; the address has ids, as names may change and addresses are written down."""
    browser = server.browser()
    person = server.library.people.get("Ann").id
    query = "first=&last=&folder=&shown=3"
    sent = browser.get(f"/photos?with=Ann&not=&{query}", headers=HTML, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/photos?shows={person}")
    again = browser.get(f"/photos?shows={person}&with= Ann &not=&{query}", headers=HTML, follow_redirects=False)
    assert again.headers["location"] == f"/photos?shows={person}"
    without = browser.get(f"/photos?with=&not=Ann&{query}", headers=HTML, follow_redirects=False)
    assert without.headers["location"] == f"/photos?without={person}"
    found = browser.get(sent.headers["location"], headers=HTML).text
    assert re.search(rf'name="shows" value="{person}" checked> <bdi>Ann</bdi>', found)
    nobody = browser.get(f"/photos?shows={person}&with=An<i>na&{query}", headers=HTML, follow_redirects=False)
    assert nobody.status_code == 200
    assert "Nobody is called An&lt;i&gt;na." in nobody.text
    assert items(nobody.text, "photos") == 3  # those with Ann
    assert f'value="{person}" checked' in nobody.text


def test_a_page_that_does_not_exist_says_so_in_the_browsers_language(server: Server) -> None:
    browser = server.browser()
    for path in ("/people/0000000000", "/albums/99", "/photos/99", "/nothing"):
        answer = browser.get(path, headers=HTML | {"Accept-Language": "de"})
        assert answer.status_code == 404, path
        assert "Diese Seite gibt es nicht" in answer.text


def test_assets_may_be_kept_and_pages_may_not(server: Server) -> None:
    browser = server.browser()
    page = browser.get("/people", headers=HTML)
    assert page.headers["cache-control"] == "no-store"
    script = re.search(r'src="(/static/[^"]+/pages.js)"', page.text)
    assert script
    kept = server.client.get(script[1])
    assert "immutable" in kept.headers["cache-control"]
    assert kept.headers["content-type"].startswith("text/javascript")
    assert server.client.get("/static/old/pages.js").headers["cache-control"] == "no-cache"


def test_the_people_page_is_small(serve: Serve, people: faceindex.Library) -> None:
    store_vectors(people.path, drawn_people(list(range(5, 80)) * 2, seed=9), prefix="more")
    people.cluster(threshold=0.6)
    browser = serve().browser()
    page = browser.get("/people", headers=HTML)
    assets = [browser.get(f"/static/{version()}/{file.name}") for file in (WEB / "static").iterdir()]
    sizes = [len(page.content), *(int(asset.headers["content-length"]) for asset in assets)]
    assert items(page.text, "albums") == 48
    assert sum(sizes) < 60_000, sizes
