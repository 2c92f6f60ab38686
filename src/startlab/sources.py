"""What a program's source says at a line, and what kinds of line are in it."""

from __future__ import annotations

import ast
import posixpath
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.model import Program

MOST_CODE: Final = 100
"""Characters of a line that are quoted."""

_MUTATORS: Final = frozenset({
    "add", "append", "appendleft", "clear", "extend", "insert", "pop", "popleft", "remove",
    "setdefault", "update",
})  # fmt: skip
_LOCKS: Final = re.compile(r"lock|mutex|sem|cond|guard", re.IGNORECASE)


class Sources:
    """The files of a program: as they were when it was run, or are where it was run from."""

    def __init__(self, program: Program) -> None:
        self._root = Path(program.root)
        self._kept = program.sources
        self.main = self._main(program)
        self._read: dict[str, Source] = {}

    def _main(self, program: Program) -> str:
        """Give the file of the main module; empty for a command, and where it is not known."""
        if program.kind != "module":
            return program.target if program.kind == "script" else ""
        names = self.files_of(program.target, program.cwd)
        there = (name for name in names if name in self._kept or (self._root / name).is_file())
        return next(there, "")

    @staticmethod
    def files_of(module: str, *folders: str) -> list[str]:
        """List the files that a module may be in, its folder being one of `folders` or `src`."""
        path = module.replace(".", "/")
        return [
            posixpath.normpath(f"{folder}/{path}{ending}")
            for folder in (*folders, "src")
            for ending in (".py", "/__main__.py", "/__init__.py")
        ]

    def changed(self, name: str) -> str | None:
        """Find where a global, `name` or `module.name`, is changed by the first process alone."""
        module, _, own = name.rpartition(".")
        beside = posixpath.dirname(self.main) or "."
        places = [(self.main, name)]
        places += [(file, own) for file in self.files_of(module, ".", beside) if module]
        for file, each in places:
            line = self.file(file).changed(each)
            if line is not None:
                return f"{file}:{line}"
        return None

    def file(self, name: str) -> Source:
        """Read a file; one that is not there, or is no Python of today, has nothing to say."""
        if name not in self._read:
            text = self._kept.get(name)
            self._read[name] = Source(self._from_disk(name) if text is None else text)
        return self._read[name]

    def _from_disk(self, name: str) -> str:
        try:
            return (self._root / name).read_text("utf-8", errors="replace") if name else ""
        except (OSError, ValueError):
            return ""

    def code(self, where: str | None) -> str:
        """Give the line of code at `file:line`, empty if it is not known."""
        file, _, line = (where or "").rpartition(":")
        return self.file(file).line(int(line)) if file and line.isdigit() else ""


