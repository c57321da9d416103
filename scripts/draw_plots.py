"""Draw plots of the documentation from figures that other commands gave: cost.png and groups.png in docs/pictures.

    .venv/bin/python scripts/draw_plots.py [FOLDER]

cost.png: a query from a thousand to ten million drawn faces. Its figures lie in
docs/pictures/measured.json; `scripts/bench search --growth 1000.faces 10000.faces 100000.faces --probes 150` gave them.
groups.png: false match rates by group of people, from the table in docs/limits.md, which `faceindex evaluate groups`
gave. roc.png, identify.png and tilt.png are drawn by `faceindex evaluate` itself, the others by `scripts/bench`.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parents[1] / "docs"
RECIPES = ("dlib", "sface", "sface-dlib")
COLOURS = dict(zip(RECIPES, ("#b0413e", "#d9a441", "#2a6f97"), strict=True))
SEEN = 1e-5
"""A rate that was too small to be counted is drawn here."""


def draw_cost(folder: Path) -> None:
    points = json.loads((DOCS / "pictures" / "measured.json").read_text())["queries"]
    faces = [point["faces"] for point in points]
    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.loglog(faces, [point["exact_ms"] for point in points], "s--", color="#777777", label="all compared, exact")
    axes.loglog(faces, [point["index_ms"] for point in points], "o-", color="#2a6f97", label="by the index")
    axes.set(xlabel="faces in the library", ylabel="processor time of a query, ms")
    axes.legend(frameon=False)
    axes.grid(visible=True, which="major", color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "cost.png", dpi=110)


def rates(page: str) -> dict[str, list[tuple[float, float, float]]]:
    """By group of people: for each recipe its false match rate, and the ends of the interval (the rate where none)."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    table = page.partition("| people | `dlib`")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        if ";" in name or "child and" in name:  # relatives, and people at two ages
            continue
        found[name.removesuffix(": strangers")] = [_rate(cell.partition(";")[0]) for cell in cells]
    return found


def _rate(cell: str) -> tuple[float, float, float]:
    numbers = [max(float(number), SEEN) for number in re.findall(r"\.\d+", cell)]
    if "(" in cell:
        return numbers[0], numbers[1], numbers[2]
    return (numbers[0] * numbers[-1]) ** 0.5, numbers[0], numbers[-1]


def draw_groups(folder: Path) -> None:
    groups = rates((DOCS / "limits.md").read_text(encoding="utf-8"))
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots()
    for row, found in enumerate(groups.values()):
        for place, (recipe, (rate, low, high)) in enumerate(zip(RECIPES, found, strict=True)):
            height = row + 0.2 * (place - 1)
            axes.plot([low, high], [height, height], color=COLOURS[recipe], linewidth=2)
            axes.plot(rate, height, "o", color=COLOURS[recipe], label=recipe if row == 0 else None)
    axes.set_xscale("log")
    axes.set(xlabel="false match rate at the recipe's threshold; bars: 95 % (KinFaceW: four kinds)")
    axes.set_yticks(range(len(groups)), list(groups))
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(folder / "groups.png", dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DOCS / "pictures")
    chosen = parser.parse_args().folder
    draw_cost(chosen)
    draw_groups(chosen)
