"""What a program's source says at a line, and what kinds of line are in it."""

from __future__ import annotations

import ast
import posixpath
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from startlab.model import Program

MOST_CODE: Final = 100
"""Characters of a line that are quoted."""

_MUTATORS: Final = frozenset({
    "add", "append", "appendleft", "clear", "extend", "insert", "pop", "popleft", "remove",
    "setdefault", "update",
})  # fmt: skip
_PLACES: Final = frozenset({
    "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "mkdtemp", "mkstemp",
    "token_bytes", "token_hex", "token_urlsafe", "uuid1", "uuid4",
})  # fmt: skip
_MOMENTS: Final = frozenset(
    {"getpid", "monotonic", "now", "perf_counter", "time", "time_ns", "utcnow"}
)
_STARTS: Final = re.compile(r"\.start$|\b(Pool|ProcessPoolExecutor)$")
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

    @cached_property
    def tree(self) -> ast.Module | None:
        """The file's syntax tree; None of what today's Python cannot parse."""
        try:
            return ast.parse(self._text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def line(self, number: int) -> str:
        """Give a line of code without its indentation; empty if there is none."""
        if not 0 < number <= len(self._lines):
            return ""
        code = self._lines[number - 1].strip()
        return code if len(code) <= MOST_CODE else code[:MOST_CODE] + "…"

    @cached_property
    def _tree(self) -> ast.Module:
        return self.tree or ast.Module(body=[], type_ignores=[])

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
                ways = [(name, whole)]
                owner, _, own = name.rpartition(".")
                if isinstance(part, ast.ClassDef) and part.name == owner:
                    ways += [(f"cls.{own}", True), (f"self.__class__.{own}", True)]
                changes = [e for e in nodes if any(_changes(e, n, whole=w) for n, w in ways)]
                lines += [getattr(each, "lineno", part.lineno) for each in changes]
        return min(lines, default=None)

    def unique(self, *, moments: bool = False) -> dict[str, int]:
        """Find the globals that are others in each process that runs the module's own body.

        Temporary files and folders, random ids, and what is made of them: name → line of the call.
        With `moments`, times and process ids too.
        """
        makers = _PLACES | (_MOMENTS if moments else frozenset())
        for function in self._tree.body:
            if isinstance(function, ast.FunctionDef) and _calls(function, makers):
                makers |= {function.name}
        found: dict[str, int] = {}
        for node in self._tree.body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            line = node.lineno if _calls(node.value, makers) else None
            of = [found[each] for each in _names(node.value) if each in found]
            if line is not None or of:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [each for target in targets for each in _flat(target)]
                line = line if line is not None else of[0]
                found |= {each.id: line for each in names if isinstance(each, ast.Name)}
        return found

    def own_exceptions(self) -> dict[str, int]:
        """Find the exceptions' classes whose __init__ takes more than it gives on: name → line."""
        found: dict[str, int] = {}
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.ClassDef) or not any(
                re.search(r"(Error|Exception|Warning)$", ast.unparse(base)) for base in node.bases
            ):
                continue
            made = [e for e in node.body if isinstance(e, ast.FunctionDef) and e.name == "__init__"]
            plain = not any(getattr(e, "name", "") == "__reduce__" for e in node.body)
            if made and plain and _gives_on(made[0]) < len(made[0].args.args) - 1:
                found[node.name] = node.lineno
        return found

    def unflushed(self, name: str) -> bool:
        """Tell whether a function, or the main guard, writes to a file and then starts a process.

        That is without flush() or close() between the two.
        """
        guards = [node for node in self._tree.body if isinstance(node, ast.If)]
        for scope in [*guards, *(function for _, function in _functions(self._tree, ""))]:
            calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call)]
            written = False
            for call in sorted(calls, key=lambda each: (each.lineno, each.col_offset)):
                text = ast.unparse(call.func)
                written |= text in (f"{name}.write", f"{name}.writelines")
                written &= text not in (f"{name}.flush", f"{name}.close")
                if written and _STARTS.search(text):
                    return True
        return False

    def emptied(self) -> dict[str, int]:
        """Find the globals that are files which the module's own body opens anew: name → line."""
        found: dict[str, int] = {}
        for node in self._tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            mode = [
                *node.value.args[1:2],
                *(e.value for e in node.value.keywords if e.arg == "mode"),
            ]
            opens = ast.unparse(node.value.func).rpartition(".")[2] == "open"
            if opens and any(isinstance(e, ast.Constant) and str(e.value)[:1] == "w" for e in mode):
                found |= {e.id: node.lineno for e in node.targets if isinstance(e, ast.Name)}
        return found

    def used_from(self, number: int | None = None) -> set[str]:
        """Name what the function around a line mentions, and what the functions do that it calls.

        Without a line: what any function mentions.
        """
        functions = {each.name: each for _, each in _functions(self._tree, "")}
        if number is None:
            return {name for each in functions.values() for name in _names(each)}
        around = [
            each for each in functions.values() if each.lineno <= number <= (each.end_lineno or 0)
        ]
        names: set[str] = set()
        for each in around:
            new = _names(each) - names
            names |= new
            around += [functions[name] for name in sorted(new) if name in functions]
        return names

    def changed_copies(self) -> list[int]:
        """Find changes of what a Manager's dict or list gave out, which is a copy.

        The names of such are followed through the arguments of calls and of Process().
        """
        proxies = _proxies(self._tree)
        nested = r"\]\s*=\s*\w+\.(dict|list|Namespace)\("
        if not proxies or re.search(nested, self._text):
            return []  # a proxy within a proxy is none
        return sorted({
            line
            for _, function in [("", self._tree), *_functions(self._tree, "")]
            for line in _copies_changed(function, proxies)
        })  # fmt: skip

    def changed_by_children(self) -> list[tuple[str, int]]:
        """Find plain data that a child changes and the program then looks at: name, line."""
        functions = {n.name: n for n in ast.walk(self._tree) if isinstance(n, ast.FunctionDef)}
        found = []
        for call in ast.walk(self._tree):
            if not isinstance(call, ast.Call):
                continue
            for handed, given in _handed_on(call):
                function = functions.get(handed)
                if function is None:
                    continue
                for own, name in _may_change(function, given):
                    line = _first_change(function, own, whole=own in _declared(function))
                    later = any(
                        isinstance(each, ast.Name) and each.id == name and each.lineno > call.lineno
                        for each in ast.walk(self._tree)
                    )
                    if line and later and self._is_plain(name):
                        found.append((name, line))
        return sorted(set(found), key=lambda each: each[1])

    def _is_plain(self, name: str) -> bool:
        """Tell whether a name is only ever bound to data of this process alone."""
        bound = [
            node.value
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id == name and node.value is not None
        ]
        return bool(bound) and all(map(_makes_plain_data, bound))

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


