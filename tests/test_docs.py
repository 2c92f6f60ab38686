"""The documentation: its links, its commands, and the program that the README shows."""

from __future__ import annotations

import ast
import contextlib
import difflib
import itertools
import json
import multiprocessing
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

import click
import pytest
from markdown_it import MarkdownIt

from startlab.cli import commands as cli
from startlab.model import Grade, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
PACKAGE: Final = Path(cli.__file__).parents[1]
EXAMPLES: Final = ROOT / "docs" / "examples"
PAGES: Final = (README, ROOT / ".github" / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md")))
SESSIONS: Final = {"lab": ["lab"], "reproduce": ["run"], "images": ["images", "build"]}
"""Sessions that hand what follows `--` to a command of startlab."""

TEST: Final = re.compile(r"^def (test_\w+)", re.MULTILINE)

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="it is in a checkout alone")
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES]
)


def tokens(page: Path) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        yield token
        yield from token.children or ()


# --- links -------------------------------------------------------------------------------------


def targets(page: Path) -> Iterator[str]:
    for token in tokens(page):
        if token.type in {"link_open", "image"}:
            yield str(token.attrGet("href") or token.attrGet("src"))
        elif token.type in {"html_block", "html_inline"}:
            yield from re.findall(r'\b(?:href|src|srcset)="([^"]+)"', token.content)


def anchors(page: Path) -> set[str]:
    """Give what GitHub calls the headings of a page in its links."""
    every = list(tokens(page))
    headings = [
        following.content
        for token, following in itertools.pairwise(every)
        if token.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def installed(file: Path) -> Path:
    """Find a file of the package where that is: in src, or where its wheel was installed."""
    source = ROOT / "src" / "startlab"
    return PACKAGE / file.relative_to(source) if file.is_relative_to(source) else file


@each_page
def test_a_relative_link_has_a_target(page: Path):
    for target in targets(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = installed((page.parent / path).resolve()) if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_each_page_is_linked_from_the_readme():
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in targets(README)}
    assert set(PAGES) - {README} <= linked


def test_a_test_that_the_page_of_faults_names_is_there():
    text = (ROOT / "docs" / "faults.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests/[\w/]+/)?test_\w+)(?:\.py)?`", text))
    there = {
        word
        for file in ROOT.glob("tests/**/*.py")
        for word in TEST.findall(file.read_text("utf-8"))
    }
    there |= {file.stem for file in ROOT.glob("tests/**/*.py")}
    assert len(named) > 30
    assert {each.rpartition("/")[2] for each in named} <= there


# --- commands ----------------------------------------------------------------------------------


class Words(NamedTuple):
    """A command that a page shows."""

    text: str
    words: list[str]


def shown(page: Path) -> Iterator[Words]:
    """Find the commands of nox and startlab: in the code, and in comments that name a result's."""
    for token in tokens(page):
        if token.type in {"fence", "code_block"}:
            language = token.info.strip()
            lines = token.content.splitlines() if language in {"sh", "yaml"} else []
        elif token.type == "code_inline":
            lines = [token.content]
        elif token.type == "html_block":
            lines = re.findall(r"<!-- result of.*?: (.+) -->", token.content)
        else:
            continue
        for line in lines:
            code = re.sub(r"\s# .*", "", line.partition("script: ")[2] or line)
            for part in re.split(r"&&|\|\|", code):
                found = re.search(r"(^|\s)(nox -s|startlab) [^…]*$", part.strip())
                if found:
                    yield Words(line, shlex.split(found[0]))


def sessions() -> set[str]:
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)} - {"groups"}


def understand(words: list[str]) -> None:
    """Have click read a command; an option that is not there raises."""
    command: click.Command = cli.cli
    while isinstance(command, click.Group) and words:
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    with contextlib.suppress(click.BadParameter):  # a file that is not there, or left out
        command.make_context(command.name, words)


@each_page
def test_a_command_is_one_that_there_is(page: Path):
    for text, words in shown(page):
        if words[0] == "startlab":
            understand(words[1:])
            if words[1] == "show" and words[2].islower():
                assert (PACKAGE / "catalogue" / words[2]).is_dir(), text
            continue
        named, _, rest = " ".join(map(shlex.quote, words[2:])).partition(" -- ")
        assert set(named.split()) <= sessions(), text
        if rest and named in SESSIONS:
            understand(SESSIONS[named] + shlex.split(rest))


