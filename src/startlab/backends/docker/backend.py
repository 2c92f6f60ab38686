"""Environments in containers: locked down, one per image or one per agent."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import msgspec
from docker.errors import APIError

from startlab.backends import interpreters
from startlab.backends.conversation import Conversation, command
from startlab.backends.docker.containers import (
    CONTENT,
    PROGRAM,
    PY_SPY,
    Container,
    Content,
    Limits,
    Maker,
    Volume,
)
from startlab.backends.docker.engine import LOST, connect, explanation, in_words
from startlab.backends.docker.exec_stream import ExecStream, let_go
from startlab.backends.docker.images import BuildOptions, Image, Images
from startlab.errors import AgentError, EngineError
from startlab.model import Environment, Unavailable
from startlab.plan import environments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from startlab.model import BackendName, Isolation
    from startlab.program.requirements import Requirements


WINE: Final = "wine"
"""How a selector begins that means environments under Wine."""


class DockerBackend:
    """Provides environments in Docker containers; a context manager that leaves none behind.

    `program` is the folder of the user's snapshot, which goes into the containers, read-only;
    `requirements` are what it needs, on top of each image. `say` gets a line for each slow step and
    each choice. With `isolation` `fresh` every agent has a container of its own. With `keep` the
    containers stay; `kept` says how to enter them. Raises EngineError if no engine can be used.
    """

    name: BackendName = "docker"

    def __init__(
        self,
        *,
        content: Content,
        say: Callable[[str], None],
        options: BuildOptions | None = None,
        run_id: str = "",
        isolation: Isolation = "pooled",
        keep: bool = False,
        limits: Limits | None = None,
        program: Path | None = None,
        requirements: Requirements | None = None,
    ) -> None:
        self._client = connect()
        self.images = Images(self._client, options or BuildOptions(), say)
        self._made: dict[str, Image] = {}
        self._pool: dict[str, Container] = {}
        self._own: list[Container] = []
        self._lock = threading.Lock()
        self._say = say
        self._isolation = isolation
        has_py_spy = any(path == PY_SPY for path, _, _ in content.files)
        self._py_spy = f"{CONTENT}/{PY_SPY}" if has_py_spy else None
        volumes = [Volume.of_content(content)]
        self._requirements = requirements
        self._program = ""
        if program is not None:
            volumes.append(Volume.of_folder(program))
            self._program = PROGRAM
        with in_words("asking what it can do"):
            self._maker = Maker(self._client.api, volumes, limits or Limits(), run_id, keep=keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def environments(self, wanted: Sequence[str]) -> Iterator[Environment | Unavailable]:
        """Yield each environment that the selectors match, as soon as it is ready.

        Those whose image exists come first, so that their trials run while others are built. Once
        the engine is lost the rest is unavailable. Raises SelectionError for a selector that
        matches none, EngineError if the engine is lost before the first environment.
        """
        left = self.names(wanted)
        to_build = []
        try:
            for name in list(left):
                image = self.images.existing(name)
                if image is None:
                    to_build.append(name)
                else:
                    yield self._ready(image)
                    left.remove(name)
            for name in to_build:
                made = self.images.make(name)
                yield made if isinstance(made, Unavailable) else self._ready(made)
                left.remove(name)
        except EngineError as error:
            for name in left:
                yield Unavailable(name=name, backend=self.name, reason=str(error))

    def agent(self, environment: Environment) -> Conversation:
        """Start an agent. Raises AgentError."""
        try:
            return self._begin(environment)
        except AgentError:
            if self._isolation == "fresh":
                raise
        # If the last agent was lost, its container may still have been ending.
        self._discard(self._made[environment.name])
        return self._begin(environment)

    def _begin(self, environment: Environment) -> Conversation:
        stream = self._open(environment)
        try:
            drive = self._made[environment.name].drive
            program = self._program and drive + self._program
            return Conversation(stream, drive + CONTENT, program)
        except AgentError:
            stream.close()
            raise

    def _open(self, environment: Environment) -> ExecStream:
        try:
            with in_words(f"starting an agent in {environment.name}"):
                return self._stream(self._made[environment.name])
        except (EngineError, APIError) as error:
            reason = explanation(error) if isinstance(error, APIError) else error
            raise AgentError(f"No agent could be started in {environment.name}: {reason}") from None

    def execute(self, environment: Environment, argv: Sequence[str]) -> ExecStream:
        """Run a command in the container that an environment's agents share. Raises AgentError."""
        try:
            with in_words(f"running {argv[0]} in {environment.name}"):
                container = self._pooled(self._made[environment.name])
                return ExecStream(self._client.api, container.id, list(argv))
        except (EngineError, APIError) as error:
            raise AgentError(str(error)) from None

    def ask(self, environment: Environment, script: str, *args: str) -> object:
        """Run a script of the agent's folder with an environment's Python. Raises AgentError."""
        image = self._made[environment.name]
        argv = [image.target, f"{image.drive}{CONTENT}/agent/{script}", *args]
        stream = self.execute(environment, argv)
        try:
            said: object = msgspec.json.decode(stream.read_line())
        except (OSError, msgspec.DecodeError) as error:
            raise AgentError(
                f"{script} failed in {environment.name}: {error}\n{stream.stderr_tail().strip()}"
            ) from None
        finally:
            stream.close()
        return said

    def kept(self) -> Mapping[str, str]:
        """Map each environment whose container is kept to the command that enters it."""
        if not self._maker.keep:
            return {}
        folder = f" -w {PROGRAM}/files" if self._program else ""
        return {
            name: f"docker exec -it{folder} {each.name} sh" for name, each in self._pool.items()
        }

    def close(self) -> None:
        """Remove all containers, unless they are kept."""
        with self._lock:
            containers = [*self._pool.values(), *self._own]
            self._pool.clear()
            self._own.clear()
        try:
            if not self._maker.keep:
                for container in containers:
                    self._maker.remove(container)
                self._maker.remove_volumes()
        except LOST as error:
            self._say(
                f"The Docker engine is lost ({explanation(error)}): containers of this run may be "
                "left. Once it runs again, `startlab clean` removes them."
            )
        finally:
            for container in containers:
                if container.leash is not None:
                    let_go(container.leash)
            self._client.close()

    def names(self, wanted: Sequence[str]) -> list[str]:
        """Name the environments that the selectors match; without any, those available here.

        Raises SelectionError for a selector that matches none.
        """
        every = self.images.names()
        if wanted and set(wanted) <= set(every):
            return list(dict.fromkeys(wanted))
        default = self.images.default_names()
        if not wanted:
            return list(default)
        chosen: list[str] = []
        for selector in wanted:
            there = every if selector.startswith(WINE) else self.images.unasked_names()
            matching = [name for name in there if _matches(name, selector)]
            if not matching:
                raise environments.unmatched(selector, every, docker=True)
            # A name is taken as is; a pattern is tried on what is available here first.
            if selector not in matching:
                matching = [name for name in matching if name in default] or matching
            chosen += matching
        return list(dict.fromkeys(chosen))

    def _ready(self, image: Image) -> Environment | Unavailable:
        if self._requirements is not None:
            layered = self.images.with_requirements(image, self._requirements)
            if isinstance(layered, Unavailable):
                return layered
            image = layered
        try:
            with in_words(f"starting {image.name}"):
                container = self._pooled(image)
                said = self._maker.probe(container, image)
            environment = interpreters.environment_of(
                said, name=image.name, backend=self.name, image=image.id, library=image.library
            )
        except APIError as error:
            return _unavailable(image, f"its container does not start: {explanation(error)}")
        except (AgentError, TypeError, msgspec.ValidationError) as error:
            return _unavailable(image, f"its interpreter could not be probed: {error}")
        self._made[image.name] = image
        if self._requirements is not None and not image.drive:  # the probe tells of its base
            environment = msgspec.structs.replace(environment, executable=image.target)
        return environment

    def _pooled(self, image: Image) -> Container:
        with self._lock:
            container = self._pool.get(image.name)
        if container is None:
            container = self._maker.start(image)
            with self._lock:
                self._pool[image.name] = container
        return container

    def _stream(self, image: Image) -> ExecStream:
        content = image.drive + CONTENT
        argv = command(image.agent, content, None if image.drive else self._py_spy)
        ending = [image.agent, "-I", f"{content}/agent/ending.py"]
        if self._isolation == "fresh":
            container = self._maker.start(image)
            with self._lock:
                self._own.append(container)
            try:
                return ExecStream(
                    self._client.api, container.id, argv, lambda: self._give_up(container), ending
                )
            except BaseException:
                self._give_up(container)
                raise
        container = self._pooled(image)
        try:
            return ExecStream(self._client.api, container.id, argv, ending=ending)
        except APIError:
            # A program may have killed all processes of its uid, and so ended the container.
            self._discard(image)
            return ExecStream(self._client.api, self._pooled(image).id, argv, ending=ending)

    def _discard(self, image: Image) -> None:
        with self._lock:
            container = self._pool.get(image.name)
        if container is None:
            return
        with suppress(*LOST):
            self._maker.remove(container)
            with self._lock:
                if self._pool.get(image.name) is container:
                    del self._pool[image.name]

    def _give_up(self, container: Container) -> None:
        with self._lock:
            if container in self._own and not self._maker.keep:
                self._own.remove(container)
        if not self._maker.keep:
            with suppress(*LOST):
                self._maker.remove(container)


def _matches(name: str, selector: str) -> bool:
    return environments.matches(name, name.rpartition("-")[2], selector)


def _unavailable(image: Image, reason: str) -> Unavailable:
    return Unavailable(name=image.name, backend="docker", reason=reason)
