"""Run startlab's command line, or its tests, as if on another platform.

python tests/hiding/run.py windows lab --backend native
python tests/hiding/run.py macos pytest -m "not docker"
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def prepare(platform: str) -> None:
    """Hide in this process what a platform lacks; keep apart what is remembered of interpreters.

    Temporary files have a path as they often have there: with a space and a letter of no ASCII.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ["XDG_CACHE_HOME"] = str(cache / f"startlab-as-on-{platform}")
    temporary = cache / f"startlab-as-on-{platform}" / "Zoë's temporary files"
    temporary.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    os.environ["DOCKER_HOST"] = "tcp://127.0.0.1:9"  # no engine answers there
    sys.path[0] = str(Path(__file__).parents[1])
    from hiding import hide  # type: ignore[import-not-found]

    del sys.path[0]
    hide.install(platform)


def main() -> None:
    """Run `startlab` or `pytest` with the rest of the words."""
    platform, program, *words = sys.argv[1:]
    prepare(platform)
    if program == "pytest":
        import pytest

        sys.exit(pytest.main(words))
    from startlab import cli

    cli.main([program, *words])


if __name__ == "__main__":
    main()
