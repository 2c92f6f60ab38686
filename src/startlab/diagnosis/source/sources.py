"""What a program's source says at a line, and what kinds of line are in it."""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.source.syntax import (
    LOCKS,
    changes,
    flat,
    functions_in,
    has_call,
    names_in,
    own_nodes,
)
from startlab.model import SourceLine
from startlab.program.decoded import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.model import Program

AROUND: Final = 2
"""Lines before and after the one that is meant, for those who do not have the file open."""

MOST_CODE: Final = 100
"""Characters of a line that are quoted."""

_PLACES: Final = frozenset({
    "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "mkdtemp", "mkstemp",
    "token_bytes", "token_hex", "token_urlsafe", "uuid1", "uuid4",
})  # fmt: skip


MAIN_OF_PACKAGE: Final = "__main__.py"


class Sources:
    """The files of a program: as they were when it was run, or are where it was run from.

    `skips_main` tells whether children do not import the main module: that of a package or folder
    they skip, unless the program is run by its very path.
    """

    def __init__(self, program: Program) -> None:
        self._root = Path(program.root)
        self._kept = program.sources
        self.arguments = program.args
        self.main = self._main(program)
        self.skips_main = (
            posixpath.basename(self.main) == MAIN_OF_PACKAGE and self.main != program.target
        )
        self._is_test = program.kind == "test"
        self._read: dict[str, Source] = {}

    def _main(self, program: Program) -> str:
        """Give the file of the main module; empty for a command, and where it is not known."""
        match program.kind:
            case "module":
                names = self.files_of(program.target, program.cwd)
                return next(filter(self._has, names), "")
            case "script":
                of_folder = posixpath.normpath(f"{program.target}/{MAIN_OF_PACKAGE}")
                return of_folder if self._has(of_folder) else program.target
            case "test":
                return program.target
            case "command":
                return ""

    def _has(self, file: str) -> bool:
        try:
            return file in self._kept or (self._root / file).is_file()
        except OSError:  # a name that is too long
            return False

    def file_of(self, module: str) -> str | None:
        """Give the file of a module of that name, if the folder that the program is in has one."""
        return next(filter(self._has, self.files_of(module, ".")), None)

    def files_of(self, module: str, *folders: str) -> list[str]:
        """List the files that a module may be in: in one of `folders`, or of those at the top."""
        path = module.replace(".", "/")
        is_own = path.partition("/")[0] not in sys.stdlib_module_names
        return [
            posixpath.normpath(f"{folder}/{path}{ending}")
            for folder in dict.fromkeys((*folders, "src", *(self._at_the_top if is_own else ())))
            for ending in (".py", "/__main__.py", "/__init__.py")
        ]

    @cached_property
    def _at_the_top(self) -> list[str]:
        """The folders that are no packages, one of which a program may add to sys.path.

        What is in `site-packages`, or another folder of that kind, is a library's.
        """
        if self._kept:
            names = {file.partition("/")[0] for file in self._kept if "/" in file}
        else:
            try:
                names = {each.name for each in self._root.iterdir() if each.is_dir()}
            except OSError:
                names = set()
        packages = {name for name in names if self._has(f"{name}/__init__.py")}
        own = {name for name in names - packages if not name.endswith("-packages")}
        return sorted(name for name in own if not name.startswith("."))

    def changed(self, name: str, of_test: str = "", reset: str = "") -> str | None:
        """Find where a global, `name` or `module.name`, is changed by the first process alone.

        Of a test, named by its function or class, what others of its file change is left out; so
        is a line that sets the value `reset`, as a fixture does in the end.
        """
        module, _, own = name.rpartition(".")
        parts = name.split(".")
        names = [".".join(parts[at:]) for at in range(max(1, len(parts) - 1))]
        beside = posixpath.dirname(self.main) or "."
        places = [(file, each) for file in self._checks(beside) for each in names]
        importing = [file for file in self._checks(beside) if self.file(file).imports(own)]
        places += [(file, own) for file in importing if module]
        places += [(file, own) for file in self.files_of(module, ".", beside) if module]
        if len(parts) > 2:  # of a class in the module
            inside, of_class = module.rpartition(".")[0], ".".join(parts[-2:])
            places += [(file, of_class) for file in self.files_of(inside, ".", beside)]
        places += [(file, each) for file in self._kept if module for each in names]
        for file, each in places:
            line = self.file(file).changed(each, of_test if file == self.main else "", reset)
            if line is not None:
                return f"{file}:{line}"
        return None

    def made_anew(self, name: str) -> str | None:
        """Find where each import of its module makes a global, `name` or `module.name`, anew."""
        module, _, own = name.rpartition(".")
        for file in self.files_of(module, ".") if module else [self.main]:
            line = self.file(file).made_anew(own)
            if line is not None:
                return f"{file}:{line}"
        return None

    def condition(self, where: str | None) -> str | None:
        """Find the condition at the top level of a module, but for the main guard, of a line."""
        file, _, line = (where or "").rpartition(":")
        found = self.file(file).condition(int(line)) if line.isdigit() else None
        return f"{file}:{found}" if found else None

    def conftests(self) -> list[str]:
        """List the conftests that pytest reads for a suite's test; of a program there are none."""
        folder = posixpath.dirname(self.main) or "."
        return list(dict.fromkeys(self._checks(folder)[1:])) if self._is_test else []

    def _checks(self, folder: str) -> list[str]:
        """List the main module and the conftests that pytest reads for it, the nearest first."""
        files = [self.main, posixpath.normpath(f"{folder}/conftest.py")]
        while folder not in (".", "", "/"):
            folder = posixpath.dirname(folder) or "."
            files.append(posixpath.normpath(f"{folder}/conftest.py"))
        return files

    def file(self, name: str) -> Source:
        """Read a file; one that is not there, or is no Python of today, has nothing to say."""
        if name not in self._read:
            text = self._kept.get(name)
            self._read[name] = Source(self._from_disk(name) if text is None else text)
        return self._read[name]

    def _from_disk(self, name: str) -> str:
        try:
            return decoded((self._root / name).read_bytes()) if name else ""
        except (OSError, ValueError):
            return ""

    def code(self, where: str | None) -> str:
        """Give the line of code at `file:line`, empty if it is not known."""
        file, _, line = (where or "").rpartition(":")
        return self.file(file).line(int(line)) if file and line.isdigit() else ""

    def around(self, where: str | None) -> tuple[SourceLine, ...]:
        """Give the line at `file:line` and those around it; none if it is not known."""
        file, _, line = (where or "").rpartition(":")
        return self.file(file).around(int(line)) if file and line.isdigit() else ()


