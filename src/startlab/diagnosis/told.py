"""How aspects are told that an experiment has shown to be a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from startlab.diagnosis.phrases import ANEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from startlab.model import AspectKind, CauseExperiment, Noted


class Told(NamedTuple):
    """How an aspect is told: `what` was changed, the cause's `title`, and `why` it is one.

    `{name}` is the aspect's own name, `{at}` the place that it was set at: the last line that was
    noted, or the `first`. What is changed `cures` it, as the advice says, or is only a sign. Beside
    what a rule has seen at the same line it says `more`, or `less`, whatever the line.
    """

    mechanism: str
    what: str
    title: str
    why: str
    first: bool = False
    cures: bool = True
    says: Literal["more", "as much", "less"] = "as much"


COPIED: Final = "A forked child begins with a copy of all that its parent has."

TOLD: Final[Mapping[AspectKind, Told]] = {
    "modules": Told(
        "module_elsewhere",
        "modules found where the parent found them",
        "the children cannot import {name} from the file that the parent has it from{at}",
        "A child searches sys.path as it is when the child is started: it finds nothing that was "
        "loaded by its file's name, or while sys.path was another one.",
    ),
    "interpreter": Told(
        "other_interpreter",
        "the children run by the interpreter of their parent",
        "multiprocessing.set_executable(){at} names another interpreter for the children, {name}",
        "A child started by spawn, and the fork server, are run by what set_executable() names: "
        "if that cannot be run, no child starts.",
        first=True,
    ),
    "path text": Told(
        "path_not_text",
        "sys.path given to the fork server as text",
        "sys.path has a {name}{at}, where text belongs: the fork server cannot be started with it",
        "The fork server is a new interpreter, and its command line has the repr() of what is in "
        "sys.path. That is read as Python's source there: what repr() gives for a Path is no name "
        "that it knows.",
    ),
    "method asked": Told(
        "method_by_name",
        "get_start_method() answered by `spawn`",
        "the program asks for the name of the start method{at}, and treats forkserver as fork",
        "A child of the fork server inherits nothing of its parent's, as one started by spawn. "
        "From Python 3.14 on it is what Linux starts children by.",
        first=True,
    ),
    "names": Told(
        "process_name",
        "each {name} named as a forked one is",
        "the program reads the name of a process{at}: it is another one under each start method",
        "A worker of a pool is named ForkPoolWorker-1 by fork, SpawnPoolWorker-1 by spawn, and "
        "ForkServerPoolWorker-1 by forkserver.",
        first=True,
        cures=False,
    ),
    "first environ": Told(
        "environment_at_import",
        "the main module imported with {name} as the program found it",
        "{name} is set{at} after the parent has imported what reads it: children import that with "
        "another value",
        "A child started by spawn or forkserver imports the program's modules again, with the "
        "environment that its parent has by then.",
    ),
    "first argv": Told(
        "arguments_at_import",
        "the main module imported with the words that the program was started with",
        "sys.argv is changed{at} after the main module has read it: children import that with "
        "other words",
        "A child started by spawn or forkserver imports the main module again, and sys.argv is "
        "what its parent's is by then.",
    ),
    "exit codes": Told(
        "exit_code_too_early",
        "each exit code read when the child has ended",
        "the exit code of a child is read{at} before the child has ended: it is None",
        "Process.exitcode is None as long as the process runs, and the child has just been "
        "started.",
        first=True,
    ),
    "folder": Told(
        "other_folder",
        "the main module imported in the folder that the program was started in",
        "the children import the main module in another folder than the parent, which has changed "
        "it{at}",
        "A child started by spawn or forkserver imports the main module in the folder that its "
        "parent is in by then. A relative path leads elsewhere there.",
    ),
    "keys": Told(
        "key_not_sent",
        "the manager's key sent with each proxy",
        "the proxy of a manager that has an `authkey` of its own{at} loses that as it is pickled",
        "A proxy that goes through a queue, or to a pool, is pickled without its key. Whoever "
        "receives it uses the key of its own process, and the manager refuses that.",
    ),
    "own names": Told(
        "attribute_replaced",
        "{name} beside the attribute of that name that Process has",
        "{name}, which is set{at}, replaces an attribute that multiprocessing needs",
        "A Process keeps what multiprocessing needs of it in attributes such as _config, _identity "
        "and _popen: a subclass that sets one of these replaces that.",
        first=True,
    ),
    "transactions": Told(
        "transaction_open",
        "each transaction committed before a child is started",
        "the program has a transaction open as it starts a child{at}, which cannot write to the "
        "database",
        "In SQLite one connection at a time may write: from its first change on it locks out the "
        "others, until commit().",
        first=True,
    ),
    "thread locals": Told(
        "kept_by_thread",
        "{name} as the parent's threads have it",
        "{name} has what is set{at} in the thread that has set it alone: a child's own thread "
        "lacks it",
        "A threading.local has other attributes in each thread. A child begins with one thread: "
        "a copy of the one that forked it, or a new one.",
    ),
    "stdin": Told(
        "stdin_in_child",
        "the parent's standard input given to the children too",
        "what is read from standard input{at} is read again in every child, where it is empty",
        ANEW + " Only the program itself can read what it is given on standard input.",
        first=True,
    ),
    "kept": Told(
        "removed_before_start",
        "{name} kept until the parent ends",
        "{name}{at} is removed before a child has opened it",
        "What a child opens by its name has to be there still when it does: one started by spawn "
        "or forkserver opens locks and queues so. start() keeps nothing that it gives to the "
        "child: what nothing else in the parent refers to is removed at once.",
        first=True,
    ),
    "main": Told(
        "main_has_another_name",
        "the main module named `__main__` in the children too",
        "the children know the main module, and what it defines, by another name{at}",
        "A child started by spawn or forkserver imports the main module as `__mp_main__`: that is "
        "the `__module__` of its classes and functions there.",
        says="more",
    ),
    "imports": Told(
        "imported_by_parent",
        "{name} imported in the children too",
        "the children do not import {name}, as the parent does{at}",
        ANEW,
        first=True,
    ),
    "attributes": Told(
        "made_at_run_time",
        "{name} made in the children too",
        "the children do not have {name}, which the parent makes{at} as it runs",
        ANEW + " Classes and functions are pickled by their names.",
        says="more",
    ),
    "calls": Told(
        "called_by_parent",
        "{name} run in the children too",
        "{name} is called{at} in the parent alone, and the children lack what it sets up",
        ANEW,
    ),
    "caches": Told(
        "cache_copied",
        "what {name} has cached dropped",
        "forked children have the results of {name}{at} that their parent has cached",
        COPIED + " The function does not run again there, whatever has changed since.",
        cures=False,
    ),
    "executor thread": Told(
        "forked_by_executor",
        "no child that waits for the executor's thread that has forked it",
        "a child that a thread of a ThreadPoolExecutor forks{at} ends with exit status 1: at its "
        "exit it waits for that thread, which is itself",
        "At its exit Python joins the threads of executors. A forked child has one thread, a copy "
        "of the one that has forked it: to join itself raises RuntimeError, which is not shown.",
        first=True,
        cures=False,
    ),
    "one main": Told(
        "main_twice",
        "an import of {name} that gives the main module",
        "{name} is the main module, imported a second time{at}: a copy that lacks what the program "
        "has set in the first one",
        "Python knows the main module as `__main__`. An import of its file by its own name makes "
        "another module, with globals and classes of its own.",
        first=True,
    ),
    "signal mask": Told(
        "signal_blocked",
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
        first=True,
    ),
    "finalizers": Told(
        "destructor_again",
        "no destructor run in the children",
        "a child's copy of {name} is destroyed{at}, and removes what the program still needs",
        "A child has a copy of what it inherits or is given: a second object for the same file or "
        "folder, whose destructor removes that.",
        first=True,
    ),
    "tracker": Told(
        "tracker_of_child",
        "a resource tracker that runs before the fork",
        "a forked child has what it opens{at} tracked by a resource tracker of its own, which "
        "removes it at that child's end",
        "A child uses its parent's resource tracker, if that runs when the child is forked. Else "
        "it starts its own, which knows nothing of who else uses a block of shared memory.",
        first=True,
    ),
    "ids": Told(
        "keyed_by_id",
        "each {name} that was pickled known as the one that it is a copy of",
        "each {name} is known by its identity{at}, and is another object after it was pickled",
        "id() is where an object lies in its process; a class without `__eq__` and `__hash__` "
        "compares by it. What is given to a child, or comes back from a pool, is pickled: it "
        "arrives as a copy.",
        first=True,
        cures=False,
    ),
    "parent id": Told(
        "parent_is_fork_server",
        "{name} giving the process that has started the child",
        "{name}{at} gives the fork server, not the process that has started the child",
        "A child started by forkserver is forked by the fork server, which is its parent.",
        first=True,
    ),
    "proxies": Told(
        "not_through_proxy",
        "each proxy giving the attributes of its object too",
        "{name} is asked for{at}: a proxy has its object's public methods, and no other attributes",
        "The object itself is in the manager's process. A proxy forwards calls of the methods that "
        "are registered with it.",
        first=True,
        says="more",
    ),
    "own children": Told(
        "children_of_fork_server",
        "children known as the program's own",
        "{name}{at} knows only what the program itself has forked: its children are the fork "
        "server's",
        "The kernel tells the end of a process, and what it has used, to the one that has forked "
        "it. Children started by forkserver are forked by the fork server.",
        first=True,
        cures=False,
    ),
    "preload": Told(
        "main_preloaded",
        "a fork server that does not import {name}",
        "the fork server imports {name}{at}, and its children are forked with what that makes",
        "The fork server imports what set_forkserver_preload() says before it forks; from Python "
        "3.14 on that is the main module, if nothing else is said.",
        says="less",
    ),
    "hash seed": Told(
        "hash_seed",
        "one hash seed for all processes",
        "the hash of a string{at} is another number in each process",
        "Python salts the hash of str and bytes with a random number that it draws at startup. A "
        "forked child has its parent's; one started by spawn or forkserver draws its own.",
        cures=False,
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
        "{name} of the main module left out of the children's import",
        "{name} of the main module runs again in every child that imports it",
        "A child started by spawn or forkserver runs the main module's own statements once more.",
        says="less",
    ),
    "printed": Told(
        "main_runs_again",
        "no output of the modules that the main module imports",
        "what a module prints{at} as it is imported is printed again by whoever imports it",
        "A child started by spawn or forkserver imports the main module once more, and so all that "
        "this imports.",
        first=True,
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
    "forking thread": Told(
        "thread_copied",
        "{name} as a new thread has it in the children",
        "forked children inherit {name}, which belongs to the thread that has forked them",
        COPIED + " Its thread is a copy of the one that forks, with all that this one keeps for "
        "itself in a threading.local: an event loop that runs, a connection, a transaction.",
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
        first=True,
    ),
    "epoll": Told(
        "epoll_shared",
        "an epoll of its own in each child",
        "a forked child changes{at} the epoll that it shares with its parent",
        COPIED + " The descriptor of an epoll leads to the same one in the kernel.",
        first=True,
    ),
    "seed": Told(
        "random_copied",
        "each child's generators seeded differently",
        "forked children draw the same random numbers from {name}{at}",
        COPIED,
        cures=False,
    ),
    "descriptors": Told(
        "pipe_end_inherited",
        "the inherited copies of {name} closed in the children",
        "forked children keep open what the parent has closed: they inherit {name}{at}",
        COPIED + " Whoever reads from the other side sees its end, and an address is free again, "
        "only when every copy is closed.",
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
        cures=False,
    ),
    "exceptions": Told(
        "unreadable_result",
        "{name} pickled without a call of its __init__",
        "{name}{at} cannot be made again from its pickle",
        "An exception is made again by a call of its class with what `super().__init__` was given.",
        cures=False,
    ),
    "left out": Told(
        "lost_by_pickling",
        "objects pickled whole",
        "{name} is lost as its object is pickled: the class leaves it out{at}",
        "What is given to a child started by spawn or forkserver, to a pool's task or to a queue "
        "is pickled, and keeps only what its class gives to pickle.",
        first=True,
        says="more",
    ),
    "process ids": Told(
        "made_in_each_child",
        "{name} the id of the first process in the children too",
        "{name}{at} is the id of the process that imports its module: every child takes itself "
        "for the first one",
        "A child started by spawn or forkserver imports the program's modules again, and runs "
        "their top level once more. os.getpid() is another number there.",
    ),
    "patience": Told(
        "wait_too_short",
        "more time for each wait that has a limit",
        "the program waits{at} for a shorter time than a child takes",
        "A forked child runs at once. One that is started by spawn or forkserver has to start "
        "Python, and to import the main module, before it begins with its task.",
        first=True,
    ),
    "child exits": Told(
        "child_reaped",
        "each exit of its children told to multiprocessing",
        "the program takes{at} the exit of a child of multiprocessing's",
        "The system reports the end of a child once, to the first call that waits for it. "
        "multiprocessing never learns of it.",
        cures=False,
    ),
    "made again": Told(
        "made_before_fork",
        "{name} made again in each child",
        "forked children share {name}{at}, which is made for one process",
        COPIED,
        says="less",
    ),
    "exit in children": Told(
        "exit_handler_not_run",
        "exit handlers run at the end of children too",
        "what a child registers with atexit{at} is not run at its end",
        "Up to Python 3.13 a child of multiprocessing ends without its exit handlers.",
        first=True,
    ),
    "pool end": Told(
        "pool_ended_early",
        "a pool that ends its tasks before it is terminated",
        "the pool is terminated{at} before its tasks are done",
        "The end of a pool's `with` block terminates its workers: results that were not there by "
        "then never come.",
        first=True,
    ),
    "pool start": Told(
        "started_too_early",
        "workers of a pool that start with its first task",
        "the workers of a pool are started{at}, before {name} is set to what they need",
        "A pool starts its workers when it is made. A forked worker has what its parent had then; "
        "what is set later reaches no worker, whatever the start method is.",
        first=True,
    ),
    "sent later": Told(
        "changed_after_start",
        "the parent's later changes to {name} in the children too",
        "{name} is changed{at} in the parent after the child was started, which never sees that",
        "Each process has globals of its own, whatever the start method is: a child has those that "
        "its parent had at the start, or what the import of its modules makes.",
        first=True,
    ),
    "begin": Told(
        "begins_too_late",
        "a start() that returns when the child has begun",
        "the program goes on{at} before the child has begun, which then finds something gone, or "
        "comes too late",
        "A forked child runs at once. One that is started by spawn or forkserver has to start "
        "Python, and to import the main module, before it begins with its task.",
        first=True,
    ),
    "waiters": Told(
        "never_notified",
        "a {name} that comes once those wait whom it is to wake",
        "{name} is called{at} before those wait whom it is to wake",
        "A Condition wakes those who wait at that moment, and not those who come later.",
        first=True,
        cures=False,
    ),
    "written": Told(
        "output_lost",
        "what children print, or put into queues, written at once",
        "children are ended{at} before they have written what they printed",
        "What a process prints into a pipe or a file is kept until there is enough of it, or until "
        "the process ends by itself. One that is terminated, as by the end of a pool's `with` "
        "block, or leaves by os._exit(), loses that.",
        first=True,
    ),
    "empty": Told(
        "empty_too_early",
        "queues that wait a second for what comes",
        "the queue is taken for empty{at} before anything has come",
        "A queue tells what has arrived, not whether more will come.",
        first=True,
        cures=False,
    ),
    "write back": Told(
        "kept_by_child",
        "the child's {name} put back into the parent's",
        "{name} is changed{at} in a child's own copy, and the parent reads its own",
        "A child works on copies of its process object, its arguments and its globals, under every "
        "start method.",
        first=True,
    ),
    "earlier": Told(
        "made_before_fork",
        "children forked before line {name} has run",
        "forked children do not work with what their parent has since {name}",
        COPIED + " Of its threads a fork copies only the one that forks.",
        says="less",
    ),
    "variable": Told(
        "native_pool_after_fork",
        "{name} in the environment",
        "forked children wait for native threads of a library that only their parent has",
        COPIED + " A fork copies only the thread that forks.",
        cures=False,
        says="less",
    ),
    "pipes": Told(
        "join_before_drain",
        "pipes that hold 1 MiB",
        "what is put into a queue is not read before the end of the process that put it",
        "A process ends only when all that it put into a queue has been read, or fits into the "
        "pipe.",
        says="less",
    ),
}

LACKED: Final[Mapping[AspectKind, Told]] = {
    "as imported": Told(
        "setting_differs",
        "{name} as the import of its module has made it",
        "the children do not see the parent's change to {name}{at}",
        ANEW,
        cures=False,
    ),
    "undone": Told(
        "called_by_parent",
        "{name} undone",
        "{name} is called{at} in the parent alone, and the children lack what it sets up",
        ANEW,
        cures=False,
    ),
    "caches": Told(
        "cache_empty",
        "what {name} has cached dropped",
        "the children do not have the results of {name}{at} that the parent has cached",
        ANEW + " The function runs again there, and does or returns something else.",
        cures=False,
    ),
    "contexts": Told(
        "setting_differs",
        "no value of {name}",
        "the children do not have the context variable {name}, which the parent sets{at}",
        ANEW,
        cures=False,
    ),
    "forking thread": Told(
        "setting_differs",
        "nothing kept in {name}",
        "the children do not have what the parent's thread keeps in {name}{at}",
        ANEW + " A threading.local has other attributes in each thread.",
        cures=False,
    ),
    "signal handlers": Told(
        "setting_differs",
        "no handler of {name}",
        "the children do not have the parent's handler of {name}, which is set{at}",
        ANEW + " A handler is set in one process; it may do its default there: end it.",
        cures=False,
    ),
}
"""What forked children were rid of: then they go wrong as those do that never had it."""


KEPT_BY_SERVER: Final = {
    name: TOLD["registry"]._replace(
        why="The fork server is started with the first child, and its children have what it had "
        "then."
    )
    for name in ("umask", "limits", "priority", "affinity")
}
"""How settings are told that processes inherit, whatever they run."""


def told_of(made: CauseExperiment) -> Told:
    """Give how an experiment's first aspect is told."""
    aspect = made.aspects[0]
    if aspect.kind == "registry" and aspect.words[0] in KEPT_BY_SERVER:
        return KEPT_BY_SERVER[aspect.words[0]]
    if len(made.aspects) > 1 and all(each.kind == "calls" for each in made.aspects):
        return CALLED_TOGETHER
    if aspect.kind == "own children" and any(each.what == "helper" for each in made.noted):
        counted = any(each.what == "counted" for each in made.noted)
        return LISTED_OTHERWISE if counted else HELPER_COUNTED
    if aspect.kind in ("registry", "calls") and made.good is None:
        return TOLD[aspect.kind]._replace(why=OWN_WORKERS)
    if aspect.kind == "calls" and [each.what for each in run_too(made)][-1:] == ["set"]:
        return SET_BY_PARENT
    return LACKED[aspect.kind] if is_rid(made) else TOLD[aspect.kind]


