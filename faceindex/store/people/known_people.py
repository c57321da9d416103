"""What to say of a name that nobody has."""

from __future__ import annotations

from faceindex.errors import UsageError
from faceindex.journal.person_names import likely_meant
from faceindex.store.catalog import Catalog


def unknown_person(catalog: Catalog, name: str) -> UsageError:
    """The error, with the names that may have been meant."""
    known = [known for (known,) in catalog.connection.execute("SELECT name FROM people")]
    meant = " or ".join(f'"{other}"' for other in likely_meant(name, known))
    hint = f"did you mean {meant}?" if meant else "`faceindex people list` shows the names"
    return UsageError(f"nobody is called {name}; {hint}")
