"""What an experiment changes: the aspects of a process's state, in causal order.

A module that comes from another file is tried before a value in it.
"""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
from typing import TYPE_CHECKING, Final

from startlab.engine.experiments.worlds import elsewhere
from startlab.model import (
    Aspect,
    ChangedGlobal,
    ChangedSetting,
    MadeAgain,
    MainModule,
    NativeThreadsAtFork,
    OpenedBefore,
    ThreadAtFork,
)
from startlab.program.imports import own_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.engine.experiments.worlds import World
    from startlab.model import Program, Trial

REGISTRIES: Final = (
    "import hooks", "made modules", "gc", "profiler", "subclasses", "dispatch", "copyreg",
    "functions", "int digits",
    "codecs", "sqlite3", "csv", "builtins", "contextvars", "decimal", "locale", "warnings",
    "socket", "recursion limit", "signal handlers", "switch interval", "umask", "limits",
    "priority", "affinity", "logging", "random",
)  # fmt: skip
"""Settings of a process that are carried over, what others may depend on first."""

FORKED: Final = (
    Aspect(kind="flush"),
    Aspect(kind="signal handlers"),
    Aspect(kind="event loop"),
    Aspect(kind="forking thread"),
    Aspect(kind="executor thread"),
    Aspect(kind="lock"),
    Aspect(kind="threads"),
    Aspect(kind="epoll"),
    Aspect(kind="tracker"),
    Aspect(kind="seed"),
    Aspect(kind="descriptors"),
    Aspect(kind="fork hooks"),
    Aspect(kind="positions"),
    Aspect(kind="caches"),
)
EVERYWHERE: Final = (
    Aspect(kind="own names"),
    Aspect(kind="identity"),
    Aspect(kind="ids"),
    Aspect(kind="exceptions"),
    Aspect(kind="left out"),
    Aspect(kind="proxies"),
    Aspect(kind="kept"),
    Aspect(kind="one main"),
    Aspect(kind="keys"),
    Aspect(kind="exit codes"),
    Aspect(kind="patience"),
    Aspect(kind="thread locals"),
    Aspect(kind="transactions"),
    Aspect(kind="child exits"),
    Aspect(kind="signal mask"),
    Aspect(kind="exit in children"),
    Aspect(kind="pool end"),
    Aspect(kind="pool start"),
    Aspect(kind="sent later"),
    Aspect(kind="written"),
    Aspect(kind="empty"),
    Aspect(kind="pipes"),
    Aspect(kind="finalizers"),
    Aspect(kind="write back"),
)
VARIABLES: Final = (
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
    ("GRPC_ENABLE_FORK_SUPPORT", "1"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("POLARS_MAX_THREADS", "1"),
    ("RAYON_NUM_THREADS", "1"),
    ("TOKIO_WORKER_THREADS", "1"),
    ("NUMBA_THREADING_LAYER", "workqueue"),
    ("NUMBA_NUM_THREADS", "1"),
    ("NUMEXPR_NUM_THREADS", "1"),
    ("BLOSC_NTHREADS", "1"),
    ("VIPS_CONCURRENCY", "1"),
)
"""What native runtimes read from the environment that may keep them from threads of their own."""

OF_FILES: Final = (
    (re.compile(r"(^|/)lib(gomp|iomp5?|omp)\b"), "OMP_NUM_THREADS"),
    (re.compile(r"openblas"), "OPENBLAS_NUM_THREADS"),
    (re.compile(r"(^|/)libmkl"), "MKL_NUM_THREADS"),
    (re.compile(r"(^|/)(cygrpc|libgrpc)"), "GRPC_ENABLE_FORK_SUPPORT"),
)
"""The runtime's file that a thread waits in tells which variable is tried first."""

NAMES_MODULES: Final = re.compile(r"\b__(module|qualname)__\b|\b__name__\b(?!\s*==)")
"""Code to which the name of the main module may matter."""

ENVIRONMENT: Final = "STARTLAB_EXPERIMENT"


def aspects_of(
    program: Program | None, bad: World, good: World | None, *, only_forks: bool = False
) -> Iterator[Aspect]:
    """Give what may be the cause of a bad cell, in causal order.

    Where nothing is good, and there are `only_forks`, it may be what a fork copies.
    """
    if program is None:
        return
    method = bad.cell.method
    if good is not None and elsewhere(bad, good) and good.cell.method == method:
        # The same start method on another Python: only what is inherited may differ.
        yield from (Aspect(kind="preload"), *FORKED)
    elif good is not None and method == "fork":
        yield from FORKED
    elif good is not None:
        yield from _of_import(program, bad)
    elif has_own_workers(bad):
        yield from (Aspect(kind="registry", words=(name,)) for name in REGISTRIES)
        yield Aspect(kind="calls")
    elif only_forks:
        yield from FORKED
    yield from EVERYWHERE
    if good is not None and method != "fork" and good.cell.method == "fork":
        yield Aspect(kind="begin")


def forks(world: World) -> bool:
    """Tell whether children are copies of a process that has the main module."""
    inherited = any(each.how == "inherited" for each in _of_main(world.trials))
    return world.cell.method == "fork" or inherited


def has_own_workers(world: World) -> bool:
    """Tell whether a library starts processes in a way of its own, which import the main module."""
    imported = any(each.how == "imported" for each in _of_main(world.trials))
    return imported and not any(trial.method_used for trial in world.trials)


def _of_import(program: Program, bad: World) -> Iterator[Aspect]:
    """Give what children may lack, or have otherwise, that import the main module."""
    yield Aspect(kind="interpreter")
    if bad.cell.method == "forkserver":
        yield Aspect(kind="path text")
        yield Aspect(kind="method asked")
    yield Aspect(kind="names")
    yield Aspect(kind="folder")
    yield Aspect(kind="first environ")
    yield Aspect(kind="first argv")
    yield Aspect(kind="modules")
    yield Aspect(kind="stdin")
    yield Aspect(kind="kept")  # before calls, which may make anew what is gone
    yield Aspect(kind="hash seed")
    if any(map(NAMES_MODULES.search, program.sources.values())):
        yield Aspect(kind="main")
    if bad.cell.method == "forkserver":
        if any("set_forkserver_preload(" in text for text in program.sources.values()):
            yield Aspect(kind="preload")
        yield Aspect(kind="environ")
        yield Aspect(kind="parent id")
    yield Aspect(kind="own children")
    if forks(bad):
        yield Aspect(kind="fork hooks")  # which may clear a global
    yield Aspect(kind="printed")
    yield Aspect(kind="imports")
    yield Aspect(kind="attributes")
    yield Aspect(kind="left out")  # before what a class keeps of its only object
    yield Aspect(kind="process ids")
    for name in differing_globals(bad.trials):
        yield Aspect(kind="global", words=(name,))
    for name in REGISTRIES:
        yield Aspect(kind="registry", words=(name,))
    yield Aspect(kind="calls")
    for line in statements(program):
        yield Aspect(kind="statement", words=(str(line),))
    if forks(bad):
        yield from (Aspect(kind="preload"), *FORKED)


def has_native_threads(bad: World) -> bool:
    """Tell whether a program forks while a library has native threads."""
    clues = [clue for trial in bad.trials for clue in trial.clues]
    return bad.cell.method == "fork" and any(isinstance(e, NativeThreadsAtFork) for e in clues)


def shares_less(world: World) -> bool:
    """Whether children make again there what multiprocessing shares: fork alone does it right."""
    return any(isinstance(each, MadeAgain) for trial in world.trials for each in trial.clues)


def waits_for_notify(bad: World) -> bool:
    """Tell whether a hung program's own code waits in a Condition."""
    return bad.trials[0].outcome == "hang" and any(
        inner.function.rpartition(".")[2] in ("wait", "wait_for")
        and posixpath.basename(inner.file) in ("threading.py", "synchronize.py")
        and not posixpath.isabs(outer.file)
        for process in bad.trials[0].processes
        for thread in process.threads
        for inner, outer in itertools.pairwise(thread.stack)
    )


def opened_before(bad: World) -> list[str]:
    """Give the lines that open what forked children share with the first process, last first."""
    clues = [clue for trial in bad.trials for clue in trial.clues]
    lines = [each.where for each in clues if isinstance(each, OpenedBefore) and each.where]
    return [*dict.fromkeys(lines)][::-1] if bad.cell.method == "fork" else []


def has_threads(bad: World) -> bool:
    """Tell whether a program forks while it has other threads."""
    clues = [clue for trial in bad.trials for clue in trial.clues]
    return has_native_threads(bad) or (
        bad.cell.method == "fork" and any(isinstance(each, ThreadAtFork) for each in clues)
    )


def files(bad: World) -> set[str]:
    """Name the files of machine code that threads of a hung program are in."""
    return {
        file
        for trial in bad.trials
        for process in trial.processes
        for thread in process.threads
        for file in thread.libraries
    }


def variables_of(files: set[str]) -> set[str]:
    """Name the variables that the runtimes in files of machine code read."""
    return {name for pattern, name in OF_FILES if any(map(pattern.search, files))}


def environment_of(aspects: Sequence[Aspect]) -> dict[str, str]:
    """Give the variables by which aspects are changed: themselves, or what is injected for them."""
    own = {each.words[0]: each.words[1] for each in aspects if each.kind == "variable"}
    for each in aspects:
        if each.kind == "hash seed":
            own["PYTHONHASHSEED"] = each.words[0] if each.words else "1"
    injected = ["\t".join((each.kind, *each.words)) for each in aspects if each.kind != "variable"]
    return {**own, **({ENVIRONMENT: "\n".join(injected)} if injected else {})}


def _of_main(trials: Sequence[Trial]) -> list[MainModule]:
    return [clue for trial in trials for clue in trial.clues if isinstance(clue, MainModule)]


def differing_globals(trials: Sequence[Trial]) -> list[str]:
    """Name what children have otherwise, each once: globals, and patches of others' modules."""
    clues = [clue for trial in trials for clue in trial.clues]
    names = [each.name for each in clues if isinstance(each, ChangedGlobal)]
    names += [each.part for each in clues if isinstance(each, ChangedSetting) and each.is_patch]
    return list(dict.fromkeys(names))


def statements(program: Program) -> list[int]:
    """List the lines of the main module's statements that do something when it is imported.

    What defines, imports, assigns a constant or is below a guard does not.
    """
    text = program.sources.get(program.target, "") if program.kind == "script" else ""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [each.lineno for each in body if _acts(each)]


def statements_before(program: Program | None, bad: World) -> list[str]:
    """Give the lines of what the parent calls before its first child, the last one first.

    These are in the function that starts it, then in those that call that by its name.
    """
    starts = [each.where for each in bad.trials[0].starts if each.where]
    file, _, line = starts[0].rpartition(":") if starts else ("", "", "0")
    text = program.sources.get(file, "") if program is not None else ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: list[int] = []
    due, seen = [int(line)], set[int]()
    while due:
        before = due.pop()
        scope = _function_around(tree, before)
        if before in seen or (scope is None and before == 0):
            continue
        seen.add(before)
        calls = [each for each in _simple(scope or tree) if each.lineno < before]
        found += sorted((each.lineno for each in calls), reverse=True)
        if scope is not None:
            named = [e.lineno for e in ast.walk(tree) if isinstance(e, ast.Call) and _is(e, scope)]
            due += sorted(named)
    return [f"{file}:{each}" for each in dict.fromkeys(found)]


def _function_around(tree: ast.Module, line: int) -> ast.FunctionDef | None:
    around = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef) and each.lineno <= line <= (each.end_lineno or 0)
    ]
    return max(around, key=lambda each: each.lineno, default=None)