class Source:
    """One file."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._text = text

    def line(self, number: int) -> str:
        """Give a line of code without its indentation; empty if there is none."""
        if not 0 < number <= len(self._lines):
            return ""
        code = self._lines[number - 1].strip()
        return code if len(code) <= MOST_CODE else code[:MOST_CODE] + "…"

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self._text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module(body=[], type_ignores=[])

    def lost_updates(self) -> list[int]:
        """Find updates of something shared that read and write it in two steps, without a lock."""
        return sorted(set(_unlocked_updates(self._tree, shares=self._shares_items())))

    def _shares_items(self) -> bool:
        shared = r"\b(Array|RawArray|Manager|SharedMemory|ShareableList)\("
        return re.search(shared, self._text) is not None

    def assigned(self, name: str) -> int | None:
        """Find the line of the module's own body that first makes a global."""
        for node in self._tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.With):
                names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
                if any(each.id == name and isinstance(each.ctx, ast.Store) for each in names):
                    return node.lineno
        return None

    def changed(self, name: str) -> int | None:
        """Find the line that changes a global where only the program's first process comes.

        That is in a function or below `if __name__ == "__main__"`.
        """
        lines = []
        for part in self._tree.body:
            nodes = list(ast.walk(part))
            declared = any(isinstance(each, ast.Global) and name in each.names for each in nodes)
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
                whole = declared or isinstance(part, ast.If)
                changes = [each for each in nodes if _changes(each, name, whole=whole)]
                lines += [getattr(each, "lineno", part.lineno) for each in changes]
        return min(lines, default=None)

    def locks_at(self, number: int) -> tuple[set[str], set[str]]:
        """Name the locks that a line takes, and those that are held while it runs.

        Each as `Class.self.lock`: what is written, with the class that it is written in.
        """
        taken: set[str] = set()
        held: set[str] = set()
        for owner, function in _functions(self._tree, ""):
            if function.lineno <= number <= (function.end_lineno or 0):
                for node in ast.walk(function):
                    _sort_lock(node, owner, number, taken, held)
        return taken, {each for each in held if each in taken or self._is_lock(each)}

    def _is_lock(self, name: str) -> bool:
        """Tell by its name, or by what it is assigned, whether something is a lock."""
        own = re.escape(name.rpartition(".")[2])
        made = rf"\b{own}\s*=.*\b(R?Lock|Semaphore|BoundedSemaphore|Condition)\("
        return _LOCKS.search(own) is not None or re.search(made, self._text) is not None

    def function_of(self, number: int) -> int | None:
        """Give the first line of the innermost function that a line is in."""
        lines = [
            function.lineno
            for _, function in _functions(self._tree, "")
            if function.lineno <= number <= (function.end_lineno or 0)
        ]
        return max(lines, default=None)

    def runs_at_import(self) -> bool:
        """Tell whether the module's own body may print: not, if it only defines and assigns."""
        return not self._text or any(
            isinstance(node, ast.For | ast.While | ast.With | ast.Try)
            or (isinstance(node, ast.If) and "__name__" not in ast.unparse(node.test))
            for node in self._tree.body
        )

    def top_level_calls(self) -> list[int]:
        """List the lines of the module's own body, outside any guard, that only call."""
        return [
            node.lineno
            for node in self._tree.body
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        ]

    def mentions(self, pattern: str, first: int | None = None) -> int | None:
        """Find the first line that a pattern matches, from line `first` on."""
        for number, line in enumerate(self._lines, 1):
            if number >= (first or 1) and re.search(pattern, line.partition("#")[0]):
                return number
        return None


def _functions(
    node: ast.AST, owner: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Give every function, with the name of the class that it is in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield owner, child
        inside = child.name if isinstance(child, ast.ClassDef) else owner
        yield from _functions(child, inside)


def _sort_lock(node: ast.AST, owner: str, line: int, taken: set[str], held: set[str]) -> None:
    """Put the lock that a node takes, if any, where it belongs, as seen from a line."""
    if isinstance(node, ast.With | ast.AsyncWith):
        names = {f"{owner}.{ast.unparse(item.context_expr)}" for item in node.items}
        if node.lineno <= line < node.body[0].lineno:
            taken |= names
        elif node.body[0].lineno <= line <= (node.end_lineno or 0):
            held |= names
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = f"{owner}.{ast.unparse(node.func.value)}"
        if node.func.attr == "acquire" and node.lineno == line:
            taken.add(name)
        elif node.func.attr == "acquire" and node.lineno < line:
            held.add(name)
        elif node.func.attr == "release" and node.lineno < line:
            held.discard(name)


def _unlocked_updates(node: ast.AST, *, shares: bool) -> Iterator[int]:
    if isinstance(node, ast.With | ast.AsyncWith):
        if any(_LOCKS.search(ast.unparse(item.context_expr)) for item in node.items):
            return
    elif isinstance(node, ast.AugAssign):
        if _is_shared(node.target, shares=shares):
            yield node.lineno
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        text = ast.unparse(target)
        if _is_shared(target, shares=shares) and text in {
            ast.unparse(each) for each in ast.walk(node.value) if isinstance(each, ast.expr)
        }:
            yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _unlocked_updates(child, shares=shares)


def _is_shared(target: ast.expr, *, shares: bool) -> bool:
    if isinstance(target, ast.Attribute):
        return target.attr == "value"
    return shares and isinstance(target, ast.Subscript)


def _changes(node: ast.AST, name: str, *, whole: bool) -> bool:
    """Tell whether a node changes a global; `whole` says that its plain name is not a local one."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        targets = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method = node.func.attr
        known = method in _MUTATORS or method.startswith("set")
        return known and _is_of(node.func.value, name)
    return any(
        _is_of(each, name) and (whole or not isinstance(each, ast.Name))
        for target in targets
        for each in _flat(target)
    )


def _flat(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else [target]


def _is_of(target: ast.expr, name: str) -> bool:
    """Tell whether a target is the global, or a part of it; `module.name` is one of a module."""
    while True:
        text = ast.unparse(target)
        if text == name:
            return True
        if not isinstance(target, ast.Subscript | ast.Attribute):
            return False
        target = target.value
