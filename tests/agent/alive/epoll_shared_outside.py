# outside
# needs: 3.9
# A process outside has the epoll instance, too, and adds a descriptor to it that is ready.
import os
import select
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = server.accept()[0]
    epoll = select.epoll.fromfd(socket.recv_fds(connection, 1, 1)[1][0])
    read, write = os.pipe()
    os.write(write, b"x")
    connection.sendall(b"x")
    time.sleep(2)
    epoll.register(read, select.EPOLLIN)
    time.sleep(60)
else:
    read, write = os.pipe()
    epoll = select.epoll()
    epoll.register(read, select.EPOLLIN)
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [epoll.fileno()])
    connection.recv(1)
    connection.close()
    assert epoll.poll()
