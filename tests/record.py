"""Record what rules are tested with: what was seen of their programs, and what is found in that.

`nox -s record` runs each `program.py` and `healthy.py` below `tests/diagnosis/rules` under every
start method that there is, and writes what was seen beside it, `evidence-METHOD.json` and
`healthy-METHOD.json`;
then what is found in that, `finding.txt`. With names of rules it does so for those alone, with
`--findings` it runs nothing, and only writes what is found in the evidence that is there.

Look at what `git diff` shows: whatever a rule says is in it.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
import textwrap
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

import startlab
from startlab.diagnosis import Diagnosis, diagnose
from startlab.model import (
    SCHEMA_VERSION,
    START_METHODS,
    Cell,
    Clue,
    Environment,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
    StartMethod,
    Trial,
)

RULES: Final = Path(__file__).parent / "diagnosis" / "rules"
PYTHON: Final = "host-3.11"
"""What programs are recorded on, unless `# python: host-3.12` says another one.

One such as `linux-3.14`, or under Wine `wine-3.12`, is a container.
"""

DIGITS: Final = 3
SOURCES: Final = ("*.py", "*.json", "*.txt", "*.csv")
_OURS: Final = re.compile(r"(evidence|healthy)-\w+\.json|finding\.txt")
_FINDS: Final = re.compile(
    r"^\s*# finds: (?P<mechanism>\w+) (?P<outcome>\w+) (?P<methods>[a-z ]+)"
    r"(?P<nowhere>, at no line)?$"
)

_PREFIX: Final = re.compile(r"/[^\s\"':]*/(?=lib/python3\.\d+t?/)")
"""Where an interpreter's library is; one in an environment has it elsewhere than itself."""

_WORK: Final = re.compile(r"/[^\s\"']*/startlab-[\w-]+/trial-\w+/work")
_INJECT: Final = re.compile(r"/[^\s\"']*/startlab-[\w-]+/inject")

Kind = Literal["program", "healthy"]


class Finds(NamedTuple):
    """What must be found: `where` is the line below the comment that says so."""

    mechanism: str
    outcome: str
    methods: tuple[str, ...]
    where: str | None


