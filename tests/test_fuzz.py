"""Journals, merges and program output of any kind through every report.

STARTLAB_FUZZ_CASES says how many cases of each kind are tried; `nox -s soak` wants 1,000.
"""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import msgspec
import pytest
import xmlschema
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from startlab.diagnosis import diagnose
from startlab.errors import JournalError, SelectionError
from startlab.model import (
    METHODS,
    OUTCOMES,
    SCHEMA_VERSION,
    Cell,
    End,
    Environment,
    PlannedEnvironment,
    Program,
    PythonException,
    RunHeader,
    Selection,
    Trial,
)
from startlab.report import document, github, junit, live, markdown, terminal
from startlab.report.formats import FORMATS
from startlab.results import diff, journal, merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from startlab.model import Record, Run
    from startlab.report.formats import Write

pytestmark = pytest.mark.targets

CASES = int(os.environ.get("STARTLAB_FUZZ_CASES", "50"))
fuzz = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
SCHEMA = Path(__file__).parent / "report" / "junit-10.xsd"

# --- what programs say -------------------------------------------------------------------------

HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\r", "\n", "\r\n", "\t", "\0", "\x7f",
    "\x85", "\u2028", "\u202e", "\ufffe", "\U0010ffff", "\ufeff", "é", "漢", "👩‍👩‍👧", "̈",
    "</script>", "<script>alert(1)</script>", "<!--", "-->", "]]>", "&amp;", "&", "<", ">", '"',
    "'", "<img src=x onerror=alert(1)>", "</details>", "<details>", "{{ 7*7 }}", "{% raw %}",
    "::set-output name=a::b", "\n::error file=a,line=1::x", " ::stop-commands::x", "##[error]x",
    "##vso[task.complete]", "%0A::error::x", "|", "\\|", "\\", "`", "```", "``", "~~~", "#", "*",
    "_", "[a](http://b)", "![a](b)", "<http://a>", "http://example.org", "@everyone", "#1",
    "[bold]", "[/]", "[link=http://a]", ":smile:", "---", "> ", "- ", "1. ", "    ", "$(id)", "%",
    "program.py:7", "/etc/passwd:1", "../../x:3", "x" * 5000, "a\nb" * 500,
]  # fmt: skip
texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=6).map("".join),
    st.text(max_size=60),
)
said = texts.map(lambda text: text.encode(errors="replace").decode())
seconds = st.floats(0, 1e9)


# --- runs --------------------------------------------------------------------------------------

names = st.one_of(
    st.sampled_from(["lock", "lock:cure", "host-3.9", "linux-3.14", "linux-musl-3.10"]),
    said.map(lambda text: text[:200]),
)
environments = st.builds(
    Environment,
    name=said,
    backend=st.sampled_from(["native", "docker"]),
    python=st.one_of(st.sampled_from(["2.7.18", "3.9.1", "3.15.0rc1"]), said),
    implementation=said,
    executable=said,
    sys_platform=st.sampled_from(["linux", "win32", "darwin"]),
    os_name=said,
    platform_system=said,
    platform_release=said,
    platform_version=said,
    machine=said,
    libc=said,
    methods=st.just(("fork", "spawn")),
    default_method=st.sampled_from([None, "fork"]),
    image=st.one_of(st.none(), said),
)
cells = st.builds(Cell, experiment=names, environment=names, method=st.sampled_from(METHODS))
headers = st.builds(
    RunHeader,
    id=said,
    schema_version=st.just(SCHEMA_VERSION),
    startlab=said,
    catalogue=st.sampled_from(["aaaa", "bbbb"]),
    started=said,
    backend=st.sampled_from(["native", "docker"]),
    selection=st.builds(Selection, shard=st.sampled_from([None, (1, 2), (2, 2)])),
    program=st.one_of(
        st.none(),
        st.builds(
            Program,
            kind=st.just("script"),
            name=said,
            target=said.map(lambda text: text or "x.py"),
            root=said,
            digest=said,
        ),
    ),
    host=st.dictionaries(said, said, max_size=2),
    caveats=st.lists(said, max_size=1).map(tuple),
)
ends = st.builds(End, finished=said, duration_s=seconds, interrupted=st.booleans())


@st.composite
def trials(draw: Any, cell: Cell) -> Trial:
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=draw(st.integers(0, 3)),
        outcome=draw(st.sampled_from(OUTCOMES)),
        reason=draw(said),
        as_expected=draw(st.booleans()),
        expected=draw(st.sampled_from([None, (), ("ok",), ("hang", "ok")])),
        frequency=draw(st.sampled_from([None, (0.0, 1.0), (0.9, 0.1)])),
        where=draw(st.one_of(st.none(), said)),
        exception=draw(st.one_of(st.none(), st.builds(PythonException, type=said, message=said))),
        duration_s=draw(seconds),
        stdout=draw(said),
        stderr=draw(said),
        notes=tuple(draw(st.lists(said, max_size=2))),
        reproduce=draw(said),
    )


