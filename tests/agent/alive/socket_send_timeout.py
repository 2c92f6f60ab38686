# SO_SNDTIMEO ends the call: its arguments do not show it.
import errno
import os
import socket
import struct

ours, theirs = socket.socketpair()
ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 200000))
try:
    while True:
        os.write(ours.fileno(), b"x" * 100000)
except (IOError, OSError) as error:
    assert error.errno == errno.EAGAIN
