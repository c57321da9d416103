"""A release gives the changes since the last one its number, once."""

from __future__ import annotations

import pytest
from releasing.changelog import CHANGELOG, entry, released

OLD = "# Changes\n\n## Unreleased\n\nNew words.\n\n## 0.9.0, 2026-01-02\n\nOld words.\n"


def test_unreleased_changes_become_the_section_of_the_version() -> None:
    new = released(OLD, "1.0.0", "2026-03-04")
    assert new == OLD.replace("## Unreleased", "## 1.0.0, 2026-03-04")
    assert entry(new, "1.0.0") == "New words.\n"
    assert entry(new, "0.9.0") == "Old words.\n"
    assert released(new, "1.0.0", "2026-05-06") == new  # a second run


def test_a_version_that_was_released_gets_no_more_changes() -> None:
    with pytest.raises(ValueError, match="raise the version"):
        released(OLD, "0.9.0", "2026-03-04")
    with pytest.raises(ValueError, match="no section"):
        released(OLD.replace("## Unreleased\n", ""), "1.0.0", "2026-03-04")
    with pytest.raises(ValueError, match="says nothing"):
        entry(OLD.replace("New words.\n", ""), "Unreleased")
    with pytest.raises(ValueError, match="says nothing"):
        entry(OLD, "0.9")


def test_the_changelog_of_this_project_has_such_sections() -> None:
    text = CHANGELOG.read_text(encoding="utf-8")
    if "## Unreleased" in text:
        text = released(text, "1.0.0.dev1", "2026-03-04")
        assert len(entry(text, "1.0.0.dev1")) > 100
