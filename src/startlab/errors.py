"""The errors that startlab reports, each with its exit status."""

from __future__ import annotations

from typing import ClassVar


class StartlabError(Exception):
    """An error that the user can fix; its message says what happened and what to do."""

    exit_status: ClassVar[int] = 2


class CatalogueError(StartlabError):
    """An experiment or a claim of the catalogue is malformed."""


class SelectionError(StartlabError):
    """A selector matches nothing or is malformed."""


class ProgramError(StartlabError):
    """The program is missing, is not Python, or is too large to copy."""


class JournalError(StartlabError):
    """A file or folder is not the journal of a run."""


class NoJournalError(JournalError):
    """No journal is there."""


class NothingToRunError(StartlabError):
    """No environment could run anything."""

    exit_status: ClassVar[int] = 3


class EngineError(NothingToRunError):
    """The Docker engine is missing, refuses a request, or has died."""


class AgentError(StartlabError):
    """The agent of an environment could not be started, or has died."""

    exit_status: ClassVar[int] = 3


class StalledError(AgentError):
    """The agent did not answer in time, and was ended."""


class LookError(StartlabError):
    """A running program may not be looked into, or cannot be here."""

    exit_status: ClassVar[int] = 3


class MovedError(LookError):
    """A running program changes faster than it can be looked at, so that it is alive."""

    exit_status: ClassVar[int] = 0


class NoProcessError(StartlabError):
    """A process that was named is not there, or is no Python."""
