"""Pictures of an evaluation, drawn by matplotlib: an optional dependency, asked for only here."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.bcubed import BCubed
from faceindex.evaluation.identification import Identification
from faceindex.evaluation.reject import ErrorVersusReject
from faceindex.evaluation.reliability import Reliability
from faceindex.evaluation.roc import PairCounts
from faceindex.files.writing import write_file
from faceindex.plurals import plural

LOWEST_RATE = 1e-6
_HISTOGRAM_BARS = 200
_LARGEST_POINT = 1000


def require_matplotlib() -> None:
    """Fail before hours of work. Raises: UsageError when matplotlib is not installed."""
    _figure_class()


def draw_roc(file: Path, curves: Mapping[str, PairCounts], title: str) -> Path:
    """True against false accept rate, the latter on a logarithmic axis: a line for each title in `curves`.

    Returns `file`. Raises: UsageError when it cannot be written; ValueError as the rates do.
    """
    figure, axes = _axes(title, "false accept rate", "true accept rate")
    for name, counts in curves.items():
        far, tar = counts.false_accept_rates(), counts.true_accept_rates()
        steps = np.flatnonzero(np.diff(far, prepend=-1.0) + np.diff(tar, prepend=-1.0))
        seen = steps[far[steps] > 0]
        axes.plot(far[seen], tar[seen], label=f"{name} ({counts.different.sum():,} different)")
    axes.set_xscale("log")
    axes.set_xlim(LOWEST_RATE, 1)
    axes.set_ylim(top=1.005)
    axes.legend(loc="lower right")
    return _save(figure, file)


def draw_distances(file: Path, counts: PairCounts, thresholds: Mapping[str, float], title: str) -> Path:
    """Histograms of distances of the same and of different people, each of area 1, and the named thresholds.

    Returns `file`. Raises: UsageError when it cannot be written.
    """
    figure, axes = _axes(title, "distance", "share of pairs")
    last = int(np.flatnonzero(counts.same + counts.different)[-1]) + 1
    edges = np.linspace(0, last * counts.width, _HISTOGRAM_BARS + 1)
    for name, each in (("same person", counts.same), ("different people", counts.different)):
        bars, _ = np.histogram(counts.edges[:last], bins=edges, weights=each[:last])
        axes.stairs(
            bars / max(bars.sum(), 1), edges, fill=True, alpha=0.5, label=f"{name} ({plural(int(each.sum()), 'pair')})"
        )
    for name, threshold in thresholds.items():
        axes.axvline(threshold, linestyle="--", linewidth=1, color="black")
        axes.annotate(
            f"{name} {threshold:.3f}",
            (threshold, 0.99),
            xycoords=("data", "axes fraction"),
            rotation="vertical",
            ha="right",
            va="top",
        )
    axes.legend(loc="upper right")
    return _save(figure, file)


def draw_reject(file: Path, curve: ErrorVersusReject, title: str) -> Path:
    """False non-match rate against the share of faces rejected. Returns `file`. Raises: UsageError."""
    figure, axes = _axes(title, "share of faces rejected, worst quality first", "false non-match rate")
    axes.plot(curve.rejected, curve.false_non_match_rate, label=f"threshold {curve.threshold:.3f}")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right")
    return _save(figure, file)


def draw_albums(file: Path, thresholds: Sequence[float], scores: Sequence[BCubed], default: float, title: str) -> Path:
    """B-cubed over thresholds, and the default one. Returns `file`. Raises: UsageError when it cannot be written."""
    figure, axes = _axes(title, "threshold", "B-cubed")
    for name in ("precision", "recall", "f"):
        axes.plot(thresholds, [getattr(score, name) for score in scores], marker=".", label=name)
    axes.axvline(default, linestyle="--", linewidth=1, color="black")
    axes.legend(loc="lower right")
    return _save(figure, file)


def draw_reliability(file: Path, curves: Mapping[str, Reliability], title: str) -> Path:
    """Share of right answers against the confidence they were given with; the area of a point is its share of answers.

    Returns `file`. Raises: UsageError.
    """
    figure, axes = _axes(title, "confidence", "share of one person")
    axes.plot([0, 1], [0, 1], linestyle="--", linewidth=1, color="black", label="true")
    for name, curve in curves.items():
        bins = zip(curve.confidences, curve.right, curve.weights, strict=True)
        said, came, weights = zip(*(each for each in bins if each[0] is not None), strict=True)
        (line,) = axes.plot(said, came, linewidth=0.7, label=f"{name} (error {curve.error:.3f})")
        axes.scatter(said, came, s=[_LARGEST_POINT * weight for weight in weights], color=line.get_color(), alpha=0.6)
    axes.legend(loc="upper left")
    return _save(figure, file)


def draw_curves(file: Path, panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], y: str) -> Path:
    """A panel for each title in `panels`, with named lines of (x, y), from mild to strong; every y is a share of 1.

    Returns `file`. Raises: UsageError when it cannot be written.
    """
    figure, places = _panels(list(panels))
    for axes, lines in zip(places, panels.values(), strict=True):
        axes.set(ylabel=y, ylim=(-0.02, 1.02))
        for name, points in lines.items():
            axes.plot([f"{x:g}" for x, _ in points], [share for _, share in points], marker=".", label=name)
        axes.legend(loc="lower left")
    return _save(figure, file)


def draw_head(
    file: Path, title: str, before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]
) -> Path:
    """True against false accept rate, (false, true) each, without a learnt head and with it.

    Returns `file`. Raises: UsageError when it cannot be written.
    """
    figure, axes = _axes(title, "false accept rate, people held out", "true accept rate, every face alike")
    for name, points in (("before", before), ("after", after)):
        axes.plot([far for far, _ in points], [tar for _, tar in points], label=name)
    axes.set(xscale="log")
    axes.legend(loc="lower right")
    return _save(figure, file)


def draw_learning(
    file: Path,
    title: str,
    losses: Sequence[tuple[float, float]],
    looks: Sequence[tuple[float, float]],
    before: Sequence[tuple[float, float]],
    after: Sequence[tuple[float, float]],
) -> Path:
    """Losses of batches, and of people not learnt from, over steps; and rates as `draw_head` shows them.

    losses, looks: (step, loss). Returns `file`. Raises: UsageError when it cannot be written.
    """
    figure, (left, right) = _panels([f"{title}: loss", "people held out"])
    for name, points in (("batches", losses), ("people not learnt from", looks)):
        left.plot([step for step, _ in points], [loss for _, loss in points], label=name)
    left.set(xlabel="step", ylabel="loss")
    for name, points in (("before", before), ("after", after)):
        right.plot([far for far, _ in points], [tar for _, tar in points], label=name)
    right.set(xlabel="false accept rate", ylabel="true accept rate, every face alike", xscale="log")
    for axes in (left, right):
        axes.legend()
    return _save(figure, file)


def draw_identification(file: Path, panels: Mapping[str, Mapping[str, Identification]]) -> Path:
    """Identification over false positive identification: a panel for each title, with a line for each method.

    Returns `file`. Raises: UsageError when it cannot be written.
    """
    figure, places = _panels(list(panels))
    rates = np.geomspace(2e-3, 0.5, 100)
    for axes, methods in zip(places, panels.values(), strict=True):
        axes.set(xlabel="strangers named (FPIR)", ylabel="named rightly (DIR)", xscale="log", ylim=(0.5, 1.005))
        for name, found in methods.items():
            axes.plot(rates, [found.dir(rate) for rate in rates], label=name)
        axes.legend(loc="lower right")
    return _save(figure, file)


def _figure_class() -> Any:
    try:
        with _folders_of_matplotlib():
            return importlib.import_module("matplotlib.figure").Figure
    except ImportError:
        raise UsageError("pictures need matplotlib: pip install 'faceindex[plots]'") from None


@contextmanager
def _folders_of_matplotlib() -> Iterator[None]:
    """Where matplotlib and fontconfig, which it starts, keep lists of fonts while it is imported.

    By themselves they write them to the user's folders. Without them an import takes 0.05 s longer.
    """
    if "matplotlib" in sys.modules or "MPLCONFIGDIR" in os.environ:  # it is the user's, and has its folders
        yield
        return
    with TemporaryDirectory(prefix="faceindex-") as folder:
        no_fonts = Path(folder, "fonts.conf")  # but those in the package of matplotlib
        no_fonts.write_text("<fontconfig/>")
        ours = {"MPLCONFIGDIR": folder, "FONTCONFIG_FILE": str(no_fonts)}
        former = {name: os.environ[name] for name in ours if name in os.environ}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name in ours:
                del os.environ[name]
            os.environ.update(former)


def _axes(title: str, x: str, y: str) -> tuple[Any, Any]:
    """A figure that no window and no global state knows, and its axes."""
    figure = _figure_class()(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _panels(titles: Sequence[str]) -> tuple[Any, list[Any]]:
    """A figure, and axes in it for each title, three in a row."""
    columns = min(3, len(titles))
    rows = -(-len(titles) // columns)
    figure = _figure_class()(figsize=(4.5 * columns, 3.4 * rows), layout="constrained")
    places = [figure.add_subplot(rows, columns, place) for place in range(1, len(titles) + 1)]
    for axes, title in zip(places, titles, strict=True):
        axes.set(title=title)
        axes.grid(visible=True, alpha=0.3)
    return figure, places


def _save(figure: Any, file: Path) -> Path:
    picture = io.BytesIO()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(picture, dpi=120, format=file.suffix[1:] or "png")
        write_file(file, picture.getvalue())
    except ValueError as error:
        raise UsageError(f"cannot draw {file}: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from error
    return file
