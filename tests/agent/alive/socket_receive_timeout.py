# SO_RCVTIMEO ends the call: its arguments do not show it.
import errno
import os
import socket
import struct

ours, theirs = socket.socketpair()
limit = struct.pack("ll", int(os.environ.get("TIMES", 1)), 200000)
ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
try:
    while True:
        os.read(ours.fileno(), 1)
except (IOError, OSError) as error:
    assert error.errno == errno.EAGAIN
