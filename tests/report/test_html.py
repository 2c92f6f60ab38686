"""The page as a file: what is in it, and that nothing a program says is more than data."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import re
import tracemalloc
import zlib
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from startlab import catalogue
from startlab.catalogue import claims
from startlab.diagnosis import diagnose
from startlab.errors import CatalogueError
from startlab.model import (
    SCHEMA_VERSION,
    ChangedGlobal,
    Environment,
    Experiment,
    Frame,
    Measurement,
    PlannedEnvironment,
    Process,
    Program,
    PythonException,
    Run,
    RunHeader,
    Selection,
    Start,
    Thread,
    Trial,
    UnguardedStart,
)
from startlab.report import html, markdown
from startlab.report.html import data
from startlab.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.report.conftest import Make

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "]]></style><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "\u2028\u2029&lt;&amp;",
    "\x1b]0;title\x07\x1b[31m\x00\x9b",
    "\u202egnp.exe\u2066",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
)


class Page(HTMLParser):
    """Elements, attributes and texts of a page, as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str | None, str] = {}
        self.text = ""
        self._script: str | None = None
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._within = tag
            self._script = dict(attrs).get("id")
            self.scripts[self._script] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts[self._script] += data
        elif not self._within:
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    @property
    def index(self) -> Any:
        return json.loads(self.scripts["index"])

    @property
    def trials(self) -> list[list[dict[str, Any]]]:
        """The trials of each cell, unpacked from all packs in their order."""
        names = [name for name in self.scripts if name and name.startswith("trials-")]
        packs = [unpacked(self.scripts[name]) for name in names]
        return [cell for pack in packs for cell in pack]


def unpacked(content: str) -> Any:
    return json.loads(zlib.decompress(b64decode(content)))


