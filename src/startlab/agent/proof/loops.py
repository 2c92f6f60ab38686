"""The loops of a program that only ask, sleep and print: by their source, nothing comes of a round.

`while process.is_alive(): process.join(0.5)` goes on when the process ends, and changes nothing
itself; `while True: print("working"); time.sleep(1)` never goes on. A loop that counts, looks at
the clock, or calls what is not known here may be about to do something, however often it has gone
round the same way.
"""

from __future__ import annotations

import ast
import os
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Dict,
    FrozenSet,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
)

if TYPE_CHECKING:
    from ..stacks import Frame, Stack

_MOST_BYTES = 1 << 20
_MOST_BESIDE = 200  # files


def _names(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


_ASKS = _names(
    "is_alive join get get_nowait empty full qsize poll wait is_set isSet acquire locked sleep "
    "ready done running cancelled active_children"
)
PLAIN = _names("all any bool int len list str sum tuple")
_SAYS = _names("print flush debug info warning error exception critical log")
IN_WORDS = _names(
    "time monotonic perf_counter strftime ctime now isoformat getpid current_process "
    "current_thread format repr round"
)
# Nothing that sets, releases, notifies or writes: whoever waits for that counts as alive, since the
# thread of the loop could do it.
_ACTS = _names(
    "time time_ns monotonic monotonic_ns perf_counter now next pop popleft kill killpg terminate "
    "close shutdown abort exit _exit raise_signal interrupt_main stop unlink system run Popen "
    "start alarm setitimer"
)
_STREAMS = ("stdout", "stderr")
_NODES: Tuple[Type[ast.AST], ...] = (
    ast.While, ast.For, ast.If, ast.Try, ast.ExceptHandler, ast.Expr, ast.Assign, ast.AugAssign,
    ast.Pass, ast.Continue, ast.Break, ast.Return, ast.Raise, ast.Assert, ast.Call, ast.Name,
    ast.Attribute, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.JoinedStr,
    ast.FormattedValue, ast.GeneratorExp, ast.ListComp, ast.comprehension, ast.Tuple, ast.List,
    ast.Subscript, ast.Slice, ast.IfExp, ast.keyword, ast.expr_context, ast.boolop, ast.operator,
    ast.unaryop, ast.cmpop,
)  # fmt: skip
if hasattr(ast, "Index"):  # up to 3.8
    _NODES += (ast.Index,)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Round(NamedTuple):
    """A `while` of the program; `harmless`: it only asks, sleeps and prints.

    One that is not calls what is not known here, but nothing that by its name ends or wakes others.
    """

    path: str
    line: int
    harmless: bool


def own_place(stack: Stack, folder: str) -> Optional[Tuple[str, int]]:
    """Give the innermost line that is not of the standard library: the file's path, and the line.

    `folder` is the current directory of the process.
    """
    for frame in stack.frames:
        if not _is_library(frame):
            return os.path.join(folder, frame.file), frame.line
    return None


def round_of(path: str, line: int) -> Optional[Round]:
    """Give the innermost loop that the line is in; None where it is in none, or may end or act."""
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            return None
        with open(path, "rb") as file:
            return _round_of(path, file.read(), line)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None  # it is not there, or of another Python


@lru_cache(maxsize=256)
def _round_of(path: str, source: bytes, line: int) -> Optional[Round]:
    tree = ast.parse(source)
    enclosing = _enclosing(tree, line)
    loop = next((each for each in reversed(enclosing) if isinstance(each, ast.While)), None)
    if loop is None:
        return None  # a `for` comes to an end
    in_for = enclosing[-1] is not loop
    defined = definitions(tree) | _defined_beside(os.path.dirname(path))
    if in_for and (_may_leave(loop) or _has_generators(tree)):
        return None
    if _is_harmless(loop, defined):
        return Round(path, loop.lineno, harmless=True)
    if in_for:
        return None
    may_act = _counts(list(ast.walk(loop)), set()) or _ACTS & _all_called(loop, tree)
    return None if may_act else Round(path, loop.lineno, harmless=False)


def definitions(tree: ast.AST) -> FrozenSet[str]:
    """Give the names of the functions and classes that a file defines."""
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    )


@lru_cache(maxsize=16)
def _defined_beside(folder: str) -> FrozenSet[str]:
    """Give what the modules of a folder define: a method called `is_alive` may count there."""
    found: Set[str] = set()
    for name in sorted(os.listdir(folder))[:_MOST_BESIDE]:
        path = os.path.join(folder, name)
        if not name.endswith(".py") or os.path.getsize(path) > _MOST_BYTES:
            continue
        with open(path, "rb") as file:
            try:
                found |= definitions(ast.parse(file.read()))
            except SyntaxError:
                continue  # of another Python
    return frozenset(found)


