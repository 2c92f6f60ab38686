"""Images: which environments Docker can provide, what each is built on, and building it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import queue
import re
import tarfile
import tempfile
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from docker.errors import APIError, ImageNotFound

from startlab.backends import uv
from startlab.backends.docker import windows_python
from startlab.backends.docker.debootstrap import (
    BuildError,
    cannot_debootstrap,
    host_mirror,
    last_lines,
    packed,
    root_file_system,
)
from startlab.backends.docker.engine import LABEL, LOST, connect, explanation, in_words
from startlab.errors import StartlabError
from startlab.model import BaseChoice, Unavailable
from startlab.program.secrets import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from docker import DockerClient
    from startlab.program.requirements import Requirements

Bases = Literal["hub", "debian"]
"""Where a base comes from: an image registry, or debootstrap on this host."""

FORMAT: Final = 1
"""Of the images; increase it to rebuild them although their recipes are unchanged."""

COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
"""The engine colours what a build step writes to stderr."""

OLDEST_PIP: Final = (3, 9)
"""The oldest Python that the bundled pip supports."""

# --- recipes -----------------------------------------------------------------------------------


class Base(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an environment is built on, and where its Pythons are.

    `base` is an image's name or a root file system; `packages` are installed by the build; `drive`
    is Windows' name for where the folders of a container are, under Wine.
    """

    base: str
    target: str
    agent: str
    dockerfile: str = "Dockerfile.debian"
    packages: tuple[str, ...] = ()
    drive: str = ""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an environment is made: from a registry or, if a suite has its Python, without one.

    `windows` is the CPython for Windows of one that runs under Wine.
    """

    hub: Base
    debian: Base | None = None
    default: bool = False
    windows: windows_python.Recipe | None = None


class Recipes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`environments.toml`: the recipes by environment, the packages by root file system.

    A root file system is named by its Debian suite, and by what it is for if there are several:
    `bookworm-wine`.
    """

    environments: dict[str, Recipe]
    suites: dict[str, tuple[str, ...]]


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How images are built; all but `bases` is for closed or slow networks.

    `ca_bundle` and `apt_config` are used while packages are fetched and do not stay in a Debian
    image. `network` is the engine's network for build steps that fetch packages (`host`).
    `platform` is the prefix of environment names instead of `linux`. `windows_python` is where
    CPython for Windows comes from, `windows_python_sha256` are hashes of its files to be trusted.
    """

    bases: BaseChoice = "auto"
    debian_mirror: str | None = None
    ca_bundle: Path | None = None
    apt_config: Path | None = None
    network: str | None = None
    platform: str = ""
    windows_python: str = "auto"
    windows_python_sha256: tuple[str, ...] = ()
    registry_timeout_s: float = 3.0
    pull_silence_s: float = 120.0
    build_timeout_s: float = 1800.0


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An existing image; `id` is the engine's digest of it.

    `drive` is where the container's folders are for a Windows Python: `C:` under Wine, else empty.
    `library` is the version of its `Lib` if that is another CPython's.
    """

    name: str
    id: str
    tag: str
    target: str
    agent: str
    drive: str = ""
    library: str = ""


class ImageRow(msgspec.Struct, frozen=True, kw_only=True):
    """An image as `startlab images list` shows it; `size` in bytes, `created` in UTC."""

    name: str
    tag: str
    size: int
    created: datetime
    base: str
    python: str