def run_too(made: CauseExperiment) -> list[Noted]:
    """Give the calls that children have made, and what they have set, as their parent has."""
    return [each for each in made.noted if each.what in ("call", "set")]


def is_rid(made: CauseExperiment) -> bool:
    """Tell whether forked children were rid of something, and went wrong as others do."""
    return made.aspects[0].kind in LACKED and made.method != "fork"


HELPER_COUNTED: Final = TOLD["own children"]._replace(
    mechanism="helper_among_children",
    title="{name}{at} lists a process that multiprocessing has started for itself, too",
    why="Beside the children, spawn and forkserver start a resource tracker, which is a child of "
    "the program as well.",
)

LISTED_OTHERWISE: Final = HELPER_COUNTED._replace(
    title="{name}{at} lists processes that multiprocessing has started for itself, and not the "
    "children that its fork server has forked",
    why="Beside the children, spawn and forkserver start a resource tracker, and forkserver its "
    "server. Both are children of the program as well; what the server forks is the server's.",
)

OWN_WORKERS: Final = (
    "The library starts processes in a way of its own, whatever the start method is: they import "
    "the program's modules again, and have nothing that the parent changed afterwards."
)

MADE_ANEW: Final = Told(
    "made_in_each_child",
    "{name} as the parent has it",
    "every child makes its own {name}{at}, instead of using the parent's",
    "A child started by spawn or forkserver imports the program's modules again, and runs their "
    "top level once more.",
)