def _all_called(loop: ast.AST, tree: ast.AST) -> Set[str]:
    """Give the names of what a loop calls, also in functions of the same file that it calls."""
    bodies: Dict[str, List[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bodies.setdefault(node.name, []).append(node)
    every: Set[str] = set()
    due: List[ast.AST] = [loop]
    while due:
        calls = (node for node in ast.walk(due.pop()) if isinstance(node, ast.Call))
        new = set(map(called, calls)) - every
        every |= new
        due += [body for name in new for body in bodies.get(name, ())]
    return every


def _is_library(frame: Frame) -> bool:
    inside = "/lib/python" in frame.file and "-packages" not in frame.file
    return inside or frame.file.startswith("<")


def _enclosing(tree: ast.AST, line: int) -> List[ast.AST]:
    """List the loops around a line within its function, innermost last."""
    found: List[ast.AST] = []
    node: Optional[ast.AST] = tree
    while node is not None:
        if isinstance(node, _FUNCTIONS):
            found = []
        elif isinstance(node, (ast.While, ast.For, ast.AsyncFor)) and not _in_else(node, line):
            found.append(node)
        node = next((each for each in ast.iter_child_nodes(node) if _spans(each, line)), None)
    return found


def _may_leave(loop: ast.While) -> bool:
    """Whether something in a loop leaves it: after a `for` in it, that may be by now."""
    due: List[Tuple[ast.AST, bool]] = [(each, True) for each in (*loop.body, *loop.orelse)]
    while due:
        node, is_own = due.pop()
        if isinstance(node, (ast.Return, ast.Raise, ast.Assert)):
            return True
        if isinstance(node, ast.Break) and is_own:
            return True
        inner = isinstance(node, (ast.While, ast.For))
        in_body = {id(each) for each in getattr(node, "body", ())} if inner else set()
        due += [(each, is_own and id(each) not in in_body) for each in ast.iter_child_nodes(node)]
    return False


def _has_generators(tree: ast.AST) -> bool:
    """Whether a `for` may go through more than a list: a generator may act as it comes to its end.

    One of another module is made by a call of what is imported by its name.
    """
    return any(
        isinstance(node, (ast.Yield, ast.YieldFrom))
        or (isinstance(node, ast.Assign) and isinstance(node.value, (ast.GeneratorExp, ast.Call)))
        for node in ast.walk(tree)
        if not isinstance(node, ast.Assign) or _is_gone_through(node, tree)
    )


def _is_gone_through(assigned: ast.Assign, tree: ast.AST) -> bool:
    """Whether a `for` goes through what a name is set to."""
    names = {each.id for each in assigned.targets if isinstance(each, ast.Name)}
    loops = (node for node in ast.walk(tree) if isinstance(node, ast.For))
    return any(isinstance(each.iter, ast.Name) and each.iter.id in names for each in loops)


def _spans(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    if first is None or last is None:  # a `comprehension` or the like: of its parent's lines
        return False
    return bool(first <= line <= last)


def _in_else(loop: ast.AST, line: int) -> bool:
    return any(_spans(each, line) for each in getattr(loop, "orelse", ()))


def _is_harmless(loop: ast.While, defined: FrozenSet[str]) -> bool:
    words = {
        id(inner)
        for call in ast.walk(loop)
        if isinstance(call, ast.Call) and says(call, defined)
        for each in [*call.args, *(keyword.value for keyword in call.keywords)]
        for inner in ast.walk(each)
    }
    nodes = list(ast.walk(loop))
    if not all(isinstance(node, _NODES) for node in nodes):
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return all(
        says(call, defined) or _is_known(call, defined, in_words=id(call) in words)
        for call in calls
    ) and not _counts(nodes, words)


def called(call: ast.Call) -> str:
    """Give the name of what is called, without what it is of."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def says(call: ast.Call, defined: FrozenSet[str]) -> bool:
    """Whether a call only prints."""
    name = called(call)
    if name == "write" and isinstance(call.func, ast.Attribute):
        stream = call.func.value
        return isinstance(stream, ast.Attribute) and stream.attr in _STREAMS
    return name in _SAYS and name not in defined


def _is_known(call: ast.Call, defined: FrozenSet[str], *, in_words: bool) -> bool:
    known = _ASKS | PLAIN | (IN_WORDS if in_words else frozenset())
    name = called(call)
    return name in known and name not in defined


def _counts(nodes: Sequence[ast.AST], words: Set[int]) -> bool:
    """Whether a round leaves something behind that a later one looks at.

    A counter that is only printed, or not looked at, does no harm.
    """
    stored: Set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored.add(node.id)
    for node in nodes:
        if isinstance(node, ast.Assign) and _loaded(node.value, words) & stored:
            return True
    added = {
        node.target.id
        for node in nodes
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return bool(added & {name for node in nodes for name in _loaded_here(node, words)})


def _loaded(tree: ast.AST, words: Set[int]) -> Set[str]:
    return {name for node in ast.walk(tree) for name in _loaded_here(node, words)}


def _loaded_here(node: ast.AST, words: Set[int]) -> Set[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in words:
        return {node.id}
    return set()
