"""`startlab run`."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from startlab.cli import INTERRUPTED, drive, options, outcome
from startlab.diagnosis.phrases import listed
from startlab.engine import runs
from startlab.errors import StartlabError
from startlab.program import requirements, snapshot
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.engine.lab import Listener
    from startlab.model import Run

OWN_STDIN: Final = Path("-")
END_OF_FILE: Final = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
LONGEST_SCRIPT: Final = 1 << 20
"""Bytes of a script in which its own options are looked for."""

WATCH_S: Final = 0.3
"""Between two checks of the files."""


class _Words(click.Command):
    """A command whose own options end where the program begins, as python's do.

    That is at the script, at `-m MODULE` or at `--`, which stay in the arguments.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = self._first_word(ctx, args)
        as_it_is = ["--"] if at < len(args) else []
        return super().parse_args(ctx, [*args[:at], *as_it_is, *args[at:]])

    def _first_word(self, ctx: click.Context, args: list[str]) -> int:
        flags = {
            name: isinstance(param, click.Option) and (param.is_flag or param.count)
            for param in self.get_params(ctx)
            for name in param.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] not in ("-m", "--"):
            word = args[at]
            alone = "=" in word or flags.get(word, True)
            if not word.startswith("--") and len(word) > 2:  # -j4, -ehost-3.13
                alone = True
            at += 1 if alone else 2
        return at


@click.command(cls=_Words)
@options.program_selectors
@click.option(
    "--trials",
    type=click.IntRange(1, options.MOST_TRIALS),
    default=None,
    help="How often to run each cell.  [default: once, and once more after a surprise]",
)
@options.engine
@click.option(
    "--stdin",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="A file for the program's stdin; - passes on this command's.  [default: empty]",
)
@click.option(
    "--expect-stdout",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="A file with the expected output. Without it no output is called wrong.",
)
@click.option(
    "--include",
    type=options.PATH,
    multiple=True,
    help="Another file or folder to copy, even if .gitignore excludes it.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="What to leave out of its folder, written as in .gitignore. May be repeated.",
)
@click.option(
    "--requirements",
    "-r",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="A requirements file of what to install for it.",
)
@click.option(
    "--with",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="A package to install for it, or a project's folder. May be repeated.",
)
@click.option(
    "--python",
    type=options.PATH,
    default=None,
    metavar="PATH",
    help="An interpreter, or the folder of an environment, to run it on as well, with what is "
    "installed there.  [default: the activated one, or the project's .venv]",
)
@click.option(
    "--same-packages",
    is_flag=True,
    help="Give the other Pythons what is installed there, instead of what the project declares.",
)
@click.option(
    "--pip-config",
    type=options.EXISTING,
    default=None,
    envvar="STARTLAB_PIP_CONFIG",
    help="The pip.conf to use.  [default: pip's configuration on this machine]",
)
@click.option(
    "--env-var",
    "env",
    multiple=True,
    callback=options.variables,
    metavar="K[=V]",
    help="A variable of its environment; without a value, as it is in this one. No file that "
    "startlab writes holds the value. May be repeated.",
)
@click.option(
    "--explain",
    type=click.Choice(["quick", "full", "off"]),
    default="quick",
    show_default=True,
    help="How long causes are looked for by experiment: at most 30 s (of a suite 2 minutes), at "
    "most 5 minutes (20), not.",
)
@click.option("--keep", is_flag=True, help="Keep the containers, and print how to enter them.")
@click.option("--watch", is_flag=True, help="Run again whenever a file of the program changes.")
@options.building
@options.JSON
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARG]...")
def run(words: tuple[str, ...], **said: Any) -> None:
    """Run a program under every start method.

    The program itself is not changed.

    \u0008
    startlab run [OPTIONS] SCRIPT [ARG]...
    startlab run [OPTIONS] -m MODULE [ARG]...
    startlab run [OPTIONS] -- COMMAND [ARG]...     pytest, python, any console script

    Without --env it runs on the newest Python that the nearest pyproject.toml supports, of each
    kind: containers with glibc and with musl if a Docker engine answers, else this host's CPython,
    free-threaded CPython and PyPy. First of all it runs in your own environment, with its packages:
    the one that is activated, or the project's .venv. Nothing is installed into that.

    Every trial has a fresh copy of the project's folder (the nearest one with a pyproject.toml,
    setup.py or setup.cfg, else the git repository), or of the script's if there is none; your own
    files are not touched.

    Exit status: 0 every cell is ok and all outputs agree, 1 findings, 2 bad usage or bad input,
    3 nothing could be run.
    """
    watching, resume, as_json = (said.pop(key) for key in ("watch", "resume", "as_json"))
    out = said.pop("out")
    building = {key: said.pop(key) for key in options.BUILDING}
    if resume and (folder := drive.to_resume(out, begin=bool(words))) is not None:
        _no_words(words)
        run, folder = drive.resume(folder, partial(_finished, building, said))
        sys.exit(outcome.tell(run, folder, "startlab run", as_json=as_json))
    if watching and out is not None:
        raise click.UsageError("--watch makes a new run each time: it takes no --out.")

    if late := _late_options(words):
        options.say(
            f"Note: {listed(late)} after {words[0]} {'goes' if len(late) == 1 else 'go'} to the "
            "program; options of startlab come before the script."
        )
    if said["stdin"] == OWN_STDIN:
        runs.understand(words, **(said | {"stdin": None}))  # a mistake there comes first
        said["stdin"] = _kept_stdin()

    def once() -> int:
        def go(folder: Path, listener: Listener) -> Run:
            return runs.run(words, folder=folder, listener=listener, building=building, **said)

        new, folder = drive.begin(out, go, trials=said["trials"] or 1)
        return outcome.tell(new, folder, "startlab run", as_json=as_json)

    status = once() if not watching else _watch(once, partial(_stamp, words, said))
    sys.exit(status)


