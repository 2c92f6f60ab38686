# outside
# assumes: no signal comes from outside the job
# A process outside closes the terminal of a child, which gets SIGHUP and ends.
import fcntl
import os
import pty
import signal
import sys
import termios
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    master, slave = pty.openpty()
    with open(place + "/part", "w") as file:
        file.write(os.ttyname(slave))
    os.rename(place + "/part", place + "/terminal")
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    os.close(slave)
    time.sleep(2)
    os.close(master)
    time.sleep(60)
else:
    while not os.path.exists(place + "/terminal"):
        time.sleep(0.01)
    child = os.fork()
    if child == 0:
        os.setsid()
        fd = os.open(open(place + "/terminal").read(), os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
        os.close(fd)
        open(place + "/ready", "w").close()
        os.read(os.pipe()[0], 1)
    assert os.waitpid(child, 0)[1] & 0x7F == signal.SIGHUP
