"""The two commands of the README do what it says, from any directory and a second time."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

ROOT = Path(__file__).resolve().parents[1]


def demo(*arguments: object, cwd: Path) -> str:
    command = [str(ROOT / "scripts" / "demo"), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=600)
    return done.stdout


def test_demo_on_a_folder_ends_with_albums_and_a_page_and_can_be_repeated(many_photos: Path, tmp_path: Path) -> None:
    first = demo(many_photos, cwd=tmp_path)
    assert "1 album with 20 faces" in first
    (page,) = re.findall(r"^/.*\.html$", first, re.MULTILINE)
    assert Path(page).read_text().count("data:image/jpeg") == 16
    again = demo(many_photos, cwd=Path("/"))
    assert page in again
    assert re.search(r"\b23\s+0\s+22\s+0\s+0\s+1\s+0\s+20\b", again)  # nothing new, the same faces


def test_demo_without_photos_makes_some(tmp_path: Path) -> None:
    said = demo(cwd=tmp_path)
    assert "1 album with 6 faces, 0 faces alone" in said
    assert "cut-off.jpg" in said


def test_demo_can_end_with_the_pages_in_a_browser(many_photos: Path) -> None:
    command = [str(ROOT / "scripts" / "demo"), "--serve", str(many_photos)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            assert running.stdout is not None
            address = next(line.strip() for line in running.stdout if line.startswith("http://127.0.0.1:"))
            browser = build_opener(HTTPCookieProcessor())
            assert "20 faces" in browser.open(address, timeout=60).read().decode()
        finally:
            running.terminate()  # the script has become the server
            assert running.stdout is not None
            said = running.stdout.read()
    assert (running.returncode, said.splitlines()[-1]) == (128 + signal.SIGTERM, "faceindex: stopped")


def test_environment_that_is_there_is_not_installed_again(tmp_path: Path) -> None:
    demo(cwd=tmp_path)  # sure to be installed now
    done = subprocess.run([ROOT / "scripts" / "setup", "demo"], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout + done.stderr == ""


def test_wheel_carries_the_cards_and_the_pages(tmp_path: Path) -> None:
    pip = [
        str(ROOT / ".venv" / "bin" / "python"),
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*pip, str(ROOT)], check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("faceindex-*.whl")
    names = subprocess.run(["python3", "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True).stdout
    for name in (
        "models/cards/shape_predictor_5_face_landmarks.toml",
        "sheets/templates/albums.html",
        "web/texts/en.json",
        "py.typed",
    ):
        assert f"faceindex/{name}" in names
