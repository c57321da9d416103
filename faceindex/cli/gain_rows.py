"""Gains as rows of a table and as objects of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from faceindex.cli.output import print_table
from faceindex.models.cards import RecipeCard
from faceindex.training.gains import Gain


def gain_object(gain: Gain) -> dict[str, float]:
    """Keys before, after, gain, low and high."""
    return {"before": gain.before, "after": gain.after, "gain": gain.gain, "low": gain.low, "high": gain.high}


def print_gains(
    gains: Mapping[float, Gain],
    albums: tuple[float, float],
    named: Gain | None,
    card: RecipeCard,
    groups: Iterable[tuple[str, ...]] = (),
) -> None:
    """The table of what was learnt. groups: further rows. card: the recipe, whose thresholds end the table."""
    thresholds = f"{card.match_threshold:g}; {card.cluster_threshold:g}"
    last = ("threshold for a pair; for albums", "", thresholds, "", "")
    print_table(
        ("", "before#", "after#", "gain#", "90 % interval#"), [*_gain_rows(gains, albums, named), *groups, last]
    )


def _gain_rows(
    gains: Mapping[float, Gain], albums: tuple[float, float], named: Gain | None
) -> Iterator[tuple[str, ...]]:
    """Rows of true accept rates by false accept rate, of albums (B-cubed F before and after), and of identification."""
    for far, gain in gains.items():
        yield f"TAR at FAR {far:g}", *_columns(gain)
    before, after = albums
    yield "albums, B-cubed F", f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}", ""
    if named is not None:
        yield "named rightly, 1 % of strangers named", *_columns(named)


def _columns(gain: Gain) -> tuple[str, ...]:
    return f"{gain.before:.4f}", f"{gain.after:.4f}", f"{gain.gain:+.4f}", f"{gain.low:+.4f} to {gain.high:+.4f}"