def _gives_on(init: ast.FunctionDef) -> int:
    """Count what an exception's `__init__` gives its base's: all, if it does not call that."""
    for each in ast.walk(init):
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith(".__init__"):
            whole = any(isinstance(one, ast.Starred) for one in each.args)
            return len(init.args.args) if whole else len(each.args)
    return len(init.args.args)


def _calls(node: ast.AST, names: Collection[str]) -> bool:
    """Tell whether something in a node calls one of some functions."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            function = each.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            name = function.id if isinstance(function, ast.Name) else name
            if name in names:
                return True
    return False


def _names(node: ast.AST) -> set[str]:
    """Give the names, and those of attributes, that are in a node."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _proxies(tree: ast.Module) -> set[str]:
    """Name what is bound to `manager.dict()` or `manager.list()`, or given on as an argument."""
    managers = _bound(tree, lambda value: _calls(value, {"Manager", "SyncManager"}))
    found = _bound(
        tree,
        lambda value: (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in ("dict", "list")
            and (
                ast.unparse(value.func.value) in managers
                or _calls(value.func.value, {"Manager", "SyncManager"})
            )
        ),
    )
    functions = {each.name: each for _, each in _functions(tree, "")}
    before = -1
    while found and before != len(found):
        before = len(found)
        found |= {
            ast.unparse(target)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and ast.unparse(node.value) in found
            for target in node.targets
        }
        for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
            name, given = _given(call)
            function = functions.get(name)
            arguments = [each.arg for each in function.args.args] if function else []
            if arguments[:1] == ["self"]:
                del arguments[0]
            for argument, value in zip(arguments, given, strict=False):
                if ast.unparse(value) in found:
                    found.add(argument)
            found |= {
                each.arg for each in call.keywords
                if each.arg and function and ast.unparse(each.value) in found
            }  # fmt: skip
    return found


