"""The paths of a trial, as the user knows them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.model import (
        AnyClue,
        Observation,
        Obstacle,
        Process,
        Program,
        Stream,
        Thread,
    )

    Own = Callable[[str], str | None]
    """Maps a file of the program to the name that the user knows, any other file to None."""


class Place:
    """Where a trial ran: its paths, and the user's names for them.

    `prefix` is the folder of the user's own environment, if it ran there. What that imports from
    the program's folder itself, where the project is installed editable, is the program's too; and
    so is what was installed from there.
    """

    def __init__(self, observation: Observation, program: Program, prefix: str = "") -> None:
        self._root = posixpath.join(program.root.replace("\\", "/"), "")
        self._folder = posixpath.normpath(self._root + program.folder) + "/"
        self._prefix = prefix.replace("\\", "/")
        self._work = observation.work.replace("\\", "/")
        self._cwd = program.cwd
        self._installed = program.installed
        place = posixpath.dirname(self._work)
        # Each trial has its own paths, which would make every output different.
        self._names = {self._work + "/": "", self._work: ".", place + "/tmp": "$TMPDIR"}  # noqa: S108 - the trial's own
        self._is_windows = self._work[1:2] == ":"
        if self._is_windows:  # as they are printed there, and within the quotes of a repr()
            single, double = (
                {path.replace("/", slash): name for path, name in self._names.items()}
                for slash in ("\\", "\\\\")
            )
            self._names = double | single | self._names

    def own(self, file: str) -> str | None:
        """Name a file of the program's folder. Python 3.8 and older give a relative path."""
        file = file.replace("\\", "/")
        if file.startswith("<"):
            return None
        if not posixpath.isabs(file) and file[1:3] != ":/":
            return posixpath.normpath(posixpath.join(self._cwd, file))
        if self._work and file.startswith(self._work + "/"):
            return posixpath.normpath(file[len(self._work) + 1 :])
        if self._is_imported_from_there(file):
            return file[len(self._root) :]
        module, slash, inside = file.rpartition("-packages/")[2].partition("/")
        return self._installed[module] + slash + inside if self._is_installed(file) else None

    def _is_installed(self, file: str) -> bool:
        """Whether it is of a module that was installed from the project."""
        before, found, inside = file.rpartition("-packages/")
        return bool(before and found) and inside.partition("/")[0] in self._installed

    def _is_imported_from_there(self, file: str) -> bool:
        """Whether it is of the project, and not of an environment or a Python below its folder."""
        if not self._prefix or not file.startswith(self._folder):
            return False
        return not file.startswith(self._prefix + "/") and _LIBRARY.search(file) is None

    def seen(self, observation: Observation) -> Observation:
        """Return the observation with its paths as the user knows them."""
        if not self._work:
            return observation
        return msgspec.structs.replace(
            observation,
            obstacle=self._obstacle(observation.obstacle),
            stdout=self._stream(observation.stdout),
            stderr=self._stream(observation.stderr),
            written={name: self._text(text) for name, text in observation.written.items()},
            crashes=tuple(map(self._text, observation.crashes)),
            starts=tuple(
                msgspec.structs.replace(start, where=self._line(start.where))
                for start in observation.starts
            ),
            clues=tuple(map(self._clue, observation.clues)),
            processes=tuple(map(self._process, observation.processes)),
            stuck=tuple(map(self._process, observation.stuck)),
        )

    def _clue(self, clue: AnyClue) -> AnyClue:
        said = {name: getattr(clue, name) for name in clue.__struct_fields__}
        texts = {name: self._text(text) for name, text in said.items() if isinstance(text, str)}
        lines = {
            name: self._line(said[name]) for name in _LINES if _LINE.search(said.get(name) or "")
        }
        return msgspec.structs.replace(clue, **(texts | lines))

    def _process(self, process: Process) -> Process:
        threads = tuple(map(self._thread, process.threads))
        return msgspec.structs.replace(process, threads=threads)

    def _thread(self, thread: Thread) -> Thread:
        stack = tuple(
            msgspec.structs.replace(frame, file=self.own(frame.file) or frame.file)
            for frame in thread.stack
        )
        wait = thread.wait
        if wait is not None:
            obstacle = self._obstacle(wait.obstacle)
            held = wait.held
            if held is not None:
                held = msgspec.structs.replace(held, made=self._line(held.made))
            wait = msgspec.structs.replace(
                wait, object=self._text(wait.object), held=held, obstacle=obstacle
            )
        return msgspec.structs.replace(thread, wait=wait, stack=stack)

    def _obstacle(self, found: Obstacle | None) -> Obstacle | None:
        if found is None:
            return None
        return msgspec.structs.replace(found, object=self._text(found.object))

    def _line(self, where: str | None) -> str | None:
        if where is None:
            return None
        file, _, line = where.rpartition(":")
        return f"{self.own(file) or file}:{line}"

    def _text(self, text: str) -> str:
        return self._bytes(text.encode()).decode()

    def _stream(self, stream: Stream) -> Stream:
        return msgspec.structs.replace(
            stream, head=self._bytes(stream.head), tail=self._bytes(stream.tail)
        )

    def _bytes(self, data: bytes) -> bytes:
        data = _RELATIVE.sub(self._from_the_folder, data)
        if self._is_windows:
            data = _ABSOLUTE.sub(self._from_the_copy, data)
        if self._prefix or self._installed:
            data = _ABSOLUTE.sub(self._from_the_project, data)
        for path, name in self._names.items():
            data = data.replace(path.encode(), name.encode())
        return data

    def _from_the_folder(self, found: re.Match[bytes]) -> bytes:
        path = posixpath.normpath(posixpath.join(self._cwd.encode(), found[2]))
        return found[1] + path + found[3]

    def _from_the_copy(self, found: re.Match[bytes]) -> bytes:
        file = found[2].decode(errors="surrogateescape").replace("\\", "/")
        if not file.startswith(self._work + "/"):
            return found[0]
        return found[1] + file[len(self._work) + 1 :].encode(errors="surrogateescape") + found[3]

    def _from_the_project(self, found: re.Match[bytes]) -> bytes:
        file = found[2].decode(errors="surrogateescape").replace("\\", "/")
        name = None
        if self._is_imported_from_there(file) or self._is_installed(file):
            name = self.own(file)
        if name is None:
            return found[0]
        return found[1] + name.encode(errors="surrogateescape") + found[3]


