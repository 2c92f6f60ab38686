"""Which libraries a program's own code calls: in the first process alone, and in its children."""

from __future__ import annotations

import ast
import sys
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.source.places import own_files
from startlab.diagnosis.source.syntax import flat, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from startlab.diagnosis.source.sources import Sources

Function = ast.FunctionDef | ast.AsyncFunctionDef

DOES: Final = frozenset(
    {
        "asyncio", "concurrent", "contextlib", "functools", "io", "json", "logging",
        "multiprocessing", "os", "pathlib", "random", "shutil", "signal", "socket", "sqlite3",
        "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    }
)  # fmt: skip
"""Modules of the standard library: their calls are made for what they do, or have an aspect."""


class Call(NamedTuple):
    """A call of a library, or of a method of what a library has made.

    `root` is the name that the call begins with, `made` the line that made the object of that name,
    if it is a global of the program's. With `alone` the call is a statement of its own: it is made
    for what it does and not for what it gives; as the `context` of a `with` block, for the time of
    that. Where `is_call` is false, what a library has made is only read, `SETTINGS.rate`, or it is
    an assignment to a part of it: `lib.options["rate"] = 3`.
    """

    package: str
    root: str
    text: str
    where: str
    arguments: int
    alone: bool
    made: str | None
    is_call: bool = True
    context: bool = False

    @property
    def told(self) -> str:
        """What it is in a sentence."""
        return f"`{self.text}()`" if self.is_call else f"`{self.text}`"


class Calls:
    """The calls of libraries in a program's files."""

    def __init__(self, sources: Sources) -> None:
        self._files = [file for file in own_files(sources) if sources.file(file).is_python]
        trees = {file: sources.file(file).tree for file in self._files}
        self._functions: dict[str, list[tuple[str, ast.AST]]] = {}
        self._packages = {file: dict(_imported(tree, self._files)) for file, tree in trees.items()}
        self._standard = {
            file: dict(_imported(tree, self._files, standard=True)) for file, tree in trees.items()
        }
        self._made: dict[str, dict[str, str]] = {}
        for file, tree in trees.items():
            self._made[file] = dict(self._makes(file, tree))
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    self._functions.setdefault(node.name, []).append((file, node))
        self._guards: list[tuple[str, ast.AST]] = [
            (file, part)
            for file, tree in trees.items()
            for part in tree.body
            if isinstance(part, ast.If) and "__name__" in ast.unparse(part.test)
        ]
        handed_on = [
            (file, function)
            for name in _handed_on(trees.values())
            for file, function in self._functions.get(name, ())
        ]
        self._trees = trees
        self._in_children = self._reached(handed_on)
        self._in_first = [e for e in self._reached(self._guards) if e not in self._in_children]

    def _makes(self, file: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
        """Find the globals that hold what a library has made, and add them to its names."""
        names = self._packages[file]
        for part in tree.body:
            if isinstance(part, ast.Assign) and isinstance(part.value, ast.Call):
                root = _root(part.value.func)
                targets = [each for target in part.targets for each in flat(target)]
                for each in targets:
                    if isinstance(each, ast.Name) and root in names:
                        names[each.id] = names[root]
                        yield each.id, f"{file}:{part.lineno}"

    def _reached(self, begin: Iterable[tuple[str, ast.AST]]) -> list[tuple[str, ast.AST]]:
        """Give code and the functions that it calls, and those that these call."""
        found = list(begin)
        for _, code in found:
            for node in ast.walk(code):
                name = _last(node.func) if isinstance(node, ast.Call) else ""
                found += [each for each in self._functions.get(name, ()) if each not in found]
        return found

    def at_import(self) -> list[Call]:
        """Give the calls of the modules' own bodies, which are statements by themselves."""
        return [
            call
            for file, tree in self._trees.items()
            for part in tree.body
            if isinstance(part, ast.Expr)
            for call in self._calls(file, part)
        ]

    def first_use(self, package: str) -> str | None:
        """Give the line at which the first process comes to call a package for the first time.

        That is as modules are imported, or below the main guard. Of the lines on the way to the
        call it is the innermost one that no child runs.
        """
        for file, tree in self._trees.items():
            for part in tree.body:
                if not isinstance(part, Function | ast.If) and (
                    where := self._first_use(file, part, package, [])
                ):
                    return where
        uses = (self._first_use(file, part, package, []) for file, part in self._guards)
        return next(filter(None, uses), None)

    def _first_use(
        self, file: str, code: ast.AST, package: str, seen: list[tuple[str, ast.AST]]
    ) -> str | None:
        names = self._packages[file]
        calls = [each for each in _runs(code) if isinstance(each, ast.Call)]
        for call in sorted(calls, key=lambda each: each.lineno):
            here = f"{file}:{call.lineno}"
            if names.get(_root(call.func)) == package:
                return here
            for function in self._functions.get(_last(call.func), ()):
                if function in seen:
                    continue
                seen.append(function)
                inside = self._first_use(*function, package, seen)
                if inside is not None:
                    return here if function in self._in_children else inside
        return None

    def around(self, where: str) -> list[Call]:
        """Give the contexts of libraries that the first process is in when it gets to a line.

        A pool's own `with` is none: what is called at that line is the pool's.
        """
        return [
            Call(
                by, "", ast.unparse(item.context_expr), f"{file}:{node.lineno}", 0,
                alone=True, made=None,
            )
            for file, code in self._in_first
            for node in ast.walk(code)
            if isinstance(node, ast.With | ast.AsyncWith) and self._leads_to(file, node, where)
            for item in node.items
            if not _uses(item.optional_vars, node, where)
            if (by := self.origin(file, _root(item.context_expr)))
        ]  # fmt: skip

    def around_test(self, test: str) -> list[Call]:
        """Give the contexts of libraries that hold in a suite's test: what decorates it, or `with`.

        That is in the test, what it calls, and the fixtures that are its parameters. What pytest
        and its plugins make of a test is none.
        """
        tests = self._functions.get(test, [])
        fixtures = [
            e for _, code in tests for n in _parameters(code) for e in self._functions.get(n, ())
        ]
        found = []
        for file, code in self._reached([*tests, *fixtures]):
            decorators = code.decorator_list if isinstance(code, Function) else []
            found += [(file, each, "@") for each in decorators if (file, code) in tests]
            for node in ast.walk(code):
                if isinstance(node, ast.With | ast.AsyncWith):
                    found += [(file, item.context_expr, "") for item in node.items]
        return [
            Call(
                by, "", f"{sign}{ast.unparse(node)}", f"{file}:{node.lineno}", 0,
                alone=True, made=None,
            )
            for file, node, sign in found
            if (by := self.origin(file, _root(node))) and not by.startswith("pytest")
        ]  # fmt: skip

    def _leads_to(self, file: str, code: ast.With | ast.AsyncWith, where: str) -> bool:
        """Tell whether a line is in a `with` block, or in a function that it leads to."""
        return any(
            there == where.rpartition(":")[0]
            and getattr(part, "lineno", 0) < _line(where) <= getattr(part, "end_lineno", 0)
            for there, part in self._reached([(file, code)])
        )

    def origin(self, file: str, name: str) -> str:
        """Give the package that a name in a file is of: a library itself, or what one has made."""
        made = self.maker(file, name)
        return self._packages[file].get(name) or (made.package if made else "")

    def maker(self, file: str, name: str, *, seen: tuple[str, ...] = ()) -> Call | None:
        """Give the call of a library that has made what a name holds in a file.

        What a function of the program's returns is followed to where that was made.
        """
        for node in ast.walk(self._trees.get(file, ast.Module([], []))):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            if not any(isinstance(e, ast.Name) and e.id == name for e in node.targets):
                continue
            call = node.value.func
            if by := self._packages[file].get(_root(call)):
                where = f"{file}:{node.lineno}"
                return Call(by, _root(call), ast.unparse(call), where, 0, alone=False, made=None)
            returned = (
                self.maker(there, _root(each.value), seen=(*seen, name))
                for there, function in self._functions.get(_last(call), ())
                if name not in seen
                for each in ast.walk(function)
                if isinstance(each, ast.Return) and each.value is not None
            )
            if found := next(filter(None, returned), None):
                return found
        return None

    def in_globals(self) -> set[str]:
        """Give the packages of which functions keep what a call has made, by `global`."""
        return {
            made.package
            for file, tree in self._trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Global)
            for name in node.names
            if (made := self.maker(file, name))
        }

    def kept_under(self, name: str) -> list[Call]:
        """Give what is done to an object of a library's to keep something under a name in it.

        That is a call with the name, or an assignment to an attribute; no child does it.
        """
        in_children = {id(node) for _, code in self._in_children for node in ast.walk(code)}
        found = []
        for file, tree in self._trees.items():
            for node in ast.walk(tree):
                kept = _kept(node, name) if id(node) not in in_children else None
                if kept is not None and (made := self.maker(file, _root(kept))):
                    text, where = ast.unparse(kept), f"{file}:{kept.lineno}"
                    is_call = isinstance(node, ast.Expr)
                    found.append(made._replace(text=text, where=where, is_call=is_call))
        return found

    def named_at(self, where: str) -> set[str]:
        """Give the packages of the names that are used at a line."""
        file, line = where.rpartition(":")[0], _line(where)
        return {
            self._packages[file][each.id]
            for each in ast.walk(self._trees.get(file, ast.Module([], [])))
            if isinstance(each, ast.Name) and each.lineno == line
            if each.id in self._packages[file]
        }

    def within(self, function: str) -> list[Call]:
        """Give the calls that a function of the program's makes, and what it sets of libraries.

        If that is nothing, it is what it sets up so of the standard library.
        """
        standard = self._within(function, self._standard)
        return self._within(function, self._packages) or [
            each for each in standard if not each.is_call or each.package not in DOES
        ]

    def _within(self, function: str, names: dict[str, dict[str, str]]) -> list[Call]:
        return [
            call
            for file, code in self._functions.get(function, ())
            for calls in (self._calls, self._assigned)
            for call in calls(file, code, names[file])
        ]

    def holds(self, function: str, where: str) -> bool:
        """Tell whether a line is in a function of the program's."""
        return any(_holds(each, where) for each in self._functions.get(function, ()))

    def called_for(self, keyword: str, where: str) -> tuple[str, str] | None:
        """Find the function around a line whose result is given by a keyword: it returns nothing.

        Gives its name, and where it is called.
        """
        for file, tree in self._trees.items():
            for node in ast.walk(tree):
                if not (isinstance(node, ast.keyword) and node.arg == keyword):
                    continue
                name = _last(node.value.func) if isinstance(node.value, ast.Call) else ""
                own = [code for _, code in self._functions.get(name, ())]
                if self.holds(name, where) and not any(map(_returns, own)):
                    return name, f"{file}:{node.value.lineno}"
        return None

    def is_after(self, where: str, others: Iterable[str]) -> bool:
        """Tell whether a line comes after one of others in a function that both are in."""
        both = [
            each
            for each in chain.from_iterable(self._functions.values())
            if _holds(each, where) and any(_holds(each, other) for other in others)
        ]
        return any(_holds(each, o) and _line(o) < _line(where) for each in both for o in others)

    def is_in_children(self, where: str) -> bool:
        """Tell whether a line is of what the target of a child or a task calls."""
        return any(_holds(each, where) for each in self._in_children)

    def imports(self) -> list[tuple[str, str]]:
        """Give the libraries that modules import, each with the line of the import."""
        return [
            (package, f"{file}:{part.lineno}")
            for file, tree in self._trees.items()
            for part in tree.body
            if isinstance(part, ast.Import | ast.ImportFrom)
            for _, package in _imported(ast.Module([part], []), self._files)
        ]

    def in_first(self) -> list[Call]:
        """Give the calls that only the first process makes, below the main guard."""
        return [call for file, code in self._in_first for call in self._calls(file, code)]

    def in_children(self) -> list[Call]:
        """Give the calls that children make, in what is handed on to them."""
        return [call for file, code in self._in_children for call in self._calls(file, code)]

    def uses_in_children(self) -> list[Call]:
        """Give the calls that children make, and what they read of globals that a library made."""
        return self.in_children() + [
            Call(
                self._packages[file][root], root, ast.unparse(node), f"{file}:{node.lineno}", 0,
                alone=False, made=self._made[file][root], is_call=False,
            )
            for file, code in self._in_children
            for node in ast.walk(code)
            if isinstance(node, ast.Attribute | ast.Subscript)
            if isinstance(node.value, ast.Name) and (root := node.value.id) in self._made[file]
        ]  # fmt: skip

    def on_copies(self) -> list[Call]:
        """Give the calls by which children change what a library made in the first process.

        They are statements by themselves: of a global, or of an argument that was made there. The
        first process reads something of that package afterwards, or of the object.
        """
        in_first = [each for each in self.in_first() if not each.alone]
        read = {each.package for each in in_first if each.made is None}
        roots = {each.root for each in in_first if each.made is not None}
        done = [*self.in_children(), *self.decorated_in_children()]
        changed = [each for each in done if each.alone and each.made is not None]
        found = [each for each in changed if each.package in read or each.root in roots]
        return found + list(self._on_arguments())

    def _on_arguments(self) -> Iterator[Call]:
        for file, code in self._in_first:
            made = {
                each.targets[0].id: (self._packages[file][root], f"{file}:{each.lineno}")
                for each in ast.walk(code)
                if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)
                if isinstance(each.targets[0], ast.Name)
                if (root := _root(each.value.func)) in self._packages[file]
            }
            read = {
                each.value.id
                for each in ast.walk(code)
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
            }
            for function, names in _given(code):
                for there, target in self._functions.get(function, ()):
                    given = zip(_parameters(target), names, strict=False)
                    for parameter, name in given:
                        if name in made and name in read:
                            yield from _alone_on(parameter, *made[name], there, target)

    def decorator(self, where: str | None, package: str) -> str | None:
        """Give the line of a library's decorator of a function that is called at a line."""
        return next(
            (
                f"{there}:{each.lineno}"
                for file, tree in self._trees.items()
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and f"{file}:{node.lineno}" == where
                for there, function in self._functions.get(_last(node.func), ())
                if isinstance(function, Function)
                for each in function.decorator_list
                if package and self.origin(there, _root(each)) == package
            ),
            None,
        )

    def decorated_in_children(self) -> list[Call]:
        """Give the calls that children make of functions that a library's decorator has replaced.

        It may have compiled them, as numba's does, or is a method of an object that keeps a queue.
        """
        replaced = {
            name: (self._packages[file][root], root, self._made[file].get(root))
            for name, functions in self._functions.items()
            for file, function in functions
            if isinstance(function, Function)
            for each in function.decorator_list
            if (root := _root(each)) in self._packages[file]
        }
        found = []
        for file, code in self._in_children:
            alone = {id(each.value) for each in ast.walk(code) if isinstance(each, ast.Expr)}
            for node in ast.walk(code):
                name = _last(node.func) if isinstance(node, ast.Call) else ""
                if isinstance(node, ast.Call) and name in replaced:
                    package, root, made = replaced[name]
                    where, is_alone = f"{file}:{node.lineno}", id(node) in alone
                    found.append(
                        Call(package, root, name, where, len(node.args), alone=is_alone, made=made)
                    )
        return found

    def set_up(self, used: Call, *, filled: bool = False) -> list[Call]:
        """Give the calls that set a library up, which children go without that make a call of it.

        They are made by the first process alone, for what they do, and children do not make them:
        the one with the most arguments comes first, and contexts last. With `filled`, what children
        do too counts where it is done to an object that each process makes again. Where they only
        read an object, what is done to that counts.
        """
        found = self.in_first_alone(used.package)
        if not used.is_call:
            found = [each for each in found if each.root == used.root]
        if not found and filled and used.made is not None:
            found = [e for e in self._for_what_they_do(used.package) if e.root == used.root]
        return sorted(found, key=lambda each: (each.context, -each.arguments))

    def in_first_alone(self, package: str) -> list[Call]:
        """Give the calls of a package that the first process makes, for what they do, alone."""
        also = {each.text for each in self.in_children()} | {
            each.text for file, code in self._in_children for each in self._assigned(file, code)
        }
        return [each for each in self._for_what_they_do(package) if each.text not in also]

    def in_first_otherwise(self, package: str) -> list[Call]:
        """Give those that children make with another number of arguments: to read what is written.

        As a file of the library's own, in memory, that the first process has opened to be written.
        """
        alike = {(each.text, each.arguments) for each in self.in_children()}
        done = [each for each in self._for_what_they_do(package) if each.is_call]
        return [each for each in done if (each.text, each.arguments) not in alike]

    def _for_what_they_do(self, package: str) -> list[Call]:
        done = [each for each in self.in_first() if each.alone]
        done += [each for file, code in self._in_first for each in self._assigned(file, code)]
        return [each for each in done if each.package == package]

    def _assigned(
        self, file: str, code: ast.AST, names: dict[str, str] | None = None
    ) -> Iterator[Call]:
        """Give the assignments to a library's attributes and items: options, registries."""
        names = self._packages[file] if names is None else names
        for node in ast.walk(code):
            if not isinstance(node, ast.Assign | ast.AugAssign):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute | ast.Subscript):
                    root = _root(target)
                    if root in names:
                        yield Call(
                            names[root], root, ast.unparse(node), f"{file}:{node.lineno}", 1,
                            alone=True, made=self._made[file].get(root), is_call=False,
                        )  # fmt: skip

    def _calls(
        self, file: str, code: ast.AST, names: dict[str, str] | None = None
    ) -> Iterator[Call]:
        names = self._packages[file] if names is None else names
        alone = {
            id(each.value)
            for each in ast.walk(code)
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)
        }
        contexts = {
            id(item.context_expr)
            for each in ast.walk(code)
            if isinstance(each, ast.With | ast.AsyncWith)
            for item in each.items
        }
        for node in ast.walk(code):
            if isinstance(node, ast.Call) and (root := _root(node.func)) in names:
                yield Call(
                    names[root],
                    root,
                    ast.unparse(node.func),
                    f"{file}:{node.lineno}",
                    len(node.args) + len(node.keywords),
                    id(node) in alone | contexts,
                    self._made[file].get(root),
                    context=id(node) in contexts,
                )


