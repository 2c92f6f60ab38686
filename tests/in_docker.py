"""Run the tests inside the lab's images: on Pythons that the host may not have.

What the tests need is downloaded on the host, for each Python, and put into the container with the
checkout: the container has no network. Run by `nox -s tests_in_docker -- [--python V] [PYTEST…]`.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions, Images
from startlab.model import Unavailable

if TYPE_CHECKING:
    from docker.models.containers import Container

ROOT = Path(__file__).parents[1]
SUPPORTED = ("3.11", "3.12", "3.13", "3.14", "3.15")
RUN = """
"$0" -m venv --without-pip venv
cd venv/lib/python3.*/site-packages
printf '%s\\n' /tmp/dependencies /tmp/checkout/src > here.pth
cd /tmp/checkout
exec /tmp/venv/bin/python -m pytest "$@"
"""
"""A virtual environment shows what was put there also to tests that set PYTHONPATH."""
ELSEWHERE = "not (docker or targets or browser or workflow)"
PYTEST = ("-p", "no:cacheprovider", "-m", ELSEWHERE)
TAKEN = ("src", "tests", "docker", "bench", "noxfile.py", "pyproject.toml", "README.md", "LICENSE")


def requirements(version: str, target: Path) -> None:
    """Install what startlab and its tests need, for another Python than this one."""
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target),
            "--python-version", version, "--only-binary", ":all:", "--implementation", "cp",
            "--requirement", "/dev/stdin",
        ],
        input="\n".join(wanted()),
        text=True,
        check=True,
    )  # fmt: skip


def wanted() -> list[str]:
    """List the requirements of the project and of its test group."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [*project["project"]["dependencies"], *project["dependency-groups"]["test"]]


def archive(dependencies: Path) -> bytes:
    """Pack the checkout and the dependencies."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(ROOT, "checkout", recursive=False, filter=owned)
        for name in TAKEN:
            tar.add(ROOT / name, f"checkout/{name}", filter=owned)
        tar.add(dependencies, "dependencies", filter=owned)
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
    """Run the tests on every supported Python that there is an image of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", choices=["auto", "hub", "debian"], default="auto")
    parser.add_argument("--python", action="append", choices=SUPPORTED, help="only this one")
    arguments, pytest = parser.parse_known_args()
    client = connect()
    images = Images(client, BuildOptions(bases=arguments.bases), print)
    failed = []
    for version in arguments.python or SUPPORTED:
        image = images.make(f"linux-{version}")
        if isinstance(image, Unavailable):
            print(f"{version}: skipped: {image.reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            requirements(version, Path(folder))
            packed = archive(Path(folder))
        container = client.containers.create(
            image.id,
            ["sh", "-euc", RUN, image.target, *PYTEST, *pytest],
            working_dir="/tmp",  # noqa: S108 - in the container
            network_mode="none",
            init=True,
        )
        try:
            container.put_archive("/tmp", packed)  # noqa: S108 - in the container
            print(f"=== {version}", flush=True)
            if run(container) != 0:
                failed.append(version)
        finally:
            container.remove(force=True)
    sys.exit(f"failed on {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