def data_folder() -> Path:
    """Find `docker/`: in the package when installed, beside `src/` in a checkout."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "docker", package.parents[1] / "docker"):
        if (folder / "environments.toml").is_file():
            return folder
    raise StartlabError(f"The folder docker/ is missing beside {package}: install startlab again.")


def recipes(platform: str = "") -> Recipes:
    """Read the recipes; `platform` is the prefix of environment names instead of `linux`."""
    text = (data_folder() / "environments.toml").read_bytes()
    found = msgspec.toml.decode(text, type=Recipes)
    called = platform or "linux"
    renamed = {
        called + name.removeprefix("linux") if name.startswith("linux") else name: of
        for name, of in found.environments.items()
    }
    return msgspec.structs.replace(found, environments=renamed)


# --- the hashes that images are named by -------------------------------------------------------


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps([FORMAT, parts], sort_keys=True).encode()).hexdigest()[:16]


def suite_hash(suite: str, packages: Iterable[str], mirror: str) -> str:
    """Name a root file system by what goes into it."""
    return _hash([suite, sorted(packages), mirror])


def image_hash(base: Base, base_id: str, files: Mapping[str, str], mirror: str | None) -> str:
    """Name an image by what goes into it: its base, packages, Pythons and the build's files."""
    packages = sorted(base.packages)
    return _hash([base_id, packages, base.target, base.agent, dict(files), mirror])


# --- building ----------------------------------------------------------------------------------


