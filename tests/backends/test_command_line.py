"""What the command line says of images, on a real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]


def startlab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "startlab", *words],
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "40", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def test_a_list_of_images_in_a_pipe_is_not_cut() -> None:
    before = json.loads(startlab("images", "list", "--json").stdout)["images"]
    lines = [line.split() for line in startlab("images", "list").stdout.splitlines()]
    after = json.loads(startlab("images", "list", "--json").stdout)["images"]
    there = [each for each in before if each in after]  # other tests make and remove some
    if not there:
        pytest.skip("there are no images here: startlab images build")
    for each in there:
        assert any({each["tag"], each["base"], each["python"]} <= set(line) for line in lines)


def test_an_interpreter_of_the_host_is_looked_for_among_images(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    out = str(tmp_path_factory.mktemp("run") / "run")
    done = startlab("lab", "--backend", "docker", "-e", "host-3.13", "--out", out)
    assert done.returncode == 2
    assert "--env host-3.13 matches no environment. host-… are this host's own" in done.stderr
    assert "add --backend native" in done.stderr