_LINES: Final = ("where", "started", "defined", "function")
"""The fields of clues that may be a line, of a file by its path."""

_LINE: Final = re.compile(r":\d+$")

_LIBRARY: Final = re.compile(r"-packages/|/[Ll]ib/(python|pypy)\d|/startlab/agent/")
"""In the path of a file that a Python, a package or startlab itself has put there."""

_ABSOLUTE: Final = re.compile(rb'(?m)(^ *File ")((?:/|[A-Za-z]:[\\/])[^"\n]+)(", line )')
_RELATIVE: Final = re.compile(rb'(?m)(^ *File ")(?!/|<|[A-Za-z]:[\\/])([^"\n]+)(", line )')


def own_if_relative(file: str) -> str | None:
    """Treat relative paths as the program's own files: `Place.seen` has made them so.

    Not those of Cython's frames, which are of where a library was built.
    """
    is_absolute = posixpath.isabs(file) or file[:1] == "<" or file[1:2] == ":"
    return None if is_absolute or file.endswith((".pyx", ".pxi", ".pxd")) else file


def where_in(frames: Sequence[tuple[str, int]], own: Own) -> str | None:
    """Return the innermost line of the program's own files, as `file:line`."""
    for file, line in reversed(frames):
        if (name := own(file)) is not None:
            return f"{name}:{line}"
    return None


def in_folder_of(program: str) -> Own:
    """Treat a program of the catalogue, and the files beside it, as its own files."""
    folder = program.rpartition("/")[0]

    def own(file: str) -> str | None:
        file = file.replace("\\", "/")
        return posixpath.basename(file) if f"/{folder}/" in file else None

    return own
