"""Run the tests inside the lab's images: on Pythons, and a platform, that the host may not have.

What the tests need is downloaded on the host, for each environment, and put into the container with
the checkout: the container has no network. Run by `nox -s tests_in_docker -- [--env NAME]
[PYTEST…]`; without a name, on every Python for Linux that startlab supports.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from startlab.backends import uv
from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions, Images
from startlab.model import Unavailable

if TYPE_CHECKING:
    from docker.models.containers import Container

    from startlab.backends.docker.images import Image

ROOT = Path(__file__).parents[1]
SUPPORTED = ("3.11", "3.12", "3.13", "3.14", "3.15")
TAKEN = (
    "src",
    "tests",
    "docker",
    "bench",
    "noxfile.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
PLACE = "program"
"""The folder of the container, which Windows has as C:\\program: no other may have a name there."""
LINUX = """
"$0" -m venv --without-pip /tmp/venv
cd /tmp/venv/lib/*/site-packages
printf '%s\\n' /program/packages /program/checkout/src > here.pth
cd /program/checkout
exec /tmp/venv/bin/python -m pytest "$@"
"""
"""A virtual environment shows what was put there also to tests that set PYTHONPATH."""
WINDOWS = """
import os, sys, pytest
os.chdir("/program/checkout")
sys.exit(pytest.main())
"""
SHOWN = (
    "opt/python/Lib/site-packages/here.pth",
    b"""
import site; site.addsitedir("C:/program/packages")
C:/program/checkout/src
""",
)
"""What a virtual environment does on Linux; to make one of Windows' takes minutes under Wine."""
ELSEWHERE = "not (docker or targets or browser or workflow)"
PYTEST = ("-p", "no:cacheprovider", "-m", ELSEWHERE)


def install(image: Image, target: Path) -> None:
    """Install what startlab and its tests need, for another Python than this one."""
    version = image.name.rpartition("-")[2].removesuffix("t")
    platform = "windows" if image.drive else "linux"
    subprocess.run(
        [
            str(uv.find()), "pip", "install", "--quiet", "--target", str(target),
            "--python-version", version, "--python-platform", platform,
            "--only-binary", ":all:", *wanted(),
        ],
        env=os.environ | (uv.variables(None) or {}),
        check=True,
    )  # fmt: skip


def wanted() -> list[str]:
    """List the requirements of the project and of its test group."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [*project["project"]["dependencies"], *project["dependency-groups"]["test"]]


def archive(image: Image, packages: Path) -> bytes:
    """Pack the checkout and what it needs."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        folder = tarfile.TarInfo(PLACE)
        folder.type, folder.mode, folder.uid, folder.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
        tar.addfile(folder)
        tar.add(ROOT, f"{PLACE}/checkout", recursive=False, filter=owned)
        for name in TAKEN:
            tar.add(ROOT / name, f"{PLACE}/checkout/{name}", filter=owned)
        tar.add(packages, f"{PLACE}/packages", filter=owned)
        if image.drive:
            name, text = SHOWN
            file = tarfile.TarInfo(name)
            file.size = len(text)
            tar.addfile(file, io.BytesIO(text))
    return packed.getvalue()


def owned(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Give a file to the image's user, and leave out what is compiled."""
    if "__pycache__" in member.name:
        return None
    member.uid = member.gid = 1000
    return member


def run(container: Container) -> int:
    """Run a container to its end, printing what it prints; give its exit status."""
    container.start()
    for chunk in container.logs(stream=True, follow=True):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return int(container.wait()["StatusCode"])


def main() -> None:
    """Run the tests in every environment that there is an image of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", choices=["auto", "hub", "debian"], default="auto")
    parser.add_argument("--env", action="append", help="only this one, as linux-3.13 or wine-3.12")
    arguments, pytest = parser.parse_known_args()
    client = connect()
    images = Images(client, BuildOptions(bases=arguments.bases), print)
    failed = []
    for name in arguments.env or [f"linux-{version}" for version in SUPPORTED]:
        image = images.make(name)
        if isinstance(image, Unavailable):
            print(f"{name}: skipped: {image.reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            install(image, Path(folder))
            packed = archive(image, Path(folder))
        linux = ("sh", "-euc", LINUX, image.target)
        command = (image.target, "-c", WINDOWS) if image.drive else linux
        container = client.containers.create(
            image.id,
            [*command, *PYTEST, *pytest],
            network_mode="none",
            init=True,
        )
        try:
            container.put_archive("/", packed)
            print(f"=== {name}", flush=True)
            if run(container) != 0:
                failed.append(name)
        finally:
            container.remove(force=True)
    sys.exit(f"failed on {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
