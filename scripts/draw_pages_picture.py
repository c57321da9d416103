"""Draw the picture of the pages: the page of a photo, in a browser that looks at `faceindex serve`.

    .venv/bin/python scripts/draw_pages_picture.py [OUT.jpg]

What it shows is served here and now, of the demo photos (NASA, public domain). It needs chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from make_demo_photos import main as make_demo_photos
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage import data

import faceindex

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")

SIZE = {"width": 1120, "height": 700}


def draw(out: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        photos, path = Path(temporary) / "photos", Path(temporary) / "demo.faces"
        make_demo_photos(photos)
        portrait = photos / "portrait.jpg"
        Image.fromarray(data.astronaut()).resize((1024, 1024)).save(portrait, quality=92)
        with faceindex.Library(path) as library:
            library.ingest([photos])
            library.cluster()
            library.people.name("Eileen Collins", album=1)
            photo = library.photos.get(portrait).photo
        command = [sys.executable, "-m", "faceindex", "serve", "-L", str(path), "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stderr is not None
                _photograph(server.stderr.readline().strip(), f"/photos/{photo}", out)
            finally:
                server.terminate()


def _photograph(entrance: str, path: str, out: Path) -> None:
    found = re.match(r"http://[^/]+", entrance)
    assert found, entrance
    out.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-GB")  # type: ignore[arg-type]
        page.goto(entrance)
        page.goto(found[0] + path)
        page.wait_for_timeout(3000)  # the stream of events keeps the network busy
        page.get_by_text("/photos/portrait.jpg").evaluate(
            "element => { element.textContent = 'Pictures/portrait.jpg' }"
        )
        page.screenshot(path=out, type="jpeg", quality=82)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("out", type=Path, nargs="?", default=root / "docs" / "pictures" / "pages.jpg")
    draw(parser.parse_args().out)
