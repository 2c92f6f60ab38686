"""What handlers of signals may do about a wait, by the program's source.

One that only prints does nothing about it. And a lock that is taken by `with` guards something: it
is none that a handler releases, to wake whoever waits for it.
"""

from __future__ import annotations

import ast
import os
import signal
from functools import lru_cache
from typing import FrozenSet, Iterator, List, Sequence

from .loops import IN_WORDS, PLAIN, called, definitions, says

_INSTALL = frozenset(("signal", "add_signal_handler", "set_wakeup_fd"))
_MOST_BYTES = 1 << 20
_MOST_MODULES = 100
_DEFAULT = frozenset(("SIG_DFL", "SIG_IGN"))
_NODES = (
    ast.Expr, ast.Pass, ast.Return, ast.If, ast.Global, ast.Assign, ast.Call, ast.Name,
    ast.Attribute, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.JoinedStr,
    ast.FormattedValue, ast.Tuple, ast.IfExp, ast.keyword, ast.expr_context, ast.boolop,
    ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip


def only_print(path: str, caught: int) -> bool:
    """Whether a program installs the handlers of all `caught` signals, and they only print.

    `caught` is a mask; `path` is that of the main module. The handlers may also set a flag: a
    thread that waits does not look at it.
    """
    try:
        return not caught & ~_printing(path)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False  # it is not there, or of another Python


def takes_by_with(path: str, line: int) -> bool:
    """Whether the line is one at which a `with` takes what it guards by."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(_MOST_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    return any(
        item.context_expr.lineno <= line <= (item.context_expr.end_lineno or 0)
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for item in node.items
    )


@lru_cache(maxsize=16)
def _printing(path: str) -> int:
    """Give the signals, as a mask, whose handlers only print; none if any handler does more."""
    mask = 0
    for tree in _program(path):
        here = definitions(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or called(call) not in _INSTALL:
                continue
            number = _number(call)
            bodies = list(_bodies(call.args[1], tree)) if number else []
            if not bodies or not all(_only_prints(each, here) for each in bodies):
                return 0
            mask |= 1 << number - 1
    return mask


def _program(path: str) -> Iterator[ast.AST]:
    """Parse a program's module, and those beside it that it imports, and so on."""
    if os.path.exists(os.path.join(os.path.dirname(path), "__init__.py")):
        raise ValueError(path)  # it is of a package itself
    due = [path]
    for each in due:
        if len(due) > _MOST_MODULES or os.path.getsize(each) > _MOST_BYTES:
            raise ValueError(each)
        with open(each, "rb") as file:
            tree = ast.parse(file.read())
        yield tree
        for name in _imported(tree):
            beside = os.path.join(os.path.dirname(path), name)
            if os.path.isdir(beside):
                raise ValueError(beside)  # a package, of which any module may be imported
            if os.path.exists(f"{beside}.py") and f"{beside}.py" not in due:
                due.append(f"{beside}.py")


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def _number(call: ast.Call) -> int:
    """Give the number of the signal that a call of signal.signal() is about; else 0."""
    which = call.args[0] if len(call.args) == 2 and called(call) == "signal" else None
    name = which.attr if isinstance(which, ast.Attribute) else ""
    return int(getattr(signal, name, 0)) if name.startswith("SIG") else 0


def _bodies(handler: ast.expr, tree: ast.AST) -> Iterator[Sequence[ast.AST]]:
    if isinstance(handler, ast.Lambda):
        yield [handler.body]
    elif isinstance(handler, ast.Attribute) and handler.attr in _DEFAULT:
        yield []
    elif isinstance(handler, ast.Name):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == handler.id:
                yield node.body


def _only_prints(body: Sequence[ast.AST], here: FrozenSet[str]) -> bool:
    nodes: List[ast.AST] = [node for each in body for node in ast.walk(each)]
    return all(isinstance(each, _NODES) and _is_harmless(each, here) for each in nodes)


def _is_harmless(node: ast.AST, here: FrozenSet[str]) -> bool:
    if isinstance(node, ast.Call):
        return says(node, here) or called(node) in (PLAIN | IN_WORDS) - here
    return not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load)
