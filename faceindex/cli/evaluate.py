"""`faceindex evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli import calibrate, options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.evaluation.compare import COMPARED_RATES, RecipeFigures, recipe_figures
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled
from faceindex.evaluation.lfw import LfwResult
from faceindex.evaluation.measures import (
    REJECT_RATE,
    Albums,
    AllPairs,
    Rejection,
    measure_albums,
    measure_all_pairs,
    measure_pairs,
    measure_rejection,
)
from faceindex.evaluation.pairs import read_pairs
from faceindex.evaluation.pictures import draw_albums_around, draw_all_pairs, draw_comparison, draw_pairs
from faceindex.evaluation.plots import require_matplotlib
from faceindex.evaluation.roc import OperatingPoint
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe
from faceindex.running.meter import Meter

app = typer.Typer(help="How good the recipes are, on photos of known people.", no_args_is_help=True)
app.command("calibrate")(calibrate.calibrate)

Labelled = Annotated[Path, typer.Argument(metavar="DIR", help="Photos, in a folder named after each person.")]
Half = Annotated[
    str | None, typer.Option(metavar="a|b", help="Only one half of the people: tune on one, report on the other.")
]
Plots = Annotated[Path | None, typer.Option(metavar="DIR", help="Also draw pictures into this folder.")]


@app.command("lfw")
def lfw(
    folder: Labelled,
    pairs: Annotated[Path, typer.Option(metavar="FILE", help="Pairs, in the format of LFW's pairs.txt.")],
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    half: Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Decide the pairs of a file: the protocol of Labeled Faces in the Wild."""
    if plots:
        require_matplotlib()
    wanted = read_pairs(pairs)
    chosen = options.recipe_with(name, detector, landmarks, jitter)
    faces = _ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result, distances = measure_pairs(faces, wanted, half)
    drawn = draw_pairs(plots, faces, result, distances) if plots else []
    if as_json:
        print_json(_faces_as_object(faces, half) | {"pairs": asdict(result), "plots": _names(drawn)})
        return
    _print_faces(faces)
    print_table(("", "#", ""), _pair_rows(result))
    _print_drawn(drawn)


