"""The libraries that a program calls: their names, native parts, and what cures these have."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.diagnosis.stacks import library_frames, own_line

if TYPE_CHECKING:
    from startlab.model import Frame, Thread
    from startlab.output.tracebacks import Traceback

_PACKAGES: Final = re.compile(r"-packages/([^/]+)")
_STDLIB: Final = re.compile(r"/lib/python[\d.]+t?/(?!.*-packages/)")


class Runtime(NamedTuple):
    """A native runtime that has threads of its own: how it is called, and what to do about it.

    What only takes an environment variable is left to experiments, which try it.
    """

    name: str
    cure: str = ""


_RUNTIMES: Final = (
    (r"^lib(gomp|iomp5?|omp)\b", Runtime("OpenMP")),
    (r"openblas", Runtime("OpenBLAS")),
    (r"^libmkl", Runtime("MKL")),
    (r"^libtbb", Runtime("TBB")),
    (r"zmq", Runtime("ZeroMQ", "create a zmq.Context in each process")),
    (r"^(cygrpc|libgrpc)", Runtime("gRPC", "create channels in the child")),
    (r"^libtorch", Runtime("PyTorch", "call torch.set_num_threads(1) before the processes start")),
    (r"^libarrow", Runtime("Arrow", "call pyarrow.set_cpu_count(1) before the processes start")),
)


def runtime(file: str) -> Runtime | None:
    """Give the native runtime that a file of machine code is, if it is a known one."""
    name = file.rpartition("/")[2]
    return next((each for pattern, each in _RUNTIMES if re.search(pattern, name)), None)


def package(file: str) -> str:
    """Name the package that an installed file belongs to; empty for one of the standard library.

    Libraries that wheels bring lie beside their package: `faiss_cpu.libs` beside `faiss`.
    """
    if (match := _PACKAGES.search(file)) is not None:
        return match[1].removesuffix(".libs").partition(".")[0]
    return ""


def installed(file: str) -> str:
    """Name an installed file as its package does: what lies above it says where, not what."""
    return file.rpartition("-packages/")[2]


def is_unpickling(traceback: Traceback) -> bool:
    """Tell whether what unpickles what came through a pipe has called the program or a library.

    A handler of a signal that comes during a read is called by the read itself.
    """
    return any(
        _READS.search(caller[0])
        and _LOADS.search(code)
        and (own_line([called]) or package(called[0]))
        for (caller, called), code in zip(pairwise(traceback.frames), traceback.code, strict=False)
    )


_READS: Final = re.compile(r"multiprocessing/(spawn|queues|connection|forkserver)\.py$")
_LOADS: Final = re.compile(r"\bloads?\(|^$")  # "": the library's sources are not there


def native_name(file: str) -> str:
    """Give the short name of a file of machine code: `libgomp` of `libgomp-a34b3233.so.1.0.0`."""
    name = file.rpartition("/")[2].partition(".")[0]
    return re.sub(r"-[0-9a-f]{6,}$", "", name)


def is_native(file: str) -> bool:
    """Tell whether a file of machine code is a library's, and not the interpreter's own."""
    return not _STDLIB.search(file)


def called(thread: Thread) -> Frame | None:
    """Give the frame of a library that the program's innermost line has called, if it is known.

    A decorator's wrapper is passed over: its name says nothing.
    """
    inside = library_frames(thread)
    by = package(inside[-1].file) if inside else ""
    named = [e for e in inside if package(e.file) == by and "<locals>" not in e.function]
    return (named or inside)[-1] if by else None


def waits_in(thread: Thread) -> str:
    """Name the library whose native code a thread is in; empty where there is none."""
    native = [each for each in thread.libraries if is_native(each)]
    if not native:
        return ""
    frame = called(thread)
    own = package(frame.file) if frame else ""
    found = own or next((package(each) for each in native if package(each)), "")
    inner = native_name(native[0])
    known = runtime(native[0])
    if known is not None:
        inner = f"{inner}, {known.name}" if known.name.lower() not in inner.lower() else known.name
    if not found:
        return inner
    return found if found.lower() in inner.lower() else f"{found} ({inner})"


def runtime_of(thread: Thread) -> Runtime | None:
    """Give the known native runtime that a thread is in."""
    return next((known for each in thread.libraries if (known := runtime(each))), None)
