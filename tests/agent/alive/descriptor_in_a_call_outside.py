# outside
# needs: 3.10
# A process outside is in a call on the write end of the pipe, which it has closed meanwhile.
import os
import socket
import sys
import threading
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = server.accept()[0]
    fd = socket.recv_fds(connection, 1, 1)[1][0]
    own, its = os.pipe()

    def hand_on():
        os.splice(own, fd, 1)  # from a pipe that is empty yet

    def in_splice(tid):
        with open("/proc/self/task/%d/syscall" % tid) as file:
            return file.read().split()[0] == ("275" if os.uname()[4] == "x86_64" else "76")

    thread = threading.Thread(target=hand_on)
    thread.start()
    while not in_splice(thread.native_id):
        time.sleep(0.01)
    os.close(fd)
    connection.sendall(b"x")
    time.sleep(2)
    os.write(its, b"x")
    thread.join()
else:
    read, write = os.pipe()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [write])
    connection.recv(1)
    connection.close()
    assert os.read(read, 1) == b"x"
