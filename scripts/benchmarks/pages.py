"""Pages in a browser: how smoothly long grids scroll, how soon a page is seen, and what is sent for it.

A library is drawn (make_library) with --faces faces in as many photos, in albums; and one whose faces are all one
person's. Debian's chromium scrolls their grids by --step pixels a frame, then jumps to places at random. For each grid:
milliseconds between frames; what the page's own thread worked in each, by the browser's account (CDP), which other
work of the machine changes less; elements in the page; and how long faces are missing after a jump. Crops are answered
by the benchmark itself, as no photos are drawn. --keep names a folder where the libraries stay for the next run.
"""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from harness.measure import STATS, in_new_process
from harness.report import Report
from make_library import make_library
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.reads import give_albums
from benchmarks.serve import jpeg, serving
from faceindex.people.albums import derive_albums
from faceindex.store.albums import replace_clusters
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.acts import write_act

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")

DESK = {"width": 1440, "height": 900}

SCROLL = """async ({ step, frames }) => {
  const waits = [];
  let before = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < frames; frame += 1) {
    window.scrollBy(0, step);
    const now = await new Promise(requestAnimationFrame);
    waits.push(now - before);
    before = now;
  }
  return waits;
}"""

JUMP = """async (share) => {
  const began = performance.now();
  window.scrollTo(0, share * document.documentElement.scrollHeight);
  await new Promise(requestAnimationFrame);
  do await new Promise(requestAnimationFrame);
  while (document.querySelector("[data-windowed] > .waiting") && performance.now() - began < 10000);
  return performance.now() - began;
}"""


def run(
    report: Report,
    *,
    faces: int = 100_000,
    named: int = 3_000,
    frames: int = 300,
    step: int = 120,
    jumps: int = 20,
    keep: Path | None = None,
) -> None:
    folder = keep or report.folder
    many, one = folder / f"pages-albums-{faces}.faces", folder / f"pages-person-{faces}.faces"
    if not many.exists():
        in_new_process(draw, many, faces, named)
    if not one.exists():
        in_new_process(draw_person, one, faces)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with opened(browser, many, report) as (page, address):
            first_view(report, browser, page, f"{address}/people")
            for title, path in (("People", "/people"), ("Photos", "/photos"), ("Faces alone", "/alone")):
                grid(report, page, title, address + path, frames, step, jumps)
        with opened(browser, one, report) as (page, address):
            page.goto(f"{address}/people")
            page.get_by_role("link", name="Everybody").first.click()
            page.wait_for_url("**/people/*")
            grid(report, page, "Person", page.url, frames, step, jumps)
        browser.close()


def grid(report: Report, page: Page, title: str, address: str, frames: int, step: int, jumps: int) -> None:
    page.goto(address)
    page.wait_for_selector("[data-windowed]", timeout=60_000)
    shown = page.locator("[data-count-of]").first.inner_text() if page.locator("[data-count-of]").count() else "?"
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = work(session)
    waits = sorted(page.evaluate(SCROLL, {"step": step, "frames": frames}))
    spent = work(session) - before
    chance = random.Random(0)
    missing = sorted(page.evaluate(JUMP, chance.random()) for _ in range(jumps))
    elements = page.evaluate("document.querySelectorAll('*').length")
    report.say(
        f"{title}, {shown} items: frames p50 {waits[len(waits) // 2]:.0f}, p95 {waits[int(len(waits) * 0.95)]:.0f}, "
        f"p99 {waits[int(len(waits) * 0.99)]:.0f}, at most {waits[-1]:.0f} ms"
    )
    report.add(f"{title}: time between frames, p95", waits[int(len(waits) * 0.95)], "ms")
    report.add(f"{title}: work of the page's thread for a frame", 1000 * spent / frames, "ms")
    report.add(f"{title}: elements in the page", elements)
    report.add(f"{title}: until all faces are there after a jump, median", statistics.median(missing), "ms")
    report.add(f"{title}: the same, at most", missing[-1], "ms")


def work(session: Any) -> float:
    """Seconds that the page's main thread has worked."""
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


def first_view(report: Report, browser: Browser, signed_in: Page, address: str) -> None:
    """First contentful paint, and what is transferred beside crops, in a browser that knows nothing yet."""
    paints, sizes = [], dict[str, float]()
    for _ in range(5):
        context = browser.new_context(viewport=DESK, storage_state=signed_in.context.storage_state())  # type: ignore[arg-type]
        page, urls = context.new_page(), dict[str, str]()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        received: dict[str, float] = {}
        session.on(
            "Network.responseReceived",
            lambda told, known=urls: known.update({told["requestId"]: told["response"]["url"]}),
        )
        session.on(
            "Network.loadingFinished",
            lambda told, known=received: known.update({told["requestId"]: told["encodedDataLength"]}),
        )
        page.goto(address, wait_until="load")
        page.wait_for_timeout(1500)
        script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        paints.append(page.evaluate(script))
        sizes = {}
        for request, size in received.items():
            kind = "crops" if "/crop" in urls.get(request, "") else "page, scripts and styles"
            sizes[kind] = sizes.get(kind, 0) + size / 1000
        context.close()
    report.add("People: first contentful paint", paints, "ms")
    for kind, size in sizes.items():
        report.add(f"People: transferred, {kind}", size, "kB")


@contextmanager
def opened(browser: Browser, library: Path, report: Report) -> Iterator[tuple[Page, str]]:
    """A signed-in page of a server of a copy of the library, whose crops and previews are answered here."""
    copy = report.folder / library.name
    if copy != library:
        shutil.copytree(library, copy)
    picture = jpeg()
    with serving(copy) as server:
        context = browser.new_context(viewport=DESK, locale="en-GB")  # type: ignore[arg-type]
        name, _, value = server.cookie["Cookie"].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": server.address}])
        page = context.new_page()
        for pattern in ("**/crop", "**/preview*"):
            page.route(pattern, lambda route: route.fulfill(body=picture, content_type="image/jpeg"))
        yield page, server.address
        context.close()


def draw(path: Path, faces: int, named: int) -> None:
    """Albums, some with names, and a photo for each face."""
    give_albums(path, make_library(path, faces, faces, stats=STATS), named)


def draw_person(path: Path, faces: int) -> None:
    """All faces are one person's."""
    make_library(path, faces, faces, stats=STATS)
    with (
        closing(LibraryFolder(path, create=False)) as folder,
        folder.decisions() as catalog,
        catalog.transaction() as transaction,
    ):
        replace_clusters(transaction, dict.fromkeys(range(1, faces + 1), 1))
        write_act(transaction, "name", (list(range(1, faces + 1)),), "Everybody", None)
        derive_albums(transaction)
