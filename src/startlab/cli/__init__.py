"""The command line: thin."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import click

from startlab import __version__
from startlab.errors import StartlabError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; a person's mistake is one message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal has a ×
    if sys.platform == "win32":  # all that can be sent to another process's group there
        signal.signal(signal.SIGBREAK, signal.default_int_handler)
    try:
        cli.main(arguments, prog_name="startlab", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)  # as shells have it
    except StartlabError as error:
        click.echo(f"startlab: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # Whoever read our output has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(0)


COMMANDS: Final = {
    "lab": "lab.lab",
    "run": "run.run",
    "list": "experiments.list_",
    "show": "experiments.show",
    "explain": "explain.explain",
    "claims": "claims.claims",
    "plan": "plan.plan",
    "report": "reports.report",
    "merge": "reports.merge",
    "diff": "reports.diff",
    "images": "machine.images",
    "doctor": "machine.doctor",
    "clean": "machine.clean",
    "completion": "machine.completion",
}
"""Where in this package each command is: what one needs takes the others too long to import."""


class _Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(importlib.import_module(f"startlab.cli.{module}"), name)
        return command


@click.group(
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="startlab %(version)s")
def cli() -> None:
    """Run multiprocessing programs under every start method, and say with evidence what happens.

    Exit status: 0 everything as expected, 1 deviations, 2 bad usage, 3 nothing could be run.
    """
