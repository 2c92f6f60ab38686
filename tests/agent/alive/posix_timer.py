# A POSIX timer (timer_create) kills the child.
import ctypes
import os
import signal


class Sigevent(ctypes.Structure):
    _fields_ = [
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_char * 48),
    ]


child = os.fork()
if child == 0:
    libc = ctypes.CDLL(None)
    try:
        create, settime = libc.timer_create, libc.timer_settime
    except AttributeError:
        library = ctypes.CDLL("librt.so.1")
        create, settime = library.timer_create, library.timer_settime
    timer = ctypes.c_void_p()
    event = Sigevent(None, signal.SIGTERM, 0)
    assert create(1, ctypes.byref(event), ctypes.byref(timer)) == 0
    spec = (ctypes.c_long * 4)(0, 0, 2 * int(os.environ.get("TIMES", 1)), 0)
    assert settime(timer, 0, ctypes.byref(spec), None) == 0
    os.read(os.pipe()[0], 1)
assert os.waitpid(child, 0)[1] == signal.SIGTERM
