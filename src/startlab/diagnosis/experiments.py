"""What experiments on causes have confirmed, as causes: in their words, with the line that counts.

A cause that a rule has found too is confirmed; another one takes its place, for what was shown goes
before what was only recognized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.at_fork import of_libraries
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.phrases import listed
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.places import written
from startlab.results.summary import WELL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from startlab.diagnosis.rule import Mechanism
    from startlab.diagnosis.source.calls import Call
    from startlab.model import Aspect, AspectKind, CauseExperiment


class Told(NamedTuple):
    """How an aspect is told: `what` was changed, the cause's `title`, and `why` it is one.

    `{name}` is the aspect's own name, `{at}` the place that it was set at.
    """

    mechanism: str
    what: str
    title: str
    why: str


ANEW: Final = (
    "A child started by spawn or forkserver imports the program's modules again, and has what that "
    "makes: nothing of what the parent changed afterwards."
)
COPIED: Final = "A forked child begins with a copy of all that its parent has."

TOLD: Final[Mapping[AspectKind, Told]] = {
    "modules": Told(
        "module_elsewhere",
        "modules found where the parent found them",
        "the children cannot import {name} from the file that the parent has it from{at}",
        "A child searches sys.path as it is when the child is started: it finds nothing that was "
        "loaded by its file's name, or while sys.path was another one.",
    ),
    "stdin": Told(
        "stdin_in_child",
        "the parent's standard input given to the children too",
        "what is read from standard input{at} is read again in every child, where it is empty",
        ANEW + " Only the program itself can read what it is given on standard input.",
    ),
    "kept": Told(
        "removed_before_start",
        "{name} kept until the parent ends",
        "{name}{at} is removed before a child has opened it",
        "A child started by spawn or forkserver opens by its name what a forked one has already. "
        "start() keeps nothing that it gives to the child: a lock or queue that nothing else in "
        "the parent refers to is removed at once.",
    ),
    "main": Told(
        "main_has_another_name",
        "the main module named `__main__` in the children too",
        "the children know the main module, and what it defines, by another name{at}",
        "A child started by spawn or forkserver imports the main module as `__mp_main__`: that is "
        "the `__module__` of its classes and functions there.",
    ),
    "imports": Told(
        "imported_by_parent",
        "{name} imported in the children too",
        "the children do not import {name}, as the parent does{at}",
        ANEW,
    ),
    "attributes": Told(
        "made_at_run_time",
        "{name} made in the children too",
        "the children do not have {name}, which the parent makes{at} as it runs",
        ANEW + " Classes and functions are pickled by their names.",
    ),
    "calls": Told(
        "called_by_parent",
        "{name} called in the children too",
        "{name} is called{at} in the parent alone, and the children lack what it sets up",
        ANEW,
    ),
    "undone": Told(
        "called_by_parent",
        "{name} undone",
        "{name} is called{at} in the parent alone, and the children lack what it sets up",
        ANEW,
    ),
    "caches": Told(
        "cache_empty",
        "what {name} has cached dropped",
        "the children do not have the results of {name}{at} that the parent has cached",
        ANEW + " The function runs again there, and does or returns something else.",
    ),
    "one main": Told(
        "main_twice",
        "an import of {name} that gives the main module",
        "{name} is the main module, imported a second time{at}: a copy that lacks what the program "
        "has set in the first one",
        "Python knows the main module as `__main__`. An import of its file by its own name makes "
        "another module, with globals and classes of its own.",
    ),
    "signal mask": Told(
        "signal_ignored",
        "no signal blocked in the children",
        "the children do not end by a signal: they block {name}, as their parent does{at}",
        "The signals that a thread blocks stay blocked in the processes that it starts, across "
        "fork and exec (signal(7)).",
    ),
    "fork hooks": Told(
        "hook_after_fork",
        "nothing run that was registered for forked children",
        "{name}, which is registered with os.register_at_fork(){at}, changes forked children",
        "A function that is given to os.register_at_fork() as after_in_child runs in each child "
        "right after the fork.",
    ),
    "finalizers": Told(
        "destructor_again",
        "no destructor run in the children",
        "a child's copy of {name} is destroyed{at}, and removes what the program still needs",
        "A child has a copy of what it inherits or is given: a second object for the same file or "
        "folder, whose destructor removes that.",
    ),
    "tracker": Told(
        "tracker_of_child",
        "a resource tracker that runs before the fork",
        "a forked child has what it opens{at} tracked by a resource tracker of its own, which "
        "removes it at that child's end",
        "A child uses its parent's resource tracker, if that runs when the child is forked. Else "
        "it starts its own, which knows nothing of who else uses a block of shared memory.",
    ),
    "ids": Told(
        "keyed_by_id",
        "the parent's id() of each {name} kept",
        "each {name} is known by its id(){at}, and is another object after it was pickled",
        "id() is where an object lies in its process. What a child is given is pickled: it arrives "
        "as a copy.",
    ),
    "parent id": Told(
        "parent_is_fork_server",
        "os.getppid() giving the process that has started the child",
        "os.getppid(){at} gives the fork server, not the process that has started the child",
        "A child started by forkserver is forked by the fork server, which is its parent.",
    ),
    "preload": Told(
        "main_preloaded",
        "a fork server that does not import {name}",
        "the fork server imports {name}{at}, and its children are forked with what that makes",
        "The fork server imports what set_forkserver_preload() says before it forks; from Python "
        "3.14 on that is the main module, if nothing else is said.",
    ),
    "hash seed": Told(
        "hash_seed",
        "one hash seed for all processes",
        "the hash of a string{at} is another number in each process",
        "Python salts the hash of str and bytes with a random number that it draws at startup. A "
        "forked child has its parent's; one started by spawn or forkserver draws its own.",
    ),
    "environ": Told(
        "environment_differs",
        "the parent's {name} in the environment",
        "the children have another {name} in their environment than the parent, which sets it{at}",
        "Children of the fork server have the environment that it was started with.",
    ),
    "global": Told(
        "global_differs",
        "{name} as the parent has it",
        "the children do not see the parent's change to {name}{at}",
        ANEW,
    ),
    "registry": Told(
        "setting_differs",
        "the parent's {name}",
        "the children do not have the parent's {name}{at}",
        ANEW,
    ),
    "statement": Told(
        "main_runs_again",
        "line {name} of the main module left out of the children's import",
        "line {name} of the main module runs again in every child that imports it",
        "A child started by spawn or forkserver runs the main module's own statements once more.",
    ),
    "flush": Told(
        "buffer_copied",
        "all buffers written out before each fork",
        "forked children have a copy of text that was not yet written{at}",
        COPIED + " What was in a file's buffer gets into the file from each of them.",
    ),
    "signal handlers": Told(
        "handler_inherited",
        "signal handlers and wake-up descriptor reset in the children",
        "forked children have the parent's signal handlers{at}",
        COPIED,
    ),
    "event loop": Told(
        "loop_inherited",
        "no event loop inherited",
        "forked children inherit the parent's event loop",
        COPIED,
    ),
    "lock": Told(
        "lock_held_at_fork",
        "the locks that were held at the fork released in the children",
        "forked children have a lock that was held when they were forked{at}",
        COPIED + " The thread that would release the lock is not there.",
    ),
    "threads": Told(
        "thread_gone_at_fork",
        "the parent's threads started again in the children",
        "forked children wait for a thread of the parent's that is not there",
        "A fork copies only the thread that forks.",
    ),
    "epoll": Told(
        "epoll_shared",
        "an epoll of its own in each child",
        "a forked child changes{at} the epoll that it shares with its parent",
        COPIED + " The descriptor of an epoll leads to the same one in the kernel.",
    ),
    "seed": Told(
        "random_copied",
        "each child's generators seeded differently",
        "forked children draw the same random numbers",
        COPIED,
    ),
    "descriptors": Told(
        "pipe_end_inherited",
        "the inherited copies of {name} closed in the children",
        "forked children keep open what the parent has closed: they inherit {name}{at}",
        COPIED + " Whoever reads from the other side sees its end only when every copy is closed.",
    ),
    "positions": Told(
        "file_shared",
        "each file opened again in the children",
        "forked children share their parent's position in {name}{at}",
        COPIED + " An open file has one position: what one process reads, the others miss.",
    ),
    "identity": Told(
        "end_mark_copied",
        "{name} sent by its name",
        "{name} is another object after it was pickled, and is compared by `is`",
        "What is put into a queue or given to a child is pickled: it arrives as a copy.",
    ),
    "exceptions": Told(
        "unreadable_result",
        "{name} pickled without a call of its __init__",
        "{name} cannot be made again from its pickle{at}",
        "An exception is made again by a call of its class with what `super().__init__` was given.",
    ),
    "child exits": Told(
        "child_reaped",
        "each exit of its children told to multiprocessing",
        "the program takes{at} the exit of a child of multiprocessing's",
        "The system reports the end of a child once, to the first call that waits for it. "
        "multiprocessing never learns of it.",
    ),
    "made again": Told(
        "made_before_fork",
        "{name} made again in each child",
        "forked children share {name}{at}, which is made for one process",
        COPIED,
    ),
    "exit in children": Told(
        "exit_handler_not_run",
        "exit handlers run at the end of children too",
        "what a child registers with atexit{at} is not run at its end",
        "Up to Python 3.13 a child of multiprocessing ends without its exit handlers.",
    ),
    "pool end": Told(
        "pool_ended_early",
        "a pool that ends its tasks before it is terminated",
        "the pool is terminated{at} before its tasks are done",
        "The end of a pool's `with` block terminates its workers: results that were not there by "
        "then never come.",
    ),
    "written": Told(
        "output_lost",
        "what children print written at once",
        "children are ended{at} before they have written what they printed",
        "What a process prints into a pipe or a file is kept until there is enough of it, or until "
        "the process ends by itself. One that is terminated, as by the end of a pool's `with` "
        "block, or leaves by os._exit(), loses that.",
    ),
    "empty": Told(
        "empty_too_early",
        "queues that wait a second for what comes",
        "the queue is taken for empty{at} before anything has come",
        "A queue tells what has arrived, not whether more will come.",
    ),
    "write back": Told(
        "kept_by_child",
        "the child's {name} put back into the parent's",
        "{name} is changed{at} in a child's own copy, and the parent reads its own",
        "A child works on copies of its process object, its arguments and its globals, under every "
        "start method.",
    ),
    "variable": Told(
        "native_pool_after_fork",
        "{name} in the environment",
        "forked children wait for native threads of a library that only their parent has",
        COPIED + " A fork copies only the thread that forks.",
    ),
    "pipes": Told(
        "join_before_drain",
        "pipes that hold 1 MiB",
        "a child is waited for before its queue is read",
        "A child ends only when all that it put into a queue has been read, or fits into the pipe.",
    ),
}

MADE_ANEW: Final = Told(
    "made_in_each_child",
    "{name} as the parent has it",
    "every child makes its own {name}{at}, instead of using the parent's",
    "A child started by spawn or forkserver imports the program's modules again, and so makes "
    "again what their top level makes.",
)

EITHER: Final = MADE_ANEW._replace(
    title="{name} is made{at} by the import of its module: a forked child has its parent's, any "
    "other child makes its own"
)
"""Where all ends well, and it is not known which of the two is meant."""

UNREADABLE: Final = Told(
    "unpickling_fails",
    "{name} sent by its name",
    "{name} is pickled{at}, and cannot be made again from that",
    "What is put into a queue or given to a child is pickled, and rebuilt there.",
)

SKIPPED_MAIN: Final = Told(
    "global_differs",
    "{name} as the parent has it",
    "the children do not see the change to {name}{at}: they do not import a package's __main__.py",
    "A child started by spawn or forkserver imports the main module again, but not the __main__.py "
    "of a package or folder.",
)

REGISTRIES: Final[Mapping[str, str]] = {
    "import hooks": "import hooks",
    "made modules": "modules made by hand",
    "gc": "garbage collector's settings",
    "copyreg": "ways to pickle classes (copyreg)",
    "subclasses": "subclasses registered with abstract classes",
    "dispatch": "functions registered for single dispatch",
    "functions": "attributes of functions",
    "int digits": "limit of digits of an int",
    "codecs": "registered codecs and error handlers",
    "sqlite3": "SQLite adapters and converters",
    "csv": "CSV dialects and limits",
    "builtins": "additions to builtins",
    "contextvars": "context variables",
    "decimal": "decimal context",
    "locale": "locale",
    "warnings": "warning filters",
    "socket": "default socket timeout",
    "recursion limit": "recursion limit",
    "signal handlers": "signal handlers",
    "switch interval": "switch interval",
    "umask": "umask",
    "limits": "resource limits",
    "logging": "logging configuration",
    "random": "random seed",
}


def confirmed(
    case: Case, made: CauseExperiment, found: Cause | None, mechanism: Mechanism | None
) -> Cause:
    """Give the cause that an experiment has confirmed.

    `found` is what a rule has found, and `mechanism` what that is.
    """
    where = _where(case, made) or _known(case, made)
    told = TOLD[made.aspects[0].kind]
    if made.aspects[0].kind == "global" and _is_at_import(case, where):
        made_anew = EITHER if case.trial.outcome == "differs" else MADE_ANEW
        told = SKIPPED_MAIN if where and _is_of_skipped_main(case, where) else made_anew
    handed = [each for each in made.noted if each.what == "handed over"]
    if handed:
        told = UNREADABLE._replace(why=f"{UNREADABLE.why} Here that raises {handed[0].name}.")
    name = _named(made, made.aspects[0].kind)
    kinds = [each for each in dict.fromkeys(each.kind for each in made.aspects) if each in TOLD]
    what = listed([TOLD[each].what.format(name=_named(made, each)) for each in kinds])
    said = f" Confirmed by experiment: {_said(case, made, what)}"
    same = found is not None and found.mechanism == told.mechanism
    named = mechanism is not None and not mechanism.symptom
    if (
        found is not None
        and mechanism is not None
        and (same or _says_more(found, mechanism, made, where, whole=not handed))
    ):
        where = where if same and made.aspects[0].kind != "threads" else found.where
        return found._replace(
            text=f"{found.text}{said}", where=where or found.where, grade="confirmed"
        )
    at = f" at {where}" if where else ""
    title, why = told.title.format(name=name, at=at), told.why
    is_call = made.aspects[0].kind in ("calls", "undone")
    libraries = sorted(Calls(case.sources).named_at(where)) if where is not None else []
    if set_up := _set_up_by(case, made.aspects[0]) if is_call else []:
        title += f" in {listed(list(dict.fromkeys(each.package for each in set_up)))}"
        why += f" In it: {listed([f'{each.told} at {each.where}' for each in set_up[:3]])}."
    elif is_call and found is not None and named:  # what the call has set up, a rule may know
        why += f" That is: {found.title}."
    if is_call and libraries and not set_up:
        title += f" in {listed(libraries)}"
    if made.aspects[0].kind == "positions" and libraries:
        title += f", where {listed(libraries)} has opened it"
    if made.aspects[0].kind == "made again" and (of := of_libraries(case)):
        title = (
            f"forked children share {name}{at}, with what {listed(list(of))} made for one process"
        )
        why += f" When it was forked, its parent had {listed(list(of.values()))}."
    if found is not None and not named and found.where not in (None, where):
        why += f" What was seen: {found.title}."
    return Cause(
        told.mechanism,
        title,
        f"{why}{said}",
        where or (None if found is None else found.where),
        grade="confirmed",
        advice="If each process is to have its own, make it where it is used. If all share one:"
        if told is EITHER
        else "",
        key=f"{made.aspects[0].kind} {name}",
    )


def _says_more(
    found: Cause, of: Mechanism, made: CauseExperiment, where: str | None, *, whole: bool
) -> bool:
    """Tell whether what a rule has found says more than an experiment.

    It saw what is lost, where an experiment only shows how to keep it; or, if it is no mere symptom
    and `whole`, it has its own words at the very line that makes the difference. Of a call that
    children lack it knows their line too.
    """
    kind = made.aspects[0].kind
    same_line = whole and where is not None and found.where == where and kind not in FURTHER_UP
    less = kind in SAYS_LESS or (kind == "calls" and of.lacks_call)
    return of.loses or (not of.symptom and (same_line or less))


FURTHER_UP: Final = frozenset({"attributes", "main"})
"""Kinds of aspect that say more than what a rule sees at the same line, which follows from them."""

SAYS_LESS: Final = frozenset({"statement", "preload", "variable", "made again"})
"""Kinds of aspect that say less than what a rule sees, whatever that is."""

CURES: Final = frozenset(TOLD) - {
    "identity", "exceptions", "child exits", "seed", "ids", "empty", "variable", "hash seed",
    "undone", "caches",
}  # fmt: skip
"""Kinds of aspect that are changed in an experiment as the advice says."""


def is_cure(made: CauseExperiment) -> bool:
    """Tell whether what an experiment has changed is what is advised."""
    return {each.kind for each in made.aspects} <= CURES


def variables_of(made: CauseExperiment) -> str:
    """Name the environment variables that an experiment has set, with their values, if any."""
    names = [_name(each) for each in made.aspects if each.kind == "variable"]
    return listed(names) if names else ""


MOST_REJECTED: Final = 6
"""Aspects that were tried in vain and are named, the program's own globals first."""


