"""A run as Markdown, for a job's summary and a pull request: short, deviations first."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from startlab.catalogue import claims
from startlab.diagnosis.suites import is_suite
from startlab.model import METHODS
from startlab.plan.environments import platform_of, python_of, sort_key
from startlab.report import finding, text, unproven
from startlab.report.text import CHILD_FAILED
from startlab.results.summary import of_program, summarise
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from startlab.catalogue.claims import Judgement
    from startlab.diagnosis import Diagnosis
    from startlab.model import Finding, Method, Run
    from startlab.results.summary import CellSummary

LIMIT: Final = 64_000
"""Bytes. A comment on GitHub may have 65,536 characters, the summaries of a step 1 MiB."""

RESERVE: Final = 4_000
"""Bytes of the limit that are for saying what is left out, and for closing what is open."""

MOST_NAMED: Final = 8
FEW_ROWS: Final = 12
"""Of the matrix of a program, which is shown at once; a longer one on a click."""

_MEANT: Final = re.compile(r"[\\`*_\[\]<>#|~&$!]|:(?=[/\w+-])|(?<=www)\.|^[-+=]|(?<=^\d)[.)]")
"""What would be Markdown, a link or an emoji on GitHub."""

NOT_RUN: Final = ("unavailable", "missing")
REASON: Final = 400
NAME: Final = 100
OUTPUT: Final = 1_500
MOST_OUTPUTS: Final = 10


def write(run: Run, diagnosis: Diagnosis, file: IO[str]) -> None:
    """Write a run as Markdown."""
    file.write(render(run, diagnosis))


def render(run: Run, diagnosis: Diagnosis, limit: int = LIMIT) -> str:
    """Give a run as Markdown of at most `limit` bytes in UTF-8.

    What is least important is left out if need be: the end of each section, and the last sections.
    """
    page = _Page(limit)
    cells = summarise(run)
    deviating = [each for each in cells if not each.as_expected]
    page.add(f"## {_headline(run, cells)}\n")
    if diagnosis.answer:
        page.add(f"**{prose(diagnosis.answer)}**\n")
    for caveat in (*run.caveats, *diagnosis.caveats):
        page.add(f"> ⚠ {code(caveat, REASON)}\n")
    matrix = _matrix(run, cells)
    is_small = run.header.program is not None and len(matrix[1]) <= FEW_ROWS
    if is_small:
        page.table(*matrix)
        page.add(_legend(run, cells))
    if run.header.program is not None:
        trials = dict(by_cell(run))
        page.all(_finding(each, finding.reproduce(trials, each)) for each in diagnosis.findings)
        _add_deviations(page, [each for each in deviating if each.outcome in NOT_RUN])
    else:
        _add_deviations(page, deviating)
    page.folded("Output of the programs", _outputs(_grouped(deviating)))
    doubt = unproven.hangs(run, cells)
    if doubt is not None:
        page.add(f"{escaped(doubt)}\n")
    judged = claims.judged(run)
    if any(each.verdict != "not run" for each in judged):
        page.folded_table(f"{_number(len(judged), 'claim')}", *_claims(judged))
    if not is_small:
        page.folded_table(f"All {_number(len(cells), 'cell')}", *matrix, _legend(run, cells))
    page.folded_table(_number(len(run.environments), "environment"), *_environments(run))
    page.add(_provenance(run))
    return page.text()


# --- sections ----------------------------------------------------------------------------------


def _headline(run: Run, cells: Sequence[CellSummary]) -> str:
    deviating = sum(not each.as_expected for each in cells)
    missing = sum(each.outcome == "missing" for each in cells)
    if not cells:
        return f"{text.GLYPHS['missing']} startlab: no cells were planned"
    if run.header.program is not None:
        glyph = text.GLYPHS["crash" if deviating else "ok"]
        return f"{glyph} startlab: {_number(len(cells), 'cell')}: {of_program(cells)}"
    if not deviating:
        return f"{text.GLYPHS['ok']} startlab: all {_number(len(cells), 'cell')} as expected"
    words = f"{deviating} of {_number(len(cells), 'cell')} not as expected"
    if missing:
        words += f", {missing} of them missing"
    return f"{text.GLYPHS['crash']} startlab: {words}"


def _provenance(run: Run) -> str:
    header = run.header
    seconds = sum(end.duration_s for end in run.ends)
    words = [f"Run {code(header.id)}", f"begun {code(header.started)}", f"{seconds:.1f} s"]
    words += [f"startlab {code(header.startlab)}", f"catalogue {code(header.catalogue)}"]
    if header.merged:
        words.append(f"merged from {_number(len(header.merged), 'run')}")
    return ", ".join(words) + ".\n"


def _finding(of: Finding, reproduce: str) -> str:
    """Tell a finding as what is pasted into an issue: its line, and each part with its label."""
    glyph = "" if of.note else f"{text.GLYPHS[of.outcome]} "
    parts = [f"### {glyph}{prose(of.title)}"]
    if of.where and of.lines:
        shown = "\n".join(
            f"{'>' if line.marked else ' '}{line.number:5} | {line.code}".rstrip()
            for line in of.lines
        )
        parts.append(f"{code(of.where)}\n{block(shown)}".rstrip())
    parts += [f"**{label}:** {prose(said)}" for label, said in finding.explanation(of)]
    if names := finding.seen_in(of):
        parts.append(f"**Seen in:** {escaped(names)}")
    parts.append(f"**Read more:** {code(finding.more(of))}")
    if reproduce:
        parts.append(f"**Reproduce:**\n{block(reproduce, 'sh')}".rstrip())
    return "\n\n".join(parts) + "\n"


def _add_deviations(page: _Page, deviating: Sequence[CellSummary]) -> None:
    """Add what is not as expected, each reason once, and how to reproduce it."""
    if not deviating:
        return
    groups = _grouped(deviating)
    page.table(("outcome", "experiment", "where", "why"), map(_deviation, groups))
    page.folded_lines("How to reproduce", "sh", _reproduce(groups))


def _grouped(deviating: Iterable[CellSummary]) -> list[list[CellSummary]]:
    """Put together what has the same reason; what was not even run comes last."""
    groups: dict[tuple[str, str], list[CellSummary]] = {}
    for each in deviating:
        groups.setdefault((each.word, each.reason), []).append(each)
    return sorted(groups.values(), key=lambda group: group[0].outcome in NOT_RUN)


def _deviation(group: Sequence[CellSummary]) -> tuple[str, ...]:
    first = group[0]
    experiments = list(dict.fromkeys(each.cell.experiment for each in group))
    methods: dict[str, list[str]] = {}
    for each in group:
        named = methods.setdefault(each.cell.environment, [])
        if each.cell.method not in named:
            named.append(each.cell.method)
    places = [
        f"{in_table(name)} {', '.join(sorted(methods[name]))}"
        for name in sorted(methods, key=sort_key)
    ]
    why = in_table(first.reason, REASON)
    if first.first is not None and first.first.where:
        why += f" at {in_table(first.first.where)}"
    return (
        f"**{text.GLYPHS[first.outcome]} {first.word}**",
        _some([in_table(name) for name in experiments], ", "),
        _some(places, "; "),
        why,
    )


def _some(words: Sequence[str], separator: str) -> str:
    said = separator.join(words[:MOST_NAMED])
    return said if len(words) <= MOST_NAMED else f"{said} and {len(words) - MOST_NAMED} more"


def _reproduce(groups: Iterable[Sequence[CellSummary]]) -> Iterable[str]:
    for group in groups:
        first = group[0].first
        if first is not None and first.reproduce:
            yield text.one_line(first.reproduce)


def _outputs(groups: Sequence[Sequence[CellSummary]]) -> Iterable[str]:
    for group in groups[:MOST_OUTPUTS]:
        first = group[0].first
        if first is None or not (first.stdout or first.stderr):
            continue
        cell = group[0].cell
        yield f"{code(cell.experiment)} × {code(cell.environment)} × {cell.method}\n"
        for name, output in (("stdout", first.stdout), ("stderr", first.stderr)):
            if output:
                yield f"{name}:\n{block(output)}"


def _matrix(
    run: Run, cells: Sequence[CellSummary]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    names = sorted({each.cell.environment for each in cells}, key=sort_key)
    rows: dict[tuple[str, Method], dict[str, CellSummary]] = {}
    for each in cells:
        rows.setdefault((each.cell.experiment, each.cell.method), {})[each.cell.environment] = each
    experiments = list(dict.fromkeys(each.cell.experiment for each in cells))
    deviating = {each.cell.experiment for each in cells if not each.as_expected}
    place = {name: (name not in deviating, at) for at, name in enumerate(experiments)}
    ordered = sorted(rows, key=lambda row: (place[row[0]], METHODS.index(row[1])))
    what = "experiment" if run.header.program is None else "test" if is_suite(run) else "program"
    heading = (what, "method", *(in_table(name) for name in names))
    return heading, [
        (in_table(row[0]), row[1], *(_cell(rows[row].get(name)) for name in names))
        for row in ordered
    ]


def _cell(each: CellSummary | None) -> str:
    if each is None:
        return ""
    glyph = text.GLYPHS[each.outcome]
    letters = f" {', '.join(each.outputs)}" if each.outcome == "differs" else ""
    mark = f" {CHILD_FAILED}" if each.child_failed else ""
    return f"{glyph}{mark}" if each.as_expected else f"**{glyph} {each.word}{letters}**{mark}"


def _legend(run: Run, cells: Sequence[CellSummary]) -> str:
    there = {each.outcome for each in cells}
    odd = "not as expected" if run.header.program is None else "not ok"
    words = (f"{glyph} {outcome}" for outcome, glyph in text.GLYPHS.items() if outcome in there)
    legend = f"{', '.join(words)}; in bold what is {odd}"
    if "differs" in there:
        legend += "; cells with the same letter print the same"
    if any(each.child_failed for each in cells):
        legend += f"; {CHILD_FAILED} something failed in a child, "
        legend += "but the program exited with status 0"
    return f"{legend}.\n"


def _environments(run: Run) -> tuple[tuple[str, ...], Iterable[tuple[str, ...]]]:
    heading = ("environment", "Python", "platform", "kernel", "image")
    rows = []
    for planned in sorted(run.environments, key=lambda each: sort_key(each.name)):
        there = planned.environment
        if there is None:
            why = planned.unavailable or "not known"
            rows.append((in_table(planned.name), in_table(why, REASON), "", "", ""))
            continue
        rows.append((
            in_table(planned.name),
            in_table(python_of(there)),
            in_table(platform_of(there)),
            in_table(there.platform_release),
            in_table(there.image or ""),
        ))  # fmt: skip
    return heading, rows


def _claims(
    judged: Sequence[Judgement],
) -> tuple[tuple[str, ...], Iterable[tuple[str, ...]]]:
    heading = ("claim", "verdict", "not in")
    return heading, (
        (escaped(each.claim.text), f"**{each.verdict}**", in_table(each.where_not, REASON))
        for each in judged
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


# --- text as data ------------------------------------------------------------------------------


def code(said: str, longest: int = NAME) -> str:
    """Give a text as a code span on one line: nothing in it is Markdown."""
    line = text.one_line(said, longest)
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    space = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{space}{line}{space}{fence}"


def in_table(said: str, longest: int = NAME) -> str:
    """Give a text as a code span in a table, where a vertical line ends a cell even in code."""
    return code(said, longest).replace("|", r"\|")


def escaped(said: str) -> str:
    """Give a sentence as Markdown that has no meaning but its words, and mentions nobody."""
    return _escaped(text.one_line(said))


def _escaped(line: str) -> str:
    return _MEANT.sub(r"\\\g<0>", line).replace("@", "@\u2060")


def prose(said: str) -> str:
    """Give a sentence in which what is between backticks is code, and nothing else is Markdown."""
    *pairs, rest = re.split("`([^`]+)`", text.one_line(said))
    told = (code(e, REASON) if at % 2 else _escaped(e) for at, e in enumerate(pairs))
    return "".join(told) + _escaped(rest)


def block(said: str, language: str = "") -> str:
    """Give a text as a block of code: nothing in it is Markdown."""
    shown = text.excerpt(said.rstrip("\n"), OUTPUT)
    fence = _fence(shown)
    return f"{fence}{language}\n{shown}\n{fence}\n"


def _fence(said: str) -> str:
    return "`" * max(3, _longest_run(said) + 1)


def _longest_run(said: str) -> int:
    return max((len(run) for run in re.findall("`+", said)), default=0)


# --- the page ----------------------------------------------------------------------------------


class _Page:
    """Markdown that does not outgrow its limit; what does not fit is counted, and said."""

    def __init__(self, limit: int) -> None:
        self._parts: list[str] = []
        self._left = limit - RESERVE

    def add(self, part: str) -> bool:
        """Add a part and an empty line, or nothing; tell which."""
        return self._append(f"{part}\n")

    def all(self, parts: Iterable[str]) -> None:
        """Add as many parts as fit, and say how many did not."""
        left_out = self._fill(f"{part}\n" for part in parts)
        self._parts.append(f"{left_out}\n" if left_out else "")

    def table(self, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table, with as many rows as fit."""
        lines = "".join(f"| {' | '.join(each)} |\n" for each in (heading, ["---"] * len(heading)))
        if self._append(lines):
            left_out = self._fill(f"| {' | '.join(row)} |\n" for row in rows)
            self._parts.append(f"{left_out}\n")

    def folded_table(
        self, title: str, heading: Sequence[str], rows: Iterable[Sequence[str]], below: str = ""
    ) -> None:
        """Add a table that is shown on a click."""
        if self._append(f"<details><summary>{title}</summary>\n\n"):
            self.table(heading, rows)
            if below:
                self.add(below)
            self._parts.append("</details>\n\n")

    def folded(self, title: str, parts: Iterable[str]) -> None:
        """Add parts that are shown on a click; nothing if there are none."""
        parts = list(parts)
        if parts and self._append(f"<details><summary>{title}</summary>\n\n"):
            left_out = self._fill(parts)
            self._parts.append(f"{left_out}\n</details>\n\n")

    def folded_lines(self, title: str, language: str, lines: Iterable[str]) -> None:
        """Add lines of code that are shown on a click; nothing if there are none."""
        lines = list(lines)
        fence = _fence("".join(lines))
        if lines and self._append(f"<details><summary>{title}</summary>\n\n{fence}{language}\n"):
            left_out = self._fill(f"{line}\n" for line in lines)
            self._parts.append(f"{fence}\n{left_out}\n</details>\n\n")

    def text(self) -> str:
        """Give what was added."""
        return "".join(self._parts)

    def _fill(self, parts: Iterable[str]) -> str:
        """Add as many parts as fit; say how many did not."""
        left_out = 0
        for part in parts:
            if left_out or not self._append(part):
                left_out += 1
        if not left_out:
            return ""
        return f"\n{left_out} more are left out here; the run's report.html has them.\n"

    def _append(self, part: str) -> bool:
        size = len(part.encode())
        if size > self._left:
            return False
        self._left -= size
        self._parts.append(part)
        return True