@each_page
def test_an_option_alone_is_one_that_there_is(page: Path, pytestconfig: pytest.Config):
    every = {name for command in commands() for each in command.params for name in each.opts}
    of_pytest = (pytestconfig._parser._anonymous, *pytestconfig._parser._groups)
    every |= {name for group in of_pytest for each in group.options for name in each.names()}
    options = {
        token.content.split()[0].partition("=")[0]
        for token in tokens(page)
        if token.type == "code_inline" and re.match(r"--\w", token.content)
    }
    assert options <= every


def commands() -> Iterator[click.Command]:
    waiting: list[click.Command] = [cli.cli]
    while waiting:
        command = waiting.pop()
        yield command
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = (command.get_command(context, name) for name in command.list_commands(context))
            waiting += [each for each in found if each is not None]


def test_the_pages_show_commands():
    found = [words for page in PAGES for _, words in shown(page)]
    assert ["nox", "-s", "lab"] in found
    assert len({words[1] for words in found if words[0] == "startlab"}) > len(cli.COMMANDS) / 2


@pytest.mark.parametrize("words", [["lab", "--no-such-option"], ["run", "--methods", "fork"]])
def test_an_option_that_there_is_not_is_noticed(words: list[str]):
    with pytest.raises(click.NoSuchOption):
        understand(words)


def test_the_readme_sets_up_the_lab_and_the_tests():
    text = README.read_text("utf-8")
    assert "python3 -m pip install nox && python3 -m nox -s lab" in text
    assert "python3 -m pip install tox && python3 -m tox" in text


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words"), [("your-program.md", Outcome), ("how-it-works.md", Grade)]
)
def test_each_word_of_a_verdict_is_explained(page: str, words: object):
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE)
    explained = {word for row in rows for word in re.findall(r"`(\w[\w-]*)`", row)}
    assert set(get_args(words)) <= explained


# --- the README's program ----------------------------------------------------------------------


def test_the_readme_shows_the_example_as_it_is():
    fences = [token.content for token in tokens(README) if token.type == "fence"]
    assert (EXAMPLES / "prices.py").read_text("utf-8") in fences


def test_the_readme_shows_how_the_example_is_fixed():
    [shown] = [token.content for token in tokens(README) if token.info == "diff"]
    before, after = (
        (EXAMPLES / name).read_text("utf-8").splitlines()
        for name in ("prices.py", "prices_fixed.py")
    )
    changes = [line for line in difflib.unified_diff(before, after) if line[:3].strip("+-")]
    assert [line for line in shown.splitlines() if line[:1] in {"+", "-"} and line[1:]] == [
        line for line in changes if line[0] in "+-"
    ]


def result_of(command: str) -> str:
    text = README.read_text("utf-8")
    found = re.search(rf"<!-- result of [^\n]*{re.escape(command)} -->\n```text\n(.*?)^```$", text,
                      re.DOTALL | re.MULTILINE)  # fmt: skip
    assert found is not None
    return found[1]


@pytest.mark.native
@pytest.mark.targets
@pytest.mark.parametrize(
    ("program", "reimported"), [("prices.py", "error"), ("prices_fixed.py", "ok")]
)
def test_an_example_ends_as_the_readme_says(program: str, reimported: str, tmp_path: Path):
    """Wherever a child imports the main module again, as it does on Python 3.14."""
    script = tmp_path / program
    script.write_bytes((EXAMPLES / program).read_bytes())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["run", "--backend", "native", "--env", version, "--json", str(script)]
    ended = subprocess.run(
        [sys.executable, "-m", "startlab", *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        timeout=300,
        check=False,
    )
    run = json.loads(ended.stdout)
    outcomes = {each["method"]: each["outcome"] for each in run["trials"]}
    methods = multiprocessing.get_all_start_methods()
    assert {method: outcomes[method] for method in methods} == {
        method: "ok" if method == "fork" else reimported for method in methods
    }
    assert ended.returncode == (reimported != "ok")
    if reimported == "error":
        result = result_of("startlab run --env 3.14 prices.py")
        told = {f"{each['type']}: {each['message']}" for trial in run["trials"]
                if (each := trial["exception"])}  # fmt: skip
        assert told == {"KeyError: 'USD'"}
        assert all(each in result for each in told)
        if sys.platform == "linux":  # as in the README
            assert [each["where"] for each in run["findings"]] == ["prices.py:11"]
            assert "prices.py:11" in result
