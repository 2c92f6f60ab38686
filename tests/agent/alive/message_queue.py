# outside
# A process outside sends to a POSIX message queue.
import ctypes
import os
import sys
import time

name = ("/startlab-test-" + os.path.basename(sys.argv[1])).encode()
ready = sys.argv[1] + "/ready"
try:
    library = ctypes.CDLL("librt.so.1")
    library.mq_open
except (OSError, AttributeError):
    library = ctypes.CDLL(None)
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(ready):
        time.sleep(0.01)
    time.sleep(1.2)
    queue = library.mq_open(name, os.O_WRONLY)
    assert library.mq_send(queue, b"x", 1, 0) == 0
else:
    queue = library.mq_open(name, os.O_RDWR | os.O_CREAT, 0o600, None)
    assert queue >= 0
    open(ready, "w").close()
    buffer = ctypes.create_string_buffer(65536)
    assert library.mq_receive(queue, buffer, 65536, None) == 1
    library.mq_unlink(name)
