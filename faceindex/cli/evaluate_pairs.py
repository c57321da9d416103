"""`faceindex evaluate lfw` and `all-pairs`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import faces_as_object, ingested, names, print_drawn, print_faces, rate
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.evaluation.lfw import LfwResult
from faceindex.evaluation.measures import (
    REJECT_RATE,
    AllPairs,
    Rejection,
    measure_all_pairs,
    measure_pairs,
    measure_rejection,
)
from faceindex.evaluation.pairs import read_pairs
from faceindex.evaluation.pictures import draw_all_pairs, draw_pairs
from faceindex.evaluation.plots import require_matplotlib
from faceindex.evaluation.roc import OperatingPoint
from faceindex.faces.engine import Engine
from faceindex.plurals import plural


def lfw(
    folder: evaluated.Labelled,
    pairs: Annotated[Path, typer.Option(metavar="FILE", help="Pairs, in the format of LFW's pairs.txt.")],
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: evaluated.Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Decide the pairs of a file: the protocol of Labeled Faces in the Wild."""
    if plots:
        require_matplotlib()
    wanted = read_pairs(pairs)
    chosen = options.recipe_with(name, detector, landmarks, jitter, precision)
    faces = ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result, distances = measure_pairs(faces, wanted, half)
    drawn = draw_pairs(plots, faces, result, distances) if plots else []
    if as_json:
        print_json(faces_as_object(faces, half) | {"pairs": asdict(result), "plots": names(drawn)})
        return
    print_faces(faces)
    print_table(("", "#", ""), _pair_rows(result))
    print_drawn(drawn)


def all_pairs(
    folder: evaluated.Labelled,
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: evaluated.Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare every photo with every other: true accept rates at fixed false accept rates."""
    if plots:
        require_matplotlib()
    chosen = options.recipe_with(name, detector, landmarks, jitter, precision)
    faces = ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result = measure_all_pairs(faces)
    rejection = measure_rejection(faces, result.counts)
    drawn = draw_all_pairs(plots, faces, result, rejection) if plots else []
    if as_json:
        figures = _roc_as_object(result) | {"rejection": _rejection_as_object(rejection)}
        print_json(faces_as_object(faces, half) | figures | {"plots": names(drawn)})
        return
    print_faces(faces)
    _print_roc(result)
    if rejection:
        _print_rejection(rejection)
    print_drawn(drawn)


def _roc_as_object(result: AllPairs) -> dict[str, object]:
    roc = result.roc
    return {
        "pairs": {"same": roc.same_pairs, "different": roc.different_pairs},
        "points": [point_as_object(point, result) for point in roc.points],
        "eer": roc.eer,
        "eer_threshold": roc.eer_threshold,
        "auc": roc.auc,
    }


def point_as_object(point: OperatingPoint, result: AllPairs) -> dict[str, object]:
    """A point of the ROC as JSON has it."""
    return asdict(point) | {"tar_of_photos": result.tar_of_photos(point.tar)}


def _rejection_as_object(rejection: Rejection | None) -> dict[str, object] | None:
    if rejection is None:
        return None
    return {
        "by": rejection.by,
        "far": REJECT_RATE,
        "threshold": rejection.curve.threshold,
        "points": [asdict(rejection.before), asdict(rejection.after)],
        "count_ratio": rejection.count_ratio,
        "rate_ratio": rejection.rate_ratio,
    }


def _pair_rows(result: LfwResult) -> list[tuple[object, ...]]:
    missing = f"in {plural(result.photos_without_face, 'photo')}; decided: different people"
    rows: list[tuple[object, ...]] = [
        ("pairs", result.pairs, ""),
        ("of them without a face", result.pairs_without_face, missing),
        ("accuracy, default threshold", rate(result.accuracy), f"at {result.threshold:g}"),
        ("accuracy, best threshold", rate(result.best_accuracy), f"at {result.best_threshold:.4f}: an upper bound"),
    ]
    crossed = result.cross_validation
    if crossed is None:
        return [*rows, ("accuracy, cross-validated", None, "too few pairs")]
    kind = "folds of the file" if result.folds == "protocol" else "folds of people"
    low, high = min(crossed.thresholds), max(crossed.thresholds)
    chosen = f"{len(crossed.accuracies)} {kind}, thresholds {low:.4f} to {high:.4f} chosen on the others"
    return [*rows, ("accuracy, cross-validated", mean_accuracy(result), chosen)]


def mean_accuracy(result: LfwResult) -> str | None:
    """Cross-validated accuracy and its standard error; None when there are too few pairs."""
    crossed = result.cross_validation
    return None if crossed is None else f"{crossed.mean:.4f} +- {crossed.standard_error:.4f}"


def _print_roc(result: AllPairs) -> None:
    columns = ("FAR#", "threshold#", "TAR#", "TAR of photos#", "false accepts#", "")
    print_table(columns, [_point_row(point, result) for point in result.roc.points])
    roc = result.roc
    print_line(
        f"{plural(roc.same_pairs, 'pair')} of one person, {roc.different_pairs:,} of two; "
        f"EER {roc.eer:.4f} at {roc.eer_threshold:.4f}, AUC {roc.auc:.5f}"
    )


def _point_row(point: OperatingPoint, result: AllPairs) -> tuple[object, ...]:
    threshold = "none" if point.threshold is None else f"{point.threshold:.4f}"
    rates = (rate(point.tar), rate(result.tar_of_photos(point.tar)))
    return (f"{point.far:g}", threshold, *rates, point.false_accepts, "" if point.enough else "too few to trust")


def _print_rejection(rejection: Rejection) -> None:
    shown = (rejection.before, rejection.after)
    rows: list[tuple[object, ...]] = [(f"{p.rejected:.0%}", p.pairs, p.false_non_matches, rate(p.rate)) for p in shown]
    rows.append(("ratio", None, rate(rejection.count_ratio), rate(rejection.rate_ratio)))
    print_line("")
    print_table((f"rejected by {rejection.by}", "pairs of one person#", "false non-matches#", "FNMR#"), rows)
    print_line(f"at {rejection.curve.threshold:.4f}, which has FAR {REJECT_RATE:g} before any face is rejected")
