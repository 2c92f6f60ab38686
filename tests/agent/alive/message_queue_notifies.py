# outside
# assumes: no signal comes from outside the job
# A process outside sends to a message queue that is to send a signal (mq_notify).
import ctypes
import os
import signal
import sys
import time

name = ("/startlab-test-" + os.path.basename(sys.argv[1])).encode()
ready = sys.argv[1] + "/ready"
try:
    library = ctypes.CDLL("librt.so.1")
    library.mq_open
except (OSError, AttributeError):
    library = ctypes.CDLL(None)


class Sigevent(ctypes.Structure):
    _fields_ = [
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_char * 48),
    ]


if sys.argv[2:] == ["outside"]:
    while not os.path.exists(ready):
        time.sleep(0.01)
    queue = library.mq_open(name, os.O_WRONLY)
    library.mq_unlink(name)
    time.sleep(2)
    assert library.mq_send(queue, b"x", 1, 0) == 0
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    signal.signal(signal.SIGUSR1, call)
    queue = library.mq_open(name, os.O_RDWR | os.O_CREAT, 0o600, None)
    assert queue >= 0
    event = Sigevent(None, signal.SIGUSR1, 0)
    assert library.mq_notify(queue, ctypes.byref(event)) == 0
    open(ready, "w").close()
    try:
        os.read(os.pipe()[0], 1)
    except Called:
        pass
