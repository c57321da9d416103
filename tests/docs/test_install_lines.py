"""What the documentation says about installing holds for the wheel that is built here."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from docs_blocks import PAGES, blocks

ROOT = Path(__file__).resolve().parents[2]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def test_every_extra_that_is_named_exists() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = {extra for group in re.findall(r"(?:faceindex|\.)\[([\w,-]+)\]'", text) for extra in group.split(",")}
    assert len(named) > 7
    assert named - EXTRAS.keys() == set()


@pytest.mark.long
def test_the_first_steps_install_and_run(tmp_path: Path) -> None:
    """The block of docs/start.md, with the wheel in place of the checkout; it loads packages from the usual index."""
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(tmp_path)]
    subprocess.run([*wheel, str(ROOT)], check=True)
    (built,) = tmp_path.glob("faceindex-*.whl")
    block = blocks(ROOT / "docs" / "start.md")[0].text
    lines = [line.removeprefix("$ ") for line in block.splitlines()]
    assert lines[-1] == "pip install ."
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", built], check=True, cwd=tmp_path)
    files = (file for file in (tmp_path / "env").rglob("*") if file.is_file() and not file.is_symlink())
    assert 550e6 < sum(file.stat().st_size for file in files) < 720e6  # README says 660 MB
    subprocess.run([programs / "pip", "install", "--quiet", "faceindex[web]"], check=True, cwd=tmp_path)
    for words in (["--version"], ["models", "verify"], ["serve", "--openapi"]):
        subprocess.run([programs / "faceindex", *words], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
