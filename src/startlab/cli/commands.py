"""The commands, each imported when it is called."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from startlab import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS: Final = {
    "lab": "lab.lab",
    "run": "run.run",
    "list": "experiments.list_",
    "show": "experiments.show",
    "explain": "explain.explain",
    "why": "why.why",
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


class Passed(Exception):  # noqa: N818 - it is not an error itself
    """What click is not to see: Ctrl-C or a broken pipe, of which it would make its own."""


@contextmanager
def _passed_click() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, BrokenPipeError) as error:
        raise Passed from error


class _Commands(click.Group):
    """A group that imports a command when it is called."""

    def make_context(self, *args: Any, **said: Any) -> click.Context:
        with _passed_click():
            return super().make_context(*args, **said)

    def invoke(self, ctx: click.Context) -> object:
        with _passed_click():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, as click does; who names a program means `run`."""
        if args[0] not in COMMANDS and Path(args[0]).is_file():
            raise click.UsageError(
                f"{args[0]} is a file, not a command. To run it: startlab run {' '.join(args)}", ctx
            )
        return super().resolve_command(ctx, args)

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
