"""What a program imports that is neither its own nor of the standard library."""

from __future__ import annotations

import ast
import posixpath
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Program


def packages(program: Program) -> tuple[str, ...]:
    """Name the top-level modules that a program needs from elsewhere, as far as its files tell.

    Followed are its own imports, from what is run; those that may fail, in a `try`, do not count.
    """
    own = _own_modules(program)
    todo = _begin(program, own)
    seen: set[str] = set()
    found: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _imported(program.sources[path]):
            if name in own:
                todo += own[name]
            elif name not in sys.stdlib_module_names:
                found.add(name)
    return tuple(sorted(found))


def _begin(program: Program, own: dict[str, list[str]]) -> list[str]:
    """Give the files that are run first; of a command, which may read any, all."""
    match program.kind:
        case "script":
            main = (program.target, posixpath.join(program.target, "__main__.py"))
            return [path for path in main if path in program.sources]
        case "module":
            return list(own.get(program.target.partition(".")[0], ()))
        case "command" | "test":
            return list(program.sources)


def _own_modules(program: Program) -> dict[str, list[str]]:
    """Map the program's top-level modules to their files, by where Python looks for them."""
    of_script = [program.target, posixpath.dirname(program.target)]
    places = [program.cwd] if program.kind != "script" else of_script
    own: dict[str, list[str]] = {}
    for place in [*places, *filter(None, [program.pythonpath])]:
        for path in program.sources:
            inside = posixpath.relpath(path, place or ".")
            top = inside.partition("/")[0]
            if top != "..":
                own.setdefault(top.removesuffix(".py"), []).append(path)
    return own


def _imported(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # of another Python, maybe
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        match node:
            case ast.Import(names=names):
                yield from (each.name.partition(".")[0] for each in names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield module.partition(".")[0]
            case ast.Try() | ast.TryStar():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                todo += node.orelse
            case _:
                todo += ast.iter_child_nodes(node)
