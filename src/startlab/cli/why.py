"""`startlab why`: what a program that is running already waits for."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Final

import click
import msgspec

from startlab.backends import attach
from startlab.cli import options
from startlab.diagnosis import tree as trees
from startlab.diagnosis.dump import shortened
from startlab.errors import LookError, MovedError, NoProcessError
from startlab.judge.standstill import STILL_S, classify, hangs
from startlab.model import Look
from startlab.program import given
from startlab.report import why as report

PATIENCE_S: Final = 15.0
"""For how long threads that go round by the clock are watched, until it shows what comes of it."""

PATIENT_EVERY_S: Final = 60.0

MOST_LISTED: Final = 50

LONGEST_NUMBER: Final = 30
"""In digits; Python refuses to read 4,300."""


@click.command()
@click.argument("subjects", nargs=-1, metavar="PID... | FILE")
@click.option("--pid-file", type=options.EXISTING, help="A file that has the process's number.")
@click.option("--name", metavar="PATTERN", help="Processes whose command line matches: lists them.")
@click.option("--container", metavar="NAME", help="The processes of a Docker container.")
@click.option(
    "--ask",
    "asks",
    is_flag=True,
    help="Ask processes for alarms that only they know of: stops each for a moment.",
)
@click.option(
    "--watch",
    "watch_s",
    type=click.FloatRange(0, options.LONGEST_TIMEOUT_S, min_open=True),
    callback=options.finite,
    metavar="SECONDS",
    help="Watch until the tree ends, or stands still for that long (exit status 1).",
)
@click.option("--dump", type=options.PATH, metavar="FILE", help="Write all that was seen.")
@click.option("--html", type=options.PATH, metavar="FILE", help="Write the wait graph as a page.")
@click.option("--stacks/--no-stacks", default=True, help="Show Python stacks.  [default: shown]")
@options.JSON
def why(
    subjects: tuple[str, ...],
    *,
    pid_file: Path | None,
    name: str | None,
    container: str | None,
    asks: bool,
    watch_s: float | None,
    dump: Path | None,
    html: Path | None,
    stacks: bool,
    as_json: bool,
) -> None:
    """Say why a running program hangs.

    Shows who waits for whom in its whole tree of processes. It looks twice, from outside, and stops
    nothing. FILE is what --dump has written.

    Exit status: 0 it is alive, 1 it hangs, 2 bad usage, 3 it may not be looked into.
    """
    files = [Path(each) for each in subjects if not _is_number(each)]
    pids = [int(each) for each in subjects if _is_number(each)]
    if name is not None:
        _list(name)
    if pid_file is not None:
        pids.append(_number_in(pid_file))
    if container is not None:
        pids.append(_first_of(container))
    if len(files) + bool(pids) != 1 or len(files) > 1:
        raise click.UsageError("Name processes by their numbers, or one file that --dump wrote.")
    if files:
        look = _read(files[0])
    elif watch_s is not None:
        look = _watch(pids, watch_s, asks=asks)
    else:
        look = attach.look(pids, asks=asks, patience_s=PATIENCE_S)
    tree = trees.explain(look)
    if dump is not None:
        dump.write_bytes(msgspec.json.encode(shortened(look)))
        options.say(f"All that was seen is in {dump}.")
    if html is not None:
        from startlab.report.html import why as page

        html.write_text(page.render(tree), "utf-8")
        options.say(f"The wait graph is in {html}.")
    if as_json:
        options.print_json(
            {
                "verdict": tree.verdict,
                "sentence": report.sentence(tree),
                "details": report.details(tree),
                **_facts(tree),
            }
        )
    else:
        report.show(tree, options.console(), stacks=stacks)
    sys.exit(1 if hangs(tree.verdict, watch_s or STILL_S) else 0)


def _facts(tree: trees.Tree) -> dict[str, object]:
    return {
        "cause": tree.cause._asdict() if tree.cause else None,
        "advice": tree.advice or None,
        "roles": {str(pid): report.process_name(tree, pid) for pid in tree.roles},
        "look": tree.look,
    }


def _watch(pids: list[int], still_s: float, *, asks: bool) -> Look:
    """Look now and then until a tree hangs; its end is no bad one.

    A look that is patient takes much longer, and only some hangs need one: those are rare.
    """
    due = time.monotonic() + still_s
    while True:
        patient = time.monotonic() >= due
        try:
            look = attach.look(
                pids, asks=asks, stacks=patient, patience_s=PATIENCE_S if patient else 0.0
            )
            if hangs(classify(look), still_s):
                return look if patient else attach.look(pids, asks=asks, patience_s=PATIENCE_S)
        except NoProcessError:
            click.echo("The program has ended.")
            sys.exit(0)
        except MovedError:
            pass
        except LookError:
            if all(Path(f"/proc/{pid}").exists() for pid in pids):
                raise
        if patient:
            due = time.monotonic() + max(still_s, PATIENT_EVERY_S)
        time.sleep(max(0.5, min(5.0, still_s / 4)))


def _read(path: Path) -> Look:
    try:
        return msgspec.json.decode(given.read(path), type=Look)
    except FileNotFoundError:
        raise click.UsageError(f"{path} is neither a process's number nor a file.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.UsageError(f"{path} is not what --dump writes: {error}.") from None


def _is_number(word: str) -> bool:
    return word.isdecimal() and len(word) <= LONGEST_NUMBER


def _number_in(path: Path) -> int:
    said = given.read(path).decode(errors="replace").split()
    if not said or not _is_number(said[0]):
        raise click.UsageError(f"{path} has no process's number in it.")
    return int(said[0])


def _first_of(container: str) -> int:
    """Find the first process of a container, as this machine calls it."""
    from startlab.backends.docker import engine

    return engine.first_process(engine.connect(), container)


def _list(pattern: str) -> None:
    """List the processes whose command line matches, to choose one."""
    import psutil  # slow

    try:
        wanted = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise click.BadParameter(
            f"{pattern[:80]!r} is not a regular expression: {error}."
        ) from None
    found = []
    for each in psutil.process_iter(["pid", "cmdline", "username"]):
        command = " ".join(each.info["cmdline"] or [])
        if wanted.search(command) and each.pid != psutil.Process().pid:
            found.append((each.pid, each.info["username"] or "", command))
    if not found:
        raise NoProcessError(f"No process's command line matches {pattern!r}.")
    for pid, user, command in found[:MOST_LISTED]:
        click.echo(f"{pid:>8}  {user:<12} {command[:120]}")
    raise NoProcessError("Name one of these: startlab why PID.")
