"""Python stacks, as they are read from the memory of real processes."""

from __future__ import annotations

import inspect
import json
import random
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

if sys.platform != "linux":
    pytest.skip("it reads what Linux has in /proc", allow_module_level=True)

from startlab.agent import stacks, unwinder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from startlab.model import Environment
    from tests.conftest import Write

FIRST = Version("3.13")
WAITS = """
import json, sys, threading, traceback
lock = threading.Lock()
lock.acquire()
def numbers():
    for number in range(2):
        lock.acquire()  # waits
        yield number
def größe():
    return sum(
        1
        for _ in
        numbers()
    )
class Takes(threading.Thread):
    def run(self):
        größe()
def show(number):
    teller.start()
    (
        lock.  # waits
        acquire()  # waits
    )
def lines(thread):
    stack = traceback.walk_stack(sys._current_frames()[thread.ident])
    return [(frame.f_code.co_filename, line, frame.f_code.co_qualname) for frame, line in stack]
def tell():
    threads = [threading.main_thread(), other]
    while True:
        found = {each.native_id: [each.ident, lines(each)] for each in threads}
        inner = [stack[0] for _, stack in found.values()]
        if all(file == __file__ and "waits" in source[line - 1] for file, line, _ in inner):
            break
    print(json.dumps(found), flush=True)
    sys.stdin.read()
source = open(__file__, encoding="utf-8").read().splitlines()
teller = threading.Thread(target=tell, daemon=True)
other = Takes(daemon=True)
other.start()
(lambda: list(map(show, [1])))()
"""
OLD = "import sys\nsys.stdout.write('{}\\n')\nsys.stdout.flush()\nsys.stdin.read()\n"


@pytest.mark.native
def test_stacks_are_read_from_memory(
    interpreter: Environment, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of builds without the GIL, where one is installed; and of old Pythons, nothing."""
    monkeypatch.setattr(unwinder, "_places", {})
    known = Version(interpreter.python) >= FIRST and "pypy" not in interpreter.name
    program = write(WAITS if known else OLD)
    argv = [str(interpreter.executable), str(program)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = {int(tid): of for tid, of in json.loads(process.stdout.readline()).items()}
            looks = [stacks.stacks("", process.pid) for _ in range(3)]
        finally:
            process.kill()
    for found in looks:
        seen = {
            each.tid: [each.ident, list(map(list, each.frames))]
            for each in found
            if each.tid in told
        }
        assert seen == told
        assert len(found) == (3 if known else 0)
        assert all(map(stacks.is_whole, found))


@pytest.mark.parametrize("module", [inspect, random, threading, subprocess])
def test_the_line_of_each_instruction(module: object) -> None:
    every = list(codes(compile(inspect.getsource(module), "module.py", "exec")))  # type: ignore[arg-type]
    assert len(every) > 20
    for code in every:
        for start, end, line in code.co_lines():
            for at in range(start // 2, end // 2):
                told = unwinder.line_of(code.co_linetable, code.co_firstlineno, at)
                assert told == (code.co_firstlineno if line is None else line)


def codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if inspect.iscode(each):
            yield from codes(each)


@pytest.mark.parametrize("seed", range(20))
def test_a_table_that_lies_is_not_believed(seed: int) -> None:
    """What a process has in its memory may be anything: it must not make this one fail."""
    numbers = random.Random(seed)  # noqa: S311 - not for secrets
    with tempfile.TemporaryFile() as file:
        count = 3 + sum(unwinder._SECTIONS[14].values())
        table = [
            numbers.choice([0, 8, 16, 40, 88, 4096, 1 << 40, (1 << 64) - 8]) for _ in range(count)
        ]
        known = unwinder._Table(0, 14, no_gil=False, numbers=tuple(range(count)))
        table[known.section("object")[0]] = 16
        table[known.section("unicode")[3]] = 40
        table[1:3] = 0x030E00F0, 0
        file.write(b"xdebugpy" + struct.pack(f"={count - 1}Q", *table[1:]))
        file.write(numbers.randbytes(1 << 16))
        file.flush()
        memory = unwinder._Memory(file.fileno())
        lies = unwinder._table(memory, 0)
        assert lies is not None
        with suppress(*unwinder._UNREADABLE):
            assert len(list(unwinder._Process(memory, lies).stacks())) < 1 << 16
