"""Data of one process that the sources take for another's: lost updates, and changes of copies."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from startlab.diagnosis.source.syntax import (
    LOCKS,
    MUTATORS,
    has_call,
    own_nodes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from startlab.diagnosis.source.sources import Source


def lost_updates(source: Source) -> list[int]:
    """Find updates of something shared that read and write it in two steps, without a lock."""
    return sorted(set(_unlocked_updates(source.tree, shares=_shares_items(source))))


def _shares_items(source: Source) -> bool:
    shared = r"\b(Array|RawArray|Manager|SharedMemory|ShareableList)\("
    return re.search(shared, source.text) is not None


def _unlocked_updates(node: ast.AST, *, shares: bool) -> Iterator[int]:
    if isinstance(node, ast.With | ast.AsyncWith):
        if any(LOCKS.search(ast.unparse(item.context_expr)) for item in node.items):
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


def changed_copies(source: Source) -> list[int]:
    """Find changes of what a Manager's dict or list gave out, which is a copy.

    The names of such are followed through the arguments of calls and of Process().
    """
    proxies = _proxies(source)
    nested = r"\]\s*=\s*\w+\.(dict|list|Namespace)\("
    if not proxies or re.search(nested, source.text):
        return []  # a proxy within a proxy is none
    return sorted({
        line
        for _, function in [("", source.tree), *source.functions]
        for line in _copies_changed(function, proxies)
    })  # fmt: skip


def _proxies(source: Source) -> set[str]:
    """Name what is bound to `manager.dict()` or `manager.list()`, or given on as an argument."""
    managers = _bound(source, lambda value: has_call(value, {"Manager", "SyncManager"}))
    found = _bound(
        source,
        lambda value: (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in ("dict", "list")
            and (
                ast.unparse(value.func.value) in managers
                or has_call(value.func.value, {"Manager", "SyncManager"})
            )
        ),
    )
    functions = {each.name: each for _, each in source.functions}
    before = -1
    while found and before != len(found):
        before = len(found)
        found |= {
            ast.unparse(target)
            for node in source.nodes
            if isinstance(node, ast.Assign) and ast.unparse(node.value) in found
            for target in node.targets
        }
        for call in (each for each in source.nodes if isinstance(each, ast.Call)):
            name, values = given(call)
            function = functions.get(name)
            arguments = [each.arg for each in function.args.args] if function else []
            if arguments[:1] == ["self"]:
                del arguments[0]
            for argument, value in zip(arguments, values, strict=False):
                if ast.unparse(value) in found:
                    found.add(argument)
            found |= {
                each.arg for each in call.keywords
                if each.arg and function and ast.unparse(each.value) in found
            }  # fmt: skip
    return found


def _bound(source: Source, is_meant: Callable[[ast.expr], bool]) -> set[str]:
    """Name what is bound to values that are meant: by an assignment, or by `with … as`."""
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                found |= {ast.unparse(each) for each, value in pairs if is_meant(value)}
        elif isinstance(node, ast.With):
            items = [each for each in node.items if is_meant(each.context_expr)]
            found |= {ast.unparse(each.optional_vars) for each in items if each.optional_vars}
    return found


def given(call: ast.Call) -> tuple[str, list[ast.expr]]:
    """Give the function that is called, now or by a Process or task, and what it is given."""
    target = next((each.value for each in call.keywords if each.arg == "target"), None)
    args = next((each.value for each in call.keywords if each.arg in ("args", "initargs")), None)
    target = target or next((e.value for e in call.keywords if e.arg == "initializer"), None)
    if target is not None:
        values = list(args.elts) if isinstance(args, ast.Tuple | ast.List) else []
        return ast.unparse(target).rpartition(".")[2], values
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in ("submit", "apply_async", "apply") and call.args:
        values = call.args[1:]
        if name != "submit":
            second = values[0] if values else args
            values = list(second.elts) if isinstance(second, ast.Tuple | ast.List) else []
        return ast.unparse(call.args[0]).rpartition(".")[2], values
    return name, call.args


def _copies_changed(
    function: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef, proxies: set[str]
) -> Iterator[int]:
    """Give the lines of a function's own body that change what a proxy gave out."""
    own = list(own_nodes(function))
    stored = {
        (ast.unparse(target.value), ast.unparse(node.value))
        for node in own
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Subscript)
    }
    local: dict[str, str] = {}
    for node in own:
        if isinstance(node, ast.Assign) and (proxy := _item_of(node.value, proxies)):
            names = [ast.unparse(each) for each in node.targets if isinstance(each, ast.Name)]
            local |= {name: proxy for name in names if (proxy, name) not in stored}
    for node in (each for each in own if isinstance(each, ast.stmt | ast.expr)):
        changed: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            changed = [node.func.value] if node.func.attr in MUTATORS | {"sort"} else []
        elif isinstance(node, ast.Assign | ast.Delete):
            changed = [
                e.value for e in node.targets if isinstance(e, ast.Subscript | ast.Attribute)
            ]
        elif isinstance(node, ast.AugAssign):
            target = node.target
            changed = [target.value] if isinstance(target, ast.Subscript | ast.Attribute) else []
        for each in changed:
            if _item_of(each, proxies) or ast.unparse(each) in local:
                yield node.lineno


def _item_of(value: ast.expr, proxies: set[str]) -> str | None:
    """Give the proxy that a value is an item of: `d[k]`, `d.get(k)`, `d.setdefault(k, v)`."""
    source: ast.expr | None = None
    if isinstance(value, ast.Subscript):
        source = value.value
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        source = value.func.value if value.func.attr in ("get", "setdefault") else None
    name = ast.unparse(source) if source is not None else ""
    if name in proxies:
        return name
    return _item_of(source, proxies) if isinstance(source, ast.Subscript) else None
