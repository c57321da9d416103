"""The texts of pages, in each language: a JSON file of keys and texts. A key that a language lacks is shown in English.

A text with a number has two forms, `one` and `other`. A new language is a new file; `tests/web/test_texts.py` says what
it lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

DEFAULT = "en"
LANGUAGES = ("en", "de")

_SEPARATOR = {"en": ",", "de": "."}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    language: str
    _own: Mapping[str, Any]
    _english: Mapping[str, Any]

    def __call__(self, key: str, **values: object) -> Markup:
        """The text of `key`, with commands as code. values: for its {places}, escaped. Raises: KeyError without such a
        key."""
        return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", self._form(key))).format(
            **{name: escape(value) for name, value in values.items()}
        )

    def count(self, key: str, number: int) -> Markup:
        """The text of `key` for so many things."""
        form = "one" if number == 1 else "other"
        return Markup(self._form(key)[form]).format(n=self.number(number))

    def number(self, number: int) -> str:
        """A number with separators of thousands."""
        return f"{number:,}".replace(",", _SEPARATOR[self.language])

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self._english

    @property
    def for_scripts(self) -> dict[str, Any]:
        """The texts that scripts use: those of which the key begins with "script."."""
        chosen = {**self._english, **self._own}
        return {key.removeprefix("script."): text for key, text in chosen.items() if key.startswith("script.")}

    def _form(self, key: str) -> Any:
        return self._own.get(key, self._english[key])


def texts_for(accepted: str) -> Texts:
    """The texts in the first language of an Accept-Language header (RFC 9110, 12.5.4) that there is."""
    wanted = []
    for part in accepted[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag.lower().partition("-")[0]))
        except ValueError:
            continue
    ranked = sorted((one for one in wanted if one[0] < 0), key=lambda one: one[0])
    chosen = next((language for _, language in ranked if language in LANGUAGES), DEFAULT)
    return Texts(chosen, stored(chosen), stored(DEFAULT))


@cache
def stored(language: str) -> dict[str, Any]:
    """The file of a language."""
    found: dict[str, Any] = json.loads(files(__name__).joinpath(f"{language}.json").read_text(encoding="utf-8"))
    return found
