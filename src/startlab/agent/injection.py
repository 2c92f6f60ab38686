"""The injection as one agent's programs get it: a copy of its own, the same before every trial.

A program can write to whatever its PYTHONPATH names, and as root to any file: so no program gets
the installed files, and what one has changed is made good before the next one runs. Bytecode is
kept, for compiling costs an interpreter 8 ms: but none that a program's own interpreter has
written, since the program could have.
"""

from __future__ import annotations

import binascii
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from os.path import isfile
from typing import Dict, NamedTuple, Optional, Set, Tuple

from .removal import remove

INSTALLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject")
COMPILE_S = 20.0
PYTESTS = "-pytest-"  # in the name of bytecode that pytest makes, of its plugins
COMPILE = (
    "import py_compile, sys\n"
    "for each in sys.argv[1:]:\n"
    "    py_compile.compile(each)\n"
)  # fmt: skip

Stamp = Tuple[int, int, int, int, int]


class _File(NamedTuple):
    """What a file holds, and its times, by which an interpreter tells whether bytecode is old."""

    data: bytes
    times_ns: Tuple[int, int]


class Injection:
    """The folder of the injection in an agent's scratch folder; empty if it may not be read."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._folder = os.path.join(scratch, "inject")
        installed = {name: os.path.join(INSTALLED, name) for name in _names(INSTALLED)}
        # A linter or an editor may have put a folder of its own there.
        self._files = {name: _read(path) for name, path in installed.items() if isfile(path)}
        self._sources = tuple(name for name in self._files if name.endswith(".py"))
        self._stamps: Dict[str, Optional[Stamp]] = {}
        self._asked: Set[str] = set()

    def ready(self) -> str:
        """Return the folder, with what belongs there and nothing else. Raises OSError."""
        # A new time of change cannot be avoided by who changes a file, nor be set.
        if self._now() != self._stamps:
            self._remove_more()
        if not self._stamps or self._now() != self._stamps:
            if not remove(self._folder):
                self._folder = tempfile.mkdtemp(prefix="inject-", dir=self._scratch)
            for name, file in self._files.items():
                path = os.path.join(self._folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as copy:
                    copy.write(file.data)
                os.utime(path, ns=file.times_ns)
            self._stamps = self._now()
        return self._folder

    def _remove_more(self) -> None:
        """Remove what has come to be there, such as pytest's own bytecode of its plugin."""
        for name in self._now().keys() - self._stamps.keys():
            with suppress(OSError):
                os.unlink(os.path.join(self._folder, name))

    def learn(self, python: str) -> None:
        """Keep bytecode for an interpreter that has just run a trial, if it had to compile.

        The interpreter compiles again, with no program beside it.
        """
        more = self._now().keys() - self._stamps.keys()
        compiled = any(name.endswith(".pyc") and PYTESTS not in name for name in more)
        if not python or python in self._asked or not compiled:
            return
        self._asked.add(python)
        try:
            folder = self.ready()
            sources = [os.path.join(folder, name) for name in self._sources]
            subprocess.run(
                [python, "-E", "-s", "-S", "-c", COMPILE, *sources],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMPILE_S,
                check=True,
                cwd=folder,
            )
        except (OSError, subprocess.SubprocessError):
            return  # then each process compiles
        for name in _names(folder):
            if name in self._sources:
                continue  # to be read changes the times of a file
            made = _read(os.path.join(folder, name))
            if made != self._files.get(name):
                self._files[name] = made
                _keep(os.path.join(folder, name), os.path.join(INSTALLED, name))
        self._stamps = self._now()

    def _now(self) -> Dict[str, Optional[Stamp]]:
        return {name: _stamp(self._folder + os.sep + name) for name in _names(self._folder)}


def _names(folder: str) -> Tuple[str, ...]:
    """Name the files of a folder, and of its `__pycache__`; whatever else is there has a name."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == "__pycache__" and entry.is_dir(follow_symlinks=False):
                    cached = os.path.join(folder, entry.name)
                    found += [os.path.join(entry.name, name) for name in os.listdir(cached)]
                else:
                    found.append(entry.name)
    except OSError:
        pass
    return tuple(name for name in found if not _is_unfinished(name))


def _is_unfinished(name: str) -> bool:
    """Return whether an interpreter is writing this bytecode, to rename it to its own name."""
    return ".pyc." in name


def _stamp(path: str) -> Optional[Stamp]:
    try:
        seen = os.lstat(path)
    except OSError:
        return None
    return seen.st_ino, seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def _read(path: str) -> _File:
    with open(path, "rb") as file:
        seen = os.fstat(file.fileno())
        return _File(file.read(), (seen.st_atime_ns, seen.st_mtime_ns))


def _keep(new: str, kept: str) -> None:
    """Put bytecode beside the installed source, for later agents, if that may be written."""
    try:
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        # Where Windows refuses a file, tempfile tries other names, two thousand million of them.
        unfinished = "%s.%s" % (kept, binascii.hexlify(os.urandom(4)).decode())
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        shutil.copyfile(new, unfinished)
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, kept)
    except OSError:
        pass
