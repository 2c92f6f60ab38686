"""A running tree as one self-contained page: the verdict, the wait graph, stacks, the cause."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from startlab.report import why
from startlab.report.html import asset, environment, hash_of

if TYPE_CHECKING:
    import jinja2

    from startlab.diagnosis.tree import Tree

SCRIPTS: Final = ("elements.js", "timeline.js", "waits.js", "trial.js", "why.js")


def render(tree: Tree) -> str:
    """Give the page."""
    style, script = asset("report.css"), "\n".join(map(asset, SCRIPTS))
    template: jinja2.Template = environment().get_template("why.html.jinja")
    return template.render(
        heading=why.heading(tree),
        sentence=why.sentence(tree),
        details=why.details(tree),
        hangs=tree.verdict.kind not in ("alive", "busy"),
        explanation=[each for each in why.explanation(tree) if each[0]],
        style=Markup(style),  # noqa: S704 - our own
        style_hash=hash_of(style),
        script=Markup(script),  # noqa: S704 - our own
        script_hash=hash_of(script),
        told=Markup(_escaped(_told(tree))),  # noqa: S704 - escaped
    )


def _told(tree: Tree) -> dict[str, object]:
    """Give what the scripts draw, as they have it of a trial."""
    processes = []
    for process in tree.processes:
        told = msgspec.to_builtins(process)
        told["named"] = why.process_name(tree, process.pid)
        for thread in told["threads"]:
            thread["waits"] = why.graph_words(tree, process.pid, thread["tid"])
        processes.append(told)
    return {"processes": processes, "starts": [], "grade": ""}


def _escaped(told: object) -> str:
    return json.dumps(told).replace("<", "\\u003c")
