"""`faceindex train`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli import options
from faceindex.cli.gain_rows import gain_object, print_gains
from faceindex.cli.output import errors, print_json, print_line
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.cli.train_encoder import encoder
from faceindex.errors import UsageError
from faceindex.evaluation.group_file import read_groups
from faceindex.evaluation.groups import GroupRates
from faceindex.evaluation.intervals import Rate
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.plots import draw_head, require_matplotlib
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe
from faceindex.faces.recipe import recipe as default_recipe
from faceindex.models.heads import add_head, check_new_name
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.layout import CATALOG
from faceindex.training.head import LOSSES, Descent
from faceindex.training.labelled import TrainingFaces, check_number, joined, of_library, of_photos
from faceindex.training.relatives import NO_RELATIVES, read_relatives
from faceindex.training.train_head import HeadReport, train_head

app = typer.Typer(help="Learn from labelled photos, or from the people that you named.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Learn from labelled photos, or from the people that you named."""


app.command("encoder")(encoder)


@app.command("head")
def head(
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[LIBRARY|DIR]...", help="Further ones, as after --from.")
    ] = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="LIBRARY|DIR", help="A library with named people, or a folder per person."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the new recipe. Default: the recipe's, with -head.")
    ] = None,
    recipe: options.RecipeName = None,
    loss: Annotated[str, typer.Option(metavar="|".join(LOSSES), help="What is made small.")] = "hinge",
    relatives: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Columns person and family: relatives are told apart.")
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Columns person and group: rates of each group.")
    ] = None,
    few: Annotated[bool, typer.Option("--few", help="Learn from fewer than 100 people, too.")] = False,
    rate: Annotated[float, typer.Option(min=0, help="Learning rate.")] = Descent().rate,
    decay: Annotated[
        float, typer.Option(min=0, help="How strongly the head is drawn to the identity.")
    ] = Descent().decay,
    steps: Annotated[int, typer.Option(min=1, help="Steps at most.")] = Descent().steps,
    seed: Annotated[int, typer.Option(min=0, help="Of the batches.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and keep nothing.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the curves into this file.")] = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    as_json: options.AsJson = False,
) -> None:
    """Learn a linear head over stored vectors, and say what it gains on people who were not learnt from.

    It becomes a recipe. `faceindex reencode --head NAME NEW.faces` makes the vectors of a library anew with it.
    """
    if plot:
        require_matplotlib()
    if loss not in LOSSES:
        raise UsageError(f"no loss is called {loss}; there are {', '.join(LOSSES)}")
    places = [*(sources or ()), *(more or ())]
    if not places:
        raise UsageError("say what to learn from: --from LIBRARY, or --from DIR with a folder per person")
    known, given = read_relatives(relatives) if relatives else NO_RELATIVES, read_groups(groups) if groups else None
    if name is not None:
        check_new_name(name)
    settings = Descent(loss, rate, decay, steps, seed)
    with progress_bar(places) as progress:
        meter = Meter(progress)
        with on_signals(meter.stop.set):
            faces = joined(_faces(places, recipe, Engine(engine, device), workers, keep, meter))
            check_number(faces, few=few)
            chosen = name or f"{faces.recipe.name}-head"
            check_new_name(chosen)
            report = train_head(faces, chosen, settings, known, given, meter)
    kept = report.refusal is None and not dry_run
    if kept:
        add_head(report.card, report.data)
    drawn = draw_head(plot, chosen, *report.curves) if plot else None
    if as_json:
        print_json(_as_object(report, kept=kept) | {"plot": None if drawn is None else str(drawn)})
    else:
        _print(report)
        if drawn:
            print_line(str(drawn))
        if kept:
            print_line(f"kept as recipe {chosen}; `faceindex reencode --head {chosen} NEW.faces` puts it on a library")
    if report.refusal is not None:
        errors.print(f"the head is not kept: {report.refusal}", markup=False)
        raise typer.Exit(1)


def _faces(
    places: Sequence[Path], name: str | None, engine: Engine, workers: int | None, keep: Path | None, meter: Meter
) -> list[TrainingFaces]:
    """Libraries first: folders of photos are analysed by their recipe unless another is asked for."""
    wanted = default_recipe(name) if name else None
    found: list[TrainingFaces] = []
    for place in sorted(places, key=lambda place: not _is_library(place)):
        if _is_library(place):
            folder = LibraryFolder(place, wanted=wanted, create=False)
            try:
                found.append(of_library(folder))
            finally:
                folder.close()
            continue
        chosen: Recipe = wanted or (found[0].recipe if found else default_recipe())
        with evaluation_library(chosen, keep) as library:
            photos = ingest_labelled(library, place, engine=engine, workers=workers, meter=meter)
        found.append(of_photos(photos))
    return found


def _is_library(place: Path) -> bool:
    return (place / CATALOG).is_file()


def _as_object(report: HeadReport, *, kept: bool) -> dict[str, object]:
    card, split = report.card, report.split
    assert card.head is not None
    return {
        "recipe": card.name,
        "base": card.head.base,
        "kept": kept,
        "refused": report.refusal,
        "learnt": asdict(card.head.learnt) if card.head.learnt else None,
        "held_out": {"people": len(set(split.test.people.tolist())), "faces": len(split.test.people)},
        "points": [{"far": far} | gain_object(gain) for far, gain in report.gains.items()],
        "albums_f": {"before": report.albums[0], "after": report.albums[1]},
        "identification": None if report.named is None else gain_object(report.named),
        "groups": [{"before": asdict(before), "after": asdict(after)} for before, after in report.groups],
        "match_threshold": card.match_threshold,
        "cluster_threshold": card.cluster_threshold,
        "validation": [{"step": step, "loss": loss} for step, loss in report.learnt.looks],
    }


def _print(report: HeadReport) -> None:
    test, learnt = report.split.test, report.card.head.learnt if report.card.head else None
    people = len(set(test.people.tolist()))
    print_line(
        f"measured on {plural(people, 'person', 'people')} not learnt from, {plural(len(test.people), 'face')}; "
        f"{plural(report.learnt.steps, 'step')}"
    )
    if learnt:
        print_line(
            f"kept: learnt in as many steps from all {plural(learnt.people, 'person', 'people')}, "
            f"{plural(learnt.faces, 'face')}"
        )
    groups = (row for first, last in report.groups for row in _group_rows(first, last))
    print_gains(report.gains, report.albums, report.named, report.card, groups)


def _group_rows(before: GroupRates, after: GroupRates) -> Iterator[tuple[str, ...]]:
    kinds: tuple[tuple[str, Rate, Rate], ...] = (
        ("false matches", before.false_matches, after.false_matches),
        ("false matches of relatives", before.relatives, after.relatives),
        ("true matches", before.true_matches, after.true_matches),
    )
    for kind, first, last in kinds:
        if first.rate is not None and last.rate is not None:
            change = f"{last.rate - first.rate:+.4f}"
            yield f"{before.group}: {kind}", f"{first.rate:.4f}", f"{last.rate:.4f}", change, ""
