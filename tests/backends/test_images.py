# ruff: noqa: ARG001, S108 - fixtures that are needed and not used; where scratch folders are
"""Images: the data, the hashes, the choice of a base, and real builds."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker.errors import ImageNotFound

from startlab.backends.docker import debootstrap, images
from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import Base, BuildOptions, Image, Images
from startlab.errors import EngineError
from startlab.model import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

if sys.platform == "win32":
    pytest.skip("paths and users here are those of a Unix", allow_module_level=True)

# --- data --------------------------------------------------------------------------------------


def test_the_environments_that_are_named_exist() -> None:
    glibc = [f"linux-{v}" for v in ("2.7", *(f"3.{minor}" for minor in range(6, 16)))]
    musl = [f"linux-musl-3.{minor}" for minor in range(10, 16)]
    wine = [f"wine-3.{v}" for v in ("9", "10", "11", "12", "13", "13t", "14", "14t")]
    assert list(images.recipes().environments) == glibc + musl + wine


def test_the_default_sets() -> None:
    recipes = images.recipes().environments
    default = [name for name, recipe in recipes.items() if recipe.default]
    assert default == [
        "linux-2.7",
        *(f"linux-3.{minor}" for minor in range(9, 16)),
        "linux-musl-3.15",
    ]
    debian = [name.removeprefix("linux-") for name in default if recipes[name].debian]
    assert debian == ["2.7", "3.9", "3.11", "3.13", "3.14", "3.15"]


def test_every_recipe_is_sound() -> None:
    recipes = images.recipes()
    for name, recipe in recipes.environments.items():
        version = name.rpartition("-")[2]
        if recipe.windows is not None:
            continue
        for base in (recipe.hub, recipe.debian):
            if base is None:
                continue
            assert base.target.endswith(f"/python{version}")
            old = version in {"2.7", "3.6", "3.7"}
            assert (base.agent == base.target) is not old, f"{name}: the agent needs 3.8"
            assert (images.data_folder() / base.dockerfile).is_file()
        if recipe.debian:
            packages = recipes.suites[recipe.debian.base]
            wanted = {Path(recipe.debian.target).name, Path(recipe.debian.agent).name, "libgomp1"}
            assert wanted <= set(packages)
        if version in {"2.7", "3.6", "3.7"}:
            assert "python3" in recipe.hub.packages
        if "musl" in name:
            assert recipe.hub.dockerfile == "Dockerfile.alpine"
            assert recipe.hub.base == f"python:{version}-alpine"


def test_the_data_is_found_in_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "startlab" / "backends" / "docker" / "images.py"
    data = tmp_path / "startlab" / "docker"
    module.parent.mkdir(parents=True)
    data.mkdir()
    (data / "environments.toml").write_text("")
    monkeypatch.setattr(images, "__file__", str(module))
    assert images.data_folder() == data


# --- hashes ------------------------------------------------------------------------------------

BASE = Base(base="python:3.13-slim", target="/t", agent="/a", packages=("b", "a"))
FILES = {"Dockerfile": "FROM x\n"}


def test_an_image_is_named_by_what_goes_into_it() -> None:
    # Written down, so that no image is built anew by accident.
    assert images.image_hash(BASE, "sha256:1", FILES, None) == "3008dd30f9e74498"
    assert images.suite_hash("trixie", ["python3.13"], "http://m/debian") == "fcec43333c0fa2c1"


def test_each_part_changes_the_name_and_the_order_of_packages_does_not() -> None:
    other = [
        images.image_hash(BASE, "sha256:1", FILES, None),
        images.image_hash(BASE, "sha256:2", FILES, None),
        images.image_hash(BASE, "sha256:1", {"Dockerfile": "FROM y\n"}, None),
        images.image_hash(BASE, "sha256:1", FILES, "http://m/debian"),
        images.image_hash(
            Base(base="x", target="/t", agent="/a", packages=("a",)), "sha256:1", FILES, None
        ),
        images.image_hash(
            Base(base="x", target="/u", agent="/a", packages=("a", "b")), "sha256:1", FILES, None
        ),
        images.suite_hash("trixie", ["a"], "http://m/debian"),
        images.suite_hash("forky", ["a"], "http://m/debian"),
        images.suite_hash("trixie", ["b"], "http://m/debian"),
        images.suite_hash("trixie", ["a"], "http://n/debian"),
    ]
    assert len(set(other)) == len(other)
    swapped = Base(base="python:3.13-slim", target="/t", agent="/a", packages=("a", "b"))
    assert images.image_hash(swapped, "sha256:1", FILES, None) == other[0]


# --- the mirror of the host --------------------------------------------------------------------

DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12"\n'


@pytest.fixture
def host(tmp_path: Path) -> tuple[Path, Path]:
    apt, release = tmp_path / "apt", tmp_path / "os-release"
    (apt / "sources.list.d").mkdir(parents=True)
    release.write_text(DEBIAN)
    return apt, release


def test_the_mirror_is_read_from_deb822_sources(host: tuple[Path, Path]) -> None:
    apt, release = host
    (apt / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://security.example/debian-security\n"
        "Suites: bookworm-security\nComponents: main\n\n"
        "# a comment: with a colon\nTypes: deb deb-src\nURIs: https://mirror.example/debian/\n"
        "Suites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /k.gpg\n"
    )
    assert debootstrap.host_mirror(apt, release) == "https://mirror.example/debian"


def test_the_mirror_is_read_from_one_line_sources(host: tuple[Path, Path]) -> None:
    apt, release = host
    (apt / "sources.list").write_text(
        "# deb http://commented.example/debian bookworm main\n"
        "deb-src http://sources.example/debian bookworm main\n"
        "deb cdrom:[Debian 12]/ bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main # ours\n"
    )
    assert debootstrap.host_mirror(apt, release) == "http://mirror.example/debian"


def test_a_host_that_is_no_debian_takes_the_general_mirror(host: tuple[Path, Path]) -> None:
    apt, release = host
    (apt / "sources.list").write_text("deb http://ubuntu.example/ubuntu noble main\n")
    release.write_text("ID=ubuntu\nVERSION_CODENAME=noble\n")
    assert debootstrap.host_mirror(apt, release) == debootstrap.DEFAULT_MIRROR
    assert debootstrap.host_mirror(apt, release.with_name("none")) == debootstrap.DEFAULT_MIRROR
    release.write_text(DEBIAN)
    assert debootstrap.host_mirror(apt, release) == debootstrap.DEFAULT_MIRROR


# --- a root file system as a stream ------------------------------------------------------------


def test_a_root_file_system_is_packed_without_what_no_image_needs(tmp_path: Path) -> None:
    for folder in ("usr/bin", "usr/share/doc/x", "proc/1", "var/lib/apt/lists", "var/lib/dpkg"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("usr/bin/python", "usr/share/doc/x/README", "proc/1/stat", "var/lib/dpkg/status"):
        (tmp_path / file).write_text(file)
    (tmp_path / "var/lib/apt/lists/big").write_bytes(b"x" * 100)
    (tmp_path / "usr/bin/big").write_bytes(os.urandom(3 << 20))
    os.link(tmp_path / "usr/bin/python", tmp_path / "usr/bin/python3")
    (tmp_path / "bin").symlink_to("usr/bin")

    chunks = list(debootstrap.packed(tmp_path))

    assert len(chunks) > 1
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        members = {member.name: member for member in tar.getmembers()}
        assert sorted(members) == [
            "bin", "proc", "usr", "usr/bin", "usr/bin/big", "usr/bin/python", "usr/bin/python3",
            "usr/share", "usr/share/doc", "var", "var/lib", "var/lib/apt", "var/lib/apt/lists",
            "var/lib/dpkg", "var/lib/dpkg/status",
        ]  # fmt: skip
        assert members["bin"].issym()
        assert members["usr/bin/python3"].islnk()
        big = tar.extractfile("usr/bin/big")
        assert big is not None
        assert big.read() == (tmp_path / "usr/bin/big").read_bytes()


# --- pulling -----------------------------------------------------------------------------------


def test_a_pull_that_makes_no_progress_is_given_up() -> None:
    def silent() -> Iterator[dict[str, object]]:
        yield {"status": "Pulling"}
        time.sleep(30)  # a registry that says nothing more; the thread is a daemon

    events = images._in_thread(silent, 0.2)
    assert next(events) == {"status": "Pulling"}
    with pytest.raises(TimeoutError):
        next(events)


def test_the_errors_of_a_pull_arrive() -> None:
    def broken() -> Iterator[dict[str, object]]:
        yield {}
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        list(images._in_thread(broken, 10))


# --- real builds -------------------------------------------------------------------------------


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.mark.docker
@pytest.mark.wide  # the lab's images are made so before it runs
def test_a_base_is_made_with_debootstrap_once(
    engine: DockerClient, can_debootstrap: None, said: list[str]
) -> None:
    # A mirror with another spelling is another base, so this one is really made.
    mirror = debootstrap.host_mirror() + "/./"
    builder = Images(engine, BuildOptions(bases="debian", debian_mirror=mirror), said.append)
    assert builder.existing("linux-3.11") is None
    image = builder.make("linux-3.11")
    try:
        assert isinstance(image, Image)
        assert [line.split()[0] for line in said] == ["Making", "Building"]
        found = engine.images.get(image.tag)
        assert found.id == image.id
        assert found.labels["startlab"] == "image"
        assert found.labels["startlab.environment"] == "linux-3.11"
        assert found.labels["startlab.hash"] == image.tag.partition(":")[2]
        row = next(row for row in builder.rows() if row.tag == image.tag)
        assert row.name == "linux-3.11"
        assert row.python.startswith("3.11.")
        assert row.base.startswith("startlab/debian-bookworm:")
        assert 50e6 < row.size < 300e6
        asked = "import sys, os, pwd; print(sys.version_info[:2], os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, os.listdir('/usr/share/doc'))"  # noqa: E501 - one line
        out = engine.containers.run(
            image.id, [image.target, "-c", asked], network_mode="none", remove=True
        )
        assert out == b"(3, 11) 1000 1000 startlab []\n"
        # Again: from what is there, without a word.
        assert (
            Images(engine, BuildOptions(bases="debian", debian_mirror=mirror), said.append).make(
                "linux-3.11"
            )
            == image
        )
        assert len(said) == 2
        assert not list(Path("/var/tmp").glob(f"startlab-*:{os.getpid()}:*"))
    finally:
        for row in builder.rows():
            if row.tag == getattr(image, "tag", ""):
                engine.images.remove(row.tag)
                engine.images.remove(row.base)


@pytest.mark.docker
def test_a_mirror_that_does_not_answer_is_reported(
    engine: DockerClient, can_debootstrap: None, said: list[str]
) -> None:
    options = BuildOptions(bases="debian", debian_mirror="http://127.0.0.1:1/debian")
    made = Images(engine, options, said.append).make("linux-3.13")
    assert isinstance(made, Unavailable)
    assert "debootstrap of trixie from http://127.0.0.1:1/debian failed" in made.reason
    assert "Release" in made.reason
    assert not list(Path("/var/tmp").glob(f"startlab-*:{os.getpid()}:*"))


@pytest.mark.docker
def test_what_debootstrap_needs_is_reported(
    engine: DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: list[str]
) -> None:
    monkeypatch.setattr(debootstrap, "_path", lambda: str(tmp_path))
    options = BuildOptions(bases="debian", debian_mirror="http://127.0.0.1:1/debian")
    made = Images(engine, options, said.append).make("linux-3.13")
    assert isinstance(made, Unavailable)
    assert "apt install debootstrap" in made.reason


@pytest.mark.docker
def test_without_root_debootstrap_is_not_tried(engine: DockerClient, can_debootstrap: None) -> None:
    os.seteuid(65534)
    try:
        assert "needs root" in str(debootstrap.cannot_debootstrap(engine.api))
    finally:
        os.seteuid(0)
    assert debootstrap.cannot_debootstrap(engine.api) is None


@pytest.mark.docker
def test_an_environment_that_no_suite_has_is_reported(
    engine: DockerClient, said: list[str]
) -> None:
    builder = Images(engine, BuildOptions(bases="debian"), said.append)
    made = builder.make("linux-3.12")
    assert isinstance(made, Unavailable)
    assert "no Debian suite has this Python; it needs python:3.12-slim" in made.reason
    unknown = builder.make("linux-1.5")
    assert isinstance(unknown, Unavailable)
    assert "there is no recipe for it" in unknown.reason


@pytest.mark.docker
def test_a_pull_that_fails_is_reported(engine: DockerClient, said: list[str]) -> None:
    refused = r"cannot pull registry\.invalid/none:1: .*Check"
    with pytest.raises(debootstrap.BuildError, match=refused):
        Images(engine, BuildOptions(), said.append)._pull("registry.invalid/none:1")


HUB = "python:3.11-slim"


@pytest.fixture
def hub_base(engine: DockerClient, debian_image: Image) -> Iterator[str]:
    """An image under the hub's name, as the official one is where it matters here.

    Its Python is in /usr/local/bin, libgomp1 is missing, the compiled modules are not there.
    """
    try:
        engine.images.get(HUB)
    except ImageNotFound:
        dockerfile = (
            f"FROM {debian_image.tag}\nUSER 0\n"
            "RUN ln -s /usr/bin/python3.11 /usr/local/bin/python3.11 && dpkg --purge libgomp1 "
            "&& rm -r /usr/lib/python3.11/__pycache__ "
            "&& sed -i /startlab/d /etc/passwd /etc/group && rm -rf /tmp/*\n"
        )
        context = images._context({"Dockerfile": dockerfile.encode()})
        engine.images.build(
            fileobj=io.BytesIO(context), custom_context=True, tag=HUB, network_mode="none", rm=True
        )
        yield HUB
        engine.images.remove(HUB)
    else:
        yield HUB


@pytest.mark.docker
@pytest.mark.parametrize("bases", ["hub", pytest.param("auto", marks=pytest.mark.wide)])
def test_an_image_of_the_hub_that_is_there_is_taken(
    engine: DockerClient, hub_base: str, said: list[str], tmp_path: Path, bases: str
) -> None:
    apt_config = tmp_path / "apt.conf"
    apt_config.write_text('Acquire::Check-Valid-Until "false";\n')
    options = BuildOptions(
        bases="hub" if bases == "hub" else "auto",
        apt_config=apt_config,
        network="host",
        debian_mirror=debootstrap.host_mirror(),
        platform="hub",  # other tests take any image of linux-3.11 that is there
    )
    builder = Images(engine, options, said.append)
    image = builder.make("hub-3.11")
    try:
        assert isinstance(image, Image)
        assert said == [f"Building the image of hub-3.11 on {hub_base} ..."]
        assert image.target == "/usr/local/bin/python3.11"
        assert next(row for row in builder.rows() if row.tag == image.tag).base == hub_base
        asked = "import os, queue, ctypes; ctypes.CDLL('libgomp.so.1'); print(queue.__cached__, os.path.exists(queue.__cached__), os.path.exists('/tmp/settings'))"  # noqa: E501 - one line
        out = engine.containers.run(
            image.id, [image.target, "-c", asked], network_mode="none", remove=True
        )
        assert out == b"/usr/lib/python3.11/__pycache__/queue.cpython-311.pyc True False\n"
        assert builder.existing("hub-3.11") == image
    finally:
        if isinstance(image, Image):
            engine.images.remove(image.tag)


@pytest.mark.docker
def test_a_build_that_fails_shows_its_last_lines(
    engine: DockerClient, hub_base: str, said: list[str], tmp_path: Path
) -> None:
    apt_config = tmp_path / "apt.conf"
    apt_config.write_text('Acquire::http::Proxy "http://127.0.0.1:1"; Acquire::Retries "0";\n')
    options = BuildOptions(
        bases="hub",
        apt_config=apt_config,
        network="host",
        debian_mirror="http://nowhere.invalid/debian",
    )
    made = Images(engine, options, said.append).make("linux-3.11")
    assert isinstance(made, Unavailable)
    assert made.reason.startswith("its build failed with exit status 100:\n")
    assert "\x1b" not in made.reason
    assert "127.0.0.1" in made.reason
    assert 2 < len(made.reason.splitlines()) < 14


@pytest.mark.docker
def test_the_registry_is_asked_once_and_not_for_long(engine: DockerClient, said: list[str]) -> None:
    builder = Images(engine, BuildOptions(registry_timeout_s=3), said.append)
    started = time.monotonic()
    first = builder.registry_refusal()
    assert time.monotonic() - started < 60  # others take the cores, too
    builder._options = BuildOptions(registry_timeout_s=0.000001)  # whoever asks now is refused
    assert builder.registry_refusal() == first


@pytest.mark.docker
def test_the_default_set_is_what_can_be_had(
    engine: DockerClient, debian_image: Image, said: list[str]
) -> None:
    debian = ("linux-2.7", "linux-3.9", "linux-3.11", "linux-3.13", "linux-3.14", "linux-3.15")
    assert Images(engine, BuildOptions(bases="debian"), said.append).default_names() == debian
    assert "linux-3.12" in Images(engine, BuildOptions(bases="hub"), said.append).default_names()
    names = Images(engine, BuildOptions(), said.append).default_names()
    assert set(debian) <= set(names)
    assert connect().ping()
