"""What a program imports: files of its own, and what is not of the standard library either."""

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
    found = {name for _, names in _followed(program) for name in names}
    return tuple(sorted(found - sys.stdlib_module_names))


def own_files(program: Program) -> tuple[str, ...]:
    """Give the program's files that its own imports lead to from what is run, that one first."""
    return tuple(path for path, _ in _followed(program))


def _followed(program: Program) -> Iterator[tuple[str, list[str]]]:
    """Give each file that the program's own imports lead to, with what else it imports."""
    own = _own_modules(program)
    todo = _begin(program, own)
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        names = list(_imported(program.sources[path]))
        todo += [file for name in names for file in own.get(name, ())]
        yield path, [name for name in names if name not in own]


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