class Source:
    """One file."""

    def __init__(self, text: str) -> None:
        # As Python counts them: splitlines() would end one at a form feed, too.
        self._lines = text.removesuffix("\n").split("\n") if text else []
        self.text = text

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree; an empty one of what today's Python cannot parse."""
        return self._parsed or ast.Module(body=[], type_ignores=[])

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def functions(self) -> tuple[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef], ...]:
        """Every function, with the name of the class that it is in."""
        return tuple(functions_in(self.tree, ""))

    @property
    def is_python(self) -> bool:
        """Whether today's Python can parse it."""
        return self._parsed is not None

    @cached_property
    def _parsed(self) -> ast.Module | None:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def line(self, number: int) -> str:
        """Give a line of code without its indentation; empty if there is none."""
        if not 0 < number <= len(self._lines):
            return ""
        code = self._lines[number - 1].strip()
        return code if len(code) <= MOST_CODE else code[:MOST_CODE] + "…"

    def around(self, number: int) -> tuple[SourceLine, ...]:
        """Give a line as it is written, with those around it; none if there is no such line."""
        if not 0 < number <= len(self._lines):
            return ()
        first = max(1, number - AROUND)
        return tuple(
            SourceLine(number=each, code=code.expandtabs(4)[:MOST_CODE], marked=each == number)
            for each, code in enumerate(self._lines[first - 1 : number + AROUND], first)
        )

    def imports(self, name: str) -> bool:
        """Tell whether an import of another module's names binds one."""
        return any(
            (each.asname or each.name) == name
            for node in self.nodes
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        )

    def assigned(self, name: str) -> int | None:
        """Find the line of the module's own body that first makes a global."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.With):
                names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
                if any(each.id == name and isinstance(each.ctx, ast.Store) for each in names):
                    return node.lineno
        return None

    def defined(self, name: str) -> int | None:
        """Find the first line that binds a name, wherever it is; an annotation alone binds none."""
        bare = {
            id(node.target)
            for node in self.nodes
            if isinstance(node, ast.AnnAssign) and node.value is None
        }
        lines = [
            node.lineno
            for node in self.nodes
            if isinstance(node, ast.Name) and _binds(node, name) and id(node) not in bare
        ]
        return min(lines, default=None)

    def is_at_import(self, number: int) -> bool:
        """Tell whether a line runs in whoever imports the module: not in functions or a guard."""
        return self.function_of(number) is None and not any(
            isinstance(each, ast.If) and "__name__" in ast.unparse(each.test)
            for each in self.tree.body
            if each.lineno <= number <= (each.end_lineno or 0)
        )

    def condition(self, number: int) -> int | None:
        """Find the `if` of the module's own body that a line is below, but for the main guard."""
        for each in self.tree.body:
            if isinstance(each, ast.If) and each.lineno <= number <= (each.end_lineno or 0):
                return None if "__name__" in ast.unparse(each.test) else each.lineno
        return None

    def changed(self, name: str, of_test: str = "", reset: str = "") -> int | None:
        """Find the line that changes a global where only the program's first process comes.

        That is in a function or below `if __name__ == "__main__"`. What binds it goes before what
        changes the object that it names: children may do that, too. Of a test, named by its
        function or class, what is in that goes first, and other tests do not count. Nor does what
        sets the value `reset`.
        """
        if not of_test:
            return self._changed(name, self.tree.body, reset)
        own = [each for each in self.tree.body if _name_of(each) == of_test]
        found = self._changed(name, own, reset)
        if found is not None:
            return found
        rest = [each for each in self.tree.body if not _is_test(each)]
        return self._changed(name, rest, reset)

    @staticmethod
    def _changed(name: str, parts: Sequence[ast.stmt], reset: str) -> int | None:
        lines, bound = [], []
        for part in parts:
            nodes = list(ast.walk(part))
            back = {
                id(each)
                for node in nodes
                if isinstance(node, ast.Assign) and ast.unparse(node.value) == reset
                for each in (node, *node.targets)
            }
            nodes = [each for each in nodes if id(each) not in back]
            declared = any(isinstance(each, ast.Global) and name in each.names for each in nodes)
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
                whole = declared or isinstance(part, ast.If)
                ways = [(name, whole)]
                owner, _, own = name.rpartition(".")
                if isinstance(part, ast.ClassDef) and part.name == owner:
                    ways += [(f"cls.{own}", True), (f"self.__class__.{own}", True)]
                    ways += [(f"self.{own}", True)]
                    nodes = [each for each in nodes if not _sets_of_self(each, own)]
                found = [e for e in nodes if any(changes(e, n, whole=w) for n, w in ways)]
                lines += [getattr(each, "lineno", part.lineno) for each in found]
                names = [each for each in nodes if isinstance(each, ast.Name) and whole]
                bound += [each.lineno for each in names if _binds(each, name)]
        return min(bound or lines, default=None)

    def made_anew(self, name: str) -> int | None:
        """Find the line of the module's own body that binds a name to what a call gives."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = any(isinstance(e, ast.Name) and e.id == name for e in targets)
                if named and any(isinstance(each, ast.Call) for each in ast.walk(node.value)):
                    return node.lineno
        return None

    def unique(self) -> dict[str, int]:
        """Find the globals that are others in each process that runs the module's own body.

        Temporary files and folders, random ids, and what is made of them: name → line of the call.
        """
        makers = _PLACES
        for function in self.tree.body:
            if isinstance(function, ast.FunctionDef) and has_call(function, makers):
                makers |= {function.name}
        found: dict[str, int] = {}
        for node in self.tree.body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            line = node.lineno if has_call(node.value, makers) else None
            of = [found[each] for each in names_in(node.value) if each in found]
            if line is not None or of:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [each for target in targets for each in flat(target)]
                line = line if line is not None else of[0]
                found |= {each.id: line for each in names if isinstance(each, ast.Name)}
        return found

    def own_exceptions(self) -> dict[str, int]:
        """Find exceptions' classes whose __init__ cannot take what it gives on: name → its line."""
        found: dict[str, int] = {}
        for node in self.nodes:
            if not isinstance(node, ast.ClassDef) or not any(
                re.search(r"(Error|Exception|Warning)$", ast.unparse(base)) for base in node.bases
            ):
                continue
            made = [e for e in node.body if isinstance(e, ast.FunctionDef) and e.name == "__init__"]
            plain = not any(getattr(e, "name", "") == "__reduce__" for e in node.body)
            if made and plain and not _can_be_called_again(made[0]):
                found[node.name] = made[0].lineno
        return found

    def used_from(self, number: int | None = None) -> set[str]:
        """Name what the function around a line mentions, and what the functions do that it calls.

        Without a line: what any function mentions.
        """
        functions = {each.name: each for _, each in self.functions}
        if number is None:
            return {name for each in functions.values() for name in names_in(each)}
        around = [
            each for each in functions.values() if each.lineno <= number <= (each.end_lineno or 0)
        ]
        names: set[str] = set()
        for each in around:
            new = names_in(each) - names
            names |= new
            around += [functions[name] for name in sorted(new) if name in functions]
        return names

    def locks_at(self, number: int) -> tuple[set[str], set[str]]:
        """Name the locks that a line takes, and those that are held while it runs.

        Each as `Class.self.lock`: what is written, with the class that it is written in.
        """
        taken: set[str] = set()
        held: set[str] = set()
        for owner, function in self.functions:
            if function.lineno <= number <= (function.end_lineno or 0):
                for node in ast.walk(function):
                    _sort_lock(node, owner, number, taken, held)
        if self.function_of(number) is None:  # in the module's own body
            for node in own_nodes(self.tree):
                _sort_lock(node, "", number, taken, held)
        return taken, {each for each in held if each in taken or self._is_lock(each)}

    def held_since(self, number: int) -> int:
        """Give the last line that takes a lock which is held while a line runs; else that line."""
        held = self.locks_at(number)[1]
        lines = range(self.function_of(number) or 1, number)
        return max((each for each in lines if self.locks_at(each)[0] & held), default=number)

    def made(self, name: str, owner: str = "") -> int | None:
        """Find the only line that makes what a name stands for: one of a call.

        An attribute of `self` is made in the class `owner`. What a function is given is not made.
        """
        scope: ast.AST = self.tree
        if name.startswith("self."):
            classes = [each for each in self.nodes if isinstance(each, ast.ClassDef)]
            scope = next((each for each in classes if each.name == owner), self.tree)
        lines = {
            node.lineno
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if name in [ast.unparse(each) for each in flat(target)]
        }
        return lines.pop() if len(lines) == 1 else None

    def set_by_init(self, owner: str, name: str) -> int | None:
        """Find the line at which the `__init__` of a class gives its objects an attribute."""
        return next(
            (
                node.lineno
                for of, function in self.functions
                if (of, function.name) == (owner, "__init__")
                for node in ast.walk(function)
                if isinstance(node, ast.stmt) and _sets_of_self(node, name)
            ),
            None,
        )

    def calls_at(self, number: int) -> list[tuple[str, str]]:
        """Give the methods that a line calls: the object as it is written, and the method."""
        return [
            (ast.unparse(node.func.value), node.func.attr)
            for node in self.nodes
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.lineno <= number <= (node.end_lineno or 0)
        ]

    def owner_of(self, number: int) -> str:
        """Name the class that a line is in; empty where it is in none."""
        return next(
            (
                owner
                for owner, function in self.functions
                if function.lineno <= number <= (function.end_lineno or 0)
            ),
            "",
        )

    def _is_lock(self, name: str) -> bool:
        """Tell by its name, or by what it is assigned, whether something is a lock."""
        own = re.escape(name.rpartition(".")[2])
        made = rf"\b{own}\s*=.*\b(R?Lock|Semaphore|BoundedSemaphore|Condition)\("
        return LOCKS.search(own) is not None or re.search(made, self.text) is not None

    def returns_of(self, number: int) -> list[int]:
        """Give the lines at which the function returns something that begins at a line."""
        return [
            node.lineno
            for _, function in self.functions
            if number in (function.lineno, *(each.lineno for each in function.decorator_list))
            for node in own_nodes(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]

    def function_of(self, number: int) -> int | None:
        """Give the first line of the innermost function that a line is in."""
        lines = [
            function.lineno
            for _, function in self.functions
            if function.lineno <= number <= (function.end_lineno or 0)
        ]
        return max(lines, default=None)

    def lookups_of(self, name: str) -> list[int]:
        """Give the lines of the functions of that name that look something up by a key."""
        return sorted({
            node.lineno
            for _, function in self.functions
            if function.name == name
            for node in own_nodes(function)
            if isinstance(node, ast.Subscript)
            or (isinstance(node, ast.Attribute) and node.attr in ("pop", "remove"))
        })  # fmt: skip

    def end_of_with(self, number: int) -> int:
        """Give the last line of the `with` block that begins at a line, or else that line."""
        blocks = [
            node.end_lineno or number
            for node in self.nodes
            if isinstance(node, ast.With | ast.AsyncWith) and node.lineno == number
        ]
        return max(blocks, default=number)

    def loop_of(self, number: int) -> range:
        """Give the lines of the innermost loop that a line is in; none if it is in none."""
        loop = self._loop_of(number)
        return range(loop.lineno, (loop.end_lineno or 0) + 1) if loop else range(0)

    def loop_asks(self, number: int) -> list[str]:
        """Name what the condition reads of the innermost loop that a line is in."""
        loop = self._loop_of(number)
        nodes = ast.walk(loop.test) if isinstance(loop, ast.While) else ()
        return [each.id for each in nodes if isinstance(each, ast.Name)]

    def _loop_of(self, number: int) -> ast.For | ast.AsyncFor | ast.While | None:
        loops = [
            node
            for node in self.nodes
            if isinstance(node, ast.For | ast.AsyncFor | ast.While)
            and node.lineno <= number <= (node.end_lineno or 0)
        ]
        return max(loops, key=lambda each: each.lineno, default=None)

    def is_tried(self, number: int, last: int) -> bool:
        """Tell whether a line is in a `try` whose `finally` has another one."""
        return any(
            isinstance(node, ast.Try)
            and node.lineno < number <= (node.body[-1].end_lineno or 0)
            and any(each.lineno <= last <= (each.end_lineno or 0) for each in node.finalbody)
            for node in self.nodes
        )

    def function_name(self, number: int) -> str:
        """Name the innermost function that a line is in; empty at the top level."""
        inside = [
            function
            for _, function in self.functions
            if function.lineno <= number <= (function.end_lineno or 0)
        ]
        return max(inside, key=lambda each: each.lineno).name if inside else ""

    def mentions(self, pattern: str, first: int | None = None) -> int | None:
        """Find the first line that a pattern matches, from line `first` on."""
        for number, line in enumerate(self._code, 1):
            if number >= (first or 1) and re.search(pattern, line):
                return number
        return None

    def mentions_later(self, pattern: str, line: int) -> int | None:
        """Find the first line after another one that a pattern matches, if in the same function."""
        later = self.mentions(pattern, line + 1)
        is_same = later is not None and self.function_of(later) == self.function_of(line)
        return later if is_same else None

    def mentions_of_test(self, pattern: str, test: str) -> int | None:
        """Find the first line that a pattern matches in a test, or else outside of all tests."""
        lines = self.all_mentions(pattern)
        parts = [each for each in self.tree.body if _is_test(each)]
        own = [part for part in parts if _name_of(part) == test]
        others = [part for part in parts if part not in own]
        of_it = [line for line in lines if any(_has_line(part, line) for part in own)]
        rest = [line for line in lines if not any(_has_line(part, line) for part in others)]
        return next(iter([*of_it, *rest]), None)

    def all_mentions(self, pattern: str) -> list[int]:
        """Find all lines whose code a pattern matches."""
        return [n for n, line in enumerate(self._code, 1) if re.search(pattern, line)]

    @cached_property
    def _code(self) -> list[str]:
        """The lines without comments, docstrings, and the texts that go over several lines.

        What doctest runs in them is code.
        """
        lines = [line.partition("#")[0] for line in self._lines]
        for node in self.nodes:
            text = node.value if isinstance(node, ast.Expr) else node
            if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
                continue
            first, last = text.lineno, text.end_lineno or text.lineno
            if text is node and first == last:
                continue
            before = self._lines[first - 1].encode()[: text.col_offset]
            after = self._lines[last - 1].encode()[text.end_col_offset :]
            for at in range(first - 1, last):
                lines[at] = lines[at] if lines[at].lstrip().startswith(">>>") else ""
            lines[first - 1] = before.decode()
            lines[last - 1] += after.decode().partition("#")[0]
        return lines


def _name_of(part: ast.stmt) -> str:
    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return part.name
    return ""


def _is_test(part: ast.stmt) -> bool:
    """Tell whether pytest takes it for a test, or for a class of tests."""
    bases = [ast.unparse(base) for base in part.bases] if isinstance(part, ast.ClassDef) else []
    return _name_of(part).lower().startswith("test") or any(e.endswith("TestCase") for e in bases)


def _has_line(part: ast.stmt, line: int) -> bool:
    return part.lineno <= line <= (part.end_lineno or part.lineno)


def _binds(node: ast.Name, name: str) -> bool:
    return node.id == name and isinstance(node.ctx, ast.Store)


def _sets_of_self(node: ast.AST, name: str) -> bool:
    """Tell whether a statement gives an object an attribute of its own, and not its class."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(
        isinstance(each, ast.Attribute)
        and each.attr == name
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
        for each in targets
    )


def _can_be_called_again(init: ast.FunctionDef) -> bool:
    """Tell whether an exception's `__init__` takes as many arguments as it gives its base's.

    Unpickling calls it with these. Without a call of the base's, they are those that it was given.
    """
    takes = init.args
    if None in takes.kw_defaults:
        return False
    most = len(takes.posonlyargs) + len(takes.args) - 1
    for each in ast.walk(init):
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith(".__init__"):
            if any(isinstance(one, ast.Starred) for one in each.args):
                return True
            given = len(each.args) - (not ast.unparse(each.func).startswith("super()"))
            return most - len(takes.defaults) <= given <= (given if takes.vararg else most)
    return True


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