class Images:
    """The images of one engine.

    `say` gets one line for each slow step, and for each choice.
    """

    def __init__(
        self, client: DockerClient, options: BuildOptions, say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._api = client.api
        self._options = options
        self._say = say
        self._said: set[str] = set()
        self._recipes = recipes(options.platform)
        self._mirror = options.debian_mirror or host_mirror()
        self._windows = windows_python.Options(
            options.windows_python, options.windows_python_sha256, options.ca_bundle
        )
        self._registry: str | None = None
        self._asked = False

    def names(self) -> tuple[str, ...]:
        """Return every environment that has a recipe."""
        return tuple(self._recipes.environments)

    def unasked_names(self) -> tuple[str, ...]:
        """Return the environments that a pattern of all platforms, or a version, may mean.

        Those under Wine must be named as such: each image is 1 GB.
        """
        recipes = self._recipes.environments
        return tuple(name for name, recipe in recipes.items() if recipe.windows is None)

    def default_names(self) -> tuple[str, ...]:
        """Return the environments of a run that names none: those available here.

        If images were made with debootstrap before, the registry is not asked: on a closed network
        waiting for it would cost every run a few seconds.
        """
        every = {n: r for n, r in self._recipes.environments.items() if r.default}
        debian = tuple(name for name, recipe in every.items() if recipe.debian)
        if self._options.bases == "hub":
            return tuple(every)
        if self._options.bases == "debian":
            return debian
        with in_words("looking for images"):
            hub = [name for name, recipe in every.items() if self._find(recipe.hub.base)]
            made = [name for name in debian if self._find(self._tag(name, "debian"))]
        if made and not hub:
            return debian
        if self.registry_refusal() is None:
            return tuple(every)
        here = tuple(name for name in every if name in hub or name in debian)
        left_out = [name for name in every if name not in here]
        self._say_once(f"Left out: {', '.join(left_out)}: the image registry does not answer.")
        return here

    def existing(self, name: str) -> Image | None:
        """Return the image of an environment if it exists and nothing must be built for it."""
        recipe = self._recipes.environments.get(name)
        if recipe is None:
            return None
        with in_words(f"looking for the image of {name}"):
            if self._options.bases != "debian" and self._find(recipe.hub.base):
                return self._image(name, "hub", recipe.hub)
            if self._options.bases != "hub" and recipe.debian:
                return self._image(name, "debian", recipe.debian)
        return None

    def make(self, name: str) -> Image | Unavailable:
        """Return the image of an environment; build it if necessary.

        Raises EngineError when the engine is lost; any other failure makes it Unavailable.
        """
        recipe = self._recipes.environments.get(name)
        if recipe is None:
            known = ", ".join(self.names())
            return _unavailable(name, f"there is no recipe for it; known are {known}")
        image = self.existing(name)
        if image:
            return image
        try:
            with in_words(f"building the image of {name}"):
                return self._build(name, recipe)
        except (BuildError, APIError) as error:
            return _unavailable(name, explanation_lines(error))

    def with_requirements(self, image: Image, requirements: Requirements) -> Image | Unavailable:
        """Return an image with what a program needs, in a virtual environment on top of an image.

        Raises EngineError when the engine is lost, ProgramError for a project that is too large.
        """
        with tempfile.TemporaryDirectory(prefix=f"startlab-{os.getpid()}-") as folder:
            digest = requirements.write(Path(folder), _requirements_in(image))
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in Path(folder).rglob("*")
                if path.is_file()
            }
        if requirements.pip_config is None:  # that of this machine, as pip has it natively
            files["pip.conf"] = uv.elsewhere()
        try:
            with in_words(f"installing what the program needs in {image.name}"):
                return self._install(image, digest, files)
        except (BuildError, APIError) as error:
            reason = without_credentials(explanation_lines(error))
            return _unavailable(image.name, f"what the program needs is not installed: {reason}")

    def _install(self, image: Image, digest: str, files: dict[str, bytes]) -> Image:
        wheel = _pip_wheel(image)
        wine = ".wine" if image.drive else ""
        build = {
            "Dockerfile": (data_folder() / f"Dockerfile.requirements{wine}").read_bytes(),
            "install.py": (data_folder() / "install.py").read_bytes(),
        }
        recipe = {name: data.decode() for name, data in build.items()}
        known = [image.id, image.target, digest, recipe, files["pip.conf"].decode()]
        tag = f"startlab/{image.name}-with:{_hash(known)}"
        if self._find(tag) is None:
            self._say(f"Installing what the program needs in {image.name} ...")
            build[wheel.name] = wheel.read_bytes()
            build["ca.crt"] = _read(self._options.ca_bundle or uv.certificates())
            labels = {
                LABEL: "image",
                "startlab.environment": image.name,
                "startlab.hash": tag.partition(":")[2],
                "startlab.base": image.tag,
            }
            self._run_build(
                _context(files | build),
                {"BASE": image.id, "TARGET": image.target},
                self._options.network,
                tag=tag,
                labels=labels,
            )
        target = image.target if image.drive else "/environment/bin/python"
        return msgspec.structs.replace(image, id=self._find(tag), tag=tag, target=target)

    def rows(self) -> tuple[ImageRow, ...]:
        """List the images of environments, by name, the newest first."""
        with in_words("listing images"):
            found = self._api.images(filters={"label": f"{LABEL}=image"})
        rows = [
            ImageRow(
                name=image["Labels"].get("startlab.environment", "?"),
                tag=tag,
                size=image["Size"],
                created=datetime.fromtimestamp(image["Created"], UTC),
                base=image["Labels"].get("startlab.base", "?"),
                python=image["Labels"].get("startlab.python", "?"),
            )
            for image in found
            for tag in image["RepoTags"] or ["<none>"]
        ]
        order = {name: index for index, name in enumerate(self.names())}
        rows.sort(key=lambda row: (order.get(row.name, len(order)), -row.created.timestamp()))
        return tuple(rows)

    def registry_refusal(self) -> str | None:
        """Ask the image registry once, through the engine; None if it answers, else why not."""
        if self._asked:
            return self._registry
        self._asked = True
        timeout_s = self._options.registry_timeout_s
        try:
            # The engine asks: it may run elsewhere, behind another proxy, with a mirror.
            client = connect(timeout_s)
            try:
                client.images.get_registry_data("python:3.13-slim")
            finally:
                client.close()
        except APIError as error:
            server_error = 500
            if (error.status_code or server_error) >= server_error:
                self._registry = explanation(error)
        except LOST:
            self._registry = f"no answer in {timeout_s:g} s"
        return self._registry

    # --- choosing ---

    def _build(self, name: str, recipe: Recipe) -> Image:
        bases = self._choose(recipe)
        if bases == "hub":
            if not self._find(recipe.hub.base):
                self._pull(recipe.hub.base)
            base, from_ = recipe.hub, recipe.hub.base
        else:
            if recipe.debian is None:
                raise BuildError(
                    f"no Debian suite has this Python; it needs {recipe.hub.base} of an image "
                    "registry (--bases hub)"
                )
            base, from_ = recipe.debian, self._suite(recipe.debian.base)
        if recipe.windows is not None:
            return self._build_windows(name, bases, base, from_)
        return self._image(name, bases, base) or self._build_image(name, bases, base, from_)

    def _choose(self, recipe: Recipe) -> Bases:
        if self._options.bases != "auto":
            return self._options.bases
        if self._find(recipe.hub.base):
            return "hub"
        refusal = self.registry_refusal()
        if refusal is None:
            self._say_once("Docker images: built on the official ones, from the image registry.")
            return "hub"
        if recipe.debian is None:
            raise BuildError(
                f"it needs {recipe.hub.base}, and the image registry does not answer ({refusal}); "
                "no Debian suite has this Python"
            )
        impossible = cannot_debootstrap(self._api)
        if impossible:
            raise BuildError(
                f"it needs {recipe.hub.base}, and the image registry does not answer ({refusal}); "
                f"nor can a base be made without one: {impossible}"
            )
        self._say_once(
            f"Docker images: made with debootstrap from {self._mirror}, as the image registry "
            f"does not answer ({refusal})."
        )
        return "debian"

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(line)

    # --- looking ---

    def _find(self, name: str) -> str | None:
        try:
            return self._client.images.get(name).id
        except ImageNotFound:
            return None

    def _tag(self, name: str, bases: Bases, source: str = "") -> str:
        recipe = self._recipes.environments[name]
        if bases == "hub":
            base, base_id = recipe.hub, self._find(recipe.hub.base) or ""
        else:
            assert recipe.debian is not None  # noqa: S101 - the callers have looked
            base, base_id = recipe.debian, self._suite_tag(recipe.debian.base)
        files = {file: text.decode() for file, text in _build_files(base).items()}
        if recipe.windows is not None:
            known = msgspec.json.encode(recipe.windows).decode()
            files |= {"windows": known, "source": windows_python.key(source)}
        mirror = self._options.debian_mirror if base.packages else None
        return f"startlab/{name}:{image_hash(base, base_id, files, mirror)}"

    def _suite_tag(self, suite: str) -> str:
        packages = self._recipes.suites[suite]
        return f"startlab/debian-{suite}:{suite_hash(suite, packages, self._mirror)}"

    def _image(self, name: str, bases: Bases, base: Base) -> Image | None:
        if self._recipes.environments[name].windows is None:
            tags = [self._tag(name, bases)]
        else:
            sources = windows_python.sources(self._windows)
            tags = [self._tag(name, bases, source) for source in sources]
        for tag in tags:
            try:
                found = self._client.images.get(tag)
            except ImageNotFound:
                continue
            return Image(
                name=name,
                id=str(found.id),
                tag=tag,
                target=base.target,
                agent=base.agent,
                drive=base.drive,
                library=found.labels.get("startlab.library", ""),
            )
        return None

    # --- making ---

    def _pull(self, name: str) -> None:
        self._say(f"Pulling {name} ...")
        repository, _, tag = name.partition(":")
        events = _in_thread(
            lambda: self._api.pull(repository, tag, stream=True, decode=True),
            self._options.pull_silence_s,
        )
        try:
            for event in events:
                if "error" in event:
                    raise BuildError(f"cannot pull {name}: {event['error']}")
        except APIError as error:
            raise BuildError(
                f"cannot pull {name}: {explanation(error)}. Check the name and the network, or "
                "make the base without a registry: --bases debian"
            ) from None
        except TimeoutError:
            raise BuildError(
                f"pulling {name} made no progress for {self._options.pull_silence_s:g} s"
            ) from None

    def _build_windows(self, name: str, bases: Bases, base: Base, from_: str) -> Image:
        recipe = self._recipes.environments[name].windows
        assert recipe is not None  # noqa: S101 - the caller has looked
        made = self._image(name, bases, base)
        if made is not None:
            return made
        machine = str(self._api.info().get("Architecture"))
        if machine not in ("x86_64", "amd64"):
            raise BuildError(f"CPython for Windows is for x86-64 here, the engine is on {machine}")
        source, python = windows_python.assemble(
            recipe,
            self._windows,
            lambda: self._library(name.rpartition("-")[2].removesuffix("t")),
            self._say,
        )
        lib = f", and Lib of a CPython {python.library}" if python.library else ""
        self._say(f"CPython for Windows comes from {python.source}{lib}.")
        labels = {"startlab.source": python.source, "startlab.library": python.library}
        tag = self._tag(name, bases, source)
        files = {"windows.tar": _context(python.files)}
        return self._build_image(name, bases, base, from_, tag=tag, files=files, labels=labels)

    def _library(self, version: str) -> windows_python.Library:
        """Find the standard library of a version: this host's, or that of an image."""
        found = windows_python.library_of_host(version)
        if found is not None:
            return found
        made = self.make(f"{self._options.platform or 'linux'}-{version}")
        if isinstance(made, Unavailable):
            raise BuildError(
                f"its standard library is missing: this host has no CPython {version}, and there "
                f"is no image of one ({made.reason})"
            )
        python = str(self._client.images.get(made.id).labels.get("startlab.python"))
        folder = f"{made.target.rpartition('/bin/')[0]}/lib/python{version}"
        container = self._api.create_container(made.id, ["cat"])["Id"]
        try:
            stream, _ = self._api.get_archive(container, folder)
            archive = b"".join(stream)
        finally:
            self._api.remove_container(container, force=True)
        files = {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None and member.name.endswith(".py"):
                    files[member.name.partition("/")[2]] = file.read()
        return windows_python.Library(windows_python.of_library(files), python)

    def _build_image(
        self,
        name: str,
        bases: Bases,
        base: Base,
        from_: str,
        *,
        tag: str = "",
        files: Mapping[str, bytes] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Image:
        tag = tag or self._tag(name, bases)
        self._say(f"Building the image of {name} on {from_} ...")
        arguments = {"BASE": from_, "TARGET": base.target}
        if base.packages:
            arguments["PACKAGES"] = " ".join(base.packages)
            if self._options.debian_mirror and base.dockerfile != "Dockerfile.alpine":
                arguments["MIRROR"] = self._options.debian_mirror
        # Without packages nothing is fetched, and the build needs no network at all.
        network = self._options.network if base.packages else "none"
        context = _context(
            {
                **_build_files(base),
                **(files or {}),
                "settings/apt.conf": _read(self._options.apt_config),
                "settings/ca.crt": _read(self._options.ca_bundle),
            }
        )
        log = self._run_build(context, arguments, network)
        python = next((line for line in log if line.startswith("startlab: Python ")), "?")
        labels = {
            LABEL: "image",
            "startlab.environment": name,
            "startlab.hash": tag.partition(":")[2],
            "startlab.base": from_,
            "startlab.python": python.rpartition(" ")[2],
            **(labels or {}),
        }
        # The same steps, from the cache (40 ms): only now are the labels known, and an image gets
        # its tag only when it is complete.
        self._run_build(context, arguments, network, tag=tag, labels=labels)
        image = self._image(name, bases, base)
        if image is None:
            raise BuildError(f"the engine built {tag} but does not have it")
        return image

    def _run_build(
        self,
        context: bytes,
        arguments: dict[str, str],
        network: str | None,
        tag: str | None = None,
        labels: dict[str, str] | None = None,
    ) -> list[str]:
        events = self._api.build(
            fileobj=io.BytesIO(context),
            custom_context=True,
            tag=tag,
            buildargs=arguments,
            labels=labels,
            network_mode=network,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=int(self._options.build_timeout_s),
        )
        log: deque[str] = deque(maxlen=500)
        for event in events:
            text = COLOUR.sub("", str(event.get("stream", "")))
            log += (line for line in text.splitlines() if not line.startswith("Removing inter"))
            if "error" in event:
                code = event.get("errorDetail", {}).get("code")
                what = f"with exit status {code}" if code else f"({event['error']})"
                raise BuildError(f"its build failed {what}:\n{last_lines(log)}")
        return list(log)

    def _suite(self, suite: str) -> str:
        tag = self._suite_tag(suite)
        if self._find(tag):
            return tag
        impossible = cannot_debootstrap(self._api)
        if impossible:
            raise BuildError(impossible)
        packages = self._recipes.suites[suite]
        _read(self._options.ca_bundle)
        took = "two minutes" if "-" in suite else "half a minute"
        self._say(f"Making a root file system of Debian {suite} (about {took}) ...")
        with root_file_system(
            suite.partition("-")[0],
            packages,
            self._mirror,
            ca_bundle=self._options.ca_bundle,
            timeout_s=self._options.build_timeout_s,
        ) as root:
            answer = self._api.import_image_from_stream(
                packed(root),
                repository=tag.partition(":")[0],
                tag=tag.partition(":")[2],
                changes=[f"LABEL {LABEL}=base startlab.base={suite}", "CMD /bin/sh"],
            )
        for line in str(answer).splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if "error" in event:
                raise BuildError(f"the engine cannot import its file system: {event['error']}")
        return tag


def _requirements_in(image: Image) -> str:
    """Give the folder in which an image's Dockerfile installs what a program needs."""
    return f"{image.drive}/Python/requirements" if image.drive else "/tmp/requirements"  # noqa: S108 - in the build


def _pip_wheel(image: Image) -> Path:
    """Find the pip that virtualenv bundles for the image's Python."""
    from virtualenv.seed.wheels.embed import get_embed_wheel

    version = re.search(r"(\d+)\.(\d+)t?$", image.name)
    numbers = (int(version[1]), int(version[2])) if version else (0, 0)
    wheel = get_embed_wheel("pip", "{}.{}".format(*numbers)) if numbers >= OLDEST_PIP else None
    if wheel is None:
        oldest = ".".join(map(str, OLDEST_PIP))
        raise BuildError(f"pip no longer supports this Python; {oldest} is the oldest")
    return Path(wheel.path)


def _unavailable(name: str, reason: str) -> Unavailable:
    return Unavailable(name=name, backend="docker", reason=reason)


def explanation_lines(error: Exception) -> str:
    """Return the reason of a failed build, with the last lines of its output."""
    return str(error) if isinstance(error, BuildError) else explanation(error)


def _build_files(base: Base) -> dict[str, bytes]:
    folder = data_folder()
    names = ["prepare.py"]
    if base.drive:
        names += sorted(
            f"wine/{each.name}" for each in (folder / "wine").iterdir() if each.is_file()
        )
    files = {name: (folder / name).read_bytes() for name in names}
    return {"Dockerfile": (folder / base.dockerfile).read_bytes(), **files}


def _read(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from None


def _context(files: Mapping[str, bytes]) -> bytes:
    """Pack the files of a build reproducibly, for the engine's cache."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _in_thread(
    begin: Callable[[], Iterable[dict[str, Any]]], silence_s: float
) -> Iterator[dict[str, Any]]:
    """Yield what `begin()` yields; raise TimeoutError if it yields nothing for `silence_s`.

    The SDK reads the progress of a pull without any time limit.
    """
    given: queue.SimpleQueue[dict[str, Any] | BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            for item in begin():
                given.put(item)
            given.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the other thread
            given.put(error)

    threading.Thread(target=run, daemon=True).start()
    while True:
        try:
            item = given.get(timeout=silence_s)
        except queue.Empty:
            raise TimeoutError from None
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item