class Case(NamedTuple):
    """A program of a rule's: one that goes wrong, or a healthy one."""

    folder: Path
    kind: Kind

    @property
    def name(self) -> str:
        """The rule, and which of its programs."""
        return f"{self.folder.relative_to(RULES).as_posix()}/{self.kind}"

    @property
    def program(self) -> Path:
        """The file that is run."""
        return self.folder / f"{self.kind}.py"

    def files(self) -> list[Path]:
        """Give what the program is made of: it, and what lies beside it for it."""
        other = "healthy.py" if self.kind == "program" else "program.py"
        return [
            each
            for pattern in SOURCES
            for each in sorted(self.folder.glob(pattern))
            if each.name != other and not _OURS.fullmatch(each.name)
        ]

    def said(self, key: str, default: str) -> str:
        """Read a comment `# key: value` of the program."""
        match = re.search(rf"^# {key}: (.+)$", self.program.read_text("utf-8"), re.MULTILINE)
        return match[1] if match else default

    def packages(self) -> list[str]:
        """Read what must be installed for it, `# with: PACKAGE PACKAGE`."""
        return self.said("with", "").split()

    def finds(self) -> Finds | None:
        """Read what must be found; of a healthy program nothing."""
        for file in self.files() if self.kind == "program" else ():
            lines = file.read_text("utf-8").splitlines()
            for number, line in enumerate(lines, 1):
                match = _FINDS.match(line)
                if match is not None:
                    where = None if match["nowhere"] else f"{file.name}:{number + 1}"
                    methods = tuple(sorted(match["methods"].split()))
                    return Finds(match["mechanism"], match["outcome"], methods, where)
        return None

    def evidence(self) -> list[Path]:
        """Give the files of what was seen."""
        every = [self.evidence_of(method) for method in START_METHODS]
        return [each for each in every if each.is_file()]

    def evidence_of(self, method: StartMethod) -> Path:
        """Give the file of what was seen under a start method."""
        kind = "evidence" if self.kind == "program" else "healthy"
        return self.folder / f"{kind}-{method}.json"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a program under one start method."""

    environment: Environment
    trials: tuple[Trial, ...]


def cases() -> list[Case]:
    """Find the programs of all rules."""
    found = [
        Case(file.parent, kind)
        for kind in ("program", "healthy")
        for file in RULES.rglob(f"{kind}.py")
    ]
    return sorted(found)


# --- what was seen -------------------------------------------------------------------------------


def in_container(environment: str) -> bool:
    """Tell whether it is no interpreter of this host."""
    return not environment.startswith("host-")


def run(case: Case, folder: Path, environment: str) -> Run:
    """Run a program under every start method, away from what lies beside it for the tests."""
    program = folder / "program"
    program.mkdir(parents=True)
    for file in case.files():
        shutil.copy(file, program)
    expected = case.folder / "expected.txt"
    return startlab.run(
        program / case.program.name,
        environments=[environment],
        backend="docker" if in_container(environment) else "native",
        methods=["spawn"] if environment.startswith("wine-") else [],
        trials=int(case.said("trials", "1")),
        jobs=2,
        timeout_s=float(case.said("timeout", "60")),
        packages=case.packages(),
        expect_stdout=expected if expected.exists() and case.kind == "program" else None,
        explain="off",
        folder=folder / "run",
    )


def write(case: Case, seen: Run) -> None:
    """Write what was seen, without what is of this machine or of this moment alone."""
    (there,) = [each.environment for each in seen.environments if each.environment]
    ours = {str(Path(startlab.__file__).parent): "/usr/lib/startlab"}
    if not there.wine:  # the same in every container
        ours = {str(Path(there.executable).parents[1]): "/usr"} | ours
    executable = there.executable if there.wine else "/usr/bin/python3"
    environment = msgspec.structs.replace(
        there, executable=executable, platform_release="6.1.0", platform_version="#1 SMP",
        cores=4, libraries=(), image="",
    )  # fmt: skip
    for method in there.methods:
        trials = tuple(
            msgspec.structs.replace(
                each, reproduce="", notes=(), load=0.0, overhead_s=0.0, experiment="program"
            )
            for each in seen.trials
            if each.method == method
        )
        lean = _lean(Evidence(environment=environment, trials=trials))
        said = _short(json.dumps(lean, indent=1, ensure_ascii=False))
        for path, instead in ours.items():
            said = said.replace(path, instead)
        said = _INJECT.sub("/srv/inject", _WORK.sub("/srv/work", said))
        said = _PREFIX.sub("/usr/", said)
        case.evidence_of(method).write_text(f"{said}\n", "utf-8")


def _lean(value: Any) -> Any:
    """Give a struct as JSON has it, without what is as it is by default."""
    if isinstance(value, msgspec.Struct):
        kind = {"kind": value.__struct_config__.tag} if isinstance(value, Clue) else {}
        return kind | {
            each.encode_name: _lean(getattr(value, each.name))
            for each in msgspec.structs.fields(value)
            if each.required or getattr(value, each.name) != _default(each)
        }
    if isinstance(value, (tuple, list)):
        return [_lean(each) for each in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _short(text: str) -> str:
    """Put what has no braces in it, as a frame of a stack, on one line."""
    return re.sub(r"\{\s*([^{}\[\]]*?)\s*\}", lambda each: _one_line(each[0]), text)


def _one_line(text: str) -> str:
    return re.sub(r"\n\s*", " ", text)


def read(case: Case) -> Run:
    """Give what was seen as a run."""
    found = [msgspec.json.decode(file.read_bytes(), type=Evidence) for file in case.evidence()]
    environment = found[0].environment
    name = case.program.name
    sources = {each.name: each.read_text("utf-8") for each in case.files() if each.suffix == ".py"}
    program = Program(
        kind="script", name="program", target=name, root="/nowhere", sources=sources
    )  # fmt: skip
    cells = tuple(
        Cell(experiment="program", environment=environment.name, method=method)
        for method in environment.methods
    )
    planned = PlannedEnvironment(name=environment.name, cells=cells, environment=environment)
    header = RunHeader(
        id="recorded", schema_version=SCHEMA_VERSION,
        startlab="", catalogue="", started="", backend="native",
        selection=Selection(), program=program,
    )  # fmt: skip
    trials = tuple(trial for each in found for trial in each.trials)
    return Run(header=header, environments=(planned,), trials=trials, ends=())


# --- what is found in it -------------------------------------------------------------------------


def told(diagnosis: Diagnosis) -> str:
    """Give what is found, as text to be reviewed."""
    parts = [
        "\n".join(
            filter(
                None,
                (
                    _wrapped(f"{'Note: ' if each.note else ''}{each.title}."),
                    f"{each.where}: {each.code}" if each.where else "",
                    _wrapped(each.text),
                    _wrapped(each.advice),
                    f"startlab explain {each.mechanism}",
                ),
            )
        )
        for each in diagnosis.findings
    ]
    return "\n\n".join([*parts, *diagnosis.caveats, _wrapped(diagnosis.answer)]) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def main(arguments: list[str] | None = None) -> None:
    """Record, and write what is found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rules", nargs="*", help="all, if none is named")
    parser.add_argument("--findings", action="store_true", help="run nothing")
    options = parser.parse_args(arguments)
    for case in cases():
        if options.rules and case.folder.relative_to(RULES).parts[0] not in options.rules:
            continue
        if not options.findings:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                write(case, run(case, Path(folder), case.said("python", PYTHON)))
        diagnosis = diagnose(read(case))
        first = next(iter(diagnosis.findings), None)
        print(case.name, first.mechanism if first else "nothing", flush=True)  # noqa: T201 - a script
        if case.kind == "program":
            (case.folder / "finding.txt").write_text(told(diagnosis), "utf-8")


if __name__ == "__main__":
    main()