def rejected(made: CauseExperiment) -> str:
    """Say what was tried in vain: all aspects at once changed nothing."""
    tried = sorted(made.aspects, key=lambda each: each.kind != "global")
    names = list(dict.fromkeys(_name(e) or e.kind for e in tried if e.kind != "statement"))
    more = len(names) - MOST_REJECTED
    told = [*names[:MOST_REJECTED], *([f"{more} other aspects"] if more > 0 else [])]
    return f" By experiment it is none of these: {listed(told)}."


def _named(made: CauseExperiment, kind: AspectKind) -> str:
    names = [_name(each) for each in made.aspects if each.kind == kind]
    names = names[-1:] if kind == "calls" else names  # what went before it, it needs
    met = [f"`{each.name}`" for each in made.noted if each.what in NAMED][:1]
    if met == ["`__main__`"]:
        met = ["the main module"]
    met += [f"a {each.name}" for each in made.noted if each.what in ("inherited", "gone")]
    return listed([name for name in names if name] or list(dict.fromkeys(met)) or [""])


NAMED: Final = (
    "by name",
    "exception",
    "imported",
    "made",
    "id",
    "written back",
    "variable",
    "main again",
    "blocked",
    "found",
    "preloaded",
    "fork hook",
    "finalized",
    "position",
)
"""What an experiment notes with the name of what its cause is about."""

