"""A run as one self-contained page: it asks nothing of any network, and opens from a file.

The page has two halves. What everybody reads is in it as HTML: what the run comes to, what is not
as expected, the claims, the environments. The rest is data that report.js shows on demand: an
index of all cells, and the records of the journal in packs of which each is opened when one of
its cells is.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import cache
from importlib import resources
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

from startlab.plan.environments import python_of
from startlab.report import finding, text
from startlab.report.html import data, page
from startlab.report.html.subjects import subjects as subjects_of
from startlab.results.output_groups import grouped
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from startlab.diagnosis import Diagnosis
    from startlab.model import Run

SCRIPTS: Final = (
    "data.js",
    "elements.js",
    "filters.js",
    "matrix.js",
    "timeline.js",
    "waits.js",
    "plots.js",
    "trial.js",
    "cell.js",
    "subject.js",
    "main.js",
)
"""In the order in which they need one another; they are one script of the page."""


def write(run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
    """Write a run as HTML, piece by piece: no more is in memory of the trials than one of them."""
    run = grouped(run)
    cells = summarise(run)
    subjects = subjects_of(run, cells)
    style, script = asset("report.css"), "\n".join(map(asset, SCRIPTS))
    shown = page.Page(run, diagnosis, cells, subjects)
    pieces = (
        environment()
        .get_template("template.html.jinja")
        .generate(
            page=shown,
            explanation=finding.explanation,
            more=finding.more,
            style=Markup(style),  # noqa: S704 - our own
            style_hash=hash_of(style),
            script=Markup(script),  # noqa: S704 - our own
            script_hash=hash_of(script),
            index=map(Markup, data.index(run, cells, subjects)),  # escaped
            packs=data.packs(cells, subjects),
        )
    )
    for piece in pieces:
        file.write(piece)
    vars(shown).clear()  # a template's context and macros are a cycle: 30 MB of 100,000 cells


@cache
def environment() -> jinja2.Environment:
    """Give the templates' environment: what it shows is escaped, and may do nothing."""
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset),
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.globals.update(python_of=python_of)
    made.filters.update(prose=_prose, in_fragment=_in_fragment)
    return made


def _shown(value: object) -> object:
    """Have control characters and the like seen, not obeyed; a program may have chosen any text."""
    return text.printable(value) if isinstance(value, str) and type(value) is not Markup else value


def _prose(said: str) -> Markup:
    """Have what is between backticks look like code."""
    escaped = str(escape(text.printable(said)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704 - escaped


def _in_fragment(said: object) -> str:
    return quote(str(said).encode(errors="backslashreplace"), safe="")


@cache
def asset(name: str) -> str:
    """Read a file of this folder."""
    return resources.files(__name__).joinpath(name).read_text("utf-8")


def hash_of(content: str) -> str:
    """Give what names an element of the page in its Content-Security-Policy."""
    return f"sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