ADDED: Final = Told(
    "lost_by_pickling",
    "objects pickled whole",
    "{name}, which is set{at}, is lost as the object is pickled: the library's class that it is "
    "derived from says how that is done",
    "What is given to a child started by spawn or forkserver, to a pool's task or to a queue is "
    "pickled, and keeps only what its class gives to pickle.",
    first=True,
    says="more",
)

TRACKED_APART: Final = Told(
    "tracked_apart",
    "no {name} removed by a program that has only opened it",
    "a program that only opens {name}{at} removes it when it ends, while its creator still needs "
    "it",
    "A program that is not started by multiprocessing has a resource tracker of its own: that "
    "removes at its end all shared memory that it has opened, whoever has made it (gh-82300).",
    first=True,
)

QUEUE_MADE_ANEW: Final = Told(
    "shared_made_again",
    "the parent's {name}",
    "the children's {name} does not lead to the parent's queue{at}",
    ANEW + " A queue that an import makes is another one in each process: what a child puts into "
    "its own, the parent never sees.",
)

QUEUE_LACKED: Final = Told(
    "setting_differs",
    "the parent's {name}",
    "the children do not have the parent's {name}{at}, which leads to a queue",
    ANEW,
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

SOCKET_SHARED: Final = Told(
    "connection_shared",
    "the inherited copies of {name} leading to nothing in the children",
    "a forked child uses{at} the socket that it shares with its parent",
    COPIED + " Its descriptor of a socket leads to the same connection: what the child sends, or "
    "reads, the parent has not sent, or never gets.",
    cures=False,
)

FILE_KEPT: Final = Told(
    "file_kept",
    "the inherited copies of {name} closed in the children",
    "forked children have {name}{at} open together with their parent: its lock, and what a child "
    "does with it, are the parent's too",
    COPIED + " Its descriptor of a file leads to the same open file in the kernel, which is locked "
    "and kept as a whole.",
)

HANDLER_INHERITED: Final = Told(
    "exit_handler_inherited",
    "no inherited exit handler run in the children",
    "{name}, registered with atexit{at}, also runs at the end of a child of os.fork()",
    COPIED + " If it ends as a program does, by sys.exit() or at its last line, it runs its "
    "parent's exit handlers: they clear away what the parent still needs.",
    first=True,
)

CACHED_CHANGED: Final = Told(
    "cache_empty",
    "what {name} has cached dropped",
    "the children do not see the parent's change to what {name} has cached{at}",
    ANEW + " The function runs again there, and gives an object as it is made.",
    cures=False,
)

SET_BY_PARENT: Final = TOLD["calls"]._replace(
    mechanism="setting_differs",
    title="{name} is run{at} in the parent alone, and the children lack what it sets up",
)

CALLED_TOGETHER: Final = TOLD["calls"]._replace(
    title="{name} are called, the first{at}, in the parent alone, and the children lack what "
    "they set up",
    first=True,
)

SKIPPED_MAIN: Final = Told(
    "global_differs",
    "{name} as the parent has it",
    "the children do not see the change to {name}{at}: they do not import a package's __main__.py",
    "A child started by spawn or forkserver imports the main module again, but not the __main__.py "
    "of a package or folder.",
)

SKIPPED_IF: Final = Told(
    "global_differs",
    "{name} as the parent has it",
    "the children do not make {name}: the condition{at} does not hold where they import its module",
    ANEW,
)

REGISTRIES: Final[Mapping[str, str]] = {
    "import hooks": "import hooks",
    "made modules": "modules made by hand",
    "gc": "garbage collector's settings",
    "profiler": "profile function (sys.setprofile)",
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
    "priority": "priority",
    "affinity": "choice of cores (CPU affinity)",
    "logging": "logging configuration",
    "random": "random seed",
}
