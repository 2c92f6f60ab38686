"""Run the documentation's examples again: their results in the pages, and the screenshots.

Needs Linux, Chromium, and the Pythons that the pages name: in Docker, or on this host.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shlex
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS: Final = Path(__file__).parent
PAGES: Final = (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
RESULT: Final = re.compile(
    r"(?P<before><!-- result of( examples/(?P<program>[\w.]+))?: (?P<command>[^\n]+) -->\n"
    r"```text\n)"
    r"(?P<result>.*?)(?P<after>^```$)",
    re.DOTALL | re.MULTILINE,
)
"""A block that shows what a command prints, and the comment before it that names the command."""

COLUMNS: Final = 100
WIDTH: Final = 840
SCREENSHOT: Final = ("crawl.py", "startlab run --env 3.13 --env 3.14 crawl.py")
FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def main() -> None:
    """Write the results into the pages, and the screenshots beside them."""
    for page in PAGES:
        text = page.read_text("utf-8")
        page.write_text(RESULT.sub(result, text), "utf-8")
    program, command = SCREENSHOT
    with staged(program) as folder:
        on_terminal(command, folder)
        take_screenshots(folder / ".startlab" / "latest" / "report.html")


def result(block: re.Match[str]) -> str:
    """Run the command of a block, and give the block with what it prints now."""
    with staged(block["program"]) as folder:
        return block["before"] + on_terminal(block["command"], folder) + block["after"]


@contextlib.contextmanager
def staged(program: str | None) -> Iterator[Path]:
    """Give a folder that has nothing but the program: here it would belong to this project."""
    with tempfile.TemporaryDirectory() as folder:
        if program is not None:
            shutil.copy(DOCS / "examples" / program, folder)
        yield Path(folder)


def on_terminal(command: str, folder: Path) -> str:
    """Run a command and give what a terminal without colors shows of its stdout."""
    ours, theirs = pty.openpty()
    terminal = {"TERM": "dumb", "COLUMNS": str(COLUMNS), "LINES": "50"}
    outside = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    print("$", command)
    with subprocess.Popen(
        shlex.split(command), cwd=folder, env={**outside, **terminal}, stdout=theirs
    ):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            while some := os.read(ours, 65536):
                shown += some
    os.close(ours)
    return "\n".join(map(wrapped, shown.decode().strip("\r\n").splitlines())) + "\n"


def wrapped(line: str) -> str:
    """Break a line that a terminal would break, between words and with its indent."""
    indent = line[: len(line) - len(line.lstrip())]
    return (
        textwrap.fill(
            line.strip(),
            COLUMNS,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if len(line) > COLUMNS
        else line.rstrip()
    )


def take_screenshots(report: Path) -> None:
    """Take the top of a report, down to where it describes this machine, light and dark."""
    chromium = os.environ.get("STARTLAB_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name, scheme in (("report.png", "light"), ("report-dark.png", "dark")):
            page = browser.new_page(
                viewport={"width": WIDTH, "height": 800},
                device_scale_factor=0.9,  # about as wide as GitHub shows it
                color_scheme=scheme,  # type: ignore[arg-type] # a literal, which mypy widens
            )
            page.goto(report.as_uri())
            height = page.evaluate("document.getElementById('environments').offsetTop")
            page.screenshot(
                path=DOCS / name,
                full_page=True,
                clip={"x": 0, "y": 0, "width": WIDTH, "height": height - 16},
            )
        browser.close()


if __name__ == "__main__":
    main()
