# needs: 3
# It sleeps with a timeout that its socket has no more: its call, made anew, would have none.
import os
import signal
import socket
import struct
import time

ours, theirs = socket.socketpair()
ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
me = os.getpid()
child = os.fork()
if child == 0:
    signal.alarm(6)  # which forbids the proof
    receives = "45" if os.uname()[4] == "x86_64" else "207"
    while open("/proc/%d/syscall" % me).read().split()[0] != receives:
        time.sleep(0.01)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
    os.read(os.pipe()[0], 1)
try:
    ours.recv(1)
except BlockingIOError:
    pass
assert os.waitpid(child, os.WNOHANG)[0] == 0, "the timeout was lost"
os.kill(child, signal.SIGKILL)
