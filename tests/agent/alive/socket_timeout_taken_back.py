# needs: 3
# assumes: no timeout of a socket was changed while a thread slept on it
# A thread sleeps with a timeout of its socket; meanwhile another one has set that to none.
import os
import socket
import struct
import threading
import time

ours, theirs = socket.socketpair()
read, write = os.pipe()


def receive():
    try:
        ours.recv(1)
    except BlockingIOError:
        os.write(write, b"x")


def asleep(tid):
    with open("/proc/self/task/%d/syscall" % tid) as file:
        return file.read().split()[0] == ("45" if os.uname()[4] == "x86_64" else "207")


ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
thread = threading.Thread(target=receive)
thread.start()
(tid,) = (int(each) for each in os.listdir("/proc/self/task") if int(each) != os.getpid())
while not asleep(tid):
    time.sleep(0.01)
ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
assert os.read(read, 1) == b"x"
