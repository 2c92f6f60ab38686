"""A user's program in containers: its files, what it needs, and what is left."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import startlab
from startlab.backends.docker.containers import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from startlab.backends.docker.images import Image
    from startlab.model import Run

pytestmark = pytest.mark.docker

SPOILS = """
    import os, shutil, sys
    print(sorted(os.listdir(".")), sys.argv[1:], sys.stdin.read())
    open("made", "x").close()
    shutil.rmtree("folder")
    os.remove("größe '1'\\n.py")
"""


class Said:
    """A listener that records its calls."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def planned(self, environment: object) -> None:
        pass

    def began(self, cell: object) -> None:
        pass

    def ended(self, trial: object) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, debian_image: Image) -> Path:  # noqa: ARG001 - is made
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")


def run(*words: str, **said: Any) -> Run:
    options: dict[str, Any] = {
        "backend": "docker", "environments": ["linux-3.11"], "building": {"bases": "debian"},
        "explain": "off",
    }  # fmt: skip
    return startlab.run(words, **(options | said))


def volumes(engine: DockerClient) -> set[str]:
    found = engine.api.volumes(filters={"label": "startlab=content"})["Volumes"] or ()
    return {each["Name"] for each in found if each["Name"].startswith("startlab-program-")}


def test_a_program_has_its_files_in_every_trial_anew(
    here: Path, engine: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = [], Volume.of_folder  # others may use the engine too

    def remember(folder: Path) -> Volume:
        made.append(make(folder))
        return made[-1]

    monkeypatch.setattr(Volume, "of_folder", remember)
    name = "größe '1'\n.py"
    put(here / name, SPOILS)
    put(here / "folder" / "x", "")
    (here / "in.txt").write_text("input")
    got = run(f"./{name}", "a b", stdin=Path("in.txt"), trials=2)
    assert {t.outcome for t in got.trials} == {"ok"}, [t.reason for t in got.trials]
    files = sorted(["folder", name, "in.txt"])
    assert {t.stdout for t in got.trials} == {f"{files} ['a b'] input\n"}
    (volume,) = made
    assert volume.name not in volumes(engine)
    assert sorted(os.listdir(here)) == sorted([*files, ".startlab"])


def test_a_kept_container_is_entered_with_the_files_in_it(here: Path, engine: DockerClient) -> None:
    put(here / "a.py", "print('hello')")
    said = Said()
    run("a.py", keep=True, listener=said, methods=["fork"])
    (line,) = [line for line in said.said if "its container is kept" in line]
    command = re.search(r"docker exec -it -w (\S+) (\S+) sh", line)
    assert command is not None
    container = engine.containers.get(command[2])
    try:
        got = container.exec_run(["/usr/bin/python3.11", "a.py"], workdir=command[1])
        assert (got.exit_code, got.output) == (0, b"hello\n")
        got = container.exec_run(["touch", "a.py"], workdir=command[1], user="0:0")
        assert b"Read-only file system" in got.output
    finally:
        container.remove(force=True)
        mounted = {each.get("Name") for each in container.attrs["Mounts"]}
        for name in volumes(engine) & mounted:  # not those of others who use the engine
            engine.api.remove_volume(name)


def test_a_command_of_the_image(here: Path) -> None:  # noqa: ARG001 - its directory
    got = run("--", "python", "-c", "import sys; print(sys.version_info[:2])", methods=["spawn"])
    assert {t.stdout for t in got.trials} == {"(3, 11)\n"}
    (trial,) = run("--", "no-such-command", methods=["spawn"]).trials
    assert trial.outcome == "unavailable"
    assert "linux-3.11 has no command and no module no-such-command" in trial.reason


@pytest.fixture
def layers(engine: DockerClient) -> Iterator[None]:
    """Remove the images that a test has made."""
    name = "startlab/linux-3.11-with"
    before = {each["Id"] for each in engine.api.images(name)}
    yield
    for image in {each["Id"] for each in engine.api.images(name)} - before:
        engine.api.remove_image(image)


@pytest.mark.usefixtures("layers")
@pytest.mark.wide
def test_what_it_needs_is_a_layer_that_is_built_once(here: Path) -> None:
    """A wheel that comes with it, on an image without pip, without any network."""
    import zipfile

    wheel = here / "needed-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("needed.py", f"def main(): print('needed', {str(here)!r})\n")
        info = "needed-1.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nneed = needed:main\n")
        archive.writestr(f"{info}/RECORD", "")
    put(here / "a.py", "import needed, sys; needed.main(); print(sys.prefix)")
    building = {"bases": "debian", "network": "none"}
    said = Said()
    for _ in range(2):
        got = run(
            "a.py", packages=["./needed-1-py3-none-any.whl"], building=building, listener=said
        )
        assert {t.stdout for t in got.trials} == {f"needed {here}\n/environment\n"}
    assert said.said == ["Installing what the program needs in linux-3.11 ..."]
    got = run("--", "need", packages=["./needed-1-py3-none-any.whl"], building=building)
    assert {t.stdout for t in got.trials} == {f"needed {here}\n"}


@pytest.mark.wide
def test_what_cannot_be_installed_is_reported_with_pips_words(here: Path) -> None:
    put(here / "a.py", "")
    got = run("a.py", packages=["no-such-package"], building={"bases": "debian", "network": "none"})
    (trial, *_) = got.trials
    assert trial.outcome == "unavailable"
    assert "what the program needs is not installed: its build failed" in trial.reason
    assert "no-such-package" in trial.reason


def test_a_wait_for_an_epoll_of_an_eventfd_is_proven_in_a_container(here: Path) -> None:
    """As those of libuv and tokio: what an epoll watches is told by kcmp(2) alone."""
    dead = Path(__file__).parents[1] / "agent" / "dead" / "epoll_of_an_eventfd.py"
    put(here / "waits.py", dead.read_text("utf-8"))
    seen = run("waits.py", ".", methods=["fork"])
    assert {(each.outcome, each.grade) for each in seen.trials} == {("hang", "proven")}


def test_process_ids_in_a_container_are_no_reason_for_other_outputs(here: Path) -> None:
    put(
        here / "ids.py",
        """
        import multiprocessing, os

        def work():
            print("worker", os.getpid())

        if __name__ == "__main__":
            process = multiprocessing.Process(target=work)
            process.start()
            process.join()
        """,
    )
    seen = run("ids.py")
    assert {each.outcome for each in seen.trials} == {"ok"}
    assert len(seen.trials) == 3  # none was surprising