@app.command("all-pairs")
def all_pairs(
    folder: Labelled,
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    half: Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare every photo with every other: true accept rates at fixed false accept rates."""
    if plots:
        require_matplotlib()
    chosen = options.recipe_with(name, detector, landmarks, jitter)
    faces = _ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result = measure_all_pairs(faces)
    rejection = measure_rejection(faces, result.counts)
    drawn = draw_all_pairs(plots, faces, result, rejection) if plots else []
    if as_json:
        figures = _roc_as_object(result) | {"rejection": _rejection_as_object(rejection)}
        print_json(_faces_as_object(faces, half) | figures | {"plots": _names(drawn)})
        return
    _print_faces(faces)
    _print_roc(result)
    if rejection:
        _print_rejection(rejection)
    _print_drawn(drawn)


@app.command("albums")
def albums(
    folder: Labelled,
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    half: Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Make albums as `cluster` does, and compare them with the people who are in them."""
    if plots:
        require_matplotlib()
    chosen = options.recipe_with(name, detector, landmarks, jitter)
    faces = _ingested(chosen, folder, half, Engine(engine, device), workers, keep)
    result = measure_albums(faces)
    drawn = draw_albums_around(plots, faces) if plots else []
    if as_json:
        print_json(_faces_as_object(faces, half) | _albums_as_object(result) | {"plots": _names(drawn)})
        return
    _print_faces(faces)
    _print_albums(result)
    _print_drawn(drawn)


@app.command("compare")
def compare(
    recipes: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Names of recipes.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Photos, in a folder named after each person.")],
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="Also decide these pairs.")] = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    half: Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Put recipes side by side: what they find, tell apart and group, and what it costs."""
    if plots:
        require_matplotlib()
    wanted = read_pairs(pairs) if pairs else None
    runs = Engine(engine, device)
    rows = []
    for chosen in [options.recipe_with(name, detector, landmarks, jitter) for name in recipes]:
        faces = _ingested(chosen, data, half, runs, workers, keep)
        rows.append(recipe_figures(faces, runs, wanted, half))
    drawn = draw_comparison(plots, rows) if plots else []
    if as_json:
        compared = [_figures_as_object(row) for row in rows]
        print_json({"data": str(data), "half": half, "recipes": compared, "plots": _names(drawn)})
        return
    _print_comparison(rows)
    _print_drawn(drawn)


def _ingested(
    recipe: Recipe, folder: Path, half: str | None, engine: Engine, workers: int | None, keep: Path | None
) -> LabelledFaces:
    with evaluation_library(recipe, keep) as library, progress_bar([folder]) as progress:
        meter = Meter(progress)
        with on_signals(meter.stop.set):
            return ingest_labelled(library, folder, half=half, engine=engine, workers=workers, meter=meter)


def _faces_as_object(faces: LabelledFaces, half: str | None) -> dict[str, object]:
    return {
        "recipe": faces.recipe.title,
        "half": half,
        "people": len(faces.names),
        "photos": faces.seen,
        "copies": faces.copies,
        "faces": len(faces.photos),
        "without_face": list(faces.without_face),
        "failed": [asdict(failure) for failure in faces.failed],
    }


def _point_as_object(point: OperatingPoint, result: AllPairs) -> dict[str, object]:
    return asdict(point) | {"tar_of_photos": result.tar_of_photos(point.tar)}


def _roc_as_object(result: AllPairs) -> dict[str, object]:
    roc = result.roc
    return {
        "pairs": {"same": roc.same_pairs, "different": roc.different_pairs},
        "points": [_point_as_object(point, result) for point in roc.points],
        "eer": roc.eer,
        "eer_threshold": roc.eer_threshold,
        "auc": roc.auc,
    }


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


def _albums_as_object(result: Albums) -> dict[str, object]:
    return (
        {"method": result.method, "threshold": result.threshold}
        | asdict(result.score)
        | {"clicks": result.score.clicks}
    )


def _figures_as_object(row: RecipeFigures) -> dict[str, object]:
    return {
        "recipe": row.recipe,
        "dimension": row.dimension,
        "photos": row.photos,
        "faces": row.faces,
        "pairs": asdict(row.pairs) if row.pairs else None,
        "points": [_point_as_object(row.all_pairs.roc.at(far), row.all_pairs) for far in COMPARED_RATES],
        "eer": row.all_pairs.roc.eer,
        "albums": _albums_as_object(row.albums),
        "best_albums": _albums_as_object(row.best_albums),
        "timing": asdict(row.timing),
    }


def _names(drawn: Iterable[Path]) -> list[str]:
    return [str(file) for file in drawn]


def _print_faces(faces: LabelledFaces) -> None:
    columns = ("recipe", "people#", "photos#", "with a face#", "without#", "unreadable#", "copies left out#")
    missing = (len(faces.without_face), len(faces.failed), faces.copies)
    print_table(columns, [(faces.recipe.title, len(faces.names), faces.seen, len(faces.photos), *missing)])
    print_line("")
    if faces.failed:
        print_table(("could not be read", "why"), [(f.path, f.error) for f in faces.failed])
        print_line("")


def _pair_rows(result: LfwResult) -> list[tuple[object, ...]]:
    missing = f"in {result.photos_without_face:,} photos; decided: different people"
    rows: list[tuple[object, ...]] = [
        ("pairs", result.pairs, ""),
        ("of them without a face", result.pairs_without_face, missing),
        ("accuracy, default threshold", _rate(result.accuracy), f"at {result.threshold:g}"),
        ("accuracy, best threshold", _rate(result.best_accuracy), f"at {result.best_threshold:.4f}: an upper bound"),
    ]
    crossed = result.cross_validation
    if crossed is None:
        return [*rows, ("accuracy, cross-validated", None, "too few pairs")]
    kind = "folds of the file" if result.folds == "protocol" else "folds of people"
    low, high = min(crossed.thresholds), max(crossed.thresholds)
    chosen = f"{len(crossed.accuracies)} {kind}, thresholds {low:.4f} to {high:.4f} chosen on the others"
    return [*rows, ("accuracy, cross-validated", _mean(result), chosen)]


def _print_roc(result: AllPairs) -> None:
    columns = ("FAR#", "threshold#", "TAR#", "TAR of photos#", "false accepts#", "")
    print_table(columns, [_point_row(point, result) for point in result.roc.points])
    roc = result.roc
    print_line(
        f"{roc.same_pairs:,} pairs of one person, {roc.different_pairs:,} of two; "
        f"EER {roc.eer:.4f} at {roc.eer_threshold:.4f}, AUC {roc.auc:.5f}"
    )


def _print_rejection(rejection: Rejection) -> None:
    shown = (rejection.before, rejection.after)
    rows: list[tuple[object, ...]] = [
        (f"{p.rejected:.0%}", p.pairs, p.false_non_matches, _known(p.rate)) for p in shown
    ]
    rows.append(("ratio", None, _known(rejection.count_ratio), _known(rejection.rate_ratio)))
    print_line("")
    print_table((f"rejected by {rejection.by}", "pairs of one person#", "false non-matches#", "FNMR#"), rows)
    print_line(f"at {rejection.curve.threshold:.4f}, which has FAR {REJECT_RATE:g} before any face is rejected")


def _point_row(point: OperatingPoint, result: AllPairs) -> tuple[object, ...]:
    threshold = "none" if point.threshold is None else f"{point.threshold:.4f}"
    rates = (_rate(point.tar), _rate(result.tar_of_photos(point.tar)))
    return (f"{point.far:g}", threshold, *rates, point.false_accepts, "" if point.enough else "too few to trust")


def _print_albums(result: Albums) -> None:
    score = result.score
    print_table(
        (f"{result.method} at {result.threshold:g}", "precision#", "recall#", "F#"),
        [
            ("B-cubed", _rate(score.bcubed.precision), _rate(score.bcubed.recall), _rate(score.bcubed.f)),
            ("pairs", _rate(score.pairwise.precision), _rate(score.pairwise.recall), _rate(score.pairwise.f)),
        ],
    )
    print_line(
        f"{score.albums:,} albums, {score.alone:,} faces alone; purity {score.purity:.4f}; "
        f"{score.albums_per_person:.2f} albums per person"
    )
    print_line(f"{score.clicks:,} clicks to perfect albums: {score.moves:,} moves, {score.merges:,} merges")


def _print_comparison(rows: Sequence[RecipeFigures]) -> None:
    columns = [_compared(row) for row in rows]
    print_table(
        ("", *(f"{row.recipe}#" for row in rows)),
        [(figure, *(column[figure] for column in columns)) for figure in columns[0]],
    )


def _compared(row: RecipeFigures) -> dict[str, object]:
    """What is shown of a recipe, by the name of the figure."""
    pairs = (
        {}
        if row.pairs is None
        else {
            "pairs, default threshold": f"{_rate(row.pairs.accuracy)} at {row.pairs.threshold:g}",
            "pairs, cross-validated": _mean(row.pairs),
        }
    )
    points = [row.all_pairs.roc.at(far) for far in COMPARED_RATES]
    timing = row.timing
    return {
        "dimension": row.dimension,
        "photos": row.photos,
        "with a face": row.faces,
        **pairs,
        **{f"TAR at FAR {p.far:g}": _rate(p.tar) + ("" if p.enough else " (too few pairs)") for p in points},
        "EER": _rate(row.all_pairs.roc.eer),
        "albums, B-cubed F": f"{_rate(row.albums.score.bcubed.f)} at {row.albums.threshold:.3g}",
        "the best of several": f"{_rate(row.best_albums.score.bcubed.f)} at {row.best_albums.threshold:.3g}",
        "clicks to perfect albums": f"{row.albums.score.clicks:,}",
        "ms per photo, one core": f"{timing.ms_per_photo:.1f}",
        "ms per face, encoding": "" if timing.ms_per_face is None else f"{timing.ms_per_face:.1f}",
    }


def _print_drawn(drawn: Sequence[Path]) -> None:
    for file in drawn:
        print_line(str(file))


def _rate(value: float) -> str:
    return f"{value:.4f}"


def _known(value: float | None) -> str | None:
    return None if value is None else _rate(value)


def _mean(result: LfwResult) -> str | None:
    crossed = result.cross_validation
    return None if crossed is None else f"{crossed.mean:.4f} +- {crossed.standard_error:.4f}"
