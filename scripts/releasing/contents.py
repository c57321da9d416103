"""contents.py DIST: whether the wheel and the sdist in a folder have all that belongs there, and nothing private."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEVER = re.compile(r"(^|/)(\.venv|\.git|\.demo|__pycache__|.*\.faces|.*\.h5)(/|$)")


def main(dist: Path) -> None:
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [file for file in tracked.split("\0") if file]
    with zipfile.ZipFile(wheel) as opened:
        in_wheel = {name for name in opened.namelist() if not name.endswith("/")}
    with tarfile.open(sdist) as opened_tar:
        in_sdist = {name.partition("/")[2] for name in opened_tar.getnames()}
    package = {file for file in files if file.startswith("faceindex/")}
    cards = {f"faceindex/models/cards/{file.removeprefix('models/')}" for file in files if file.startswith("models/")}
    documents = {file for file in files if file.startswith("docs/") or file in ("README.md", "CHANGELOG.md", "LICENSE")}
    missing = sorted((package | cards) - in_wheel) + sorted((package | documents) - in_sdist)
    private = sorted(name for name in in_wheel | in_sdist if NEVER.search(name))
    if missing or private:
        sys.exit(
            f"missing: {', '.join(missing) or 'nothing'}; does not belong there: {', '.join(private) or 'nothing'}"
        )
    print(
        f"{wheel.name}: {len(in_wheel)} files, {wheel.stat().st_size / 1e6:.1f} MB; {sdist.name}: {len(in_sdist)} files"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
