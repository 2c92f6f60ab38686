"""Observation and expectation → trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from startlab.judge import waiting
from startlab.judge.expectation import deviation_of, expected, not_as_asked, not_forced
from startlab.judge.paths import Place, in_folder_of, own_if_relative
from startlab.judge.verdict import Verdict, classify
from startlab.model import Check, Trial
from startlab.output import measured, signals
from startlab.output.likeness import EXCERPT, PROGRAM_EXCERPT, digest, excerpt, shape
from startlab.output.tracebacks import find_tracebacks, first_line

if TYPE_CHECKING:
    from startlab.model import (
        Cell,
        Environment,
        Expectation,
        Experiment,
        Observation,
        Program,
    )


def judge(
    experiment: Experiment,
    environment: Environment,
    cell: Cell,
    number: int,
    observation: Observation,
    reproduce: str,
) -> Trial:
    """Judge one trial of an experiment."""
    verdict = classify(observation, experiment.check, in_folder_of(experiment.program))
    expectation = expected(experiment.expect, environment, cell)
    deviation = deviation_of(verdict, expectation, observation)
    if deviation is None and experiment.force and cell.method != "default":
        deviation = not_as_asked(cell, observation)
    stdout = observation.stdout.text()
    shown = verdict.outcome != "ok" or deviation is not None
    return msgspec.structs.replace(
        _observed(cell, number, observation, verdict, reproduce),
        reason="; ".join(filter(None, (verdict.reason, deviation.text if deviation else ""))),
        deviation=deviation.kind if deviation else None,
        as_expected=expectation is not None and deviation is None,
        expected=None if expectation is None else expectation.outcome,
        frequency=None if expectation is None else expectation.frequency,
        stdout=excerpt(stdout) if shown else "",
        stderr=excerpt(observation.stderr.text()) if shown else "",
        notes=notes(observation, expectation),
        measurements=measured.read(experiment.measure, stdout),
    )


def judge_program(
    program: Program,
    cell: Cell,
    number: int,
    observation: Observation,
    reproduce: str,
    prefix: str = "",
) -> Trial:
    """Judge one trial of a user's own program; `prefix` is that of the environment.

    An exit status other than 0 is an error, even without an exception, because callers treat it as
    a failure. Paths are reported as the user knows them, relative to the program's folder.
    """
    place = Place(observation, program, prefix)
    observation = place.seen(observation)
    verdict = classify(observation, Check(lines=program.stdout), own_if_relative)
    stdout, stderr = observation.stdout.text(), observation.stderr.text()
    kept = PROGRAM_EXCERPT // max(len(observation.written), PROGRAM_EXCERPT // EXCERPT)
    unforced = not_forced(cell, observation)
    return msgspec.structs.replace(
        _observed(cell, number, observation, verdict, reproduce),
        reason="; ".join(part for part in (verdict.reason, unforced) if part),
        as_expected=verdict.outcome == "ok" and unforced is None,
        expected=("ok",),
        program=program.command,
        stdout_shape=None if observation.stdout.dropped else digest(shape(stdout, observation)),
        written_shapes={
            name: digest(shape(text, observation)) for name, text in observation.written.items()
        },
        stdout=excerpt(stdout, PROGRAM_EXCERPT),
        written={name: excerpt(text, kept) for name, text in observation.written.items()},
        stderr=excerpt(stderr, PROGRAM_EXCERPT),
        notes=(*notes(observation, None), *_passed_over(verdict, stderr)),
        stuck=waiting.worded(observation.stuck),
        clues=observation.clues,
        crash_stacks=observation.crashes[-3:] if verdict.outcome != "ok" else (),
    )


def _observed(
    cell: Cell, number: int, observation: Observation, verdict: Verdict, reproduce: str
) -> Trial:
    """Make the record of a trial, without what depends on its expectation."""
    stdout = observation.stdout
    return Trial(
        experiment=cell.experiment,
        environment=cell.environment,
        method=cell.method,
        trial=number,
        outcome=verdict.outcome,
        reason=verdict.reason,
        as_expected=False,
        expected=None,
        method_used=tuple(sorted({start.method for start in observation.starts})),
        grade=verdict.grade,
        obstacle=observation.obstacle if verdict.outcome == "hang" else None,
        where=verdict.where,
        exit_status=observation.exit_status,
        signal=signals.name_of(observation.exit_status, observation.sys_platform),
        exception=verdict.exception,
        duration_s=round(observation.duration_s, 4),
        verdict_s=observation.verdict_s,
        overhead_s=round(observation.overhead_s, 4),
        load=round(observation.load, 2),
        stdout_digest=None if stdout.dropped else digest(stdout.text()),
        starts=observation.starts,
        dropped_events=observation.dropped_events,
        processes=waiting.worded(observation.processes) if verdict.outcome == "hang" else (),
        reproduce=reproduce,
    )


def _passed_over(verdict: Verdict, stderr: str) -> tuple[str, ...]:
    """Note exceptions in children and threads that did not change the exit status."""
    found = find_tracebacks(stderr) if verdict.outcome == "ok" else []
    return tuple(
        f"exit status 0 in spite of {each.exception.type}: {first_line(each.exception.message)}"
        for each in found[:3]
    )


def notes(observation: Observation, expectation: Expectation | None) -> tuple[str, ...]:
    """Note what the outcome does not show: what was left behind, dropped or never measured."""
    found = []
    left = observation.left_behind
    if left.processes:
        found.append(f"left {len(left.processes)} processes running: {left.processes[0]}")
    if left.shared_memory:
        found.append(f"left shared memory: {', '.join(left.shared_memory)}")
    if left.files:
        found.append(f"left temporary files: {', '.join(left.files)}")
    for name, stream in (("stdout", observation.stdout), ("stderr", observation.stderr)):
        if stream.dropped:
            found.append(f"{stream.dropped} bytes of {name} were dropped")
    if observation.dropped_events:
        found.append(
            f"{observation.dropped_events} events from inside the program did not fit and were "
            "dropped: what it told may not be all"
        )
    found += [f"assumed: {waiting.ASSUMPTIONS[each]}" for each in observation.assumptions]
    if expectation is not None and expectation.unmeasured:
        found.append("the expectation was never measured")
    return tuple(found)
