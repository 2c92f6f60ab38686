# A child has a filter that kills it where it calls getitimer or getsockopt, which it never does.
import ctypes
import os
import signal
import struct

numbers = (36, 55) if os.uname()[4] == "x86_64" else (102, 209)
from_child, to_parent = os.pipe()
from_parent, to_child = os.pipe()
libc = ctypes.CDLL(None, use_errno=True)
child = os.fork()
if child == 0:
    # linux/filter.h: load the number; two comparisons; allow; kill the process
    program = struct.pack(
        "=HBBI HBBI HBBI HBBI HBBI",
        *((0x20, 0, 0, 0) + (0x15, 2, 0, numbers[0]) + (0x15, 1, 0, numbers[1]))
        + (0x06, 0, 0, 0x7FFF0000)
        + (0x06, 0, 0, 0x80000000)
    )
    code = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 5, ctypes.addressof(code)))
    refused = libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, header, 0, 0)
    if refused:
        print("skipped: seccomp is not allowed here")
    os.write(to_parent, os.read(from_parent, 1))
    os._exit(7)


def call(*_):
    os.write(to_child, b"x")


signal.signal(signal.SIGALRM, call)
signal.alarm(2)
os.close(to_parent)
while True:
    try:
        answer = os.read(from_child, 1)
        break
    except OSError:  # 2.7 is interrupted
        pass
assert answer == b"x", answer
status = os.waitpid(child, 0)[1]
assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 7, status