SET_BY_CALLS: Final = ("global", "environ")
"""Kinds of aspect that a program changes through a function of its own."""

FIRST: Final = (
    "one main",
    "tracker",
    "exit in children",
    "ids",
    "parent id",
    "pool end",
    "written",
    "empty",
    "epoll",
    "write back",
    "imports",
    "kept",
    "stdin",
    "fork hooks",
    "finalizers",
    "threads",
)
"""Kinds of aspect of which the first line that was noted makes the difference."""


def _name(aspect: Aspect) -> str:
    if aspect.kind == "global":
        return f"`{aspect.words[0]}`"
    if aspect.kind in ("calls", "undone"):
        return listed([f"`{each}`" for each in aspect.words]) if aspect.words else ""
    if aspect.kind == "caches":
        return f"`{aspect.words[0]}()`"
    if aspect.kind == "made again":
        return f"`{'.'.join(filter(None, aspect.words))}`"
    if aspect.kind == "registry":
        return REGISTRIES[aspect.words[0]]
    return "=".join(aspect.words)


def _set_up_by(case: Case, calls: Aspect) -> list[Call]:
    """Give the calls of libraries that the last of some functions of the program's makes."""
    name = calls.words[-1].partition("(")[0].rpartition(".")[2] if calls.words else ""
    return [each for each in Calls(case.sources).within(name) if each.alone]