@st.composite
def records(draw: Any) -> list[Record]:
    planned = draw(st.lists(cells, max_size=5))
    found: list[Record] = [draw(headers)]
    for name in dict.fromkeys(cell.environment for cell in planned):
        mine = tuple(cell for cell in planned if cell.environment == name)
        found.append(PlannedEnvironment(
            name=name, cells=mine, unavailable=draw(st.one_of(st.none(), said)),
            environment=draw(st.one_of(st.none(), environments)),
            elsewhere=tuple(msgspec.structs.replace(cell, environment=name)
                            for cell in draw(st.lists(cells, max_size=1))),
        ))  # fmt: skip
    for cell in planned:
        found += draw(st.lists(trials(cell), max_size=3))
    if draw(st.booleans()):
        found += draw(st.lists(trials(draw(cells)), max_size=1))
    return [*found, *draw(st.lists(ends, max_size=2))]


def encoded(every: Sequence[Record]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in every)


journals = records().map(encoded)


@st.composite
def damaged(draw: Any) -> bytes:
    """A journal that something happened to."""
    data = bytearray(draw(journals))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "insert", "overwrite", "double", "newer", "number"])):
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.one_of(st.binary(max_size=20), st.just(b"[" * 5000)))
            case "overwrite":
                data[at : at + 4] = draw(st.binary(min_size=4, max_size=4))
            case "double":
                data += data[at:]
            case "newer":
                data = data.replace(
                    f'"schema_version":{SCHEMA_VERSION}'.encode(), b'"schema_version":7'
                )
            case _:
                data = data.replace(b'_s":', b'_s":-1e300,"x":', 2)
    return bytes(data)


# --- every report ------------------------------------------------------------------------------


def reported(run: Run) -> None:
    """Make every report of a run, and check that nothing that a program said acts on anything."""
    for width, encoding in ((80, "utf-8"), (35, "ascii")):
        on_a_terminal(lambda console: terminal.show(run, diagnose(run), console), width, encoding)
    on_a_terminal(lambda console: follow(run, console), 80, "utf-8")
    in_a_log(run)
    as_markdown(markdown.render(run, diagnose(run)))
    as_junit(written(junit.write, run))
    as_document(written(document.write, run))
    as_html(run)


def written(write: Write, run: Run) -> str:
    file = io.StringIO()
    write(run, diagnose(run), file)
    return file.getvalue()


