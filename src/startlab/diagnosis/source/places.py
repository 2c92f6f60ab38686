"""Where in a program's own files something is written."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.diagnosis.source.sources import Sources

MOST_FILES: Final = 30
_IMPORT: Final = re.compile(r"^(?:from\s+([\w.]+)\s+import\s+(.*)|import\s+(.*))$")


def own_files(sources: Sources) -> Iterator[str]:
    """Give the program's files: the main module, and what it imports that lies beside it."""
    files = [sources.main] if sources.main else []
    for file in files:
        yield file
        beside = posixpath.dirname(file) or "."
        for module in _imported(sources, file):
            if len(files) < MOST_FILES:
                own = beside
                for _ in range(len(module) - len(module.lstrip(".")) - 1):
                    own = posixpath.dirname(own) or "."
                for each in sources.files_of(module.lstrip("."), own, "."):
                    if each not in files and sources.file(each).mentions(r"\S"):
                        files.append(each)


def _imported(sources: Sources, file: str) -> Iterator[str]:
    source = sources.file(file)
    number = source.mentions(r"^\s*(from|import)\s")
    while number is not None:
        match = _IMPORT.match(source.line(number).partition("#")[0].strip())
        if match is not None and match[1]:
            yield match[1]
            for name in re.findall(r"\w+", match[2].partition(" as ")[0]):
                yield f"{match[1].rstrip('.')}.{name}" if match[1].strip(".") else f".{name}"
        elif match is not None:
            yield from (each.split()[0] for each in match[3].split(",") if each.strip())
        number = source.mentions(r"^\s*(from|import)\s", number + 1)


def written(sources: Sources, *patterns: str, of_test: str = "") -> str | None:
    """Find the first line of the program's own that a pattern matches: the first that is found.

    Of a suite's test, named by its function or class, that may be in a conftest that pytest reads
    for it, and is not in another test.
    """
    files = [*own_files(sources), *sources.conftests()]
    for pattern in patterns:
        for file in files:
            source = sources.file(file)
            line = (
                source.mentions_of_test(pattern, of_test) if of_test else source.mentions(pattern)
            )
            if line is not None:
                return f"{file}:{line}"
    return None


def all_written(sources: Sources, pattern: str) -> list[str]:
    """Find each line of the program's own that a pattern matches."""
    return [
        f"{file}:{line}"
        for file in own_files(sources)
        for line in sources.file(file).all_mentions(pattern)
    ]


def line_within(sources: Sources, function: str, pattern: str) -> str | None:
    """Find the first line, in a function of that name, that a pattern matches."""
    for file, first, last, _ in own_functions(sources, {function}):
        line = sources.file(file).mentions(pattern, first)
        if line is not None and line <= last:
            return f"{file}:{line}"
    return None


def lines_like(sources: Sources, file: str, pattern: str) -> Iterator[str]:
    """Give each line of code in a file that a pattern matches."""
    source = sources.file(file)
    number = source.mentions(pattern)
    while number is not None:
        yield source.line(number)
        number = source.mentions(pattern, number + 1)


def children_may_use(sources: Sources, names: Iterable[str]) -> bool:
    """Tell whether a function that is handed on mentions a name, or one that it leads to.

    What children run is handed on by name: a target, the function of a map(), a method. Where the
    sources are not known, they may.
    """
    bodies: dict[str, set[str]] = {}
    reached = {"run"}
    for file in own_files(sources):
        source = sources.file(file)
        if not source.is_python:
            return True
        tree = source.tree
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and id(node) not in called:
                reached.add(_name(node))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                bodies.setdefault(node.name, set()).update(_mentioned(node))
            elif isinstance(node, ast.ClassDef):
                inits = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                made = [each for each in inits if each.name in ("__init__", "__call__")]
                bodies.setdefault(node.name, set()).update(*map(_mentioned, made))
    queue = [each for each in reached if each in bodies]
    seen = set(queue)
    wanted = set(names)
    for function in queue:
        if bodies[function] & wanted:
            return True
        more = [each for each in bodies[function] if each in bodies and each not in seen]
        seen.update(more)
        queue += more
    return not bodies


def distances_from_child(sources: Sources, where: str) -> dict[str, int]:
    """Tell how far names are from what the function at a line hands on: 0 is what that mentions.

    A function is known by its name alone.
    """
    started, _, number = where.rpartition(":")
    bodies: dict[str, set[str]] = {}
    for file in (started, *own_files(sources)):
        for _, function in sources.file(file).functions:
            bodies.setdefault(function.name, set()).update(_mentioned(function))
    handed = {
        _name(given)
        for _, function in sources.file(started).functions
        if function.lineno <= int(number) <= (function.end_lineno or 0)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        for given in (*node.args, *(each.value for each in node.keywords))
        if isinstance(given, ast.Name | ast.Attribute)
    }
    found: dict[str, int] = {}
    distance, functions = 0, handed & bodies.keys()
    while functions:
        new = set().union(*(bodies[each] for each in functions)) - found.keys()
        found |= dict.fromkeys(new, distance)
        distance, functions = distance + 1, new & bodies.keys()
    return found


def own_functions(
    sources: Sources, names: set[str] | None
) -> Iterator[tuple[str, int, int, set[str]]]:
    """Give functions of some names, or all: file, first and last line, and what they mention."""
    for file in own_files(sources):
        for node in sources.file(file).nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                names is None or node.name in names
            ):
                yield file, node.lineno, node.end_lineno or node.lineno, _mentioned(node)


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _mentioned(function: ast.AST) -> set[str]:
    return {
        _name(each) for each in ast.walk(function) if isinstance(each, ast.Name | ast.Attribute)
    }


def _is_asked_for(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    return isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Store)


def reached_from(sources: Sources, function: str) -> set[str] | None:
    """Name all that a function mentions, and what it mentions leads to; None if it is not found.

    A function is known by its name alone, and a class by its methods. Strings count as names: an
    environment variable is one. So do parameters, which may be fixtures; what a decorator says is
    used by itself, as `autouse=True` does, is reached from everywhere. What is only set is not
    mentioned: whatever uses it, asks for it.
    """
    bodies: dict[str, set[str]] = {}
    always = []
    for file in (*own_files(sources), *sources.conftests()):
        for node in sources.file(file).nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                within = list(ast.walk(node))
                strings = {each.value for each in within if isinstance(each, ast.Constant)}
                names = {_name(each) for each in within if _is_asked_for(each)}
                names |= {each for each in strings if isinstance(each, str)}
                names |= {each.arg for each in within if isinstance(each, ast.arg)}
                names |= {
                    _name(each.target)
                    for each in within
                    if isinstance(each, ast.AugAssign)
                    and isinstance(each.target, ast.Name | ast.Attribute)
                }
                bodies.setdefault(node.name, set()).update(names)
                if any("autouse=True" in ast.unparse(each) for each in node.decorator_list):
                    always.append(node.name)
    if function not in bodies:
        return None
    reached, queue = {function, *always}, [function, *always]
    for each in queue:
        new = bodies.get(each, set()) - reached
        reached |= new
        queue += new
    return reached
