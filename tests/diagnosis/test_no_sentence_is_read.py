"""Sentences are made once, from facts, and nothing takes one apart again to learn what it says.

What a thread waits for is `Thread.wait`, what stood in a proof's way `Trial.obstacle`, why a
finding is one its `mechanism` and `cause`: who wants to know asks for these.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import startlab

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.targets

PACKAGE: Final = Path(startlab.__file__).parent
FOLDERS: Final = ("catalogue", "cli", "diagnosis", "engine", "judge", "report", "results")
FILES: Final = sorted(
    path
    for name in FOLDERS
    for path in (PACKAGE / name).rglob("*.py")
    if path.parent.parent.name != "catalogue"  # a program
)

SENTENCES: Final = frozenset({"waits", "wakers", "reason", "title", "cause"})
"""Fields of ours that hold one, beside the `text` of a cause and a finding."""

READS: Final = frozenset({
    "count", "endswith", "find", "index", "partition", "removeprefix", "removesuffix", "rfind",
    "rindex", "rpartition", "rsplit", "split", "splitlines", "startswith",
})  # fmt: skip
PATTERNS: Final = frozenset({
    "findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn",
})  # fmt: skip

ALLOWED: Final = {
    # It learns nothing: of two reasons that differ in process ids alone, one is in the page.
    ("report/html/data.py", "_NUMBERED.sub"),
}


def reads(source: str) -> Iterator[tuple[int, str]]:
    """Give where a sentence is read back, and by what."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                if isinstance(operator, ast.In | ast.NotIn) and is_sentence(right):
                    yield node.lineno, "in"
            constant = any(isinstance(each, ast.Constant) and each.value for each in sides(node))
            if constant and any(map(is_sentence, sides(node))):
                yield node.lineno, "=="
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = node.func
            if called.attr in READS and is_sentence(called.value):
                yield node.lineno, called.attr
            elif called.attr in PATTERNS and any(
                is_sentence(inner) for argument in node.args for inner in ast.walk(argument)
            ):
                yield node.lineno, ast.unparse(called)


def sides(node: ast.Compare) -> list[ast.expr]:
    equals = any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops)
    return [node.left, *node.comparators] if equals else []


def is_sentence(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    if node.attr == "text":  # what others have one of is a program's
        return isinstance(node.value, ast.Name) and node.value.id in ("cause", "finding")
    return node.attr in SENTENCES


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_sentence_of_our_own_is_read(file: Path) -> None:
    name = file.relative_to(PACKAGE).as_posix()
    found = [each for each in reads(file.read_text("utf-8")) if (name, each[1]) not in ALLOWED]
    assert not found, f"{name} reads a sentence of ours: {found}"


@pytest.mark.parametrize(
    ("code", "by"),
    [
        ("'for a lock' in thread.waits", "in"),
        ("'only threads' not in thread.wakers", "in"),
        ("trial.reason.partition('no proof: ')[2]", "partition"),
        ("finding.title.partition(': ')", "partition"),
        ("thread.waits.startswith('runs')", "startswith"),
        ("re.search('pid [0-9]+', one_line(thread.wakers))", "re.search"),
        ("PIDS.sub('', cause.text)", "PIDS.sub"),
        ("trial.reason == 'it hangs'", "=="),
    ],
)
def test_a_sentence_that_is_read_is_seen(code: str, by: str) -> None:
    assert [each for _, each in reads(code)] == [by]


@pytest.mark.parametrize(
    "code",
    [
        "trial.reason or 'nothing'",
        "f'{cause.text} {end}'",
        "observation.stdout.text().splitlines()",
        "'lock' in thread.wait.kind",
        "reasons.setdefault((cell.word, cell.reason), [])",
        "found.cause == other.cause",
        "if trial.reason != '': pass",
    ],
)
def test_what_only_passes_a_sentence_on_is_not(code: str) -> None:
    assert not list(reads(code))