def _simple(scope: ast.AST) -> Iterator[ast.stmt]:
    """Give the simple statements of a function, or of a module, that call something."""
    for each in ast.iter_child_nodes(scope):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(each, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign):
            if any(isinstance(node, ast.Call) for node in ast.walk(each)):
                yield each
        else:
            yield from _simple(each)


def _is(call: ast.Call, function: ast.FunctionDef) -> bool:
    name = call.func
    return isinstance(name, ast.Name) and name.id == function.name


def made_by_calls(program: Program | None) -> list[tuple[str, str]]:
    """Name what the modules that the program imports make by a call: module, name.

    Each is made again alone: children may need to share what another one is.
    """
    if program is None:
        return []
    beside = posixpath.dirname(program.target) if program.kind == "script" else ""
    found: list[tuple[str, str]] = []
    for file in own_files(program):
        path = posixpath.relpath(file, beside or ".")
        module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        module = "" if file == program.target else module
        found += [(module, name) for name in bound_by_calls(program.sources[file])]
    return found


def bound_by_calls(text: str) -> list[str]:
    """Name what the top level of a module's source binds to the result of a call."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [
        target.id
        for each in body
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)
        for target in each.targets
        if isinstance(target, ast.Name)
    ]


def _acts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return "__name__" not in ast.unparse(statement.test)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return any(isinstance(each, ast.Call) for each in ast.walk(statement))
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    return isinstance(statement, ast.For | ast.While | ast.With | ast.Try | ast.Delete)
