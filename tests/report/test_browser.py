"""The page of real runs in a real browser: Chromium, through Playwright.

Skipped with the reason where Chromium, Playwright or axe-core is not there; with
STARTLAB_REQUIRE_BROWSER=1 they fail instead. STARTLAB_CHROMIUM and STARTLAB_AXE are the paths of
the browser and of `axe.min.js`, if they are not on PATH and in `node_modules` (npm install
--no-save axe-core).
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec
import pytest

from startlab.backends import interpreters
from startlab.diagnosis import Diagnosis, diagnose
from startlab.model import START_METHODS, Cell, PlannedEnvironment, Run, Trial
from startlab.plan import environments
from startlab.report import html
from startlab.results import journal
from tests import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark.structures import ParameterSet
    from playwright.sync_api import Browser, Page

    from tests.report.conftest import Make

pytestmark = [
    pytest.mark.browser,
    pytest.mark.native,
]

ROOT = Path(__file__).parents[2]
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
EXPERIMENTS = (
    "countdown", "lock_held_at_fork*", "missing_main_guard*", "changed_global", "start_latency",
)  # fmt: skip
DIFFERS = """
import multiprocessing

SAYS = "<b>as imported</b>"

def work(number):
    print(SAYS, number)

if __name__ == "__main__":
    SAYS = "as </script> set"
    children = [multiprocessing.Process(target=work, args=(number,)) for number in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
"""
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">\x1b[31m\u202e{{ 7 * 7 }}"

# --- what is needed ----------------------------------------------------------------------------


def not_here(reason: str) -> NoReturn:
    if os.environ.get("STARTLAB_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        not_here("Playwright is not installed (the dependency group `browser`)")
    chromium = os.environ.get("STARTLAB_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        not_here("there is no chromium on PATH, and STARTLAB_CHROMIUM is not set")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def axe() -> str:
    path = Path(os.environ.get("STARTLAB_AXE") or ROOT / "node_modules/axe-core/axe.min.js")
    if not path.is_file():
        not_here("axe-core is not there: npm install --no-save axe-core")
    return path.read_text("utf-8")


class Made(NamedTuple):
    """A real run, and its page."""

    run: Run
    page: Path


def startlab(folder: Path, *words: str) -> Made:
    """Run startlab as a person does; its report is in the run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "startlab", *words[:1], "--backend", "native", "--out", "run",
         *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        timeout=500,
        check=False,
    )  # fmt: skip
    run = journal.read(folder / "run")
    return Made(run, folder / "run" / "report.html")


def newest(count: int) -> list[str]:
    """Name the newest interpreters of this host that have all start methods."""
    able = [each.name for each in interpreters.find() if set(each.methods) >= set(START_METHODS)]
    if not able:
        not_here("no interpreter of this host has all start methods")
    return sorted(able, key=environments.sort_key)[-count:]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A lab of a few experiments on two interpreters."""
    words = [word for name in newest(2) for word in ("--env", name)]
    words += [word for name in EXPERIMENTS for word in ("--experiment", name)]
    return startlab(tmp_path_factory.mktemp("lab"), "lab", *words)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A user's program that prints other lines under fork than under spawn."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "differs.py").write_text(DIFFERS, "utf-8")
    return startlab(folder, "run", "--env", newest(1)[0], "differs.py")


# --- a page that is watched --------------------------------------------------------------------


class Tab:
    """A page, with everything it complained about and asked for."""

    def __init__(self, browser: Browser, **said: Any) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | said))
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, fragment: str = "") -> Page:
        self.page.goto(path.as_uri() + fragment)
        return self.page


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A tab, that afterwards has had no error and asked for nothing but the file."""
    found = Tab(browser)
    yield found
    assert found.complaints == []
    assert {url.partition("#")[0].rpartition("/")[2] for url in found.requests} <= {"report.html"}
    assert all(url.startswith("file://") for url in found.requests)
    found.context.close()


def matched(page: Page) -> str:
    return page.inner_text("#matched")


def fragment(page: Page) -> str:
    return page.evaluate("location.hash")  # type: ignore[no-any-return]


def hang(made: Made) -> Trial:
    return next(trial for trial in made.run.trials if trial.outcome == "hang")


def key(trial: Trial) -> str:
    return f"#cell={trial.experiment}+{trial.environment}+{trial.method}"


# --- the matrix --------------------------------------------------------------------------------


