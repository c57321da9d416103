"""A gain as a row of a table and as an object of JSON."""

from __future__ import annotations

from faceindex.training.gains import Gain


def gain_object(gain: Gain) -> dict[str, float]:
    """Keys before, after, gain, low and high."""
    return {"before": gain.before, "after": gain.after, "gain": gain.gain, "low": gain.low, "high": gain.high}


def gain_columns(gain: Gain) -> tuple[str, ...]:
    """Before, after, gain, and its 90 % interval."""
    return f"{gain.before:.4f}", f"{gain.after:.4f}", f"{gain.gain:+.4f}", f"{gain.low:+.4f} to {gain.high:+.4f}"
