"""A run as Markdown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from startlab.diagnosis import diagnose
from startlab.report import markdown
from tests import record

if TYPE_CHECKING:
    from markdown_it.token import Token


def rendered(run: Any, limit: int = markdown.LIMIT) -> str:
    return markdown.render(run, diagnose(run), limit)


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def test_all_as_expected_is_said_first(make: Any) -> None:
    cells = [make.cell(), make.cell(method="spawn")]
    text = rendered(make.run(cells, *map(make.trial, cells)))
    assert text.startswith("## ✓ startlab: all 2 cells as expected\n")
    assert "How to reproduce" not in text
    assert "<details><summary>All 2 cells</summary>" in text
    file = io.StringIO()
    run = make.run(cells, *map(make.trial, cells))
    markdown.write(run, diagnose(run), file)
    assert file.getvalue() == text


def test_deviations_come_first_each_reason_once_with_what_it_explains(make: Any) -> None:
    cells = [make.cell(environment=f"host-3.{minor}") for minor in (13, 9)]
    late = make.cell("other")
    trials = [
        make.deviation(each, reason="waits", where="program.py:7", reproduce="startlab lab -x y")
        for each in cells
    ]
    text = rendered(make.run([late, *cells], *trials))
    assert text.startswith("## ✗ startlab: 3 of 3 cells not as expected, 1 of them missing\n")
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert rows == [
        "| **∞ hang** | `lock` | `host-3.9` fork; `host-3.13` fork | `waits` at `program.py:7` |",
        "| **∅ missing** | `other` | `host-3.13` fork | `planned, and never run` |",
    ]
    assert "```sh\nstartlab lab -x y\n```" in text


def test_output_is_folded_in_a_fence_that_it_cannot_close(make: Any) -> None:
    each = make.cell()
    hostile = "````\n</details>\n::error::x\n\x1b[31m"
    text = rendered(make.run([each], make.deviation(each, stderr=hostile)))
    fences = [token for token in parsed(text) if token.type == "fence"]
    assert [token.content for token in fences] == ["````\n</details>\n\\x3a:error::x\n\\x1b[31m\n"]


@pytest.mark.parametrize(
    "said",
    ["a|b", "a\\|b", "\\", "`", "``a`", "<b>", "@everyone", "#1", "[a](b)", "a\nb", " x ", "*a*"],
)
def test_a_reason_is_one_cell_of_code_whatever_is_in_it(make: Any, said: str) -> None:
    each = make.cell()
    tokens = parsed(rendered(make.run([each], make.deviation(each, reason=said))))
    at = next(i for i, token in enumerate(tokens) if token.type == "tbody_open")
    cells = [token for token in tokens[at : at + 14] if token.type == "inline"]
    assert len(cells) == 4
    (code,) = [child for child in cells[3].children or () if child.type != "text"]
    assert (code.type, code.content) == ("code_inline", " ".join(said.split()))


@pytest.mark.targets
def test_a_summary_of_any_size_keeps_its_limit_and_says_what_it_left_out(make: Any) -> None:
    cells = [make.cell(f"x{n}", f"host-3.{m}") for n in range(1500) for m in range(6, 16)]
    trials = [make.deviation(each, reason=f"because of {n}") for n, each in enumerate(cells)]
    text = rendered(make.run(cells, *trials))
    assert 50_000 < len(text.encode()) <= markdown.LIMIT
    assert "more are left out here; the run's report.html has them" in text
    assert text.count("<details>") == text.count("</details>")
    whole = rendered(make.run(cells, *map(make.trial, cells)), limit=1 << 20)
    assert len(whole.encode()) <= 1 << 20
    assert "left out" not in whole
    assert whole.count("| `x") == 1500


def test_what_could_not_be_read_is_said_at_the_top(make: Any) -> None:
    text = rendered(make.run([], caveats=("1 line could not be read: `x`",)))
    assert text.startswith("## ∅ startlab: no cells were planned\n")
    assert text.index("could not be read") < 300


def test_outputs_that_differ_and_children_that_fail_are_seen_in_the_matrix(make: Any) -> None:
    text = rendered(make.of_program("1", "2"))
    assert text.startswith("## ✗ startlab: 2 cells: 2 differs, with 2 different outputs\n")
    assert "**≠ differs A**" in text
    assert "**≠ differs B**" in text
    assert "cells with the same letter print the same" in text
    text = rendered(make.of_program("1", "1", starts=make.failed))
    assert text.count("| ✓ † |") == 1
    assert "† something failed in a child, but the program exited with status 0" in text


def test_a_finding_is_what_is_pasted_into_an_issue() -> None:
    """Each of its parts once, with its label, and code as code."""
    run = record.read(record.Case(record.RULES / "unpickling_fails" / "lost", "program"))
    text = rendered(run)
    tokens = parsed(text)
    at = next(i for i, token in enumerate(tokens) if token.type == "heading_open" and i)
    title = tokens[at + 1]
    code = [each.content for each in title.children or () if each.type == "code_inline"]
    assert code == ["label", "picture.label"]
    plain = [token.content for token in tokens if token.type == "inline"]
    labels = [
        said.partition("**")[2].partition(":**")[0]
        for said in plain
        if said[:2] == "**" and ":**" in said
    ]
    assert labels[-4:] == ["Why", "Certainty", "What to do", "Read more"]
    assert [said for said in plain if "program.py:12" in said and said is not plain[0]] != []
    lines = [token.content for token in tokens if token.type == "fence"]
    assert lines[0].splitlines()[2].startswith(">   12 |     return")
    assert "`startlab show" not in text
    assert "\\`" not in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the `a_b` of it", "the `a_b` of it"),
        ("a lone ` stays", "a lone \\` stays"),
        ("`a` and ` b", "`a` and \\` b"),
        ("no *markup*, @anyone", "no \\*markup\\*, @\u2060anyone"),
        ("``", "\\`\\`"),
    ],
)
def test_what_is_between_backticks_is_code_and_nothing_else_is_markdown(
    said: str, shown: str
) -> None:
    assert markdown.prose(said) == shown


def test_several_trials_are_k_of_n(make: Any) -> None:
    each = make.cell()
    trials = [make.trial(each, "ok", 0), make.deviation(each, "crash", 1)]
    assert "**✗ crash 1/2**" in rendered(make.run([each], *trials))
