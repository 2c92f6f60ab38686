# outside
# A process outside writes into a FIFO that is to send SIGIO; nothing waits for the FIFO itself.
import fcntl
import os
import signal
import sys
import time

fifo = sys.argv[1] + "/fifo"
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(fifo + ".ready"):
        time.sleep(0.01)
    time.sleep(1.2 * int(os.environ.get("TIMES", 1)))
    os.write(os.open(fifo, os.O_WRONLY), b"x")
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    signal.signal(signal.SIGIO, call)
    os.mkfifo(fifo)
    fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | 0o20000)
    open(fifo + ".ready", "w").close()
    try:
        os.read(os.pipe()[0], 1)
    except Called:
        pass
    os._exit(0)  # one more comes when the writer closes