def shown(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Give what the page has of trials: all but the kind of record and what is not shown."""
    left_out = {"kind", *data.UNSHOWN}
    return [
        {name: value for name, value in of.items() if name not in left_out}
        for of in json.loads(json.dumps([msgspec.to_builtins(each) for each in trials]))
    ]


def written(run: Run) -> str:
    file = io.StringIO()
    html.write(run, diagnose(run), file)
    return file.getvalue()


def page_of(run: Run) -> Page:
    return Page(written(run))


def hostile_trial(text: str, **said: Any) -> Trial:
    values: dict[str, Any] = {
        "experiment": text,
        "environment": text,
        "method": "fork",
        "trial": 0,
        "outcome": "hang",
        "reason": text,
        "as_expected": False,
        "expected": ("ok",),
        "where": text,
        "exception": PythonException(type=text, message=text),
        "stdout": text * 3,
        "stderr": text,
        "notes": (text,),
        "starts": (Start(pid=1, method="fork", time_s=0.1, where=text),),
        "processes": (
            Process(
                pid=1,
                ppid=0,
                command=text,
                threads=(
                    Thread(
                        tid=1, name=text, waits=text, wakers=text, waits_for=(1,), root=True,
                        stack=(Frame(file=text, line=1, function=text),),
                    ),
                ),
            ),
        ),
        "clues": (ChangedGlobal(name=text, parent=text, child=text), UnguardedStart(where=text)),
        "crash_stacks": (text,),
        "measurements": (Measurement(name=text, unit=text, values=(1.0, 2.0)),),
        "reproduce": text,
    }  # fmt: skip
    return Trial(**(values | said))


def hostile_run(text: str, make: Make, *, program: bool = False) -> Run:
    header = RunHeader(
        id=text, schema_version=SCHEMA_VERSION,
        startlab=text, catalogue=text, started=text, backend="native",
        selection=Selection(), host={text: text}, caveats=(text,),
        program=Program(kind="script", name=text, target=text, root="", args=(text,))
        if program else None,
    )  # fmt: skip
    trial = hostile_trial(text)
    environment = PlannedEnvironment(name=text, cells=(trial.cell,), unavailable=text)
    return make.run([], trial, header=header, environments=(environment,), caveats=(text,))


# --- escaping ----------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_program_says_is_data(text: str, make: Make, *, program: bool) -> None:
    harmless = page_of(hostile_run("harmless", make, program=program))
    page = page_of(hostile_run(text, make, program=program))
    for tag in ("script", "style", "link", "img", "form", "meta", "article", "dialog"):
        assert page.count(tag) == harmless.count(tag)
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert re.match("#|data:,$", attributes.get("href") or "#")
    group = page.trials[0][0]["output_group"]
    assert page.trials == [shown([hostile_trial(text, output_group=group)])]
    assert page.index["environments"][0]["name"] == text


@pytest.mark.parametrize("text", HOSTILE)
def test_control_characters_and_directions_are_seen_and_not_obeyed(text: str, make: Make) -> None:
    written_text = written(hostile_run(text, make))
    head, _, _ = written_text.partition('<script type="application/json"')
    assert not [each for each in head if not each.isprintable() and each != "\n"]


def test_the_index_cannot_end_its_element() -> None:
    content = data.embedded({"</script>": "<!--", "a": "\u2028\u2029", "b": "&amp;"})
    assert not set("<>&\u2028\u2029") & set(content)
    assert json.loads(content) == {"</script>": "<!--", "a": "\u2028\u2029", "b": "&amp;"}


def test_half_characters_of_names_that_are_no_text_are_written(make: Make) -> None:
    cell = make.cell("caf\udce9")
    run = make.run([cell], make.deviation(cell, stdout="\udcff"))
    text = written(run)
    text.encode()
    assert Page(text).trials == [shown(run.trials)]


# --- no network, no other script ---------------------------------------------------------------


def test_the_page_needs_nothing_else_and_allows_no_other_script(make: Make) -> None:
    text = written(make.run([make.cell()], make.trial(make.cell())))
    page = Page(text)
    assert page.count("link") == 1
    assert not [tag for tag, attributes in page.elements if "src" in attributes]
    [policy] = [
        attributes["content"]
        for tag, attributes in page.elements
        if tag == "meta"
        and "content" in attributes
        and "default-src" in (attributes["content"] or "")
    ]
    assert policy is not None
    assert "default-src 'none'" in policy
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for name, content in (("script-src", page.scripts[None]), ("style-src", style)):
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
        assert "url(" not in style
        assert "@import" not in style


# --- what it says ------------------------------------------------------------------------------


def test_every_cell_is_in_the_index_and_every_trial_in_its_pack(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "PACK", 3)
    cells = [make.cell(name, environment) for name in "abcd" for environment in ("host-3.9", "x")]
    trials = [make.trial(cell, number=number) for cell in cells for number in (0, 1)]
    run = make.run(cells, *trials)
    page = page_of(run)
    assert page.index["packs"] == [0, 2, 4, 6]  # two trials of each cell
    assert page.trials == [shown(each.trials) for each in summarise(run)]
    columns = page.index["cells"]
    found = [
        (page.index["subjects"][subject][0], page.index["environments"][environment]["name"])
        for subject, environment in zip(columns["subject"], columns["environment"], strict=True)
    ]
    assert found == [(each.cell.experiment, each.cell.environment) for each in summarise(run)]


def test_what_is_not_packed_is_not_asked_for() -> None:
    scripts = resources.files(html).iterdir()
    text = "".join(each.read_text("utf-8") for each in scripts if each.name.endswith(".js"))
    asked = set(re.findall(r"\btrial\.(\w+)", text))
    assert asked >= {"stdout", "reproduce"}
    assert asked.isdisjoint(data.UNSHOWN)
    assert set(Trial.__struct_fields__) >= data.UNSHOWN


def test_a_cell_of_many_trials_ends_a_pack_and_one_of_none_counts_as_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "PACK", 3)
    cells = [make.cell(name) for name in "abcdefg"]
    trials = [make.trial(cells[0], number=number) for number in range(7)]
    run = make.run(cells, *trials, make.trial(cells[6]))
    page = page_of(run)
    assert page.index["packs"] == [0, 1, 4]
    assert page.trials == [shown(each.trials) for each in summarise(run)]


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_index_is_whole_however_it_is_cut(
    make: Make, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    whole = page_of(with_intervals(make)).index
    monkeypatch.setattr(data, "PART", count)
    assert page_of(with_intervals(make)).index == whole
    assert sorted(whole["intervals"]) == ["0", "2", "4"]
    assert whole["cells"]["trials"] == [2, 1, 2, 1, 2]


def with_intervals(make: Make) -> Run:
    cells = [make.cell(name) for name in "abcde"]
    return make.run(
        cells, *(make.trial(each) for each in cells),
        *(make.trial(each, number=1) for each in cells[::2]),
    )  # fmt: skip


def test_of_cells_that_differ_in_process_ids_alone_the_reason_is_told_once(make: Make) -> None:
    cells = [make.cell(environment=f"host-3.{minor}") for minor in (9, 10)]
    reason = "child {} waits at a.py:3 for a lock held by pids {}, {}: 100 times"
    run = make.run(
        cells,
        make.deviation(cells[0], reason=reason.format(12, 13, 14)),
        make.deviation(cells[1], reason=reason.format(77, 78, 79)),
    )
    page = page_of(run)
    assert page.index["reasons"] == [
        "",
        "child … waits at a.py:3 for a lock held by pids …: 100 times",
    ]
    assert page.text.count("child … waits at a.py:3") == 1


def test_a_run_without_cells(make: Make) -> None:
    page = page_of(make.run([]))
    assert "No cells were planned" in page.text
    assert page.index["cells"]["subject"] == []


def test_missing_cells_are_counted_and_told(make: Make) -> None:
    cells = [make.cell(), make.cell(method="spawn")]
    page = page_of(make.run(cells, make.trial(cells[0])))
    assert "1 of 2 cells not as expected, 1 of them missing" in page.text
    assert "∅ missing planned, and never run" in " ".join(page.text.split())
    assert page.trials == [shown([make.trial(cells[0])]), []]


def test_all_as_expected_is_said_and_no_deviation_shown(make: Make) -> None:
    page = page_of(make.run([make.cell()], make.trial(make.cell(), "hang")))
    assert "All 1 cell as expected" in page.text
    assert "Not as expected" not in page.text


def test_an_environment_that_is_not_there_says_why(make: Make) -> None:
    environment = PlannedEnvironment(name="linux-3.14", cells=(), unavailable="no engine answers")
    page = page_of(make.run([], environments=(environment,)))
    assert "linux-3.14" in page.text
    assert "no engine answers" in page.text


def test_provenance_tells_exact_versions_images_kernel_and_load(
    make: Make, environment: Environment
) -> None:
    there = msgspec.structs.replace(environment, image="sha256:1234")
    cell = make.cell()
    planned = PlannedEnvironment(name=cell.environment, cells=(cell,), environment=there)
    page = page_of(make.run([], make.trial(cell, load=0.75), environments=(planned,)))
    for said in ("cpython 3.13.0", "sha256:1234", "Linux 6.1.0", "glibc 2.36", "0.8 per core"):
        assert said in page.text


def test_an_experiment_comes_with_its_program_and_what_is_expected(make: Make) -> None:
    cells = [make.cell("countdown"), make.cell("gone_since")]
    page = page_of(make.run(cells, *map(make.trial, cells)))
    subjects = unpacked(page.scripts["subjects"])
    assert subjects[0]["text"] == (catalogue.ROOT / "countdown/program.py").read_text("utf-8")
    assert subjects[0]["mechanism"]
    assert subjects[0]["expect"]
    assert subjects[1] == {}
    assert "No longer in the catalogue" in page.text


def of_the_catalogue(make: Make) -> Run:
    cell = make.cell("countdown")
    run = make.run([cell], make.trial(cell))
    header = msgspec.structs.replace(run.header, catalogue=catalogue.digest())
    return msgspec.structs.replace(run, header=header)


def test_claims_are_in_the_page_without_any_script(make: Make) -> None:
    text = written(of_the_catalogue(make))
    assert "not run" in Page(text).text
    assert 'id="claims"' in text


def test_claims_are_not_judged_by_the_cells_of_another_catalogue(make: Make) -> None:
    run = of_the_catalogue(make)
    header = msgspec.structs.replace(run.header, catalogue="0123456789ab")
    assert 'id="claims"' not in written(msgspec.structs.replace(run, header=header))


def test_a_catalogue_without_the_experiments_of_the_claims_has_a_page(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(_: Run) -> None:
        raise CatalogueError("claims.toml: claim[0].evidence[0].experiments: expected …")

    monkeypatch.setattr(claims, "judge", judge)
    run = of_the_catalogue(make)
    assert 'id="claims"' not in written(run)
    assert "1 cell" in markdown.render(run, diagnose(run))


def test_the_catalogue_is_read_once_for_all_reports(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counting(file: Path, root: Path) -> tuple[Experiment, ...]:
        read.append(file)
        return real(file, root)

    real = catalogue.read
    monkeypatch.setattr(catalogue, "read", counting)
    catalogue.load.cache_clear()
    run = of_the_catalogue(make)
    written(run)
    markdown.render(run, diagnose(run))
    assert read
    assert len(read) == len(set(read))


# --- a user's program --------------------------------------------------------------------------


def program_run(make: Make, root: Path, started: str, *trials: Trial) -> Run:
    program = Program(kind="script", name="prog.py", target="prog.py", root=str(root))
    header = RunHeader(
        id="x", schema_version=SCHEMA_VERSION,
        startlab="0", catalogue="0", started=started, backend="native",
        selection=Selection(), program=program,
    )  # fmt: skip
    return make.run([trial.cell for trial in trials], *trials, header=header)


def test_a_program_is_shown_if_it_is_as_it_was_when_it_was_run(make: Make, tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("print('</script>')\n", "utf-8")
    trial = make.trial(make.cell("prog.py"))
    later = page_of(program_run(make, tmp_path, "2999-01-01T00:00:00+00:00", trial))
    assert unpacked(later.scripts["subjects"])[0]["text"] == "print('</script>')\n"
    for started in ("2001-01-01T00:00:00+00:00", "?"):
        before = page_of(program_run(make, tmp_path, started, trial))
        assert "text" not in unpacked(before.scripts["subjects"])[0]


def test_outputs_that_differ_have_letters_in_the_index(
    make: Make, tmp_path: Path, environment: Environment
) -> None:
    cells = [make.cell("prog.py"), make.cell("prog.py", method="spawn")]
    trials = [
        make.trial(cell, stdout=text, stdout_digest=text, method_used=(cell.method,))
        for cell, text in zip(cells, ("one\n", "two\n"), strict=True)
    ]
    run = program_run(make, tmp_path, "", *trials)
    planned = PlannedEnvironment(name=environment.name, cells=tuple(cells), environment=environment)
    page = page_of(msgspec.structs.replace(run, environments=(planned,)))
    assert page.index["outputs"] == ["A", "B"]
    outcomes = [page.index["outcomes"][each] for each in page.index["cells"]["outcome"]]
    assert outcomes == ["differs", "differs"]
    assert "Findings" in page.text
    assert "python prog.py" in page.text


def test_cells_in_which_a_child_failed_are_in_the_index(make: Make) -> None:
    assert page_of(make.of_program("1", "1", starts=make.failed)).index["childFailed"] == [0]


# --- size --------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.targets
def test_memory_holds_no_more_of_the_trials_than_a_pack(make: Make) -> None:
    """Of each cell a few small things are kept; a trial's text of 20 kB is not."""

    def peak(count: int) -> int:
        cells = [make.cell(f"experiment_{number}") for number in range(count)]
        stdout = "".join(chr(33 + number * 7919 % 90) for number in range(20_000))
        run = make.run(cells, *(make.trial(cell, stdout=stdout) for cell in cells))
        written(make.run([]))  # what is read once
        gc.collect()
        tracemalloc.start()
        with open(os.devnull, "w", encoding="utf-8") as file:
            html.write(run, diagnose(run), file)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert (peak(3000) - peak(1000)) / 2000 < 1_500
