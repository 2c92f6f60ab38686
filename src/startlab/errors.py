"""What went wrong, for the person: each with its exit status."""

from __future__ import annotations

from typing import ClassVar


class StartlabError(Exception):
    """Something that a person can mend; its message says what happened and what to do."""

    exit_status: ClassVar[int] = 2


class CatalogueError(StartlabError):
    """An experiment is malformed."""


class SelectionError(StartlabError):
    """A selector matches nothing or is not one."""


class ProgramError(StartlabError):
    """What is to be run is not there, is no Python program, or is too much."""


class JournalError(StartlabError):
    """A file or folder is not the journal of a run."""


class NoJournalError(JournalError):
    """No journal is there."""


class NothingToRunError(StartlabError):
    """No environment could run anything."""

    exit_status: ClassVar[int] = 3


class EngineError(NothingToRunError):
    """The Docker engine is not there, refuses, or has died."""


class AgentError(StartlabError):
    """The agent of an environment could not be started, or has died."""

    exit_status: ClassVar[int] = 3