def printed(show: Any, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    show(Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def on_a_terminal(show: Any, width: int, encoding: str) -> None:
    text = printed(show, width, encoding)
    for line in text.split("\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::"), line
    assert not re.search(r"##\w*\[", text)


def follow(run: Run, console: Console) -> None:
    with live.Follower(console, trials=2) as follower:
        for planned in run.environments:
            follower.planned(planned)
        for trial in run.trials:
            follower.began(trial.cell)
            follower.ended(trial)
        console.print(follower._view())
        follower.say("done")


def in_a_log(run: Run) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        text = printed(lambda console: terminal.show(run, diagnose(run), console))
    ours = re.compile(r"::(group|endgroup|error)( \w+=[^:,]*(,\w+=[^:,]*)*)?::")
    for line in text.split("\n"):
        assert line.isprintable(), line
        if line.lstrip().startswith("::"):
            assert ours.match(line), line
    assert sum(line.startswith("::error") for line in text.split("\n")) <= github.MOST


OUR_HTML = re.compile(r"(<details><summary>[\w ]*</summary>|</details>)\s*")


def as_markdown(text: str) -> None:
    assert len(text.encode()) <= markdown.LIMIT
    ours = text.replace("@\u2060", "@")  # so that no user is mentioned
    assert all(line.isprintable() for line in ours.split("\n"))
    opened = width = columns = 0
    for token in MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text):
        assert token.type != "code_block"
        if token.type == "html_block":
            assert OUR_HTML.fullmatch(token.content), token.content
            opened += token.content.count("<details>") - token.content.count("</details>")
        for child in token.children or ():
            assert child.type in ("text", "code_inline", "strong_open", "strong_close",
                                  "softbreak", "hardbreak"), child  # fmt: skip
            if child.type == "text":
                assert not re.search(r"@(?!\u2060)", child.content), child.content
        if token.type == "tr_open":
            width = 0
        if token.type in ("th_open", "td_open"):
            width += 1
        if token.type == "tr_close":
            columns = columns or width
            assert width == columns
        if token.type == "table_close":
            columns = 0
    assert opened == 0


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def as_junit(text: str) -> None:
    schema().validate(ET.fromstring(text))  # noqa: S314 - our own


@cache
def document_schema() -> jsonschema.Draft202012Validator:
    shipped = Path(document.__file__).with_name("document.schema.json").read_bytes()
    return jsonschema.Draft202012Validator(json.loads(shipped))


def as_document(text: str) -> None:
    document_schema().validate(json.loads(text))


class Page(HTMLParser):
    """The elements of a page, and what is in its scripts of data."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.data: list[str] = []
        self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        self._in_data = tag == "script" and ("type", "application/json") in attrs
        if self._in_data:
            self.data.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_data = self._in_data and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data[-1] += data


def as_html(run: Run) -> None:
    text = written(FORMATS["html"].write, run)
    page = Page()
    page.feed(text)
    assert page.elements["img"] == 0
    assert page.elements["script"] == text.count("<script")
    for data in page.data:
        json.loads(data)


# --- the cases ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def folders() -> tempfile.TemporaryDirectory[str]:
    # Windows deletes no file that a run has open.
    return tempfile.TemporaryDirectory(prefix="startlab-fuzz-", ignore_cleanup_errors=True)


def write(root: str, name: str, data: bytes) -> Path:
    folder = Path(root, name)
    folder.mkdir()
    (folder / journal.NAME).write_bytes(data)
    return folder


@pytest.mark.wide
@fuzz
@given(journals)
def test_whatever_programs_say_is_data_in_every_report(data: bytes) -> None:
    with folders() as root:
        run = journal.read(write(root, "run", data))
        reported(run)


@fuzz
@given(damaged())
def test_a_damaged_journal_is_reported_as_far_as_it_can_be_read(data: bytes) -> None:
    with folders() as root:
        folder = write(root, "run", data)
        try:
            run = journal.read(folder, any_version=True)
        except JournalError:
            return
        assert bool(run.damaged_lines) == any("could not be read" in each for each in run.caveats)
        reported(run)


@fuzz
@given(st.one_of(st.binary(max_size=200), texts.map(lambda text: text.encode(errors="replace"))))
@example(b"")
@example(b"\n\n\n")
@example(b"{}\n[]\nnull\n1\n")
@example(b"{" * 200_000)
@example(b'{"kind":"end","finished":"","duration_s":0,"x":' + b"[" * 200_000)
@example(b"\xff\xfe\0\0")
def test_what_is_no_journal_is_said_to_be_none(data: bytes) -> None:
    with folders() as root, pytest.raises(JournalError):
        journal.read(write(root, "run", data))


@pytest.mark.wide
@fuzz
@given(st.lists(st.one_of(journals, damaged()), min_size=1, max_size=3), st.booleans())
def test_merges(datas: list[bytes], allow: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    with folders() as root:
        runs = [write(root, str(number), data) for number, data in enumerate(datas)]
        out = Path(root, "out")
        try:
            unread = merge.merge(runs, out, allow_different_catalogues=allow)
        except (JournalError, SelectionError):
            assert not out.exists()
            return
        merged = journal.read(out)
        parts = list(readable(runs))
        assert len(parts) + len(unread) == len(runs)
        assert merged.damaged_lines == 0
        planned = {cell for part in parts for cell in part.planned}
        assert len(planned) <= len(merged.planned)
        names = {cell.environment.partition("@")[0] for cell in merged.planned}
        assert {cell.environment.partition("@")[0] for cell in planned} == names
        ran = [t for part in parts for t in part.trials if t.outcome != "unavailable"]
        assert len(ran) == sum(t.outcome != "unavailable" for t in merged.trials)
        assert len({(t.cell, t.trial) for t in merged.trials}) == len(merged.trials)
        reported(merged)


def readable(runs: Sequence[Path]) -> Iterator[Run]:
    for path in runs:
        try:
            yield journal.read(path)
        except JournalError:
            continue


@fuzz
@given(journals, journals)
@pytest.mark.wide
def test_diffs(old: bytes, new: bytes) -> None:
    with folders() as root:
        before, after = (
            journal.read(write(root, name, data)) for name, data in (("old", old), ("new", new))
        )
    found = diff.compare(before, after)
    on_a_terminal(lambda console: terminal.show_diff(found, console), 80, "utf-8")
    json.loads(msgspec.json.encode(found))
    same = diff.compare(before, before)
    assert same.changes == ()
    assert same.environments == ()