def test_every_cell_is_in_the_matrix_with_its_outcome_in_words(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    assert matched(page) == f"{len(lab.run.planned)} cells"
    links = page.locator("#matrix-box td a")
    assert links.count() == len(lab.run.planned)
    words = sorted(re.sub(r"[^a-z]", "", link.split(",")[0]) for link in links.all_inner_texts())
    assert words == sorted(trial.outcome for trial in lab.run.trials)
    assert page.locator("#matrix-box thead th[scope=col]").count() == 3
    assert page.locator("#matrix-box tbody th[scope=row]").count() > 10


def test_filters_narrow_and_the_fragment_has_them(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    hangs = sum(trial.outcome == "hang" for trial in lab.run.trials)
    assert hangs > 0
    page.get_by_label(re.compile("^∞? ?hang")).check()
    assert matched(page) == f"{hangs} of {len(lab.run.planned)} cells"
    assert fragment(page) == "#outcome=hang"
    page.get_by_role("group", name="Method").get_by_label("spawn", exact=True).check()
    assert matched(page).startswith("0 of ")
    page.get_by_role("button", name="Clear").click()
    assert matched(page) == f"{len(lab.run.planned)} cells"
    page.get_by_label("Text").fill("lock_held_at_fork:")
    of = sum(cell.experiment.startswith("lock_held_at_fork:") for cell in lab.run.planned)
    assert matched(page).startswith(f"{of} of ")
    assert fragment(page) == "#text=lock_held_at_fork%3A"


def test_text_is_found_in_reasons_too(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    page.get_by_label("Text").fill("waits at")
    said = sum("waits at" in trial.reason for trial in lab.run.trials)
    assert 0 < said < len(lab.run.planned)
    assert matched(page) == f"{said} of {len(lab.run.planned)} cells"


def test_a_fragment_that_was_sent_shows_the_same(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page, "#outcome=hang&python=nothing")
    assert matched(page).startswith("0 of ")
    assert page.get_by_label(re.compile("^∞? ?hang")).is_checked()
    page = tab.open(lab.page, "#method=fork&rows=method")
    headings = page.locator("#matrix-box tr.group th").all_inner_texts()
    assert headings
    assert all(heading.startswith("fork: ") for heading in headings)


def test_only_what_is_not_as_expected(tab: Tab, lab: Made, tmp_path: Path) -> None:
    trials = [
        msgspec.structs.replace(trial, as_expected=trial.outcome != "hang")
        for trial in lab.run.trials
    ]
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as file:
        html.write(msgspec.structs.replace(lab.run, trials=tuple(trials)), Diagnosis(), file)
    page = tab.open(path)
    hangs = sum(trial.outcome == "hang" for trial in trials)
    page.get_by_label("Not as expected only").check()
    assert matched(page) == f"{hangs} of {len(trials)} cells"
    assert page.locator("#matrix-box td.unexpected").count() == hangs
    assert "not as expected" in (page.locator("#matrix-box td a").first.text_content() or "")


# --- the keyboard ------------------------------------------------------------------------------


def focused(page: Page) -> str:
    return page.evaluate(  # type: ignore[no-any-return]
        "keyOf(Number(document.activeElement.dataset.cell))"
    )


def test_the_matrix_is_walked_and_a_cell_opened_and_closed_by_keys(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    page.locator("#matrix-box td a").first.focus()
    start = focused(page)
    page.keyboard.press("ArrowRight")
    right = focused(page)
    assert right.split()[0::2] == start.split()[0::2]
    assert right != start
    page.keyboard.press("ArrowDown")
    assert focused(page).split()[1] == right.split()[1]
    assert focused(page) != right
    page.keyboard.press("Control+End")
    last = focused(page)
    page.keyboard.press("ArrowDown")
    assert focused(page) == last
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .cell-verdict")
    assert "cell=" in fragment(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog:not([open])", state="hidden")
    assert "cell=" not in fragment(page)
    assert focused(page) == start
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#matrix-box tbody td')") is None


def test_one_tab_stop_for_the_whole_matrix(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    assert page.locator("#matrix-box td a[tabindex='0']").count() == 1


# --- a cell ------------------------------------------------------------------------------------


def test_a_proven_hang_has_its_wait_graph_and_timeline(tab: Tab, lab: Made) -> None:
    trial = hang(lab)
    page = tab.open(lab.page, key(trial))
    page.wait_for_selector("dialog[open] .cell-verdict")
    dialog = page.locator("dialog")
    assert trial.reason in dialog.inner_text()
    assert trial.reproduce.split("  #")[0] in dialog.inner_text()
    edges = sum(
        len(set(thread.waits_for)) for process in trial.processes for thread in process.threads
    )
    assert edges > 1
    assert dialog.locator("svg.graph .edge").count() == edges
    assert dialog.locator("svg.graph .edge.root").count() == 1
    assert dialog.locator("svg.graph .box").count() == len(trial.processes)
    graph = dialog.locator("svg.graph").get_attribute("aria-label")
    assert "waits for a lock, which only itself could end" in (graph or "")
    names = dialog.locator("svg .row-name").all_text_contents()
    assert names[0].startswith("the program")
    assert any("by fork" in name for name in names)
    assert dialog.locator("svg rect.waiting").count() > 1
    assert "hang at" in (dialog.locator(".verdict-text").text_content() or "")


def test_who_has_a_lock_is_drawn_apart_from_who_could_release_it(tab: Tab, tmp_path: Path) -> None:
    """Two children that each have the lock that the other one waits for are two boxes."""
    run = record.read(record.Case(record.RULES / "lock_order" / "between_processes", "program"))
    with (tmp_path / "report.html").open("w", encoding="utf-8") as file:
        html.write(run, diagnose(run), file)
    page = tab.open(
        tmp_path / "report.html", key(next(t for t in run.trials if t.method == "fork"))
    )
    page.wait_for_selector("dialog[open] svg.graph")
    assert page.locator("dialog svg.graph .edge.holds").count() == 2
    assert page.locator("dialog svg.graph .edge.could").count() > 0
    graph = page.locator("dialog svg.graph").get_attribute("aria-label") or ""
    assert graph.count(" has") == 2


def test_the_timeline_of_a_healthy_trial_tells_each_child_from_start_to_exit(
    tab: Tab, lab: Made
) -> None:
    trial = next(t for t in lab.run.trials if t.experiment == "countdown" and t.method == "spawn")
    assert trial.starts
    page = tab.open(lab.page, key(trial))
    page.wait_for_selector("dialog[open] .drawing")
    page.get_by_text("Timeline as a table").click()
    rows = page.locator("dialog table tbody tr")
    rows.first.wait_for()  # a table is filled when it is opened
    assert rows.count() == len(trial.starts) + 1
    child = rows.nth(1).inner_text()
    assert "by spawn" in child
    assert "exit 0" in child
    assert len(re.findall(r"\d+(\.\d+)? m?s", child)) == 4  # asked for, there, began, ended
    x = page.evaluate(
        "[...document.querySelectorAll('dialog rect.starting, dialog rect.importing')]"
        ".filter((each) => !each.closest('.key-sample')).map((each) => each.getBBox().x)"
    )
    # One that began before its starter was told that it is there has no time between the two.
    told_late = [each for each in trial.starts if (each.launched_s or 0) >= (each.began_s or 0)]
    assert len(x) == 2 * len(trial.starts) - len(told_late)


def test_a_cell_that_is_not_there_is_said(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page, "#cell=no+such+cell")
    assert "This run has no cell no such cell" in page.inner_text("dialog")


# --- an experiment -----------------------------------------------------------------------------


def test_an_experiment_has_a_page_and_the_way_back_keeps_the_filters(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page, "#outcome=hang")
    page.locator("#matrix-box tbody th a").first.click()
    page.wait_for_selector("#subject .listing")
    text = page.inner_text("#subject")
    for heading in (
        "Claim",
        "Mechanism",
        "Cure",
        "Variants",
        "Seen",
        "Expected",
        "Program",
        "Sources",
    ):
        assert heading in text
    assert "import threading" in text
    assert not page.locator("#overview").is_visible()
    page.get_by_role("link", name="← the whole run").click()
    page.wait_for_selector("#overview")
    assert matched(page).split(" of ")[0] == str(
        sum(trial.outcome == "hang" for trial in lab.run.trials)
    )


def test_links_of_the_summary_keep_the_filters(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page, "#method=fork")
    page.locator("#experiments tbody th a").first.click()
    page.wait_for_selector("#subject .subject-name")
    assert re.match("#method=fork&subject=.", fragment(page))


def test_what_was_measured_is_plotted_with_its_intervals(tab: Tab, lab: Made) -> None:
    page = tab.open(lab.page)
    assert page.locator("#measurements").is_visible()
    assert page.locator("#plots figure").count() > 0
    assert page.locator("#plots line.whisker").count() >= 3
    page.get_by_text("The numbers").first.click()
    row = page.locator("#plots table tbody tr").first.inner_text()
    assert re.search(r"\d to \d", row)


# --- a user's program --------------------------------------------------------------------------


def test_a_program_s_outputs_are_told_apart_and_compared(tab: Tab, program: Made) -> None:
    page = tab.open(program.page)
    assert page.locator("#findings article").count() >= 1
    letters = page.locator("#matrix-box .letter").all_text_contents()
    assert sorted({letter[-1] for letter in letters}) == ["A", "B"]
    page.locator("#matrix-box tbody th a").first.click()
    page.wait_for_selector("#subject .diff")
    assert page.locator("#subject .removed").count() == 2
    assert page.locator("#subject .added").count() == 2
    added = page.locator("#subject .added").all_text_contents()
    assert sorted(added) == [f"+ only B: <b>as imported</b> {number}\n" for number in (0, 1)]
    assert 'SAYS = "as </script> set"' in page.locator("#subject .listing").inner_text()


def test_what_a_program_has_written_is_shown_and_compared(
    tab: Tab, program: Made, tmp_path: Path
) -> None:
    trials = [
        msgspec.structs.replace(each, stdout="", written={"rates.csv": f"of {each.output_group}\n"})
        for each in program.run.trials
    ]
    run = msgspec.structs.replace(program.run, trials=tuple(trials))
    with (tmp_path / "report.html").open("w", encoding="utf-8") as file:
        html.write(run, diagnose(run), file)
    page = tab.open(tmp_path / "report.html")
    page.locator("#matrix-box tbody th a").first.click()
    page.wait_for_selector("#subject .diff")
    assert page.locator("#subject .added").all_text_contents() == ["+ only B: rates.csv: of B\n"]
    assert page.get_by_role("group", name="rates.csv of A").inner_text() == "of A\n"


# --- hostile, damaged, large -------------------------------------------------------------------


def test_what_a_program_says_is_shown_and_never_done(tab: Tab, lab: Made, tmp_path: Path) -> None:
    base = hang(lab)
    trial = msgspec.structs.replace(
        base, experiment=HOSTILE, reason=HOSTILE, stdout=HOSTILE, stderr=HOSTILE, notes=(HOSTILE,),
        reproduce=HOSTILE, where=HOSTILE, crash_stacks=(HOSTILE,), as_expected=False,
        processes=tuple(
            msgspec.structs.replace(process, command=HOSTILE, threads=tuple(
                msgspec.structs.replace(thread, name=HOSTILE, waits=HOSTILE)
                for thread in process.threads
            ))
            for process in base.processes
        ),
    )  # fmt: skip
    planned = [each for each in lab.run.environments if each.name == base.environment]
    run = msgspec.structs.replace(
        lab.run,
        environments=tuple(msgspec.structs.replace(each, cells=(trial.cell,)) for each in planned),
        trials=(trial,),
    )
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as file:
        html.write(run, diagnose(run), file)
    page = tab.open(path)
    page.locator("#matrix-box td a").first.click()
    page.wait_for_selector("dialog[open] .cell-verdict")
    page.get_by_text("Processes and stacks").click()
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    text = page.locator("dialog").inner_text()
    assert "</script><img src=x" in text
    assert "\x1b" not in text
    assert "\\u001b[31m\\u202e{{ 7 * 7 }}" in text


def test_a_run_that_has_nothing(tab: Tab, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as file:
        html.write(make.run([]), Diagnosis(), file)
    page = tab.open(path)
    assert "No cells were planned" in page.inner_text("h1")
    assert "There is nothing to show." in page.inner_text("#matrix-box")


@pytest.fixture(scope="module")
def large(lab: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trials of the real run again and again, under other names: 20,000 cells."""
    names = [f"host-3.{minor}" for minor in range(20)]
    found: dict[str, list[Cell]] = {name: [] for name in names}
    trials = []
    for number in range(1000):
        base = lab.run.trials[number % len(lab.run.trials)]
        for name in names:
            trial = msgspec.structs.replace(
                base, experiment=f"experiment_{number:04}", environment=name, method="fork"
            )
            trials.append(trial)
            found[name].append(trial.cell)
    planned = tuple(
        PlannedEnvironment(name=name, cells=tuple(cells)) for name, cells in found.items()
    )
    run = msgspec.structs.replace(lab.run, environments=planned, trials=tuple(trials))
    path = tmp_path_factory.mktemp("large") / "report.html"
    with path.open("w", encoding="utf-8") as file:
        html.write(run, diagnose(run), file)
    return path


@pytest.mark.wide
def test_of_a_large_matrix_only_what_can_be_seen_is_in_the_page(tab: Tab, large: Path) -> None:
    page = tab.open(large)
    assert matched(page) == "20,000 cells"
    assert page.locator("#matrix-box tbody tr").count() < 100
    page.locator("#matrix-box td a").first.focus()
    page.keyboard.press("Control+End")
    assert focused(page) == "experiment_0999 host-3.19 fork"
    assert page.locator("#matrix-box tbody tr").count() < 100
    assert page.locator("#matrix-box table").get_attribute("aria-rowcount") == "1003"
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .cell-verdict")
    assert "experiment_0999" in page.inner_text("#cell-heading")


def test_a_cell_of_the_default_lab_takes_no_more_than_its_share(lab: Made) -> None:
    """1.5 MB for 3,000 cells; less than half of the page is the same however many there are."""
    text = lab.page.read_text("utf-8")
    cells = sum(len(part) for part in re.findall(r'id="trials-\d+">([^<]*)<', text))
    assert cells / len(lab.run.planned) * 3000 < 1_050_000


# --- for everybody -----------------------------------------------------------------------------

VIEWS = ("", "#outcome=hang", "#subject=lock_held_at_fork", "HANG", "#rows=method&text=lock")


def looks() -> Iterator[ParameterSet]:
    """Give each view on a large light screen, a dialog on a small dark one; the rest is `wide`."""
    for view, width, scheme in itertools.product(VIEWS, (1280, 390), ("light", "dark")):
        few = [(1280, "light"), *[(390, "dark")] * (view == "HANG")]
        marks = () if (width, scheme) in few else pytest.mark.wide
        yield pytest.param(view, width, scheme, marks=marks)


@pytest.mark.parametrize(("view", "width", "scheme"), [*looks()])
def test_axe_finds_no_violation(
    browser: Browser, axe: str, lab: Made, view: str, width: int, scheme: str
) -> None:
    # axe's own script is none of the page's, and the page would refuse it.
    tab = Tab(
        browser, viewport={"width": width, "height": 850}, color_scheme=scheme, bypass_csp=True
    )
    page = tab.open(lab.page, key(hang(lab)) if view == "HANG" else view)
    if view == "HANG":
        page.wait_for_selector("dialog[open] .cell-verdict")
        page.get_by_text("Processes and stacks").click()
    if "subject" in view:
        page.wait_for_selector("#subject .listing")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    told = [
        (violation["id"], node["html"], node["failureSummary"])
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    assert told == []
    assert tab.complaints == []
    tab.context.close()


def test_axe_finds_no_violation_in_a_program_s_report(
    browser: Browser, axe: str, program: Made
) -> None:
    tab = Tab(browser, bypass_csp=True)
    page = tab.open(program.page)
    page.evaluate(axe)
    assert page.evaluate("axe.run().then((found) => found.violations.map((each) => each.id))") == []
    tab.context.close()


@pytest.mark.parametrize("fragment", ["", "#subject=lock_held_at_fork", "HANG"])
def test_on_a_phone_nothing_sticks_out(browser: Browser, lab: Made, fragment: str) -> None:
    tab = Tab(browser, viewport={"width": 360, "height": 740})
    page = tab.open(lab.page, key(hang(lab)) if fragment == "HANG" else fragment)
    if fragment:
        page.wait_for_selector("dialog .reproduce, #subject .listing")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if fragment == "HANG":
        assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 360
    tab.context.close()


def test_printed_it_has_every_row(browser: Browser, lab: Made) -> None:
    tab = Tab(browser)
    page = tab.open(lab.page)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#matrix-box td a").count() == len(lab.run.planned)
    assert not page.locator("#filters").is_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.matrix-scroll')).overflow")
        == "visible"
    )
    tab.context.close()


def test_without_javascript_the_summary_is_there(browser: Browser, lab: Made) -> None:
    tab = Tab(browser, java_script_enabled=False)
    page = tab.open(lab.page)
    text = page.inner_text("body")
    assert "as expected" in text
    assert "No JavaScript here" in text
    assert "What the textbook says" in text
    assert "lock_held_at_fork" in text
    tab.context.close()
