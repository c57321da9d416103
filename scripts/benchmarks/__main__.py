"""Run a benchmark, keep its figures, and compare them.

    scripts/bench --list
    scripts/bench NAME [OPTIONS OF NAME] [--history FILE] [--compare [FILE|CHECKOUT]] [--turns 3]

--history appends the figures to FILE: a line of JSON with the date, commit, machine and versions. --compare shows them
beside the last run of the same name and options in FILE (default: the file that --history names). If it names a folder,
the benchmark runs in this checkout and in that one, in turn (git worktree add ../older COMMIT, then
../older/scripts/setup test).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import checkouts, history
from harness.report import Report

Formatter = argparse.RawDescriptionHelpFormatter


def main() -> None:
    """The command line."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=Formatter)
    parser.add_argument("--list", action="store_true", help="the benchmarks there are")
    parser.add_argument("name", nargs="?", metavar="NAME", choices=known)
    asked = parser.parse_args(sys.argv[1:2])
    if asked.name is None:
        print("\n".join(f"{name:10} {text.splitlines()[0]}" for name, text in known.items()))
    else:
        measure(asked.name, known[asked.name], sys.argv[2:])


def benchmarks() -> dict[str, str]:
    """The docstring of each benchmark, by name; none of them is imported."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(part, ast.FunctionDef) and part.name == "run" for part in tree.body):
            found[path.stem] = ast.get_docstring(tree) or ""
    return found


def measure(name: str, description: str, arguments: list[str]) -> None:
    """Run one benchmark with these arguments."""
    run = import_module(f"benchmarks.{name}").run
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=description, formatter_class=Formatter)
    own = add_options(parser, run)
    common = parser.add_argument_group("of every benchmark, see scripts/bench --help")
    common.add_argument("--history", type=Path, metavar="FILE")
    common.add_argument("--compare", type=Path, metavar="FILE|CHECKOUT", nargs="?", const=HISTORY)
    common.add_argument("--turns", type=int, default=3, help="of both checkouts (default %(default)s)")
    options = parser.parse_args(arguments)
    chosen = {key: vars(options)[key] for key in own}
    former = options.history if options.compare == HISTORY else options.compare
    if options.compare and not former:
        parser.error("--compare takes a file or a folder, or --history beside it")
    if former and former != options.history and not former.exists():
        parser.error(f"{former}: no such file or folder")
    with TemporaryDirectory() as folder:
        report = Report(Path(folder))
        report.say(f"{name}: {history.machine()}, {history.versions()}, commit {history.commit()}")
        if former and former.is_dir():
            checkouts.compare(report, name, without_common(arguments), former.resolve(), options.turns)
        else:
            run(report, **chosen)
            if not report.figures:
                parser.error("nothing of this kind can be measured; --help says what there is")
            if former:
                history.show_change(report, history.last(former, name, chosen))
    if options.history:
        history.append(options.history, history.record(name, chosen, report.figures))


HISTORY = Path("the file that --history names")


def add_options(parser: argparse.ArgumentParser, run: Callable[..., None]) -> list[str]:
    """Add an option for each parameter of a benchmark that has a default. Returns: their names."""
    names = []
    for name, parameter in inspect.signature(run).parameters.items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            continue
        names.append(name)
        option, kind = f"--{name.replace('_', '-')}", str(parameter.annotation)
        one = next((one for one in (int, float, Path) if one.__name__ in kind), str)
        if kind == "bool":
            parser.add_argument(option, action="store_true")
        elif kind.startswith("Sequence"):
            shown = " ".join(map(str, default)) or "none"
            parser.add_argument(option, type=one, nargs="+", default=default, help=f"default {shown}")
        else:
            parser.add_argument(option, type=one, default=default, help="default %(default)s")
    return names


def without_common(arguments: list[str]) -> list[str]:
    """The arguments that are a benchmark's own."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("--history", "--compare", "--turns"):
        parser.add_argument(option)
    return parser.parse_known_args(arguments)[1]


if __name__ == "__main__":
    main()
