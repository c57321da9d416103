"""Every SQL statement is in faceindex/store: elsewhere no string is one, and nothing executes one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "faceindex"

STATEMENT = re.compile(
    r"\bSELECT\s+\S[\s\S]*\b(FROM|WHERE|LIMIT|EXISTS)\b|\bSELECT 1\b|\bINSERT\s+(OR \w+\s+)?INTO\b"
    r"|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b|\b(CREATE|ALTER|DROP)\s+(TEMP\w*\s+|UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)\b|\bPRAGMA\s+\w+"
    r"|\bATTACH\s+(DATABASE\b|\?)|^(BEGIN|COMMIT|ROLLBACK)\b"
)
EXECUTING = ("execute", "executemany", "executescript")


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """Strings that stand alone: they say what is there, and may speak of statements."""
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def text_of(node: ast.AST) -> str:
    """A string as it is written, with ? for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) for value in node.values)
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else "?"


def statements_in(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    said = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in said and STATEMENT.search(text_of(node)):
            yield f"line {node.lineno}: {text_of(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EXECUTING:
            yield f"line {node.lineno}: a call of {node.func.attr}"


def test_every_statement_is_in_the_store() -> None:
    found = {
        str(path.relative_to(PACKAGE)): list(statements_in(path.read_text()))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "store"
    }
    assert len(found) > 100
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        'rows = "SELECT id FROM acts"',
        'rows = f"SELECT {column} FROM {table} LIMIT ?"',
        'x = "SELECT 1"',
        'x = """\n    INSERT OR REPLACE INTO settings VALUES (?, ?)"""',
        'x = "UPDATE paths SET size = 0"',
        'x = "DELETE FROM unpaired"',
        'x = "PRAGMA user_version"',
        'x = "CREATE INDEX one ON two (three)"',
        'x = "BEGIN IMMEDIATE"',
        "connection.execute(statement)",
    ],
)
def test_a_statement_is_seen(line: str) -> None:
    assert list(statements_in(line))


@pytest.mark.parametrize("line", ['"""SELECT id FROM acts is one."""', 'x = "update the index"', 'x = "SELECT a face"'])
def test_other_strings_are_not_taken_for_one(line: str) -> None:
    assert not list(statements_in(line))