def _said(case: Case, made: CauseExperiment, what: str) -> str:
    without = sum(trial.method == made.method for trial in (case.trial, *case.others))
    if made.good is None and case.trial.outcome in WELL:
        alone = " and one worker" if len(made.aspects) > 1 else ""
        return f"with {what}{alone}, {made.of} of {made.of} trials print the same."
    if made.good is None:
        return f"with {what}, it ends well in {made.cured} of {made.of} trials; without, in none."
    if made.aspects[0].kind in ("undone", "caches"):
        return (
            f"with {what} in its children, {made.good} does what {made.method} does in "
            f"{made.cured} of {made.of} trials; without, in none."
        )
    there = f" on {made.good_environment}" if made.good_environment else ""
    return (
        f"with {what}, {made.method} does what {made.good} does{there} "
        f"in {made.cured} of {made.of} trials; without, in 0 of {max(without, 1)}."
    )


def _where(case: Case, made: CauseExperiment) -> str | None:
    """Give the line that makes the difference: of the last change before the children's work."""
    noted = [each for each in made.noted if each.where and not each.where.startswith("<")]
    lines = [each.where for each in noted]
    dropped = [each.where for each in made.noted if each.what == "dropped" and each.where]
    if dropped:  # by a line of the child's own, which tells more than the one that opened it
        return dropped[0]
    if made.aspects[0].kind in SET_BY_CALLS:  # the call of a setter in another file tells more
        lines = [
            each.name
            if each.what == "line" and ":" in each.name and not _is_at_import(case, each.where)
            else each.where
            for each in noted
        ]
    if made.aspects[0].kind in FIRST:
        return lines[0] if lines else None
    return lines[-1] if lines else None