def _bound(tree: ast.Module, is_meant: Callable[[ast.expr], bool]) -> set[str]:
    """Name what is bound to values that are meant: by an assignment, or by `with … as`."""
    found = set()
    for node in ast.walk(tree):
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


def _given(call: ast.Call) -> tuple[str, list[ast.expr]]:
    """Give the function that is called, now or by a Process or task, and what it is given."""
    target = next((each.value for each in call.keywords if each.arg == "target"), None)
    args = next((each.value for each in call.keywords if each.arg in ("args", "initargs")), None)
    target = target or next((e.value for e in call.keywords if e.arg == "initializer"), None)
    if target is not None:
        given = list(args.elts) if isinstance(args, ast.Tuple | ast.List) else []
        return ast.unparse(target).rpartition(".")[2], given
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in ("submit", "apply_async", "apply") and call.args:
        given = call.args[1:]
        if name != "submit":
            second = given[0] if given else args
            given = list(second.elts) if isinstance(second, ast.Tuple | ast.List) else []
        return ast.unparse(call.args[0]).rpartition(".")[2], given
    return name, call.args


def _copies_changed(
    function: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef, proxies: set[str]
) -> Iterator[int]:
    """Give the lines of a function's own body that change what a proxy gave out."""
    own = list(_own_nodes(function))
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
            changed = [node.func.value] if node.func.attr in _MUTATORS | {"sort"} else []
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


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a function, without those of the functions in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from _own_nodes(child)


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
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        of = ast.unparse(node.args[0]) if node.args else ""
        return node.func.id in ("setattr", "delattr") and of == name
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method = node.func.attr
        if ast.unparse(node.func.value) == f"vars({name})":
            return method in _MUTATORS
        known = method in _MUTATORS or method.startswith("set")
        return known and _is_of(node.func.value, name)
    return any(
        _is_of(each, name) and (whole or not isinstance(each, ast.Name))
        for target in targets
        for each in _flat(target)
    )


def _handed_on(call: ast.Call) -> Iterator[tuple[str, list[ast.expr]]]:
    """Give the name of a function that a call hands on to a child, and what it gives it."""
    given = {each.arg: each.value for each in call.keywords}
    target, args = given.get("target"), given.get("args")
    if isinstance(target, ast.Name) and "Thread" not in ast.unparse(call.func):
        yield target.id, list(args.elts) if isinstance(args, ast.Tuple | ast.List) else []
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _OF_POOLS:
        for first in call.args[:1]:
            if isinstance(first, ast.Name):
                yield first.id, call.args[1:] if call.func.attr == "submit" else []


_OF_POOLS: Final = (
    "apply", "apply_async", "imap", "imap_unordered", "map", "map_async", "starmap",
    "starmap_async", "submit",
)  # fmt: skip


def _may_change(function: ast.FunctionDef, given: list[ast.expr]) -> list[tuple[str, str]]:
    """Pair the names by which a function may change data with those that its caller has for it."""
    parameters = [each.arg for each in function.args.args]
    pairs = [(own, e.id) for own, e in zip(parameters, given, strict=False) if _is_name(e)]
    stored = {
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    local = (stored | set(parameters)) - _declared(function)
    names = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    return pairs + [(name, name) for name in sorted(names - local)]


def _is_name(node: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


def _declared(function: ast.FunctionDef) -> set[str]:
    """Give the names that a function declares to be globals."""
    return {
        name for each in ast.walk(function) if isinstance(each, ast.Global) for name in each.names
    }


def _first_change(function: ast.FunctionDef, name: str, *, whole: bool) -> int | None:
    lines = [
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.stmt | ast.expr) and _changes(node, name, whole=whole)
    ]
    return min(lines, default=None)


def _makes_plain_data(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in _PLAIN_TYPES
    return isinstance(
        value,
        ast.Constant | ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp
        | ast.BinOp | ast.UnaryOp,
    )  # fmt: skip


_PLAIN_TYPES: Final = (
    "dict", "list", "set", "bytearray", "deque", "Counter", "defaultdict", "OrderedDict", "int",
    "float", "str",
)  # fmt: skip


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