def _finished(
    building: dict[str, Any], said: dict[str, Any], folder: Path, listener: Listener
) -> Run:
    """Finish a run as it was begun, with what was said of how it goes and of its secrets."""
    how = runs.How(
        building, said["pip_config"], said["jobs"], said["keep"], listener, said["explain"]
    )
    needed = requirements.read(said["requirements"], said["packages"])
    return runs.resume(folder, "run", how, env=said["env"], requirements=needed)


def _late_options(words: tuple[str, ...]) -> list[str]:
    """Name startlab's options that follow a script which does not seem to know them."""
    try:
        if len(words) < 2 or not Path(words[0]).is_file():
            return []
        with Path(words[0]).open("rb") as script:
            text = script.read(LONGEST_SCRIPT)
    except (OSError, ValueError):
        return []  # why it cannot be run is said later
    own = {name for each in run.params for name in each.opts if name.startswith("--")}
    named = dict.fromkeys(word.partition("=")[0] for word in words[1:])
    return [name for name in named if name in own and name.encode() not in text]


def _no_words(words: tuple[str, ...]) -> None:
    if words:
        raise click.UsageError("--resume finishes a run as it was begun: it takes no program.")


def _kept_stdin() -> Path:
    """Copy stdin into a file: for every trial, and for a resumed or repeated run."""
    if sys.stdin is None:
        raise click.UsageError("--stdin -: stdin is closed, so there is nothing to read.")
    if sys.stdin.isatty():
        options.say(f"Type the input of the program; {END_OF_FILE} ends it.")
    path = journal.RUNS / f"{journal.new_id()}.stdin"
    try:
        journal.RUNS.mkdir(exist_ok=True)
        with path.open("wb") as file:
            while part := os.read(sys.stdin.fileno(), 1 << 20):  # buffer.read() wants Ctrl-D twice
                file.write(part)
    except OSError as error:
        raise click.UsageError(f"--stdin -: {path} cannot be written: {error.strerror}.") from None
    return path


# --- watching ----------------------------------------------------------------------------------


def _stamp(words: tuple[str, ...], said: dict[str, Any]) -> object:
    """Return a value that changes when a file of the program does."""
    program = runs.understand(words, **said)
    others = [program.stdin, said["expect_stdout"], said["requirements"]]
    times = [Path(each).stat().st_mtime_ns for each in others if each is not None]
    return snapshot.collect(program), times


def _watch(once: Callable[[], int], stamp: Callable[[], object]) -> int:
    """Run once, and again whenever the files have changed since that run began."""
    before = stamp()
    status = once()
    while status != INTERRUPTED:
        options.say("Waiting for its files to change; Ctrl-C ends it.")
        before = _changed(stamp, before)
        try:
            status = once()
        except StartlabError as error:
            options.say(f"startlab: {error}")
    return status


def _changed(stamp: Callable[[], object], before: object) -> object:
    """Poll, using at most a tenth of the time, until the stamp changes; return the new one."""
    while True:
        began = time.monotonic()
        try:
            now = stamp()
            if now != before:
                return now
        except (StartlabError, OSError):
            pass  # an editor is writing one of them
        time.sleep(max(WATCH_S, 10 * (time.monotonic() - began)))