def _is_at_import(case: Case, where: str | None) -> bool:
    file, _, line = (where or "").rpartition(":")
    return line.isdigit() and case.sources.file(file).is_at_import(int(line))


def _is_of_skipped_main(case: Case, where: str) -> bool:
    file = where.rpartition(":")[0]
    return file == case.sources.main and file.rpartition("/")[2] == "__main__.py"


def _known(case: Case, made: CauseExperiment) -> str | None:
    """Find the line in the sources, where no process was followed to it."""
    aspect = made.aspects[0]
    if aspect.kind == "statement":
        return f"{case.sources.main}:{aspect.words[0]}"
    if aspect.kind in WRITTEN:
        return written(case.sources, *WRITTEN[aspect.kind])
    if aspect.kind == "global":
        return case.sources.changed(aspect.words[0])
    if aspect.kind == "made again":
        return _assigned(case, ".".join(filter(None, aspect.words)))
    name = next((each.name for each in made.noted if each.what == "by name"), None)
    if name is None:
        return None
    own = name.rpartition(".")[2]
    compared = written(case.sources, rf"\bis\s+(not\s+)?([\w.]+\.)?{own}\b")
    return compared or _assigned(case, name)


WRITTEN: Final[Mapping[AspectKind, tuple[str, ...]]] = {
    "hash seed": (r"(?<![\w.])hash\(",),
    "main": (r"\.__module__\b", r"\b__name__\b(?!\s*==)"),
    "signal mask": (r"\bpthread_sigmask\(.*\bSIG_(BLOCK|SETMASK)\b",),
}
"""How the line looks that makes the difference, for kinds of aspect of which it is known."""


def _assigned(case: Case, name: str) -> str | None:
    """Find the line of a module's own body that first makes a global, `name` or `module.name`."""
    module, _, own = name.rpartition(".")
    for file in case.sources.files_of(module, ".") if module else [case.sources.main]:
        line = case.sources.file(file).assigned(own)
        if line is not None:
            return f"{file}:{line}"
    return None
