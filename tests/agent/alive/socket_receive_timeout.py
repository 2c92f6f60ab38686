# SO_RCVTIMEO ends the call: its arguments do not show it.
import errno
import os
import socket
import struct

ours, theirs = socket.socketpair()
ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 200000))
try:
    while True:
        os.read(ours.fileno(), 1)
except (IOError, OSError) as error:
    assert error.errno == errno.EAGAIN
