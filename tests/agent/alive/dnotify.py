# outside
# assumes: no signal comes from outside the job
# A process outside makes a file in a directory that is to send SIGIO (dnotify).
import fcntl
import os
import signal
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/watched/ready"):
        time.sleep(0.01)
    time.sleep(2)
    open(place + "/watched/later", "w").close()
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    os.mkdir(place + "/watched")
    open(place + "/watched/ready", "w").close()
    signal.signal(signal.SIGIO, call)
    fd = os.open(place + "/watched", os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_NOTIFY, fcntl.DN_CREATE)
    try:
        os.read(os.pipe()[0], 1)
    except Called:
        pass
