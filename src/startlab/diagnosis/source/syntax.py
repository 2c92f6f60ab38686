"""What a syntax tree says: its functions, names and calls, and what a statement changes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LOCKS: Final = re.compile(r"lock|mutex|sem|cond|guard", re.IGNORECASE)
"""What the name of a lock has in it."""

ENDED_BY: Final = {
    "acquire": "release",
    "wait": "set|notify|notify_all",
    "wait_for": "notify|notify_all",
    "get": "put|put_nowait",
}
"""Of a call that waits, the calls that end that, as a pattern; a `with` is ended by release()."""

MUTATORS: Final = frozenset({
    "add", "append", "appendleft", "clear", "extend", "insert", "pop", "popleft", "remove",
    "setdefault", "update",
})  # fmt: skip


PATCHERS: Final = re.compile(
    r"(^|\.)(setattr|delattr|setitem|delitem|patch|patch\.(object|dict|multiple))$"
)
"""Functions that are told what they change: Python's, monkeypatch's, and those of mock."""


def functions_in(
    node: ast.AST, owner: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Give every function, with the name of the class that it is in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield owner, child
        inside = child.name if isinstance(child, ast.ClassDef) else owner
        yield from functions_in(child, inside)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a function, without those of the functions in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def names_in(node: ast.AST) -> set[str]:
    """Give the names, and those of attributes, that are in a node."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def has_call(node: ast.AST, names: Collection[str]) -> bool:
    """Tell whether something in a node calls one of some functions."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            function = each.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            name = function.id if isinstance(function, ast.Name) else name
            if name in names:
                return True
    return False


def changes(node: ast.AST, name: str, *, whole: bool) -> bool:
    """Tell whether a node changes a global; `whole` says that its plain name is not a local one."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        targets = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
    elif isinstance(node, ast.Call):
        return _changes_by_name(node, name) or _changes_by_method(node, name)
    return any(
        _is_of(each, name) and (whole or not isinstance(each, ast.Name))
        for target in targets
        for each in flat(target)
    )


def _changes_by_name(call: ast.Call, name: str) -> bool:
    """See `setattr(tool, "LIMIT", 9)`, also monkeypatch's, and `mock.patch("tool.LIMIT", 9)`."""
    if not call.args or PATCHERS.search(ast.unparse(call.func)) is None:
        return False
    first, *rest = [
        each.value
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
        else ast.unparse(each)
        for each in call.args[:2]
    ]
    changed = {first, *(f"{first}.{each}" for each in rest)}
    return any(each == name or ("." in each and name.endswith(f".{each}")) for each in changed)


def _changes_by_method(call: ast.Call, name: str) -> bool:
    if isinstance(call.func, ast.Name) and call.func.id == "next" and call.args:
        return _is_of(call.args[0], name)
    if not isinstance(call.func, ast.Attribute):
        return False
    method, owner = call.func.attr, name.rpartition(".")
    if owner[0] and call.args and _is_of(call.func.value, owner[0]):  # Type.register("name", …)
        first = call.args[0]
        if isinstance(first, ast.Constant) and first.value == owner[2]:
            return True
    if ast.unparse(call.func.value) == f"vars({name})":
        return method in MUTATORS
    known = method in MUTATORS or method.startswith("set")
    return known and _is_of(call.func.value, name)


def flat(target: ast.expr) -> list[ast.expr]:
    """Give what an assignment binds: of `a, b = …` each."""
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
