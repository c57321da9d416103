"""Every language has every text, with the same places; templates and scripts use only texts that there are."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from faceindex.journal import acts
from faceindex.web.api.audits import KIND
from faceindex.web.texts import LANGUAGES, stored, texts_for
from faceindex.web.work import KINDS

WEB = Path(__file__).parents[2] / "faceindex" / "web"


def places(text: object) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(str(form)) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text(language: str) -> None:
    own, english = stored(language), stored("en")
    assert own.keys() == english.keys()
    for key, text in english.items():
        assert places(own[key]) == places(text), key
        assert isinstance(text, dict) == isinstance(own[key], dict), key


def test_pages_use_the_texts_that_there_are() -> None:
    templates = "".join(path.read_text() for path in (WEB / "templates").glob("*.html"))
    scripts = "".join(path.read_text() for path in (WEB / "static").glob("*.js"))
    written = set(re.findall(r"""["']((?:\w+\.)*\w+)["']""", templates))
    done = set(re.findall(r'data-done="(\w+)"', templates)) | set(re.findall(r'text\("(\w+)"', scripts))
    kinds = {
        "act." + kind.replace("-", "_") for name, kind in vars(acts).items() if name.isupper() and isinstance(kind, str)
    }
    base = (WEB / "templates" / "base.html").read_text()
    made = {"nav." + page for page in re.findall(r'\("(\w+)", "\w"\)', base)} | kinds
    jobs = {*KINDS, KIND}
    done |= {word for word in re.findall(r'"(\w+)"', scripts + templates) if f"script.{word}" in stored("en")}
    done |= {f"job_{kind}" for kind in jobs} | {f"job_state_{state}" for state in ("done", "failed", "cancelled")}
    done |= {f"keys_{page}_{number}" for page, most in (("photo", 3),) for number in range(1, most + 1)}
    made |= {"status." + name for name in ("photos", "faces", "people", "albums", "failed")}
    used = written | {f"script.{key}" for key in done} | made
    assert stored("en").keys() - used == {"language"}
    assert {f"script.{key}" for key in done} <= stored("en").keys()
    assert kinds <= stored("en").keys()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.2, de;q=0.7", "de"),
        ("fr, en", "en"),
        ("", "en"),
        ("de;q=0", "en"),
        ("de;q=much", "en"),
        ("*", "en"),
    ],
)
def test_the_browsers_language_is_taken(accepted: str, language: str) -> None:
    assert texts_for(accepted).language == language


def test_numbers_and_names_are_written_as_the_language_does() -> None:
    german, english = texts_for("de"), texts_for("en")
    assert (english.count("faces", 1), english.count("faces", 12345)) == ("1 face", "12,345 faces")
    assert (german.count("faces", 1), german.count("faces", 12345)) == ("1 Gesicht", "12.345 Gesichter")
    assert english("select.confirm", person="<b>{n}") == "Yes, it is &lt;b&gt;{n}"