def _runs(code: ast.AST) -> Iterator[ast.AST]:
    """Give the parts of code that run with it: what it defines runs when that is called."""
    parts = code.body if isinstance(code, Function) else ast.iter_child_nodes(code)
    for each in parts:
        if not isinstance(each, Function | ast.Lambda):
            yield each
            yield from _runs(each)


def _imported(
    tree: ast.Module, own: list[str], *, standard: bool = False
) -> Iterator[tuple[str, str]]:
    """Give the names that a file has of libraries: name → the package that it is of.

    Those of the `standard` library are asked for by themselves.
    """
    beside = {file.rpartition("/")[2].removesuffix(".py") for file in own}
    beside |= {part for file in own for part in file.split("/")[:-1]}

    def is_meant(package: str) -> bool:
        return package not in beside and (package in sys.stdlib_module_names) == standard

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                package = each.name.partition(".")[0]
                if is_meant(package):
                    yield each.asname or package, package
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            package = node.module.partition(".")[0]
            if is_meant(package):
                for each in node.names:
                    yield each.asname or each.name, package


def _given(code: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Give the targets of processes, each with the names that are its arguments, "" for others."""
    for node in ast.walk(code):
        if isinstance(node, ast.Call):
            by_name = {each.arg: each.value for each in node.keywords}
            target, given = by_name.get("target"), by_name.get("args")
            if isinstance(target, ast.Name) and isinstance(given, ast.Tuple | ast.List):
                yield target.id, [e.id if isinstance(e, ast.Name) else "" for e in given.elts]


def _parameters(function: ast.AST) -> list[str]:
    return [each.arg for each in function.args.args] if isinstance(function, Function) else []


def _alone_on(name: str, package: str, made: str, file: str, code: ast.AST) -> Iterator[Call]:
    """Give the calls of an object's methods that are statements by themselves."""
    for each in ast.walk(code):
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            call = each.value
            if isinstance(call.func, ast.Attribute) and _root(call.func) == name:
                where = f"{file}:{each.lineno}"
                text = ast.unparse(call.func)
                yield Call(package, name, text, where, len(call.args), alone=True, made=made)


def _handed_on(trees: Iterable[ast.Module]) -> set[str]:
    """Name the functions that are given to something else: a target, the function of a map()."""
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                given = [*node.args, *(each.value for each in node.keywords)]
                found |= {_last(e) for e in given if isinstance(e, ast.Name | ast.Attribute)}
            elif isinstance(node, ast.ClassDef):
                found.add("run")
    return found


def _kept(node: ast.AST, name: str) -> ast.expr | None:
    """Give what a statement calls with a name, or the attribute of that name that it sets."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
        first = node.value.args[0]
        return node.value.func if isinstance(first, ast.Constant) and first.value == name else None
    targets = node.targets if isinstance(node, ast.Assign) else []
    return next((e for e in targets if isinstance(e, ast.Attribute) and e.attr == name), None)


def _returns(function: ast.AST) -> bool:
    """Tell whether a function returns something."""
    returns = (each for each in own_nodes(function) if isinstance(each, ast.Return))
    return any(each.value is not None for each in returns)


def _holds(found: tuple[str, ast.AST], where: str) -> bool:
    """Tell whether a line is in some code of a file."""
    file, code = found
    begin, end = getattr(code, "lineno", 0), getattr(code, "end_lineno", 0)
    return where.rpartition(":")[0] == file and begin <= _line(where) <= end


def _line(where: str) -> int:
    """Give the number of a `file:line`."""
    number = where.rpartition(":")[2]
    return int(number) if number.isdigit() else 0


def _uses(bound: ast.expr | None, code: ast.With | ast.AsyncWith, where: str) -> bool:
    """Tell whether what a context gives is called at a line of its block."""
    names = {each.id for each in ast.walk(bound) if isinstance(each, ast.Name)} if bound else set()
    return any(
        isinstance(each, ast.Call) and each.lineno == _line(where) and _root(each.func) in names
        for each in ast.walk(code)
    )


def _root(node: ast.expr) -> str:
    """Give the name that an expression begins with: `logger` of `logger.opt().info`."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
